"""Celery tasks for resumes."""

from bson import ObjectId
from celery import shared_task
from django.utils import timezone

from accounts.resumes import uploads
from career_navigator.background import RETRY_WHILE_UNAVAILABLE, Task
from career_navigator.celery import enqueue


# Reading a file is limited to seconds by the sandbox. These limits end a task that hangs outside the sandbox.
@shared_task(soft_time_limit=30, time_limit=40, **RETRY_WHILE_UNAVAILABLE)
def read_upload(resume_id: str) -> None:
    """Read an uploaded file. The task is idempotent."""
    uploads.read_upload(resume_id=ObjectId(resume_id), now=timezone.now())


@shared_task(base=Task, title="Read lost uploads", icon="upload_file")
def take_up_lost_uploads() -> str | None:
    """Queue uploads again if a crash or a queue failure left them unread, and reject those that are too old."""
    lost = uploads.find_lost_uploads(now=timezone.now())
    for resume_id in lost:
        enqueue(read_upload, str(resume_id))
    return f"queued {len(lost)} uploads" if lost else None
