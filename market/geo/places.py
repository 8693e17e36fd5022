"""Determine one normalized place per job, so that daily stats group by place regardless of spelling.

A source supplies a free-text label and structured location fields. The rules:

- The first of several places counts: "San Francisco or Remote" is San Francisco, "Remote / NYC" is Remote.
- A label that says remote before it names any city is "Remote", even if it adds a country or state: "US Remote",
  "Remote (New York)", "Texas - Remote". "Miami - Remote" names its city first and is Miami.
- A label that names a world region ("EMEA", "LatAm") is used as is. The office that a source has on file for such an
  posting is not the job's place.
- If the label names a different city, state or country than the first structured location, the label counts. The
  structured address is often the employer's.
- Otherwise the city of the first structured location counts, and the label fills in missing fields.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from market.geo.labels import parse_place_label
from market.geo.names import (
    UNKNOWN,
    Place,
    capitalize,
    find_city,
    find_country,
    find_country_of_part,
    find_state,
    fold,
    is_country_code,
    is_default_place,
)


def normalize_place(
    *,
    label: str,
    locations: Sequence[Mapping[str, object] | str] = (),
    country: str | None = None,
    country_code: str | None = None,
    state_code: str | None = None,
    cities: Sequence[str] = (),
) -> str:
    """Return the normalized place of a job, such as "Austin, TX", "London, United Kingdom" or "Remote".

    `locations` are the source's location objects or labels; only the first is used. Returns "Unknown" if there is no
    usable location. Never raises and never returns an empty string.
    """
    name = kind = first_state = first_country_code = first_country = ""
    if locations:
        first = locations[0]
        if isinstance(first, Mapping):
            name = _to_text(first.get("name")) or _to_text(first.get("display_name"))
            kind = _to_text(first.get("type"))
            first_state = _to_text(first.get("state_code")) or _to_text(first.get("state"))
            first_country_code = _to_text(first.get("country_code"))
            first_country = _to_text(first.get("country_name"))
        else:
            name = _to_text(first)
    elif cities:
        name = _to_text(cities[0])
    return _build_place_label(
        _to_text(label),
        name,
        kind,
        first_state or _to_text(state_code),
        first_country_code or _to_text(country_code),
        first_country or _to_text(country),
    )


# Regions that `names.toml` lists as cities. A structured address within such a region is more specific.
_PARTS_OF_THE_COUNTRY = frozenset(
    {"San Francisco Bay Area", "Silicon Valley", "Orange County", "Research Triangle Park", "Bali", "Pangyo"}
)
_NAMES = re.compile(r"[,;/|()\[\]]+|\s-\s")


# A million postings have tens of thousands of distinct places.
@lru_cache(maxsize=65_536)
def _build_place_label(  # noqa: PLR0917 - lru_cache is faster with positional arguments
    label: str, name: str, kind: str, state: str, country_code: str, country: str
) -> str:
    label_place = parse_place_label(label)
    if not label_place.city and (label_place.remote or label_place.area):
        return label_place.label
    code = country_code.upper()
    if not is_country_code(code):
        code = find_country(country) or ""
    state_code = find_state(state.upper() if len(state) == 2 else state)
    structured_place = _parse_structured_place(name, kind=kind, state_code=state_code, country_code=code)
    if _is_contradiction(label_place, structured_place, label):
        return label_place.label
    if structured_place.city and (code or not (label_place.city and label_place.country_code)):
        return structured_place.label
    if label_place.city:
        return _complete(label_place, state_code=state_code, country_code=code).label
    if label_place.state_code or label_place.region:
        return label_place.label
    return next((place.label for place in (structured_place, label_place) if place.label != UNKNOWN), UNKNOWN)


def _is_contradiction(label_place: Place, structured_place: Place, label: str) -> bool:
    """Return whether the label names a place that contradicts the structured location."""
    if not label_place.country_code or label_place.city in _PARTS_OF_THE_COUNTRY:
        return False
    if label_place.city:
        if structured_place.city and fold(structured_place.city) != fold(label_place.city):
            return True
        return structured_place.country_code != label_place.country_code and has_country(
            label, label_place.country_code
        )
    if structured_place.country_code and structured_place.country_code != label_place.country_code:
        return True
    return bool(
        label_place.state_code and structured_place.state_code and structured_place.state_code != label_place.state_code
    )


def has_country(label: str, code: str) -> bool:
    """Return whether a part of the label is the country's name or code."""
    return any(find_country(part.strip()) == code for part in _NAMES.split(label))


def _parse_structured_place(name: str, *, kind: str, state_code: str | None, country_code: str) -> Place:
    """Determine the place of a structured location from its name and its fields."""
    country_place = Place(country_code=country_code or None)
    place = parse_place_label(name)
    if not country_code:
        return place
    if find_country(name) == country_code or (place.remote and not place.city):
        return country_place
    if not name or kind not in {"", "city"}:
        # For a state, county or region, only the state or region name is useful.
        if country_code == "US" and state_code:
            return replace(country_place, state_code=state_code)
        return (
            replace(country_place, region=place.region) if find_country_of_part(name) == country_code else country_place
        )
    if not place.city and (place.area or place == Place() or (place.region and place.country_code == country_code)):
        return replace(country_place, region=place.region)
    if kind != "city" and not place.city and place.country_code == country_code:
        return place
    has_own_region = "," in name and place.city and place.country_code  # "Austin, TX" includes the state
    if has_own_region and (place.country_code == country_code or not is_default_place(place)):
        return place
    city = place.city if place.city and place.country_code in {None, country_code} else capitalize(name)
    return _complete(Place(city=city), state_code=state_code, country_code=country_code)


def _complete(place: Place, *, state_code: str | None, country_code: str) -> Place:
    """Fill in country and state from the structured fields, unless the label names them."""
    stated_code = place.country_code
    if country_code and (
        stated_code is None or (stated_code != country_code and _has_open_country(place, country_code))
    ):
        default = find_city(place.city or "")
        default_state = default.state_code if default and default.country_code == country_code else None
        place = replace(place, country_code=country_code, state_code=default_state)
    if place.country_code == "US" and state_code and (place.state_code is None or is_default_place(place)):
        return replace(place, state_code=state_code)
    return place


def _has_open_country(place: Place, country_code: str) -> bool:
    """Return whether the label leaves the country open: a city only, or a code of both a state and a country."""
    return is_default_place(place) or place.state_code == country_code


def _to_text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
