"""Countries and the states of the United States, recognised by whole names, never by parts of words."""

import re
import unicodedata
from functools import cache

# What people write and ISO 3166 does not. Keys are folded by `fold`.
_COUNTRY_ALIASES = {
    "us": "US",
    "usa": "US",
    "united states of america": "US",
    "america": "US",
    "states": "US",
    "us east coast": "US",
    "us west coast": "US",
    "east coast": "US",
    "east coast us": "US",
    "east coast usa": "US",
    "west coast": "US",
    "west coast us": "US",
    "west coast usa": "US",
    "west coast united states": "US",
    "uk": "GB",
    "great britain": "GB",
    "britain": "GB",
    "uae": "AE",
    "emirates": "AE",
    "aus": "AU",
    "ger": "DE",
    "deutschland": "DE",
    "bundesweit": "DE",
    "deutschlandweit": "DE",
    "osterreichweit": "AT",
    "schweizweit": "CH",
    "日本": "JP",
    "中国": "CN",
    "대한민국": "KR",
    "한국": "KR",
    "россия": "RU",
    "україна": "UA",
    "holland": "NL",
    "espana": "ES",
    "italia": "IT",
    "brasil": "BR",
    "schweiz": "CH",
    "suisse": "CH",
    "osterreich": "AT",
    "polska": "PL",
    "czech republic": "CZ",
    "turkey": "TR",
    "russia": "RU",
    "korea": "KR",
    "republic of korea": "KR",
    "taiwan roc": "TW",
    "hong kong sar": "HK",
    "hong kong china": "HK",
    "macau": "MO",
    "mainland china": "CN",
    "prc": "CN",
    "ksa": "SA",
    "brunei": "BN",
    "burma": "MM",
    "cape verde": "CV",
    "ivory coast": "CI",
    "macedonia": "MK",
    "swaziland": "SZ",
    "palestine": "PS",
    "vatican": "VA",
    "east timor": "TL",
    "congo brazzaville": "CG",
    "congo kinshasa": "CD",
    "dr congo": "CD",
    "drc": "CD",
    # The first word of a name with "and" in it: labels are cut at "and".
    "antigua": "AG",
    "bosnia": "BA",
    "bonaire": "BQ",
    "saint kitts": "KN",
    "saint vincent": "VC",
    "sao tome": "ST",
    "svalbard": "SJ",
    "trinidad": "TT",
    "turks": "TC",
    "wallis": "WF",
}

# Where the name ISO gives is not the common one, or holds a comma or a bracket.
_COMMON_NAMES = {
    "BN": "Brunei",
    "BQ": "Caribbean Netherlands",
    "CC": "Cocos Islands",
    "CD": "DR Congo",
    "CV": "Cape Verde",
    "FK": "Falkland Islands",
    "FM": "Micronesia",
    "KN": "Saint Kitts and Nevis",
    "MF": "Saint Martin",
    "PS": "Palestine",
    "RU": "Russia",
    "SH": "Saint Helena",
    "SX": "Sint Maarten",
    "TR": "Turkey",
    "VA": "Vatican City",
    "VG": "British Virgin Islands",
    "VI": "US Virgin Islands",
}

# Parts of countries that labels name in the country's stead. Folded; codes that mean a country or a state are out.
_PARTS = {
    "GB": "england|scotland|wales|northern ireland|greater london",
    "CA": "alberta|british columbia|manitoba|new brunswick|newfoundland|newfoundland and labrador|nova scotia"
    "|ontario|prince edward island|quebec|saskatchewan|ab|bc|mb|nb|ns|on|qc|sk",
    "AU": "new south wales|nsw|queensland|qld|south australia|tasmania|victoria|vic|western australia",
    "IN": "andhra pradesh|gujarat|haryana|karnataka|kerala|maharashtra|punjab|rajasthan|tamil nadu|telangana"
    "|uttar pradesh|west bengal",
    "DE": "bavaria|bayern|baden wurttemberg|hesse|hessen|nordrhein westfalen|north rhine westphalia|saxony",
}

# Names that are a state of the United States before they are a country: an advert that says "Georgia" without
# more is from Atlanta far more often than from Tbilisi.
_STATE_FIRST = frozenset({"georgia"})


def fold(text: str) -> str:
    """The text as a key: no case, accents, dots, apostrophes or hyphens, single spaces, no leading "the"."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()
    plain = re.sub(r"[.'’`´]", "", plain).replace("-", " ").replace("_", " ")
    plain = " ".join(plain.split())
    return plain.removeprefix("the ")


@cache
def _country_codes_by_name() -> dict[str, str]:
    import pycountry  # its tables take 50 ms: read at the first question, not at import

    codes = {}
    for country in pycountry.countries:
        for attribute in ("name", "common_name", "official_name"):
            name = getattr(country, attribute, None)
            if name:
                codes[fold(name)] = country.alpha_2
        codes[fold(_COMMON_NAMES.get(country.alpha_2, country.name))] = country.alpha_2
    return codes | {fold(name): code for name, code in _COUNTRY_ALIASES.items()}


def find_countries(*, search: str) -> list[tuple[str, str]]:
    """ISO 3166 alpha-2 codes and names of countries, by name.

    Those whose code (of two or three letters) the search is, or of whose names, official ones and "USA" among them, a
    word begins with it. A blank search finds all.
    """
    names = sorted(_country_names().items(), key=lambda country: (fold(country[1]), country[0]))
    if not search.strip():
        return names
    wanted = fold(search)
    codes = {search.strip().upper(), _country_codes_by_alpha_3().get(search.strip().upper())}
    if wanted:
        codes |= {code for name, code in _country_codes_by_name().items() if f" {wanted}" in f" {name}"}
    return [(code, name) for code, name in names if code in codes]


@cache
def _country_names() -> dict[str, str]:
    import pycountry

    return {
        country.alpha_2: _COMMON_NAMES.get(country.alpha_2, getattr(country, "common_name", country.name))
        for country in pycountry.countries
    }


@cache
def _country_codes_by_alpha_3() -> dict[str, str]:
    import pycountry

    return {country.alpha_3: country.alpha_2 for country in pycountry.countries}


@cache
def _states() -> dict[str, str]:
    """Codes of the fifty states and the District of Columbia, by code (upper case) and by folded name."""
    import pycountry

    states = {}
    for subdivision in pycountry.subdivisions.get(country_code="US"):
        if subdivision.type in {"State", "District"}:
            code = subdivision.code.removeprefix("US-")
            states[code] = code
            states[fold(subdivision.name)] = code
            states[fold(f"{subdivision.name} State")] = code
    return states


@cache
def _countries_by_part() -> dict[str, str]:
    return {part: code for code, parts in _PARTS.items() for part in parts.split("|")}


@cache
def _state_names() -> dict[str, str]:
    import pycountry

    return {
        subdivision.code.removeprefix("US-"): subdivision.name
        for subdivision in pycountry.subdivisions.get(country_code="US")
    }


def is_country_code(code: str) -> bool:
    """Whether these are two upper-case letters that ISO 3166 gives to a country."""
    return code in _country_names()


def country_name(*, code: str) -> str | None:
    """The common English name of the country with this ISO 3166 alpha-2 code."""
    return _country_names().get(code.upper())


def country_named(name: str) -> str | None:
    """The alpha-2 code of the country whose whole name or usual abbreviation this is.

    Upper-case ISO codes count unless a state of the United States has the same two letters ("CA", "DE", "IN").
    """
    key = fold(name)
    if key in _STATE_FIRST:
        return None
    code = _country_codes_by_name().get(key)
    if code:
        return code
    if name in _states():
        return None
    if is_country_code(name):
        return name
    return _country_codes_by_alpha_3().get(name)


def country_of_part(name: str) -> str | None:
    """The country that this province, nation or federal state belongs to; the United States are not in here."""
    return _countries_by_part().get(fold(name))


@cache
def _codes_of_parts() -> frozenset[str]:
    import pycountry

    return frozenset(subdivision.code for subdivision in pycountry.subdivisions)


def is_code_of_part(code: str, *, country: str) -> bool:
    """Whether ISO 3166-2 gives this code to a part of a country other than the United States: RS to one of Brazil."""
    return country != "US" and f"{country}-{code}" in _codes_of_parts()


def state_named(name: str) -> str | None:
    """The code of the state of the United States with this name or, in upper case, this code."""
    states = _states()
    return states.get(name) or (states.get(fold(name)) if len(name) > 2 else None)


def state_name(*, code: str) -> str:
    """The name of the state of the United States with this code. Raises KeyError for any other code."""
    return _state_names()[code]
