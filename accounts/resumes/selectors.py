"""Reads of resumes. The bytes of a file that is not read yet are never among what is read here."""

import time
from typing import Any

from bson import ObjectId
from mongoengine import QuerySet

from accounts.resumes.documents import Resume
from accounts.resumes.serializers import ResumeSerializer
from career_navigator.api.serializers import build_once
from career_navigator.db.connection import database
from career_navigator.throttling import waiting_slot

_PAUSE_SECONDS = 0.05


def find_resume(*, user_id: ObjectId, resume_id: str) -> Resume:
    """The user's resume. Raises DoesNotExist, also for an id that is none or another user's."""
    if not ObjectId.is_valid(resume_id):
        raise Resume.DoesNotExist("There is no such resume.")
    return list_shown_resumes(user_id).get(id=ObjectId(resume_id))


def wait_until_read(*, resume_id: ObjectId, seconds: float) -> None:
    """Return once the file was read, refused or deleted, after that time, or where too many requests wait already."""
    deadline = time.monotonic() + seconds
    with waiting_slot() as may_wait:
        while database().resumes.find_one({"_id": resume_id, "status": "processing"}, {"_id": 1}) is not None:
            if not may_wait or time.monotonic() > deadline:
                return
            time.sleep(_PAUSE_SECONDS)


def export_resumes(user_id: ObjectId) -> list[dict[str, Any]]:
    return [
        build_once(ResumeSerializer).to_representation(resume) | {"parsed": resume.parsed}
        for resume in list_shown_resumes(user_id).order_by("-created_at", "-id")
    ]


def list_shown_resumes(user_id: ObjectId) -> QuerySet:
    return Resume.objects(user=user_id).exclude("upload")
