"""Look up single place names: cities, US states, countries, parts of countries and world regions.

A name must match as a whole. Countries and states come from ISO 3166 (pycountry); everything else is curated in
`names.toml`.
"""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from career_navigator.plain_text import normalize_text

REMOTE = "Remote"
UNKNOWN = "Unknown"

# Names that mean a US state rather than a country: a posting that says only "Georgia" is from Atlanta far more often
# than from Tbilisi.
_STATE_FIRST = frozenset({"georgia"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place. Unknown parts are None.

    `state_code` is a US state, `region` is the name of a part of another country, and `area` is a world region such
    as "EMEA".
    """

    city: str | None = None
    state_code: str | None = None
    region: str | None = None
    country_code: str | None = None
    area: str | None = None
    remote: bool = False

    @property
    def label(self) -> str:
        """The label by which daily stats group postings. Never empty."""
        country = get_country_name(code=self.country_code) if self.country_code else None
        if self.city:
            if self.state_code:
                return f"{self.city}, {self.state_code}"
            if country and fold(country) != fold(self.city):
                return f"{self.city}, {country}"
            return country or self.city
        if self.remote:
            return REMOTE
        if self.state_code:
            name = get_state_name(code=self.state_code)
            return f"{name} State, {country}" if find_city(name) else f"{name}, {country}"
        if self.region:
            return f"{self.region}, {country}"
        return country or self.area or UNKNOWN


def fold(text: str) -> str:
    """Return the text as a key for comparison.

    The key has no case, accents, dots, apostrophes, hyphens or leading "the", and single spaces.
    """
    decomposed = normalize_text("NFKD", text)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()
    plain = re.sub(r"[.'’`´]", "", plain).replace("-", " ").replace("_", " ")
    plain = " ".join(plain.split())
    return plain.removeprefix("the ")


def find_place(name: str) -> Place | None:
    """Find the world region, city, country, US state or part of a country with exactly this name."""
    key = fold(name)
    if key in _load_non_place_words():
        return Place()
    if key in _load_areas():
        return Place(area=_load_areas()[key])
    if city := find_city(name):
        return city
    if country_code := find_country(name):
        return Place(country_code=country_code)
    state = find_state(name)
    if state and not is_country_code(name):
        return Place(state_code=state, country_code="US")
    country_of_part = find_country_of_part(name)
    if country_of_part and len(name) > 2:
        return Place(region=capitalize(name), country_code=country_of_part)
    return None


def find_region(part: str) -> Place | None:
    """Find the US state or country that follows a city's name in a label."""
    if state := find_state(part):
        return Place(state_code=state, country_code="US")
    code = find_country(part) or find_country_of_part(part)
    return Place(country_code=code) if code else None


def is_country_or_area(name: str) -> bool:
    """Return whether this is a country, a world region or a non-place, and so never half of a city's name."""
    name = name.strip()
    return bool(find_country(name) or fold(name) in _load_areas() or is_non_place(name))


def is_non_place(name: str) -> bool:
    """Return whether labels use this text instead of a place: "Hybrid", "Multiple Locations"."""
    return fold(name) in _load_non_place_words()


def is_default_place(place: Place) -> bool:
    """Return whether country and state are the defaults for the city's name, and so may only be assumed."""
    default = find_city(place.city or "")
    return default is not None and default == Place(
        city=place.city, country_code=place.country_code, state_code=place.state_code
    )


def capitalize(name: str) -> str:
    """Capitalize each word of a name that is all upper case or all lower case; leave other names as written."""
    if name.islower() or (name.isupper() and len(name) > 3):
        return " ".join(word[:1].upper() + word[1:].lower() for word in name.split())
    return " ".join(name.split())


def find_city(name: str) -> Place | None:
    """Find the city that a name without state or country means. The result has the city's usual name."""
    return _load_cities().get(fold(name))


def list_city_spellings(name: str) -> tuple[str, ...]:
    """Return the city's name and the aliases that are long enough to search for, so not "SF" or "LA"."""
    others = _load_data()["other_city_names"].get(name, ())
    return (name, *(other for other in others if len(other) > 3 and not other.isupper() and name not in other))


@cache
def list_labels() -> tuple[str, ...]:
    """Return the labels of all known countries, US states and cities, and "Remote", in alphabetical order."""
    states = (Place(state_code=code, country_code="US").label for code in _load_state_names())
    cities = (place.label for place in _load_cities().values())
    return tuple(sorted({REMOTE, *_load_country_names().values(), *states, *cities}))


def find_country(name: str) -> str | None:
    """Find the alpha-2 code of the country with this name or usual abbreviation.

    Upper-case ISO codes are accepted unless a US state has the same two letters ("CA", "DE", "IN").
    """
    key = fold(name)
    if key in _STATE_FIRST:
        return None
    if code := _load_country_codes_by_name().get(key):
        return code
    if name in _load_states():
        return None
    return name if is_country_code(name) else _load_country_codes_by_alpha_3().get(name)


class Country(NamedTuple):
    """A country by its ISO 3166 alpha-2 code."""

    code: str
    name: str


def search_countries(*, search: str) -> list[Country]:
    """Return the countries that match a search, sorted by name.

    A country matches if the search is its two- or three-letter code, or the beginning of a word in one of its names.
    Official names and aliases such as "USA" count. A blank search returns all countries.
    """
    countries = _list_countries_by_name()
    if not search.strip():
        return countries
    prefix = fold(search)
    codes = {search.strip().upper(), _load_country_codes_by_alpha_3().get(search.strip().upper())}
    if prefix:
        codes |= {code for name, code in _load_country_codes_by_name().items() if f" {prefix}" in f" {name}"}
    return [country for country in countries if country.code in codes]


@cache
def _list_countries_by_name() -> list[Country]:
    countries = [Country(code, name) for code, name in _load_country_names().items()]
    return sorted(countries, key=lambda country: (fold(country.name), country.code))


def is_country_code(code: str) -> bool:
    """Return whether this is an ISO 3166 alpha-2 code in upper case."""
    return code in _load_country_names()


def get_country_name(*, code: str) -> str | None:
    """Return the common English name of the country with this ISO 3166 alpha-2 code."""
    return _load_country_names().get(code.upper())


def find_country_of_part(name: str) -> str | None:
    """Find the country of a province, nation or federal state outside the United States."""
    return _load_countries_by_part().get(fold(name))


def is_code_of_part(code: str, *, country: str) -> bool:
    """Return whether this is an ISO 3166-2 code of a part of a country, such as RS in Brazil; never for the US."""
    return country != "US" and f"{country}-{code}" in _load_part_codes()


def find_state(name: str) -> str | None:
    """Find the code of the US state with this name, or with this code in upper case."""
    states = _load_states()
    return states.get(name) or (states.get(fold(name)) if len(name) > 2 else None)


def get_state_name(*, code: str) -> str:
    """Return the name of the state of the United States with this code. Raises KeyError for any other code."""
    return _load_state_names()[code]


# The tables are built on first use instead of on import. Those of pycountry take 50 ms, the file 10 ms.


@cache
def _load_data() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("names.toml").read_text())


@cache
def _load_non_place_words() -> frozenset[str]:
    return frozenset(_load_data()["no_place"]["words"])


@cache
def _load_areas() -> dict[str, str]:
    return {name: area for area, names in _load_data()["areas"].items() for name in names}


@cache
def _load_cities() -> dict[str, Place]:
    cities = {}
    for region, names in _load_data()["cities"].items():
        country_code, _, state_code = region.partition("-")
        for name in names:
            cities[fold(name)] = Place(city=name, country_code=country_code, state_code=state_code or None)
    for name, others in _load_data()["other_city_names"].items():
        cities |= {fold(other): cities[fold(name)] for other in others}
    return cities


@cache
def _load_countries() -> Any:
    import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

    return pycountry.countries


@cache
def _load_country_codes_by_name() -> dict[str, str]:
    codes: dict[str, str] = {}
    for country in _load_countries():
        names = (getattr(country, attribute, None) for attribute in ("name", "common_name", "official_name"))
        codes |= {fold(name): country.alpha_2 for name in names if name}
        codes[fold(_load_data()["common_country_names"].get(country.alpha_2, country.name))] = country.alpha_2
    return codes | {fold(name): code for code, names in _load_data()["country_aliases"].items() for name in names}


@cache
def _load_country_names() -> dict[str, str]:
    common = _load_data()["common_country_names"]
    return {
        country.alpha_2: common.get(country.alpha_2, getattr(country, "common_name", country.name))
        for country in _load_countries()
    }


@cache
def _load_country_codes_by_alpha_3() -> dict[str, str]:
    return {country.alpha_3: country.alpha_2 for country in _load_countries()}


@cache
def _load_states() -> dict[str, str]:
    """Return the codes of the US states and DC, by upper-case code and by folded name."""
    import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

    states: dict[str, str] = {}
    for subdivision in pycountry.subdivisions.get(country_code="US"):
        if subdivision.type in {"State", "District"}:
            code = subdivision.code.removeprefix("US-")
            states |= dict.fromkeys((code, fold(subdivision.name), fold(f"{subdivision.name} State")), code)
    return states


@cache
def _load_state_names() -> dict[str, str]:
    import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

    return {state.code.removeprefix("US-"): state.name for state in pycountry.subdivisions.get(country_code="US")}


@cache
def _load_countries_by_part() -> dict[str, str]:
    return {part: code for code, parts in _load_data()["country_parts"].items() for part in parts}


@cache
def _load_part_codes() -> frozenset[str]:
    import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

    return frozenset(subdivision.code for subdivision in pycountry.subdivisions)
