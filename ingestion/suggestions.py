"""Suggestions for roles and places while they are typed, and explanations of unknown ones."""

from collections.abc import Collection, Iterable

from rapidfuzz import fuzz, process

from career_navigator.db.connection import database
from market.geo.labels import parse_place_label
from market.geo.names import find_city, fold, list_labels
from market.role_selectors import canonicalize_role, get_role_table

MAX_SUGGESTED = 10
# Minimum similarity, from 0 to 100, at which a spelling is suggested.
_MIN_SIMILARITY = 80


def suggest_roles(*, text: str) -> list[str]:
    """Return roles that contain the text or are spelled similarly, best match first."""
    return _rank_by_similarity(text, list_role_names())


def suggest_places(*, text: str) -> list[str]:
    """Return places that contain the text or are spelled similarly, best match first."""
    return _rank_by_similarity(text, list_labels())


def list_role_names() -> list[str]:
    """Return the roles for which variations are known, then all registered roles that have postings."""
    names = [role.name for role in get_role_table().roles.values()]
    registered = database().known_roles.find({}, {"label": 1}).sort("_id", 1)
    # Read from the daily stats through their index. `distinct` on the postings would read all of them.
    with_postings = set(database().market_figures.distinct("scope"))
    return list(dict.fromkeys([*names, *(row["label"] for row in registered if row["_id"] in with_postings)]))


def describe_unknown_roles(*, roles: Collection[str]) -> dict[str, str]:
    """Return an explanation for each unknown role, by role, with a suggestion if there is one."""
    keys = {role: canonicalize_role(role) for role in roles}
    unlisted = {role: key for role, key in keys.items() if key not in get_role_table().roles}
    if not unlisted:
        return {}
    found = set(database().job_postings.distinct("roles", {"roles": {"$in": list(unlisted.values())}}))
    names = list_role_names()
    return {
        role: f"no collected job title matches “{role}”{_did_you_mean(role, names)}"
        for role, key in unlisted.items()
        if key not in found
    }


def describe_unknown_places(
    *, places: Collection[str], consequence: str = "it was matched as text against job locations"
) -> dict[str, str]:
    """Return an explanation for each unknown place, by place, with a suggestion if there is one."""
    return {
        place: f"“{place}” is not a known place, so {consequence}{_did_you_mean(place, list_labels())}"
        for place in places
        if not _is_known(place)
    }


def names_several_roles(text: str) -> bool:
    """Return whether every comma-separated part is a role."""
    parts = text.split(",")
    return len(parts) > 1 and all(get_role_table().get(part) for part in parts)


def names_several_places(text: str) -> bool:
    """Return whether the comma-separated parts are several countries or several cities."""
    whole, parts = parse_place_label(text), [parse_place_label(part) for part in text.split(",")]
    if whole.state_code:
        return False
    cities = {part.city for part in parts if part.city and find_city(part.city)}
    countries = {part.country_code for part in parts if part.country_code and not part.city and not part.region}
    return len(countries) > 1 or len(cities) == len(parts) > 1


def _is_known(place: str) -> bool:
    parsed = parse_place_label(place)
    if parsed.city:
        # A town with a country or state counts as known, even if it is not in the list of cities.
        return bool(parsed.country_code) or find_city(parsed.city) is not None
    return bool(parsed.country_code or parsed.region or parsed.area or parsed.remote)


def _did_you_mean(text: str, names: Iterable[str]) -> str:
    found = process.extractOne(fold(text), {name: fold(name.split(",")[0]) for name in names}, scorer=fuzz.ratio)
    return f". Did you mean “{found[2]}”?" if found and found[1] >= _MIN_SIMILARITY else ""


def _rank_by_similarity(text: str, names: Iterable[str]) -> list[str]:
    query = fold(text)
    if not query:
        return []
    scored = []
    for name in names:
        folded = fold(name)
        # Prefix matches come first, then names that contain the text, then similar spellings.
        rank = 0 if folded.startswith(query) else 1 if query in folded else 2
        similarity = fuzz.ratio(query, folded)
        if rank < 2 or similarity >= _MIN_SIMILARITY:
            scored.append((rank, -similarity, name))
    return [name for _, _, name in sorted(scored)[:MAX_SUGGESTED]]
