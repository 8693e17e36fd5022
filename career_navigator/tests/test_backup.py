"""A backup puts back the very same database, and what is no whole backup changes nothing."""

import gzip
import json
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import Decimal128, Int64, ObjectId, Regex, Timestamp
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from django.core.management import CommandError, call_command
from pymongo.collection import Collection
from pymongo.database import Database

from career_navigator.cache import reset_caches
from career_navigator.db import backup
from career_navigator.db.bootstrap import create_indexes
from career_navigator.db.connection import database
from market.documents import JobPostingDocument
from tests.fixtures.user_data import registered

WORD = "Backedup"


@pytest.fixture(scope="module")
def install(everybodys: dict[str, str]) -> Iterator[Database[Any]]:
    """A database with postings, figures, accounts, and every type of value that BSON has room for."""
    registered(WORD)
    stored = database()
    stored.drop_collection("every_type")
    stored.create_collection("every_type", collation={"locale": "en", "strength": 2})
    stored.every_type.create_index([("name", 1)], unique=True, partialFilterExpression={"name": {"$exists": True}})
    stored.every_type.create_index([("at", -1)], expireAfterSeconds=10**8, name="old ones go")
    stored.every_type.create_index(
        [("text", "text"), ("name", "text")], weights={"text": 3, "name": 1}, collation={"locale": "simple"}
    )
    stored.every_type.insert_many(
        [
            {"_id": 1, "name": "a", "long": Int64(1), "double": 1.0, "decimal": Decimal128("0.10"), "none": None},
            {"_id": "1", "name": "b", "at": datetime(2026, 1, 1, 0, 0, 0, 123000, UTC), "bytes": b"\x00\xff"},
            {
                "_id": ObjectId(),
                "regex": Regex("^a", "i"),
                "stamp": Timestamp(5, 1),
                "list": [],
                "in": {"z": 1, "a": 2},
            },
            {"_id": {"b": 1, "a": 2}, "text": "ä\0b", "name": "c", "nan": float("inf"), "true": True},
        ]
    )
    yield stored
    for name in ("every_type", "later"):
        stored.drop_collection(name)
    # What was restored was not written under its name, by which the other tests know what to empty.
    for name in stored.list_collection_names():
        if not name.startswith(("auth_", "django_", "otp_", "system.")):
            stored[name].delete_many({})
    reset_caches()


def contents(stored: Database[Any]) -> dict[str, Any]:
    """Options, indexes, and the bytes of all documents, by collection."""
    raw = CodecOptions[RawBSONDocument](document_class=RawBSONDocument)
    return {
        each["name"]: (
            each["options"],
            sorted(bson.encode(index) for index in stored[each["name"]].list_indexes()),
            [row.raw for row in stored.get_collection(each["name"], codec_options=raw).find().sort("_id", 1)],
        )
        for each in stored.list_collections()
        # Answers are rendered again after a restore, under another version.
        if not each["name"].startswith("system.") and each["name"] != "stats_state"
    }


def run(command: str, *arguments: object) -> dict[str, Any]:
    out = StringIO()
    call_command(command, *map(str, arguments), "--json", stdout=out)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


@pytest.fixture
def before(install: Database[Any]) -> dict[str, Any]:
    found = contents(install)
    assert {"users", "job_postings", "market_figures", "skills", "refresh_tokens"} <= found.keys()
    return found


@pytest.fixture
def file(before: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "whole.backup"
    run("backup", path)
    return path


def spoil(install: Database[Any]) -> None:
    install.users.delete_many({})
    install.job_postings.update_many({}, {"$set": {"title": "Spoilt"}})
    install.every_type.drop_indexes()
    install.every_type.insert_one({"name": "new"})
    install.later.insert_one({"is": "not in the backup"})


def test_puts_back_every_collection_index_and_byte(
    install: Database[Any], before: dict[str, Any], file: Path, redis: Any
) -> None:
    spoil(install)

    report = run("restore", file, "--replace")

    assert contents(install) == before
    assert report["documents"] == sum(len(rows) for _, _, rows in before.values()) + 1
    assert report["collections"] == len(before) + 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    create_indexes()
    assert contents(install) == before


def test_restores_into_an_empty_database(
    install: Database[Any], before: dict[str, Any], file: Path, redis: Any
) -> None:
    for name in install.list_collection_names():
        install.drop_collection(name)
    # As `bootstrap` leaves it before anything is stored.
    JobPostingDocument.ensure_indexes()

    run("restore", file)

    assert contents(install) == before


def test_restores_while_redis_is_unavailable(
    install: Database[Any], before: dict[str, Any], file: Path, redis_goes: Callable[[str], None]
) -> None:
    redis_goes("away")
    spoil(install)

    run("restore", file, "--replace")

    redis_goes("back")
    assert contents(install) == before


def test_leaves_a_database_with_documents_alone(install: Database[Any], file: Path) -> None:
    spoil(install)
    spoilt = contents(install)
    try:
        with pytest.raises(CommandError, match=r"the database has documents: .* Nothing was changed. Use --replace"):
            run("restore", file)

        assert contents(install) == spoilt
    finally:
        run("restore", file, "--replace")


def _cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def _without_end(whole: bytes) -> bytes:
    # Whole frames, and good gzip.
    content = gzip.decompress(whole)
    return gzip.compress(content[: content.rindex(b"E", 0, content.rindex(b"checksum"))])


def _one_bit(whole: bytes) -> bytes:
    return gzip.compress(gzip.decompress(whole).replace(WORD.lower().encode(), WORD.upper().encode(), 1))


def _later(whole: bytes) -> bytes:
    return gzip.compress(gzip.decompress(whole).replace(b"version\0\x01", b"version\0\x02", 1))


BAD = {
    "empty": (lambda whole: b"", "not a Career Navigator"),
    "text": (lambda whole: b"Some text", "not a Career Navigator"),
    "gzip of text": (lambda whole: gzip.compress(b"Some text" * 100), "not a Career Navigator"),
    "gzip of JSON": (lambda whole: gzip.compress(b'{"format": "career-navigator-backup"}'), "not a Career Navigator"),
    "gzip of nothing": (lambda whole: gzip.compress(b""), "not a Career Navigator"),
    "BSON": (lambda whole: gzip.compress(bson.encode({"format": "career-navigator-backup"})), "not a Career Navigator"),
    "another header": (
        lambda whole: gzip.compress(b"H" + (22).to_bytes(4, "little") + bson.encode({"format": "dump!"})),
        "not a Career Navigator",
    ),
    "cut off": (_cut, "truncated or damaged"),
    "cut off by a byte": (lambda whole: whole[:-1], "truncated or damaged"),
    "cut off at a frame": (_without_end, "truncated or damaged"),
    "with more behind it": (lambda whole: gzip.compress(gzip.decompress(whole) + b"x"), "damaged"),
    "another text in it": (_one_bit, "damaged"),
    "of a later release": (_later, "later release"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("options", [(), ("--replace",)], ids=["plain", "replace"])
def test_refuses_what_is_no_whole_backup_before_anything_changes(
    install: Database[Any], before: dict[str, Any], file: Path, kind: str, options: tuple[str, ...]
) -> None:
    spoilt, sentence = BAD[kind]
    file.write_bytes(spoilt(file.read_bytes()))

    with pytest.raises(CommandError, match=f"{file.name} .*{sentence}.*") as refusal:
        run("restore", file, *options)

    assert str(refusal.value).endswith("Nothing was changed.")
    assert contents(install) == before


@pytest.mark.parametrize("name", ["nothing.backup", "."])
def test_names_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match=r"cannot be read: .* Nothing was changed"):
        run("restore", tmp_path / name)


def test_names_a_file_that_cannot_be_written(file: Path) -> None:
    with pytest.raises(CommandError, match="already exists"):
        run("backup", file)
    with pytest.raises(CommandError, match="cannot be written"):
        run("backup", file.parent / "nowhere" / "new.backup")


def test_a_backup_that_breaks_off_leaves_no_file(
    install: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _break_off)

    with pytest.raises(CommandError, match="cannot be written: No space left"):
        run("backup", tmp_path / "new.backup")

    assert list(tmp_path.iterdir()) == []


def _break_off(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_restore_that_breaks_off_while_it_stores_changes_nothing(
    install: Database[Any], before: dict[str, Any], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> dict[str, int]:
        install["restored.users"].insert_one({"half": "of them"})
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_fill_collections", stop)

    with pytest.raises(KeyboardInterrupt):
        run("restore", file, "--replace")

    assert contents(install) == before


def test_one_that_breaks_off_while_it_replaces_is_finished_by_the_next_start(
    install: Database[Any], before: dict[str, Any], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, renamed = Collection.rename, []

    def stop_after_three(self: Any, new_name: str, **options: Any) -> Any:
        if len(renamed) == 3:
            raise KeyboardInterrupt
        renamed.append(new_name)
        return rename(self, new_name, **options)

    spoil(install)
    with monkeypatch.context() as patch:
        patch.setattr(Collection, "rename", stop_after_three)
        with pytest.raises(KeyboardInterrupt):
            run("restore", file, "--replace")
    assert contents(install) != before

    assert backup.finish_restore(database=install)

    assert contents(install) == before
    assert not backup.finish_restore(database=install)
