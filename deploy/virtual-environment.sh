#!/bin/sh
# Usage: virtual-environment.sh DIRECTORY REQUIREMENTS...
# Makes the virtual environment where it is missing, and installs the requirements where they changed since.
# PYTHON names the interpreter; by default one of the system's is taken, or else the newest fit one.
set -eu

directory=$1
shift

fail() {
    echo "$1" >&2
    exit 1
}

is_fit() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

# Debian keeps what makes virtual environments in a package of its own.
can_make_environments() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_fit "$PYTHON" || fail "PYTHON=$PYTHON is no Python 3.11, 3.12 or 3.13."
        echo "$PYTHON"
        return
    fi
    fit=
    # Distributions build theirs with optimisations, pyenv only when told to: without, all takes half as long again.
    for candidate in /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 /usr/bin/python3 \
        python3.13 python3.12 python3.11 python3; do
        is_fit "$candidate" || continue
        if can_make_environments "$candidate"; then
            echo "$candidate"
            return
        fi
        fit=${fit:-$candidate}
    done
    [ -n "$fit" ] || fail "Python 3.11, 3.12 or 3.13 is needed and none is found. Install one (Debian: apt-get install python3 python3-venv) or name it: PYTHON=/path/to/python3 make run"
    echo "$fit"
}

install_venv_package() {
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    command -v apt-get >/dev/null 2>&1 || fail "$1 cannot make virtual environments: its module ensurepip is missing. Install it, or name another interpreter: PYTHON=/path/to/python3 make run"
    [ "$(id -u)" -eq 0 ] || fail "$1 cannot make virtual environments yet. Install what is missing with: sudo apt-get install -y --no-install-recommends $package"
    echo "Installing $package." >&2
    export DEBIAN_FRONTEND=noninteractive
    # A minimal machine has no package lists yet.
    apt-get install -y --no-install-recommends "$package" >&2 ||
        { apt-get update >&2 && apt-get install -y --no-install-recommends "$package" >&2; } ||
        fail "Installing $package failed; see above what apt-get said."
}

# Content, not dates: a fresh clone has new dates, and only changed requirements are a reason to install.
wanted=$(cat "$@" | cksum)
# The longer list satisfies the shorter one.
installed=$directory/.installed-$#
for stamp in "$directory"/.installed-*; do
    [ -f "$stamp" ] || continue
    if grep -qxF "$# $wanted" "$stamp" && "$directory/bin/python" -c '' 2>/dev/null; then
        exit 0
    fi
done

# One that moved, lost its interpreter or was interrupted in the making is made anew.
if ! is_fit "$directory/bin/python" || ! "$directory/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    can_make_environments "$python" || install_venv_package "$python"
    echo "Making $directory with $("$python" --version)."
    "$python" -m venv --clear "$directory"
fi

echo "Installing $*."
arguments="--only-binary :all:"
for file in "$@"; do
    arguments="$arguments --requirement $file"
done
# Progress bars are for terminals.
[ -t 1 ] || arguments="$arguments --quiet"
rm -f "$directory"/.installed-*

with_pip() {
    "$directory/bin/python" -m pip install --disable-pip-version-check --no-input --no-compile "$@"
}

# uv takes a quarter of pip's time; where packages come from is asked of pip's settings, which it does not read.
with_uv() {
    index=${PIP_INDEX_URL:-$("$directory/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
    with_pip --quiet --only-binary :all: "$(grep '^uv==' "$(dirname "$0")/../requirements-dev.txt")" &&
        "$directory/bin/uv" pip install --python "$directory/bin/python" "$@"
}

# Wheels only: nothing is compiled here.
# shellcheck disable=SC2086
with_uv $arguments || {
    echo "uv could not install them; pip tries, which takes a minute or two." >&2
    with_pip $arguments
}

count=1
: >"$installed"
files=
for file in "$@"; do
    files="$files $file"
    # shellcheck disable=SC2086
    echo "$count $(cat $files | cksum)" >>"$installed"
    count=$((count + 1))
done
