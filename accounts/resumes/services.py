"""Writes of resumes that every source shares: storing one under its version, deleting, erasing."""

from datetime import datetime
from typing import Any

from bson import ObjectId
from mongoengine.errors import NotUniqueError

from accounts.applications.services import forget_resume
from accounts.documents import ConcurrentChange
from accounts.resumes.documents import Resume

# Two that are stored at the same moment take the same version; one of them counts again.
_TRIES = 20


class TooManyAtOnce(ConcurrentChange):
    """Others kept taking the next version."""

    reason = "too_many_at_once"


class AlreadyStored(Exception):
    """Another request has stored this very resume."""

    reason = "already_stored"


def next_version(*, user_id: ObjectId, source: str, job_id: ObjectId | None) -> int:
    """The version that the user's next resume of that source for that posting would have."""
    newest = Resume.objects(user=user_id, source=source, job=job_id).order_by("-version").only("version").first()
    return int(newest.version) + 1 if newest is not None else 1


def store_resume(
    *, user_id: ObjectId, source: str, job_id: ObjectId | None, status: str, now: datetime, **fields: Any
) -> Resume:
    """Store a resume under its next version, which the unique index decides where two are stored at once.

    The content, if there is any yet, names the version in its `meta`. Raises TooManyAtOnce, and AlreadyStored where
    another resume of the user has the same `idempotency_key`.
    """
    content = fields.pop("content", None)
    for _ in range(_TRIES):
        version = next_version(user_id=user_id, source=source, job_id=job_id)
        resume = Resume(
            user=user_id, source=source, job=job_id, status=status, version=version, created_at=now, **fields
        )
        if content:
            resume.content = content | {"meta": content.get("meta", {}) | {"version": str(version)}}
        try:
            resume.save(force_insert=True)
        except NotUniqueError as error:
            key = fields.get("idempotency_key")
            if key is not None and Resume.objects(user=user_id, idempotency_key=key).only("id").first() is not None:
                raise AlreadyStored("a resume with this key was stored at the same time") from error
            continue
        return resume
    raise TooManyAtOnce("others kept taking the next version")


def delete_resume(*, user_id: ObjectId, resume_id: ObjectId) -> bool:
    """Delete the user's resume, which no application names from then on; whether there was one."""
    deleted: int = Resume.objects(id=resume_id, user=user_id).delete()
    forget_resume(user_id=user_id, resume_id=resume_id)
    return deleted > 0


def erase_resumes(user_id: ObjectId) -> None:
    Resume.objects(user=user_id).delete()
