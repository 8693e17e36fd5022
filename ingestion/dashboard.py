"""Dashboard cards and charts, the readiness check, and the metrics of collection."""

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
# Twice the interval of the daily schedule, so that a single missed collection does not count as an outage.
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
    note="could not be stored by collections of the last 7 days",
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
    """Yield the credits per month, the state of the source, and the runs of the last 30 days."""
    # Both collections are read in one command, because the dashboard limits its number of commands.
    state_of_source = {"coll": "source_states", "pipeline": [{"$match": {"_id": THEIRSTACK}}]}
    rows = list(
        database().credit_months.aggregate(
            [{"$sort": {"_id": -1}}, {"$limit": MONTHS}, {"$unionWith": state_of_source}]
        )
    )
    state = next((row for row in rows if row["_id"] == THEIRSTACK), {})
    yield from _build_credit_items([row for row in rows[::-1] if row is not state], now)
    yield _build_source_card(state, now)
    yield from _build_run_items(now)


def _build_credit_items(months: list[dict[str, Any]], now: datetime) -> Iterator[Card | Chart]:
    budget = settings.THEIR_STACK_CREDIT_BUDGET
    spent = next((row["spent"] for row in months if row["_id"] == f"{now.astimezone(UTC):%Y-%m}"), 0)
    yield Card(
        title="Credits this month",
        value=f"{spent:,}",
        note="no budget is set" if budget is None else f"of a budget of {budget:,}",
        meaning="Each job that TheirStack returns costs one credit. Without credits, no new postings are collected.",
        tone="bad" if budget is not None and spent >= budget else "plain",
    )
    budgets = [] if budget is None else [Series(label="budget", values=[budget] * len(months), color=GREY)]
    yield Chart(
        title="Credits per month",
        empty_text="No credits have been spent yet.",
        labels=[row["_id"] for row in months],
        series=[Series(label="spent", values=[row["spent"] for row in months]), *budgets],
    )


def _build_source_card(state: dict[str, Any], now: datetime) -> Card:
    check_note = f"checked {format_age(since=state.get('checked_at'), now=now)} ago" if state else "never checked"
    meaning = "TheirStack is the source of the postings. No new postings arrive until this is resolved."
    if state.get("halted_at"):
        note = str(state.get("halt_reason"))
        return Card(title="TheirStack", value="halted", note=note, meaning=meaning, tone="bad")
    if state and not state.get("reachable"):
        note = str(state.get("problem"))
        return Card(title="TheirStack", value="unreachable", note=note, meaning=meaning, tone="bad")
    credits_left = state.get("credits_left")
    return Card(
        title="TheirStack credits",
        value="unknown" if credits_left is None else f"{credits_left:,}",
        note=check_note,
        meaning="Credits left on our account with TheirStack, the source of the postings.",
    )


def _build_run_items(now: datetime) -> Iterator[Card | Chart]:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=DAYS - 1)
    rows = database().collection_runs.find(
        {"created_at": {"$gte": since}}, {"created_at": 1, "status": 1, "finished_at": 1, "collected": 1}
    )
    counts: Counter[tuple[str, str]] = Counter()
    finished_times: list[datetime] = []
    for run in rows:
        status = run["status"] if run["status"] in _OUTCOMES else "open"
        counts[f"{run['created_at']:%m-%d}", status] += 1
        if status == "finished" and run.get("finished_at"):
            finished_times.append(run["finished_at"])
    last_finished_at = max(finished_times, default=None)
    open_count = sum(n for (_, status), n in counts.items() if status == "open")
    yield Card(
        title="Last successful collection",
        value=f"{format_age(since=last_finished_at, now=now)} ago" if last_finished_at else "none",
        note=f"{open_count} open now",
        meaning="The age of the newest collected postings. One collection per day is expected.",
        tone="good" if last_finished_at and now - last_finished_at < MAX_COLLECTION_AGE else "bad",
        route="admin:ingestion_collectionrun_changelist",
    )
    days = [f"{since + timedelta(days=day):%m-%d}" for day in range(DAYS)]
    yield Chart(
        title="Collection runs per day",
        empty_text="No collection has run yet. The daily schedule starts one, or use Collect now.",
        labels=days,
        series=[
            Series(label=status, values=[counts[day, status] for day in days], color=color)
            for status, color in _OUTCOMES.items()
        ],
        stacked=True,
    )


def check_collection() -> Check:
    """Return whether a collection has finished recently enough, for `/health/ready`."""
    ended_at = get_last_good_collection()
    if ended_at is None:
        return Check(True, "no collection has finished yet")
    age = timezone.now() - ended_at
    return Check(age <= MAX_COLLECTION_AGE, f"last finished collection: {age.total_seconds() / 3600:.1f} hours ago")


def measure_collection() -> Iterator[Metric]:
    """Yield the totals of all collections, for `/metrics`."""
    totals = get_collection_totals()
    pages = CounterMetricFamily("career_navigator_collection_pages", "Pages fetched.", value=totals.pages)
    credits = CounterMetricFamily("career_navigator_collection_credits", "Credits spent.", value=totals.credits)
    postings = CounterMetricFamily("career_navigator_collection_postings", "Postings by outcome.", labels=["outcome"])
    for outcome, count in totals.postings.items():
        postings.add_metric([outcome], count)
    rejections = CounterMetricFamily("career_navigator_collection_refusals", "Jobs rejected.", labels=["reason"])
    for reason, count in totals.refused.items():
        rejections.add_metric([reason], count)
    runs = GaugeMetricFamily("career_navigator_collection_runs", "Runs by status.", labels=["status"])
    for status, count in totals.runs.items():
        runs.add_metric([status], count)
    age = GaugeMetricFamily("career_navigator_collection_age_seconds", "Time since the last finished collection.")
    ended_at = get_last_good_collection()
    if ended_at:
        age.add_metric([], (timezone.now() - ended_at).total_seconds())
    yield from (pages, credits, postings, rejections, runs, age)
