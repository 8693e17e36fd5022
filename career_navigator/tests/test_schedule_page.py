"""The schedule page: its entries with their last and next runs."""

from datetime import UTC, datetime, timedelta

import pytest
from celery.schedules import crontab
from django.test import Client
from django.utils import timezone

from career_navigator.background import list_next_times
from career_navigator.celery import app
from tests.factories import TaskRunFactory

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)  # a Saturday
PAGE = "/admin/career_navigator/taskrun/schedule/"


def build_crontab(**fields: str) -> crontab:
    return crontab(**fields, app=app)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        (build_crontab(minute="0", hour="7"), ["2026-11-29 07:00", "2026-11-30 07:00"]),
        (build_crontab(minute="*/15"), ["2026-11-28 12:15", "2026-11-28 12:30"]),
        (build_crontab(minute="0", hour="3", day_of_week="sun"), ["2026-11-29 03:00", "2026-12-06 03:00"]),
        (build_crontab(minute="0", hour="0", day_of_month="31"), ["2026-12-31 00:00", "2027-01-31 00:00"]),
        (
            build_crontab(minute="0", hour="0", day_of_month="29", month_of_year="2"),
            ["2028-02-29 00:00", "2032-02-29 00:00"],
        ),
    ],
)
def test_lists_the_next_times_of_a_cron_expression(cron: crontab, expected: list[str]) -> None:
    assert [f"{time:%Y-%m-%d %H:%M}" for time in list_next_times(cron, count=2, now=NOW)] == expected


def test_entries_show_next_runs_and_are_ordered_by_them(staff_client: Client) -> None:
    page = staff_client.get(PAGE)
    entries = page.context["entries"]
    text = page.content.decode()

    assert {entry["name"] for entry in entries} == set(app.conf.beat_schedule)
    assert all(len(entry["next_times"]) == 3 for entry in entries)
    firsts = [entry["next_times"][0] for entry in entries]
    assert firsts == sorted(firsts)
    assert min(firsts) > page.context["now"]
    assert all(entry["task"].title.replace("'", "&#x27;") in text for entry in entries)


def test_entry_shows_its_last_run(staff_client: Client) -> None:
    now = timezone.now()
    TaskRunFactory.create(task="learning.tasks.check_links", created_at=now - timedelta(days=7))
    last = TaskRunFactory.create(task="learning.tasks.check_links", created_at=now, status="failed")

    page = staff_client.get(PAGE).content.decode()

    assert f'/admin/career_navigator/taskrun/{last.id}/change/">failed, ' in page
    assert page.count(">never<") == len(app.conf.beat_schedule) - 1
