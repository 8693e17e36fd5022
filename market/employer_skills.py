"""Find the skills that are frequent in a role only because one employer requires them."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.connection import database
from market.selectors import get_window_days, read_stats_version

# An employer with a larger fraction of the postings that require a skill can decide whether the skill is frequent.
MAX_EMPLOYER_FRACTION = 0.5
# A skill is frequent anyway if at least this fraction of the other employers' postings require it.
MIN_FRACTION_OF_OTHERS = 0.1
# More postings would add time but hardly any information.
_MAX_POSTINGS = 2_000
_MAX_ROLES = 200

_cache: VersionedCache[frozenset[str]] = VersionedCache(read_version=read_stats_version, max_weight=_MAX_ROLES)


def get_employer_specific_skills(*, role: str, days: int, now: datetime) -> frozenset[str]:
    """Return the skills of a canonical role that mainly one employer requires. Cached.

    Only stored postings in the last `days` days are counted, without copies. See `find_employer_specific_skills`.
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
    """Return the skills that mainly one employer requires.

    The employer has more than half of the postings that require the skill, and less than a tenth of the other
    employers' postings require it.

    `postings` are pairs of an employer and the required skills. Postings with an empty employer are of unknown, and
    possibly different, employers.
    """
    postings_by_employer: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    by_employer: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for employer, skills in postings:
        postings_by_employer[employer] += 1
        for skill in skills:
            totals[skill] += 1
            if employer:
                by_employer[skill][employer] += 1
    all_postings = postings_by_employer.total()
    found = set()
    for skill, employers in by_employer.items():
        employer, count = max(employers.items(), key=lambda item: item[1])
        others = all_postings - postings_by_employer[employer]
        if count > MAX_EMPLOYER_FRACTION * totals[skill] and totals[skill] - count < MIN_FRACTION_OF_OTHERS * others:
            found.add(skill)
    return frozenset(found)
