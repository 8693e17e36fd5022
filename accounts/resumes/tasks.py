"""What Celery runs for resumes."""

from bson import ObjectId
from celery import shared_task
from django.utils import timezone

from accounts.resumes import uploads
from career_navigator.background import RETRY_WHILE_UNAVAILABLE, Task
from career_navigator.celery import enqueue


# A reading has limits of its own, of seconds; these end one that is stuck outside of it.
@shared_task(soft_time_limit=30, time_limit=40, **RETRY_WHILE_UNAVAILABLE)
def read_upload(resume_id: str) -> None:
    """Read an uploaded file. Run twice, it does nothing the second time."""
    uploads.read_upload(resume_id=ObjectId(resume_id), now=timezone.now())


@shared_task(base=Task, title="Read lost uploads", icon="upload_file")
def take_up_lost_uploads() -> str | None:
    """Queue again what a crash or a lost queue left unread, and give up what is too old."""
    lost = uploads.find_lost_uploads(now=timezone.now())
    for resume_id in lost:
        enqueue(read_upload, str(resume_id))
    return f"queued {len(lost)} uploads" if lost else None
