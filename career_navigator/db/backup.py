"""A database as one file, and back: every collection with its options, its indexes and the very bytes of its documents.

The file is gzip of frames: a letter, a length, and BSON. `H` is the header, `C` a collection, `D` some of its documents
one after another, and `E` the end, with the counts and a checksum of all frames before it. So a file that was cut off,
damaged or made by something else is known before anything is changed.

Restoring fills collections under other names first. When all are there they are renamed, which takes a moment. A mark
in the database says so meanwhile: by it `manage.py bootstrap` finishes what broke off then.
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
# Level 6 takes three times as long for a tenth less.
_LEVEL = 2
# MongoDB sends and takes at most 48 MB at a time.
_MAX_FRAME_BYTES = 64 * 1024 * 1024
_FRAME = struct.Struct("<cI")
_RESTORED_PREFIX = "restored."
_MARK_COLLECTION = "restores"
# Of a file that was put together by something else.
_SHAPE = (KeyError, TypeError, AttributeError)
# MongoDB's, and what says that a restore is under way.
_NOT_KEPT = ("system.", _RESTORED_PREFIX)


class UnusableBackup(ValueError):
    """A file that is no whole backup, or not one for this release; the message says which."""

    reason = "unusable_backup"


class NotEmpty(RuntimeError):
    """The database has documents, and nobody said that they are to be replaced."""

    reason = "not_empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupContent:
    """What a backup holds: when it was made, by which release, and how many documents by collection."""

    created_at: datetime
    app_version: str
    counts: dict[str, int]


def write_backup(*, database: Database[Any], path: Path, now: datetime) -> BackupContent:
    """Write the database to a new file that its owner alone may read. Raises FileExistsError.

    A file that is not written to its end is not left behind.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    partial = path.with_name(f"{path.name}.part")
    counts: dict[str, int] = {}
    try:
        # Names, addresses and hashes of passwords are in it.
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
    """Read a whole backup and check it. Raises UnusableBackup, and OSError where there is no such file."""
    frames = _read_frames(path)
    _, header = next(frames)
    counts: dict[str, int] = {}
    for kind, content in frames:
        if kind == b"E":
            counts = content["counts"]
    return BackupContent(created_at=header["created_at"], app_version=header["app_version"], counts=counts)


def restore_backup(*, database: Database[Any], path: Path, replaces: bool, now: datetime) -> BackupContent:
    """Put a backup in place of the whole database.

    Until all of it is stored beside the present collections these are left alone. Raises UnusableBackup, NotEmpty
    unless `replaces`, and OSError.
    """
    content = read_backup(path=path)
    finish_restore(database=database)
    if not replaces and (filled := _list_filled(database)):
        raise NotEmpty(f"the database has documents: {', '.join(filled[:5])}{', ...' if len(filled) > 5 else ''}")
    _drop_restored(database)
    try:
        counts = _fill_collections(database, path)
        if counts != content.counts:
            raise UnusableBackup(f"{path.name} was changed while it was read; nothing was replaced")
    except BaseException:
        _drop_restored(database)
        raise
    database[_MARK_COLLECTION].insert_one({"_id": "restore", "file": path.name, "at": now, "names": list(counts)})
    finish_restore(database=database)
    return content


def finish_restore(*, database: Database[Any]) -> bool:
    """Put restored collections in place of the others where that was begun; whether it was.

    It may break off and be repeated.
    """
    mark = database[_MARK_COLLECTION].find_one({"_id": "restore"})
    if mark is None:
        return False
    for information in _list_collections(database):
        if information["name"] not in mark["names"]:
            database.drop_collection(information["name"])
    stored = set(database.list_collection_names())
    for name in mark["names"]:
        if _RESTORED_PREFIX + name in stored:
            database[_RESTORED_PREFIX + name].rename(name, dropTarget=True)
    database.drop_collection(_MARK_COLLECTION)
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
    """Return what MongoDB says of our collections, by name."""
    found = database.list_collections(filter={"type": "collection"})
    return sorted(
        (dict(each) for each in found if not each["name"].startswith(_NOT_KEPT) and each["name"] != _MARK_COLLECTION),
        key=lambda each: str(each["name"]),
    )


def _list_filled(database: Database[Any]) -> list[str]:
    names = [information["name"] for information in _list_collections(database)]
    return [name for name in names if database[name].find_one({}, {"_id": 1}) is not None]


def _raw(database: Database[Any], name: str) -> Collection[RawBSONDocument]:
    return database.get_collection(name, codec_options=CodecOptions(document_class=RawBSONDocument))


def _write_collection(database: Database[Any], information: dict[str, Any], writer: _Writer) -> int:
    name, count = information["name"], 0
    collection = _raw(database, name)
    # As MongoDB has them: with types, and in the order of the fields of a key.
    indexes = [index for index in collection.list_indexes() if index["name"] != "_id_"]
    writer.write(b"C", bson.encode({"name": name, "options": information["options"], "indexes": indexes}))
    for each in collection.find_raw_batches(sort=[("_id", 1)]):
        batch = cast(bytes, each)
        count += sum(1 for _ in _split(batch))
        writer.write(b"D", batch)
    return count


def _split(batch: bytes) -> Iterator[bytes]:
    """Yield the documents of a batch. Raises UnusableBackup where these do not fill it."""
    at = 0
    while at < len(batch):
        length = int.from_bytes(batch[at : at + 4], "little")
        if length < 5 or at + length > len(batch):
            raise UnusableBackup("a document ends beyond its frame")
        yield batch[at : at + length]
        at += length


def _read_frames(path: Path) -> Iterator[tuple[bytes, Any]]:
    """Yield each frame's letter and content: the bytes of documents, else what BSON holds. Raises UnusableBackup."""
    try:
        with gzip.open(path, "rb") as file:
            yield from _check_frames(path, file)
    except (gzip.BadGzipFile, zlib.error, EOFError, bson.errors.BSONError, struct.error, *_SHAPE) as error:
        raise UnusableBackup(f"{path.name} is no backup of Career Navigator, or was cut off or damaged") from error


def _check_frames(path: Path, file: gzip.GzipFile) -> Iterator[tuple[bytes, Any]]:
    digest, name, is_first = hashlib.sha256(), "", True
    counts: dict[str, int] = {}
    while True:
        head = file.read(_FRAME.size)
        kind, length = _FRAME.unpack(head)
        if is_first is not (kind == b"H") or kind not in b"HCDE" or length > _MAX_FRAME_BYTES:
            raise UnusableBackup(f"{path.name} is no backup of Career Navigator")
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
                raise UnusableBackup(f"{path.name} is damaged: what it holds is not what it was made of")
            yield kind, read
            if kind == b"E":
                return
        digest.update(head + content)


def _check_header(path: Path, header: dict[str, Any]) -> None:
    if header.get("format") != FORMAT:
        raise UnusableBackup(f"{path.name} is no backup of Career Navigator")
    unknown = sorted(set(header["migrations"]) - set(settings.DATA_MIGRATIONS))
    if header["version"] > FORMAT_VERSION or unknown:
        raise UnusableBackup(
            f"{path.name} was made by a later release ({header['app_version']}): restore it with that one"
        )


def _drop_restored(database: Database[Any]) -> None:
    for name in database.list_collection_names():
        if name.startswith(_RESTORED_PREFIX):
            database.drop_collection(name)


def _fill_collections(database: Database[Any], path: Path) -> dict[str, int]:
    """Store what the backup holds under other names; return how many documents, by collection."""
    counts: dict[str, int] = {}
    name = ""
    indexes: list[dict[str, Any]] = []
    for kind, content in _read_frames(path):
        if kind == b"D":
            documents = [RawBSONDocument(each) for each in _split(content)]
            _raw(database, _RESTORED_PREFIX + name).insert_many(documents, bypass_document_validation=True)
            counts[name] += len(documents)
            continue
        # After the documents: building an index once is quicker.
        if indexes:
            database.command({"createIndexes": _RESTORED_PREFIX + name, "indexes": indexes})
            indexes = []
        if kind == b"C":
            name, counts[content["name"]] = content["name"], 0
            database.create_collection(_RESTORED_PREFIX + name, **content["options"])
            # An index without a collation of its own would get the collection's.
            usual = {"collation": {"locale": "simple"}} if "collation" in content["options"] else {}
            indexes = [usual | {key: index[key] for key in index if key != "ns"} for index in content["indexes"]]
    return counts
