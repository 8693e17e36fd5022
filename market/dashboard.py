"""What the staff's dashboard and `/metrics` show of the market: stored stats alone, no posting is read."""

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

DAYS = 30
TOP = 10


def show_market(now: datetime) -> Iterator[Card | Chart]:
    """Postings a day, top skills and their change, pay by place, and how old the stats are."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=DAYS - 1)
    wanted = {"scope": MARKET_SCOPE, "day": {"$gte": since, "$lte": today}}
    rows = list(
        database()
        .market_figures.find(wanted, {"_id": 0, "day": 1, "postings": 1, "remote": 1, "computed_at": 1})
        .sort("day", 1)
    )
    by_day = {row["day"]: row for row in rows}
    days = [since + timedelta(days=day) for day in range(DAYS)]
    behind = database().dirty_days.estimated_document_count()
    computed_at = max((row["computed_at"] for row in rows), default=None)
    yield Card(
        title="Postings",
        value=f"{database().job_postings.estimated_document_count():,}",
        note=f"{sum(row['postings'] for row in rows):,} of the last {DAYS} days",
        meaning="What people search, and what trends and gaps are computed from.",
        route="admin:market_jobposting_changelist",
    )
    yield Card(
        title="Figures computed",
        value=f"{format_age(since=computed_at, now=now)} ago" if computed_at else "never",
        note=f"{behind} days are behind" if behind else "all days are up to date",
        meaning="What is curated or hidden shows in trends and gaps after the next computation.",
        tone="bad" if behind > DAYS else "plain",
    )
    yield Chart(
        title="Postings a day",
        empty_text="A collection or an import of postings fills this chart.",
        labels=[f"{day:%m-%d}" for day in days],
        series=[
            Series(label="remote", values=[_of(by_day, day, "remote") for day in days], color=GREEN),
            Series(
                label="other",
                values=[_of(by_day, day, "postings") - _of(by_day, day, "remote") for day in days],
                color=BLUE,
            ),
        ],
        stacked=True,
    )
    yield from _window_charts(now)


def _of(by_day: dict[datetime, dict[str, Any]], day: datetime, name: str) -> int:
    return int(by_day[day][name]) if day in by_day else 0


def _window_charts(now: datetime) -> Iterator[Chart]:
    answer = read_response(days=DAYS, now=now)
    window: dict[str, Any] = orjson.loads(answer[1]) if answer else {"top_skills": [], "salary_trends": []}
    skills = window["top_skills"][:TOP]
    yield Chart(
        title=f"Top skills, last {DAYS} days",
        empty_text="Postings of the last days that name skills fill this chart.",
        note="Share of postings in percent, beside the window before.",
        labels=[_skill_label(row) for row in skills],
        series=[
            Series(label="now", values=[row["percentage"] for row in skills]),
            Series(label="before", values=[row["previous_percentage"] for row in skills], color=GREY),
        ],
        rows=True,
    )
    # A mean of a few postings tells little of a place.
    places = sorted(window["salary_trends"][:TOP], key=lambda row: (-row["avg_max"], row["location"]))
    yield Chart(
        title=f"Pay by place, last {DAYS} days",
        empty_text="Postings of the last days that name a salary fill this chart.",
        note="Means of the lower and the upper ends, in thousand USD a year.",
        labels=[f"{row['location']} ({row['count']:,})" for row in places],
        series=[
            Series(label="from", values=[round(row["avg_min"] / 1000) for row in places], color=AMBER),
            Series(label="to", values=[round(row["avg_max"] / 1000) for row in places], color=GREEN),
        ],
        rows=True,
    )


def _skill_label(row: dict[str, Any]) -> str:
    # What an earlier release rendered has no change in points.
    change = row.get("change_in_points")
    return str(row["skill"]) if change is None else f"{row['skill']} {change:+.1f} points"


def measure_daily_stats() -> Iterator[Metric]:
    """Yield how far the daily stats are behind, for `/metrics`."""
    age = GaugeMetricFamily("career_navigator_figures_age_seconds", "Time since answers were last made from figures.")
    rendered_at = fail_fast_redis().get(RENDERED_AT_KEY)
    if isinstance(rendered_at, bytes):
        age.add_metric([], timezone.now().timestamp() - float(rendered_at))
    behind = GaugeMetricFamily("career_navigator_figures_dirty_days", "Days whose figures may be behind.")
    behind.add_metric([], database().dirty_days.estimated_document_count())
    yield from (age, behind)
