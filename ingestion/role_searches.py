"""What to ask TheirStack for to find the postings of a role in a place, and which of its answers are the role's."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ingestion.role_variations import EXCLUDED_WHEN_READ, EXCLUSIONS, variations_by_role
from market.geo.labels import parse_place_label
from market.geo.names import Place, get_state_name, list_city_spellings
from market.roles import normalize_role, title_names_role

DEFAULT_ROLES = (
    "Software Engineer",
    "Data Scientist",
    "DevOps Engineer",
    "Frontend Developer",
    "Backend Developer",
    "Full Stack Developer",
    "Machine Learning Engineer",
    "Product Manager",
)
DEFAULT_PLACES = ("United States", "Remote")

# What a regular expression gives a meaning. `re.escape` also escapes spaces, which other engines may refuse.
_SPECIAL = re.compile(r"[.^$*+?{}\[\]\\|()]")


@lru_cache(maxsize=4_096)
def role_variations(role: str) -> tuple[str, ...]:
    """The titles to search for: the role as it was given, then what else it is called.

    A role that is not in the table gets its last word swapped between developer and engineer, and nothing else.
    Empty for a role without words.
    """
    key = normalize_role(role)
    if not key:
        return ()
    others = variations_by_role().get(key)
    if others is None:
        others = _swapped(role)
    distinct: dict[str, str] = {}
    for variation in (" ".join(role.split()), *others):
        distinct.setdefault(variation.casefold(), variation)
    return tuple(distinct.values())


def _swapped(role: str) -> tuple[str, ...]:
    *before, last = role.split()
    other = {"developer": "Engineer", "engineer": "Developer"}.get(last.casefold())
    return (" ".join((*before, other)),) if before and other else ()


def excluded_title_phrases(role: str) -> tuple[str, ...]:
    """Phrases whose titles are not the role's, however like it they sound: "react native" for "React Developer"."""
    return tuple(
        phrase
        for words, phrases in EXCLUSIONS.items()
        if title_names_role(title=role, role=words)
        for phrase in phrases
        if not title_names_role(title=role, role=phrase)
    )


def belongs_to_search(*, role: str, title: str) -> bool:
    """Whether a posting that a search for the role returned is the role's.

    Only the exclusions speak against it: "React Native Developer" is not a React developer's job, while
    "React / React Native Developer" names the role besides and is.
    """
    rest = f" {normalize_role(title)} "
    excluded = False
    for phrase in excluded_title_phrases(role):
        wanted = f" {normalize_role(phrase)} "
        while wanted in rest:
            excluded = True
            rest = rest.replace(wanted, " ")
    if not excluded:
        return True
    words = set(rest.split())
    return any(words.issuperset(normalize_role(variation).split()) for variation in role_variations(role))


def search_payload(
    *,
    role: str,
    place: str,
    max_age_days: int,
    limit: int,
    page: int,
    discovered_since: datetime | None,
    known_job_ids: Sequence[int] = (),
    offset: int = 0,
) -> dict[str, Any]:
    """The body of a search for a role in a place. `page` counts from zero; an empty `place` means anywhere.

    `offset` are rows to pass over before the first page.

    `discovered_since` must be aware. `known_job_ids` are postings already paid for that the search would return
    again: those discovered in its first second. Raises ValueError for a role without words.
    """
    titles = role_variations(role)
    if not titles:
        raise ValueError(f"a role to search for needs at least one word, got {role!r}")
    payload: dict[str, Any] = {
        "job_title_or": list(titles),
        # Always sent: the API refuses a search without a filter on the posting's date.
        "posted_at_max_age_days": max_age_days,
        "limit": limit,
        "page": page,
    }
    left_out = _phrases_to_leave_out(role)
    if left_out:
        payload["job_title_not"] = list(left_out)
    payload |= _place_filters(place)
    if discovered_since is not None:
        payload["discovered_at_gte"] = _utc_seconds(discovered_since)
    if known_job_ids:
        payload["job_id_not"] = list(known_job_ids)
    if offset:
        payload["offset"] = offset
    return payload


def _phrases_to_leave_out(role: str) -> tuple[str, ...]:
    """Those of the excluded phrases that the source can leave out without leaving out the role's own titles."""
    return tuple(phrase for phrase in excluded_title_phrases(role) if phrase not in EXCLUDED_WHEN_READ)


def _place_filters(label: str) -> dict[str, Any]:
    if not label.strip():
        return {}
    place = parse_place_label(label)
    filters: dict[str, Any] = {}
    if place.remote and not place.city:
        filters["remote"] = True
    if place.country_code:
        filters["job_country_code_or"] = [place.country_code]
    names = _names(place)
    if not filters and not names:
        names = (" ".join(label.split()),)
    if names:
        filters["job_location_pattern_or"] = [_SPECIAL.sub(r"\\\g<0>", name) for name in names]
    return filters


def _names(place: Place) -> tuple[str, ...]:
    """What a posting's location may call the place, where it is less than a country."""
    if place.city:
        names = list_city_spellings(place.city)
    elif place.remote:
        names = ()  # the country is as much as a remote job says of its place
    elif place.state_code:
        names = (get_state_name(code=place.state_code),)
    else:
        names = tuple(name for name in (place.region, place.area) if name)
    return tuple(dict.fromkeys(spelling for name in names for spelling in (name, _without_accents(name))))


def _without_accents(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _utc_seconds(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a search asks from a moment in time: the datetime must be aware")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
