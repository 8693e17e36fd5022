"""Taking uploaded resumes in. Text is read at once; a PDF or DOCX by a worker, in a process with limits.

Until it was read the file lies in the resume's own document, from which it is dropped whatever comes of it.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from celery import Task
from mongoengine import Q
from pymongo import ReturnDocument

from accounts.applications.services import record_activity
from accounts.resumes.documents import Resume
from accounts.resumes.files.sandbox import (
    TEXT,
    FileRejected,
    FileText,
    check_text,
    decode_text,
    detect_file_type,
    extract_text,
    sanitize_file_name,
)
from accounts.resumes.json_resume import InvalidResume, check_resume
from accounts.resumes.parsing.resume import build_json_resume, parse_resume, serialize_resume
from accounts.resumes.services import AlreadyStored, TooManyAtOnce, store_resume
from career_navigator.api.exceptions import is_server_unavailable
from career_navigator.celery import enqueue
from career_navigator.documents import build_idempotency_key, find_repeated
from career_navigator.plain_text import make_plain
from skills.selectors import get_extractor, get_vocabulary

logger = logging.getLogger(__name__)

MAX_UPLOADS = 200
MAX_IN_PROGRESS = 5
# A reading that dies with its worker is begun again; a file that does that every time is given up.
MAX_ATTEMPTS = 3
# A reading ends within seconds; what waits for longer was lost, by the queue or with its worker.
LOST_TIMEOUT = timedelta(minutes=5)
GIVE_UP_TIMEOUT = timedelta(hours=6)
REJECTED_TTL = timedelta(days=7)
# An upload meets its twin at most once; a twin that is deleted in between makes room for it.
_MAX_TRIES = 3


class TooManyUploads(Exception):
    """The user keeps as many as they may."""


class TooManyInProgress(Exception):
    """The user's last files are still being read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What came with a request: text alone, or a file with its name."""

    data: bytes | str
    file_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOutcome:
    """The resume of an upload. Not new is one that the same upload, sent before, has stored."""

    resume: Resume
    is_new: bool


def accept_upload(
    *, user_id: ObjectId, job_id: ObjectId | None, upload: Upload, reader: "Task[[str], None]", now: datetime
) -> UploadOutcome:
    """Store an upload: `ready` where it is text, else `processing` and queued for `reader`, which takes its id.

    The same upload for the same job, repeated within minutes, is the one that is stored already, read or not. What is
    stored stays when the queue is unavailable: it is queued by a repetition, or by `find_lost_uploads`.

    Raises FileRejected, TooManyUploads, TooManyInProgress and TooManyAtOnce; then nothing was stored.
    """
    kind = TEXT if isinstance(upload.data, str) else detect_file_type(upload.data)
    data = upload.data.encode(errors="surrogatepass") if isinstance(upload.data, str) else upload.data
    key = build_idempotency_key(str(job_id), data)
    for _ in range(_MAX_TRIES):
        stored = find_repeated(Resume.objects.exclude("upload"), user_id=user_id, key=key, now=now)
        if stored is not None:
            _catch_up(stored, reader, now)
            return UploadOutcome(resume=stored, is_new=False)
        _check_room(user_id)
        try:
            return UploadOutcome(resume=_take(user_id, job_id, upload, kind, key, reader, now), is_new=True)
        except AlreadyStored:
            continue
    raise TooManyAtOnce("the same upload kept being stored and deleted")


def _take(
    user_id: ObjectId,
    job_id: ObjectId | None,
    upload: Upload,
    kind: str,
    key: str,
    reader: "Task[[str], None]",
    now: datetime,
) -> Resume:
    facts: dict[str, Any] = {"user_id": user_id, "source": "upload", "job_id": job_id, "now": now}
    facts |= {"media_type": kind, "file_size": len(upload.data), "idempotency_key": key}
    if upload.file_name is not None:
        facts["file_name"] = sanitize_file_name(upload.file_name)
    if kind == TEXT:
        text = check_text(upload.data) if isinstance(upload.data, str) else decode_text(upload.data)
        resume = store_resume(status="ready", **facts, **_build_parts(FileText(text=text), now=now))
        _record(resume)
        return resume
    resume = store_resume(status="processing", **facts, upload=upload.data, attempts=0, queued_at=now)
    _queue_reading(resume, reader)
    return resume


def _catch_up(resume: Resume, reader: "Task[[str], None]", now: datetime) -> None:
    """Do what the request that stored the upload could not do: add its line to the log, queue its reading."""
    if resume.status == "ready":
        _record(resume)
    elif resume.status == "processing" and resume.queued_at is None:
        waiting = Resume.objects(id=resume.pk, status="processing", queued_at=None)
        if waiting.update_one(set__queued_at=now):
            resume.queued_at = now
            _queue_reading(resume, reader)


def _queue_reading(resume: Resume, reader: "Task[[str], None]") -> None:
    """Queue the reading of a stored file; where the queue is unavailable, note that it is not queued."""
    if enqueue(reader, str(resume.pk)):
        return
    resume.queued_at = None
    try:
        Resume.objects(id=resume.pk).update_one(unset__queued_at=True)
    except Exception as unavailable:
        # Noted or not, the file is stored, and found again by the time for which it has waited.
        if not is_server_unavailable(unavailable):
            raise


def read_upload(*, resume_id: ObjectId, now: datetime) -> None:
    """Read a stored file and settle its resume. Harmless when run twice, or for a resume that is gone.

    Raises ExtractionFailed; the file then waits for the next attempt.
    """
    begun = Resume._get_collection().find_one_and_update(
        {"_id": resume_id, "status": "processing"},
        {"$inc": {"attempts": 1}},
        {"upload": 1, "attempts": 1},
        return_document=ReturnDocument.AFTER,
    )
    if begun is None:
        # A worker that died after settling it may have left the line out.
        _record_reading(resume_id)
        return
    if begun["attempts"] > MAX_ATTEMPTS:
        _reject(resume_id, "lost", now=now)
        return
    try:
        parts = _build_parts(extract_text(begun["upload"]), now=now)
    except FileRejected as refused:
        _reject(resume_id, refused.reason, now=now)
        return
    if _finish(resume_id, {"status": "ready", "updated_at": now, **parts}):
        _record_reading(resume_id)


def find_lost_uploads(*, now: datetime) -> list[ObjectId]:
    """List files that were never queued or whose reading should have ended, oldest first. The oldest are given up."""
    for resume in Resume.objects(status="processing", created_at__lt=now - GIVE_UP_TIMEOUT).only("id"):
        _reject(resume.pk, "lost", now=now)
    lost = Q(created_at__lt=now - LOST_TIMEOUT) | Q(queued_at=None)
    return [resume.pk for resume in Resume.objects(lost, status="processing").only("id").order_by("created_at", "id")]


def _check_room(user_id: ObjectId) -> None:
    if Resume.objects(user=user_id, source="upload", status="processing").count() >= MAX_IN_PROGRESS:
        raise TooManyInProgress(f"{MAX_IN_PROGRESS} files are still being read")
    if Resume.objects(user=user_id, source="upload").count() >= MAX_UPLOADS:
        raise TooManyUploads(f"{MAX_UPLOADS} uploaded resumes are kept")


def _build_parts(file: FileText, *, now: datetime) -> dict[str, Any]:
    """What is stored of a file's text. Raises FileRejected."""
    known, text = get_vocabulary(), make_plain(file.text).text
    parsed = parse_resume(text=text, links=file.links, spans=get_extractor().find_spans(text), now=now.date())
    names = {skill.name: entry.display_name for skill in parsed.skills if (entry := known.get(skill.name))}
    content = build_json_resume(parsed, names=names)
    try:
        check_resume(content)
    except InvalidResume as error:
        # Only a text of far more than a resume's length makes more than fits.
        logger.warning("a text makes no valid resume: %s", ", ".join(sorted(error.errors)))
        raise FileRejected("too_complex") from error
    return {"content": content, "parsed": serialize_resume(parsed, names=names)}


def _reject(resume_id: ObjectId, reason: str, *, now: datetime) -> None:
    # What was lost is to be uploaded again, as another resume.
    dropped = ("idempotency_key",) if reason == "lost" else ()
    _finish(
        resume_id,
        {"status": "refused", "refusal": reason, "updated_at": now, "expires_at": now + REJECTED_TTL},
        *dropped,
    )


def _finish(resume_id: ObjectId, fields: dict[str, Any], *dropped: str) -> bool:
    """End the processing and drop the file; whether it was this call that did."""
    settled = Resume._get_collection().update_one(
        {"_id": resume_id, "status": "processing"},
        {"$set": fields, "$unset": dict.fromkeys(("upload", "attempts", "queued_at", *dropped), "")},
    )
    return bool(settled.modified_count)


def _record_reading(resume_id: ObjectId) -> None:
    """Log that a file was read, unless it was deleted in that moment."""
    read = Resume.objects(id=resume_id, status="ready").exclude("upload").first()
    if read is not None:
        _record(read)


def _record(resume: Resume) -> None:
    """Tell it in the activity log, once whatever happens twice: the line has the resume's own id."""
    record_activity(
        user_id=resume.user,
        action_type="upload_resume",
        job_id=resume.job,
        metadata={"resume_id": str(resume.pk)},
        activity_id=resume.pk,
        now=resume.created_at,
    )
