"""What `manage.py bootstrap` does to a database: it creates the indexes that the documents declare, and migrates data.

A unique index cannot be created over stored duplicates. An app that knows how to merge those of a collection declares a
merger, harmless when broken off and run again. It runs when MongoDB refuses the index for them, and again for what an
older release stores meanwhile.

A document's meta lists under `retired_indexes` the fields of indexes that older releases created and that must go.

Changes of stored data that a release needs once are numbered, and recorded in the collection `data_migrations`.
"""

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.utils.module_loading import import_string
from mongoengine import Document
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, OperationFailure

from career_navigator.apps import get_declared
from career_navigator.db.connection import database
from career_navigator.environment import BASE_DIR

# Each attempt but the first follows a merge; web processes of an older release may store duplicates in between.
MAX_ATTEMPTS = 10
# MongoDB's IndexOptionsConflict and IndexKeySpecsConflict.
_CONFLICTS = {85, 86}
_INDEX_NOT_FOUND = 27


class IndexesRejected(RuntimeError):
    """MongoDB refused some of the declared indexes; the message names each and what to do. All others were created."""


class _Rejected(RuntimeError):
    """MongoDB refused one index."""


def create_indexes() -> dict[str, int]:
    """Create what is missing in every document's collection, merging duplicates first.

    Returns how many documents were merged or renumbered, by collection, 0 in most; sorted. Raises IndexesRejected.
    """
    _import_documents()
    merged: dict[str, int] = {}
    refused: list[str] = []
    for document in sorted(_subclasses(Document), key=lambda each: str(each._get_collection_name())):
        name = document._get_collection_name()
        try:
            merged[name] = merged.get(name, 0) + _create_document_indexes(document)
        except _Rejected as error:
            refused.append(str(error))
    if refused:
        raise IndexesRejected("\n".join(refused))
    return merged


def _import_documents() -> None:
    """Import every module `documents.py` of our apps, nested ones too: only then are its documents known."""
    for app in apps.get_app_configs():
        if Path(app.path).parent == BASE_DIR:
            for path in sorted(Path(app.path).rglob("documents.py")):
                import_module(".".join(path.relative_to(BASE_DIR).with_suffix("").parts))


def _subclasses(document: type[Document]) -> Iterator[type[Document]]:
    for each in document.__subclasses__():
        if not each._meta.get("abstract"):
            yield each
        yield from _subclasses(each)


def _create_document_indexes(document: type[Document]) -> int:
    """Create a document's indexes; returns how many documents were merged for that. Raises _Refused."""
    name, merged = document._get_collection_name(), 0
    if retired := document._meta.get("retired_indexes"):
        _drop_indexes(document._get_collection(), retired)
    for attempts_left in reversed(range(MAX_ATTEMPTS)):
        try:
            document.ensure_indexes()
        except DuplicateKeyError as error:
            merge = get_declared("duplicate_mergers").get(name)
            if merge is None or not attempts_left:
                raise _Rejected(_describe_duplicate(name, error)) from error
            merged += merge()
        except OperationFailure as error:
            if error.code not in _CONFLICTS:
                raise
            raise _Rejected(_describe_conflict(name, error)) from error
        else:
            break
    return merged


def _drop_indexes(collection: Collection[Any], retired: list[list[str]]) -> None:
    for name, index in collection.index_information().items():
        if [field for field, _ in index["key"]] in retired:
            try:
                collection.drop_index(name)
            except OperationFailure as error:
                # Another process that prepares the same database was first.
                if error.code != _INDEX_NOT_FOUND:
                    raise


def _describe_duplicate(collection: str, error: DuplicateKeyError) -> str:
    values = (error.details or {}).get("keyValue", {})
    key = ", ".join(f"{name}={value!r}" for name, value in values.items())
    index = _search(r" index: (\S+)", error)
    return (
        f"The unique index {index} of {collection} cannot be created: several documents have {key}. Keep one of them, "
        "delete or change the others, and run this again; it names the next key that several have, if there is one."
    )


def _describe_conflict(collection: str, error: OperationFailure) -> str:
    index = _search(r'(?:existing index: .*?name: "|different name: )([^",]+)', error)
    return (
        f"An index of {collection} cannot be created: {index} was created with other options than are declared now. "
        f'Drop it, db.{collection}.dropIndex("{index}"), and run this again. MongoDB says: {_message(error)}'
    )


def _search(pattern: str, error: OperationFailure) -> str:
    found = re.search(pattern, _message(error))
    return found.group(1) if found else f"({_message(error)})"


def _message(error: OperationFailure) -> str:
    return str((error.details or {}).get("errmsg", error))


logger = logging.getLogger(__name__)


def apply_data_migrations(*, now: datetime) -> list[str]:
    """Run the migrations of `DATA_MIGRATIONS` that are not recorded, in order; return their names.

    Each is safe to repeat, to break off and to run twice at once. One that raises ends this, and is run the next time.
    """
    applied = set(database().data_migrations.distinct("_id"))
    missing = {name: path for name, path in settings.DATA_MIGRATIONS.items() if name not in applied}
    for name, path in missing.items():
        import_string(path)(now=now)
        database().data_migrations.update_one({"_id": name}, {"$setOnInsert": {"applied_at": now}}, upsert=True)
        logger.info("applied the data migration %s", name)
    return list(missing)


_TASKS_BY_OLD_NAME = {
    "check-theirstack": "ingestion.tasks.check_theirstack",
    "refresh-figures": "market.tasks.refresh_daily_stats",
    "check-figures": "market.tasks.check_daily_stats",
    "clean-up": "ingestion.tasks.clean_up",
    "check-links": "learning.tasks.check_links",
    "reread-skills": "market.tasks.reread_skills",
}


def migrate_task_runs(*, now: datetime) -> None:
    """Turn the old records of maintenance tasks into task runs, under the same ids, and follow what was renamed."""
    for old_run in database().chore_runs.find().sort("_id", 1):
        run = _as_task_run(old_run, now)
        database().task_runs.update_one({"_id": old_run["_id"]}, {"$setOnInsert": run}, upsert=True)
    database().chore_runs.drop()
    for check in database().task_runs.find({"task": "ingestion.tasks.check_figures"}, {"_id": 1}):
        try:
            database().task_runs.update_one(check, {"$set": {"task": "market.tasks.check_daily_stats"}})
        except DuplicateKeyError:  # it has already run for that time under its new name
            database().task_runs.delete_one(check)
    _move_permissions()


def _as_task_run(old_run: dict[str, Any], now: datetime) -> dict[str, Any]:
    outcome, status = old_run.get("outcome", ""), old_run.get("status", "failed")
    run = {
        "task": _TASKS_BY_OLD_NAME.get(old_run["chore"], old_run["chore"]),
        "task_id": str(old_run["_id"]),
        "started_by": old_run["asked_by"],
        "status": status,
        "result": "" if status == "failed" else outcome,
        "error": outcome if status == "failed" else "",
        "created_at": old_run["created_at"],
        "started_at": old_run.get("started_at"),
        "finished_at": old_run.get("finished_at"),
        "lease_ends_at": now if status == "running" else None,
    }
    return {name: value for name, value in run.items() if value is not None}


def _move_permissions() -> None:
    """Give users and groups that may see and start the old records the same for task runs, and move the log of the
    admin."""
    types = ContentType.objects.filter(app_label="career_navigator")
    old, new = (types.filter(model=name).first() for name in ("chorerun", "taskrun"))
    if old is None or new is None:
        return
    for before, after in {"view_chorerun": "view_taskrun", "run_chore": "run_task"}.items():
        held = Permission.objects.filter(content_type=old, codename=before).first()
        granted = Permission.objects.get(content_type=new, codename=after)
        if held is None:
            continue
        for group in Group.objects.filter(permissions=held):
            group.permissions.add(granted)
        for user in User.objects.filter(user_permissions=held):
            user.user_permissions.add(granted)
        held.delete()
    LogEntry.objects.filter(content_type=old).update(content_type=new)
    old.delete()
    ContentType.objects.clear_cache()
