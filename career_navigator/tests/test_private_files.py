"""What an install keeps on disk is its owner's alone."""

import os
import stat
from pathlib import Path

import pytest

from career_navigator.devserver.private_files import get_server_password, make_private, write_privately


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A VAR_DIR as an earlier release left it."""
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


def test_repairs_a_folder_that_others_could_read(open_folder: Path) -> None:
    assert make_private(open_folder) == []

    assert {mode_of(path) for path in [open_folder, *open_folder.rglob("*")] if path.is_dir()} == {0o700}
    assert {mode_of(path) for path in open_folder.rglob("*") if path.is_file()} == {0o600}


def test_leaves_alone_what_is_not_of_the_install(open_folder: Path, tmp_path: Path) -> None:
    (open_folder / "photo.jpg").touch(0o644)
    outside = tmp_path / "outside"
    outside.touch(0o644)
    (open_folder / "static").symlink_to(tmp_path)
    (open_folder / "mongodb" / "link").symlink_to(outside)

    make_private(open_folder)

    assert mode_of(open_folder / "photo.jpg") & 0o044 == 0o044
    assert mode_of(outside) & 0o044 == 0o044


def test_does_not_close_a_folder_that_is_for_everybody(open_folder: Path) -> None:
    open_folder.chmod(0o1777)

    assert make_private(open_folder) == [open_folder]
    assert mode_of(open_folder) == 0o1777
    assert mode_of(open_folder / "valkey") == 0o700


def test_makes_the_password_of_the_servers_once(tmp_path: Path) -> None:
    first = get_server_password(tmp_path)

    assert get_server_password(tmp_path) == first
    assert len(first) == 64
    assert mode_of(tmp_path / "server-password") == 0o600


def test_writes_privately_over_what_others_could_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o644)
    (tmp_path / "file.partial").touch(0o666)
    before = os.umask(0)
    try:
        write_privately(tmp_path / "file", "text")
    finally:
        os.umask(before)

    assert mode_of(tmp_path / "file") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
