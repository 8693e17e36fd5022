"""Keep VAR_DIR private to its owner: secrets, the servers' data, and the other files of an install."""

import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

# What an install makes there. Nothing else is touched: somebody may have chosen a folder that holds more.
_FOLDERS = ("metrics", "mongodb", "static", "valkey")
_FILES = (
    *("admin-password", "celerybeat-schedule*", "jwt-private-key.pem", "jwt-secret-key", "lock"),
    *("server-password", "services.json"),
)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Processes of the run make their files and folders with this.
PRIVATE_UMASK = _OTHERS


def make_private(var_dir: Path) -> list[Path]:
    """Take from others what they may do with VAR_DIR and with what is in it, as earlier releases left it.

    Returns what could not be changed: it belongs to another user, or is a folder for everybody such as /tmp.
    """
    shared = bool(var_dir.stat().st_mode & stat.S_ISVTX)
    paths = [*([] if shared else [var_dir]), *_list_own(var_dir)]
    return [*([var_dir] if shared else []), *(path for path in paths if not _is_made_private(path))]


def write_privately(path: Path, text: str) -> None:
    """Write all of it or nothing, readable by this user alone."""
    partial = path.with_name(f"{path.name}.partial")
    with open(partial, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    partial.replace(path)


def get_server_password(var_dir: Path) -> str:
    """Return the password of the embedded servers, made once per VAR_DIR."""
    path = var_dir / "server-password"
    if not path.exists():
        # MongoDB takes it as a key, which may have the characters of base64 alone.
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
    except FileNotFoundError:  # counts of a web server that ended
        return True
    except PermissionError:
        return False
    return True
