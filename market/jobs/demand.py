"""What the market asks of a role, as the match score weighs it."""

from collections.abc import Mapping
from datetime import datetime

from market.role_windows import role_figures
from market.roles import normalize_role

WINDOW_DAYS = 30


def demand_of(*, role: str | None, now: datetime) -> Mapping[str, float]:
    """The share, 0 to 1, of the role's postings of the last 30 days that asks for each skill; nothing without any."""
    key = normalize_role(role) if role else ""
    figures = role_figures(role=key, days=WINDOW_DAYS, now=now) if key else None
    if figures is None or not figures.window.demand.postings:
        return {}
    demand = figures.window.demand
    return {skill.name: skill.count / demand.postings for skill in demand.skills}
