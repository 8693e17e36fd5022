"""What `/health/ready` and `/metrics` report of collections."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from career_navigator.observability.health import Check
from ingestion.selectors import collection_totals, last_good_collection

# Twice the daily schedule: one missed collection is no outage, two are.
OLDEST_GOOD_COLLECTION = timedelta(hours=48)


def check_collection() -> Check:
    """Return whether a collection has gone well lately, for `/health/ready`."""
    ended_at = last_good_collection()
    if ended_at is None:
        return Check(True, "nothing was collected yet")
    age = timezone.now() - ended_at
    return Check(age <= OLDEST_GOOD_COLLECTION, f"the last good one ended {age.total_seconds() / 3600:.1f} hours ago")


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
