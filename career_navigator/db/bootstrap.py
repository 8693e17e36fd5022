"""The database part of `manage.py bootstrap`: index creation and data migrations.

MongoDB does not create a unique index on a collection with duplicates. An app can declare a merger for the duplicates
of a collection. A merger must be safe to interrupt and repeat. It runs when MongoDB rejects the index, and again
if processes of an older release store further duplicates in the meantime.

A document lists in its meta option `retired_indexes` the fields of indexes from older releases that must be dropped.

Data migrations are numbered. Each runs once and is recorded in the collection `data_migrations`.
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

# Each attempt except the first follows a merge. Web processes of an older release can store duplicates in between.
MAX_ATTEMPTS = 10
# MongoDB's IndexOptionsConflict and IndexKeySpecsConflict.
_CONFLICTS = {85, 86}
_INDEX_NOT_FOUND = 27


class IndexesRejected(RuntimeError):
    """MongoDB rejected some of the declared indexes and created the others.

    The message explains what to do about each rejected index.
    """


class _Rejected(RuntimeError):
    """MongoDB rejected a single index."""


def create_indexes() -> dict[str, int]:
    """Create the missing indexes of all documents. Merge duplicates that prevent a unique index.

    Returns the number of documents that were merged or renumbered per collection, sorted by collection. Most are 0.
    Raises IndexesRejected.
    """
    _import_documents()
    merged: dict[str, int] = {}
    rejected: list[str] = []
    for document in sorted(_list_subclasses(Document), key=lambda each: str(each._get_collection_name())):
        name = document._get_collection_name()
        try:
            merged[name] = merged.get(name, 0) + _create_document_indexes(document)
        except _Rejected as error:
            rejected.append(str(error))
    if rejected:
        raise IndexesRejected("\n".join(rejected))
    return merged


def _import_documents() -> None:
    """Import every `documents.py` in the project's apps and their subpackages, so that all documents are registered."""
    for app in apps.get_app_configs():
        if Path(app.path).parent == BASE_DIR:
            for path in sorted(Path(app.path).rglob("documents.py")):
                import_module(".".join(path.relative_to(BASE_DIR).with_suffix("").parts))


def _list_subclasses(document: type[Document]) -> Iterator[type[Document]]:
    for subclass in document.__subclasses__():
        if not subclass._meta.get("abstract"):
            yield subclass
        yield from _list_subclasses(subclass)


def _create_document_indexes(document: type[Document]) -> int:
    """Create a document's indexes and return how many documents were merged. Raises _Rejected."""
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
                # Ignore that a concurrent bootstrap has already dropped the index.
                if error.code != _INDEX_NOT_FOUND:
                    raise


def _describe_duplicate(collection: str, error: DuplicateKeyError) -> str:
    values = (error.details or {}).get("keyValue", {})
    key = ", ".join(f"{name}={value!r}" for name, value in values.items())
    index = _search(r" index: (\S+)", error)
    return (
        f"The unique index {index} of {collection} cannot be created: several documents have {key}. Keep one of them, "
        "delete or change the others, and run this command again. It then names the next duplicate key, if any."
    )


def _describe_conflict(collection: str, error: OperationFailure) -> str:
    index = _search(r'(?:existing index: .*?name: "|different name: )([^",]+)', error)
    return (
        f"An index of {collection} cannot be created: {index} exists with other options than those declared. Drop it "
        f'with db.{collection}.dropIndex("{index}") and run this command again. MongoDB error: {_get_message(error)}'
    )


def _search(pattern: str, error: OperationFailure) -> str:
    match = re.search(pattern, _get_message(error))
    return match.group(1) if match else f"({_get_message(error)})"


def _get_message(error: OperationFailure) -> str:
    return str((error.details or {}).get("errmsg", error))


logger = logging.getLogger(__name__)


def apply_data_migrations(*, now: datetime) -> list[str]:
    """Run the unrecorded migrations of `DATA_MIGRATIONS` in order and return their names.

    Migrations must be safe to interrupt, to repeat and to run concurrently. If one raises, the rest do not run, and the
    next bootstrap starts with the failed one.
    """
    applied = set(database().data_migrations.distinct("_id"))
    pending = {name: path for name, path in settings.DATA_MIGRATIONS.items() if name not in applied}
    for name, path in pending.items():
        import_string(path)(now=now)
        database().data_migrations.update_one({"_id": name}, {"$setOnInsert": {"applied_at": now}}, upsert=True)
        logger.info("applied the data migration %s", name)
    return list(pending)


_TASKS_BY_OLD_NAME = {
    "check-theirstack": "ingestion.tasks.check_theirstack",
    "refresh-figures": "market.tasks.refresh_daily_stats",
    "check-figures": "market.tasks.check_daily_stats",
    "clean-up": "ingestion.tasks.clean_up",
    "check-links": "learning.tasks.check_links",
    "reread-skills": "market.tasks.reread_skills",
}


def migrate_task_runs(*, now: datetime) -> None:
    """Convert old records of maintenance tasks to task runs with the same ids, and apply renamed tasks and permissions.

    This is a data migration.
    """
    for old_run in database().chore_runs.find().sort("_id", 1):
        run = _as_task_run(old_run, now)
        database().task_runs.update_one({"_id": old_run["_id"]}, {"$setOnInsert": run}, upsert=True)
    database().chore_runs.drop()
    for check in database().task_runs.find({"task": "ingestion.tasks.check_figures"}, {"_id": 1}):
        try:
            database().task_runs.update_one(check, {"$set": {"task": "market.tasks.check_daily_stats"}})
        except DuplicateKeyError:  # a run for the same time exists under the new name
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
    """Replace the permissions for old records with those for task runs, and move the admin's log entries."""
    types = ContentType.objects.filter(app_label="career_navigator")
    old, new = (types.filter(model=name).first() for name in ("chorerun", "taskrun"))
    if old is None or new is None:
        return
    for old_codename, new_codename in {"view_chorerun": "view_taskrun", "run_chore": "run_task"}.items():
        old_permission = Permission.objects.filter(content_type=old, codename=old_codename).first()
        new_permission = Permission.objects.get(content_type=new, codename=new_codename)
        if old_permission is None:
            continue
        for group in Group.objects.filter(permissions=old_permission):
            group.permissions.add(new_permission)
        for user in User.objects.filter(user_permissions=old_permission):
            user.user_permissions.add(new_permission)
        old_permission.delete()
    LogEntry.objects.filter(content_type=old).update(content_type=new)
    old.delete()
    ContentType.objects.clear_cache()
