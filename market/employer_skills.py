"""Find the skills that mainly one employer of a role requires."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.connection import database
from market.selectors import get_window_days, read_stats_version

# An employer with a larger fraction of the postings that require a skill decides whether the skill is frequent.
MAX_EMPLOYER_FRACTION = 0.5
# More postings would add time but hardly any information.
_MAX_POSTINGS = 2_000
_MAX_ROLES = 200

_cache: VersionedCache[frozenset[str]] = VersionedCache(read_version=read_stats_version, max_weight=_MAX_ROLES)


def get_employer_specific_skills(*, role: str, days: int, now: datetime) -> frozenset[str]:
    """Return the skills for which one employer has more than half of the postings that require them. Cached.

    Only stored postings of a canonical role in the last `days` days are counted, without copies.
    """
    return _cache.get(key=(role, days), depends_on=now.date(), load=lambda: _load(role, days, now))


def _load(role: str, days: int, now: datetime) -> frozenset[str]:
    first, last = get_window_days(days, now)
    rows = database().job_postings.find(
        {"roles": role, "day": {"$gte": first, "$lte": last}, "hidden": {"$ne": True}, "copy_of": None},
        {"_id": 0, "company_key": 1, "skills": 1},
    )
    newest = rows.sort([("day", -1), ("_id", -1)]).limit(_MAX_POSTINGS)
    return find_employer_specific_skills((row.get("company_key") or "", row.get("skills") or ()) for row in newest)


def find_employer_specific_skills(postings: Iterable[tuple[str, Iterable[str]]]) -> frozenset[str]:
    """Return the skills for which one employer has more than half of the postings that require them.

    `postings` are pairs of an employer and the required skills. Postings with an empty employer are of unknown, and
    possibly different, employers.
    """
    totals: Counter[str] = Counter()
    by_employer: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for employer, skills in postings:
        for skill in skills:
            totals[skill] += 1
            if employer:
                by_employer[skill][employer] += 1
    return frozenset(
        skill
        for skill, employers in by_employer.items()
        if max(employers.values()) > MAX_EMPLOYER_FRACTION * totals[skill]
    )
