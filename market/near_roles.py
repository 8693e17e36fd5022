"""Roles near a role, with the number of their postings."""

from dataclasses import dataclass
from datetime import datetime

from market.role_selectors import get_role_table
from market.selectors import get_role_demands


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRole:
    """A role near another one, and the number of its postings in the window."""

    role: str
    postings: int


def list_near_roles(*, role: str, days: int, now: datetime) -> list[NearRole]:
    """Return the roles near a role that have postings in the last `days` days, most postings first."""
    table = get_role_table()
    near_keys = table.list_near(role)
    demands = get_role_demands(days=days, now=now) if near_keys else {}
    near_roles = [
        NearRole(role=table.get_display_name(key), postings=demands[key].postings)
        for key in near_keys
        if key in demands
    ]
    return sorted(near_roles, key=lambda near_role: (-near_role.postings, near_role.role))
