"""Keeping searches, and what they have told of."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.conf import settings
from mongoengine import NotUniqueError
from pymongo.errors import BulkWriteError

from accounts.searches.documents import MAX_SEARCHES, SavedSearch, ToldPosting
from career_navigator.db.connection import database, positions_taken
from career_navigator.documents import find_repeated, idempotency_key
from market.jobs.filters import JobFilter


class TooManySearches(RuntimeError):
    """The user has as many saved searches as there can be."""

    reason = "too_many_searches"


def save_search(
    *, user_id: ObjectId, name: str, job_filter: JobFilter, digest: str | None, now: datetime
) -> SavedSearch:
    """Keep a search; it begins now. Raises TooManySearches.

    The same search, saved again within minutes and not changed in between, is the one that is stored already.
    """
    key = idempotency_key(name, job_filter.as_body(), digest)
    search = SavedSearch(
        user=user_id,
        name=name,
        filter=job_filter.as_body(),
        digest=digest,
        digest_day=_done_until(digest, now),
        since=now,
        mailed_since=now,
        created_at=now,
        updated_at=now,
        idempotency_key=key,
    )
    # A save that fails was overtaken by another search, for which there was room, or by this very one.
    while True:
        stored: SavedSearch | None = find_repeated(SavedSearch.objects, user_id=user_id, key=key, now=now)
        if stored is not None:
            return stored
        taken = list(SavedSearch.objects(user=user_id).scalar("number"))
        # Not by the numbers alone: an older release gave some searches the same one or none, so there may be more.
        if len(taken) >= MAX_SEARCHES:
            raise TooManySearches(f"there can be no more than {MAX_SEARCHES}")
        search.number = next(number for number in range(MAX_SEARCHES) if number not in taken)
        try:
            search.save(force_insert=True)
        except NotUniqueError:
            continue
        saved: SavedSearch = search.reload()  # MongoDB keeps times to the millisecond
        return saved


def change_search(*, search: SavedSearch, fields: dict[str, Any], now: datetime) -> SavedSearch:
    """Change the fields that are given of `name`, `job_filter` and `digest`.

    Another filter begins anew now; so do mails that are turned on.
    """
    change: dict[str, Any] = {"updated_at": now}
    if "name" in fields:
        change["name"] = fields["name"]
    if "job_filter" in fields and fields["job_filter"].as_body() != search.filter:
        change |= {"filter": fields["job_filter"].as_body(), "since": now}
    if "digest" in fields and fields["digest"] != search.digest:
        change["digest"] = fields["digest"]
        if fields["digest"] is not None:
            change["digest_day"] = max(search.digest_day, _done_until(fields["digest"], now))
        if search.digest is None:
            change["mailed_since"] = now
    changes = {f"set__{name}": value for name, value in change.items()}
    # It is not what was asked for any more.
    SavedSearch.objects(id=search.pk).update_one(**changes, unset__idempotency_key=True)
    changed: SavedSearch = search.reload()
    return changed


def delete_search(*, search: SavedSearch) -> None:
    search.delete()
    ToldPosting.objects(search=search.pk).delete()


def end_digest(*, search_id: ObjectId, now: datetime) -> None:
    """Send no more mails of a search. Harmless when done again, or when the search is gone."""
    ending = SavedSearch.objects(id=search_id, digest__ne=None)
    ending.update_one(set__digest=None, set__updated_at=now, unset__idempotency_key=True)


def mark_told(*, search: SavedSearch, job_ids: Iterable[ObjectId], now: datetime) -> None:
    """What was shown is not new any more, and no mail tells of it."""
    ids = list(job_ids)
    claim_postings(search_id=search.pk, job_ids=ids, now=now)
    ToldPosting.objects(search=search.pk, job__in=ids, told_at=None).update(set__told_at=now)


def claim_postings(*, search_id: ObjectId, job_ids: Iterable[ObjectId], now: datetime) -> set[ObjectId]:
    """Those of the postings that nobody has claimed for the search before; from now on they are claimed."""
    ids = list(job_ids)
    if not ids:
        return set()
    rows = [{"search": search_id, "job": job_id, "claimed_at": now} for job_id in ids]
    try:
        database().told_postings.insert_many(rows, ordered=False)
    except BulkWriteError as error:
        taken = positions_taken(error)
        return {job_id for index, job_id in enumerate(ids) if index not in taken}
    return set(ids)


def forget_deleted(*, search: SavedSearch) -> None:
    """Forget the told postings that are stored no longer: they cannot come again."""
    told = set(ToldPosting.objects(search=search.pk).scalar("job"))
    stored = {row["_id"] for row in database().job_postings.find({"_id": {"$in": list(told)}}, {"_id": 1})}
    ToldPosting.objects(search=search.pk, job__in=list(told - stored)).delete()


def local_day(now: datetime) -> date:
    """The day by which digests go: that of TIME_ZONE of the environment."""
    return now.astimezone(ZoneInfo(settings.CELERY_TIMEZONE)).date()


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _done_until(digest: str | None, now: datetime) -> str:
    """A weekly digest begins with the next Monday, a daily one with the next time that digests are sent."""
    return monday_of(local_day(now)).isoformat() if digest == "weekly" else ""


def erase_searches(user_id: ObjectId) -> None:
    ids = list(SavedSearch.objects(user=user_id).scalar("id"))
    ToldPosting.objects(search__in=ids).delete()
    SavedSearch.objects(user=user_id).delete()
