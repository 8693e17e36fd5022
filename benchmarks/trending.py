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

SMALL_COUNT = 10_000
WINDOWS = (30, 365)
ROUNDS = 7
CACHED_ROUNDS = 2_000
# The most recent days of older data are empty.
MAX_DATA_AGE_DAYS = 30


@dataclass(slots=True)
class Measurements:
    """The measurements of one database. Keys are windows in days."""

    first_responses: dict[int, Times] = field(default_factory=lambda: {days: Times() for days in WINDOWS})
    cached_responses: dict[int, Times] = field(default_factory=lambda: {days: Times() for days in WINDOWS})
    rendered_responses: dict[int, Times] = field(default_factory=lambda: {days: Times() for days in WINDOWS})
    one_day_refresh: Times = field(default_factory=Times)
    responses: dict[int, dict[str, Any]] = field(default_factory=dict)


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
    use_database(f"postings_{SMALL_COUNT}")
    load_database(SMALL_COUNT)
    small = measure()

    use_database(f"postings_{count}")
    full_refresh_seconds = load_database(count)
    stored_count = database().job_postings.estimated_document_count()
    average_size = database().command("collstats", "job_postings")["avgObjSize"]
    report.add_value("stored postings; average size", f"{stored_count:,}; {average_size:,} B")
    large = measure()
    today = day_start(timezone.now().date())
    aggregations = {days: Times() for days in WINDOWS}
    differing_lists = []
    for days in WINDOWS:
        for _ in range(5 if days < 100 else 3):
            aggregated = aggregations[days].measure(lambda days=days: aggregate(database(), days, today))
        differing_lists += list_window_differences(large.responses[days], aggregated)

    for days, target in zip(WINDOWS, (100, 500), strict=True):
        aggregation_seconds, first_responses = aggregations[days].median, large.first_responses[days]
        speedup = aggregation_seconds / first_responses.median
        report.add_value(f"five aggregations, {days} days", format_milliseconds(aggregation_seconds))
        report.require_at_most(
            f"first response after a refresh, {days} days",
            first_responses.median,
            aggregation_seconds / target,
            measured=f"{format_milliseconds(first_responses.median)} = 1/{speedup:,.0f}",
            target_text=f"<= 1/{target}",
        )
        report.add_value("  the slowest of the rounds", format_milliseconds(max(first_responses.seconds)))
    for days in WINDOWS:
        cached_responses = large.cached_responses[days]
        report.require_at_most(
            f"cached response inside the process, {days} days",
            cached_responses.median,
            0.001,
            measured=format_milliseconds(cached_responses.median),
            target_text="<= 1 ms",
        )
        report.add_value("  p99", format_milliseconds(cached_responses.p99))
    growth = large.first_responses[30].median / small.first_responses[30].median
    report.require_at_most(
        f"first response, {SMALL_COUNT:,} to {count:,} postings",
        growth,
        5,
        measured=f"{format_milliseconds(small.first_responses[30].median)} x {growth:.2f}",
        target_text="<= x 5",
    )
    for days in WINDOWS:
        rendered_seconds = large.rendered_responses[days].median
        ratio_text = f"1/{aggregations[days].median / rendered_seconds:,.0f}"
        report.add_value(
            f"response without Redis, from the stored stats, {days} days",
            f"{format_milliseconds(rendered_seconds)} = {ratio_text}",
        )
    report.add_value("refresh with one dirty day", format_milliseconds(large.one_day_refresh.median))
    if full_refresh_seconds:
        report.add_value("refresh with every day dirty", f"{full_refresh_seconds:,.1f} s")
    report.require_at_most(
        "lists whose counts differ from the aggregations",
        len(differing_lists),
        0,
        measured=", ".join(differing_lists) or "none",
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


def load_database(count: int) -> float | None:
    """Fill the database unless it is filled. Return the seconds of a complete refresh, None for kept data."""
    from django.utils import timezone

    from benchmarks.posting_set import store_generated_postings
    from career_navigator.db.connection import database
    from market.refresh import refresh_stats

    load_record = database().benchmark.find_one({"_id": "loaded"})
    if load_record is None or (timezone.now() - load_record["at"]).days > MAX_DATA_AGE_DAYS:
        for name in ("job_postings", "market_figures", "dirty_days", "known_roles"):
            database()[name].delete_many({})
        store_generated_postings(count=count, now=timezone.now())
        times = Times()
        times.measure(lambda: refresh_stats(now=timezone.now()))
        values = {"at": timezone.now(), "refresh_seconds": times.median}
        database().benchmark.replace_one({"_id": "loaded"}, values, upsert=True)
        return times.median
    seconds: float = load_record["refresh_seconds"]
    return seconds


def measure() -> Measurements:
    """Repeat: mark a day as dirty, refresh the stats and request each window. Then measure cached responses."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.utils import timezone

    from market.daily_stats import day_start
    from market.refresh import refresh_stats
    from market.selectors import render_response
    from market.stats_rows import mark_dirty

    measurements = Measurements()
    application = WSGIHandler()
    for days in WINDOWS:
        send_request(application, days)  # do not measure imports and new connections
    for _ in range(ROUNDS):
        mark_dirty(days=[day_start(timezone.now().date())])
        measurements.one_day_refresh.measure(lambda: refresh_stats(now=timezone.now()))
        for days in WINDOWS:
            # The refresh has changed the version, so the caches of this process are stale.
            body = measurements.first_responses[days].measure(lambda days=days: send_request(application, days))
            measurements.responses[days] = orjson.loads(body)
    for days in WINDOWS:
        for _ in range(CACHED_ROUNDS):
            measurements.cached_responses[days].measure(lambda days=days: send_request(application, days))
        for _ in range(5):
            measurements.rendered_responses[days].measure(
                lambda days=days: render_response(days=days, now=timezone.now())
            )
    return measurements


def send_request(application: Callable[..., Any], days: int) -> bytes:
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


def list_window_differences(response: dict[str, Any], aggregated: dict[str, Any]) -> list[str]:
    """Return the lists in which a response differs from the aggregations, with the window."""
    from benchmarks.aggregations import list_differences

    return [f"{name} of {response['window_days']} days" for name in list_differences(response, aggregated)]


if __name__ == "__main__":
    sys.exit(main())
