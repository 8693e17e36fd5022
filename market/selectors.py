"""Reads of the market: figures of a window, postings by skill, by words and by age."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from mongoengine import QuerySet

from career_navigator.db.connection import database
from market.documents import JobPosting
from market.posting import Posting, url_key
from market.trends import DayRecord

_RECORD_FIELDS = tuple(name for name in DayRecord.__dataclass_fields__ if name != "day")


def day_start(day: date) -> datetime:
    """UTC midnight of a day: how days are stored."""
    return datetime.combine(day, time(), UTC)


def load_records(*, scope: str, first_day: datetime, last_day: datetime) -> Iterator[DayRecord]:
    """The stored figures of a scope's days, both ends included, oldest first."""
    rows = database().market_figures.find(
        {"scope": scope, "day": {"$gte": first_day, "$lte": last_day}},
        dict.fromkeys((*_RECORD_FIELDS, "day"), 1) | {"_id": 0},
    )
    for row in rows.sort("day", 1):
        yield DayRecord(**(row | {"day": row["day"].date()}))


def find_postings_by_skills(*, skills: Sequence[str], limit: int = 50) -> QuerySet:
    """Postings that ask for any of the (canonical) skills, newest collected first."""
    return JobPosting.objects(skills__in=list(skills), hidden__ne=True).order_by("-scraped_at", "-id").limit(limit)


def find_postings_by_keywords(*, keywords: str, location: str | None = None, limit: int = 50) -> QuerySet:
    """Postings whose title has the keywords as a phrase, in any case, and whose location contains `location`.

    The phrase goes through the text index; quotes in it, the one character with a meaning there, are taken out. The
    location is compared as plain text: nothing from outside runs as a regular expression.
    """
    phrase = keywords.replace('"', " ").replace("\\", " ").strip()
    found = JobPosting.objects(hidden__ne=True)
    if phrase:
        found = found.search_text(f'"{phrase}"')
    if location:
        found = found.filter(location__icontains=location)
    return found.order_by("-scraped_at", "-id").limit(limit)


def recent_postings(*, now: datetime, days: int = 7, limit: int = 100) -> QuerySet:
    """Postings collected within the last `days` days, newest first."""
    since = now - timedelta(days=days)
    return JobPosting.objects(scraped_at__gte=since, hidden__ne=True).order_by("-scraped_at", "-id").limit(limit)


def count_stored_since(*, postings: Iterable[Posting], role: str, place: str, since: datetime) -> tuple[int, int]:
    """Count the postings that a search of this role and place has stored since then, and older ones that changed."""
    ids: dict[str, list[str]] = {}
    url_keys = []
    for posting in postings:
        if posting.job_id:
            ids.setdefault(posting.source, []).append(posting.job_id)
        elif posting.url:
            url_keys.append(url_key(posting.url))
    # The indexes on ids and URLs hold strings alone.
    wanted: list[dict[str, Any]] = [
        {"source": source, "job_id": {"$in": found, "$type": "string"}} for source, found in ids.items()
    ]
    if url_keys:
        wanted.append({"url_key": {"$in": url_keys, "$type": "string"}})
    collected = updated = 0
    fields = {"scraped_at": 1, "search_keywords": 1, "search_location": 1}
    for query in wanted:
        for row in database().job_postings.find(query | {"updated_at": {"$gte": since}}, fields):
            if row["scraped_at"] < since:
                updated += 1
            elif (row["search_keywords"], row["search_location"]) == (role, place):
                collected += 1
    return collected, updated
