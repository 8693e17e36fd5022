"""Parse location labels such as "SF / NY", "Denver, CO - US (HQ)" or "Remote (United States | Canada)"."""

import re
import unicodedata
from dataclasses import replace
from functools import lru_cache

from market.geo.names import (
    Place,
    capitalize,
    find_city,
    find_country,
    find_place,
    find_region,
    find_state,
    fold,
    is_code_of_part,
    is_country_code,
    is_country_or_area,
    is_default_place,
    is_non_place,
)

# Longer labels are sentences. The rest of a sentence is ignored, because it does not change the place.
_MAX_LABEL_LENGTH = 200
_MAX_PASSES = 6

_REMOTE = re.compile(
    r"\b(?:remote(?:ly)?|anywhere|everywhere|any location|worldwide|global(?:ly)?|work from home|wfh"
    r"|telecommut\w*|home[- ]?based|home[- ]?office|remot[oa]|t[eé]l[eé]travail|teletrabajo|teletrabalho|telelavoro"
    r"|thuiswerk\w*|smart ?working|[àa] dist(?:ance|ancia|ância)|på distans|ortsunabhängig|zdalna|zdalnie)\b",
    re.IGNORECASE,
)
_NOT_REMOTE = re.compile(r"\b(?:no|not|non)[- ]remote\b|\bnon[- ]u\.?s\.?a?\b\.?", re.IGNORECASE)
# Labels with the code before the city: "TX-Austin", "USA.VA.Reston".
_CODE_FIRST = re.compile(r"([A-Z]{2})-(?=[A-Z][a-z])(.+)")
_DOTTED = re.compile(r"([A-Z]{2,3})\.(?:([A-Z]{2,3})\.)?([^.,]{3,})")
_CODE = re.compile("[A-Z]{2,3}")
# Matches labels such as "austin tx" and "springfield, il".
_LOWERCASE_CODE = re.compile(r"(.*\S)(, *| +)([A-Za-z][a-z])")
# Matches names such as "Frankfurt (Oder)" and "Frankfurt/Oder".
_COMPOUND_NAME = re.compile(r"[^,()/]+(?: ?\([^,()/]+\)|/[^,()/]+)")
_SHORT_NAMES = ((re.compile(r"\b[Ff][Tt]\.? +(?=[A-Z])"), "Fort "), (re.compile(r"\b[Mm][Tt]\.? +(?=[A-Z])"), "Mount "))
_DASHES = re.compile(r"[‐-―−]")
# Upper-case "OR" separates places only before another word and not after a comma. Otherwise "OR" is Oregon.
_PLACE_SEPARATOR = re.compile(r"\s*[;|/•·\n]\s*|\s+(?:or|and|&|\+)\s+|(?<!,)\s+(?:OR|AND)\s+(?=\w)|\s*&\s*")
_PART_SEPARATOR = re.compile(r"\s*[,()\[\]{}:*]\s*|\s+-+\s*|-+\s+")
_PLACE_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]+,[^()\[\]]+)[)\]]")
_POSTAL_CODE = re.compile(r"^\d{4,6}\s+|\s+\d{4,6}(?:-\d+)?$")
_NOISE_BEFORE = re.compile(
    r"^(?:hybrid|on-?site|in-office|in-person|hq|headquarters|head office|offices?|flexible|fully|based|greater"
    r"|downtown|metro|region|city of|city|anywhere|in|from|at|within|across|near|of|the|100%)\b[\s\-]*(?=\S)",
    re.IGNORECASE,
)
_NOISE_AFTER = re.compile(
    r"(?<=\S)[\s\-]*(?:\b(?:hybrid|on-?site|hq|headquarters?|head office|offices?|hub|campus|metropolitan area"
    r"|metro area|metro|area|region|based|only|fully|flexible|available|preferred|or|and)|(?<=[a-z])HQ)$",
    re.IGNORECASE,
)
_IN_OFFICE = re.compile(r"\bin[- ](?:the )?(?:office|person)\b.*$", re.IGNORECASE)
# Words that, in front of a city name, form the name of a different city: East London, New London, Fort Meade.
_NAME_PREFIX_WORDS = (
    "new|old|north|northern|south|southern|east|eastern|west|western|fort|port|mount|lake|upper|"
    "lower|san|santa|saint|st|grand|little|big|la|le|los|las|el|de|di|of|on|in|bay|glen|point|del|"
    "great|"
)
# Countries whose job ads use state codes that are also US state codes: "Chennai, TN".
_COUNTRIES_WITH_US_STATE_CODES = frozenset({"BR", "IN"})
_NAME_PREFIXES = frozenset(_NAME_PREFIX_WORDS.split("|"))


@lru_cache(maxsize=32_768)
def parse_place_label(label: str) -> Place:
    """Parse the first place that a label names. Never raises; an unknown name is treated as a city."""
    place = _parse_label(label)
    # Unusual labels can have several layers of noise. Parse the place's own label again until it is stable, so that
    # every place has exactly one label.
    for _ in range(_MAX_PASSES):
        if not place.city or is_default_place(place):
            break
        reparsed = _parse_label(place.label)
        if reparsed.label == place.label:
            break
        place = replace(reparsed, remote=place.remote or reparsed.remote)
    return place


def _parse_label(label: str) -> Place:
    text = unicodedata.normalize("NFKC", label[:_MAX_LABEL_LENGTH])
    text = _DASHES.sub("-", _NOT_REMOTE.sub(" ", text))
    text = _normalize_order(re.sub(r"[^\S\n]+", " ", text).strip())
    found = _REMOTE.search(text)
    if not found:
        return _parse_first(text)
    before, after = text[: found.start()], text[found.end() :]
    place = _parse_first(before)
    is_separated = re.search(r"[^\w\s.%]\W*(?:or\s+)?$", before)  # "Moab - Remote", "Moab (Remote)", not "Work Remote"
    if place.city and (place.country_code or is_separated):
        return replace(place, remote=True)
    countries = (place.country_code, _parse_first(after.lstrip(" -,:;/|([")).country_code)
    return Place(remote=True, country_code=next((code for code in countries if code), None))


def _normalize_order(text: str) -> str:
    """Return the label with the city first, abbreviations expanded and the state code in upper case."""
    for short, name in _SHORT_NAMES:
        text = short.sub(name, text)
    if dotted := _DOTTED.fullmatch(text):
        country, state, city = dotted.groups()
        if is_country_code(country) or find_country(country):
            return ", ".join(filter(None, (city, state, country)))
    if (coded := _CODE_FIRST.fullmatch(text)) and find_region(coded[1]):
        return f"{coded[2]}, {coded[1]}"
    if lowercase := _LOWERCASE_CODE.fullmatch(text):
        name, gap, code = lowercase[1], lowercase[2], lowercase[3].upper()
        default = find_city(name)
        is_default_state = default is not None and code == default.state_code
        if find_state(code) and (is_default_state or (gap.startswith(",") and text.islower())):
            return f"{name}, {code}"
    return text


def _parse_first(text: str) -> Place:
    """Parse the first place in a text that does not mention remote work."""
    compound = _COMPOUND_NAME.match(text)
    if compound and find_city(compound[0]):
        return _parse_parts([compound[0], *_split_parts(text[compound.end() :])])
    whole = find_place(_remove_noise(text))
    if whole:
        return whole
    bracketed = _PLACE_IN_BRACKETS.search(text)
    alternatives = [piece for piece in _PLACE_SEPARATOR.split(text) if _split_parts(piece)]
    if not alternatives:
        return Place()
    place = _parse_parts(_split_parts(alternatives[0]))
    if bracketed and place.city and not find_city(place.city):
        inside = _parse_parts(_split_parts(bracketed[1]))
        if inside.city and inside.country_code:
            return inside
    return place


def _split_parts(text: str) -> list[str]:
    """Split a label into names: "Denver, CO - US (HQ)" becomes Denver, CO and US."""
    parts: list[str] = []
    for piece in _PART_SEPARATOR.split(_IN_OFFICE.sub("", text)):
        pieces = _split_tight_hyphen(piece)
        parts += [_remove_noise(name) for name in pieces]
    named = [part for part in parts if any(c.isalnum() for c in part) and not is_non_place(part)]
    return [part for part in named if not any(c.isdigit() for c in part)] or named[:1]


def _split_tight_hyphen(text: str) -> list[str]:
    """Split two names joined by a hyphen ("China-Shanghai", "Boston-US") but not one name ("Winston-Salem")."""
    before, hyphen, after = text.partition("-")
    if not hyphen or find_place(text):
        return [text]
    pieces = text.split("-")
    if len(pieces) > 2 and is_country_or_area(pieces[-1]):
        # "Nisku-Alberta-Canada"
        region = [pieces[-2]] if find_region(pieces[-2]) else []
        return ["-".join(pieces[: -1 - len(region)]), *region, pieces[-1]]
    if is_country_or_area(before) or is_country_or_area(after):
        return [before, after]
    return [text]


def _remove_noise(text: str) -> str:
    """Remove words that are not part of the place: HQ, Hybrid, Greater, a postal code."""
    text = text.strip(" -,.;:/|&+*#\n") if not text.endswith(".") else text.strip(" -,;:/|&+*#\n")
    while text and not find_place(text):
        shorter = _POSTAL_CODE.sub("", _NOISE_AFTER.sub("", _NOISE_BEFORE.sub("", text))).strip(" -,;:/|&+*#\n")
        if shorter == text or not shorter:
            break
        text = shorter
    return text


def _parse_parts(parts: list[str]) -> Place:
    if not parts:
        return Place()
    codes = [_CODE.fullmatch(part) is not None for part in parts]
    if codes == [True, True, False] and (is_country_code(parts[0]) or find_country(parts[0])):
        # "CA, BC, Vancouver"
        parts = parts[::-1]
    name, rest = parts[0], parts[1:]
    place = find_place(name)
    if place and not place.city:
        if place.area or not rest:
            return place
        if not place.state_code and not place.region:
            return _parse_country_first(place, rest)
        following = find_region(rest[0])
        if following is None or following == Place(country_code=place.country_code):
            return _parse_state_first(place, rest[0])
    # Anything else is a city, even if it shares its name with a state: "Ontario, Ohio".
    return _parse_city(name, rest) if rest else _parse_single_name(name)


def _parse_country_first(country: Place, rest: list[str]) -> Place:
    """Parse a country followed by a city: "India - Bengaluru", "USA - New York NY". "Spain, Portugal" is Spain."""
    inside = _parse_parts(rest)
    if inside.city and inside.country_code in {None, country.country_code}:
        return replace(inside, country_code=country.country_code)
    if (inside.state_code or inside.region) and inside.country_code == country.country_code:
        return inside
    if inside.city and is_default_place(inside) and not find_country(rest[0]):
        return Place(city=inside.city, country_code=country.country_code)
    return country


def _parse_state_first(state: Place, following: str) -> Place:
    """Parse a state followed by a country or a city: "Texas, United States", "Texas - Austin"."""
    city = find_city(following)
    return city if city and state.state_code and city.state_code == state.state_code else state


def _parse_city(name: str, rest: list[str]) -> Place:
    """Parse a city followed by its region: "Toronto, ON", "San Jose, CA - US", "Lafayette, Georgia"."""
    default = find_city(name)
    city = default.city if default else capitalize(name)
    home = default.country_code if default else None
    state_code = None
    for part in rest:
        # Two letters can be both a state and a country code. They mean the country if it has a well-known city of this
        # name: "Toronto, CA".
        if default and is_country_code(part.upper()) and home == part.upper() and len(part) == 2:
            return default
        if home == "GE" and fold(part) == "georgia":
            return Place(city=city, country_code="GE")
        region = find_region(part)
        if (
            home
            and is_code_of_part(part, country=home)
            and (home in _COUNTRIES_WITH_US_STATE_CODES or not find_state(part))
        ):
            return Place(city=city, country_code=home)
        if region is None or region.country_code is None:
            continue
        if region.state_code:
            state_code = state_code or region.state_code
        elif region.country_code == "US":
            default_state = default.state_code if default else None
            return Place(city=city, country_code="US", state_code=state_code or default_state)
        elif not (state_code and find_city(part)):
            return Place(city=city, country_code=region.country_code)
    if state_code:
        return Place(city=city, country_code="US", state_code=state_code)
    # A district before its city: "Bandar Utama, Petaling Jaya".
    district_city = None if default else next((city for city in map(find_city, rest) if city), None)
    return district_city or _parse_single_name(name)


def _parse_single_name(name: str) -> Place:
    """Parse a single name, which may end in a state, country or city: "Provo UT", "Acme Helsinki"."""
    whole = find_place(name)
    if whole:
        return whole
    words = name.split()
    for length in (1, 2, 3):
        head, tail = " ".join(words[:-length]), " ".join(words[-length:])
        if not head or any(character.isdigit() for character in head):
            break
        region = None if fold(words[-length - 1]) in _NAME_PREFIXES else find_region(tail)
        if region and (region.state_code or find_place(head)):
            return _parse_parts([head, tail])
        if region:
            return region  # an unknown name before a country is not taken for a city: "Acme Germany" is Germany
        city = find_city(tail)
        if city and fold(words[-length - 1]) not in _NAME_PREFIXES and len(tail) > 3:
            return city
    return Place(city=capitalize(name))
