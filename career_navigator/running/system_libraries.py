"""Shared libraries that a bare Debian or Ubuntu lacks: noticed in a program's last words, installed where allowed."""

import os
import re
import shutil
import subprocess
import sys

_LOADER_COMPLAINT = re.compile(r"error while loading shared libraries: (\S+?):")

# The packages with what mongod links to beyond the C library.
_DEBIAN_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libcrypto.so.3": "libssl3",
    "libssl.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
}


def missing_library(output: str) -> str | None:
    """The library that the dynamic loader missed, by what it wrote; None when it missed none."""
    found = _LOADER_COMPLAINT.search(output)
    return found.group(1) if found else None


def install_missing_library(library: str) -> str | None:
    """Install the package with `library` when we are root on a Debian; otherwise say what a person has to do.

    None when it was installed.
    """
    package = _DEBIAN_PACKAGES.get(library)
    apt_get = shutil.which("apt-get")
    if package is None or apt_get is None:
        return f"Install the system's package that contains {library}" + (f" (Debian's {package})." if package else ".")
    install = [apt_get, "install", "-y", "--no-install-recommends", package]
    as_typed = f"apt-get install -y --no-install-recommends {package}"
    if os.geteuid() != 0:
        return f"Install it with: sudo {as_typed}"
    sys.stderr.write(f"{library} is missing: {as_typed}\n")
    sys.stderr.flush()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # A minimal machine has no package lists yet, so the first try may not know the package.
    for command in (install, [apt_get, "update"], install):
        result = subprocess.run(command, env=environment, stdout=sys.stderr, stdin=subprocess.DEVNULL, check=False)
        if command is install and result.returncode == 0:
            return None
    return f"Installing it failed; see above what apt-get said, then run: {as_typed}"
