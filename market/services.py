"""Store postings, compute stats of new roles, and delete expired postings."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime, timedelta
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
from market.posting import Posting, build_posting_keys, build_url_key
from market.posting_skills import PostingSkills, extract_advert_skills, reread_employers
from market.refresh import close_day, compute_role, find_closed_days
from market.role_selectors import canonicalize_role, get_role_table
from market.roles import normalize_role
from market.selectors import RoleStats, build_role_stats, get_role_stats, has_rows
from market.stats_rows import dirty_days
from market.tasks import queue_refresh
from skills.selectors import get_vocabulary
from skills.services import count_unknown_slugs

# Used instead of `dataclasses.asdict`, whose deep copies take longer than everything else in storing.
_POSTING_FIELDS = tuple(each.name for each in dataclass_fields(Posting))
# The fields of stored postings that storing reads.
_STORED_FIELDS = (
    *("source", "job_id", "url_key", "title", "content_hash", "day"),
    *("roles", "search_roles", "search_keywords", "copy_key"),
)
# The partial indexes on ids and URLs contain only strings. Without this condition a query reads every posting.
_IS_STRING = {"$type": "string"}
_AdvertKey = tuple[str, str, str]  # source, URL key and normalized title
# Two writers may insert the same advert concurrently. The one that fails finds it in the next attempt.
_MAX_ATTEMPTS = 3


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

    A stored posting is found by the source's id or, without an id, by its URL. Adverts with different ids can share a
    URL. An advert with an id and one without are the same if their URLs and titles match.

    A stored posting keeps its day and first collection time. `role` is added to its search roles, other fields are
    overwritten. New postings of a closed day are rejected (`sealed_day`). Batches of 500 to 1,000 postings work best.

    `role` and `place` are those of the search that returned the postings. `closed_at` applies to postings without a
    closing time of their own. With `dry_run` nothing is written.

    Raises:
        ConflictingPosting: If other writers keep changing the same postings.
    """
    outcome = StoreOutcome()
    batch = _remove_repeats(postings)
    outcome.unchanged += len(postings) - len(batch)
    for _ in range(_MAX_ATTEMPTS):
        batch = _store(batch, role=role, place=place, closed_at=closed_at, now=now, outcome=outcome, dry_run=dry_run)
        if not batch:
            return outcome
    first = batch[0].job_id or batch[0].url
    raise ConflictingPosting(f"{len(batch)} postings were changed by other writers, the first is {first}")


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
    """The number of postings past retention, the number of their days, and the first day to keep."""

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


def _remove_repeats(postings: Sequence[Posting]) -> list[Posting]:
    """Return the last occurrence of each advert.

    A posting without an id gets the id of another posting with the same URL and title.
    """
    ids: dict[_AdvertKey, str] = {}
    for posting in postings:
        if posting.job_id and posting.url:
            key = _build_advert_key(posting)
            ids[key] = min(ids.get(key, posting.job_id), posting.job_id)
    last: dict[object, Posting] = {}
    for original in postings:
        posting = original
        if not original.job_id and original.url and (job_id := ids.get(_build_advert_key(original))):
            posting = replace(original, job_id=job_id)
        identity: object = id(posting)
        if posting.job_id:
            identity = (posting.source, posting.job_id)
        elif posting.url:
            identity = (posting.source, None, build_url_key(posting.url))
        last.pop(identity, None)
        last[identity] = posting
    return list(last.values())


def _build_advert_key(posting: Posting) -> _AdvertKey:
    """Return the key that is equal for two postings of one advert, even if only one of them has an id."""
    return posting.source, build_url_key(posting.url or ""), normalize_role(posting.title)


def _store(  # noqa: PLR0915 - one pass that decides the write of each posting
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
    stored = _StoredPostings.find_for(batch)
    batch = [stored.add_id(posting) for posting in batch]
    registered, table = list_registered_roles(), get_role_table()
    searched_roles = [table.canonicalize(role)] if role else []
    closed = find_closed_days({_get_day(posting, now) for posting in batch if stored.find(posting) is None})
    writes: list[InsertOne[dict[str, Any]] | UpdateOne] = []
    written: list[tuple[Posting, str]] = []  # with the counter of the outcome to increment
    # The indexes of the writes that give an id to a stored posting without one.
    adopting: list[int] = []
    rows: list[dict[str, Any]] = []
    days, unknown_slugs = set[datetime](), list[str]()
    copy_keys = set[Any]()  # that the written postings have or had
    hashes = list(map(_compute_content_hash, batch))
    known = [(stored.find(posting) or {}).get("content_hash") for posting in batch]
    changed = {number: posting for number, posting in enumerate(batch) if known[number] != hashes[number]}
    parsed = extract_advert_skills(changed, dry_run=dry_run, now=now)
    for number, (posting, content_hash) in enumerate(zip(batch, hashes, strict=True)):
        named_roles = table.find_named(title=posting.title, roles=registered)
        existing = stored.find(posting)
        if existing is None:
            day = _get_day(posting, now)
            if day in closed:
                outcome.refused["sealed_day"] += 1
                continue
            fields = _build_fields(posting, closed_at, parsed.skills[number], unknown_slugs) | {
                "content_hash": content_hash,
                "roles": sorted({*searched_roles, *named_roles}),
                "search_roles": searched_roles,
                "day": day,
                "scraped_at": now,
                "updated_at": now,
                "search_keywords": role or "",
                "search_location": place or "",
            }
            rows.append({key: value for key, value in fields.items() if value is not None})
            writes.append(InsertOne(rows[-1]))
            written.append((posting, "collected"))
            days.add(day)
            copy_keys.add(fields["copy_key"])
            continue
        search_roles = get_search_roles(existing)
        fields, result = {}, "unchanged"
        if existing["content_hash"] != content_hash:
            fields, result = (
                _build_fields(posting, closed_at, parsed.skills[number], unknown_slugs)
                | {"content_hash": content_hash, "updated_at": now},
                "updated",
            )
            copy_keys |= {fields["copy_key"], existing.get("copy_key")}
            if fields["url"] is None:
                del fields["url"], fields["url_key"]
        elif set(searched_roles) <= set(search_roles) and {*search_roles, *named_roles} == set(
            existing.get("roles", ())
        ):
            outcome.unchanged += 1
            continue
        query: dict[str, Any] = {"_id": existing["_id"]}
        if posting.job_id and not existing.get("job_id"):
            # Do not overwrite a different id that a concurrent writer has set.
            query["job_id"] = None
            adopting.append(len(writes))
        writes.append(UpdateOne(query, _build_update(fields, search_roles, searched_roles, named_roles)))
        written.append((posting, result))
        rows.append(existing)
        days.add(existing["day"])
    if not writes:
        return []
    failed: set[int] = set()
    if not dry_run:
        with dirty_days(days=days, now=now):
            failed = _write(writes)
            failed |= _find_unstored({index: written[index][0] for index in adopting})
            # A role that was registered in the meantime was only added to postings stored before these writes, and
            # `registered` does not contain it.
            for late_role in set(list_registered_roles()) - set(registered):
                add_role(role=late_role, ids=[row["_id"] for row in rows])
            update_copy_groups(keys=copy_keys - {None}, now=now)
        # Sentences that these postings made their employers' own no longer count in postings stored before.
        reread_employers(employers=parsed.changed_employers, now=now)
        count_unknown_slugs(slugs=unknown_slugs, now=now)
    for index, (_, result) in enumerate(written):
        if index not in failed:
            setattr(outcome, result, getattr(outcome, result) + 1)
    return [written[index][0] for index in sorted(failed)]


def _build_update(
    fields: dict[str, Any], search_roles: list[str], searched_roles: list[str], named_roles: list[str]
) -> list[dict[str, Any]]:
    """Build the update that sets a stored posting's fields and the roles that follow from them.

    A single update pipeline ensures that concurrent writers of a posting leave roles that match its title.
    """
    if fields and not fields["copy_key"]:
        fields |= dict.fromkeys(EVIDENCE_FIELDS)
    values: dict[str, Any] = {name: {"$literal": value} for name, value in fields.items() if value is not None}
    values["search_roles"] = build_sorted_union({"$ifNull": ["$search_roles", search_roles]}, searched_roles)
    removed = [name for name, value in fields.items() if value is None]
    return [
        {"$set": values},
        {"$set": {"roles": build_sorted_union("$search_roles", named_roles)}},
        *([{"$unset": removed}] if removed else []),
    ]


def _write(writes: list[Any]) -> set[int]:
    """Write unordered. Return the indexes of the writes that failed with a duplicate key."""
    try:
        database().job_postings.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        return find_duplicate_key_indexes(error)
    return set()


def _find_unstored(postings: Mapping[int, Posting]) -> set[int]:
    """Return the indexes of the postings whose id no stored posting has."""
    if not postings:
        return set()
    stored = _StoredPostings.find_for(list(postings.values()))
    return {index for index, posting in postings.items() if stored.find_by_id(posting) is None}


class _StoredPostings:
    """The stored postings that the postings of a batch may update, indexed by the source's id and by URL."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[str, str], dict[str, Any]] = {}
        # The key includes the title if the stored posting has an id.
        self._by_url: dict[tuple[str, ...], dict[str, Any]] = {}
        # Stored postings without an id, by the source and id of the batch's posting that will give them its id.
        self._adopted: dict[tuple[str, str], dict[str, Any]] = {}

    @classmethod
    def find_for(cls, batch: list[Posting]) -> "_StoredPostings":
        """Find the stored postings that may match the batch."""
        stored = cls()
        ids: dict[str, list[str]] = {}
        for posting in batch:
            if posting.job_id:
                ids.setdefault(posting.source, []).append(posting.job_id)
        for source, job_ids in ids.items():
            for row in _read({"source": source, "job_id": {"$in": job_ids} | _IS_STRING}):
                stored._by_id[row["source"], row["job_id"]] = row
        # A posting found by its id is not looked up by URL.
        others = [posting for posting in batch if posting.url and stored.find_by_id(posting) is None]
        if others:
            keys = sorted({build_url_key(posting.url or "") for posting in others})
            rows = list(_read({"url_key": {"$in": keys} | _IS_STRING}))
            for row in sorted(rows, key=lambda row: row.get("job_id") or "", reverse=True):
                # A row whose id is in the batch already belongs to the batch's posting with that id.
                if (row["source"], row.get("job_id")) not in stored._by_id:
                    title = (normalize_role(row["title"]),) if row.get("job_id") else ()
                    stored._by_url[row["source"], row["url_key"], *title] = row
        new: dict[_AdvertKey, Posting] = {}
        for posting in others:
            if posting.job_id:
                key = _build_advert_key(posting)
                new[key] = min(new.get(key, posting), posting, key=lambda each: each.job_id or "")
        for key, posting in new.items():
            without_id = stored._by_url.get(key[:2])
            if without_id is not None and normalize_role(without_id["title"]) == key[2]:
                stored._adopted[posting.source, posting.job_id or ""] = without_id
        return stored

    def add_id(self, posting: Posting) -> Posting:
        """Return the posting with the id of its stored posting, unless it has an id itself."""
        row = None if posting.job_id else self.find(posting)
        if row is None or not row.get("job_id"):
            return posting
        self._by_id[row["source"], row["job_id"]] = row
        return replace(posting, job_id=row["job_id"])

    def find_by_id(self, posting: Posting) -> dict[str, Any] | None:
        return self._by_id.get((posting.source, posting.job_id)) if posting.job_id else None

    def find(self, posting: Posting) -> dict[str, Any] | None:
        if posting.job_id:
            return self.find_by_id(posting) or self._adopted.get((posting.source, posting.job_id))
        key = _build_advert_key(posting)
        return self._by_url.get(key[:2]) or self._by_url.get(key)


def _read(query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from database().job_postings.find(query, dict.fromkeys(_STORED_FIELDS, 1))


def _compute_content_hash(posting: Posting) -> str:
    return hashlib.blake2b(orjson.dumps(posting), digest_size=16).hexdigest()


def _get_day(posting: Posting, now: datetime) -> datetime:
    return day_start(posting.date_posted or now.astimezone(UTC).date())


def _build_fields(
    posting: Posting, closed_at: datetime | None, skills: PostingSkills, unknown_slugs: list[str]
) -> dict[str, Any]:
    """Build the stored fields of a posting. Appends slugs that are not in the vocabulary to `unknown_slugs`."""
    fields: dict[str, Any] = {name: getattr(posting, name) for name in _POSTING_FIELDS}
    fields["closed_at"] = posting.closed_at or closed_at
    latitude, longitude = fields.pop("latitude"), fields.pop("longitude")
    fields["coordinates"] = None if latitude is None or longitude is None else {"lat": latitude, "lng": longitude}
    for name in ("date_posted", "date_reposted"):
        if fields[name] is not None:
            fields[name] = day_start(fields[name])
    for name in ("country_codes", "technology_slugs", "keyword_slugs", "employment_statuses"):
        fields[name] = list(fields[name])
    fields |= skills.as_fields()
    unknown_slugs.extend(get_vocabulary().list_unknown_slugs(posting.technology_slugs))
    if posting.country_code and posting.country_code not in fields["country_codes"]:
        fields["country_codes"].insert(0, posting.country_code)
    fields |= build_copy_keys(fields)
    return fields | build_posting_keys(fields)
