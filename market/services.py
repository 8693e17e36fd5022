"""Store postings, compute stats of new roles, and delete expired postings."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import orjson
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from career_navigator.db.connection import database, find_duplicate_key_indexes
from market.copies import build_copy_keys
from market.copy_groups import EVIDENCE_FIELDS, update_copy_groups
from market.daily_stats import day_start
from market.documents import MARKET_SCOPE
from market.membership import add_role, build_sorted_union, get_search_roles, list_registered_roles, register_role
from market.posting import Posting, build_posting_keys
from market.posting_matching import Row, StoredPostings, find_postings_without_stored_id, remove_repeats
from market.posting_skills import SkillExtraction
from market.refresh import close_day, compute_role, find_closed_days
from market.role_selectors import canonicalize_role, get_role_table
from market.selectors import RoleStats, build_role_stats, get_role_stats, has_rows
from market.stats_rows import dirty_days
from market.stored_skills import update_employer_skills
from market.tasks import queue_refresh
from skills.selectors import get_vocabulary
from skills.services import count_unknown_slugs

# Used instead of `dataclasses.asdict`, whose deep copies take longer than everything else in storing.
_POSTING_FIELDS = tuple(posting_field.name for posting_field in dataclass_fields(Posting))
# Two writers may insert the same posting concurrently. The one that fails finds it in the next attempt.
_MAX_ATTEMPTS = 3
_WRITES_PER_PART = 250


@dataclass(slots=True, kw_only=True)
class StoreOutcome:
    """The number of postings that were new, updated or unchanged, and of rejected postings by reason."""

    collected: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class ConflictingPosting(RuntimeError):
    """Raised when other writers keep changing the same postings, so that no attempt to store them succeeds."""


def store_postings(
    *,
    postings: Sequence[Posting],
    role: str | None = None,
    place: str | None = None,
    closed_at: datetime | None = None,
    now: datetime,
    dry_run: bool = False,
) -> StoreOutcome:
    """Insert new postings and update the ones that changed.

    A stored posting (see `market.posting_matching`) keeps its day and first collection time. `role` is added to its
    search roles, other fields are overwritten. New postings of a closed day are rejected (`sealed_day`). Batches of 500
    to 1,000 postings work best.

    `role` and `place` are those of the search that returned the postings. `closed_at` applies to postings without a
    closing time of their own. With `dry_run` nothing is written.

    Raises:
        ConflictingPosting: If other writers keep changing the same postings.
    """
    outcome = StoreOutcome()
    batch = remove_repeats(postings)
    outcome.unchanged += len(postings) - len(batch)
    for _ in range(_MAX_ATTEMPTS):
        batch = _try_to_store(
            batch, role=role, place=place, closed_at=closed_at, now=now, outcome=outcome, dry_run=dry_run
        )
        if not batch:
            return outcome
    first = batch[0].job_id or batch[0].url
    raise ConflictingPosting(f"{len(batch)} postings were changed by other writers, for example {first}")


def compute_role_stats(*, role: str, days: int, now: datetime) -> RoleStats | None:
    """Return a role's stats for the last `days` days, computing them from postings if no row is stored.

    Registers the role if necessary. Returns None if the role has no postings on these days. If rows were computed, a
    refresh is queued to update everything else that depends on the daily stats.
    """
    name = canonicalize_role(role)
    stats = get_role_stats(role=name, days=days, now=now)
    if stats is not None or not name or name == MARKET_SCOPE:
        return stats
    if has_rows(role=name):
        # A concurrent request or a refresh may have stored them since the first read.
        return get_role_stats(role=name, days=days, now=now)
    register_role(role=role, now=now)
    rows = compute_role(role=name, now=now)
    if rows:
        queue_refresh()
    return build_role_stats(role=name, rows=rows, days=days, now=now)


def delete_expired_postings(*, days_to_keep: int, now: datetime) -> Iterator[tuple[date, int]]:
    """Delete the postings of all days before the last `days_to_keep`. Yield each day and its count.

    The stats of these days become final. Call `refresh_stats` afterwards.
    """
    for day in sorted(database().job_postings.distinct("day", _build_expired_query(days_to_keep, now))):
        yield day.date(), close_day(day=day, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredPostings:
    """The number of expired postings, the number of days they were posted on, and the first day to keep."""

    postings: int
    days: int
    first_kept: date


def count_expired_postings(*, days_to_keep: int, now: datetime) -> ExpiredPostings:
    """Count the postings that `delete_expired_postings` would delete."""
    query = _build_expired_query(days_to_keep, now)
    postings = database().job_postings
    return ExpiredPostings(
        postings=postings.count_documents(query),
        days=len(postings.distinct("day", query)),
        first_kept=query["day"]["$lt"].date(),
    )


def _build_expired_query(days_to_keep: int, now: datetime) -> dict[str, Any]:
    return {"day": {"$lt": day_start(now.astimezone(UTC).date() - timedelta(days=days_to_keep - 1))}}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A posting to insert, or a change of a stored posting. `stored` is None for a new posting.

    `day` is the day of the new or stored posting. `counter` names the field of `StoreOutcome` to increment.
    """

    posting: Posting
    stored: Row | None
    content_hash: str
    named_roles: list[str]
    day: datetime
    counter: str


def _try_to_store(
    batch: list[Posting],
    *,
    role: str | None,
    place: str | None,
    closed_at: datetime | None,
    now: datetime,
    outcome: StoreOutcome,
    dry_run: bool,
) -> list[Posting]:
    """Try to store a batch. Return the postings that could not be stored because of concurrent writes."""
    registered = list_registered_roles()
    searched_roles = [get_role_table().canonicalize(role)] if role else []
    changes = _list_changes(batch, searched_roles=searched_roles, registered=registered, now=now, outcome=outcome)
    failed: set[int] = set()
    if changes and not dry_run:
        search = {"search_roles": searched_roles, "search_keywords": role or "", "search_location": place or ""}
        writer = _BatchWriter(changes, search=search, closed_at=closed_at, now=now)
        with dirty_days(days={change.day for change in changes}, now=now):
            failed = _execute_writes(writer.build_writes())
            failed |= find_postings_without_stored_id(writer.postings_adding_id)
            # A concurrent registration adds its role only to postings that are already stored, and `registered` does
            # not contain it.
            for late_role in set(list_registered_roles()) - set(registered):
                add_role(role=late_role, ids=[row["_id"] for row in writer.rows])
            update_copy_groups(keys=writer.copy_keys, now=now)
        # A sentence that these postings show to describe the employer no longer counts in older postings.
        update_employer_skills(employers=writer.extraction.changed_employers, now=now)
        count_unknown_slugs(slugs=writer.unknown_slugs, now=now)
    for number, change in enumerate(changes):
        if number not in failed:
            setattr(outcome, change.counter, getattr(outcome, change.counter) + 1)
    return [changes[number].posting for number in sorted(failed)]


def _list_changes(
    batch: list[Posting],
    *,
    searched_roles: list[str],
    registered: list[str],
    now: datetime,
    outcome: StoreOutcome,
) -> list[_Change]:
    """Compare a batch with the stored postings. Count postings without a change and rejected postings in `outcome`."""
    stored_postings = StoredPostings.find_for(batch)
    batch = [stored_postings.add_id(posting) for posting in batch]
    rows = [stored_postings.find(posting) for posting in batch]
    new_days = {_get_day(posting, now) for posting, row in zip(batch, rows, strict=True) if row is None}
    closed_days, table = find_closed_days(new_days), get_role_table()
    changes = []
    for posting, row in zip(batch, rows, strict=True):
        content_hash = _compute_content_hash(posting)
        named_roles = table.find_named(title=posting.title, roles=registered)
        day = row["day"] if row else _get_day(posting, now)
        if row is None:
            counter = "collected"
            if day in closed_days:
                outcome.refused["sealed_day"] += 1
                continue
        elif row["content_hash"] != content_hash:
            counter = "updated"
        else:
            counter, search_roles = "unchanged", {*get_search_roles(row), *searched_roles}
            if search_roles == set(get_search_roles(row)) and {*search_roles, *named_roles} == set(
                row.get("roles", ())
            ):
                outcome.unchanged += 1
                continue
        changes.append(
            _Change(
                posting=posting,
                stored=row,
                content_hash=content_hash,
                named_roles=named_roles,
                day=day,
                counter=counter,
            )
        )
    return changes


class _BatchWriter:
    """The writes of a batch, and the values that the updates after them need."""

    def __init__(
        self, changes: Sequence[_Change], *, search: dict[str, Any], closed_at: datetime | None, now: datetime
    ) -> None:
        self._changes, self._search, self._closed_at, self._now = changes, search, closed_at, now
        postings = {number: change.posting for number, change in enumerate(changes) if change.counter != "unchanged"}
        self.extraction = SkillExtraction(postings, dry_run=False, now=now)
        self._vocabulary = get_vocabulary()
        self.unknown_slugs: list[str] = []
        # The current and previous copy keys of the written postings.
        self.copy_keys: set[str] = set()
        # The written postings. New ones have an `_id` once they are inserted.
        self.rows: list[Row] = []
        # The postings that add their id to a stored posting without one, by the number of the write.
        self.postings_adding_id: dict[int, Posting] = {}

    def build_writes(self) -> Iterator[InsertOne[Row] | UpdateOne]:
        """Yield the write of each change."""
        for number, change in enumerate(self._changes):
            if change.stored is None:
                yield self._build_insert(number, change)
            else:
                yield self._build_update(number, change, change.stored)

    def _build_insert(self, number: int, change: _Change) -> InsertOne[Row]:
        fields = self._build_fields(number, change) | {
            "roles": sorted({*self._search["search_roles"], *change.named_roles}),
            "search_roles": self._search["search_roles"],
            "day": change.day,
            "scraped_at": self._now,
            "updated_at": self._now,
            "search_keywords": self._search["search_keywords"],
            "search_location": self._search["search_location"],
        }
        self.rows.append({name: value for name, value in fields.items() if value is not None})
        return InsertOne(self.rows[-1])

    def _build_update(self, number: int, change: _Change, stored: Row) -> UpdateOne:
        fields: dict[str, Any] = {}
        if change.counter == "updated":
            fields = self._build_fields(number, change) | {"updated_at": self._now}
            self.copy_keys.update(filter(None, [stored.get("copy_key")]))
            if fields["url"] is None:
                del fields["url"], fields["url_key"]
        query: dict[str, Any] = {"_id": stored["_id"]}
        if change.posting.job_id and not stored.get("job_id"):
            # Do not overwrite a different id that a concurrent writer has set.
            query["job_id"] = None
            self.postings_adding_id[number] = change.posting
        self.rows.append(stored)
        search_roles = self._search["search_roles"]
        return UpdateOne(
            query, _build_update_pipeline(fields, get_search_roles(stored), search_roles, change.named_roles)
        )

    def _build_fields(self, number: int, change: _Change) -> dict[str, Any]:
        """Build the stored fields that depend only on the posting."""
        posting = change.posting
        fields: dict[str, Any] = {name: getattr(posting, name) for name in _POSTING_FIELDS}
        fields["closed_at"] = posting.closed_at or self._closed_at
        latitude, longitude = fields.pop("latitude"), fields.pop("longitude")
        fields["coordinates"] = None if latitude is None or longitude is None else {"lat": latitude, "lng": longitude}
        for name in ("date_posted", "date_reposted"):
            if fields[name] is not None:
                fields[name] = day_start(fields[name])
        for name in ("country_codes", "technology_slugs", "keyword_slugs", "employment_statuses"):
            fields[name] = list(fields[name])
        fields |= self.extraction.extract_skills(number).as_fields()
        self.unknown_slugs.extend(self._vocabulary.list_unknown_slugs(posting.technology_slugs))
        if posting.country_code and posting.country_code not in fields["country_codes"]:
            fields["country_codes"].insert(0, posting.country_code)
        fields |= build_copy_keys(fields)
        self.copy_keys.update(filter(None, [fields["copy_key"]]))
        return fields | build_posting_keys(fields) | {"content_hash": change.content_hash}


def _build_update_pipeline(
    fields: dict[str, Any], search_roles: list[str], searched_roles: list[str], named_roles: list[str]
) -> list[dict[str, Any]]:
    """Build the update that sets a stored posting's fields and the roles that follow from them.

    A single update pipeline keeps the roles consistent with the title if several writers update the posting.
    """
    if fields and not fields["copy_key"]:
        fields |= dict.fromkeys(EVIDENCE_FIELDS)
    values: dict[str, Any] = {name: {"$literal": value} for name, value in fields.items() if value is not None}
    values["search_roles"] = build_sorted_union({"$ifNull": ["$search_roles", search_roles]}, searched_roles)
    unset_fields = [name for name, value in fields.items() if value is None]
    return [
        {"$set": values},
        {"$set": {"roles": build_sorted_union("$search_roles", named_roles)}},
        *([{"$unset": unset_fields}] if unset_fields else []),
    ]


def _execute_writes(writes: Iterator[InsertOne[Row] | UpdateOne]) -> set[int]:
    """Execute the writes without a fixed order. Return the indexes of those that failed with a duplicate key.

    MongoDB executes a part while the next one is being built. Building takes about twice as long as writing.
    """
    futures: list[Future[set[int]]] = []
    with ThreadPoolExecutor(max_workers=1) as executor:
        while part := list(islice(writes, _WRITES_PER_PART)):
            # The context contains the deadline of the request.
            futures.append(executor.submit(copy_context().run, _execute_part, part))
    return {
        part_number * _WRITES_PER_PART + index
        for part_number, future in enumerate(futures)
        for index in future.result()
    }


def _execute_part(writes: list[InsertOne[Row] | UpdateOne]) -> set[int]:
    try:
        database().job_postings.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        return find_duplicate_key_indexes(error)
    return set()


def _compute_content_hash(posting: Posting) -> str:
    return hashlib.blake2b(orjson.dumps(posting), digest_size=16).hexdigest()


def _get_day(posting: Posting, now: datetime) -> datetime:
    return day_start(posting.date_posted or now.astimezone(UTC).date())
