"""Find the name, contact details, place and headline of a resume's owner. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import phonenumbers

from accounts.resumes.parsing.lines import find_spans, get_heading_kind
from market.geo.labels import parse_place_label

# Numbering plans to try for numbers without a country code, in this order.
_REGIONS = ("US", "GB", "IN", "DE", "FR")
# Contact details are at the top, or at the end of the text, where some programs write the content of the margin.
_HEAD_CHARACTERS = 3_000
_MAX_NAME_LINES = 6
_MAX_LINKS = 20
# Maximum number of candidates to try, with a country code and for each of the five regions. Each try takes 0.1 ms.
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
_NOT_A_NAME = re.compile(
    r"\b(?:resume|résumé|curriculum|vitae|cv|engineer|developer|manager|analyst|scientist|designer|architect|consultant"
    r"|administrator|specialist|intern|student|software|senior|junior|lead|director|officer|programmer|technician|email"
    r"|phone|mobile|address|street|road|avenue|page|confidential)\b",
    re.IGNORECASE,
)
_PIECE_SEPARATOR = re.compile(r"[|•·\t;]| {3,}|\s[-–—]\s")
_MAX_HEAD_LINES = 10
_ADDRESS_LABEL = re.compile(r"(?:address|location|based in|place|city|lives in|residence)\b\s*:?\s*", re.IGNORECASE)
_MAX_PLACE_LENGTH = 120
_OCCUPATION = re.compile(
    r"\b(?:engineer|developer|manager|analyst|scientist|designer|architect|consultant|administrator|specialist"
    r"|programmer|technician|nurse|accountant|researcher|writer|tester|teacher)\b",
    re.IGNORECASE,
)
# Up to seven words. Full stops mark a sentence, and "Software Engineer at Acme" is a position, not a headline.
_HEADLINE = re.compile(
    r"(?!.*\b(?:at|with|seeking|looking|years?)\b)[^\W\d_][\w+#./&'-]*(?:[ ,/]+[\w+#/&'-]+){0,6}", re.IGNORECASE
)
_MAX_HEADLINE_LENGTH = 80
# Matches labels such as "Target role: Data Engineer" and "Job title: ...".
_ROLE_LABEL = re.compile(
    r"(?:(?:target|desired|wanted|preferred)(?:\s+(?:role|position|job|title))?|(?:job\s+)?(?:role|position|title))"
    r"\s*:\s*",
    re.IGNORECASE,
)
_NAME_LABEL = re.compile(r"\A(?:full\s+)?name\s*:\s*", re.IGNORECASE)
_PARTICLE = re.compile(r"von|van|de|da|del|della|di|der|den|la|le|bin|al|el|y|ter|dos", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundValue:
    """A value from the text, and the confidence that it was interpreted correctly."""

    value: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The contact details of a resume. Details that the text does not contain are None.

    `links` are http or https URLs. `place` has the format that postings use. `headline` is the occupation that follows
    the name, such as "Data Engineer".
    """

    name: FoundValue | None
    place: FoundValue | None
    headline: FoundValue | None
    email: FoundValue | None
    phone: FoundValue | None
    links: tuple[FoundValue, ...]


def parse_contact(*, text: str, head: Sequence[str], links: Iterable[str] = ()) -> Contact:
    """Return the contact details of a resume.

    `head` contains the lines before the first heading. `links` are the link targets of the file, which the text may not
    show.
    """
    email = _find_email(text)
    return Contact(
        name=_find_name(head, email),
        place=_find_place(head),
        headline=_find_headline(head),
        email=email,
        phone=_find_phone(text),
        links=_find_links(text, links),
    )


def find_network(url: str) -> str | None:
    """Return the name of the professional network that a URL belongs to, if any."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return next((name for domain, name in _NETWORKS.items() if host == domain or host.endswith(f".{domain}")), None)


def _find_email(text: str) -> FoundValue | None:
    found = list(dict.fromkeys(match[0] for match in _EMAIL.finditer(text)))
    # If there are several, the first is the owner's. Others can belong to references.
    return FoundValue(found[0], 0.95 if len(found) == 1 else 0.8) if found else None


def _find_phone(text: str) -> FoundValue | None:
    for part in dict.fromkeys((text[:_HEAD_CHARACTERS], text[-_HEAD_CHARACTERS:])):
        # "2016 - 12/2019" would be a valid number in some country.
        undated = "\n".join(line for line in part.split("\n") if not find_spans(line))
        for region in (None, *_REGIONS):
            tries = _MAX_INTERNATIONAL_TRIES if region is None else _MAX_REGIONAL_TRIES
            match = next(iter(phonenumbers.PhoneNumberMatcher(undated, region, max_tries=tries)), None)
            if match is not None:
                return FoundValue(match.raw_string.lstrip("["), 0.95 if region is None else 0.7)
    return None


def _find_links(text: str, link_targets: Iterable[str]) -> tuple[FoundValue, ...]:
    visible = [match[0].rstrip(".:/") for match in _LINK.finditer(text)]
    visible_urls = [link if "://" in link else f"https://{link}" for link in visible]
    found: dict[str, FoundValue] = {}
    for url, confidence in [*((url, 0.9) for url in visible_urls), *((url, 0.85) for url in link_targets)]:
        if len(url) <= _MAX_LINK_LENGTH and _is_web_url(url):
            key = url.split("://", 1)[1].removeprefix("www.").rstrip("/").casefold()
            found.setdefault(key, FoundValue(url, confidence))
    return tuple(found.values())[:_MAX_LINKS]


def _is_web_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    # `isprintable` rejects control characters, lone surrogates and every space except U+0020.
    return parts.scheme in {"http", "https"} and "." in (host or "") and url.isprintable() and " " not in url


def _split_pieces(head: Sequence[str]) -> list[str]:
    lines = [line for line in head if line][:_MAX_HEAD_LINES]
    return [
        piece.strip(" ,.") for line in lines for piece in _PIECE_SEPARATOR.split(line) if piece and piece.strip(" ,.")
    ]


def _find_place(head: Sequence[str]) -> FoundValue | None:
    """Return the first city with a known country, without its street.

    Candidates contain a comma or follow a label such as "Location:".
    """
    for piece in _split_pieces(head):
        label = _ADDRESS_LABEL.match(piece)
        text = piece[label.end() :] if label else piece
        if len(text) > _MAX_PLACE_LENGTH or not ("," in text or label):
            continue
        place = parse_place_label(text)
        if place.city and place.country_code:
            return FoundValue(place.label, 0.9)
    return None


def _find_headline(head: Sequence[str]) -> FoundValue | None:
    """Return the first piece that names an occupation and is not a sentence. Labelled pieces are tried first."""
    pieces = _split_pieces(head)
    labeled = [piece[label.end() :] for piece in pieces if (label := _ROLE_LABEL.match(piece))]
    for piece in (*labeled, *pieces):
        if len(piece) <= _MAX_HEADLINE_LENGTH and _HEADLINE.fullmatch(piece) and _OCCUPATION.search(piece):
            return FoundValue(" ".join(piece.split()), 0.8)
    return None


def _find_name(head: Sequence[str], email: FoundValue | None) -> FoundValue | None:
    """Return the first line that can be a name. A word that is also in the email address raises the confidence."""
    lines = [line for line in head if line][:_MAX_NAME_LINES]
    local_part = email.value.split("@")[0].casefold() if email else ""
    for index, line in enumerate(lines):
        name = re.split(r"\s{2,}|[|,•·–—\t]|\s-\s", _NAME_LABEL.sub("", line, count=1))[0].strip()
        words = name.split()
        if not 2 <= len(words) <= 5 or len(name) > 60 or get_heading_kind(name):
            continue
        if not all(_NAME_WORD.fullmatch(word) for word in words):
            continue
        if _NOT_A_NAME.search(name) or any(word[0].islower() and not _PARTICLE.fullmatch(word) for word in words):
            continue
        if any(len(word) > 2 and word.casefold() in local_part for word in words):
            return FoundValue(name, 0.95)
        return FoundValue(name, 0.75 if index == 0 else 0.5)
    return None
