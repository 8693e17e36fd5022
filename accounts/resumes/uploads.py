"""Process uploaded resumes. Text is read in the request; a worker reads a PDF or DOCX in a sandboxed process.

The resume's document stores the file until it has been read or rejected.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from celery import Task
from mongoengine import Q
from pymongo import ReturnDocument

from accounts.applications.services import record_activity
from accounts.resumes.documents import Resume
from accounts.resumes.files.formats import HTML, JSON, TEXT, XML, FileRejected, FileText, detect_file_type
from accounts.resumes.files.sandbox import extract_text, sanitize_file_name
from accounts.resumes.files.text import read_text
from accounts.resumes.imports.parsed import build_parsed
from accounts.resumes.json_resume import InvalidResume, check_resume
from accounts.resumes.parsing.resume import build_json_resume, parse_resume, serialize_resume
from accounts.resumes.services import DuplicateUpload, VersionConflict, store_resume
from career_navigator.api.exceptions import is_server_unavailable
from career_navigator.celery import enqueue
from career_navigator.documents import build_idempotency_key, find_repeated
from career_navigator.plain_text import make_plain
from skills.selectors import get_extractor, get_vocabulary

logger = logging.getLogger(__name__)

MAX_UPLOADS = 200
MAX_IN_PROGRESS = 5
# Maximum number of attempts to read a file. An attempt fails if its worker dies.
MAX_ATTEMPTS = 3
# Reading takes seconds, so an upload that is still waiting after this time was lost by the queue or by its worker.
LOST_TIMEOUT = timedelta(minutes=5)
GIVE_UP_TIMEOUT = timedelta(hours=6)
REJECTED_TTL = timedelta(days=7)
# A text in one of these formats is read in the same way as a file. Other text is read as it is.
PASTED_TYPES = frozenset({HTML, JSON, XML})
# An upload collides with an identical one at most once, unless that one is deleted in the meantime.
_MAX_STORE_ATTEMPTS = 3


class TooManyUploads(Exception):
    """Raised when the user already has MAX_UPLOADS uploaded resumes."""


class TooManyInProgress(Exception):
    """Raised when MAX_IN_PROGRESS files of the user are still being read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The resume in a request: a text, or the bytes and name of a file."""

    data: bytes | str
    file_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOutcome:
    """The resume of an upload. `is_new` is false if an earlier request stored the same upload."""

    resume: Resume
    is_new: bool


def accept_upload(
    *, user_id: ObjectId, job_id: ObjectId | None, upload: Upload, reader: "Task[[str], None]", now: datetime
) -> UploadOutcome:
    """Store an upload: text as `ready`, a file as `processing` with a queued `reader` task that takes the resume's id.

    If the same upload for the same job is repeated within minutes, the stored resume is returned. The resume is stored
    even if the queue is unavailable. A repeated upload or `find_lost_uploads` queues it later.

    Raises:
        FileRejected: The text or file cannot be accepted.
        TooManyUploads: The user has too many uploads.
        TooManyInProgress: Too many files of the user are being read.
        VersionConflict: Concurrent requests prevented the upload from being stored.
    """
    data = upload.data.encode(errors="surrogatepass") if isinstance(upload.data, str) else upload.data
    media_type = detect_file_type(data)
    if isinstance(upload.data, str) and media_type not in PASTED_TYPES:
        media_type = TEXT
    key = build_idempotency_key(str(job_id), data)
    for _ in range(_MAX_STORE_ATTEMPTS):
        stored = find_repeated(Resume.objects.exclude("upload"), user_id=user_id, key=key, now=now)
        if stored is not None:
            _complete_stored_upload(stored, reader, now)
            return UploadOutcome(resume=stored, is_new=False)
        _check_limits(user_id)
        try:
            resume = _store_upload(
                user_id=user_id, job_id=job_id, upload=upload, media_type=media_type, key=key, reader=reader, now=now
            )
        except DuplicateUpload:
            continue
        return UploadOutcome(resume=resume, is_new=True)
    raise VersionConflict("the same upload was repeatedly stored and deleted by concurrent requests")


def _store_upload(
    *,
    user_id: ObjectId,
    job_id: ObjectId | None,
    upload: Upload,
    media_type: str,
    key: str,
    reader: "Task[[str], None]",
    now: datetime,
) -> Resume:
    fields: dict[str, Any] = {"user_id": user_id, "source": "upload", "job_id": job_id, "now": now}
    fields |= {"media_type": media_type, "file_size": len(upload.data), "idempotency_key": key}
    if upload.file_name is not None:
        fields["file_name"] = sanitize_file_name(upload.file_name)
    if media_type == TEXT:
        resume = store_resume(status="ready", **fields, **_parse_text(read_text(upload.data), now=now))
        _record_upload(resume)
        return resume
    data = upload.data.encode(errors="replace") if isinstance(upload.data, str) else upload.data
    resume = store_resume(status="processing", **fields, upload=data, attempts=0, queued_at=now)
    _queue_reading(resume, reader)
    return resume


def _complete_stored_upload(resume: Resume, reader: "Task[[str], None]", now: datetime) -> None:
    """Do what the request that stored the upload may have failed to do: record the activity, queue the reading."""
    if resume.status == "ready":
        _record_upload(resume)
    elif resume.status == "processing" and resume.queued_at is None:
        unqueued = Resume.objects(id=resume.pk, status="processing", queued_at=None)
        if unqueued.update_one(set__queued_at=now):
            resume.queued_at = now
            _queue_reading(resume, reader)


def _queue_reading(resume: Resume, reader: "Task[[str], None]") -> None:
    """Queue the reading of a stored file. If the queue is unavailable, unset `queued_at`."""
    if enqueue(reader, str(resume.pk)):
        return
    resume.queued_at = None
    try:
        Resume.objects(id=resume.pk).update_one(unset__queued_at=True)
    except Exception as error:
        # The file is stored, and `find_lost_uploads` finds it after LOST_TIMEOUT even if `queued_at` is still set.
        if not is_server_unavailable(error):
            raise


def read_upload(*, resume_id: ObjectId, now: datetime) -> None:
    """Read a stored file and set its resume to `ready` or `refused`. Idempotent; ignores deleted resumes.

    Raises:
        ExtractionFailed: The sandbox did not start. The file is kept for the next attempt.
    """
    upload = Resume._get_collection().find_one_and_update(
        {"_id": resume_id, "status": "processing"},
        {"$inc": {"attempts": 1}},
        {"upload": 1, "attempts": 1},
        return_document=ReturnDocument.AFTER,
    )
    if upload is None:
        # A worker may have died after it finished the file and before it recorded the activity.
        _record_upload_if_ready(resume_id)
        return
    if upload["attempts"] > MAX_ATTEMPTS:
        _reject(resume_id, "lost", now=now)
        return
    try:
        fields = _parse_text(extract_text(upload["upload"]), now=now)
    except FileRejected as error:
        _reject(resume_id, error.reason, now=now)
        return
    if _finish(resume_id, {"status": "ready", "updated_at": now, **fields}):
        _record_upload_if_ready(resume_id)


def find_lost_uploads(*, now: datetime) -> list[ObjectId]:
    """Return uploads that were never queued or are older than LOST_TIMEOUT, oldest first.

    Uploads older than GIVE_UP_TIMEOUT are rejected instead.
    """
    for resume in Resume.objects(status="processing", created_at__lt=now - GIVE_UP_TIMEOUT).only("id"):
        _reject(resume.pk, "lost", now=now)
    lost = Q(created_at__lt=now - LOST_TIMEOUT) | Q(queued_at=None)
    return [resume.pk for resume in Resume.objects(lost, status="processing").only("id").order_by("created_at", "id")]


def _check_limits(user_id: ObjectId) -> None:
    if Resume.objects(user=user_id, source="upload", status="processing").count() >= MAX_IN_PROGRESS:
        raise TooManyInProgress(f"{MAX_IN_PROGRESS} files are still being read")
    if Resume.objects(user=user_id, source="upload").count() >= MAX_UPLOADS:
        raise TooManyUploads(f"the user has {MAX_UPLOADS} uploaded resumes")


def _parse_text(file: FileText, *, now: datetime) -> dict[str, Any]:
    """Return the `content`, `parsed` and `layout_features` fields of a resume.

    Raises:
        FileRejected: The text exceeds a limit of the JSON Resume schema.
    """
    if file.content is not None:
        return _build_imported(file.content, unread=file.unread, now=now)
    vocabulary, text = get_vocabulary(), make_plain(file.text).text
    # Normalization keeps every line break, so the styles still match the lines.
    parsed = parse_resume(
        text=text, links=file.links, styles=file.styles, spans=get_extractor().find_spans(text), now=now.date()
    )
    display_names = {skill.name: entry.display_name for skill in parsed.skills if (entry := vocabulary.get(skill.name))}
    content = build_json_resume(parsed, display_names=display_names)
    _check_content(content)
    return {
        "content": content,
        "parsed": serialize_resume(parsed, display_names=display_names),
        "layout_features": list(file.layout_features),
    }


def _build_imported(content: dict[str, Any], *, unread: Sequence[str], now: datetime) -> dict[str, Any]:
    """Return the `content` and `parsed` fields of a resume from a file in a structured format.

    Raises:
        FileRejected: The content exceeds a limit of the JSON Resume schema.
    """
    _check_content(content)
    parsed = build_parsed(
        content,
        find_spans=get_extractor().find_spans,
        get_display_name=get_vocabulary().get_display_name,
        unread=unread,
        now=now.date(),
    )
    return {"content": content, "parsed": parsed}


def _check_content(content: dict[str, Any]) -> None:
    try:
        check_resume(content)
    except InvalidResume as error:
        # Only texts much longer than a resume exceed the limits of the schema.
        logger.warning("the parsed resume is invalid in: %s", ", ".join(sorted(error.errors)))
        raise FileRejected("too_complex") from error


def _reject(resume_id: ObjectId, reason: str, *, now: datetime) -> None:
    # Without its key, a lost upload can be sent again as a new resume.
    unset_fields = ("idempotency_key",) if reason == "lost" else ()
    _finish(
        resume_id,
        {"status": "refused", "refusal": reason, "updated_at": now, "expires_at": now + REJECTED_TTL},
        *unset_fields,
    )


def _finish(resume_id: ObjectId, fields: dict[str, Any], *unset_fields: str) -> bool:
    """End the processing and delete the file. Return whether this call did it, not a concurrent one."""
    result = Resume._get_collection().update_one(
        {"_id": resume_id, "status": "processing"},
        {"$set": fields, "$unset": dict.fromkeys(("upload", "attempts", "queued_at", *unset_fields), "")},
    )
    return bool(result.modified_count)


def _record_upload_if_ready(resume_id: ObjectId) -> None:
    """Record the activity of a resume, unless the resume was rejected or has been deleted."""
    resume = Resume.objects(id=resume_id, status="ready").exclude("upload").first()
    if resume is not None:
        _record_upload(resume)


def _record_upload(resume: Resume) -> None:
    """Record the upload in the activity log. Idempotent, because the log entry has the resume's id."""
    record_activity(
        user_id=resume.user,
        action_type="upload_resume",
        job_id=resume.job,
        metadata={"resume_id": str(resume.pk)},
        activity_id=resume.pk,
        now=resume.created_at,
    )
