"""Find the contact details, place and headline of a resume's owner. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from accounts.resumes.parsing.lines import Line, get_bullet
from accounts.resumes.parsing.links import find_links
from accounts.resumes.parsing.names import extract_name, find_name
from accounts.resumes.parsing.occupations import score_title
from accounts.resumes.parsing.phones import find_phone
from accounts.resumes.parsing.pieces import is_place
from accounts.resumes.parsing.values import FoundValue
from market.geo.labels import parse_place_label

_MAX_HEAD_LINES = 12
_MAX_EMAIL_LENGTH = 254
_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w](?:[\w.+%'’-]{0,62}[\w+%-])?@(?:[\w-]{1,63}\.){1,5}(?:xn--[a-z0-9-]{2,59}"
    r"|[^\W\d_]{2,24})(?![\w-])",
    re.IGNORECASE,
)
_DIVIDED_EMAIL = re.compile(
    r"(?P<upper>[\w.+%'-]{1,64}@[\w.-]{0,60})[ ]?\n[ ]?(?P<lower>[\w.-]{1,30})(?=\s|\Z)", re.IGNORECASE
)
_USUAL_ENDINGS = (
    *(".com", ".org", ".net", ".edu", ".io", ".dev", ".info", ".eu", ".de", ".fr", ".es", ".pt", ".it", ".nl", ".pl"),
    *(".at", ".ch", ".be", ".se", ".no", ".dk", ".fi", ".ie", ".uk", ".us", ".ca", ".au", ".nz", ".br", ".mx", ".ar"),
    *(".in", ".jp"),
)
_MAILTO = re.compile(r"mailto:(?P<email>[^?\s]{3,254})", re.IGNORECASE)
_PIECE_SEPARATOR = re.compile(r"[|•·\t;]| {3,}|\s[-–—]\s")
_ADDRESS_LABEL = re.compile(
    r"(?:address|location|based in|place|city|lives in|residence|adresse|anschrift|wohnort|dirección"
    r"|endereço)\b\s*:?\s*",
    re.IGNORECASE,
)
_MAX_PLACE_LENGTH = 120
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
_CONTACT_LINE = re.compile(
    r"@|https?:|www\.|linkedin|github|\b(?:website|portfolio|blog|web|homepage)\b|\+\d", re.IGNORECASE
)


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


def parse_contact(*, text: str, head: Sequence[Line], lines: Sequence[Line] = (), links: Iterable[str] = ()) -> Contact:
    """Return the contact details of a resume.

    `head` are the lines before the first heading, `lines` all lines. `links` are the link targets of the file, which
    the text may not show.
    """
    targets = list(links)
    email = _find_email(text, targets)
    name = find_name(head, lines=lines, email=email.value if email is not None else None)
    top = [line for line in head if line.text][:_MAX_HEAD_LINES]
    pieces = _split_pieces(top)
    contact_lines = [line.text for line in (*top, *lines) if line in top or _CONTACT_LINE.search(line.text)]
    return Contact(
        name=name,
        place=_find_place(pieces, name),
        headline=_find_headline(pieces, name),
        email=email,
        phone=find_phone(text, targets=targets),
        links=find_links(text, head="\n".join(line for line in contact_lines if not get_bullet(line)), targets=targets),
    )


def _find_email(text: str, targets: Iterable[str]) -> FoundValue | None:
    text = _DIVIDED_EMAIL.sub(_join_email, text)
    found = list(dict.fromkeys(match[0] for match in _EMAIL.finditer(text) if len(match[0]) <= _MAX_EMAIL_LENGTH))
    if found:
        # If there are several, the first is the owner's. Others can belong to references.
        return FoundValue(found[0], 0.95 if len(found) == 1 else 0.8)
    decoded = [unquote(match["email"]) for target in targets if (match := _MAILTO.match(target))]
    emails = [email for email in decoded if _EMAIL.fullmatch(email)]
    return FoundValue(emails[0], 0.9) if emails else None


def _join_email(match: re.Match[str]) -> str:
    """Join an email address that a narrow column divides, if the address only then ends in a usual domain."""
    joined = match["upper"] + match["lower"]
    is_whole = match["upper"].casefold().endswith(_USUAL_ENDINGS)
    return joined if joined.casefold().endswith(_USUAL_ENDINGS) and not is_whole else match[0]


def _split_pieces(lines: Sequence[Line]) -> list[str]:
    return [
        piece.strip(" ,.")
        for line in lines
        for piece in _PIECE_SEPARATOR.split(line.text)
        if piece and piece.strip(" ,.")
    ]


def _find_place(pieces: Sequence[str], name: FoundValue | None) -> FoundValue | None:
    """Return the first city with a known country, without its street.

    Candidates contain a comma, follow a label such as "Location:" or are only the name of a city.
    """
    for piece in pieces:
        label = _ADDRESS_LABEL.match(piece)
        text = piece[label.end() :] if label else piece
        is_candidate = "," in text or label or (is_place(text) and (name is None or text not in name.value))
        if len(text) > _MAX_PLACE_LENGTH or not is_candidate:
            continue
        place = parse_place_label(text)
        if place.city and place.country_code:
            return FoundValue(place.label, 0.9)
    return None


def _find_headline(pieces: Sequence[str], name: FoundValue | None) -> FoundValue | None:
    """Return the first piece that names an occupation and is not a sentence. Labeled pieces are tried first."""
    labeled = [piece[label.end() :] for piece in pieces if (label := _ROLE_LABEL.match(piece))]
    for piece in (*labeled, *pieces):
        is_name = name is not None and extract_name(piece) == name.value
        is_occupation = len(piece) <= _MAX_HEADLINE_LENGTH and score_title(piece) >= 0.7
        if is_occupation and not is_name and _HEADLINE.fullmatch(piece):
            return FoundValue(" ".join(piece.split()), 0.8)
    return None
