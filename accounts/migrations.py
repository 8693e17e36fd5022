"""Bring stored data up to today's rules: addresses, levels, skill names, and what was stored twice.

All may be broken off anywhere and run again. A merger of duplicates runs before a unique index is created over them: it
writes what is merged before it deletes what was merged into it, and every write has the condition that the document is
as it was read. What changed meanwhile is left to the next run, and so is what an older release stores while it runs.
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
from accounts.applications.stages import get_furthest, merge_histories
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
    """Users looked at, and those whose skills have other names now."""

    seen: int = 0
    changed: int = 0
    changed_meanwhile: int = 0


def normalize_emails(*, now: datetime) -> None:
    """Store the domains of users' addresses in A-labels.

    Where another account has that form already, both stay, and each is logged in to by the form it was registered with.
    """
    # In A-labels already, or no name of a domain at all: whatever is ASCII and in lower case stays.
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
            logger.warning("user %s keeps the address as it was: another account has its normalized form", user.pk)


def map_experience_levels(*, now: datetime) -> None:
    """Give users with an older, free-text level the documented one that it means.

    A text that means none stays, for someone to look at.
    """
    unknown: Counter[str] = Counter()
    for user in User.objects(experience_level__nin=[None, *EXPERIENCE_LEVELS]).order_by("id").no_cache():
        text = user.experience_level
        level = map_experience_level(text)
        if level is None:
            unknown[text] += 1
            continue
        # Once more where the user changed something else of the profile meanwhile.
        while user is not None and user.experience_level == text and not _update(user, now, experience_level=level):
            user = User.objects(id=user.pk).first()
    if unknown:
        logger.warning("experience levels of users that mean none of today's: %s", dict(sorted(unknown.items())))


def clean_user_skills(*, dry_run: bool, now: datetime, on_user: Callable[[], object] | None = None) -> SkillCleaning:
    """Give users' skills the names that the vocabulary has for them now."""
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
    """Keep the oldest application for a user and a job, at the furthest stage; returns how many were deleted.

    It gets the days, the notes and the log lines of the others.
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
    """Keep one score for a user and a job, the last computed, with the last analysis; returns how many were deleted."""
    computed = ("fingerprint", "match", "role", "computed_at", "expires_at")
    deleted = 0
    for rows in _list_duplicates(JobMatch, "user", "job"):
        last = max(rows, key=lambda row: row.get("computed_at") or _NEVER)
        merged = {name: value for name, value in rows[0].items() if name not in (*computed, "analysis")}
        merged |= {name: last[name] for name in computed if name in last}
        analyses = [row["analysis"] for row in rows if row.get("analysis")]
        if analyses:
            merged["analysis"] = max(analyses, key=lambda analysis: analysis["analyzed_at"])
            # One with an analysis does not expire.
            merged.pop("expires_at", None)
        if _replace(JobMatch, rows[0], merged):
            deleted += _delete(JobMatch, rows[1:])
    return deleted


def merge_told_postings() -> int:
    """Keep one row for a search and a posting, told when the first of them was; returns how many were deleted."""
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
    """Give resumes of one user, source and job versions of their own, in the order of creation among equals.

    The first of equals keeps its version, and so do those that no earlier one is pushed up to. Returns how many were
    changed.
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
        # From the highest down, so that where it is broken off the order is still that of the versions.
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
    """Give a user's saved searches numbers of their own, the lowest that are free; returns how many were changed.

    Where there are more searches than there may be, all are kept, and no further one can be saved.
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
    """Return the first of a user's applications for a job with what all of them, the oldest first, know."""
    newest_first = sorted(rows, key=lambda row: (row["updated_at"], row["_id"]), reverse=True)
    stage = get_furthest(row["stage"] for row in newest_first)
    merged = rows[0] | {
        "stage": stage,
        "reached": merge_histories(stage=stage, histories=[row.get("reached", {}) for row in rows]),
        # The line that says how it came to this stage; it also tells who changes the document that it is another.
        "activity": next(row["activity"] for row in newest_first if row["stage"] == stage),
        "updated_at": newest_first[0]["updated_at"],
    }
    if note := _join_notes(row.get("note") for row in newest_first):
        merged["note"] = note
    if resume := next((row["resume"] for row in newest_first if row.get("resume")), None):
        merged["resume"] = resume
    return merged


def _join_notes(notes: Iterable[str | None]) -> str:
    """Join the notes that are in none of the others, each a paragraph.

    Where that is too long the first is returned alone; the log has what the others said.
    """
    different = list(dict.fromkeys(filter(None, notes)))
    whole = [note for note in different if not any(note in other for other in different if other != note)]
    joined = "\n\n".join(whole)
    return joined if len(joined) <= MAX_NOTE_LENGTH else whole[0]


def _list_duplicates(
    document: type[Document], *key: str, where: Mapping[str, Any] | None = None, fields: Iterable[str] | None = None
) -> Iterator[list[Row]]:
    """Yield the rows that have the same values of `key`, ordered by id; a missing value is the same as None."""
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
        # Some may have been deleted since.
        if len(rows) > 1:
            yield rows


def _replace(document: type[Document], row: Row, merged: Row) -> bool:
    """Store what was merged in place of a row; False when that was changed since it was read."""
    return bool(document._get_collection().replace_one(_unchanged(row), merged).matched_count)


def _delete(document: type[Document], rows: Iterable[Row]) -> int:
    """Delete the rows that were not changed since they were read; returns how many."""
    return sum(document._get_collection().delete_one(_unchanged(row)).deleted_count for row in rows)


def _unchanged(row: Row) -> Row:
    return {"_id": row["_id"], "$expr": {"$eq": ["$$ROOT", {"$literal": row}]}}
