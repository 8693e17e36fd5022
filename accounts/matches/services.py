"""Services that compute and cache match scores, and store analyses submitted by clients."""

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
from market.jobs.match_profiles import CandidateProfile, build_job_profile
from market.jobs.match_score import FORMULA_VERSION, MatchScore, build_fingerprint, score_match
from market.selectors import get_posting_demand

# Longer than postings are stored. The score of a deleted posting cannot be requested.
MATCH_TTL = timedelta(days=120)
MAX_RESOURCES = 3


class NothingToCompare(RuntimeError):
    """Raised when there is not enough data for a score.

    `reason` is `empty_profile`, or `nothing` if the posting has no data to compare with the profile.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingSkill:
    """A skill that a posting requires and the user lacks. `demand_percentage` refers to the postings of the role."""

    skill: str
    must_have: bool
    demand_percentage: float
    resources: Sequence[Resource]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A stored match score. `role` is normalized, and `demand` holds the market shares that weighted the skills.

    `held_through` maps the matched skills that the user does not name to the user's skill that implies them.
    """

    user: ObjectId
    job: ObjectId
    match: dict[str, Any]
    role: str | None
    demand: Mapping[str, float]
    computed_at: datetime
    analysis: dict[str, Any] | None
    held_through: Mapping[str, str]

    @property
    def missing_skills(self) -> list[MissingSkill]:
        """The missing required skills, followed by the missing optional skills."""
        catalogue, required = get_resource_catalogue(), self.match["missing_skills"]
        return [
            MissingSkill(
                skill=skill,
                must_have=index < len(required),
                demand_percentage=round(100 * self.demand.get(skill, 0.0), 1),
                resources=catalogue.list_for_skill(skill)[:MAX_RESOURCES],
            )
            for index, skill in enumerate([*required, *self.match["missing_nice_to_have"]])
        ]


def match_job(*, user_id: ObjectId, candidate: CandidateProfile, posting: Mapping[str, Any], now: datetime) -> Match:
    """Return the match score of a posting row for a user. The cached score is reused until its input changes.

    Raises:
        NothingToCompare: the profile is empty, or the posting has no data to compare with it.
    """
    if candidate.is_empty:
        raise NothingToCompare("empty_profile")
    job_profile, demand = build_job_profile(posting), get_posting_demand(posting, now=now)
    inputs: dict[str, Any] = {
        "candidate": candidate,
        "job_profile": job_profile,
        "demand": demand.shares,
        "is_role_demand": demand.role is not None,
    }
    fingerprint = build_fingerprint(**inputs)
    key = {"user": user_id, "job": posting["_id"]}
    row = JobMatch._get_collection().find_one(key)
    if row is None or row.get("fingerprint") != fingerprint:
        score = score_match(**inputs)
        if score is None:
            raise NothingToCompare("nothing")
        computed = {"fingerprint": fingerprint, "match": _serialize_score(score), "computed_at": now}
        row = _upsert(key, computed | {"role": demand.role}, expires_at=now + MATCH_TTL)
    return Match(
        **key,
        match=row["match"],
        role=row.get("role"),
        demand=demand.shares,
        computed_at=row["computed_at"],
        analysis=row.get("analysis"),
        held_through={
            skill: candidate.held_through[skill]
            for skill in row["match"]["matched_skills"]
            if skill in candidate.held_through
        },
    )


def store_analysis(
    *, user_id: ObjectId, job_id: ObjectId, score: float, explanation: str | None, now: datetime
) -> dict[str, Any]:
    """Store and return a client's own analysis, replacing any previous one. `score` is from 0 to 100."""
    analysis = {"score": score, "explanation": explanation, "analyzed_at": now}
    _upsert({"user": user_id, "job": job_id}, {"analysis": analysis})
    return analysis


def export_matches(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the user's match scores and analyses for the data export."""
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
    """Delete the user's match scores and analyses."""
    JobMatch._get_collection().delete_many({"user": user_id})


def _upsert(
    key: Mapping[str, ObjectId], fields: dict[str, Any], *, expires_at: datetime | None = None
) -> dict[str, Any]:
    """Set fields in the row of a user and a job, and return the row. Rows with an analysis do not expire."""
    expiry = (
        {"$cond": [{"$ifNull": ["$analysis", False]}, "$$REMOVE", {"$literal": expires_at}]}
        if expires_at
        else "$$REMOVE"
    )
    change = {name: {"$literal": value} for name, value in fields.items()} | {"expires_at": expiry}
    rows = JobMatch._get_collection()

    def write() -> dict[str, Any]:
        row: dict[str, Any] = rows.find_one_and_update(
            key, [{"$set": change}], upsert=True, return_document=ReturnDocument.AFTER
        )
        return row

    try:
        return write()
    except DuplicateKeyError:
        # A concurrent request inserted the row, so the second attempt updates it.
        return write()


def _serialize_score(score: MatchScore) -> dict[str, Any]:
    return {
        "formula": FORMULA_VERSION,
        "score": score.score,
        "fit": score.fit,
        "conditions": score.conditions,
        "explanation": score.explanation,
        "parts": [
            {"name": part.name, "weight": part.weight, "score": part.score, "sentence": part.sentence}
            for part in score.parts
        ],
        "matched_skills": list(score.matched_skills),
        "missing_skills": list(score.missing_skills),
        "missing_nice_to_have": list(score.missing_nice_to_have),
        "soft_skills": list(score.soft_skills),
        "spoken_languages": list(score.spoken_languages),
    }
