"""Who a resume is of, and how they are reached. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import phonenumbers

from accounts.resumes.parsing.lines import find_spans, get_heading_kind
from market.geo.labels import parse_place_label

# Where people write no country code: the numbering plans tried, in this order.
_REGIONS = ("US", "GB", "IN", "DE", "FR")
# Contact details stand at the top, or at the bottom of the page's margin, which some programs write last.
_HEAD_CHARACTERS = 3_000
_NAME_LINES = 6
_MAX_LINKS = 20
# How many numbers of a part are tried, which takes 0.1 ms each: with a country code, and in each of five regions.
_MAX_INTERNATIONAL_TRIES = 200
_MAX_REGIONAL_TRIES = 80
_MAX_LINK_LENGTH = 500

_EMAIL = re.compile(r"(?<![\w.+%-])[\w][\w.+%-]{0,63}@(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w-])")
_LINK = re.compile(
    r"(?<![\w@./-])(?:https?://[^\s<>()\[\]\"'|,;]{1,500}"
    r"|(?:www\.|(?:[a-z]{2,3}\.)?linkedin\.com/|github\.com/|gitlab\.com/|stackoverflow\.com/)[^\s<>()\[\]\"'|,;]{1,500})",
    re.IGNORECASE,
)
_NETWORKS = {
    "linkedin.com": "LinkedIn",
    "github.com": "GitHub",
    "gitlab.com": "GitLab",
    "stackoverflow.com": "Stack Overflow",
    "x.com": "X",
    "twitter.com": "X",
    "kaggle.com": "Kaggle",
    "medium.com": "Medium",
}
_NAME_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?")
_NO_NAME = re.compile(
    r"\b(?:resume|résumé|curriculum|vitae|cv|engineer|developer|manager|analyst|scientist|designer|architect|consultant"
    r"|administrator|specialist|intern|student|software|senior|junior|lead|director|officer|programmer|technician|email"
    r"|phone|mobile|address|street|road|avenue|page|confidential)\b",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[|•·\t;]| {3,}|\s[-–—]\s")
_HEAD_LINES = 10
_ADDRESS_LABEL = re.compile(r"(?:address|location|based in|place|city|lives in|residence)\b\s*:?\s*", re.IGNORECASE)
_MAX_PLACE_LENGTH = 120
_TRADE = re.compile(
    r"\b(?:engineer|developer|manager|analyst|scientist|designer|architect|consultant|administrator|specialist"
    r"|programmer|technician|nurse|accountant|researcher|writer|tester|teacher)\b",
    re.IGNORECASE,
)
# Up to seven words; a sentence has a full stop, and "Software Engineer at Acme" is a position.
_HEADLINE = re.compile(
    r"(?!.*\b(?:at|with|seeking|looking|years?)\b)[^\W\d_][\w+#./&'-]*(?:[ ,/]+[\w+#/&'-]+){0,6}", re.IGNORECASE
)
_MAX_HEADLINE_LENGTH = 80
# "Target role: Data Engineer", "Job title: ...".
_ROLE_LABEL = re.compile(
    r"(?:(?:target|desired|wanted|preferred)(?:\s+(?:role|position|job|title))?|(?:job\s+)?(?:role|position|title))"
    r"\s*:\s*",
    re.IGNORECASE,
)
_NAME_LABEL = re.compile(r"\A(?:full\s+)?name\s*:\s*", re.IGNORECASE)
_PARTICLE = re.compile(r"von|van|de|da|del|della|di|der|den|la|le|bin|al|el|y|ter|dos", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundValue:
    """A piece of the text, and how sure it is that it means what it is taken for."""

    value: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What of it the resume gives; links are http or https addresses, the place is as postings have theirs.

    The headline is what somebody says below their name that they are.
    """

    name: FoundValue | None
    place: FoundValue | None
    headline: FoundValue | None
    email: FoundValue | None
    phone: FoundValue | None
    links: tuple[FoundValue, ...]


def parse_contact(*, text: str, head: Sequence[str], links: Iterable[str] = ()) -> Contact:
    """The contact details of a text; `head` are the lines before its first heading, `links` what else it links to."""
    email = _email(text)
    return Contact(
        name=_name(head, email),
        place=_place(head),
        headline=_headline(head),
        email=email,
        phone=_phone(text),
        links=_links(text, links),
    )


def find_network(link: str) -> str | None:
    """The network that an address leads to, where it is one that people show their work on."""
    host = (urlsplit(link).hostname or "").removeprefix("www.")
    return next((name for domain, name in _NETWORKS.items() if host == domain or host.endswith(f".{domain}")), None)


def _email(text: str) -> FoundValue | None:
    found = list(dict.fromkeys(match[0] for match in _EMAIL.finditer(text)))
    # Several: that of a referee may be among them; the first is the person's.
    return FoundValue(found[0], 0.95 if len(found) == 1 else 0.8) if found else None


def _phone(text: str) -> FoundValue | None:
    for part in dict.fromkeys((text[:_HEAD_CHARACTERS], text[-_HEAD_CHARACTERS:])):
        # "2016 - 12/2019" is a number that could be dialled somewhere.
        undated = "\n".join(line for line in part.split("\n") if not find_spans(line))
        for region in (None, *_REGIONS):
            tries = _MAX_INTERNATIONAL_TRIES if region is None else _MAX_REGIONAL_TRIES
            match = next(iter(phonenumbers.PhoneNumberMatcher(undated, region, max_tries=tries)), None)
            if match is not None:
                return FoundValue(match.raw_string.lstrip("["), 0.95 if region is None else 0.7)
    return None


def _links(text: str, hidden: Iterable[str]) -> tuple[FoundValue, ...]:
    shown = [match[0].rstrip(".:/") for match in _LINK.finditer(text)]
    addresses = [link if "://" in link else f"https://{link}" for link in shown]
    found: dict[str, FoundValue] = {}
    for address, confidence in [*((each, 0.9) for each in addresses), *((each, 0.85) for each in hidden)]:
        if len(address) <= _MAX_LINK_LENGTH and _is_web_address(address):
            key = address.split("://", 1)[1].removeprefix("www.").rstrip("/").casefold()
            found.setdefault(key, FoundValue(address, confidence))
    return tuple(found.values())[:_MAX_LINKS]


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    # A printable address is one of no control characters, half surrogates or spaces but the common one.
    return parts.scheme in {"http", "https"} and "." in (host or "") and address.isprintable() and " " not in address


def _pieces(head: Sequence[str]) -> list[str]:
    lines = [line for line in head if line][:_HEAD_LINES]
    return [piece.strip(" ,.") for line in lines for piece in _PARTS.split(line) if piece and piece.strip(" ,.")]


def _place(head: Sequence[str]) -> FoundValue | None:
    """The first place of a known country, of those with a comma in them or called an address; no street is kept."""
    for piece in _pieces(head):
        called = _ADDRESS_LABEL.match(piece)
        text = piece[called.end() :] if called else piece
        if len(text) > _MAX_PLACE_LENGTH or not ("," in text or called):
            continue
        place = parse_place_label(text)
        if place.city and place.country_code:
            return FoundValue(place.label, 0.9)
    return None


def _headline(head: Sequence[str]) -> FoundValue | None:
    """The first piece that is the name of a trade and no sentence; one that is called a role goes before the others."""
    pieces = _pieces(head)
    called = [piece[label.end() :] for piece in pieces if (label := _ROLE_LABEL.match(piece))]
    for piece in (*called, *pieces):
        if len(piece) <= _MAX_HEADLINE_LENGTH and _HEADLINE.fullmatch(piece) and _TRADE.search(piece):
            return FoundValue(" ".join(piece.split()), 0.8)
    return None


def _name(head: Sequence[str], email: FoundValue | None) -> FoundValue | None:
    """The first line that can be a name; one that shows in the e-mail address is nearly sure."""
    lines = [line for line in head if line][:_NAME_LINES]
    local = email.value.split("@")[0].casefold() if email else ""
    for index, line in enumerate(lines):
        name = re.split(r"\s{2,}|[|,•·–—\t]|\s-\s", _NAME_LABEL.sub("", line, count=1))[0].strip()
        words = name.split()
        if not 2 <= len(words) <= 5 or len(name) > 60 or get_heading_kind(name):
            continue
        if not all(_NAME_WORD.fullmatch(word) for word in words):
            continue
        if _NO_NAME.search(name) or any(word[0].islower() and not _PARTICLE.fullmatch(word) for word in words):
            continue
        if any(len(word) > 2 and word.casefold() in local for word in words):
            return FoundValue(name, 0.95)
        return FoundValue(name, 0.75 if index == 0 else 0.5)
    return None
