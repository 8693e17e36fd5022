"""Services for saved jobs, applications and the activity log. Every change adds an entry to the user's activity log.

The log is append-only. An application is written before its log entry and stores the id of that entry. If MongoDB
becomes unavailable in between, repeating the request adds the missing entry and changes nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bson import ObjectId
from mongoengine import NotUniqueError
from pymongo.errors import DuplicateKeyError

from accounts.applications.documents import Activity, Application
from accounts.applications.stages import SAVED, advance_stage
from accounts.documents import ConcurrentChange
from career_navigator.documents import StaleVersion
from market.daily_stats import day_start
from market.jobs.listings import JobListing
from market.jobs.selectors import find_job

# An attempt fails only if a concurrent change succeeded, and a user does not make this many changes at a time.
_MAX_ATTEMPTS = 10
# MongoDB stores times with millisecond precision.
_TICK = timedelta(milliseconds=1)


def record_activity(
    *,
    user_id: ObjectId,
    action_type: str,
    job_id: ObjectId | None = None,
    metadata: Mapping[str, Any] | None = None,
    application_id: ObjectId | None = None,
    activity_id: ObjectId | None = None,
    now: datetime,
) -> ObjectId:
    """Add an entry to a user's activity log and return its id.

    `metadata` is a JSON object whose keys contain neither "$" nor ".". `application_id` adds the entry to the timeline
    of that application. With an `activity_id` the call is idempotent: an existing entry with that id is left unchanged.
    """
    entry: dict[str, Any] = {"_id": activity_id or ObjectId(), "user": user_id, "action_type": action_type}
    optional = {"job": job_id, "metadata": dict(metadata) if metadata else None, "application": application_id}
    entry |= {name: value for name, value in optional.items() if value is not None} | {"created_at": now}
    try:
        Activity._get_collection().insert_one(entry)
    except DuplicateKeyError:
        if activity_id is None:
            raise
    entry_id: ObjectId = entry["_id"]
    return entry_id


class AlreadyApplied(RuntimeError):
    """Raised when unsaving a job that the user has applied for, so that the application data is not lost."""

    def __init__(self, stage: str) -> None:
        super().__init__(f"the application is at the stage {stage}")
        self.stage = stage


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveOutcome:
    """The result of saving a job. `activity_id` is the log entry of the request that first saved it."""

    activity_id: ObjectId
    is_new: bool


def save_job(
    *, user_id: ObjectId, job_id: ObjectId, metadata: Mapping[str, Any] | None = None, now: datetime
) -> SaveOutcome:
    """Save a job. A job that is already saved or applied for is left unchanged.

    Raises:
        DoesNotExist: there is no such job.
    """
    application, is_new = _find_or_save(user_id=user_id, job_id=job_id, now=now)
    if application.stage == SAVED and application.activity == application.first_activity:
        record_activity(
            user_id=user_id,
            action_type="save_job",
            job_id=job_id,
            metadata=metadata,
            application_id=application.pk,
            activity_id=application.activity,
            now=application.created_at,
        )
    return SaveOutcome(activity_id=application.first_activity, is_new=is_new)


def unsave_job(*, user_id: ObjectId, job_id: ObjectId, seen_at: datetime | None = None, now: datetime) -> None:
    """Remove a saved job.

    Raises:
        DoesNotExist: the job is not saved.
        AlreadyApplied: the application is past the stage `saved`.
        StaleVersion: `seen_at` is given, and the stored application is not that version.
    """
    version = {"updated_at": seen_at} if seen_at is not None else {}
    while Application.objects(user=user_id, job=job_id, stage=SAVED, **version).modify(remove=True) is None:
        application = Application.objects.get(user=user_id, job=job_id)
        # If the stage is `saved`, a concurrent request saved the job again, and the next iteration removes it.
        if application.stage != SAVED:
            raise AlreadyApplied(application.stage)
        if seen_at not in (None, application.updated_at):
            raise StaleVersion("the application has changed since the given version")
    record_activity(user_id=user_id, action_type="unsave_job", job_id=job_id, now=now)


def set_stage(
    *,
    user_id: ObjectId,
    job_id: ObjectId,
    stage: str,
    note: str | None = None,
    date: date | None = None,
    resume_id: ObjectId | None = None,
    seen_at: datetime | None = None,
    now: datetime,
) -> Application:
    """Move a user's application for a job to a stage, and create the application if necessary.

    `date` is the date on which the stage was reached. It defaults to the recorded date of the stage, or else today. If
    `note` or `resume_id` is None, that field is not changed. An empty note clears the note. If nothing changes, no log
    entry is added.

    Raises:
        DoesNotExist: there is no such job.
        DayRejected: the date is not possible (see `accounts.applications.stages`).
        StaleVersion: `seen_at` is given, and the stored application is not that version.
        ConcurrentChange: concurrent requests kept changing the application.
    """
    # Truncate to MongoDB's precision, so that the returned document equals the stored one.
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    for _ in range(_MAX_ATTEMPTS):
        application = Application.objects(user=user_id, job=job_id).first()
        seen = application.activity if application is not None else None
        if seen_at is not None and (application is None or application.updated_at != seen_at):
            raise StaleVersion("the application has changed since the given version")
        if application is None:
            application = _build_application(user_id=user_id, job_id=job_id, now=now)
        if not _apply_change(application, stage=stage, note=note, day=date, resume_id=resume_id, now=now) or (
            _insert(application) if seen is None else _update(application, seen=seen)
        ):
            _record_change(application)
            return application
    raise ConcurrentChange(f"concurrent requests changed the application {_MAX_ATTEMPTS} times")


def detach_resume(*, user_id: ObjectId, resume_id: ObjectId) -> None:
    """Remove references to a deleted resume. No log entry is added, because this is not a change made by the user."""
    Application.objects(user=user_id, resume=resume_id).update(unset__resume=True)


def _find_or_save(*, user_id: ObjectId, job_id: ObjectId, now: datetime) -> tuple[Application, bool]:
    """Return the user's application for a job and whether it was created by this call."""
    # If a concurrent request saves the job first, the insert fails and the next iteration finds that application,
    # unless another request has removed it in the meantime.
    while True:
        application = Application.objects(user=user_id, job=job_id).first()
        if application is not None:
            return application, False
        application = _build_application(user_id=user_id, job_id=job_id, now=now)
        application.stage, application.reached = SAVED, {SAVED: day_start(now.astimezone(UTC).date())}
        if _insert(application):
            return application, True


def _build_application(*, user_id: ObjectId, job_id: ObjectId, now: datetime) -> Application:
    """Build an unsaved application without a stage for a stored job.

    Raises:
        DoesNotExist: there is no such job.
    """
    listing = JobListing(find_job(str(job_id)), now=now)
    activity_id = ObjectId()
    return Application(
        user=user_id,
        job=job_id,
        title=listing.title,
        **{name: getattr(listing, name) for name in ("company", "url", "location")},
        activity=activity_id,
        first_activity=activity_id,
        created_at=now,
        updated_at=now,
    )


def _apply_change(
    application: Application,
    *,
    stage: str,
    note: str | None,
    day: date | None,
    resume_id: ObjectId | None,
    now: datetime,
) -> bool:
    """Change the document in memory. Return False if nothing changed.

    Raises:
        DayRejected: the date is not possible.
    """
    reached = advance_stage(reached=application.stage_dates, stage=stage, day=day, today=now.astimezone(UTC).date())
    values = {
        "stage": stage,
        "reached": {name: day_start(reached_date) for name, reached_date in reached.items()},
        "note": application.note if note is None else note or None,
        "resume": resume_id or application.resume,
    }
    changed = {name for name, value in values.items() if application[name] != value}
    if not changed:
        return False
    for name in changed:
        application[name] = values[name]
    if application.pk is not None:
        # `updated_at` identifies the version, so it must increase.
        application.activity, application.updated_at = ObjectId(), max(now, application.updated_at + _TICK)
    return True


def _insert(application: Application) -> bool:
    """Store a new application. Return False if a concurrent request stored one first."""
    try:
        application.save(force_insert=True)
    except NotUniqueError:
        return False
    return True


def _update(application: Application, *, seen: ObjectId) -> bool:
    """Store the changes of an application. Return False if it was changed or removed after `seen`, its last entry."""
    application.validate()
    row = application.to_mongo()
    names = ("stage", "reached", "note", "resume", "activity", "updated_at")
    change = {
        "$set": {name: row[name] for name in names if name in row},
        "$unset": {name: "" for name in names if name not in row},
    }
    written = Application._get_collection().update_one(
        {"_id": application.pk, "activity": seen}, {operator: values for operator, values in change.items() if values}
    )
    return bool(written.matched_count)


def _record_change(application: Application) -> None:
    """Add the log entry of the application's last change, unless it already exists."""
    metadata = {
        "stage": application.stage,
        "date": str(application.stage_date),
        "note": application.note,
        "resume_id": str(application.resume) if application.resume else None,
    }
    record_activity(
        user_id=application.user,
        action_type="stage",
        job_id=application.job,
        metadata={name: value for name, value in metadata.items() if value is not None},
        application_id=application.pk,
        activity_id=application.activity,
        now=application.updated_at,
    )


def erase_applications(user_id: ObjectId) -> None:
    """Delete the user's saved jobs and applications."""
    Application.objects(user=user_id).delete()


def erase_activities(user_id: ObjectId) -> None:
    """Delete the user's activity log."""
    Activity._get_collection().delete_many({"user": user_id})
