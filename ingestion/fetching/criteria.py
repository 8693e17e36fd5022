"""What to collect for a person: what the request says, and where it says nothing, what the profile does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from career_navigator.api.current_user import CurrentUser
from ingestion.role_searches import DEFAULT_PLACES
from market.geo.labels import parse_place_label
from market.geo.names import REMOTE, UNKNOWN, get_country_name, is_country_code
from market.geo.places import normalize_place
from market.jobs.filters import JobFilter
from market.roles import normalize_role

# What one request may cost grows with both.
MAX_ROLES = 3
MAX_PLACES = 5

ONLY_REMOTE = "remote"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchCriteria:
    """Roles as they were written, the places to search, and the filter of the stored postings that meet them."""

    roles: tuple[str, ...]
    places: tuple[str, ...]
    job_filter: JobFilter


def read_criteria(*, user: CurrentUser, given: Mapping[str, Any]) -> FetchCriteria:
    """Return a user's criteria, each part from the request's fields before the profile's.

    The first `MAX_ROLES` and `MAX_PLACES` count; without any place, the default ones do. `given` is as
    `FetchJobsSerializer` reads it. There are no roles where neither names one.
    """
    roles = _given_roles(given) or user.target_roles
    locations, countries = given.get("preferred_locations") or [], given.get("countries") or []
    if not locations and not countries:
        locations = user.preferred_locations or [user.location or ""]
    labels = _distinct([*map(place_label, _join_states(locations)), *map(_country, countries)])[:MAX_PLACES]
    preference = given.get("remote_preference") or user.remote_preference
    distinct: dict[str, str] = {}
    for role in roles:
        distinct.setdefault(normalize_role(role), role)
    wanted = tuple(distinct.values())[:MAX_ROLES]
    if preference == ONLY_REMOTE:
        return _remote_criteria(wanted, labels)
    labels = labels or list(DEFAULT_PLACES)
    return FetchCriteria(
        roles=wanted,
        places=tuple(labels),
        job_filter=JobFilter(
            titles=wanted,
            places=tuple(labels),
            hybrid=True if preference == "hybrid" else None,
            remote=False if preference == "onsite" else None,
        ),
    )


def place_label(location: str) -> str:
    """A place as postings have it; "" for none. Two letters that name no place are a country's code: "CA" is Canada."""
    label, code = normalize_place(label=location), location.strip().upper()
    if parse_place_label(label).country_code is None and is_country_code(code):
        return _country(code)
    return "" if label == UNKNOWN else label


def _join_states(locations: Iterable[str]) -> list[str]:
    """What was parted at a comma that stands within one place: "San Francisco" and "CA" are not a city and Canada."""
    joined: list[str] = []
    for location in locations:
        city, state = joined[-1] if joined else "", location.strip()
        place = parse_place_label(f"{city}, {state}")
        in_state = len(city) > 2 and len(state) == 2 and place.city and place.state_code == state
        if in_state and parse_place_label(city).country_code in (None, "US"):
            joined[-1] = f"{city}, {state}"
        else:
            joined.append(location)
    return joined


def _given_roles(given: Mapping[str, Any]) -> list[str]:
    desired = given.get("desired_job_role") or {}
    return _distinct(
        [desired.get("first_role") or "", *(desired.get("target_roles") or ()), *(given.get("target_roles") or ())]
    )


def _remote_criteria(roles: tuple[str, ...], labels: Iterable[str]) -> FetchCriteria:
    """A remote job says no more of its place than the country."""
    codes = _distinct(parse_place_label(label).country_code or "" for label in labels if label != REMOTE)
    places = [f"{REMOTE}, {_country(code)}" for code in codes] or [REMOTE]
    return FetchCriteria(
        roles=roles, places=tuple(places), job_filter=JobFilter(titles=roles, countries=tuple(codes), remote=True)
    )


def _country(code: str) -> str:
    """The country's name as a place; its code where the name means another place, as Georgia does."""
    name = get_country_name(code=code) or code
    return name if parse_place_label(name).country_code == code else code


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))
