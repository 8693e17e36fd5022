"""A collection on a cluster: how it is begun, when it is over, and what it has left."""

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
from ingestion.fake_theirstack.server import FakeTheirStack
from ingestion.runs import start_run
from ingestion.services import run_inline
from ingestion.source import count_spent_credits
from ingestion.theirstack import build_client
from market.refresh import check_stats, refresh_stats
from tests.other_servers import mongodb_at, redis_at
from tests.processes import wait_until

ROLES = ("Software Engineer", "DevOps Engineer", "Backend Developer")
PLACE = "United States"
MAX_AGE_DAYS = 60
PAGE = 10
PAGE_SECONDS = 0.5
# Long enough to keep a page in hand over an election, and as long as a killed worker's role then waits.
LEASE_SECONDS = 40
# Of a run's time, and of the order in which its roles were worked off.
_INCIDENTAL = {"_id", "scraped_at", "updated_at", "computed_at", "search_keywords", "search_location"}

T = TypeVar("T")


@contextlib.contextmanager
def connected(*, mongodb_uri: str, redis_url: str, stand_in: FakeTheirStack) -> Iterator[None]:
    """This process works on the cluster too, whose database is indexed and seeded."""
    reset_caches()
    with (
        mongodb_at(mongodb_uri),
        redis_at(redis_url),
        override_settings(
            THEIR_STACK_BASE_URL=stand_in.url, THEIR_STACK_API_KEY=stand_in.api_key, MAX_JOBS_PER_SEARCH=PAGE
        ),
    ):
        create_indexes()
        call_command("seed", stdout=io.StringIO())
        yield
    reset_caches()


def deployment_settings(*, mongodb_uri: str, redis_url: str, stand_in: FakeTheirStack) -> dict[str, str]:
    """Return the variables of every process of a deployment."""
    return {
        "MONGODB_URI": mongodb_uri,
        "REDIS_URL": redis_url,
        "THEIR_STACK_BASE_URL": stand_in.url,
        "THEIR_STACK_API_KEY": stand_in.api_key,
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
    """Return what `function` returns once the servers that it asks are available again."""
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


def collect_undisturbed(stand_in: FakeTheirStack) -> dict[str, Any]:
    """Return what a run leaves that nothing happens to, on the database of this process."""
    with build_client() as client:
        run = run_inline(run=begin_run(), client=client, clock=timezone.now)
    assert (run.status, run.pages >= 8) == ("finished", True)
    return read_outcome(run, stand_in)


def read_outcome(run: CollectionRunDocument, stand_in: FakeTheirStack) -> dict[str, Any]:
    """Return what a run has left, without what depends on when, its figures brought up to date."""
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
        "paid": stand_in.credits_used,
        "pages asked": sorted(_asked(stand_in)),
        "spent by our count": count_spent_credits(now=timezone.now()),
    }


def _asked(stand_in: FakeTheirStack) -> list[str]:
    """Return the pages that were paid for, each as what was asked."""
    return [
        f"{asked.payload['job_title_or']} page {asked.payload.get('page', asked.payload.get('offset'))}"
        for asked in stand_in.requests
        if asked.path == "/v1/jobs/search" and asked.rows
    ]
