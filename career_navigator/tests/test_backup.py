"""A restore reproduces the database exactly, and an unusable backup changes nothing."""

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
from tests.fixtures.user_data import register_with_word

WORD = "Backedup"


@pytest.fixture(scope="module")
def filled_database(shared_data: dict[str, str]) -> Iterator[Database[Any]]:
    """Return a database with postings, stats, accounts and values of all BSON types."""
    register_with_word(WORD)
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
    # The test fixtures track written collections by name, and a restore writes under temporary names.
    for name in stored.list_collection_names():
        if not name.startswith(("auth_", "django_", "otp_", "system.")):
            stored[name].delete_many({})
    reset_caches()


def read_contents(stored: Database[Any]) -> dict[str, Any]:
    """Return the options, indexes and raw documents of each collection."""
    raw = CodecOptions[RawBSONDocument](document_class=RawBSONDocument)
    return {
        each["name"]: (
            each["options"],
            sorted(bson.encode(index) for index in stored[each["name"]].list_indexes()),
            [row.raw for row in stored.get_collection(each["name"], codec_options=raw).find().sort("_id", 1)],
        )
        for each in stored.list_collections()
        # A restore renders the responses again, with a new version.
        if not each["name"].startswith("system.") and each["name"] != "stats_state"
    }


def run(command: str, *arguments: object) -> dict[str, Any]:
    out = StringIO()
    call_command(command, *map(str, arguments), "--json", stdout=out)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


@pytest.fixture
def before(filled_database: Database[Any]) -> dict[str, Any]:
    found = read_contents(filled_database)
    assert {"users", "job_postings", "market_figures", "skills", "refresh_tokens"} <= found.keys()
    return found


@pytest.fixture
def file(before: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "whole.backup"
    run("backup", path)
    return path


def change_database(filled_database: Database[Any]) -> None:
    filled_database.users.delete_many({})
    filled_database.job_postings.update_many({}, {"$set": {"title": "Spoilt"}})
    filled_database.every_type.drop_indexes()
    filled_database.every_type.insert_one({"name": "new"})
    filled_database.later.insert_one({"is": "not in the backup"})


def test_restores_every_collection_index_and_byte(
    filled_database: Database[Any], before: dict[str, Any], file: Path, redis: Any
) -> None:
    change_database(filled_database)

    report = run("restore", file, "--replace")

    assert read_contents(filled_database) == before
    assert report["documents"] == sum(len(rows) for _, _, rows in before.values()) + 1
    assert report["collections"] == len(before) + 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    create_indexes()
    assert read_contents(filled_database) == before


def test_restores_into_an_empty_database(
    filled_database: Database[Any], before: dict[str, Any], file: Path, redis: Any
) -> None:
    for name in filled_database.list_collection_names():
        filled_database.drop_collection(name)
    # The state after `bootstrap`, before any data is stored.
    JobPostingDocument.ensure_indexes()

    run("restore", file)

    assert read_contents(filled_database) == before


def test_restores_while_redis_is_unavailable(
    filled_database: Database[Any], before: dict[str, Any], file: Path, switch_redis: Callable[[str], None]
) -> None:
    switch_redis("away")
    change_database(filled_database)

    run("restore", file, "--replace")

    switch_redis("back")
    assert read_contents(filled_database) == before


def test_does_not_replace_documents_unless_told_to(filled_database: Database[Any], file: Path) -> None:
    change_database(filled_database)
    altered = read_contents(filled_database)
    try:
        with pytest.raises(CommandError, match=r"the database has documents: .* Nothing was changed. Use --replace"):
            run("restore", file)

        assert read_contents(filled_database) == altered
    finally:
        run("restore", file, "--replace")


def _truncate(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _remove_end_frame(data: bytes) -> bytes:
    # The frames are complete and the gzip stream is valid.
    content = gzip.decompress(data)
    return gzip.compress(content[: content.rindex(b"E", 0, content.rindex(b"checksum"))])


def _change_text(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(WORD.lower().encode(), WORD.upper().encode(), 1))


def _raise_version(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(b"version\0\x01", b"version\0\x02", 1))


UNUSABLE = {
    "empty": (lambda data: b"", "not a Career Navigator"),
    "text": (lambda data: b"Some text", "not a Career Navigator"),
    "gzip of text": (lambda data: gzip.compress(b"Some text" * 100), "not a Career Navigator"),
    "gzip of JSON": (lambda data: gzip.compress(b'{"format": "career-navigator-backup"}'), "not a Career Navigator"),
    "gzip of nothing": (lambda data: gzip.compress(b""), "not a Career Navigator"),
    "BSON": (lambda data: gzip.compress(bson.encode({"format": "career-navigator-backup"})), "not a Career Navigator"),
    "another header": (
        lambda data: gzip.compress(b"H" + (22).to_bytes(4, "little") + bson.encode({"format": "dump!"})),
        "not a Career Navigator",
    ),
    "cut off": (_truncate, "truncated or damaged"),
    "cut off by a byte": (lambda data: data[:-1], "truncated or damaged"),
    "cut off at a frame": (_remove_end_frame, "truncated or damaged"),
    "with more behind it": (lambda data: gzip.compress(gzip.decompress(data) + b"x"), "damaged"),
    "another text in it": (_change_text, "damaged"),
    "of a later release": (_raise_version, "later release"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
@pytest.mark.parametrize("options", [(), ("--replace",)], ids=["plain", "replace"])
def test_rejects_an_unusable_backup_before_anything_changes(
    filled_database: Database[Any], before: dict[str, Any], file: Path, kind: str, options: tuple[str, ...]
) -> None:
    altered, sentence = UNUSABLE[kind]
    file.write_bytes(altered(file.read_bytes()))

    with pytest.raises(CommandError, match=f"{file.name} .*{sentence}.*") as refusal:
        run("restore", file, *options)

    assert str(refusal.value).endswith("Nothing was changed.")
    assert read_contents(filled_database) == before


@pytest.mark.parametrize("name", ["nothing.backup", "."])
def test_reports_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match=r"cannot be read: .* Nothing was changed"):
        run("restore", tmp_path / name)


def test_reports_a_file_that_cannot_be_written(file: Path) -> None:
    with pytest.raises(CommandError, match="already exists"):
        run("backup", file)
    with pytest.raises(CommandError, match="cannot be written"):
        run("backup", file.parent / "nowhere" / "new.backup")


def test_interrupted_backup_leaves_no_file(
    filled_database: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _fail)

    with pytest.raises(CommandError, match="cannot be written: No space left"):
        run("backup", tmp_path / "new.backup")

    assert list(tmp_path.iterdir()) == []


def _fail(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_restore_interrupted_while_storing_changes_nothing(
    filled_database: Database[Any], before: dict[str, Any], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> dict[str, int]:
        filled_database["restored.users"].insert_one({"half": "of them"})
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_fill_collections", stop)

    with pytest.raises(KeyboardInterrupt):
        run("restore", file, "--replace")

    assert read_contents(filled_database) == before


def test_bootstrap_finishes_a_restore_interrupted_while_replacing(
    filled_database: Database[Any], before: dict[str, Any], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Collection.rename
    renamed: list[str] = []

    def stop_after_three(self: Any, new_name: str, **options: Any) -> Any:
        if len(renamed) == 3:
            raise KeyboardInterrupt
        renamed.append(new_name)
        return rename(self, new_name, **options)

    change_database(filled_database)
    with monkeypatch.context() as patch:
        patch.setattr(Collection, "rename", stop_after_three)
        with pytest.raises(KeyboardInterrupt):
            run("restore", file, "--replace")
    assert read_contents(filled_database) != before

    assert backup.finish_restore(database=filled_database)

    assert read_contents(filled_database) == before
    assert not backup.finish_restore(database=filled_database)
