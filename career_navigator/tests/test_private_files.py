"""File permissions of an installation's VAR_DIR."""

import os
import stat
from pathlib import Path

import pytest

from career_navigator.devserver.private_files import get_server_password, make_private, write_privately


def get_mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """Create a VAR_DIR with the permissions that an earlier release used."""
    var_dir = tmp_path / "var"
    for name in (
        "lock",
        "celerybeat-schedule.db",
        "mongodb/mongod.log",
        "valkey/appendonlydir/a.aof",
        "metrics/1/a.db",
    ):
        (var_dir / name).parent.mkdir(parents=True, exist_ok=True)
        (var_dir / name).write_text("secret")
    for path in [var_dir, *var_dir.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return var_dir


def test_removes_permissions_of_other_users(open_folder: Path) -> None:
    assert make_private(open_folder) == []

    assert {get_mode(path) for path in [open_folder, *open_folder.rglob("*")] if path.is_dir()} == {0o700}
    assert {get_mode(path) for path in open_folder.rglob("*") if path.is_file()} == {0o600}


def test_does_not_change_files_that_are_not_part_of_the_installation(open_folder: Path, tmp_path: Path) -> None:
    (open_folder / "photo.jpg").touch(0o644)
    outside = tmp_path / "outside"
    outside.touch(0o644)
    (open_folder / "static").symlink_to(tmp_path)
    (open_folder / "mongodb" / "link").symlink_to(outside)

    make_private(open_folder)

    assert get_mode(open_folder / "photo.jpg") & 0o044 == 0o044
    assert get_mode(outside) & 0o044 == 0o044


def test_does_not_make_a_shared_folder_private(open_folder: Path) -> None:
    open_folder.chmod(0o1777)

    assert make_private(open_folder) == [open_folder]
    assert get_mode(open_folder) == 0o1777
    assert get_mode(open_folder / "valkey") == 0o700


def test_generates_the_server_password_once(tmp_path: Path) -> None:
    first = get_server_password(tmp_path)

    assert get_server_password(tmp_path) == first
    assert len(first) == 64
    assert get_mode(tmp_path / "server-password") == 0o600


def test_overwrites_a_readable_file_with_a_private_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o644)
    (tmp_path / "file.partial").touch(0o666)
    before = os.umask(0)
    try:
        write_privately(tmp_path / "file", "text")
    finally:
        os.umask(before)

    assert get_mode(tmp_path / "file") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
