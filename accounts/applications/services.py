"""Saving jobs, and moving applications from stage to stage. Each act is a line in the user's activity log.

The log is append-only: nothing here changes a line. An application is written before its line, and keeps the line's id:
when MongoDB goes away in between, the same request, made again, adds the line that is missing and changes nothing else.
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

# A try fails when another change got through; nobody makes more of them at once.
_MAX_TRIES = 10
# MongoDB keeps times to the millisecond.
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
    """Add a line to a user's log and return its id.

    `metadata` is anything that JSON can have, its keys free of "$" and "."; `application_id` puts the line into that
    application's timeline. With an `activity_id` the same act may be told again: its line stays the one it is.
    """
    line: dict[str, Any] = {"_id": activity_id or ObjectId(), "user": user_id, "action_type": action_type}
    given = {"job": job_id, "metadata": dict(metadata) if metadata else None, "application": application_id}
    line |= {name: value for name, value in given.items() if value is not None} | {"created_at": now}
    try:
        Activity._get_collection().insert_one(line)
    except DuplicateKeyError:
        if activity_id is None:
            raise
    recorded: ObjectId = line["_id"]
    return recorded


class AlreadyApplied(RuntimeError):
    """The job is applied for: what was noted about that is not thrown away with a bookmark."""

    def __init__(self, stage: str) -> None:
        super().__init__(f"the application is at the stage {stage}")
        self.stage = stage


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveOutcome:
    """What came of saving a job: the line of the act that put it among the saved ones, now or earlier."""

    activity_id: ObjectId
    is_new: bool


def save_job(
    *, user_id: ObjectId, job_id: ObjectId, metadata: Mapping[str, Any] | None = None, now: datetime
) -> SaveOutcome:
    """Save a job; one that is saved or applied for stays as it is. Raises DoesNotExist when there is no such job."""
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
    """Take a job from the saved ones. Raises DoesNotExist when it is not there, and AlreadyApplied.

    With `seen_at`, raises StaleVersion where the stored application is not of that time.
    """
    version = {"updated_at": seen_at} if seen_at is not None else {}
    while Application.objects(user=user_id, job=job_id, stage=SAVED, **version).modify(remove=True) is None:
        application = Application.objects.get(user=user_id, job=job_id)
        # At `saved` another request has put it here in between, and it is removed in the next round.
        if application.stage != SAVED:
            raise AlreadyApplied(application.stage)
        if seen_at not in (None, application.updated_at):
            raise StaleVersion("the application was changed since it was seen")
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
    """Put a user's application for a job at a stage; its `activity` is the line that says so.

    `date` is the day on which it came there: by default the one that stands when it was there before, else today. A
    note or resume that is None stays as it is, an empty note is cleared. When nothing would change, no line is added.
    Raises DoesNotExist when there is no such job, DayRejected (see `accounts.applications.stages`), ConcurrentChange
    when others keep changing the application, and with `seen_at` StaleVersion where the stored one is not of that time.
    """
    # MongoDB keeps times to the millisecond; what is returned is what is stored.
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    for _ in range(_MAX_TRIES):
        application = Application.objects(user=user_id, job=job_id).first()
        seen = application.activity if application is not None else None
        if seen_at is not None and (application is None or application.updated_at != seen_at):
            raise StaleVersion("the application was changed since it was seen")
        if application is None:
            application = _new_application(user_id=user_id, job_id=job_id, now=now)
        if not _change(application, stage=stage, note=note, day=date, resume_id=resume_id, now=now) or (
            _insert(application) if seen is None else _replace(application, seen=seen)
        ):
            _record(application)
            return application
    raise ConcurrentChange("the application keeps being changed")


def detach_resume(*, user_id: ObjectId, resume_id: ObjectId) -> None:
    """Let no application name a resume that is gone. It is no act of the user's, so no line is added."""
    Application.objects(user=user_id, resume=resume_id).update(unset__resume=True)


def _find_or_save(*, user_id: ObjectId, job_id: ObjectId, now: datetime) -> tuple[Application, bool]:
    """Return a user's application for a job, saved now if there was none, and whether it was."""
    # Another request may save the job in between, so this one finds it, unless a third has removed it by then.
    while True:
        application = Application.objects(user=user_id, job=job_id).first()
        if application is not None:
            return application, False
        application = _new_application(user_id=user_id, job_id=job_id, now=now)
        application.stage, application.reached = SAVED, {SAVED: day_start(now.astimezone(UTC).date())}
        if _insert(application):
            return application, True


def _new_application(*, user_id: ObjectId, job_id: ObjectId, now: datetime) -> Application:
    """An application for a stored job, at no stage yet. Raises DoesNotExist."""
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


def _change(
    application: Application,
    *,
    stage: str,
    note: str | None,
    day: date | None,
    resume_id: ObjectId | None,
    now: datetime,
) -> bool:
    """Change the document, which is not stored by that; False when there is nothing to change. Raises DayRejected."""
    reached = advance_stage(reached=application.stage_dates, stage=stage, day=day, today=now.astimezone(UTC).date())
    wanted = {
        "stage": stage,
        "reached": {each: day_start(on) for each, on in reached.items()},
        "note": application.note if note is None else note or None,
        "resume": resume_id or application.resume,
    }
    changed = {name for name, value in wanted.items() if application[name] != value}
    if not changed:
        return False
    for name in changed:
        application[name] = wanted[name]
    if application.pk is not None:
        # No two versions share it.
        application.activity, application.updated_at = ObjectId(), max(now, application.updated_at + _TICK)
    return True


def _insert(application: Application) -> bool:
    """Store a new application; False when there is one by now."""
    try:
        application.save(force_insert=True)
    except NotUniqueError:
        return False
    return True


def _replace(application: Application, *, seen: ObjectId) -> bool:
    """Store a change of the application as it was seen; False when it was changed or removed since."""
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


def _record(application: Application) -> None:
    """Add the line of the application's last change, unless it is there."""
    told = {
        "stage": application.stage,
        "date": str(application.stage_date),
        "note": application.note,
        "resume_id": str(application.resume) if application.resume else None,
    }
    record_activity(
        user_id=application.user,
        action_type="stage",
        job_id=application.job,
        metadata={name: value for name, value in told.items() if value is not None},
        application_id=application.pk,
        activity_id=application.activity,
        now=application.updated_at,
    )


def erase_applications(user_id: ObjectId) -> None:
    Application.objects(user=user_id).delete()


def erase_activities(user_id: ObjectId) -> None:
    Activity._get_collection().delete_many({"user": user_id})
