"""Writes of the market: storing postings, letting a role be known, deleting what is past its retention."""

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
from market.daily_stats import day_start
from market.documents import MARKET_SCOPE
from market.membership import add_role, build_sorted_union, get_search_roles, list_registered_roles, register_role
from market.posting import Posting, build_posting_keys, build_url_key
from market.posting_skills import extract_posting_skills
from market.refresh import close_day, compute_role, find_closed_days
from market.roles import find_named_roles, normalize_role
from market.selectors import RoleStats, build_role_stats, get_role_stats, has_rows
from market.stats_rows import dirty_days
from market.tasks import queue_refresh
from skills.selectors import get_vocabulary
from skills.services import count_unknown_slugs

# `dataclasses.asdict` copies deeply, which costs more than the rest of storing.
_POSTING_FIELDS = tuple(each.name for each in dataclass_fields(Posting))
# What storing reads of a stored posting.
_READ = (
    *("source", "job_id", "url_key", "title", "content_hash", "day"),
    *("roles", "search_roles", "search_keywords"),
)
# The indexes on ids and URLs hold strings alone. A query that does not ask for one reads every posting instead.
_INDEXED = {"$type": "string"}
# Source, key of the URL, title.
_Advert = tuple[str, str, str]
# Two writers may insert the same advert at once; the loser finds it on its next look.
_MAX_ATTEMPTS = 3


@dataclass(slots=True, kw_only=True)
class StoreOutcome:
    """How many postings were new, changed, as they were, or refused (by reason)."""

    collected: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class ConflictingPosting(RuntimeError):
    """A posting that other writers kept changing while it was being stored."""


def store_postings(
    *,
    postings: Sequence[Posting],
    role: str | None = None,
    place: str | None = None,
    closed_at: datetime | None = None,
    now: datetime,
    dry_run: bool = False,
) -> StoreOutcome:
    """Insert what is new, update what changed, leave alone what did not.

    A posting is found by the source's id, and without one by its URL. Adverts with different ids may share a URL; of
    one with an id and one without, the title says too whether they are the same.

    `role` and `place` are those of the search that returned the postings; `closed_at` is when they were closed where
    they do not say it themselves. A posting keeps its day, the time it was
    first collected and the roles whose searches returned it; all else follows what is given. One that belongs to a
    closed day is refused (`sealed_day`). A batch of 500 to 1,000 is best. With `dry_run` nothing is written, and the
    outcome is what it would be.
    """
    outcome = StoreOutcome()
    batch = _remove_repeats(postings)
    outcome.unchanged += len(postings) - len(batch)
    for _ in range(_MAX_ATTEMPTS):
        batch = _store(batch, role, place, closed_at, now, outcome, dry_run)
        if not batch:
            return outcome
    raise ConflictingPosting(f"{len(batch)} postings, the first {batch[0].job_id or batch[0].url}")


def compute_role_stats(*, role: str, days: int, now: datetime) -> RoleStats | None:
    """Return a role's last `days` days, computed from its postings where no row of it is stored.

    None where no posting of those days is of it. What else depends on the daily stats follows with the next refresh,
    which is queued after rows were computed.
    """
    name = normalize_role(role)
    stats = get_role_stats(role=name, days=days, now=now)
    if stats is not None or not name or name == MARKET_SCOPE:
        return stats
    if has_rows(role=name):
        # They may be of another request that asked at the same time, or of a refresh.
        return get_role_stats(role=name, days=days, now=now)
    register_role(role=role, now=now)
    rows = compute_role(role=name, now=now)
    if rows:
        queue_refresh()
    return build_role_stats(role=name, rows=rows, days=days, now=now)


def delete_expired_postings(*, days_to_keep: int, now: datetime) -> Iterator[tuple[date, int]]:
    """Delete the postings of every whole day before the last `days_to_keep`; yield each day with its count.

    The days' stats stay and are final. Call `refresh_stats` afterwards.
    """
    for day in sorted(database().job_postings.distinct("day", _expired_query(days_to_keep, now))):
        yield day.date(), close_day(day=day, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredPostings:
    """How many postings are past retention, on how many days, and the first day that is kept."""

    postings: int
    days: int
    first_kept: date


def count_expired_postings(*, days_to_keep: int, now: datetime) -> ExpiredPostings:
    """Count what `delete_expired_postings` would delete."""
    query = _expired_query(days_to_keep, now)
    postings = database().job_postings
    return ExpiredPostings(
        postings=postings.count_documents(query),
        days=len(postings.distinct("day", query)),
        first_kept=query["day"]["$lt"].date(),
    )


def _expired_query(days_to_keep: int, now: datetime) -> dict[str, Any]:
    return {"day": {"$lt": day_start(now.astimezone(UTC).date() - timedelta(days=days_to_keep - 1))}}


def _remove_repeats(postings: Sequence[Posting]) -> list[Posting]:
    """Each advert once, as it was last given. One without an id takes that of another with its URL and title."""
    ids: dict[_Advert, str] = {}
    for posting in postings:
        if posting.job_id and posting.url:
            advert = _advert(posting)
            ids[advert] = min(ids.get(advert, posting.job_id), posting.job_id)
    last: dict[object, Posting] = {}
    for given in postings:
        posting = given
        if not given.job_id and given.url and (job_id := ids.get(_advert(given))):
            posting = replace(given, job_id=job_id)
        identity: object = id(posting)
        if posting.job_id:
            identity = (posting.source, posting.job_id)
        elif posting.url:
            identity = (posting.source, None, build_url_key(posting.url))
        last.pop(identity, None)
        last[identity] = posting
    return list(last.values())


def _advert(posting: Posting) -> _Advert:
    """What an advert with an id and one without have in common where they are the same."""
    return posting.source, build_url_key(posting.url or ""), normalize_role(posting.title)


def _store(
    batch: list[Posting],
    role: str | None,
    place: str | None,
    closed_at: datetime | None,
    now: datetime,
    outcome: StoreOutcome,
    dry_run: bool,
) -> list[Posting]:
    """One attempt; returns the postings that another writer got in the way of."""
    stored = _Stored.matching(batch)
    batch = [stored.with_id(posting) for posting in batch]
    registered = list_registered_roles()
    searched = [normalize_role(role)] if role else []
    closed = find_closed_days({_get_day(posting, now) for posting in batch if stored.find(posting) is None})
    writes: list[InsertOne[dict[str, Any]] | UpdateOne] = []
    written: list[tuple[Posting, str]] = []
    adopting: list[int] = []
    rows: list[dict[str, Any]] = []
    days: set[datetime] = set()
    unknown_slugs: list[str] = []
    for posting in batch:
        content_hash = _content_hash(posting)
        named = find_named_roles(title=posting.title, roles=registered)
        existing = stored.find(posting)
        if existing is None:
            day = _get_day(posting, now)
            if day in closed:
                outcome.refused["sealed_day"] += 1
                continue
            fields = _fields(posting, closed_at, unknown_slugs) | {
                "content_hash": content_hash,
                "roles": sorted({*searched, *named}),
                "search_roles": searched,
                "day": day,
                "scraped_at": now,
                "updated_at": now,
                "search_keywords": role or "",
                "search_location": place or "",
            }
            row = {key: value for key, value in fields.items() if value is not None}
            writes.append(InsertOne(row))
            written.append((posting, "collected"))
            rows.append(row)
            days.add(day)
            continue
        found_for = get_search_roles(existing)
        fields, what = {}, "unchanged"
        if existing["content_hash"] != content_hash:
            fields, what = (
                _fields(posting, closed_at, unknown_slugs) | {"content_hash": content_hash, "updated_at": now},
                "updated",
            )
            if fields["url"] is None:
                del fields["url"], fields["url_key"]
        elif set(searched) <= set(found_for) and {*found_for, *named} == set(existing.get("roles", ())):
            outcome.unchanged += 1
            continue
        same: dict[str, Any] = {"_id": existing["_id"]}
        if posting.job_id and not existing.get("job_id"):
            # Another writer may give it another id.
            same["job_id"] = None
            adopting.append(len(writes))
        writes.append(UpdateOne(same, _change(fields, found_for, searched, named)))
        written.append((posting, what))
        rows.append(existing)
        days.add(existing["day"])
    if not writes:
        return []
    refused: set[int] = set()
    if not dry_run:
        with dirty_days(days=days, now=now):
            refused = _write(writes)
            refused |= _find_unstored({index: written[index][0] for index in adopting})
            # A role registered meanwhile was given what was stored before these writes, and they know nothing of it.
            for late in set(list_registered_roles()) - set(registered):
                add_role(role=late, ids=[row["_id"] for row in rows])
        count_unknown_slugs(slugs=unknown_slugs, now=now)
    for index, (_, what) in enumerate(written):
        if index not in refused:
            setattr(outcome, what, getattr(outcome, what) + 1)
    return [written[index][0] for index in sorted(refused)]


def _change(
    fields: dict[str, Any], found_for: list[str], searched: list[str], named: list[str]
) -> list[dict[str, Any]]:
    """The update that gives a stored posting these fields and the roles that follow from them.

    It is one step, so that two writers of the same posting leave roles that belong to its title.
    """
    values: dict[str, Any] = {name: {"$literal": value} for name, value in fields.items() if value is not None}
    values["search_roles"] = build_sorted_union({"$ifNull": ["$search_roles", found_for]}, searched)
    gone = [name for name, value in fields.items() if value is None]
    return [
        {"$set": values},
        {"$set": {"roles": build_sorted_union("$search_roles", named)}},
        *([{"$unset": gone}] if gone else []),
    ]


def _write(writes: list[Any]) -> set[int]:
    """Write unordered; returns the positions another writer's insert stood in the way of."""
    try:
        database().job_postings.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        return find_duplicate_key_indexes(error)
    return set()


def _find_unstored(postings: Mapping[int, Posting]) -> set[int]:
    """The keys of the postings whose id no stored posting has."""
    if not postings:
        return set()
    stored = _Stored.matching(list(postings.values()))
    return {index for index, posting in postings.items() if stored.find_by_id(posting) is None}


class _Stored:
    """The stored postings that a batch may be about, by the source's id and by URL."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[str, str], dict[str, Any]] = {}
        # With an id by title too.
        self._by_url: dict[tuple[str, ...], dict[str, Any]] = {}
        # The postings without ids that one of the batch gives its id to.
        self._adopted: dict[tuple[str, str], dict[str, Any]] = {}

    @classmethod
    def matching(cls, batch: list[Posting]) -> "_Stored":
        stored = cls()
        ids: dict[str, list[str]] = {}
        for posting in batch:
            if posting.job_id:
                ids.setdefault(posting.source, []).append(posting.job_id)
        for source, job_ids in ids.items():
            for row in _read({"source": source, "job_id": {"$in": job_ids} | _INDEXED}):
                stored._by_id[row["source"], row["job_id"]] = row
        # One that is known by its id is not looked up by URL.
        others = [posting for posting in batch if posting.url and stored.find_by_id(posting) is None]
        if others:
            keys = sorted({build_url_key(posting.url or "") for posting in others})
            rows = list(_read({"url_key": {"$in": keys} | _INDEXED}))
            for row in sorted(rows, key=lambda row: row.get("job_id") or "", reverse=True):
                # An id that the batch has itself says already which advert that is.
                if (row["source"], row.get("job_id")) not in stored._by_id:
                    title = (normalize_role(row["title"]),) if row.get("job_id") else ()
                    stored._by_url[row["source"], row["url_key"], *title] = row
        new: dict[_Advert, Posting] = {}
        for posting in others:
            if posting.job_id:
                advert = _advert(posting)
                new[advert] = min(new.get(advert, posting), posting, key=lambda each: each.job_id or "")
        for advert, posting in new.items():
            own = stored._by_url.get(advert[:2])
            if own is not None and normalize_role(own["title"]) == advert[2]:
                stored._adopted[posting.source, posting.job_id or ""] = own
        return stored

    def with_id(self, posting: Posting) -> Posting:
        """The posting with the id of the stored one that it is about, if it has none itself."""
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
        advert = _advert(posting)
        return self._by_url.get(advert[:2]) or self._by_url.get(advert)


def _read(query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from database().job_postings.find(query, dict.fromkeys(_READ, 1))


def _content_hash(posting: Posting) -> str:
    return hashlib.blake2b(orjson.dumps(posting), digest_size=16).hexdigest()


def _get_day(posting: Posting, now: datetime) -> datetime:
    return day_start(posting.date_posted or now.astimezone(UTC).date())


def _fields(posting: Posting, closed_at: datetime | None, unknown_slugs: list[str]) -> dict[str, Any]:
    """What the source says, as stored; adds the slugs the vocabulary does not know to `unknown_slugs`."""
    fields: dict[str, Any] = {name: getattr(posting, name) for name in _POSTING_FIELDS}
    fields["closed_at"] = posting.closed_at or closed_at
    latitude, longitude = fields.pop("latitude"), fields.pop("longitude")
    fields["coordinates"] = None if latitude is None or longitude is None else {"lat": latitude, "lng": longitude}
    for name in ("date_posted", "date_reposted"):
        if fields[name] is not None:
            fields[name] = day_start(fields[name])
    for name in ("country_codes", "technology_slugs", "keyword_slugs", "employment_statuses"):
        fields[name] = list(fields[name])
    asked = extract_posting_skills(title=posting.title, description=posting.description, slugs=posting.technology_slugs)
    fields |= asked.as_fields()
    unknown_slugs.extend(get_vocabulary().unknown_slugs(posting.technology_slugs))
    if posting.country_code and posting.country_code not in fields["country_codes"]:
        fields["country_codes"].insert(0, posting.country_code)
    return fields | build_posting_keys(fields)
