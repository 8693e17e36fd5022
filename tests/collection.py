"""Jobs for the fake TheirStack, and helpers that collect them with a clock that a test can move forward."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.documents import CollectionRunDocument
from ingestion.runs import start_run
from ingestion.services import run_inline
from ingestion.sources.theirstack.client import TheirStackClient

TODAY = datetime.now(UTC).date()


def job(number: int, *, title: str = "Backend Developer", days_old: int = 0, **fields) -> dict:
    posted = TODAY - timedelta(days=days_old)
    discovered = datetime.combine(posted, datetime.min.time()) + timedelta(seconds=number)
    return {
        "id": number,
        "job_title": title,
        "company": "Acme",
        "url": f"https://jobs.example.com/{number}",
        "date_posted": posted.isoformat(),
        "discovered_at": discovered.isoformat(),
        "location": "Austin, TX",
        "country_code": "US",
        "country_codes": ["US"],
        "remote": False,
        "technology_slugs": ["python"],
        "description": "A job.",
        **fields,
    }


class Clock:
    """A clock that a test can set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def start(*roles, **changes) -> CollectionRunDocument:
    """Start a run with the given roles. Keyword arguments override the defaults."""
    defaults: dict[str, Any] = {
        "trigger": "command",
        "places": ["United States"],
        "max_age_days": 14,
        "per_role_limit": 10,
    }
    return start_run(roles=roles or ["Backend Developer"], **defaults | {"now": datetime.now(UTC)} | changes)


def begin_run(clock, *, roles=(), places=("United States",), limit=100, days=14, **options) -> CollectionRunDocument:
    return start(*roles, places=places, max_age_days=days, per_role_limit=limit, now=clock(), **options)


def collect(client, clock, **options) -> CollectionRunDocument:
    return run_inline(run=begin_run(clock, **options), client=client, clock=clock)


class Killed(BaseException):
    """An exception that stands for SIGKILL. It bypasses `except Exception`, so no clean-up runs."""


class StalledClient(TheirStackClient):
    """A client that pauses at a page for longer than its lease, while another worker takes over the search.

    `meanwhile` runs during the pause. With `wakes_with` the request then raises that error.
    """

    def __init__(self, client: TheirStackClient, *, page: int, wakes_with: Callable[[], Any] | None = None) -> None:
        self._client = client
        self._page = page
        self._wakes_with = wakes_with
        self.meanwhile: Callable[[], Any] = list

    def search_jobs(self, payload, **options):
        if payload["page"] != self._page:
            return self._client.search_jobs(payload, **options)
        self._page = -1
        found = self._client.search_jobs(payload, **options)
        self.meanwhile()
        if self._wakes_with:
            raise self._wakes_with()
        return found


def run_in_threads(work: list[Callable[[], None]]) -> None:
    """Run all functions concurrently and raise the error of the first that failed."""
    failures: list[BaseException] = []

    def run(each):
        try:
            each()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
