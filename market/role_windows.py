"""What roles ask for over a window, from their daily figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.connection import database
from market.answers import read_stats_version
from market.daily_stats import PACKED_POSTINGS, PACKED_TALLIES, skill_key, tally, tally_of, unpack_postings
from market.documents import MARKET_SCOPE
from market.gaps import LOWEST_THRESHOLD, RoleDemand, RoleWindow
from market.selectors import day_start
from market.stats_rows import find_visible

# Bytes of a process. A year of the largest role of a million postings takes some 6 MB.
_MAX_BYTES = 64 * 1024 * 1024

_FIELDS = ("day", "postings", "computed_at", *PACKED_TALLIES, *PACKED_POSTINGS)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFigures:
    """A role's window, and when the newest of its figures was computed."""

    window: RoleWindow
    computed_at: datetime


_windows: VersionedCache[RoleFigures | None] = VersionedCache(
    read_version=read_stats_version,
    max_weight=_MAX_BYTES,
    weigh=lambda figures: figures.window.bytes_held if figures else 0,
)
_demands: VersionedCache[dict[str, RoleDemand]] = VersionedCache(read_version=read_stats_version, max_weight=4)
# Names by their keys. What a key means never changes, so this needs no version.
_names: dict[int, str] = {}


def role_figures(*, role: str, days: int, now: datetime) -> RoleFigures | None:
    """A (normalized) role's last `days` days; None where no posting is of it. Kept while the figures stand."""
    load = partial(load_role_figures, role=role, days=days, now=now)
    return _windows.get(key=(role, days), depends_on=now.date(), load=load)


def load_role_figures(*, role: str, days: int, now: datetime) -> RoleFigures | None:
    """`role_figures` from the stored rows, whatever is kept."""
    if role == MARKET_SCOPE:
        return None
    first, last = _window(days, now)
    # Read at once: another round trip takes longer than all that is computed from the rows, and longer than carrying
    # postings of the window before that nobody looks at.
    both = {"scope": role, "day": {"$gte": first - timedelta(days=days), "$lte": last}}
    return _figures_of(role, find_visible(query=both, fields=_FIELDS), first, last)


def build_role_figures(*, role: str, rows: Iterable[Row], days: int, now: datetime) -> RoleFigures | None:
    """`role_figures` from a role's rows that were computed just now."""
    first, last = _window(days, now)
    before = first - timedelta(days=days)
    rows = [row for row in rows if before <= row["day"] <= last]
    for row in rows:
        _names.update((skill_key(name), name) for name in row["skill_names"])
    return _figures_of(role, rows, first, last)


def has_rows(*, role: str) -> bool:
    """Whether a (normalized) role has a row of any day."""
    return bool(find_visible(query={"scope": role}, fields=("postings",)))


def _window(days: int, now: datetime) -> tuple[datetime, datetime]:
    today = now.astimezone(UTC).date()
    return day_start(today - timedelta(days=days - 1)), day_start(today)


def _figures_of(role: str, both: Iterable[Row], first: datetime, last: datetime) -> RoleFigures | None:
    """The window from `first` to `last`, from its rows and those of the window before it."""
    # Rows from before postings were packed are passed over until a check has mended them.
    packed = [row for row in both if "skill_keys" in row]
    rows, before = [row for row in packed if row["day"] >= first], [row for row in packed if row["day"] < first]
    if not rows:
        return None
    keys, counts, columns = tally(rows)
    postings = sum(row["postings"] for row in rows)
    names = _frequent_names(keys, counts, postings, role, first, last)
    demand = RoleDemand.of(
        postings=postings,
        counts={name: int(counts[place]) for place, name in names.items()},
        postings_before=sum(row["postings"] for row in before),
        before=dict(zip(names.values(), tally_of(before, keys=keys[list(names)]).tolist(), strict=True)),
    )
    window = RoleWindow(demand=demand, sets=unpack_postings(rows, keys=keys, columns=columns))
    return RoleFigures(window=window, computed_at=max(row["computed_at"] for row in rows))


def role_demands(*, days: int, now: datetime) -> dict[str, RoleDemand]:
    """What each role that has postings in the window asks for, by the role's name. Kept while the figures stand."""
    return _demands.get(key=days, depends_on=now.date(), load=lambda: dict(_load_demands(days, now)))


def _load_demands(days: int, now: datetime) -> Iterable[tuple[str, RoleDemand]]:
    first, last = _window(days, now)
    found = find_visible(
        query={"scope": {"$ne": MARKET_SCOPE}, "day": {"$gte": first, "$lte": last}},
        fields=("scope", "postings", *PACKED_TALLIES),
    )
    packed = (row for row in found if "skill_keys" in row)
    for role, rows in groupby(packed, key=itemgetter("scope")):
        of_role = list(rows)
        keys, counts, _ = tally(of_role)
        postings = sum(row["postings"] for row in of_role)
        names = _frequent_names(keys, counts, postings, role, first, last)
        yield (
            role,
            RoleDemand.of(postings=postings, counts={name: int(counts[place]) for place, name in names.items()}),
        )


def _frequent_names(
    keys: NDArray[np.uint64], counts: NDArray[np.int64], postings: int, role: str, first: datetime, last: datetime
) -> dict[int, str]:
    """The names of the skills that a gap analysis can require, by their place among the keys, in its order."""
    frequent = {place: int(keys[place]) for place in np.flatnonzero(counts >= postings * LOWEST_THRESHOLD - 1).tolist()}
    # The second field is that of rows that are being replaced.
    for field in ("skill_names", "before.skill_names"):
        if all(key in _names for key in frequent.values()):
            break
        wanted = {"scope": role, "day": {"$gte": first, "$lte": last}}
        for name in database().market_figures.distinct(field, wanted):
            _names[skill_key(name)] = name
    # A name can be gone only when the rows changed meanwhile, and then the figures get another version.
    return {place: _names[key] for place, key in frequent.items() if key in _names}
