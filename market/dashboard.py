"""Market panels of the staff dashboard, and market metrics. Both read only stored stats, never postings."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from career_navigator.admin_site.dashboard import AMBER, BLUE, GREEN, GREY, Card, Chart, Series, format_age
from career_navigator.cache.client import fail_fast_redis
from career_navigator.db.connection import database
from market.documents import MARKET_SCOPE
from market.selectors import RENDERED_AT_KEY, read_response

WINDOW_DAYS = 30
MAX_ROWS = 10


def show_market(now: datetime) -> Iterator[Card | Chart]:
    """Yield the market's cards and charts: postings per day, stats age, top skills and pay by place."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=WINDOW_DAYS - 1)
    query = {"scope": MARKET_SCOPE, "day": {"$gte": since, "$lte": today}}
    rows = list(
        database()
        .market_figures.find(query, {"_id": 0, "day": 1, "postings": 1, "remote": 1, "computed_at": 1})
        .sort("day", 1)
    )
    by_day = {row["day"]: row for row in rows}
    days = [since + timedelta(days=day) for day in range(WINDOW_DAYS)]
    stale_days = database().dirty_days.estimated_document_count()
    computed_at = max((row["computed_at"] for row in rows), default=None)
    yield Card(
        title="Postings",
        value=f"{database().job_postings.estimated_document_count():,}",
        note=f"{sum(row['postings'] for row in rows):,} in the last {WINDOW_DAYS} days",
        meaning="The postings users can search. Trends and gap analyses are computed from them.",
        route="admin:market_jobposting_changelist",
    )
    yield Card(
        title="Stats computed",
        value=f"{format_age(since=computed_at, now=now)} ago" if computed_at else "never",
        note=f"{stale_days} {'day is' if stale_days == 1 else 'days are'} stale"
        if stale_days
        else "all days are up to date",
        meaning="Changes to skills and hidden postings affect trends and gap analyses after the next computation.",
        tone="bad" if stale_days > WINDOW_DAYS else "plain",
    )
    yield Chart(
        title="Postings per day",
        empty_text="This chart shows data after a collection or an import of postings.",
        labels=[f"{day:%m-%d}" for day in days],
        series=[
            Series(label="remote", values=[_get_count(by_day, day, "remote") for day in days], color=GREEN),
            Series(
                label="other",
                values=[_get_count(by_day, day, "postings") - _get_count(by_day, day, "remote") for day in days],
                color=BLUE,
            ),
        ],
        stacked=True,
    )
    yield from _build_window_charts(now)


def _get_count(by_day: dict[datetime, dict[str, Any]], day: datetime, name: str) -> int:
    return int(by_day[day][name]) if day in by_day else 0


def _build_window_charts(now: datetime) -> Iterator[Chart]:
    response = read_response(days=WINDOW_DAYS, now=now)
    window: dict[str, Any] = orjson.loads(response[1]) if response else {"top_skills": [], "salary_trends": []}
    skills = window["top_skills"][:MAX_ROWS]
    yield Chart(
        title=f"Top skills, last {WINDOW_DAYS} days",
        empty_text="This chart shows data when recent postings name skills.",
        note="Percentage of postings, compared with the previous window.",
        labels=[_build_skill_label(row) for row in skills],
        series=[
            Series(label="current", values=[row["percentage"] for row in skills]),
            Series(label="previous", values=[row["previous_percentage"] for row in skills], color=GREY),
        ],
        rows=True,
    )
    # Show only the places with the most salaries, because a mean of a few postings says little about a place.
    places = sorted(window["salary_trends"][:MAX_ROWS], key=lambda row: (-row["avg_max"], row["location"]))
    yield Chart(
        title=f"Pay by place, last {WINDOW_DAYS} days",
        empty_text="This chart shows data when recent postings state a salary.",
        note="Mean minimum and mean maximum, in thousands of USD per year.",
        labels=[f"{row['location']} ({row['count']:,})" for row in places],
        series=[
            Series(label="from", values=[round(row["avg_min"] / 1000) for row in places], color=AMBER),
            Series(label="to", values=[round(row["avg_max"] / 1000) for row in places], color=GREEN),
        ],
        rows=True,
    )


def _build_skill_label(row: dict[str, Any]) -> str:
    # Responses rendered by an earlier release have no `change_in_points`.
    change = row.get("change_in_points")
    return str(row["skill"]) if change is None else f"{row['skill']} {change:+.1f} points"


def measure_daily_stats() -> Iterator[Metric]:
    """Yield the metrics that show how stale the daily stats are."""
    age = GaugeMetricFamily(
        "career_navigator_figures_age_seconds", "Seconds since the trending responses were last rendered."
    )
    rendered_at = fail_fast_redis().get(RENDERED_AT_KEY)
    if isinstance(rendered_at, bytes):
        age.add_metric([], timezone.now().timestamp() - float(rendered_at))
    dirty_days = GaugeMetricFamily("career_navigator_figures_dirty_days", "Days whose stats may be stale.")
    dirty_days.add_metric([], database().dirty_days.estimated_document_count())
    yield from (age, dirty_days)
