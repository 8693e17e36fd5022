"""Data migrations: normalize email addresses, experience levels and skill names, and merge duplicates.

Every migration is idempotent and can be interrupted at any point. Mergers of duplicates run before the unique index
over the collection is created. They write the merged document before they delete the others, and each write is
conditional on the document being unchanged since it was read. Documents that change meanwhile, or that an older release
stores during the migration, are left to the next run.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mongoengine import Document
from mongoengine.errors import NotUniqueError

from accounts.applications.documents import MAX_NOTE_LENGTH, Activity, Application
from accounts.applications.stages import get_furthest_stage, merge_histories
from accounts.documents import ConcurrentChange, User
from accounts.matches.documents import JobMatch
from accounts.profile_parsing import EXPERIENCE_LEVELS, map_experience_level, normalize_email
from accounts.resumes.documents import Resume
from accounts.searches.documents import NotifiedPosting, SavedSearch
from accounts.services import canonicalize_skills

logger = logging.getLogger(__name__)

Row = dict[str, Any]

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class SkillCleaning:
    """The number of users examined, changed, and skipped because they were changed concurrently."""

    seen: int = 0
    changed: int = 0
    changed_meanwhile: int = 0


def normalize_emails(*, now: datetime) -> None:
    """Encode the domains of stored email addresses as A-labels.

    If another account already has the encoded form, both addresses are left as they are. Each user then logs in with
    the form used at registration.
    """
    # ASCII domains need no change: they are already encoded or not valid domains.
    for user in User.objects(email={"$regex": "@.*[^\\x00-\\x7f]"}).order_by("id").no_cache():
        email = normalize_email(user.email)
        if email == user.email:
            continue
        try:
            is_taken = bool(User.objects(email=email).first())
            if not is_taken:
                user.email = email
                user.save()
        except NotUniqueError:
            is_taken = True
        if is_taken:
            logger.warning("user %s keeps an unnormalized address: another account has the normalized form", user.pk)


def map_experience_levels(*, now: datetime) -> None:
    """Replace free-text experience levels of older releases with the documented level they denote.

    Texts that denote no level are left unchanged and logged for review.
    """
    unknown: Counter[str] = Counter()
    for user in User.objects(experience_level__nin=[None, *EXPERIENCE_LEVELS]).order_by("id").no_cache():
        text = user.experience_level
        level = map_experience_level(text)
        if level is None:
            unknown[text] += 1
            continue
        # Retry if another field of the profile was changed concurrently.
        current: User | None = user
        while (
            current is not None
            and current.experience_level == text
            and not _update(current, now, experience_level=level)
        ):
            current = User.objects(id=user.pk).first()
    if unknown:
        logger.warning("experience levels that could not be mapped: %s", dict(sorted(unknown.items())))


def clean_user_skills(*, dry_run: bool, now: datetime, on_user: Callable[[], object] | None = None) -> SkillCleaning:
    """Replace users' skills with the canonical names of the current vocabulary."""
    summary = SkillCleaning()
    for user in User.objects.order_by("id").no_cache():
        summary.seen += 1
        skills = canonicalize_skills(user.skills)
        if skills != list(user.skills):
            if dry_run or _update(user, now, skills=skills):
                summary.changed += 1
            else:
                summary.changed_meanwhile += 1
        if on_user:
            on_user()
    return summary


def _update(user: User, now: datetime, **fields: object) -> bool:
    try:
        user.update_profile(now=now, **fields)
    except ConcurrentChange:
        return False
    return True


def merge_applications() -> int:
    """Merge duplicate applications per user and job into the oldest, and return the number deleted.

    The merged application has the furthest stage, and the stage dates, notes and log entries of all.
    """
    deleted = 0
    for rows in _list_duplicates(Application, "user", "job"):
        rows.sort(key=lambda row: (row["created_at"], row["_id"]))
        oldest, *others = rows
        if _replace(Application, oldest, _merge_applications(rows)):
            Activity._get_collection().update_many(
                {"application": {"$in": [row["_id"] for row in others]}}, {"$set": {"application": oldest["_id"]}}
            )
            deleted += _delete(Application, others)
    return deleted


def merge_matches() -> int:
    """Merge duplicate match scores per user and job, and return the number deleted.

    The merged document has the newest score and the newest analysis.
    """
    computed = ("fingerprint", "match", "role", "computed_at", "expires_at")
    deleted = 0
    for rows in _list_duplicates(JobMatch, "user", "job"):
        last = max(rows, key=lambda row: row.get("computed_at") or _NEVER)
        merged = {name: value for name, value in rows[0].items() if name not in (*computed, "analysis")}
        merged |= {name: last[name] for name in computed if name in last}
        analyses = [row["analysis"] for row in rows if row.get("analysis")]
        if analyses:
            merged["analysis"] = max(analyses, key=lambda analysis: analysis["analyzed_at"])
            # Documents with an analysis do not expire.
            merged.pop("expires_at", None)
        if _replace(JobMatch, rows[0], merged):
            deleted += _delete(JobMatch, rows[1:])
    return deleted


def merge_told_postings() -> int:
    """Merge duplicate notifications per search and posting, and return the number deleted.

    The merged document has the earliest `claimed_at` and `told_at`.
    """
    deleted = 0
    for rows in _list_duplicates(NotifiedPosting, "search", "job"):
        merged = rows[0] | {"claimed_at": min(row["claimed_at"] for row in rows)}
        told_at = [row["told_at"] for row in rows if row.get("told_at")]
        if told_at:
            merged["told_at"] = min(told_at)
        if _replace(NotifiedPosting, rows[0], merged):
            deleted += _delete(NotifiedPosting, rows[1:])
    return deleted


def renumber_resumes() -> int:
    """Make the versions of resumes unique per user, source and job, and return the number of resumes changed.

    Among resumes with the same version, the oldest keeps it and the others move up in order of creation. Later versions
    change only if necessary.
    """
    resumes, changed = Resume._get_collection(), 0
    fields = ("user", "source", "job")
    for duplicates in _list_duplicates(Resume, *fields, "version", fields=(*fields, "version")):
        series = {name: duplicates[0].get(name) for name in fields}
        rows = resumes.find(series, {"version": 1, "created_at": 1, "content.meta.version": 1})
        ordered = sorted(rows, key=lambda row: (row["version"], row["created_at"], row["_id"]))
        versions: list[int] = []
        for row in ordered:
            versions.append(max(row["version"], versions[-1] + 1 if versions else 1))
        # Update from the highest version down, so that the versions stay in order if this is interrupted.
        for row, version in zip(reversed(ordered), reversed(versions), strict=True):
            if version == row["version"]:
                continue
            change: Row = {"version": version}
            if "version" in row.get("content", {}).get("meta", {}):
                change["content.meta.version"] = str(version)
            renumbered = resumes.update_one({"_id": row["_id"], "version": row["version"]}, {"$set": change})
            changed += renumbered.modified_count
    return changed


def renumber_searches() -> int:
    """Make the numbers of saved searches unique per user, and return the number of searches changed.

    Duplicates get the lowest free numbers. Users with more searches than the limit keep all of them but cannot save
    another.
    """
    searches, changed = SavedSearch._get_collection(), 0
    users = {
        rows[0]["user"] for rows in _list_duplicates(SavedSearch, "user", "number", where={"number": {"$exists": 1}})
    }
    for user in sorted(users):
        rows = list(searches.find({"user": user, "number": {"$exists": True}}, {"number": 1}).sort("_id", 1))
        used = {row["number"] for row in rows}
        free = (number for number in range(len(used) + len(rows)) if number not in used)
        seen: set[int] = set()
        for row in rows:
            if row["number"] in seen:
                change = {"$set": {"number": next(free)}}
                changed += searches.update_one({"_id": row["_id"], "number": row["number"]}, change).modified_count
            seen.add(row["number"])
    return changed


def _merge_applications(rows: list[Row]) -> Row:
    """Merge a user's applications for a job, given oldest first, into one document."""
    newest_first = sorted(rows, key=lambda row: (row["updated_at"], row["_id"]), reverse=True)
    stage = get_furthest_stage(row["stage"] for row in newest_first)
    merged = rows[0] | {
        "stage": stage,
        "reached": merge_histories(stage=stage, histories=[row.get("reached", {}) for row in rows]),
        # The log entry of the change to this stage. It is also the version for optimistic locking, so a concurrent
        # change of the document fails.
        "activity": next(row["activity"] for row in newest_first if row["stage"] == stage),
        "updated_at": newest_first[0]["updated_at"],
    }
    if note := _join_notes(row.get("note") for row in newest_first):
        merged["note"] = note
    if resume := next((row["resume"] for row in newest_first if row.get("resume")), None):
        merged["resume"] = resume
    return merged


def _join_notes(notes: Iterable[str | None]) -> str:
    """Join the notes as paragraphs, omitting notes that another note contains.

    If the result exceeds the maximum length, return only the first note. The activity log still has the others.
    """
    unique = list(dict.fromkeys(filter(None, notes)))
    paragraphs = [note for note in unique if not any(note in other for other in unique if other != note)]
    joined = "\n\n".join(paragraphs)
    return joined if len(joined) <= MAX_NOTE_LENGTH else paragraphs[0]


def _list_duplicates(
    document: type[Document], *key: str, where: Mapping[str, Any] | None = None, fields: Iterable[str] | None = None
) -> Iterator[list[Row]]:
    """Yield the groups of rows that have equal values of `key`, each ordered by id. A missing value equals None."""
    collection = document._get_collection()
    values = {name: {"$ifNull": [f"${name}", None]} for name in key}
    groups = collection.aggregate(
        [
            {"$match": where or {}},
            {"$group": {"_id": values, "ids": {"$push": "$_id"}}},
            {"$match": {"ids.1": {"$exists": True}}},
        ],
        allowDiskUse=True,
    )
    for group in groups:
        rows = list(collection.find({"_id": {"$in": group["ids"]}}, fields).sort("_id", 1))
        # Some rows may have been deleted since the aggregation.
        if len(rows) > 1:
            yield rows


def _replace(document: type[Document], row: Row, merged: Row) -> bool:
    """Replace a row with the merged document. Return False if the row was changed since it was read."""
    return bool(document._get_collection().replace_one(_match_unchanged(row), merged).matched_count)


def _delete(document: type[Document], rows: Iterable[Row]) -> int:
    """Delete the rows that were not changed since they were read, and return their number."""
    return sum(document._get_collection().delete_one(_match_unchanged(row)).deleted_count for row in rows)


def _match_unchanged(row: Row) -> Row:
    return {"_id": row["_id"], "$expr": {"$eq": ["$$ROOT", {"$literal": row}]}}
