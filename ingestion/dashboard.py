"""What the staff's dashboard, `/health/ready` and `/metrics` show of collections."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from career_navigator.admin_site.dashboard import (
    AMBER,
    ATTENTION_PERIOD,
    BLUE,
    GREEN,
    GREY,
    RED,
    Attention,
    Card,
    Chart,
    Series,
    format_age,
)
from career_navigator.db.connection import database
from career_navigator.views import Check
from ingestion.selectors import get_collection_totals, get_last_good_collection
from ingestion.source import THEIRSTACK

DAYS = 30
MONTHS = 12
# Twice the daily schedule: one missed collection is no outage, two are.
MAX_COLLECTION_AGE = timedelta(hours=48)
_OUTCOMES = {"finished": GREEN, "failed": RED, "lost": AMBER, "cancelled": GREY, "open": BLUE}


FAILED_RUNS = Attention(
    title="Failed collection runs",
    note="failed or lost in the last 7 days",
    permission="ingestion.view_collectionrun",
    route="admin:ingestion_collectionrun_changelist",
    collection="collection_runs",
    condition=lambda now: {
        "created_at": {"$gte": now - ATTENTION_PERIOD},
        "status": {"$in": ["failed", "lost"]},
    },
)
REJECTED_POSTINGS = Attention(
    title="Rejected postings",
    note="that collections of the last 7 days could not store",
    permission="ingestion.view_refusedposting",
    route="admin:ingestion_refusedposting_changelist",
    query=f"?days={ATTENTION_PERIOD.days}",
    collection="collection_runs",
    condition=lambda now: {
        "created_at": {"$gte": now - ATTENTION_PERIOD},
        "refused_samples.0": {"$exists": True},
    },
    amount={"$sum": {"$map": {"input": {"$objectToArray": {"$ifNull": ["$refused", {}]}}, "in": "$$this.v"}}},
)


def show_collection(now: datetime) -> Iterator[Card | Chart]:
    """The month's credits, the source's state, and the runs of the last days."""
    # Read at once: the page has few commands.
    state_of_source = {"coll": "source_states", "pipeline": [{"$match": {"_id": THEIRSTACK}}]}
    rows = list(
        database().credit_months.aggregate(
            [{"$sort": {"_id": -1}}, {"$limit": MONTHS}, {"$unionWith": state_of_source}]
        )
    )
    state = next((row for row in rows if row["_id"] == THEIRSTACK), {})
    yield from _credits([row for row in rows[::-1] if row is not state], now)
    yield _source(state, now)
    yield from _runs(now)


def _credits(months: list[dict[str, Any]], now: datetime) -> Iterator[Card | Chart]:
    budget = settings.THEIR_STACK_CREDIT_BUDGET
    spent = next((row["spent"] for row in months if row["_id"] == f"{now.astimezone(UTC):%Y-%m}"), 0)
    yield Card(
        title="Credits this month",
        value=f"{spent:,}",
        note="no budget is set" if budget is None else f"of a budget of {budget:,}",
        meaning="Each job that a collection is sent costs one. Without credits no new postings come.",
        tone="bad" if budget is not None and spent >= budget else "plain",
    )
    budgets = [] if budget is None else [Series(label="budget", values=[budget] * len(months), color=GREY)]
    yield Chart(
        title="Credits a month",
        empty_text="Collections that spend credits fill this chart.",
        labels=[row["_id"] for row in months],
        series=[Series(label="spent", values=[row["spent"] for row in months]), *budgets],
    )


def _source(state: dict[str, Any], now: datetime) -> Card:
    checked = f"checked {format_age(since=state.get('checked_at'), now=now)} ago" if state else "never checked"
    meaning = "The source of the postings. No new ones come until this is solved."
    if state.get("halted_at"):
        note = str(state.get("halt_reason"))
        return Card(title="TheirStack", value="halted", note=note, meaning=meaning, tone="bad")
    if state and not state.get("reachable"):
        note = str(state.get("problem"))
        return Card(title="TheirStack", value="unreachable", note=note, meaning=meaning, tone="bad")
    left = state.get("credits_left")
    return Card(
        title="TheirStack's credits",
        value="unknown" if left is None else f"{left:,}",
        note=checked,
        meaning="What is left on our account with the source of the postings.",
    )


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
        value=f"{format_age(since=last, now=now)} ago" if last else "none",
        note=f"{still_open} open now",
        meaning="Postings are as new as this. One collection per day is expected.",
        tone="good" if last and now - last < MAX_COLLECTION_AGE else "bad",
        route="admin:ingestion_collectionrun_changelist",
    )
    days = [f"{since + timedelta(days=day):%m-%d}" for day in range(DAYS)]
    yield Chart(
        title="Collection runs a day",
        empty_text="The daily schedule starts a collection, and so does Collect now.",
        labels=days,
        series=[
            Series(label=status, values=[counts[day, status] for day in days], color=color)
            for status, color in _OUTCOMES.items()
        ],
        stacked=True,
    )


def check_collection() -> Check:
    """Return whether a collection has gone well lately, for `/health/ready`."""
    ended_at = get_last_good_collection()
    if ended_at is None:
        return Check(True, "nothing was collected yet")
    age = timezone.now() - ended_at
    return Check(age <= MAX_COLLECTION_AGE, f"the last good one ended {age.total_seconds() / 3600:.1f} hours ago")


def measure_collection() -> Iterator[Metric]:
    """Yield what collections have brought and cost, for `/metrics`."""
    totals = get_collection_totals()
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
    ended_at = get_last_good_collection()
    if ended_at:
        age.add_metric([], (timezone.now() - ended_at).total_seconds())
    yield from (pages, credits, postings, refusals, runs, age)
