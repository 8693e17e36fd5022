"""Compute the market trends with plain aggregations over the postings, one per list in the response."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from market.daily_stats import MAX_SALARY_USD, MIN_SALARY_USD

Pipeline = list[dict[str, Any]]
# Copies of a posting count only in places and working modes.
_DISTINCT: dict[str, Any] = {"$match": {"copy_of": None}}


def aggregate_trends(*, database: Database[dict[str, Any]], days: int, today: datetime) -> dict[str, Any]:
    """Compute the lists of a response from the postings of the `days` days that end with `today` (UTC midnight)."""
    window = {"day": {"$gte": today - timedelta(days=days - 1), "$lte": today}, "hidden": {"$ne": True}}
    collection = database.job_postings

    def run_pipeline(stages: Pipeline) -> list[dict[str, Any]]:
        return list(collection.aggregate([{"$match": window}, *stages], allowDiskUse=True))

    return {name: run_pipeline(stages()) for name, stages in AGGREGATIONS.items()}


def _top_skills() -> Pipeline:
    return [
        _DISTINCT,
        {"$unwind": "$skills"},
        {"$group": {"_id": "$skills", "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}},
        {"$limit": 15},
    ]


def _top_locations() -> Pipeline:
    return [
        {"$group": {"_id": "$place", "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}},
        {"$limit": 10},
    ]


def _technology_trends() -> Pipeline:
    return [
        _DISTINCT,
        {"$match": {"skills_source": "slugs"}},
        {"$unwind": "$skills"},
        {"$group": {"_id": "$skills", "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}},
        {"$limit": 15},
    ]


def _salary_trends() -> Pipeline:
    return [
        _DISTINCT,
        {
            "$match": {
                "min_annual_salary_usd": {"$gte": MIN_SALARY_USD},
                "max_annual_salary_usd": {"$lte": MAX_SALARY_USD},
                "$expr": {"$lte": ["$min_annual_salary_usd", "$max_annual_salary_usd"]},
            }
        },
        {
            "$group": {
                "_id": "$place",
                "avg_min": {"$avg": "$min_annual_salary_usd"},
                "avg_max": {"$avg": "$max_annual_salary_usd"},
                "count": {"$sum": 1},
            }
        },
        {"$sort": {"count": -1, "_id": 1}},
        {"$limit": 10},
    ]


def _remote_distribution() -> Pipeline:
    return [{"$group": {"_id": "$remote", "count": {"$sum": 1}}}, {"$sort": {"_id": 1}}]


AGGREGATIONS: dict[str, Callable[[], Pipeline]] = {
    "top_skills": _top_skills,
    "top_locations": _top_locations,
    "technology_trends": _technology_trends,
    "salary_trends": _salary_trends,
    "remote_distribution": _remote_distribution,
}


def list_differences(response: dict[str, Any], aggregated: dict[str, Any]) -> list[str]:
    """Return the names of the lists in which the response differs from the aggregations."""
    response_rows = {
        "top_skills": [(row["skill"], row["count"]) for row in response["top_skills"]],
        "top_locations": [(row["location"], row["count"]) for row in response["top_locations"]],
        "technology_trends": [(row["technology"], row["count"]) for row in response["technology_trends"]],
        "salary_trends": [
            (row["location"], row["count"], row["avg_min"], row["avg_max"]) for row in response["salary_trends"]
        ],
        "remote_distribution": sorted((row["remote"], row["count"]) for row in response["remote_distribution"]),
    }
    aggregated_rows: dict[str, list[Any]] = {
        name: [(row["_id"], row["count"]) for row in aggregated[name]]
        for name in ("top_skills", "top_locations", "technology_trends")
    }
    aggregated_rows["salary_trends"] = [
        (row["_id"], row["count"], round(row["avg_min"]), round(row["avg_max"])) for row in aggregated["salary_trends"]
    ]
    remote_rows = [(row["_id"], row["count"]) for row in aggregated["remote_distribution"] if row["_id"] is not None]
    aggregated_rows["remote_distribution"] = sorted(remote_rows)
    return [name for name, rows in response_rows.items() if rows != aggregated_rows[name]]
