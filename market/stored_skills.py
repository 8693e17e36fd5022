"""Extract the skills of stored postings again, after the vocabulary or the sentences about an employer changed."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pymongo import UpdateOne

from career_navigator.db.connection import database
from market.posting_skills import SkillExtraction
from market.stats_rows import dirty_days

_BATCH = 500
# The fields that daily stats depend on.
_COUNTED_FIELDS = ("skills", "skills_source")
_FIELDS = (
    "company",
    "title",
    "description",
    "technology_slugs",
    *_COUNTED_FIELDS,
    "nice_to_have",
    "years_asked",
    "content_hash",
    "day",
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProgress:
    """Counts of one batch: the postings processed (`seen`) and those whose skills or experience changed."""

    seen: int
    changed: int


class _StoredPosting(NamedTuple):
    """The fields of a stored posting from which skills are extracted."""

    company: str
    title: str
    description: str | None
    technology_slugs: list[str]

    @classmethod
    def from_row(cls, row: Row) -> "_StoredPosting":
        return cls(row["company"], row["title"], row.get("description"), row.get("technology_slugs") or [])


def update_stored_skills(*, dry_run: bool, now: datetime) -> Iterator[UpdateProgress]:
    """Extract the skills of all stored postings with the current vocabulary. Yield after each batch.

    Call `refresh_stats` afterwards. Safe to repeat or interrupt. With `dry_run` nothing is written. Skills in sentences
    that a real run would newly recognize as a description of the employer are still counted.
    """
    changed_employers: set[str] = set()
    for rows in _read_batches({}):
        yield _update_batch(rows, dry_run, now, changed_employers)
    # A sentence may be recognized as a description of the employer after earlier postings with it were processed.
    update_employer_skills(employers=changed_employers, now=now)


def update_employer_skills(*, employers: Collection[str], now: datetime) -> None:
    """Extract the skills of these employers' stored postings again. `employers` are company keys."""
    if employers:
        for rows in _read_batches({"company_key": {"$in": sorted(employers)}}):
            _update_batch(rows, False, now, set())


def _read_batches(query: dict[str, Any]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in database().job_postings.find(query, dict.fromkeys(_FIELDS, 1)).sort("_id", 1):
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _update_batch(rows: list[Row], dry_run: bool, now: datetime, changed_employers: set[str]) -> UpdateProgress:
    """Extract the skills of stored postings. Add employers with newly repeated sentences to `changed_employers`."""
    postings = {row["_id"]: _StoredPosting.from_row(row) for row in rows}
    extraction = SkillExtraction(postings, dry_run=dry_run, now=now)
    changed_employers |= extraction.changed_employers
    writes: list[UpdateOne] = []
    days: set[datetime] = set()
    for row in rows:
        fields = extraction.extract_skills(row["_id"]).as_fields()
        # An empty list equals a missing field.
        changed = {name: value for name, value in fields.items() if (row.get(name) or None) != (value or None)}
        if not changed:
            continue
        # The condition skips postings that were stored again in the meantime with the same vocabulary.
        unchanged = {"_id": row["_id"], "content_hash": row["content_hash"]}
        change = {
            "$set": {name: value for name, value in changed.items() if value is not None},
            "$unset": {name: "" for name, value in changed.items() if value is None},
        }
        writes.append(UpdateOne(unchanged, {operator: values for operator, values in change.items() if values}))
        if not changed.keys().isdisjoint(_COUNTED_FIELDS):
            days.add(row["day"])
    if writes and not dry_run:
        with dirty_days(days=days, now=now):
            database().job_postings.bulk_write(writes, ordered=False)
    return UpdateProgress(seen=len(rows), changed=len(writes))
