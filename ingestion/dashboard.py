"""What the staff's dashboard, `/health/ready` and `/metrics` show of collections."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from career_navigator.admin_site.dashboard import AMBER, BLUE, GREEN, GREY, RED, Card, Chart, Series, age_text
from career_navigator.db.connection import database
from career_navigator.views import Check
from ingestion.selectors import collection_totals, last_good_collection
from ingestion.source import THEIRSTACK

DAYS = 30
MONTHS = 12
# Twice the daily schedule: one missed collection is no outage, two are.
MAX_COLLECTION_AGE = timedelta(hours=48)
_OUTCOMES = {"finished": GREEN, "failed": RED, "lost": AMBER, "cancelled": GREY, "open": BLUE}


def show_collection(now: datetime) -> Iterator[Card | Chart]:
    """The month's credits, the source's state, and the runs of the last days."""
    yield from _credits(now)
    yield _source(now)
    yield from _runs(now)


def _credits(now: datetime) -> Iterator[Card | Chart]:
    budget = settings.THEIR_STACK_CREDIT_BUDGET
    months = list(database().credit_months.find().sort("_id", -1).limit(MONTHS))[::-1]
    spent = next((row["spent"] for row in months if row["_id"] == f"{now.astimezone(UTC):%Y-%m}"), 0)
    yield Card(
        title="Credits this month",
        value=f"{spent:,}",
        note="no budget is set" if budget is None else f"of a budget of {budget:,}",
        tone="bad" if budget is not None and spent >= budget else "plain",
    )
    budgets = [] if budget is None else [Series(label="budget", values=[budget] * len(months), color=GREY)]
    yield Chart(
        title="Credits a month",
        labels=[row["_id"] for row in months],
        series=[Series(label="spent", values=[row["spent"] for row in months]), *budgets],
    )


def _source(now: datetime) -> Card:
    state: dict[str, Any] = database().source_states.find_one({"_id": THEIRSTACK}) or {}
    checked = f"checked {age_text(since=state.get('checked_at'), now=now)} ago" if state else "never checked"
    if state.get("halted_at"):
        return Card(title="TheirStack", value="halted", note=str(state.get("halt_reason")), tone="bad")
    if state and not state.get("reachable"):
        return Card(title="TheirStack", value="unreachable", note=str(state.get("problem")), tone="bad")
    left = state.get("credits_left")
    return Card(title="TheirStack's credits", value="unknown" if left is None else f"{left:,}", note=checked)


def _runs(now: datetime) -> Iterator[Card | Chart]:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=DAYS - 1)
    rows = database().collection_runs.find(
        {"created_at": {"$gte": since}}, {"created_at": 1, "status": 1, "finished_at": 1, "collected": 1}
    )
    counts: Counter[tuple[str, str]] = Counter()
    good: list[datetime] = []
    for run in rows:
        status = run["status"] if run["status"] in _OUTCOMES else "open"
        counts[f"{run['created_at']:%m-%d}", status] += 1
        if status == "finished" and run.get("finished_at"):
            good.append(run["finished_at"])
    last, still_open = max(good, default=None), sum(n for (_, status), n in counts.items() if status == "open")
    yield Card(
        title="Last good collection",
        value=f"{age_text(since=last, now=now)} ago" if last else "none",
        note=f"{still_open} open now",
        tone="good" if last and now - last < MAX_COLLECTION_AGE else "bad",
        route="admin:ingestion_collectionrun_changelist",
    )
    days = [f"{since + timedelta(days=day):%m-%d}" for day in range(DAYS)]
    yield Chart(
        title="Collection runs a day",
        labels=days,
        series=[
            Series(label=status, values=[counts[day, status] for day in days], color=color)
            for status, color in _OUTCOMES.items()
        ],
        stacked=True,
    )


def check_collection() -> Check:
    """Return whether a collection has gone well lately, for `/health/ready`."""
    ended_at = last_good_collection()
    if ended_at is None:
        return Check(True, "nothing was collected yet")
    age = timezone.now() - ended_at
    return Check(age <= MAX_COLLECTION_AGE, f"the last good one ended {age.total_seconds() / 3600:.1f} hours ago")


def measure_collection() -> Iterator[Metric]:
    """Yield what collections have brought and cost, for `/metrics`."""
    totals = collection_totals()
    pages = CounterMetricFamily("career_navigator_collection_pages", "Pages fetched.", value=totals.pages)
    credits = CounterMetricFamily("career_navigator_collection_credits", "Credits spent.", value=totals.credits)
    postings = CounterMetricFamily("career_navigator_collection_postings", "Postings by outcome.", labels=["outcome"])
    for outcome, count in totals.postings.items():
        postings.add_metric([outcome], count)
    refusals = CounterMetricFamily("career_navigator_collection_refusals", "Jobs refused.", labels=["reason"])
    for reason, count in totals.refused.items():
        refusals.add_metric([reason], count)
    runs = GaugeMetricFamily("career_navigator_collection_runs", "Runs by status.", labels=["status"])
    for status, count in totals.runs.items():
        runs.add_metric([status], count)
    age = GaugeMetricFamily("career_navigator_collection_age_seconds", "Time since the last good collection ended.")
    ended_at = last_good_collection()
    if ended_at:
        age.add_metric([], (timezone.now() - ended_at).total_seconds())
    yield from (pages, credits, postings, refusals, runs, age)
