"""What a single name stands for: a city, a state, a country, a part of one, a part of the world."""

from dataclasses import dataclass

from market.cities import city_named
from market.countries import (
    country_name,
    country_named,
    country_of_part,
    fold,
    is_country_code,
    state_name,
    state_named,
)

REMOTE = "Remote"
UNKNOWN = "Unknown"

_AREAS = {
    "africa": "Africa",
    "amer": "Americas",
    "americas": "Americas",
    "anz": "ANZ",
    "apac": "APAC",
    "asia": "Asia",
    "asia pacific": "APAC",
    "benelux": "Benelux",
    "caribbean": "Caribbean",
    "central america": "Central America",
    "dach": "DACH",
    "eastern europe": "Eastern Europe",
    "emea": "EMEA",
    "eu": "European Union",
    "europe": "Europe",
    "europaweit": "Europe",
    "european union": "European Union",
    "latam": "Latin America",
    "latin america": "Latin America",
    "mena": "MENA",
    "middle east": "Middle East",
    "na": "North America",
    "namer": "North America",
    "nordics": "Nordics",
    "noram": "North America",
    "north america": "North America",
    "north to south america": "Americas",
    "south america": "South America",
    "southeast asia": "Southeast Asia",
    "western europe": "Western Europe",
}

# What labels say instead of a place.
_NO_PLACE_WORDS = (
    "hybrid|onsite|on site|in office|in person|hq|headquarter|headquarters|head office|office|"
    "offices|main office|fully|flexible|multiple|multiple locations|various|various locations|"
    "several locations|unknown|unspecified|not specified|none|null|n/a|tbd|tba|other|all|"
    "all locations|relocate|relocation|field|data center"
)
_NO_PLACE = frozenset(_NO_PLACE_WORDS.split("|"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place as far as it is known.

    `state_code` is of the United States, `region` the name of another country's part, `area` a part of the world.
    """

    city: str | None = None
    state_code: str | None = None
    region: str | None = None
    country_code: str | None = None
    area: str | None = None
    remote: bool = False

    @property
    def label(self) -> str:
        """The label figures group by; never empty."""
        country = country_name(code=self.country_code) if self.country_code else None
        if self.city:
            if self.state_code:
                return f"{self.city}, {self.state_code}"
            if country and fold(country) != fold(self.city):
                return f"{self.city}, {country}"
            return country or self.city
        if self.remote:
            return REMOTE
        if self.state_code:
            name = state_name(code=self.state_code)
            return f"{name} State, {country}" if city_named(name) else f"{name}, {country}"
        if self.region:
            return f"{self.region}, {country}"
        return country or self.area or UNKNOWN


def read_name(name: str) -> Place | None:
    """The place with exactly this name: a part of the world, a city, a state, a country or a part of one."""
    key = fold(name)
    if key in _NO_PLACE:
        return Place()
    if key in _AREAS:
        return Place(area=_AREAS[key])
    city = city_named(name)
    if city:
        return Place(city=city[0], country_code=city[1], state_code=city[2])
    country_code = country_named(name)
    if country_code:
        return Place(country_code=country_code)
    state = state_named(name)
    if state and not is_country_code(name):
        return Place(state_code=state, country_code="US")
    part_of = country_of_part(name)
    if part_of and len(name) > 2:
        return Place(region=cased(name), country_code=part_of)
    return None


def region_of(part: str) -> Place | None:
    """The state or country that a part after a city's name stands for."""
    state = state_named(part)
    if state:
        return Place(state_code=state, country_code="US")
    code = country_named(part) or country_of_part(part)
    return Place(country_code=code) if code else None


def is_wide(name: str) -> bool:
    """Whether this is a country, a part of the world, or no place at all: nothing that is half of a city's name."""
    name = name.strip()
    return bool(country_named(name) or fold(name) in _AREAS or fold(name) in _NO_PLACE)


def is_usual(place: Place) -> bool:
    """Whether the country and state are those a bare name of this city means: they may be no more than that."""
    return bool(place.city) and city_named(place.city or "") == (place.city, place.country_code, place.state_code)


def cased(name: str) -> str:
    """The name as names are written, where it came all in capitals or all in small letters."""
    if name.islower() or (name.isupper() and len(name) > 3):
        return " ".join(word[:1].upper() + word[1:].lower() for word in name.split())
    return " ".join(name.split())


def names_no_place(name: str) -> bool:
    """Whether this is said instead of a place: "Hybrid", "Headquarters", "Multiple Locations"."""
    return fold(name) in _NO_PLACE
