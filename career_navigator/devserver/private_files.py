"""File permissions that keep VAR_DIR private to its owner, and the password of the embedded servers."""

import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

# Folders and files that an installation creates in VAR_DIR. Other files there are never changed.
_FOLDERS = ("metrics", "mongodb", "static", "valkey")
_FILES = (
    *("admin-password", "celerybeat-schedule*", "jwt-private-key.pem", "jwt-secret-key", "lock"),
    *("server-password", "services.json"),
)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# umask of all processes of a run.
PRIVATE_UMASK = _OTHERS


def make_private(var_dir: Path) -> list[Path]:
    """Remove the permissions of other users on VAR_DIR and on the installation's files in it.

    Earlier releases created files that others could read. Returns the paths that could not be changed because they
    belong to another user or are a shared folder such as /tmp.
    """
    shared = bool(var_dir.stat().st_mode & stat.S_ISVTX)
    paths = [*([] if shared else [var_dir]), *_list_own(var_dir)]
    return [*([var_dir] if shared else []), *(path for path in paths if not _is_made_private(path))]


def write_privately(path: Path, text: str) -> None:
    """Write a file atomically, with permissions for its owner only."""
    partial = path.with_name(f"{path.name}.partial")
    with open(partial, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    partial.replace(path)


def get_server_password(var_dir: Path) -> str:
    """Return the password of the embedded servers. It is generated once per VAR_DIR."""
    path = var_dir / "server-password"
    if not path.exists():
        # MongoDB uses the password as a key file, which can contain only base64 characters.
        write_privately(path, secrets.token_hex(32))
    return path.read_text().strip()


def _list_own(var_dir: Path) -> Iterator[Path]:
    for pattern in _FILES:
        yield from var_dir.glob(pattern)
    for name in _FOLDERS:
        if (var_dir / name).is_dir() and not (var_dir / name).is_symlink():
            yield var_dir / name
            yield from (var_dir / name).rglob("*")


def _is_made_private(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
        if mode & _OTHERS and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
    except FileNotFoundError:  # metrics files disappear when a web server ends
        return True
    except PermissionError:
        return False
    return True
