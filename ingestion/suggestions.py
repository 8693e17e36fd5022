"""What roles and places a collection may mean: suggestions while they are typed, and what is wrong with a typed one."""

from collections.abc import Collection, Iterable

from rapidfuzz import fuzz, process

from career_navigator.db.connection import database
from ingestion.role_searches import load_role_variations
from market.geo.labels import parse_place_label
from market.geo.names import find_city, fold, list_labels
from market.roles import normalize_role

MAX_SUGGESTED = 10
# Below this a spelling is too far off to be meant.
_LIKE_ENOUGH = 80


def suggest_roles(*, text: str) -> list[str]:
    """Return the roles that have the text in them or are spelt like it, the most alike first."""
    return _most_alike(text, list_role_names())


def suggest_places(*, text: str) -> list[str]:
    """Return the places that have the text in them or are spelt like it, the most alike first."""
    return _most_alike(text, list_labels())


def list_role_names() -> list[str]:
    """Return the roles that searches know other titles of, and those that were asked for and have postings."""
    names = [variations[0] for variations in load_role_variations().values()]
    known = database().known_roles.find({}, {"label": 1}).sort("_id", 1)
    # The daily stats' rows of roles, through their index; postings would be read whole.
    with_postings = set(database().market_figures.distinct("scope"))
    return list(dict.fromkeys([*names, *(row["label"] for row in known if row["_id"] in with_postings)]))


def describe_unknown_roles(*, roles: Collection[str]) -> dict[str, str]:
    """Say of each role that nothing is known of, by the role, what may be meant."""
    keys = {role: normalize_role(role) for role in roles}
    strange = {role: key for role, key in keys.items() if key not in load_role_variations()}
    if not strange:
        return {}
    found = set(database().job_postings.distinct("roles", {"roles": {"$in": list(strange.values())}}))
    names = list_role_names()
    return {
        role: f"no title that was ever collected names “{role}”{_did_you_mean(role, names)}"
        for role, key in strange.items()
        if key not in found
    }


def describe_unknown_places(
    *, places: Collection[str], consequence: str = "locations with that text were asked for"
) -> dict[str, str]:
    """Say of each place that is not known, by the place, what that led to and what may be meant."""
    return {
        place: f"“{place}” is no place that is known here, so {consequence}{_did_you_mean(place, list_labels())}"
        for place in places
        if not _is_known(place)
    }


def names_several_roles(text: str) -> bool:
    """Return whether each part between commas is a role of its own."""
    parts = text.split(",")
    return len(parts) > 1 and all(normalize_role(part) in load_role_variations() for part in parts)


def names_several_places(text: str) -> bool:
    """Return whether the parts between commas are countries, or cities, side by side."""
    whole, parts = parse_place_label(text), [parse_place_label(part) for part in text.split(",")]
    if whole.state_code:
        return False
    cities = {part.city for part in parts if part.city and find_city(part.city)}
    countries = {part.country_code for part in parts if part.country_code and not part.city and not part.region}
    return len(countries) > 1 or len(cities) == len(parts) > 1


def _is_known(place: str) -> bool:
    parsed = parse_place_label(place)
    if parsed.city:
        # A town that says its country or state is one, though it is on no list.
        return bool(parsed.country_code) or find_city(parsed.city) is not None
    return bool(parsed.country_code or parsed.region or parsed.area or parsed.remote)


def _did_you_mean(text: str, names: Iterable[str]) -> str:
    found = process.extractOne(fold(text), {name: fold(name.split(",")[0]) for name in names}, scorer=fuzz.ratio)
    return f". Did you mean “{found[2]}”?" if found and found[1] >= _LIKE_ENOUGH else ""


def _most_alike(text: str, names: Iterable[str]) -> list[str]:
    wanted = fold(text)
    if not wanted:
        return []
    scored = []
    for name in names:
        folded = fold(name)
        # What begins so comes first, then what has it inside, then what is spelt like it.
        rank = 0 if folded.startswith(wanted) else 1 if wanted in folded else 2
        likeness = fuzz.ratio(wanted, folded)
        if rank < 2 or likeness >= _LIKE_ENOUGH:
            scored.append((rank, -likeness, name))
    return [name for _, _, name in sorted(scored)[:MAX_SUGGESTED]]
