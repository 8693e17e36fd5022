"""Which skills a posting asks for: its source's slugs say so, else its text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from career_navigator.connection import database
from market.refresh import marked_dirty
from skills.selectors import extractor, vocabulary

_BATCH = 500
_FIELDS = ("title", "description", "technology_slugs", "skills", "skills_source", "content_hash", "day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """So many postings were looked at, so many of them have other skills now."""

    seen: int
    changed: int


def posting_skills(*, title: str, description: str | None, slugs: Sequence[str]) -> tuple[list[str], str]:
    """The canonical skills, and what they were read from: `slugs` or `text`."""
    skills = vocabulary().map_technology_slugs(slugs)
    if skills:
        return skills, "slugs"
    # No slugs, or only those of a job board or an applicant-tracking system.
    return extractor().extract_skills(f"{title}\n{description or ''}"), "text"


def reread_posting_skills(*, dry_run: bool, now: datetime) -> Iterator[Progress]:
    """Read every stored posting's skills anew by today's vocabulary; yields after each batch.

    Call `refresh_figures` afterwards. Harmless when repeated or broken off. With `dry_run` nothing is written.
    """
    batch: list[dict[str, Any]] = []
    for row in database().job_postings.find({}, dict.fromkeys(_FIELDS, 1)).sort("_id", 1):
        batch.append(row)
        if len(batch) == _BATCH:
            yield _reread(batch, dry_run, now)
            batch = []
    if batch:
        yield _reread(batch, dry_run, now)


def _reread(rows: list[dict[str, Any]], dry_run: bool, now: datetime) -> Progress:
    writes: list[UpdateOne] = []
    days: set[datetime] = set()
    for row in rows:
        skills, source = posting_skills(
            title=row["title"], description=row.get("description"), slugs=row.get("technology_slugs", ())
        )
        if skills == row.get("skills") and source == row.get("skills_source"):
            continue
        # A posting that was stored anew meanwhile has had its skills read by the same vocabulary.
        unchanged = {"_id": row["_id"], "content_hash": row["content_hash"]}
        writes.append(UpdateOne(unchanged, {"$set": {"skills": skills, "skills_source": source}}))
        days.add(row["day"])
    if writes and not dry_run:
        with marked_dirty(days=days, now=now):
            database().job_postings.bulk_write(writes, ordered=False)
    return Progress(seen=len(rows), changed=len(writes))
