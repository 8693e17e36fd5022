"""Totals over all runs, and stats about the stored postings."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.selectors import get_collection_totals, get_ingestion_stats, get_last_good_collection
from market.membership import register_role
from market.services import store_postings
from tests.factories import CollectionRunFactory, PostingFactory

pytestmark = pytest.mark.usefixtures("mongo", "redis")

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def build_ended_run(status, *, hours_ago=0, **counts):
    finished_at = NOW - timedelta(hours=hours_ago)
    return CollectionRunFactory.create(status=status, created_at=finished_at, finished_at=finished_at, **counts)


def test_totals_of_no_runs_are_zero():
    totals = get_collection_totals()

    assert (totals.pages, totals.credits, dict(totals.runs), dict(totals.refused)) == (0, 0, {}, {})


def test_totals_cover_every_run():
    build_ended_run("finished", pages=2, credits=50, collected=40, unchanged=8, refused={"no_title": 2})
    build_ended_run(
        "failed", pages=1, credits=9, collected=1, updated=3, filtered=4, refused={"no_title": 1, "blurred": 1}
    )

    totals = get_collection_totals()

    assert (totals.pages, totals.credits) == (3, 59)
    assert totals.postings == {"collected": 41, "updated": 3, "unchanged": 8, "filtered": 4}
    assert totals.refused == {"no_title": 3, "blurred": 1}
    assert totals.runs == {"finished": 1, "failed": 1}


def test_the_last_good_collection_is_the_newest_that_finished():
    assert get_last_good_collection() is None
    build_ended_run("finished", hours_ago=30)
    build_ended_run("finished", hours_ago=5)
    build_ended_run("failed", hours_ago=1)

    assert get_last_good_collection() == NOW - timedelta(hours=5)


def test_stats_count_stored_and_recent_postings():
    register_role(role="Data Engineer", now=NOW)
    for age, count in ((timedelta(hours=1), 1), (timedelta(days=2), 2), (timedelta(days=8), 4)):
        store_postings(
            postings=[PostingFactory.build(place=f"{count} place") for _ in range(count)],
            role="Data Engineer" if count > 1 else "chef",
            now=NOW - age,
        )

    stats = get_ingestion_stats(now=NOW, top=2)

    assert (stats.total_jobs, stats.jobs_last_24h, stats.jobs_last_7d) == (7, 1, 3)
    assert stats.top_roles == [{"role": "Data Engineer", "count": 6}, {"role": "chef", "count": 1}]
    assert stats.top_locations == [{"location": "4 place", "count": 4}, {"location": "2 place", "count": 2}]


def test_a_posting_of_several_roles_counts_for_each():
    posting = PostingFactory.build()
    for role in ("Data Engineer", "Chef"):
        store_postings(postings=[posting], role=role, now=NOW)

    stats = get_ingestion_stats(now=NOW)

    assert stats.total_jobs == 1
    assert stats.top_roles == [{"role": "chef", "count": 1}, {"role": "data engineer", "count": 1}]
