#!/bin/sh
# Usage: pin-requirements.sh --write|--upgrade|--check UV
# --write    pin the dependencies in pyproject.toml; pins that still satisfy it stay
# --upgrade  pin the newest versions
# --check    fail if requirements*.txt do not match pyproject.toml, or if a package has no wheel for a tested Python
set -eu

mode=$1
uv=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate "$@" >/dev/null
}

# Start from the current pins, so that --check does not fail because a dependency released a new version.
cp requirements.txt requirements-dev.txt "$work"
if [ "$mode" = --upgrade ]; then
    : >"$work/requirements.txt"
    : >"$work/requirements-dev.txt"
fi
compile pyproject.toml --output-file "$work/requirements.txt"
compile --group dev --group bench --constraints "$work/requirements.txt" --output-file "$work/requirements-dev.txt"

if [ "$mode" != --check ]; then
    cp "$work/requirements.txt" "$work/requirements-dev.txt" .
    exit 0
fi
for file in requirements.txt requirements-dev.txt; do
    diff -u "$file" "$work/$file" || {
        echo "$file does not match pyproject.toml. Run: make requirements" >&2
        exit 1
    }
done
for minor in 11 12 13 14; do
    "$uv" pip install --quiet --dry-run --only-binary :all: --target "$work/nowhere" --python-version "3.$minor" \
        --requirement requirements.txt --requirement requirements-dev.txt || {
        echo "requirements*.txt cannot be installed on Python 3.$minor (see above). Pin other versions." >&2
        exit 1
    }
done
