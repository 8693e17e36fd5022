"""The schedule of periodic tasks."""

import os
import subprocess
import sys
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from celery.schedules import crontab
from django.conf import settings

from career_navigator.celery import app
from career_navigator.environment import parse_collection_schedule

ROOT = Path(__file__).resolve().parents[2]
COLLECT = "collect the target roles of users"
CLEAN_UP = "delete postings past retention on Sunday"
REFRESH = "refresh the daily stats"
SATURDAY = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def get_next_time_of_entry(entry: str, *, zone: str, after: datetime) -> datetime:
    """Return when an entry is next due for a beat process in this time zone."""
    return get_next_time(settings.CELERY_BEAT_SCHEDULE[entry]["schedule"], zone=zone, after=after)


def get_next_time(schedule: crontab, *, zone: str, after: datetime) -> datetime:
    entry: Any = copy(schedule)
    clock = Celery(set_as_current=False)
    clock.conf.update(timezone=zone)
    entry.app = clock
    entry.nowfun = lambda: after.astimezone(ZoneInfo(zone))
    return (after + entry.remaining_estimate(after)).astimezone(ZoneInfo(zone))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 2 * * *", "2026-11-22 02:00"),
        ("30 14 * * *", "2026-11-21 14:30"),
        ("*/20 * * * *", "2026-11-21 12:20"),
        ("0 5 * * 1", "2026-11-23 05:00"),
        ("0 5 1 1 *", "2027-01-01 05:00"),
        ("  0   6  *  *  mon-fri ", "2026-11-23 06:00"),
    ],
)
def test_collects_at_the_times_of_the_cron_expression(caplog, expression, expected):
    due = get_next_time(parse_collection_schedule(expression), zone="UTC", after=SATURDAY)

    assert f"{due:%Y-%m-%d %H:%M}" == expected
    assert caplog.text == ""


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "daily",
        "0 2 * *",
        "0 2 * * * *",
        "60 2 * * *",
        "0 24 * * *",
        "a b c d e",
        "0 2 0 * *",
        "@daily",
        "*/0 * * * *",
        "-1 2 * * *",
    ],
)
def test_falls_back_to_two_in_the_morning_with_an_error_for_a_bad_expression(caplog, expression):
    due = get_next_time(parse_collection_schedule(expression), zone="UTC", after=SATURDAY)

    assert f"{due:%Y-%m-%d %H:%M}" == "2026-11-22 02:00"
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert f"JOB_COLLECTION_SCHEDULE={expression!r}" in record.getMessage()


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Auckland"])
def test_deletes_and_collects_in_the_configured_time_zone(zone):
    deleting = get_next_time_of_entry(CLEAN_UP, zone=zone, after=SATURDAY)
    collecting = get_next_time_of_entry(COLLECT, zone=zone, after=SATURDAY)

    assert f"{deleting:%a %H:%M}" == "Sun 03:00"
    assert f"{collecting:%H:%M}" == "02:00"
    assert timedelta() < deleting - SATURDAY <= timedelta(days=7)


@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Eucla", "Pacific/Chatham", "America/St_Johns"]
)
def test_refreshes_the_stats_at_midnight_utc_in_every_zone(zone):
    before = datetime(2026, 11, 21, 23, 59, 30, tzinfo=UTC)

    due = get_next_time_of_entry(REFRESH, zone=zone, after=before)

    assert due.astimezone(UTC) == datetime(2026, 11, 22, tzinfo=UTC)


def test_every_entry_names_an_existing_task():
    app.loader.import_default_modules()

    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_the_schedule_and_its_zone_are_in_the_configuration_that_beat_reads():
    # Runs in a separate process, because settings are read only once.
    script = (
        "from career_navigator.celery import app\n"
        "print(app.conf.timezone)\n"
        "for entry in app.conf.beat_schedule.values(): print(entry['task'], entry['schedule'])\n"
    )
    environment = os.environ | {"TIME_ZONE": "Asia/Kathmandu", "JOB_COLLECTION_SCHEDULE": "15 4 * * *"}

    printed = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    zone, *entries = printed.splitlines()
    schedule = dict(line.split(" ", 1) for line in entries)
    assert zone == "Asia/Kathmandu"
    assert schedule["ingestion.tasks.collect_daily"] == "<crontab: 15 4 * * * (m/h/dM/MY/d)>"
    # The schedule also contains entries of other apps.
    assert schedule["learning.tasks.check_links"].startswith("<crontab: 0 5 * * mon ")
