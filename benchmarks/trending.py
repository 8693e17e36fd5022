"""Trending over a million postings: the first response after a refresh compared with plain aggregations.

python -m benchmarks.trending [--postings N] [--keep DIRECTORY]
"""

import argparse
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from benchmarks.report import Report, Times, format_milliseconds
from benchmarks.servers import start_servers, use_database

SMALL = 10_000
WINDOWS = (30, 365)
ROUNDS = 7
CACHED_ANSWERS = 2_000
# With older postings the last windows would be empty.
OLDEST_KEPT_DAYS = 30


@dataclass(slots=True)
class Measured:
    """The measurements of one database. Keys are windows in days."""

    first: dict[int, Times] = field(default_factory=lambda: {days: Times() for days in WINDOWS})
    cached: dict[int, Times] = field(default_factory=lambda: {days: Times() for days in WINDOWS})
    cold: dict[int, Times] = field(default_factory=lambda: {days: Times() for days in WINDOWS})
    refresh_of_a_day: Times = field(default_factory=Times)
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postings", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument(
        "--keep", type=Path, help="keep the data in this directory, so that a second run does not load it again"
    )
    # The cache holds a million postings, so that the disk does not slow down the aggregations.
    parser.add_argument(
        "--cache-gb", type=float, default=4.0, help="size of MongoDB's cache in GB (default: %(default)s)"
    )
    arguments = parser.parse_args()
    with start_servers(keep=arguments.keep, cache_gb=arguments.cache_gb):
        return compare(arguments.postings).show()


def compare(count: int) -> Report:
    """Measure a small and a large database, and the aggregations over the large one."""
    from django.utils import timezone

    from career_navigator.db.connection import database
    from market.daily_stats import day_start
    from market.refresh import check_stats

    report = Report(f"Trending over {count:,} postings of 400 days")
    use_database(f"postings_{SMALL}")
    load(SMALL)
    small = measure()

    use_database(f"postings_{count}")
    everything = load(count)
    stored = database().job_postings.estimated_document_count()
    size = database().command("collstats", "job_postings")["avgObjSize"]
    report.add_value("stored postings; average size", f"{stored:,}; {size:,} B")
    large = measure()
    today = day_start(timezone.now().date())
    aggregations = {days: Times() for days in WINDOWS}
    differing = []
    for days in WINDOWS:
        for _ in range(5 if days < 100 else 3):
            aggregated = aggregations[days].measure(lambda days=days: aggregate(database(), days, today))
        differing += list_window_differences(large.answers[days], aggregated)

    for days, target in zip(WINDOWS, (100, 500), strict=True):
        plain, first = aggregations[days].median, large.first[days]
        report.add_value(f"five aggregations, {days} days", format_milliseconds(plain))
        report.require_at_most(
            f"first answer after a refresh, {days} days",
            first.median,
            plain / target,
            measured=f"{format_milliseconds(first.median)} = 1/{plain / first.median:,.0f}",
            target_text=f"<= 1/{target}",
        )
        report.add_value("  the slowest of the rounds", format_milliseconds(max(first.seconds)))
    for days in WINDOWS:
        cached = large.cached[days]
        report.require_at_most(
            f"cached answer inside the process, {days} days",
            cached.median,
            0.001,
            measured=format_milliseconds(cached.median),
            target_text="<= 1 ms",
        )
        report.add_value("  p99", format_milliseconds(cached.p99))
    growth = large.first[30].median / small.first[30].median
    report.require_at_most(
        f"first answer, {SMALL:,} to {count:,} postings",
        growth,
        5,
        measured=f"{format_milliseconds(small.first[30].median)} x {growth:.2f}",
        target_text="<= x 5",
    )
    for days in WINDOWS:
        cold = large.cold[days].median
        factor = f"1/{aggregations[days].median / cold:,.0f}"
        report.add_value(
            f"response without Redis, from the stored stats, {days} days", f"{format_milliseconds(cold)} = {factor}"
        )
    report.add_value("refresh with one dirty day", format_milliseconds(large.refresh_of_a_day.median))
    if everything:
        report.add_value("refresh with every day dirty", f"{everything:,.1f} s")
    report.require_at_most(
        "lists that count otherwise than the aggregations",
        len(differing),
        0,
        measured=", ".join(differing) or "none",
        target_text="none",
    )
    check = check_stats()
    report.require_at_most(
        f"days of {check.days} whose stats differ from their postings",
        len(check.differing),
        0,
        measured=str(len(check.differing)),
        target_text="none",
    )
    return report


def load(count: int) -> float | None:
    """Fill the database unless it is filled. Return the seconds of a complete refresh, None for kept data."""
    from django.utils import timezone

    from benchmarks.posting_set import store_generated_postings
    from career_navigator.db.connection import database
    from market.refresh import refresh_stats

    loaded = database().benchmark.find_one({"_id": "loaded"})
    if loaded is None or (timezone.now() - loaded["at"]).days > OLDEST_KEPT_DAYS:
        for name in ("job_postings", "market_figures", "dirty_days", "known_roles"):
            database()[name].delete_many({})
        store_generated_postings(count=count, now=timezone.now())
        times = Times()
        times.measure(lambda: refresh_stats(now=timezone.now()))
        values = {"at": timezone.now(), "refresh_seconds": times.median}
        database().benchmark.replace_one({"_id": "loaded"}, values, upsert=True)
        return times.median
    seconds: float = loaded["refresh_seconds"]
    return seconds


def measure() -> Measured:
    """Repeat: mark a day as dirty, refresh the stats and request each window. Then measure cached responses."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.utils import timezone

    from market.daily_stats import day_start
    from market.refresh import refresh_stats
    from market.selectors import render_response
    from market.stats_rows import mark_dirty

    measured = Measured()
    application = WSGIHandler()
    for days in WINDOWS:
        ask(application, days)  # do not measure imports and new connections
    for _ in range(ROUNDS):
        mark_dirty(days=[day_start(timezone.now().date())])
        measured.refresh_of_a_day.measure(lambda: refresh_stats(now=timezone.now()))
        for days in WINDOWS:
            # The refresh has changed the version, so the caches of this process are stale.
            body = measured.first[days].measure(lambda days=days: ask(application, days))
            measured.answers[days] = orjson.loads(body)
    for days in WINDOWS:
        for _ in range(CACHED_ANSWERS):
            measured.cached[days].measure(lambda days=days: ask(application, days))
        for _ in range(5):
            measured.cold[days].measure(lambda days=days: render_response(days=days, now=timezone.now()))
    return measured


def ask(application: Callable[..., Any], days: int) -> bytes:
    """Send a request through the complete WSGI application and return the body."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/market/trending",
        "QUERY_STRING": f"days={days}",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "127.0.0.1:8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
    }
    statuses: list[str] = []
    response = application(environ, lambda status, headers, exc_info=None: statuses.append(status))
    body = b"".join(response)
    response.close()
    if not statuses[0].startswith("200"):
        raise RuntimeError(f"/market/trending?days={days} answered {statuses[0]}: {body[:200]!r}")
    return body


def aggregate(database: Any, days: int, today: Any) -> dict[str, Any]:
    """Compute the trends by plain aggregations."""
    from benchmarks.aggregations import aggregate_trends

    return aggregate_trends(database=database, days=days, today=today)


def list_window_differences(answer: dict[str, Any], aggregated: dict[str, Any]) -> list[str]:
    """Return the lists in which a response differs from the aggregations, with the window."""
    from benchmarks.aggregations import differences

    return [f"{name} of {answer['window_days']} days" for name in differences(answer, aggregated)]


if __name__ == "__main__":
    sys.exit(main())
