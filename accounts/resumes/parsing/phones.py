"""Find the phone number of a resume's owner. Pure."""

import re
from collections.abc import Iterable, Sequence

import phonenumbers

from accounts.resumes.parsing.dates import find_spans
from accounts.resumes.parsing.lines import get_bullet, strip_bullet
from accounts.resumes.parsing.values import FoundValue

# Numbering plans to try for numbers without a country code, in this order.
_REGIONS = ("US", "GB", "IN", "DE", "FR", "ES", "BR", "PL")
# Contact details are at the top, or at the end of the text, where some programs write the content of the margin.
_HEAD_CHARACTERS = 3_000
# Maximum number of candidates to try, with a country code and for each of the regions. Each try takes 0.1 ms.
_MAX_INTERNATIONAL_TRIES = 200
_MAX_REGIONAL_TRIES = 60
_TEL = re.compile(r"tel:(?P<number>\+?[\d().\s-]{5,30}\d)", re.IGNORECASE)
_LABEL = re.compile(r"\b(?:tel|phone|mobile|mobil|cell|telefon|téléphone|teléfono|telefone|handy|fax)\b", re.IGNORECASE)
_INTERNATIONAL = re.compile(r"(?<![\w+])(?P<number>\+[1-9]\d{0,2}(?:[ ().\u2011-]{0,3}\d){6,12})(?!\d)")
_LABELED = re.compile(
    r"\b(?:tel|phone|mobile|mobil|cell|telefon|téléphone|teléfono|telefone|celular|móvil|portable|handy)\b\.?\s{0,3}:?\s{0,3}"
    r"(?P<number>\(?\d(?:[ ()./-]{0,3}\d){6,12})(?!\d)",
    re.IGNORECASE,
)
_CODES = re.compile(r"(?:\+\d{1,3}[ .-]{0,2})?(?:\(\d{1,4}\)[ .-]{0,2})?\Z")
# A number that one of these precedes or that has one of these forms is no phone number.
_OTHER_NUMBER = re.compile(
    r"(?<![^\W\d_])(?:isbn|issn|doi|patent|ip|id|nr|no|gpa|score|zip|#|\$|€|£)[\s.:#]{0,3}(?:[a-z]{2}\s)?\Z",
    re.IGNORECASE,
)
_OTHER_FORM = re.compile(
    r"\d,\d|\d[.,]\d{1,2}\s?/\s?\d|\A\d{1,3}(?:\.\d{1,3}){3}\Z|\A\d{1,3}(?:\.\d{3})+\Z|(?:19|20)\d\d\s?[-–/]\s?(?:19"
    r"|20)\d\d"
)


def find_phone(text: str, *, targets: Iterable[str] = ()) -> FoundValue | None:
    """Return the first phone number. `targets` are the link targets of the file, which can have the scheme `tel`."""
    for part in dict.fromkeys((text[:_HEAD_CHARACTERS], text[-_HEAD_CHARACTERS:])):
        eligible = "\n".join(line for line in part.split("\n") if _is_eligible(line))
        for region in (None, *_REGIONS):
            tries = _MAX_INTERNATIONAL_TRIES if region is None else _MAX_REGIONAL_TRIES
            for match in phonenumbers.PhoneNumberMatcher(eligible, region, max_tries=tries):
                if not _is_other_number(eligible, match.start, match.raw_string):
                    number = _include_codes(eligible, match.start, match.raw_string)
                    return FoundValue(number, 0.95 if region is None or number.startswith("+") else 0.8)
        # Numbers that no numbering plan contains still have the form of a phone number.
        form = _INTERNATIONAL.search(eligible) or _LABELED.search(eligible)
        if form is not None and not _is_other_number(eligible, form.start("number"), form["number"]):
            return FoundValue(form["number"].strip(), 0.8)
    return _find_target(targets)


def _include_codes(text: str, start: int, number: str) -> str:
    """Return a number with the country and area codes before it, which other numbering plans write differently."""
    codes = _CODES.search(text[max(0, start - 12) : start])
    return (codes[0].lstrip() if codes else "") + number.lstrip("[")


def _is_eligible(line: str) -> bool:
    """Return whether a line can state a phone number. Ranges of dates would be valid numbers in some country."""
    if find_spans(line):
        return False
    if get_bullet(line) is None or _LABEL.search(line):
        return True
    content = strip_bullet(line)
    return sum(map(str.isdigit, content)) >= sum(map(str.isalpha, content))


def _is_other_number(text: str, start: int, number: str) -> bool:
    return _OTHER_NUMBER.search(text[max(0, start - 20) : start]) is not None or _OTHER_FORM.search(number) is not None


def _find_target(targets: Iterable[str]) -> FoundValue | None:
    numbers: Sequence[str] = [
        match["number"] for target in targets if (match := _TEL.match(target.replace("%20", " ")))
    ]
    return FoundValue(numbers[0], 0.9) if numbers else None
