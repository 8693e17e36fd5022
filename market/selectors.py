"""Read the daily stats: precomputed trending responses, demand of roles, and shares of skills.

The responses of all windows are rendered in advance and stored in Redis under a version that each refresh replaces.
The version begins with the UTC day for which it was rendered, because all windows move at midnight.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar

import numpy as np
import orjson
from numpy.typing import NDArray

from career_navigator.cache.client import execute, read
from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.connection import database
from market.daily_stats import (
    PACKED_COUNTS,
    PACKED_POSTINGS,
    day_start,
    sum_counts,
    sum_counts_by_key,
    unpack_postings,
)
from market.documents import MARKET_SCOPE
from market.gaps import MIN_THRESHOLD, RoleDemand, RoleWindow
from market.name_keys import compute_name_key
from market.related_skills import RelatedSkill, find_related
from market.role_selectors import canonicalize_role, get_role_table
from market.samples import SAMPLE_FIELDS, Sample, build_sample
from market.stats_rows import find_visible_rows
from market.trends import (
    MAX_WINDOW_DAYS,
    Comparison,
    DayRecord,
    Interval,
    build_trending_responses,
    compare_counts,
    compute_percentage,
    compute_wilson_interval,
)

VERSION_KEY = "market:figures:version"
# Unix time of the last rendering.
RENDERED_AT_KEY = "market:figures:rendered-at"
WINDOW_DAYS = 30
# Cache size per process in bytes. A year of the largest role takes about 6 MB with a million postings.
_MAX_BYTES = 64 * 1024 * 1024
_WINDOW_FIELDS = ("day", "computed_at", *SAMPLE_FIELDS, *PACKED_COUNTS, *PACKED_POSTINGS)
Row = Mapping[str, Any]
_RECORD_FIELDS = tuple(name for name in DayRecord.__dataclass_fields__ if name != "day")


def load_records(*, scope: str, first_day: datetime, last_day: datetime) -> Iterator[DayRecord]:
    """Yield the stored stats of a scope from `first_day` to `last_day` (inclusive), oldest first."""
    rows = database().market_figures.find(
        {"scope": scope, "day": {"$gte": first_day, "$lte": last_day}},
        dict.fromkeys((*_RECORD_FIELDS, "day"), 1) | {"_id": 0},
    )
    for row in rows.sort("day", 1):
        yield DayRecord(**(row | {"day": row["day"].date()}))


def read_response(*, days: int, now: datetime) -> tuple[bytes, bytes] | None:
    """Return the current version and the JSON of a window, or None if Redis has no response for today."""
    version = read_stats_version()
    if version is None or not version.startswith(get_version_prefix(now)):
        return None
    replies = execute(("HGET", get_responses_key(version), str(days)))
    return (version, replies[0]) if replies and isinstance(replies[0], bytes) else None


def read_stats_version() -> bytes | None:
    """Return the version of the daily stats, or None before the first refresh or without Redis."""
    return read(VERSION_KEY)


def render_response(*, days: int, now: datetime) -> bytes:
    """Render the JSON of one window from the stored stats, as a fallback if Redis has no response."""
    return next(_render_windows(now, [days]))[1]


def render_responses(*, now: datetime) -> tuple[bytes, dict[str, bytes]]:
    """Render every window from the stored stats. Return a new version and the responses by number of days."""
    version = get_version_prefix(now) + uuid.uuid4().hex.encode()
    return version, {str(days): response for days, response in _render_windows(now, range(1, MAX_WINDOW_DAYS + 1))}


def _render_windows(now: datetime, windows: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    windows = list(windows)
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=2 * max(windows) - 1)
    records = load_records(scope=MARKET_SCOPE, first_day=day_start(first), last_day=day_start(today))
    generated_at = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    for days, response in build_trending_responses(records, today=today, windows=windows, generated_at=generated_at):
        yield days, orjson.dumps(response)


def get_version_prefix(now: datetime) -> bytes:
    """Return the part of a version that identifies the UTC day it was rendered for."""
    return f"{now.astimezone(UTC).date().isoformat()}:".encode()


def get_responses_key(version: bytes) -> bytes:
    """Return the key of the Redis hash with a version's responses by number of days."""
    return b"market:figures:answers:" + version


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleStats:
    """A role's window, and the time when its newest row was computed."""

    window: RoleWindow
    computed_at: datetime


_role_windows: VersionedCache[RoleStats | None] = VersionedCache(
    read_version=read_stats_version,
    max_weight=_MAX_BYTES,
    weigh=lambda stats: stats.window.size_in_bytes if stats else 0,
)
_demands: VersionedCache[dict[str, RoleDemand]] = VersionedCache(read_version=read_stats_version, max_weight=4)
# Skill names by key. The name of a key never changes, so this cache needs no version.
_names: dict[int, str] = {}


def get_role_stats(*, role: str, days: int, now: datetime) -> RoleStats | None:
    """Return a normalized role's cached stats of the last `days` days, or None if it has no postings."""
    load = partial(load_role_stats, role=role, days=days, now=now)
    return _role_windows.get(key=(role, days), depends_on=now.date(), load=load)


def load_role_stats(*, role: str, days: int, now: datetime) -> RoleStats | None:
    """Load the result of `get_role_stats` from the stored rows, bypassing the cache."""
    if role == MARKET_SCOPE:
        return None
    first, last = get_window_days(days, now)
    # One query for both windows. A second round trip would take longer than computing everything from the rows, and
    # longer than transferring the previous window's postings, which are not used.
    both_windows = {"scope": role, "day": {"$gte": first - timedelta(days=days), "$lte": last}}
    return _compute_role_stats(role, find_visible_rows(query=both_windows, fields=_WINDOW_FIELDS), first, last)


def build_role_stats(*, role: str, rows: Iterable[Row], days: int, now: datetime) -> RoleStats | None:
    """Build the result of `get_role_stats` from a role's freshly computed rows."""
    first, last = get_window_days(days, now)
    before = first - timedelta(days=days)
    rows = [row for row in rows if before <= row["day"] <= last]
    for row in rows:
        _names.update((compute_name_key(name), name) for name in row["skill_names"])
    return _compute_role_stats(role, rows, first, last)


def has_rows(*, role: str) -> bool:
    """Return whether a normalized role has a visible row on any day."""
    return bool(find_visible_rows(query={"scope": role}, fields=("postings",)))


def get_window_days(days: int, now: datetime) -> tuple[datetime, datetime]:
    """Return the first and the last day of a window that ends today."""
    today = now.astimezone(UTC).date()
    return day_start(today - timedelta(days=days - 1)), day_start(today)


def _compute_role_stats(role: str, rows_of_both: Iterable[Row], first: datetime, last: datetime) -> RoleStats | None:
    """Compute the stats of a window (`first` to `last`) from its rows and those of the previous window."""
    # Skip rows written by releases that did not pack postings. A check of the daily stats replaces them.
    packed = [row for row in rows_of_both if "skill_keys" in row]
    rows, rows_before = [row for row in packed if row["day"] >= first], [row for row in packed if row["day"] < first]
    if not rows:
        return None
    keys, counts, columns = sum_counts(rows)
    sample = build_sample(rows)
    names = _find_frequent_names(keys, counts, sample.distinct_jobs, role=role, first=first, last=last)
    demand = RoleDemand.from_counts(
        postings=sum(row["postings"] for row in rows),
        counts={name: int(counts[index]) for index, name in names.items()},
        sample=sample,
        sample_before=build_sample(rows_before),
        before=dict(zip(names.values(), sum_counts_by_key(rows_before, keys=keys[list(names)]).tolist(), strict=True)),
    )
    window = RoleWindow(demand=demand, sets=unpack_postings(rows, keys=keys, columns=columns))
    return RoleStats(window=window, computed_at=max(row["computed_at"] for row in rows))


def get_role_demands(*, days: int, now: datetime) -> dict[str, RoleDemand]:
    """Return the cached demand of each role with postings in the window, by normalized name."""
    return _demands.get(key=days, depends_on=now.date(), load=lambda: dict(_load_demands(days, now)))


def _load_demands(days: int, now: datetime) -> Iterable[tuple[str, RoleDemand]]:
    first, last = get_window_days(days, now)
    found = find_visible_rows(
        query={"scope": {"$ne": MARKET_SCOPE}, "day": {"$gte": first, "$lte": last}},
        fields=("scope", "day", *SAMPLE_FIELDS, *PACKED_COUNTS),
    )
    packed = (row for row in found if "skill_keys" in row)
    for role, rows in groupby(packed, key=itemgetter("scope")):
        role_rows = list(rows)
        keys, counts, _ = sum_counts(role_rows)
        sample = build_sample(role_rows)
        names = _find_frequent_names(keys, counts, sample.distinct_jobs, role=role, first=first, last=last)
        counts_by_name = {name: int(counts[index]) for index, name in names.items()}
        yield (
            role,
            RoleDemand.from_counts(
                postings=sum(row["postings"] for row in role_rows), counts=counts_by_name, sample=sample
            ),
        )


def _find_frequent_names(
    keys: NDArray[np.uint64], counts: NDArray[np.int64], jobs: int, *, role: str, first: datetime, last: datetime
) -> dict[int, str]:
    """Return the names of the skills that a gap analysis can require, by ascending index in `keys`."""
    frequent = {index: int(keys[index]) for index in np.flatnonzero(counts >= jobs * MIN_THRESHOLD - 1).tolist()}
    # The second field has the names of rows that are being replaced.
    for field in ("skill_names", "before.skill_names"):
        if all(key in _names for key in frequent.values()):
            break
        query = {"scope": role, "day": {"$gte": first, "$lte": last}}
        for name in database().market_figures.distinct(field, query):
            _names[compute_name_key(name)] = name
    # A name can only be missing if the rows changed in the meantime. Then the stats also get a new version.
    return {index: _names[key] for index, key in frequent.items() if key in _names}


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillMarket:
    """A skill's share of the last 30 days' distinct adverts, compared with the 30 days before.

    `postings` includes copies of an advert.
    """

    count: int
    postings: int
    sample: Sample
    percentage: float
    confidence_interval: Interval
    comparison: Comparison
    related: tuple[RelatedSkill, ...]
    window_days: ClassVar[int] = WINDOW_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class _MarketCounts:
    postings: int
    sample: Sample
    skills: Counter[str]


_market_windows: VersionedCache[tuple[_MarketCounts, _MarketCounts]] = VersionedCache(read_version=read_stats_version)
_market_shares: VersionedCache[dict[str, float]] = VersionedCache(read_version=read_stats_version)
_skill_markets: VersionedCache[SkillMarket] = VersionedCache(read_version=read_stats_version, max_weight=2048)


def get_skill_market(*, skill: str, now: datetime) -> SkillMarket:
    """Return a canonical skill's stats, all 0 if no posting requires it. Cached until the next refresh."""
    return _skill_markets.get(key=skill, depends_on=now.date(), load=lambda: _load_skill_market(skill, now))


def get_market_shares(*, now: datetime) -> Mapping[str, float]:
    """Return each skill's share (0 to 1) of the last 30 days' postings. Cached until the next refresh."""
    return _market_shares.get(depends_on=now.date(), load=lambda: _load_market_shares(now))


def _load_skill_market(skill: str, now: datetime) -> SkillMarket:
    window, before = _market_windows.get(depends_on=now.date(), load=lambda: _load_market_windows(now))
    count = window.skills[skill]
    return SkillMarket(
        count=count,
        postings=window.postings,
        sample=window.sample,
        percentage=compute_percentage(count, window.sample.distinct_jobs),
        confidence_interval=compute_wilson_interval(
            count=count, of=window.sample.distinct_jobs, design_effect=window.sample.design_effect
        ),
        comparison=compare_counts(
            count=count,
            postings=window.sample.distinct_jobs,
            previous=before.skills[skill],
            postings_before=before.sample.distinct_jobs,
            design_effect=window.sample.design_effect,
            design_effect_before=before.sample.design_effect,
        ),
        related=find_related(skill=skill, counts=window.skills, jobs=window.sample.distinct_jobs) if count else (),
    )


def _load_market_shares(now: datetime) -> dict[str, float]:
    window, _ = _market_windows.get(depends_on=now.date(), load=lambda: _load_market_windows(now))
    jobs = window.sample.distinct_jobs
    return {name: count / jobs for name, count in window.skills.items()} if jobs else {}


def _load_market_windows(now: datetime) -> tuple[_MarketCounts, _MarketCounts]:
    last = day_start(now.astimezone(UTC).date())
    return _count_market(last), _count_market(last - timedelta(days=WINDOW_DAYS))


def _count_market(last: datetime) -> _MarketCounts:
    first = last - timedelta(days=WINDOW_DAYS - 1)
    fields = dict.fromkeys((*SAMPLE_FIELDS, "day", "skill_names", "skill_counts"), 1)
    query = {"scope": MARKET_SCOPE, "day": {"$gte": first, "$lte": last}}
    rows = list(database().market_figures.find(query, fields | {"_id": 0}))
    postings, skills = 0, Counter[str]()
    for row in rows:
        postings += row["postings"]
        for name, count in zip(row.get("skill_names", ()), row.get("skill_counts", ()), strict=True):
            skills[name] += count
    return _MarketCounts(postings=postings, sample=build_sample(rows), skills=skills)


# The posting fields that `get_posting_demand` reads.
DEMAND_FIELDS = ("title_key", "roles")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Each skill's share (0 to 1) of the postings of a normalized role, or of the market if `role` is None."""

    role: str | None
    shares: Mapping[str, float]


class Demands:
    """The demand for many postings, with one query for all roles. Computes each role's shares once."""

    def __init__(self, *, now: datetime) -> None:
        self._role_demands = get_role_demands(days=WINDOW_DAYS, now=now)
        self._market_shares = get_market_shares(now=now)
        self._shares: dict[str, Mapping[str, float]] = {}

    def get(self, row: Mapping[str, Any]) -> Demand:
        """Return the demand for a stored posting, with the same result as `get_posting_demand`."""
        demands = self._role_demands
        role = next((role for role in _list_roles(row) if role in demands and demands[role].skills), None)
        if role is None:
            return Demand(role=None, shares=self._market_shares)
        if role not in self._shares:
            self._shares[role] = _compute_shares(demands[role])
        return Demand(role=role, shares=self._shares[role])


def get_posting_demand(row: Mapping[str, Any], *, now: datetime) -> Demand:
    """Return the demand of the first role of a stored posting that has stats, or else of the market.

    Roles that the title names come first, longer names before shorter ones.
    """
    for role in _list_roles(row):
        shares = get_role_demand(role=role, now=now)
        if shares:
            return Demand(role=role, shares=shares)
    return Demand(role=None, shares=get_market_shares(now=now))


def _list_roles(row: Mapping[str, Any]) -> Iterator[str]:
    title, roles, names_role = row.get("title_key") or "", row.get("roles") or (), get_role_table().names_role
    yield from sorted(roles, key=lambda role: (not names_role(title=title, role=role), -len(role.split()), role))


def get_role_demand(*, role: str | None, now: datetime) -> Mapping[str, float]:
    """Return each skill's share (0 to 1) of a role's postings of the last 30 days, or {} if there are none."""
    key = canonicalize_role(role) if role else ""
    stats = get_role_stats(role=key, days=WINDOW_DAYS, now=now) if key else None
    return _compute_shares(stats.window.demand) if stats else {}


def _compute_shares(demand: RoleDemand) -> Mapping[str, float]:
    return {skill.name: skill.count / demand.jobs for skill in demand.skills} if demand.jobs else {}
