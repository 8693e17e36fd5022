"""Backup and restore of a database as a single file: collections with their options, indexes and raw documents.

The file is a gzip stream of frames, each a letter, a length and BSON. `H` is the header, `C` starts a collection, `D`
holds a batch of its documents, and `E` ends the file with the document counts and a checksum of all frames before it.
A restore can therefore detect a truncated, damaged or foreign file before it changes anything.

A restore first fills collections under temporary names and then renames the collections, which is fast. A marker
document records that the renaming has started, so that `manage.py bootstrap` can finish an interrupted restore.
"""

import gzip
import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from django.conf import settings
from pymongo.collection import Collection
from pymongo.database import Database

FORMAT = "career-navigator-backup"
FORMAT_VERSION = 1
# Level 6 takes three times as long for a file that is a tenth smaller.
_LEVEL = 2
# MongoDB messages have at most 48 MB, so a frame above this limit is invalid.
_MAX_FRAME_BYTES = 64 * 1024 * 1024
_FRAME = struct.Struct("<cI")
_RESTORED_PREFIX = "restored."
_MARKER_COLLECTION = "restores"
# Exceptions raised when a file has valid frames but unexpected content.
_STRUCTURE_ERRORS = (KeyError, TypeError, AttributeError)
# MongoDB's own collections and the temporary collections of a restore.
_EXCLUDED_PREFIXES = ("system.", _RESTORED_PREFIX)


class UnusableBackup(ValueError):
    """Raised if the file is not a complete backup, or was made by a later release."""

    reason = "unusable_backup"


class NotEmpty(RuntimeError):
    """Raised if the database already has documents and `replaces` is false."""

    reason = "not_empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupContent:
    """Summary of a backup: time of creation, release, and number of documents per collection."""

    created_at: datetime
    app_version: str
    counts: dict[str, int]


def write_backup(*, database: Database[Any], path: Path, now: datetime) -> BackupContent:
    """Write the database to a new file that only its owner can read. Delete the file again if writing fails.

    Raises:
        FileExistsError: A file exists at `path`.
    """
    if path.exists():
        raise FileExistsError(f"{path} already exists")
    partial = path.with_name(f"{path.name}.part")
    counts: dict[str, int] = {}
    try:
        # The file is private because it contains names, email addresses and password hashes.
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=0) as packed:
                writer = _Writer(packed)
                migrations = sorted(database["data_migrations"].distinct("_id"))
                writer.write(
                    b"H",
                    bson.encode(
                        {"format": FORMAT, "version": FORMAT_VERSION, "created_at": now}
                        | {"app_version": settings.APP_VERSION, "migrations": migrations}
                    ),
                )
                for information in _list_collections(database):
                    counts[information["name"]] = _write_collection(database, information, writer)
                writer.write(b"E", bson.encode({"counts": counts, "checksum": writer.digest.hexdigest()}))
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return BackupContent(created_at=now, app_version=settings.APP_VERSION, counts=counts)


def read_backup(*, path: Path) -> BackupContent:
    """Read and verify a whole backup. Raises UnusableBackup, or OSError if the file cannot be read."""
    frames = _read_frames(path)
    _, header = next(frames)
    counts: dict[str, int] = {}
    for kind, content in frames:
        if kind == b"E":
            counts = content["counts"]
    return BackupContent(created_at=header["created_at"], app_version=header["app_version"], counts=counts)


def restore_backup(*, database: Database[Any], path: Path, replaces: bool, now: datetime) -> BackupContent:
    """Replace the database with a backup. Existing collections stay unchanged until the whole backup is stored.

    Raises:
        UnusableBackup: The file is not a complete backup that this release can restore.
        NotEmpty: The database has documents, and `replaces` is false.
        OSError: The file cannot be read.
    """
    content = read_backup(path=path)
    finish_restore(database=database)
    if not replaces and (filled := _list_filled(database)):
        raise NotEmpty(f"the database has documents: {', '.join(filled[:5])}{', ...' if len(filled) > 5 else ''}")
    _drop_restored(database)
    try:
        counts = _fill_collections(database, path)
        if counts != content.counts:
            raise UnusableBackup(f"{path.name} changed while it was being read")
    except BaseException:
        _drop_restored(database)
        raise
    database[_MARKER_COLLECTION].insert_one({"_id": "restore", "file": path.name, "at": now, "names": list(counts)})
    finish_restore(database=database)
    return content


def finish_restore(*, database: Database[Any]) -> bool:
    """Replace the collections with the restored ones if a restore reached that step. Return whether one did.

    Safe to repeat after an interruption.
    """
    marker = database[_MARKER_COLLECTION].find_one({"_id": "restore"})
    if marker is None:
        return False
    for information in _list_collections(database):
        if information["name"] not in marker["names"]:
            database.drop_collection(information["name"])
    existing = set(database.list_collection_names())
    for name in marker["names"]:
        if _RESTORED_PREFIX + name in existing:
            database[_RESTORED_PREFIX + name].rename(name, dropTarget=True)
    database.drop_collection(_MARKER_COLLECTION)
    return True


class _Writer:
    def __init__(self, file: IO[bytes] | gzip.GzipFile) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, kind: bytes, content: bytes) -> None:
        frame = _FRAME.pack(kind, len(content)) + content
        self.digest.update(frame)
        self._file.write(frame)


def _list_collections(database: Database[Any]) -> list[dict[str, Any]]:
    """Return MongoDB's description of each collection that a backup includes, sorted by name."""
    collections = [dict(description) for description in database.list_collections(filter={"type": "collection"})]
    included = [
        description
        for description in collections
        if not description["name"].startswith(_EXCLUDED_PREFIXES) and description["name"] != _MARKER_COLLECTION
    ]
    return sorted(included, key=lambda description: str(description["name"]))


def _list_filled(database: Database[Any]) -> list[str]:
    names = [information["name"] for information in _list_collections(database)]
    return [name for name in names if database[name].find_one({}, {"_id": 1}) is not None]


def _get_raw_collection(database: Database[Any], name: str) -> Collection[RawBSONDocument]:
    return database.get_collection(name, codec_options=CodecOptions(document_class=RawBSONDocument))


def _write_collection(database: Database[Any], information: dict[str, Any], writer: _Writer) -> int:
    name, count = information["name"], 0
    collection = _get_raw_collection(database, name)
    # `list_indexes` keeps the types of the options and the order of the fields of a key.
    indexes = [index for index in collection.list_indexes() if index["name"] != "_id_"]
    writer.write(b"C", bson.encode({"name": name, "options": information["options"], "indexes": indexes}))
    for raw_batch in collection.find_raw_batches(sort=[("_id", 1)]):
        batch = cast(bytes, raw_batch)
        count += sum(1 for _ in _split(batch))
        writer.write(b"D", batch)
    return count


def _split(batch: bytes) -> Iterator[bytes]:
    """Yield the documents of a batch. Raises UnusableBackup if the lengths do not add up to the batch."""
    at = 0
    while at < len(batch):
        length = int.from_bytes(batch[at : at + 4], "little")
        if length < 5 or at + length > len(batch):
            raise UnusableBackup("a document extends beyond its frame")
        yield batch[at : at + length]
        at += length


def _read_frames(path: Path) -> Iterator[tuple[bytes, Any]]:
    """Yield each frame's letter with its raw documents (`D`) or decoded content. Raises UnusableBackup."""
    try:
        with gzip.open(path, "rb") as file:
            yield from _check_frames(path, file)
    except (gzip.BadGzipFile, zlib.error, EOFError, bson.errors.BSONError, struct.error, *_STRUCTURE_ERRORS) as error:
        raise UnusableBackup(f"{path.name} is not a Career Navigator backup, or is truncated or damaged") from error


def _check_frames(path: Path, file: gzip.GzipFile) -> Iterator[tuple[bytes, Any]]:
    digest, name, is_first = hashlib.sha256(), "", True
    counts: dict[str, int] = {}
    while True:
        head = file.read(_FRAME.size)
        kind, length = _FRAME.unpack(head)
        if is_first is not (kind == b"H") or kind not in b"HCDE" or length > _MAX_FRAME_BYTES:
            raise UnusableBackup(f"{path.name} is not a Career Navigator backup")
        content = file.read(length)
        if len(content) < length:
            raise EOFError
        is_first = False
        if kind == b"D":
            counts[name] += sum(1 for _ in _split(content))
            yield kind, content
        else:
            read: dict[str, Any] = bson.decode(content, CodecOptions(tz_aware=True))
            if kind == b"H":
                _check_header(path, read)
            elif kind == b"C":
                name = read["name"]
                counts[name] = 0
            elif read != {"counts": counts, "checksum": digest.hexdigest()} or file.read(1):
                raise UnusableBackup(f"{path.name} is damaged: its content does not match its checksum")
            yield kind, read
            if kind == b"E":
                return
        digest.update(head + content)


def _check_header(path: Path, header: dict[str, Any]) -> None:
    if header.get("format") != FORMAT:
        raise UnusableBackup(f"{path.name} is not a Career Navigator backup")
    unknown = sorted(set(header["migrations"]) - set(settings.DATA_MIGRATIONS))
    if header["version"] > FORMAT_VERSION or unknown:
        raise UnusableBackup(
            f"{path.name} was made by a later release ({header['app_version']}). Restore it with that release"
        )


def _drop_restored(database: Database[Any]) -> None:
    for name in database.list_collection_names():
        if name.startswith(_RESTORED_PREFIX):
            database.drop_collection(name)


def _fill_collections(database: Database[Any], path: Path) -> dict[str, int]:
    """Store the backup in temporary collections. Returns the number of documents per collection."""
    counts: dict[str, int] = {}
    name = ""
    indexes: list[dict[str, Any]] = []
    for kind, content in _read_frames(path):
        if kind == b"D":
            documents = [RawBSONDocument(document) for document in _split(content)]
            _get_raw_collection(database, _RESTORED_PREFIX + name).insert_many(
                documents, bypass_document_validation=True
            )
            counts[name] += len(documents)
            continue
        # Building an index once is faster than updating it with each document.
        if indexes:
            database.command({"createIndexes": _RESTORED_PREFIX + name, "indexes": indexes})
            indexes = []
        if kind == b"C":
            name, counts[content["name"]] = content["name"], 0
            database.create_collection(_RESTORED_PREFIX + name, **content["options"])
            # An index without a collation would inherit the collection's.
            defaults = {"collation": {"locale": "simple"}} if "collation" in content["options"] else {}
            indexes = [defaults | {key: index[key] for key in index if key != "ns"} for index in content["indexes"]]
    return counts
