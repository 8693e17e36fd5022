"""Queries for resumes. They leave out `upload`, the bytes of a file that is still being processed."""

import time
from typing import Any

from bson import ObjectId
from mongoengine import QuerySet

from accounts.resumes.documents import Resume
from accounts.resumes.serializers import ResumeSerializer
from career_navigator.api.serializers import build_once
from career_navigator.db.connection import database
from career_navigator.throttling import waiting_slot

_POLL_INTERVAL_SECONDS = 0.05


def find_resume(*, user_id: ObjectId, resume_id: str) -> Resume:
    """Return a resume of the user.

    Raises:
        DoesNotExist: The id is malformed, unknown or belongs to another user's resume.
    """
    if not ObjectId.is_valid(resume_id):
        raise Resume.DoesNotExist("The resume id is malformed.")
    return list_resumes(user_id).get(id=ObjectId(resume_id))


def wait_until_read(*, resume_id: ObjectId, seconds: float) -> None:
    """Wait until a file has been read, rejected or deleted, for at most `seconds`.

    Returns immediately if too many requests are already waiting.
    """
    deadline = time.monotonic() + seconds
    with waiting_slot() as may_wait:
        while database().resumes.find_one({"_id": resume_id, "status": "processing"}, {"_id": 1}) is not None:
            if not may_wait or time.monotonic() > deadline:
                return
            time.sleep(_POLL_INTERVAL_SECONDS)


def export_resumes(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return all resumes of a user for a personal data export, newest first."""
    return [
        build_once(ResumeSerializer).to_representation(resume) | {"parsed": resume.parsed}
        for resume in list_resumes(user_id).order_by("-created_at", "-id")
    ]


def list_resumes(user_id: ObjectId) -> QuerySet:
    """Return a query for the user's resumes."""
    return Resume.objects(user=user_id).exclude("upload")
