"""Reads of applications and of the activity log, and what an account's export needs of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from mongoengine import DoesNotExist, QuerySet

from accounts.applications.documents import Activity, Application
from accounts.applications.serializers import ActivitySerializer
from accounts.applications.stages import ApplicationHistory
from career_navigator.api.serializers import build_once
from market.documents import JobPostingDocument
from market.jobs.listings import JobListing
from market.jobs.selectors import list_rows


def find_stage(*, user_id: ObjectId, job_id: ObjectId) -> str | None:
    """Return the stage of the user's application for the job, None without one."""
    stage: str | None = Application.objects(user=user_id, job=job_id).scalar("stage").first()
    return stage


def attach_postings(applications: Sequence[Application], *, now: datetime) -> None:
    """Set `listing` of each: its posting as it is stored, or as it was when the job was put here."""
    postings = {row["_id"]: row for row in list_rows([each.job for each in applications])}
    for each in applications:
        each.listing = JobListing(postings.get(each.job) or each.posting_as_it_was(), now=now)


def check_job(*, user_id: ObjectId, job_id: ObjectId) -> None:
    """Raise DoesNotExist unless the job is stored and shown, or among those that the user has saved or applied for."""
    if (
        JobPostingDocument.objects(id=job_id, hidden__ne=True).only("id").first() is None
        and Application.objects(user=user_id, job=job_id).only("id").first() is None
    ):
        raise DoesNotExist


def list_histories(*, user_id: ObjectId) -> list[ApplicationHistory]:
    """All of a user's applications, as far as the funnel goes by them."""
    rows = Application._get_collection().find({"user": user_id}, {"_id": 0, "stage": 1, "reached": 1})
    return [
        ApplicationHistory(stage=row["stage"], reached={stage: day.date() for stage, day in row["reached"].items()})
        for row in rows
    ]


def export_applications(user_id: ObjectId) -> list[dict[str, Any]]:
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
    """What has become of an application, as stored, oldest first."""
    return Activity.objects(application=application_id).order_by("created_at", "id").as_pymongo()


def export_activities(user_id: ObjectId) -> list[dict[str, Any]]:
    activities = Activity.objects(user=user_id).order_by("-created_at", "-id").as_pymongo()
    return list(map(build_once(ActivitySerializer).to_representation, activities))
