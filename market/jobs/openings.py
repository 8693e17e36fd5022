"""A stored posting as something to be matched."""

from collections.abc import Mapping
from typing import Any

from skills.matching.sides import Opening

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
