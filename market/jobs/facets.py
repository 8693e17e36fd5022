"""What the found postings have, with counts: what a filter can be narrowed by. Pure."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

# Values of each facet, the most frequent first.
MOST_VALUES = 20

# The fields of a posting that are counted.
FACET_FIELDS = ("skills", "country_codes", "place", "remote", "seniority", "company", "company_key")

_REMOTE = {True: "true", False: "false", None: "unknown"}

Row = Mapping[str, Any]
Names = Callable[[str], str | None]


def count_facets(rows: Collection[Row], *, skill_name: Names, country_name: Names) -> dict[str, Any]:
    """Each facet's values with the number of rows that have them, ties by value; `postings` is how many were counted.

    `value` is what a filter takes, `label` how it is shown. `remote` also counts those that do not say.
    """
    companies = {row["company_key"]: row["company"] for row in reversed(list(rows)) if row.get("company_key")}
    return {
        "postings": len(rows),
        "skills": _most(_each(rows, "skills"), label=skill_name),
        "countries": _most(_each(rows, "country_codes"), label=country_name),
        "places": _most(row["place"] for row in rows if row.get("place")),
        "remote": _most(_REMOTE[row.get("remote")] for row in rows),
        "seniorities": _most(row["seniority"] for row in rows if row.get("seniority")),
        "companies": [
            counted | {"value": companies[counted["value"]], "label": companies[counted["value"]]}
            for counted in _most(row["company_key"] for row in rows if row.get("company_key"))
        ],
    }


def _each(rows: Iterable[Row], field: str) -> Iterable[str]:
    return (value for row in rows for value in set(row.get(field) or ()))


def _most(values: Iterable[str], *, label: Names = str) -> list[dict[str, Any]]:
    counts = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return [{"value": value, "label": label(value) or value, "count": count} for value, count in counts[:MOST_VALUES]]
