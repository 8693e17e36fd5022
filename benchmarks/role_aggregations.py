"""Compute the demand of a role with plain aggregations over its postings, using the index on role and day."""

from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from market.daily_stats import MAX_SALARY_USD, MIN_SALARY_USD


def aggregate_counts(
    *, database: Database[dict[str, Any]], role: str, days: int, last_day: datetime
) -> tuple[int, dict[str, int]]:
    """Count the role's distinct jobs in the `days` days that end with `last`, and those that require each skill."""
    match = _build_match(role, days, last_day)
    postings = database.job_postings.count_documents(match)
    grouped = database.job_postings.aggregate(
        [
            {"$match": match},
            {"$unwind": "$skills"},
            {"$group": {"_id": "$skills", "count": {"$sum": 1}}},
            {"$match": {"count": {"$gte": postings * 0.1}}},
            {"$sort": {"count": -1, "_id": 1}},
        ]
    )
    return postings, {row["_id"]: row["count"] for row in grouped}


def aggregate_gap_analysis(*, database: Database[dict[str, Any]], role: str, days: int, last_day: datetime) -> Any:
    """Compute the gap analysis without `learn_next`: current and earlier demand, and the salary per skill."""
    previous_counts = aggregate_counts(
        database=database, role=role, days=days, last_day=last_day - timedelta(days=days)
    )
    counts = aggregate_counts(database=database, role=role, days=days, last_day=last_day)
    has_usable_salary = {
        "min_annual_salary_usd": {"$gte": MIN_SALARY_USD},
        "max_annual_salary_usd": {"$lte": MAX_SALARY_USD},
        "$expr": {"$lte": ["$min_annual_salary_usd", "$max_annual_salary_usd"]},
    }
    pay = {"$avg": ["$min_annual_salary_usd", "$max_annual_salary_usd"]}
    grouped = database.job_postings.aggregate(
        [
            {"$match": _build_match(role, days, last_day) | has_usable_salary},
            {"$project": {"skills": 1, "pay": pay}},
            {"$unwind": "$skills"},
            {"$match": {"skills": {"$in": list(counts[1])}}},
            {"$group": {"_id": "$skills", "pay": {"$push": "$pay"}}},
        ]
    )
    return previous_counts, counts, {row["_id"]: sorted(row["pay"])[len(row["pay"]) // 2] for row in grouped}


def _build_match(role: str, days: int, last_day: datetime) -> dict[str, Any]:
    window = {"$gte": last_day - timedelta(days=days - 1), "$lte": last_day}
    return {"roles": role, "day": window, "hidden": {"$ne": True}, "copy_of": None}
