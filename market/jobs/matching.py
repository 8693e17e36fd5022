"""Postings and people as they are matched, and what the market asks of a role."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from career_navigator.api.current_user import CurrentUser
from market.gaps import RoleDemand
from market.geo.labels import parse_place_label
from market.geo.names import REMOTE as ANYWHERE
from market.jobs.match_score import REMOTE, Opening, Seeker
from market.roles import normalize_role
from market.selectors import WINDOW_DAYS, market_shares, role_demands, role_figures

# What a query has to read of a posting for `opening_of`: no text.
OPENING_FIELDS: Mapping[str, int] = dict.fromkeys(
    (
        "title",
        "skills",
        "nice_to_have",
        "years_asked",
        "place",
        "country_code",
        "country_codes",
        "remote",
        "hybrid",
        "salary_currency",
        "min_annual_salary",
        "max_annual_salary",
        "min_annual_salary_usd",
        "max_annual_salary_usd",
    ),
    1,
)


def opening_of(row: Mapping[str, Any]) -> Opening:
    """The posting of a stored row with (at least) `OPENING_FIELDS`."""
    low, high = row.get("min_annual_salary_usd"), row.get("max_annual_salary_usd")
    if low is None and high is None and row.get("salary_currency") == "USD":
        low, high = row.get("min_annual_salary"), row.get("max_annual_salary")
    return Opening(
        title=row.get("title") or "",
        skills=tuple(row.get("skills") or ()),
        nice_to_have=frozenset(row.get("nice_to_have") or ()),
        years_asked=row.get("years_asked"),
        place=row.get("place") or "",
        country_code=row.get("country_code"),
        country_codes=frozenset(row.get("country_codes") or ()),
        remote=row.get("remote"),
        hybrid=row.get("hybrid"),
        min_salary_usd=low,
        max_salary_usd=high,
    )


def seeker_of(caller: CurrentUser, held: Collection[str]) -> Seeker:
    """The caller with the (canonical) skills that they hold. Who names no place prefers the one where they live.

    Pay that is expected in another currency than USD is not compared: nobody here knows a rate.
    """
    places = tuple(dict.fromkeys(_places(caller.preferred_locations or ([caller.location] if caller.location else []))))
    wish = caller.remote_preference
    in_usd = (caller.expected_salary_currency or "USD").upper() == "USD"
    return Seeker(
        skills=frozenset(held),
        desired_roles=tuple(caller.target_roles),
        experience_years=caller.experience_years,
        preferred_locations=tuple(place for place in places if place != ANYWHERE),
        remote_preference=REMOTE if wish is None and ANYWHERE in places else wish,
        expected_salary_usd=caller.expected_salary if in_usd else None,
    )


def _places(labels: Iterable[str]) -> Iterable[str]:
    """Each label as `Seeker.preferred_locations` has it: "Germany" is DE, "Texas" US-TX. A whole part of the world,
    of which nobody here knows the countries, is left out."""
    for label in labels:
        place = parse_place_label(label)
        if place.remote:
            yield ANYWHERE
        if place.city:
            yield place.label
        elif place.state_code:
            yield f"US-{place.state_code}"
        elif place.country_code:
            yield place.country_code


# What `demand_for` reads of a posting.
DEMAND_FIELDS = ("title_key", "roles")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The share, 0 to 1, of a (normalized) role's postings that asks for each skill; of the market's without one."""

    role: str | None
    shares: Mapping[str, float]


class Demands:
    """What the market asks, for many postings: the shares of all roles are read at once, those of each made once."""

    def __init__(self, *, now: datetime) -> None:
        self._asked = role_demands(days=WINDOW_DAYS, now=now)
        self._of_market = market_shares(now=now)
        self._shares: dict[str, Mapping[str, float]] = {}

    def of(self, row: Mapping[str, Any]) -> Demand:
        """The same as `demand_for`."""
        role = next((role for role in _roles_of(row) if role in self._asked and self._asked[role].skills), None)
        if role is None:
            return Demand(role=None, shares=self._of_market)
        if role not in self._shares:
            self._shares[role] = _shares_of(self._asked[role])
        return Demand(role=role, shares=self._shares[role])


def demand_for(row: Mapping[str, Any], *, now: datetime) -> Demand:
    """What the market asks of the role that a stored posting is of: the first that has any postings to count.

    A posting may belong to several roles. Those that its title names come first, the longer the name, the sooner.
    """
    for role in _roles_of(row):
        shares = demand_of(role=role, now=now)
        if shares:
            return Demand(role=role, shares=shares)
    return Demand(role=None, shares=market_shares(now=now))


def _roles_of(row: Mapping[str, Any]) -> Iterator[str]:
    title = f" {row.get('title_key') or ''} "
    yield from sorted(row.get("roles") or (), key=lambda role: (f" {role} " not in title, -len(role.split()), role))


def demand_of(*, role: str | None, now: datetime) -> Mapping[str, float]:
    """The share, 0 to 1, of the role's postings of the last 30 days that asks for each skill; nothing without any."""
    key = normalize_role(role) if role else ""
    figures = role_figures(role=key, days=WINDOW_DAYS, now=now) if key else None
    return _shares_of(figures.window.demand) if figures else {}


def _shares_of(demand: RoleDemand) -> Mapping[str, float]:
    return {skill.name: skill.count / demand.postings for skill in demand.skills} if demand.postings else {}
