"""Select the skills that a role's junior postings require."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.connection import database
from market.selectors import get_window_days, read_stats_version

# A posting is junior by its level or title, or if it requires at most this many years and its title is not senior.
_MAX_JUNIOR_YEARS = 2
_JUNIOR_TITLE = re.compile(r"\b(?:junior|jr|graduate|entry|intern|internship|trainee|apprentice)\b")
_SENIOR_TITLE = re.compile(r"\b(?:senior|sr|lead|staff|principal|head|director|manager)\b")
# Without this limit, one employer with many similar postings could decide which skills are enough.
_MAX_POSTINGS_PER_EMPLOYER = 3
# More postings would add time but hardly any information.
_MAX_POSTINGS = 200
_FIELDS = ("title_key", "seniority", "years_asked", "skills", "company_key")
_MAX_ROLES = 200

# The skills of each junior posting.
JuniorSkills = tuple[tuple[str, ...], ...]

_cache: VersionedCache[JuniorSkills] = VersionedCache(read_version=read_stats_version, max_weight=_MAX_ROLES)


def get_junior_skills(*, role: str, days: int, now: datetime) -> JuniorSkills:
    """Return the skills of each junior posting of a canonical role in the last `days` days, newest first. Cached.

    Copies and postings without skills are left out, and so are all but the three newest postings of each employer.
    """
    return _cache.get(
        key=(role, days),
        depends_on=now.date(),
        load=lambda: tuple(islice(_iterate_junior_skills(role, days, now), _MAX_POSTINGS)),
    )


def _iterate_junior_skills(role: str, days: int, now: datetime) -> Iterator[tuple[str, ...]]:
    first, last = get_window_days(days, now)
    rows = database().job_postings.find(
        {"roles": role, "day": {"$gte": first, "$lte": last}, "hidden": {"$ne": True}, "copy_of": None},
        dict.fromkeys(_FIELDS, 1) | {"_id": 0},
    )
    counts: Counter[str] = Counter()
    for row in rows.sort([("day", -1), ("_id", -1)]):
        if row.get("skills") and _is_junior(row):
            employer = row.get("company_key") or ""
            counts[employer] += 1
            if not employer or counts[employer] <= _MAX_POSTINGS_PER_EMPLOYER:
                yield tuple(row["skills"])


def _is_junior(row: Mapping[str, Any]) -> bool:
    title, years = row.get("title_key") or "", row.get("years_asked")
    if row.get("seniority") == "junior" or _JUNIOR_TITLE.search(title):
        return True
    return years is not None and years <= _MAX_JUNIOR_YEARS and not _SENIOR_TITLE.search(title)
