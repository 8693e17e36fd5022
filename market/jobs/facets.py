"""Count the values by which a job list can be filtered further. Pure."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any

MAX_FACET_VALUES = 20
# The posting fields that facets are counted from.
FACET_FIELDS = ("skills", "country_codes", "place", "remote", "seniority", "company", "company_key")
_REMOTE = {True: "true", False: "false", None: "unknown"}

Row = dict[str, Any]
GetLabel = Callable[[str], str | None]


def count_facets(rows: Collection[Row], *, skill_name: GetLabel, country_name: GetLabel) -> dict[str, Any]:
    """Count the values of each facet, most frequent first, ties by value.

    `postings` is the number of rows, `value` the value to filter by and `label` its display name. `remote` includes
    postings that do not say whether the work is remote.
    """
    companies = {row["company_key"]: row["company"] for row in reversed(list(rows)) if row.get("company_key")}
    return {
        "postings": len(rows),
        "skills": _list_most_frequent(_iterate_values(rows, "skills"), label=skill_name),
        "countries": _list_most_frequent(_iterate_values(rows, "country_codes"), label=country_name),
        "places": _list_most_frequent(row["place"] for row in rows if row.get("place")),
        "remote": _list_most_frequent(_REMOTE[row.get("remote")] for row in rows),
        "seniorities": _list_most_frequent(row["seniority"] for row in rows if row.get("seniority")),
        "companies": [
            counted | {"value": companies[counted["value"]], "label": companies[counted["value"]]}
            for counted in _list_most_frequent(row["company_key"] for row in rows if row.get("company_key"))
        ],
    }


def _iterate_values(rows: Iterable[Row], field: str) -> Iterable[str]:
    return (value for row in rows for value in set(row.get(field) or ()))


def _list_most_frequent(values: Iterable[str], *, label: GetLabel = str) -> list[dict[str, Any]]:
    counts = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return [
        {"value": value, "label": label(value) or value, "count": count} for value, count in counts[:MAX_FACET_VALUES]
    ]
