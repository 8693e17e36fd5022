"""Parse profile input (addresses, roles, levels, experience, salaries) into its stored form. Pure functions."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import idna

from career_navigator.plain_text import normalize_text
from market.roles import normalize_role

# Limit of RFC 1035. Longer text is rejected without further parsing.
MAX_DOMAIN_LENGTH = 253
# Top-level domains outside the public DNS: reserved by RFC 6761, 6762 (and its appendix G), 7686, 8375 and 9476 or by
# ICANN, or commonly used as default names of local networks. Email to these addresses cannot be delivered.
_LOCAL_DOMAINS = frozenset(
    {
        *("alt", "arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain"),
        *("localhost", "mail", "onion", "private", "test", "workgroup"),
    }
)

EXPERIENCE_LEVELS = ("12th Pass Out", "1st Year", "2nd Year", "3rd Year", "4th Year")

_SCHOOL, _FIRST, _SECOND, _THIRD, _FOURTH = EXPERIENCE_LEVELS

# Levels are years of studies, so seniority terms map to the year of comparable progress: beginners to the first year,
# independent contributors to the third, leads to the fourth.
_LEVEL_SYNONYMS = {
    _SCHOOL: "12th, class 12, grade 12, high school, higher secondary, hsc, school, school leaver, school student, "
    "pre university, pre-university, puc, none, no experience",
    _FIRST: "1, i, first year, one year, freshman, fresher, beginner, novice, entry, entry level, new, starter, "
    "trainee, student, learner",
    _SECOND: "2, ii, second year, two years, sophomore, junior, jr, intern, internship, associate, basic",
    _THIRD: "3, iii, third year, three years, mid, mid level, middle, mid senior, midlevel, intermediate, "
    "medium, regular, experienced",
    _FOURTH: "4, iv, fourth year, four years, final year, last year, graduate, graduated, undergraduate final, senior, "
    "sr, senior level, lead, principal, staff, expert, advanced, professional, manager, architect",
}
_NO_LETTER_OR_DIGIT = re.compile(r"[^a-z0-9]+")
_YEAR = re.compile(r"(?:year )?(?P<year>[1-4])(?:st|nd|rd|th)?(?: (?:yr|yrs|year|years)(?: (?:student|of college))?)?")
_FILLER = re.compile(r"\b(?:developer|engineer|professional level|level|standard|pass|passed|out|passout)\b")

_YEARS = re.compile(
    # Does not match the end of a longer number such as "2010".
    r"(?<!\d)(?<!\d[.,])(?P<number>\d{1,3}(?:[.,]\d{1,2})?)\s*\+?\s*(?:(?:-|–|to)\s*\d{1,3}(?:[.,]\d{1,2})?\s*\+?\s*)?"
    r"(?P<unit>years?|yrs?|y|months?|mos?)\b",
    re.IGNORECASE | re.ASCII,
)
_BARE_NUMBER = re.compile(r"(?P<number>\d{1,3}(?:[.,]\d{1,2})?)\s*\+?", re.ASCII)

_CURRENCY_SIGNS = {
    "us$": "USD",
    "c$": "CAD",
    "ca$": "CAD",
    "a$": "AUD",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "rs": "INR",
    "¥": "JPY",
}
_FACTORS = {
    "": 1,
    "k": 1_000,
    "m": 1_000_000,
    "lpa": 100_000,
    "crore": 10_000_000,
    "crores": 10_000_000,
    **dict.fromkeys(("lakh", "lakhs", "lac", "lacs"), 100_000),
}
# Units that imply rupees.
_RUPEE_UNITS = frozenset(_FACTORS) - {"", "k", "m"}
_PERIOD = re.compile(r"(?:/|\bper\b|\ba\b)?\s*(?:\byear|\byr|\bannum|\bp\.?a)\b\.?$|\bannually$", re.IGNORECASE)
_SALARY = re.compile(
    r"(?P<before>[a-z]{2,3}\$|[a-z]\$|[$€£₹¥]|[a-z]{3}|rs\.?)?\s*"
    r"(?P<number>\d[\d,. '’]*)\s*(?P<factor>k|m|lpa|lakhs?|lacs?|crores?)?\s*"
    r"(?P<after>[a-z]{2,3}\$|[a-z]\$|[$€£₹¥]|[a-z]{3}|rs\.?)?"
)
_GROUPED = re.compile(r"\d{1,3}(?:([,. '’])\d{2,3})(?:\1\d{2,3})*(?P<decimals>[.,]\d{1,2})?", re.ASCII)

REMOTE_PREFERENCES = ("remote", "hybrid", "onsite", "any")


def normalize_email(text: str) -> str:
    """Return the stored form of an address: " Ada@MÜNCHEN.example " -> "ada@xn--mnchen-3ya.example".

    Apply NFKC and lower case, strip surrounding space, and encode the domain as A-labels. An invalid domain is not
    encoded.
    """
    folded = fold_email(text)
    local, at, domain = folded.rpartition("@")
    encoded = _encode_domain(domain)
    return f"{local}{at}{encoded}" if at and encoded is not None else folded


def fold_email(text: str) -> str:
    """Return the address in NFKC and lower case, stripped: "Ａda@Example.ORG " -> "ada@example.org"."""
    folded = normalize_text("NFKC", text).lower()
    # Lowercasing can produce characters that are not in NFKC.
    return normalize_text("NFKC", folded).strip()


def list_email_forms(text: str) -> list[str]:
    """Return the forms in which an address may be stored, the form entered first.

    Earlier releases did not encode domains as A-labels, so stored addresses may differ from the normalized form.
    """
    folded, normalized = fold_email(text), normalize_email(text)
    local, at, domain = normalized.rpartition("@")
    try:
        decoded = f"{local}{at}{idna.decode(domain)}" if len(domain) <= MAX_DOMAIN_LENGTH else normalized
    except idna.IDNAError:
        decoded = normalized
    return list(dict.fromkeys((folded, normalized, decoded)))


def is_public_email(email: str) -> bool:
    """Return whether the domain of the address looks public. Only the name is checked, without a DNS query."""
    domain = email.rpartition("@")[2]
    top = domain.rpartition(".")[2]
    is_name = "." in domain and not top.isdigit() and _encode_domain(domain) is not None
    return is_name and top not in _LOCAL_DOMAINS


def _encode_domain(domain: str) -> str | None:
    """Return the domain as A-labels (IDNA 2008 with UTS 46), or None if it is not a valid domain."""
    if not domain or len(domain) > MAX_DOMAIN_LENGTH:
        return None
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return None


def remove_repeated_roles(roles: Iterable[str]) -> list[str]:
    """Return the roles in order, keeping only the first spelling of each."""
    first: dict[str, str] = {}
    for role in roles:
        first.setdefault(normalize_role(role), role)
    return list(first.values())


def find_added_roles(*, before: Iterable[str], after: Iterable[str]) -> tuple[str, ...]:
    """Return the roles of `after` that are not in `before` in any spelling."""
    previous = {normalize_role(role) for role in before}
    return tuple(role for role in after if normalize_role(role) not in previous)


def _normalize_level(text: str) -> str:
    return " ".join(_NO_LETTER_OR_DIGIT.sub(" ", text.lower()).split())


_LEVELS_BY_TEXT = {
    _normalize_level(text): level for level, texts in _LEVEL_SYNONYMS.items() for text in texts.split(",")
}
_LEVELS_BY_TEXT |= {_normalize_level(level): level for level in EXPERIENCE_LEVELS}


def map_experience_level(text: str) -> str | None:
    """Return the experience level that a free text denotes ("Mid" -> "3rd Year"), or None if it denotes none."""
    level = _normalize_level(text)
    year = _YEAR.fullmatch(level)
    if year:
        return EXPERIENCE_LEVELS[int(year["year"])]
    return _LEVELS_BY_TEXT.get(level) or _LEVELS_BY_TEXT.get(" ".join(_FILLER.sub(" ", level).split()))


class UnparsableValue(ValueError):
    """Raised for text that cannot be parsed as the expected kind of value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Salary:
    """A salary per year. `currency` is the ISO 4217 code, or None if the text names no currency."""

    amount: float
    currency: str | None


def parse_years(text: str) -> float | None:
    """Return the years of experience in a text: "5+ years" -> 5, "18 months" -> 1.5, "3-5 yrs" -> 3.

    Return None if the text contains no duration.
    """
    text = " ".join(text.split())
    bare = _BARE_NUMBER.fullmatch(text)
    match = bare or _YEARS.search(text)
    if match is None:
        return None
    number = float(match["number"].replace(",", "."))
    is_months = bare is None and match["unit"].lower().startswith("m")
    return round(number / 12, 2) if is_months else number


def parse_salary(text: str, *, is_currency: Callable[[str], bool]) -> Salary:
    """Parse a salary per year: "$120,000", "90k EUR", "12 LPA", "85.5k per year".

    Raises:
        UnparsableValue: the text is not a single amount. A range is rejected too.
    """
    plain = _PERIOD.sub("", " ".join(text.lower().split())).strip()
    match = _SALARY.fullmatch(plain)
    if match is None or (match["before"] and match["after"]):
        raise UnparsableValue("not a salary")
    factor = match["factor"] or ""
    currency = _parse_currency((match["before"] or match["after"] or "").rstrip("."), is_currency)
    if currency is None and factor in _RUPEE_UNITS:
        currency = "INR"
    return Salary(amount=_parse_number(match["number"].strip()) * _FACTORS[factor], currency=currency)


def parse_remote_preference(text: str) -> str:
    """Parse one of "remote", "hybrid", "onsite" and "any". Case, spaces and hyphens do not matter ("On-site").

    Raises:
        UnparsableValue: the text is none of them.
    """
    preference = re.sub(r"[\s_-]", "", text.lower())
    if preference not in REMOTE_PREFERENCES:
        raise UnparsableValue("not a preference")
    return preference


def split_list(text: str) -> list[str]:
    """Split a text at commas, or at semicolons and newlines if it contains any of those. Drop empty parts."""
    separator = "[;\n]" if re.search("[;\n]", text) else ","
    return [part.strip() for part in re.split(separator, text) if part.strip()]


def _parse_currency(text: str, is_currency: Callable[[str], bool]) -> str | None:
    if not text:
        return None
    code = _CURRENCY_SIGNS.get(text, text.upper())
    if not is_currency(code):
        raise UnparsableValue("not a currency")
    return code


def _parse_number(text: str) -> float:
    if text.isdecimal() and text.isascii():
        return float(text)
    grouped = _GROUPED.fullmatch(text)
    # "90.500" and "90,500" have a thousands separator. Groups of two digits, as in "12,00,000", are also accepted if
    # the last group has three.
    if grouped is not None:
        whole = text[: len(text) - len(grouped["decimals"] or "")]
        if re.search(r"\D\d{3}$", whole):
            decimals = (grouped["decimals"] or "").replace(",", ".")
            return float(re.sub(r"\D", "", whole) + decimals)
    if re.fullmatch(r"\d+[.,]\d{1,2}", text, re.ASCII):
        return float(text.replace(",", "."))
    raise UnparsableValue("not a number")
