"""What people say of themselves, read into the form in which it is stored and compared. Pure."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import idna

from career_navigator.plain_text import normalize_text
from market.roles import normalize_role

# RFC 1035; longer text is no domain and not worth the work of reading it.
MAX_DOMAIN_LENGTH = 253
# Top-level names that are in no public DNS, by RFC 6761, 6762 with its appendix G, 7686, 8375 and 9476 and by ICANN, or
# by which systems call a network without a name: no mail from outside is delivered there.
_LOCAL_DOMAINS = frozenset(
    {
        *("alt", "arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain"),
        *("localhost", "mail", "onion", "private", "test", "workgroup"),
    }
)

EXPERIENCE_LEVELS = ("12th Pass Out", "1st Year", "2nd Year", "3rd Year", "4th Year")

_SCHOOL, _FIRST, _SECOND, _THIRD, _FOURTH = EXPERIENCE_LEVELS

# A level is a year of studies, so seniority is read as how far someone has come: beginners in their first year,
# those who work on their own in the third, those who lead others in the last.
_MEANING = {
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
    # Not the end of a longer number, such as "2010".
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
# Units that are counted in rupees alone.
_RUPEES = frozenset(_FACTORS) - {"", "k", "m"}
_PERIOD = re.compile(r"(?:/|\bper\b|\ba\b)?\s*(?:\byear|\byr|\bannum|\bp\.?a)\b\.?$|\bannually$", re.IGNORECASE)
_SALARY = re.compile(
    r"(?P<before>[a-z]{2,3}\$|[a-z]\$|[$€£₹¥]|[a-z]{3}|rs\.?)?\s*"
    r"(?P<number>\d[\d,. '’]*)\s*(?P<factor>k|m|lpa|lakhs?|lacs?|crores?)?\s*"
    r"(?P<after>[a-z]{2,3}\$|[a-z]\$|[$€£₹¥]|[a-z]{3}|rs\.?)?"
)
_GROUPED = re.compile(r"\d{1,3}(?:([,. '’])\d{2,3})(?:\1\d{2,3})*(?P<decimals>[.,]\d{1,2})?", re.ASCII)

REMOTE_PREFERENCES = ("remote", "hybrid", "onsite", "any")


def normalize_email(text: str) -> str:
    """Return the address as it is stored: " Ada@MÜNCHEN.example " -> "ada@xn--mnchen-3ya.example".

    NFKC and lower case, without space around it, its domain in A-labels. A domain that is none stays as it is.
    """
    folded = fold_email(text)
    local, at, domain = folded.rpartition("@")
    encoded = _encode_domain(domain)
    return f"{local}{at}{encoded}" if at and encoded is not None else folded


def fold_email(text: str) -> str:
    """Return the address in NFKC and lower case, without space around it: "Ａda@Example.ORG " -> "ada@example.org"."""
    folded = normalize_text("NFKC", text).lower()
    # Lower case can leave characters that compose again.
    return normalize_text("NFKC", folded).strip()


def list_email_forms(text: str) -> list[str]:
    """Return the forms that an address may be stored in, that which was given first.

    Accounts of releases that stored domains as they were written have another form than the normalized one.
    """
    folded, normalized = fold_email(text), normalize_email(text)
    local, at, domain = normalized.rpartition("@")
    try:
        decoded = f"{local}{at}{idna.decode(domain)}" if len(domain) <= MAX_DOMAIN_LENGTH else normalized
    except idna.IDNAError:
        decoded = normalized
    return list(dict.fromkeys((folded, normalized, decoded)))


def is_public_email(email: str) -> bool:
    """Return whether the address is at a domain of the public Internet, by its name alone."""
    domain = email.rpartition("@")[2]
    top = domain.rpartition(".")[2]
    is_name = "." in domain and not top.isdigit() and _encode_domain(domain) is not None
    return is_name and top not in _LOCAL_DOMAINS


def _encode_domain(domain: str) -> str | None:
    """Return the domain in A-labels, as IDNA 2008 and UTS 46 have them; None where it is no domain."""
    if not domain or len(domain) > MAX_DOMAIN_LENGTH:
        return None
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return None


def remove_repeated_roles(roles: Iterable[str]) -> list[str]:
    """The roles in their order; of several ways to write one the first stands."""
    first: dict[str, str] = {}
    for role in roles:
        first.setdefault(normalize_role(role), role)
    return list(first.values())


def find_added_roles(*, before: Iterable[str], after: Iterable[str]) -> tuple[str, ...]:
    """Those of `after` that `before` has in no spelling."""
    known = {normalize_role(role) for role in before}
    return tuple(role for role in after if normalize_role(role) not in known)


def _key(text: str) -> str:
    return " ".join(_NO_LETTER_OR_DIGIT.sub(" ", text.lower()).split())


_LEVEL_OF = {_key(text): level for level, texts in _MEANING.items() for text in texts.split(",")}
_LEVEL_OF |= {_key(level): level for level in EXPERIENCE_LEVELS}


def map_experience_level(text: str) -> str | None:
    """The documented level that a text means ("Mid" -> "3rd Year"); None when it means none."""
    key = _key(text)
    year = _YEAR.fullmatch(key)
    if year:
        return EXPERIENCE_LEVELS[int(year["year"])]
    return _LEVEL_OF.get(key) or _LEVEL_OF.get(" ".join(_FILLER.sub(" ", key).split()))


class UnparsableValue(ValueError):
    """Text that does not say what it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Salary:
    """An amount; `currency` is the ISO 4217 code that was written with it, None where none was."""

    amount: float
    currency: str | None


def parse_years(text: str) -> float | None:
    """The years that a text speaks of: "5+ years" -> 5, "18 months" -> 1.5, "3-5 yrs" -> 3; None when of none."""
    text = " ".join(text.split())
    bare = _BARE_NUMBER.fullmatch(text)
    found = bare or _YEARS.search(text)
    if found is None:
        return None
    number = float(found["number"].replace(",", "."))
    is_months = bare is None and found["unit"].lower().startswith("m")
    return round(number / 12, 2) if is_months else number


def parse_salary(text: str, *, is_currency: Callable[[str], bool]) -> Salary:
    """A year's pay: "$120,000", "90k EUR", "12 LPA", "85.5k per year".

    Raises Unreadable; for a range too, since one number is wanted.
    """
    plain = _PERIOD.sub("", " ".join(text.lower().split())).strip()
    found = _SALARY.fullmatch(plain)
    if found is None or (found["before"] and found["after"]):
        raise UnparsableValue("is no salary")
    factor = found["factor"] or ""
    currency = _currency((found["before"] or found["after"] or "").rstrip("."), is_currency)
    if currency is None and factor in _RUPEES:
        currency = "INR"
    return Salary(amount=_number(found["number"].strip()) * _FACTORS[factor], currency=currency)


def parse_remote_preference(text: str) -> str:
    """One of "remote", "hybrid", "onsite", "any" however it is written ("On-site"). Raises Unreadable."""
    preference = re.sub(r"[\s_-]", "", text.lower())
    if preference not in REMOTE_PREFERENCES:
        raise UnparsableValue("is no preference")
    return preference


def split_list(text: str) -> list[str]:
    """The parts of a comma-separated text; semicolons and new lines part it instead where there are any."""
    separator = "[;\n]" if re.search("[;\n]", text) else ","
    return [part.strip() for part in re.split(separator, text) if part.strip()]


def _currency(text: str, is_currency: Callable[[str], bool]) -> str | None:
    if not text:
        return None
    code = _CURRENCY_SIGNS.get(text, text.upper())
    if not is_currency(code):
        raise UnparsableValue("names no currency")
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
    raise UnparsableValue("is no number")
