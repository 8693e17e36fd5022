"""Split the head of an entry into pieces, and recognize pieces that name no position or employer. Pure."""

import gettext
import re
from functools import cache, lru_cache

from accounts.resumes.parsing.dates import find_dates
from accounts.resumes.parsing.occupations import score_title
from accounts.resumes.parsing.organizations import has_legal_form, score_company
from market.geo.labels import parse_place_label
from market.geo.names import Place, find_city, find_place, find_region

EDGES = " \t,;:|•·–—-()[]/*_"
_PLAIN_EDGES = EDGES.replace("(", "").replace(")", "")
# Gaps that separate names in any case. Commas are weaker, because titles and names of companies contain them.
STRONG_GAP = re.compile(
    r"\s*[|•·\t]\s*|\s+[-–—@→]+\s+|\s{3,}|\s+//?\s+|\s+(?:at|bei|chez|en la empresa|na)\s+(?=[A-ZÀ-Þ\d])"
)
# "CO" in capitals is Colorado.
_COMMA = re.compile(r",\s+(?!(?:(?i:inc|llc|ltd|limited|gmbh|corp|s\.?a|s\.?l|plc|lda|ltda)|Co|co|AG)\b)")
_DURATION = re.compile(
    r"\(?(?:(?:less than|about|ca\.|total:?)\s+)?(?:(?:\d{1,3}|an?)\+?\s*(?:years?|yrs?\.?|y|months?|mos?\.?|m|weeks?"
    r"|wks?"
    r"|jahre?n?|monate?n?|wochen|ans?|mois|années?|años?|m[eê]s(?:es)?|anos?|lata?|miesi\w+)\b\.?[\s,·]*(?:and|und|et|y"
    r"|e)?\s*){1,3}\)?",
    re.IGNORECASE,
)
_EMPLOYMENT_TYPE = re.compile(
    r"(?:full[- ]?time|part[- ]?time|permanent(?: full[- ]?time)?|contract(?:ing)?|freelance|self[- ]employed|temporary"
    r"|seasonal|internship|apprenticeship|volunteer|remote(?:ly)?|hybrid|on[- ]?site|vollzeit|teilzeit|festanstellung"
    r"|befristet|unbefristet|werkstudententätigkeit|cdi|cdd|temps plein|temps partiel|tiempo completo|jornada completa"
    r"|media jornada|tempo integral|current|paid|unpaid|\d{1,3}\s?%|\d{1,2}\s?(?:h|hours?|hrs?)(?:\s?/\s?"
    r"|\s+per\s+)week)",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|\S+@\S+|[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|de|fr|es|co\.uk|ai|app|edu)(?:/\S*)?",
    re.IGNORECASE,
)
# The place of labels such as "Remote" and "Work from home".
_REMOTE = Place(remote=True)
_NEAR = re.compile(
    r"\A(?:greater|near)\s+|\s+(?:(?:metropolitan |metro |bay )?area|metro|region|county)\Z", re.IGNORECASE
)
_CODE = re.compile("[A-Z]{2}")
_CITY_WORD = re.compile(
    r"\A(?:San|Santa|St\.?|Saint|New|Fort|Port|Los|Las|El|La|Mount|Lake|North|South|East|West|Bad|Le)\b"
    r"|\b(?:City|Park|Springs|Falls|Beach|Hills|Heights|Valley|Island|Lake)\Z"
)
_MAX_CITY_WORDS = 3
_MAX_PLACE_LENGTH = 60


def split_strong(text: str) -> list[str]:
    """Split a line at the gaps that always separate names."""
    return [part for part in (strip_edges(part) for part in STRONG_GAP.split(text)) if len(part) > 1]


def strip_edges(text: str) -> str:
    """Return a text without separators at its ends. Brackets stay if they are balanced within the text."""
    has_brackets = "(" in text and text.count("(") == text.count(")") and not text.strip(_PLAIN_EDGES).startswith("(")
    return text.strip(_PLAIN_EDGES if has_brackets else EDGES)


def split_commas(text: str) -> list[str]:
    """Split a part at its commas, except before a legal form and within brackets."""
    pieces, depth, start = [], 0, 0
    for match in re.finditer(r"[(\[)\]]|,", text):
        if match[0] in "([":
            depth += 1
        elif match[0] in ")]":
            depth = max(0, depth - 1)
        elif depth == 0 and _COMMA.match(text, match.start()):
            pieces.append(text[start : match.start()])
            start = match.end()
    pieces.append(text[start:])
    return [piece for piece in (piece.strip(" \t,;:") for piece in pieces) if piece]


def is_duration(text: str) -> bool:
    """Return whether a text states a length of time, such as "3 yrs 2 mos"."""
    return len(text) <= _MAX_PLACE_LENGTH and _DURATION.fullmatch(text.strip(EDGES)) is not None


def is_employment_type(text: str) -> bool:
    """Return whether a text states a form of employment or work, such as "Full-time" or "Remote"."""
    return _EMPLOYMENT_TYPE.fullmatch(text.strip(EDGES)) is not None


def is_link(text: str) -> bool:
    """Return whether a text is a URL, a domain or an email address."""
    text = text.strip(EDGES)
    # "Tern.io" with a capital letter is the name of an employer.
    return _LINK.fullmatch(text) is not None and not (text[0].isupper() and "/" not in text and "@" not in text)


@lru_cache(maxsize=4_000)
def is_place(text: str) -> bool:
    """Return whether a text is the name of a place, such as "Austin, TX", "Berlin" or "Greater Chicago Area"."""
    text = text.strip(EDGES)
    if not 2 <= len(text) <= _MAX_PLACE_LENGTH or has_legal_form(text):
        return False
    segments = split_commas(text)
    if not segments or score_title(segments[0]) >= 0.8:
        return False
    if len(segments) == 1:
        return _is_known_place(segments[0])
    is_known = _is_known_place(segments[0]) or (_is_city_shape(segments[0]) and _is_region(segments[1]))
    return is_known and all(_is_region(segment) or _is_known_place(segment) for segment in segments[1:])


def _is_known_place(name: str) -> bool:
    if score_company(name) >= 0.7 or any(letter.isdigit() for letter in name):
        return False
    bare = _NEAR.sub("", name).strip()
    if name.casefold() in _load_country_names():
        return True
    return find_place(name) is not None or find_place(bare) is not None or parse_place_label(name) == _REMOTE


def _is_region(name: str) -> bool:
    """Return whether a name is that of a country, state or region, or its code."""
    if name.casefold() in _load_country_names():
        return True
    return find_region(name) is not None or find_place(name) == _REMOTE or parse_place_label(name) == _REMOTE


@cache
def _load_country_names() -> frozenset[str]:
    """Return the names of the countries in German, French, Spanish and Portuguese, in lower case."""
    import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

    translations = [
        gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[code]) for code in ("de", "fr", "es", "pt")
    ]
    return frozenset(
        translation.gettext(country.name).split(",")[0].casefold()
        for translation in translations
        for country in pycountry.countries
    )


def _is_city_shape(name: str) -> bool:
    """Return whether an unknown name can be that of a city: one word, or with a word such as "San" or "Springs"."""
    words = name.split()
    return name[0].isupper() and (len(words) == 1 or (len(words) <= 3 and _CITY_WORD.search(name) is not None))


def is_note(text: str) -> bool:
    """Return whether a text beside an entry's dates is a place, a duration, a form of employment or a link."""
    return all(
        is_place(part) or is_duration(part) or is_employment_type(part) or is_link(part)
        for part in split_strong(text) or [text]
    )


@lru_cache(maxsize=4_000)
def remove_place(text: str) -> str:
    """Return a part of a head without the place at its end: "Acme Austin, TX" becomes "Acme"."""
    segments = split_commas(text)
    while len(segments) > 1 and (is_duration(segments[-1]) or is_employment_type(segments[-1])):
        segments.pop()
    regions = 0
    while regions < len(segments) - 1 and _is_region(segments[-1 - regions]):
        regions += 1
    before = segments[: len(segments) - regions]
    if len(before) > 1 and (_is_known_place(before[-1]) or (regions and _is_city_shape(before[-1]))):
        return ", ".join(before[:-1])
    if is_place(", ".join(segments)):
        return ""
    if len(before) == 1 and regions and not has_legal_form(before[0]):
        # No comma separates the employer and the city.
        return _split_city(before[0], is_any=_CODE.fullmatch(segments[1]) is not None)
    return ", ".join(before)


def _split_city(text: str, *, is_any: bool) -> str:
    """Remove the city at the end of "Marten Hotels Salt Lake City". If `is_any`, an unknown city is one word."""
    words = text.split()
    if len(words) == 1:
        return text
    for count in range(min(_MAX_CITY_WORDS, len(words) - 1), 0, -1):
        if find_city(" ".join(words[-count:])):
            return " ".join(words[:-count])
    return " ".join(words[:-1]) if is_any else text


def is_noise(text: str) -> bool:
    """Return whether a piece cannot name a position or employer."""
    stripped = text.strip(EDGES)
    if len(stripped) < 2 or not any(letter.isalpha() for letter in stripped):
        return True
    return bool(is_duration(stripped) or is_employment_type(stripped) or is_link(stripped) or is_place(stripped)) or (
        bool(find_dates(stripped)) and len(stripped.split()) <= 3
    )
