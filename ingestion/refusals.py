"""Postings that collection refused, as far as the runs keep them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId

from career_navigator.connection import database

_MOST_RUNS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """What the last runs with refusals refused: how many of each reason, and those that were kept in full."""

    counts: Mapping[str, int]
    kept: list["Refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    run: ObjectId
    at: datetime
    reason: str
    message: str
    job_id: str


def recent_refusals() -> Refusals:
    """What the last hundred runs with refusals have of them, the newest run first."""
    runs = list(
        database()
        .collection_runs.find(
            {"refused_samples.0": {"$exists": True}}, {"created_at": 1, "refused": 1, "refused_samples": 1}
        )
        .sort([("created_at", -1), ("_id", -1)])
        .limit(_MOST_RUNS)
    )
    counts = Counter[str]()
    for run in runs:
        counts.update(run.get("refused") or {})
    return Refusals(counts=counts, kept=[_refusal(run, sample) for run in runs for sample in run["refused_samples"]])


def _refusal(run: Mapping[str, Any], sample: Mapping[str, Any]) -> Refusal:
    return Refusal(
        run=run["_id"],
        at=run["created_at"],
        reason=str(sample.get("reason", "")),
        message=str(sample.get("message", "")),
        job_id=str(sample.get("job_id", "")),
    )
