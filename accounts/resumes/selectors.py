"""Reads of resumes. The bytes of a file that is not read yet are never among what is read here."""

import time
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine import QuerySet

from accounts.resumes.documents import Resume
from accounts.resumes.files.refusals import REASONS
from career_navigator.api.pagination import page_of
from career_navigator.connection import database
from career_navigator.throttling import waiting_slot

_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePage:
    """Some of a user's resumes, and how many there are in all."""

    resumes: list[dict[str, Any]]
    total: int


def find_resume(*, user_id: ObjectId, resume_id: str) -> Resume:
    """The user's resume. Raises DoesNotExist, also for an id that is none or another user's."""
    if not ObjectId.is_valid(resume_id):
        raise Resume.DoesNotExist("There is no such resume.")
    return _shown(user_id).get(id=ObjectId(resume_id))


def list_resumes(*, user_id: ObjectId, limit: int, offset: int) -> ResumePage:
    """A user's resumes, newest first."""
    found = _shown(user_id).exclude("upload", "parsed").order_by("-created_at", "-id")
    page = page_of(queryset=found, limit=limit, offset=offset)
    return ResumePage(resumes=[describe_resume(resume) for resume in page], total=found.count())


def wait_until_read(*, resume_id: ObjectId, seconds: float) -> None:
    """Return once the file was read, refused or deleted, after that time, or where too many requests wait already."""
    deadline = time.monotonic() + seconds
    with waiting_slot() as may_wait:
        while database().resumes.find_one({"_id": resume_id, "status": "processing"}, {"_id": 1}) is not None:
            if not may_wait or time.monotonic() > deadline:
                return
            time.sleep(_PAUSE_SECONDS)


def describe_resume(resume: Resume) -> dict[str, Any]:
    """A resume as it is answered in lists."""
    file = {"name": resume.file_name, "media_type": resume.media_type, "size": resume.file_size}
    return {
        "id": str(resume.pk),
        "user_id": str(resume.user),
        "job_id": str(resume.job) if resume.job else None,
        "source": resume.source,
        "status": resume.status,
        "refusal": {"reason": resume.refusal, "detail": REASONS[resume.refusal]} if resume.refusal else None,
        "version": resume.version,
        "content": resume.content,
        "missing_skills": list(resume.missing_skills),
        "file": file if resume.media_type else None,
        "confirmed_at": resume.confirmed_at,
        "created_at": resume.created_at,
    }


def export_resumes(user_id: ObjectId) -> list[dict[str, Any]]:
    return [
        describe_resume(resume) | {"parsed": resume.parsed} for resume in _shown(user_id).order_by("-created_at", "-id")
    ]


def _shown(user_id: ObjectId) -> QuerySet:
    return Resume.objects(user=user_id).exclude("upload")
