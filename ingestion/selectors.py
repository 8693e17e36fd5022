"""Reads of ingestion: totals over all runs, and the figures over what is stored."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from career_navigator.connection import database


@dataclass(slots=True, kw_only=True)
class CollectionTotals:
    """Sums over every run."""

    pages: int = 0
    credits: int = 0
    postings: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionStatistics:
    """Stored postings: how many, how many of them first collected lately, and the roles and places most seen."""

    total_jobs: int
    jobs_last_24h: int
    jobs_last_7d: int
    top_roles: list[dict[str, object]]
    top_locations: list[dict[str, object]]


def collection_totals() -> CollectionTotals:
    """Sums over every run."""
    totals = CollectionTotals()
    outcomes = ("collected", "updated", "unchanged", "filtered")
    fields = dict.fromkeys((*outcomes, "pages", "credits", "refused", "status"), 1)
    for run in database().collection_runs.find({}, fields):
        totals.runs[run["status"]] += 1
        totals.pages += run.get("pages", 0)
        totals.credits += run.get("credits", 0)
        totals.postings.update({outcome: run.get(outcome, 0) for outcome in outcomes})
        totals.refused.update(run.get("refused", {}))
    return totals


def last_good_collection() -> datetime | None:
    """When the last run that finished ended."""
    run = database().collection_runs.find_one(
        {"status": "finished"}, {"finished_at": 1}, sort=[("finished_at", -1), ("_id", -1)]
    )
    return run["finished_at"] if run else None


def get_collection_statistics(*, now: datetime, top: int = 10) -> CollectionStatistics:
    """Figures over the stored postings."""
    labels = {row["_id"]: row["label"] for row in database().known_roles.find()}
    postings = database().job_postings
    return CollectionStatistics(
        total_jobs=postings.estimated_document_count(),
        jobs_last_24h=postings.count_documents({"scraped_at": {"$gt": now - timedelta(hours=24)}}),
        jobs_last_7d=postings.count_documents({"scraped_at": {"$gt": now - timedelta(days=7)}}),
        top_roles=[
            {"role": labels.get(role, role), "count": count}
            for role, count in _most_frequent("roles", top, {"$project": {"roles": 1}}, {"$unwind": "$roles"})
        ],
        top_locations=[{"location": place, "count": count} for place, count in _most_frequent("place", top)],
    )


def _most_frequent(field_name: str, top: int, *stages: dict[str, object]) -> list[tuple[str, int]]:
    counted = database().job_postings.aggregate(
        [
            *stages,
            {"$group": {"_id": f"${field_name}", "count": {"$sum": 1}}},
            {"$sort": {"count": -1, "_id": 1}},
            {"$limit": top},
        ]
    )
    return [(row["_id"], row["count"]) for row in counted]
