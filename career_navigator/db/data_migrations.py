"""Changes of stored data that a release needs once, numbered and recorded in the collection `data_migrations`."""

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.utils.module_loading import import_string
from pymongo.errors import DuplicateKeyError

from career_navigator.db.connection import database

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


_TASKS_OF_CHORES = {
    "check-theirstack": "ingestion.tasks.check_theirstack",
    "refresh-figures": "market.tasks.refresh_daily_stats",
    "check-figures": "market.tasks.check_daily_stats",
    "clean-up": "ingestion.tasks.clean_up",
    "check-links": "learning.tasks.check_links",
    "reread-skills": "market.tasks.reread_skills",
}


def migrate_task_runs(*, now: datetime) -> None:
    """Turn the records of chores into those of task runs, under the same ids, and follow what was renamed."""
    for chore in database().chore_runs.find().sort("_id", 1):
        run = _as_task_run(chore, now)
        database().task_runs.update_one({"_id": chore["_id"]}, {"$setOnInsert": run}, upsert=True)
    database().chore_runs.drop()
    for check in database().task_runs.find({"task": "ingestion.tasks.check_figures"}, {"_id": 1}):
        try:
            database().task_runs.update_one(check, {"$set": {"task": "market.tasks.check_daily_stats"}})
        except DuplicateKeyError:  # it has already run for that time under its new name
            database().task_runs.delete_one(check)
    _move_permissions()


def _as_task_run(chore: dict[str, Any], now: datetime) -> dict[str, Any]:
    outcome, status = chore.get("outcome", ""), chore.get("status", "failed")
    run = {
        "task": _TASKS_OF_CHORES.get(chore["chore"], chore["chore"]),
        "task_id": str(chore["_id"]),
        "started_by": chore["asked_by"],
        "status": status,
        "result": "" if status == "failed" else outcome,
        "error": outcome if status == "failed" else "",
        "created_at": chore["created_at"],
        "started_at": chore.get("started_at"),
        "finished_at": chore.get("finished_at"),
        "lease_ends_at": now if status == "running" else None,
    }
    return {name: value for name, value in run.items() if value is not None}


def _move_permissions() -> None:
    """Give users and groups that may see and start chores the same for task runs, and move the log of the admin."""
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
