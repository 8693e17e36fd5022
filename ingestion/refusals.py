"""Postings that collection refused, as far as the runs keep them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId

from career_navigator.connection import database

# A run keeps its first twenty refusals, so these are those of the last weeks.
_MOST_RUNS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    run: ObjectId
    at: datetime
    reason: str
    message: str
    job_id: str


def recent_refusals() -> list[Refusal]:
    """What the last runs with refusals kept of them, the newest run first."""
    runs = (
        database()
        .collection_runs.find({"refused_samples.0": {"$exists": True}}, {"created_at": 1, "refused_samples": 1})
        .sort([("created_at", -1), ("_id", -1)])
        .limit(_MOST_RUNS)
    )
    return [_refusal(run, sample) for run in runs for sample in run["refused_samples"]]


def _refusal(run: Mapping[str, Any], sample: Mapping[str, Any]) -> Refusal:
    return Refusal(
        run=run["_id"],
        at=run["created_at"],
        reason=str(sample.get("reason", "")),
        message=str(sample.get("message", "")),
        job_id=str(sample.get("job_id", "")),
    )
