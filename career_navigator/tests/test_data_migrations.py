"""Data migrations run once and in order. Also covers the migrations of the shared modules."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from career_navigator.db.bootstrap import apply_data_migrations, migrate_task_runs
from career_navigator.documents import TaskRunDocument
from career_navigator.tasks import run_chore
from tests.factories import NOW
from tests.queued import run_waiting

HOUR = timedelta(hours=1)
ran: list[str] = []


def migrate_first(*, now):
    ran.append("first")


def migrate_second(*, now):
    ran.append("second")
    if ran.count("second") == 1:
        raise RuntimeError("broke off")


@pytest.fixture
def two_migrations(mongo, settings):
    ran.clear()
    settings.DATA_MIGRATIONS = {"0001": f"{__name__}.migrate_first", "0002": f"{__name__}.migrate_second"}


def test_runs_each_migration_once_in_order_and_repeats_a_failed_one(two_migrations, mongo):
    with pytest.raises(RuntimeError):
        apply_data_migrations(now=NOW)
    applied = apply_data_migrations(now=NOW), apply_data_migrations(now=NOW)

    assert ran == ["first", "second", "second"]
    assert applied == (["0002"], [])
    assert [row["_id"] for row in mongo.data_migrations.find()] == ["0001", "0002"]


def build_old_run(name: str, status: str, outcome: str = "") -> dict[str, Any]:
    times = {"created_at": NOW, "started_at": NOW + HOUR, "finished_at": NOW + 2 * HOUR}
    return {"chore": name, "status": status, "asked_by": "root", "outcome": outcome, **times}


def test_converts_old_records_to_task_runs(mongo):
    old_runs = [
        build_old_run("clean-up", "finished", "deleted 3 postings"),
        build_old_run("check-links", "failed", "no network"),
    ]
    mongo.chore_runs.insert_many(old_runs)
    mongo.task_runs.insert_one({"task": "ingestion.tasks.check_figures", "due_at": NOW, "created_at": NOW})

    for _ in range(2):
        migrate_task_runs(now=NOW)

    cleaned, checked = (TaskRunDocument.objects.get(id=each["_id"]) for each in old_runs)
    assert (cleaned.task, cleaned.status, cleaned.result, cleaned.error) == (
        "ingestion.tasks.clean_up",
        "finished",
        "deleted 3 postings",
        "",
    )
    assert (checked.task, checked.status, checked.result, checked.error) == (
        "learning.tasks.check_links",
        "failed",
        "",
        "no network",
    )
    assert (cleaned.started_by, cleaned.created_at, cleaned.finished_at) == ("root", NOW, NOW + 2 * HOUR)
    assert TaskRunDocument.objects(due_at=NOW).get().task == "market.tasks.check_daily_stats"
    assert TaskRunDocument.objects.count() == 3
    assert "chore_runs" not in mongo.list_collection_names()


def test_runs_a_task_that_an_earlier_release_queued(mongo, redis):
    waiting = build_old_run("refresh-figures", "queued") | {"started_at": None, "finished_at": None}
    mongo.chore_runs.insert_one(waiting)
    migrate_task_runs(now=NOW)

    run_chore(str(waiting["_id"]))
    run_waiting(redis)

    run = TaskRunDocument.objects.get()
    assert (run.task, run.status, run.started_by) == ("market.tasks.refresh_daily_stats", "finished", "root")


def test_moves_permissions_and_log_entries_to_task_runs(admin_tables, mongo):
    old = ContentType.objects.create(app_label="career_navigator", model="chorerun")
    rights = [
        Permission.objects.create(content_type=old, codename=name, name=name) for name in ("view_chorerun", "run_chore")
    ]
    group, user = Group.objects.create(name="own"), User.objects.create_user("ann", password="Secret-123")
    group.permissions.set(rights)
    user.user_permissions.set(rights[1:])
    run = TaskRunDocument(task="a", status="finished", created_at=timezone.now()).save()
    LogEntry.objects.create(
        user=user,
        content_type=old,
        object_id=str(run.pk),
        object_repr="a",
        action_flag=CHANGE,
        change_message="Started.",
    )

    for _ in range(2):
        migrate_task_runs(now=NOW)

    assert {right.codename for right in group.permissions.all()} == {"view_taskrun", "run_task"}
    assert [right.codename for right in user.user_permissions.all()] == ["run_task"]
    assert LogEntry.objects.get(content_type__model="taskrun")
    assert not ContentType.objects.filter(model="chorerun").exists()
