"""What the market asks of a role, as the match score weighs it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from market.role_windows import role_demands, role_figures
from market.roles import normalize_role
from market.skill_market import market_shares
from skills.gaps import RoleDemand

WINDOW_DAYS = 30
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
