"""What people write into a form of few fields: years of experience, a salary, a wish for remote work, lists. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_YEARS = re.compile(
    # Not the end of a longer number, such as "2010".
    r"(?<!\d)(?<!\d[.,])(?P<number>\d{1,3}(?:[.,]\d{1,2})?)\s*\+?\s*(?:(?:-|–|to)\s*\d{1,3}(?:[.,]\d{1,2})?\s*\+?\s*)?"
    r"(?P<unit>years?|yrs?|y|months?|mos?)\b",
    re.IGNORECASE | re.ASCII,
)
_BARE_NUMBER = re.compile(r"(?P<number>\d{1,3}(?:[.,]\d{1,2})?)\s*\+?", re.ASCII)

_SIGNS = {"us$": "USD", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "$": "USD", "€": "EUR", "£": "GBP", "₹": "INR"}
_SIGNS |= {"rs": "INR", "¥": "JPY"}
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000, "lpa": 100_000, "crore": 10_000_000, "crores": 10_000_000}
_FACTORS |= dict.fromkeys(("lakh", "lakhs", "lac", "lacs"), 100_000)
# Units that are counted in rupees alone.
_RUPEES = frozenset(_FACTORS) - {"", "k", "m"}
_PERIOD = re.compile(r"(?:/|\bper\b|\ba\b)?\s*(?:\byear|\byr|\bannum|\bp\.?a)\b\.?$|\bannually$", re.IGNORECASE)
_SALARY = re.compile(
    r"(?P<before>[a-z]{2,3}\$|[a-z]\$|[$€£₹¥]|[a-z]{3}|rs\.?)?\s*"
    r"(?P<number>\d[\d,. '’]*)\s*(?P<factor>k|m|lpa|lakhs?|lacs?|crores?)?\s*"
    r"(?P<after>[a-z]{2,3}\$|[a-z]\$|[$€£₹¥]|[a-z]{3}|rs\.?)?"
)
_GROUPED = re.compile(r"\d{1,3}(?:([,. '’])\d{2,3})(?:\1\d{2,3})*(?P<decimals>[.,]\d{1,2})?", re.ASCII)

_REMOTE = {"remote": "remote", "hybrid": "hybrid", "onsite": "onsite", "any": "any"}


class Unreadable(ValueError):
    """Text that does not say what it is asked for."""

    reason = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Salary:
    """An amount; `currency` is the ISO 4217 code that was written with it, None where none was."""

    amount: float
    currency: str | None


def read_years(text: str) -> float | None:
    """The years that a text speaks of: "5+ years" -> 5, "18 months" -> 1.5, "3-5 yrs" -> 3; None when of none."""
    text = " ".join(text.split())
    bare = _BARE_NUMBER.fullmatch(text)
    found = bare or _YEARS.search(text)
    if found is None:
        return None
    number = float(found["number"].replace(",", "."))
    is_months = bare is None and found["unit"].lower().startswith("m")
    return round(number / 12, 2) if is_months else number


def read_salary(text: str, *, is_currency: Callable[[str], bool]) -> Salary:
    """A year's pay: "$120,000", "90k EUR", "12 LPA", "85.5k per year".

    Raises Unreadable; for a range too, since one number is wanted.
    """
    plain = _PERIOD.sub("", " ".join(text.lower().split())).strip()
    found = _SALARY.fullmatch(plain)
    if found is None or (found["before"] and found["after"]):
        raise Unreadable("is no salary")
    factor = found["factor"] or ""
    currency = _currency((found["before"] or found["after"] or "").rstrip("."), is_currency)
    if currency is None and factor in _RUPEES:
        currency = "INR"
    return Salary(amount=_number(found["number"].strip()) * _FACTORS[factor], currency=currency)


def read_remote_preference(text: str) -> str:
    """One of "remote", "hybrid", "onsite", "any" however it is written ("On-site"). Raises Unreadable."""
    preference = _REMOTE.get(re.sub(r"[\s_-]", "", text.lower()))
    if preference is None:
        raise Unreadable("is no preference")
    return preference


def split_list(text: str) -> list[str]:
    """The parts of a comma-separated text; semicolons and new lines part it instead where there are any."""
    separator = "[;\n]" if re.search("[;\n]", text) else ","
    return [part.strip() for part in re.split(separator, text) if part.strip()]


def _currency(text: str, is_currency: Callable[[str], bool]) -> str | None:
    if not text:
        return None
    code = _SIGNS.get(text, text.upper())
    if not is_currency(code):
        raise Unreadable("names no currency")
    return code


def _number(text: str) -> float:
    if text.isdecimal() and text.isascii():
        return float(text)
    grouped = _GROUPED.fullmatch(text)
    # "90.500" and "90,500" are thousands; so are groups of two, as in "12,00,000", where one of three ends them.
    if grouped is not None:
        whole = text[: len(text) - len(grouped["decimals"] or "")]
        if re.search(r"\D\d{3}$", whole):
            decimals = (grouped["decimals"] or "").replace(",", ".")
            return float(re.sub(r"\D", "", whole) + decimals)
    if re.fullmatch(r"\d+[.,]\d{1,2}", text, re.ASCII):
        return float(text.replace(",", "."))
    raise Unreadable("is no number")
