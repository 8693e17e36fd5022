"""Migrations of stored data: each once, in order."""

import pytest

from career_navigator.data_migrations import apply_data_migrations
from market.tests.factories import NOW

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


def test_runs_each_once_in_order_and_again_what_broke_off(two_migrations, mongo):
    with pytest.raises(RuntimeError):
        apply_data_migrations(now=NOW)
    applied = apply_data_migrations(now=NOW), apply_data_migrations(now=NOW)

    assert ran == ["first", "second", "second"]
    assert applied == (["0002"], [])
    assert [row["_id"] for row in mongo.data_migrations.find()] == ["0001", "0002"]
