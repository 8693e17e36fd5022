"""Helpers that start a collection on a cluster, wait until it ends and read its outcome."""

import contextlib
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from career_navigator.api.exceptions import is_server_unavailable
from career_navigator.cache import reset_caches
from career_navigator.db import connection
from career_navigator.db.bootstrap import create_indexes
from ingestion.documents import OPEN_RUN_STATUSES, CollectionRunDocument
from ingestion.runs import start_run
from ingestion.services import run_inline
from ingestion.source import count_spent_credits
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from market.refresh import check_stats, refresh_stats
from tests.other_servers import mongodb_at, redis_at
from tests.processes import wait_until

ROLES = ("Software Engineer", "DevOps Engineer", "Backend Developer")
PLACE = "United States"
MAX_AGE_DAYS = 60
PAGE = 10
PAGE_SECONDS = 0.5
# The lease must outlast an election, so that a worker keeps its current page. It also delays the takeover of a killed
# worker's role.
LEASE_SECONDS = 40
# Fields that depend on the time of a run or on the order of its roles.
# `copy_group` is compared instead of `copy_of`, because ids of documents differ between runs.
_INCIDENTAL = {"_id", "copy_of", "scraped_at", "updated_at", "computed_at", "search_keywords", "search_location"}

T = TypeVar("T")


@contextlib.contextmanager
def connected(*, mongodb_uri: str, redis_url: str, fake_theirstack: FakeTheirStack) -> Iterator[None]:
    """Connect this process to the cluster, with an indexed and seeded database."""
    reset_caches()
    with (
        mongodb_at(mongodb_uri),
        redis_at(redis_url),
        override_settings(
            THEIR_STACK_BASE_URL=fake_theirstack.url,
            THEIR_STACK_API_KEY=fake_theirstack.api_key,
            MAX_JOBS_PER_SEARCH=PAGE,
        ),
    ):
        create_indexes()
        call_command("seed", stdout=io.StringIO())
        yield
    reset_caches()


def deployment_settings(*, mongodb_uri: str, redis_url: str, fake_theirstack: FakeTheirStack) -> dict[str, str]:
    """Return the environment variables of all processes of a deployment."""
    return {
        "MONGODB_URI": mongodb_uri,
        "REDIS_URL": redis_url,
        "THEIR_STACK_BASE_URL": fake_theirstack.url,
        "THEIR_STACK_API_KEY": fake_theirstack.api_key,
        "JWT_SECRET_KEY": settings.JWT_SECRET_KEY,
        "MAX_JOBS_PER_SEARCH": str(PAGE),
        "COLLECTION_LEASE_SECONDS": str(LEASE_SECONDS),
    }


def begin_run() -> CollectionRunDocument:
    return start_run(
        trigger="command",
        roles=ROLES,
        places=[PLACE],
        max_age_days=MAX_AGE_DAYS,
        per_role_limit=1_000,
        now=timezone.now(),
    )


def patiently(function: Callable[[], T], *, seconds: float = 60) -> T:
    """Call `function` until its servers are available again, and return its result."""
    give_up_at = timezone.now() + timedelta(seconds=seconds)
    while True:
        try:
            return function()
        except Exception as error:
            if not is_server_unavailable(error) or timezone.now() > give_up_at:
                raise


def wait_until_over(run_id: Any, *, seconds: float, what: Callable[[], str]) -> CollectionRunDocument:
    def look() -> CollectionRunDocument | None:
        run: CollectionRunDocument = patiently(lambda: CollectionRunDocument.objects.get(id=run_id))
        return run if run.status not in OPEN_RUN_STATUSES else None

    try:
        return wait_until(look, seconds=seconds, every=0.5, what="the run is over")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{what()}") from error


def collect_undisturbed(fake_theirstack: FakeTheirStack) -> dict[str, Any]:
    """Return the outcome of a run without faults on this process's database."""
    with build_client() as client:
        run = run_inline(run=begin_run(), client=client, clock=timezone.now)
    assert (run.status, run.pages >= 8) == ("finished", True)
    return read_outcome(run, fake_theirstack)


def read_outcome(run: CollectionRunDocument, fake_theirstack: FakeTheirStack) -> dict[str, Any]:
    """Refresh the stats and return the outcome of a run, without fields that depend on time."""
    refresh_stats(now=timezone.now())
    database = connection.database()

    def rows(collection: str, *key: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        return {
            tuple(row.get(name) for name in key): {k: v for k, v in row.items() if k not in _INCIDENTAL}
            for row in database[collection].find()
        }

    return {
        "status": run.status,
        "postings": rows("job_postings", "source", "job_id"),
        "figures": rows("market_figures", "scope", "day"),
        "differing days": check_stats().differing,
        "paid": fake_theirstack.credits_used,
        "pages asked": sorted(_asked(fake_theirstack)),
        "spent by our count": count_spent_credits(now=timezone.now()),
    }


def _asked(fake_theirstack: FakeTheirStack) -> list[str]:
    """Return the role and the page number of each page that was paid for."""
    return [
        f"{asked.payload['job_title_or']} page {asked.payload.get('page', asked.payload.get('offset'))}"
        for asked in fake_theirstack.requests
        if asked.path == "/v1/jobs/search" and asked.rows
    ]
