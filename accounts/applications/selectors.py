"""Queries for applications and the activity log, including their data exports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from mongoengine import DoesNotExist, QuerySet

from accounts.applications.documents import Activity, Application
from accounts.applications.reliability import ScoredHistory
from accounts.applications.serializers import ActivitySerializer
from accounts.applications.stages import ApplicationHistory
from accounts.matches.documents import JobMatch
from career_navigator.api.serializers import build_once
from market.documents import JobPostingDocument
from market.jobs.listings import JobListing
from market.jobs.match_score import FORMULA_VERSION
from market.jobs.selectors import QUERY_MILLISECONDS, list_rows


def find_stage(*, user_id: ObjectId, job_id: ObjectId) -> str | None:
    """Return the stage of the user's application for the job, or None if there is no application."""
    stage: str | None = Application.objects(user=user_id, job=job_id).scalar("stage").first()
    return stage


def attach_postings(applications: Sequence[Application], *, now: datetime) -> None:
    """Set `listing` of each application to its stored posting, or to its snapshot if the posting was deleted."""
    postings = {row["_id"]: row for row in list_rows([application.job for application in applications])}
    for application in applications:
        application.listing = JobListing(postings.get(application.job) or application.build_snapshot_row(), now=now)


def check_job(*, user_id: ObjectId, job_id: ObjectId) -> None:
    """Raise DoesNotExist unless the job is stored and visible, or the user has an application for it."""
    if (
        JobPostingDocument.objects(id=job_id, hidden__ne=True).only("id").first() is None
        and Application.objects(user=user_id, job=job_id).only("id").first() is None
    ):
        raise DoesNotExist


def list_scored_histories(*, user_id: ObjectId | None = None) -> list[ScoredHistory]:
    """Return the history of each application of a user, or of all users, with the match score of the job.

    Scores computed with an earlier version of the formula are omitted, because they are not comparable.
    """
    same_pair = {"$and": [{"$eq": ["$user", "$$user"]}, {"$eq": ["$job", "$$job"]}]}
    rows = Application._get_collection().aggregate(
        [
            {"$match": {} if user_id is None else {"user": user_id}},
            {
                "$lookup": {
                    "from": JobMatch._get_collection_name(),
                    "let": {"user": "$user", "job": "$job"},
                    "pipeline": [
                        {"$match": {"$expr": same_pair, "match.formula": FORMULA_VERSION}},
                        {"$project": {"_id": 0, "score": "$match.score"}},
                    ],
                    "as": "matches",
                }
            },
            {"$project": {"_id": 0, "stage": 1, "reached": 1, "score": {"$first": "$matches.score"}}},
        ],
        maxTimeMS=QUERY_MILLISECONDS,
    )
    return [
        ScoredHistory(
            history=ApplicationHistory(
                stage=row["stage"], reached={stage: day.date() for stage, day in row["reached"].items()}
            ),
            score=row.get("score"),
        )
        for row in rows
    ]


def export_applications(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the user's applications for the data export, newest first."""
    return [
        {
            "job_id": str(application.job),
            **{name: application[name] for name in Application.SNAPSHOT},
            "stage": application.stage,
            "reached": {stage: f"{day:%Y-%m-%d}" for stage, day in application.reached.items()},
            "note": application.note,
            "resume_id": str(application.resume) if application.resume else None,
            "created_at": application.created_at,
            "updated_at": application.updated_at,
        }
        for application in Application.objects(user=user_id).order_by("-created_at", "-id")
    ]


def list_timeline(*, application_id: ObjectId) -> QuerySet:
    """Return the log entries of an application as raw documents, oldest first."""
    return Activity.objects(application=application_id).order_by("created_at", "id").as_pymongo()


def export_activities(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the user's activity log for the data export, newest first."""
    activities = Activity.objects(user=user_id).order_by("-created_at", "-id").as_pymongo()
    return list(map(build_once(ActivitySerializer).to_representation, activities))
