#!/bin/sh
# Usage: pin-requirements.sh --write|--upgrade|--check UV
# --write pins what pyproject.toml asks for and keeps the pins that still fit; --upgrade takes the newest versions;
# --check fails where requirements*.txt do not follow from pyproject.toml, or lack a wheel for a Python that is tested.
set -eu

mode=$1
uv=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate "$@" >/dev/null
}

# The pins at hand are kept wherever they still fit, so the check does not fail for a release of today.
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
        echo "$file does not follow from pyproject.toml; run: make requirements" >&2
        exit 1
    }
done
for minor in 11 12 13 14; do
    "$uv" pip install --quiet --dry-run --only-binary :all: --target "$work/nowhere" --python-version "3.$minor" \
        --requirement requirements.txt --requirement requirements-dev.txt || {
        echo "requirements*.txt cannot be installed for Python 3.$minor, see above; pin other versions" >&2
        exit 1
    }
done
