"""Search requests to TheirStack for a role in a place, and the check whether a result belongs to the role."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from market.geo.labels import parse_place_label
from market.geo.names import Place, get_state_name, list_city_spellings
from market.role_table import RoleTable, load_default_table
from market.roles import normalize_role, title_names_role

# By words of the role: phrases that its search also finds although they name another role.
EXCLUSIONS: dict[str, tuple[str, ...]] = {
    "data architect": ("data center", "data centre"),
    "data engineer": ("data center", "data centre"),
    "go": ("go to market",),
    "java": ("javascript", "java script"),
    "product manager": ("product marketing",),
    "react": ("react native",),
}

# Phrases to exclude only from the results, not in the request. TheirStack matches words in any order, and so would also
# exclude "Product Manager, Marketing Platform". A search for the word "java" does not return "JavaScript" anyway.
EXCLUDED_FROM_RESULTS = frozenset(
    {"data center", "data centre", "java script", "javascript", "product marketing"},
)

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

# Special characters of regular expressions. `re.escape` would also escape spaces, which other engines may reject.
_SPECIAL = re.compile(r"[.^$*+?{}\[\]\\|()]")


@lru_cache(maxsize=4_096)
def list_role_variations(role: str, *, table: RoleTable | None = None) -> tuple[str, ...]:
    """Return the titles to search for: the role as written, then its other titles in the table of roles.

    A title with the words of a shorter title is left out, because TheirStack matches the words in any order. Titles
    that differ in hyphens are all listed, because TheirStack does not document whether it treats them as the same. For
    a role that is not in the table, the only other title swaps a final "developer" and "engineer". Returns an empty
    tuple for a role without words.
    """
    if not normalize_role(role):
        return ()
    entry = (table or load_default_table()).get(role)
    others = (entry.name, *entry.names, *entry.searched_titles) if entry else _swap_words(role)
    distinct: dict[str, str] = {}
    for variation in (" ".join(role.split()), *others):
        distinct.setdefault(variation.casefold(), variation)
    kept = {next(iter(distinct)), *(map(str.casefold, entry.searched_titles) if entry else ())}
    words = {variation: frozenset(variation.replace(",", "").split()) for variation in distinct}
    shorter = [words[variation] for variation in distinct if variation not in kept]
    return tuple(
        title
        for variation, title in distinct.items()
        if variation in kept or not any(other < words[variation] for other in shorter)
    )


def _swap_words(role: str) -> tuple[str, ...]:
    *before, last = role.split()
    other = {"developer": "Engineer", "engineer": "Developer"}.get(last.casefold())
    return (" ".join((*before, other)),) if before and other else ()


def list_excluded_title_phrases(role: str) -> tuple[str, ...]:
    """Return phrases of similar titles that name another role, such as "react native" for "React Developer"."""
    return tuple(
        phrase
        for words, phrases in EXCLUSIONS.items()
        if title_names_role(title=role, role=words)
        for phrase in phrases
        if not title_names_role(title=role, role=phrase)
    )


def belongs_to_search(*, role: str, title: str, table: RoleTable | None = None) -> bool:
    """Return whether a posting found by a search for the role really belongs to the role.

    Only excluded phrases count against a posting. "React Native Developer" is not a React developer's job, while
    "React / React Native Developer" also names the role and is accepted.
    """
    rest = f" {normalize_role(title)} "
    excluded = False
    for phrase in list_excluded_title_phrases(role):
        words_of_phrase = f" {normalize_role(phrase)} "
        while words_of_phrase in rest:
            excluded = True
            rest = rest.replace(words_of_phrase, " ")
    if not excluded:
        return True
    words, variations = set(rest.split()), list_role_variations(role, table=table)
    return any(words.issuperset(normalize_role(variation).split()) for variation in variations)


def build_search_payload(
    *,
    role: str,
    place: str,
    max_age_days: int,
    limit: int,
    page: int,
    discovered_since: datetime | None,
    known_job_ids: Sequence[int] = (),
    offset: int = 0,
    table: RoleTable | None = None,
) -> dict[str, Any]:
    """Build the body of a search for a role in a place.

    `page` counts from zero. An empty `place` means anywhere. `offset` is the number of rows to skip before the first
    page. `discovered_since` must be timezone-aware. `known_job_ids` are postings that were already paid for and that
    the search would return again, because they were discovered in its first second. `table` is the table of roles, by
    default the seed file's. Raises ValueError for a role
    without words.
    """
    titles = list_role_variations(role, table=table)
    if not titles:
        raise ValueError(f"a role to search for must contain at least one word, got {role!r}")
    payload: dict[str, Any] = {
        "job_title_or": list(titles),
        # Always sent: the API rejects searches without a filter on the posting date.
        "posted_at_max_age_days": max_age_days,
        "limit": limit,
        "page": page,
    }
    excluded = _list_excluded_in_request(role)
    if excluded:
        payload["job_title_not"] = list(excluded)
    payload |= _build_place_filters(place)
    if discovered_since is not None:
        payload["discovered_at_gte"] = _format_utc_seconds(discovered_since)
    if known_job_ids:
        payload["job_id_not"] = list(known_job_ids)
    if offset:
        payload["offset"] = offset
    return payload


def _list_excluded_in_request(role: str) -> tuple[str, ...]:
    """Return the excluded phrases that the request may name without also excluding titles of the role."""
    return tuple(phrase for phrase in list_excluded_title_phrases(role) if phrase not in EXCLUDED_FROM_RESULTS)


def _build_place_filters(label: str) -> dict[str, Any]:
    if not label.strip():
        return {}
    place = parse_place_label(label)
    filters: dict[str, Any] = {}
    if place.remote and not place.city:
        filters["remote"] = True
    if place.country_code:
        filters["job_country_code_or"] = [place.country_code]
    names = _list_place_names(place)
    if not filters and not names:
        names = (" ".join(label.split()),)
    if names:
        filters["job_location_pattern_or"] = [_SPECIAL.sub(r"\\\g<0>", name) for name in names]
    return filters


def _list_place_names(place: Place) -> tuple[str, ...]:
    """Return the names that a job's location may use for the place, if the place is smaller than a country."""
    if place.city:
        names = list_city_spellings(place.city)
    elif place.remote:
        names = ()  # a remote job names at most its country
    elif place.state_code:
        names = (get_state_name(code=place.state_code),)
    else:
        names = tuple(name for name in (place.region, place.area) if name)
    return tuple(dict.fromkeys(spelling for name in names for spelling in (name, _strip_accents(name))))


def _strip_accents(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _format_utc_seconds(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("discovered_since must be timezone-aware")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
