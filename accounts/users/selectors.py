"""Reads of what the endpoints under /users show beside the profile."""

from bson import ObjectId

from accounts.resumes.documents import Resume


def newest_resume_id(*, user_id: ObjectId) -> str | None:
    """The id of the resume that came last, refused files excepted; None when there is none."""
    resume = Resume.objects(user=user_id, status__ne="refused").order_by("-created_at", "-id").only("id").first()
    return str(resume.pk) if resume is not None else None
