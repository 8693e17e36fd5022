"""How a single skill stands in the market: who asks for it, and for what along with it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.connection import database
from market.answers import read_stats_version
from market.documents import MARKET_SCOPE
from market.selectors import day_start
from market.trends import MIN_POSTINGS_TO_COMPARE, percentage

WINDOW_DAYS = 30
# Related skills are counted in the newest postings that ask for the skill: some 5 ms through the index on skills and
# time, where all of a frequent skill's postings of a month would take a second.
_SAMPLE = 500
_FEWEST_TOGETHER = 3
_MOST_RELATED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedSkill:
    """`percentage` of the sampled postings that ask for a skill ask for this one too; of all postings so many do."""

    name: str
    percentage: float
    market_percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillMarket:
    """A skill's share of the postings of the last 30 days; growth is null where it would be noise."""

    count: int
    postings: int
    percentage: float
    growth_percentage: float | None
    related: tuple[RelatedSkill, ...]
    window_days: ClassVar[int] = WINDOW_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    postings: int
    skills: Counter[str]


_windows: VersionedCache[tuple[_Counts, _Counts]] = VersionedCache(read_version=read_stats_version)
_shares: VersionedCache[dict[str, float]] = VersionedCache(read_version=read_stats_version)
_skills: VersionedCache[SkillMarket] = VersionedCache(read_version=read_stats_version, max_weight=2048)


def skill_market(*, skill: str, now: datetime) -> SkillMarket:
    """The figures of a canonical skill; zeros for one that no posting asks for. Kept while the figures stand."""
    return _skills.get(key=skill, depends_on=now.date(), load=lambda: _load(skill, now))


def market_shares(*, now: datetime) -> Mapping[str, float]:
    """The share (0 to 1) of the postings of the last 30 days that asks for each skill. Kept while the figures stand."""
    return _shares.get(depends_on=now.date(), load=lambda: _load_shares(now))


def _load(skill: str, now: datetime) -> SkillMarket:
    window, before = _windows.get(depends_on=now.date(), load=lambda: _load_windows(now))
    count, previous = window.skills[skill], before.skills[skill]
    comparable = min(window.postings, before.postings) >= MIN_POSTINGS_TO_COMPARE and previous
    return SkillMarket(
        count=count,
        postings=window.postings,
        percentage=percentage(count, window.postings),
        growth_percentage=percentage(count - previous, previous) if comparable else None,
        related=_related(skill, window) if count else (),
    )


def _load_shares(now: datetime) -> dict[str, float]:
    window, _ = _windows.get(depends_on=now.date(), load=lambda: _load_windows(now))
    return {name: count / window.postings for name, count in window.skills.items()} if window.postings else {}


def _load_windows(now: datetime) -> tuple[_Counts, _Counts]:
    last = day_start(now.astimezone(UTC).date())
    return _count(last), _count(last - timedelta(days=WINDOW_DAYS))


def _count(last: datetime) -> _Counts:
    first = last - timedelta(days=WINDOW_DAYS - 1)
    rows = database().market_figures.find(
        {"scope": MARKET_SCOPE, "day": {"$gte": first, "$lte": last}},
        {"_id": 0, "postings": 1, "skill_names": 1, "skill_counts": 1},
    )
    postings, skills = 0, Counter[str]()
    for row in rows:
        postings += row["postings"]
        for name, count in zip(row.get("skill_names", ()), row.get("skill_counts", ()), strict=True):
            skills[name] += count
    return _Counts(postings=postings, skills=skills)


def _related(skill: str, window: _Counts) -> tuple[RelatedSkill, ...]:
    """Those skills that stand beside this one oftener than in the market at large, by how much oftener."""
    newest = (
        database()
        .job_postings.find({"skills": skill, "hidden": {"$ne": True}}, {"_id": 0, "skills": 1})
        .sort([("day", -1), ("_id", -1)])
        .limit(_SAMPLE)
    )
    sampled, together = 0, Counter[str]()
    for posting in newest:
        sampled += 1
        together.update(set(posting["skills"]))
    del together[skill]
    related = [
        RelatedSkill(
            name=name,
            percentage=percentage(count, sampled),
            market_percentage=percentage(window.skills[name], window.postings),
        )
        for name, count in together.items()
        if count >= _FEWEST_TOGETHER and count * window.postings > window.skills[name] * sampled
    ]
    related.sort(key=lambda each: (each.market_percentage - each.percentage, each.name))
    return tuple(related[:_MOST_RELATED])
