"""How well postings suit users: computed and stored, with what users' clients have made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from accounts.matches.documents import JobMatch
from learning.resources import Resource
from learning.selectors import get_resource_catalogue
from market.jobs.match_score import CandidateProfile, MatchScore, build_fingerprint, build_job_profile, score_match
from market.selectors import get_posting_demand

# As long as postings are kept, and some: nobody can ask for the score of a posting that is gone.
KEPT = timedelta(days=120)
MAX_RESOURCES = 3


class NothingToCompare(RuntimeError):
    """Neither the profile nor the posting says enough for a score. `reason` is stable: `empty_profile` or `nothing`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingSkill:
    """A skill that a posting asks for and a user lacks; `demand_percentage` is of the role's postings."""

    skill: str
    must_have: bool
    demand_percentage: float
    resources: Sequence[Resource]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A stored match: `match` as it was computed, the (normalized) role and the market's shares that weighed it."""

    user: ObjectId
    job: ObjectId
    match: dict[str, Any]
    role: str | None
    demand: Mapping[str, float]
    computed_at: datetime
    analysis: dict[str, Any] | None

    @property
    def missing_skills(self) -> list[MissingSkill]:
        """What is asked for, then what is only wished for."""
        catalogue, asked_for = get_resource_catalogue(), self.match["missing_skills"]
        return [
            MissingSkill(
                skill=skill,
                must_have=place < len(asked_for),
                demand_percentage=round(100 * self.demand.get(skill, 0.0), 1),
                resources=catalogue.of(skill)[:MAX_RESOURCES],
            )
            for place, skill in enumerate([*asked_for, *self.match["missing_nice_to_have"]])
        ]


def match_job(*, user_id: ObjectId, candidate: CandidateProfile, posting: Mapping[str, Any], now: datetime) -> Match:
    """The score of a posting's row for a user: the stored one while all that it was computed from is the same.

    Raises NothingToCompare.
    """
    if candidate.is_empty:
        raise NothingToCompare("empty_profile")
    job_profile, weighed = build_job_profile(posting), get_posting_demand(posting, now=now)
    fingerprint = build_fingerprint(candidate=candidate, job_profile=job_profile, demand=weighed.shares)
    key = {"user": user_id, "job": posting["_id"]}
    row = JobMatch._get_collection().find_one(key)
    if row is None or row.get("fingerprint") != fingerprint:
        score = score_match(candidate=candidate, job_profile=job_profile, demand=weighed.shares)
        if score is None:
            raise NothingToCompare("nothing")
        computed = {"fingerprint": fingerprint, "match": _stored(score), "computed_at": now}
        row = _write(key, computed | {"role": weighed.role}, expires_at=now + KEPT)
    return Match(
        **key,
        match=row["match"],
        role=row.get("role"),
        demand=weighed.shares,
        computed_at=row["computed_at"],
        analysis=row.get("analysis"),
    )


def store_analysis(
    *, user_id: ObjectId, job_id: ObjectId, score: float, explanation: str | None, now: datetime
) -> dict[str, Any]:
    """Keep a client's own analysis (0 to 100), in place of the one before, and return it."""
    analysis = {"score": score, "explanation": explanation, "analyzed_at": now}
    _write({"user": user_id, "job": job_id}, {"analysis": analysis})
    return analysis


def export_matches(user_id: ObjectId) -> list[dict[str, Any]]:
    rows = JobMatch._get_collection().find({"user": user_id}).sort([("job", 1), ("_id", 1)])
    return [
        {
            "job_id": str(row["job"]),
            "match": row.get("match"),
            "computed_at": row.get("computed_at"),
            "analysis": row.get("analysis"),
        }
        for row in rows
    ]


def erase_matches(user_id: ObjectId) -> None:
    JobMatch._get_collection().delete_many({"user": user_id})


def _write(
    key: Mapping[str, ObjectId], fields: dict[str, Any], *, expires_at: datetime | None = None
) -> dict[str, Any]:
    """Set the fields of a user's and a job's row, and return it. A row with an analysis does not expire."""
    expiry = (
        {"$cond": [{"$ifNull": ["$analysis", False]}, "$$REMOVE", {"$literal": expires_at}]}
        if expires_at
        else "$$REMOVE"
    )
    change = {name: {"$literal": value} for name, value in fields.items()} | {"expires_at": expiry}
    rows = JobMatch._get_collection()

    def write() -> dict[str, Any]:
        written: dict[str, Any] = rows.find_one_and_update(
            key, [{"$set": change}], upsert=True, return_document=ReturnDocument.AFTER
        )
        return written

    try:
        return write()
    except DuplicateKeyError:
        # Another request has inserted the row at the same time; now it is there.
        return write()


def _stored(score: MatchScore) -> dict[str, Any]:
    return {
        "score": score.score,
        "explanation": score.explanation,
        "parts": [
            {"name": part.name, "weight": part.weight, "score": part.score, "sentence": part.sentence}
            for part in score.parts
        ],
        "matched_skills": list(score.matched_skills),
        "missing_skills": list(score.missing_skills),
        "missing_nice_to_have": list(score.missing_nice_to_have),
    }
