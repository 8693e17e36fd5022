"""The positions somebody held, read from the section of a resume that lists them. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from accounts.resumes.parsing.contact import Found
from accounts.resumes.parsing.dates import Span, find_spans
from accounts.resumes.parsing.sections import Line

MOST_POSITIONS = 50
_LONGEST_HEAD = 120
_MOST_HEAD_LINES = 2
_MOST_HIGHLIGHTS = 50
_MOST_WORDS_BELOW = 8

_BULLET = re.compile(r"(?:[•●▪■◦‣⁃∙·*►➢✓o]|[-–—])\s+|[•●▪■◦‣⁃∙►➢✓\uf0b7]")
_TITLE = re.compile(
    r"\b(?:engineer|developer|programmer|architect|manager|analyst|scientist|designer|consultant|administrator|admin"
    r"|specialist|intern|internship|trainee|lead|head|director|officer|president|coordinator|assistant|associate"
    r"|technician|researcher|lecturer|teacher|professor|founder|co-?founder|owner|partner|advisor|adviser|strategist"
    r"|tester|writer|editor|accountant|nurse|recruiter|representative|supervisor|executive|devops|sre|qa|cto|ceo|cfo"
    r"|cio|vp|freelancer?|contractor|apprentice|fellow|instructor|tutor|planner|buyer|clerk|cashier|operator|mechanic"
    r"|electrician|chemist|physicist|biologist|economist|statistician|translator|journalist|producer|evangelist|auditor|sde|swe)s?\b",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"\b(?:inc|llc|ltd|limited|gmbh|ag|corp|corporation|company|co|plc|s\.?a|bv|group|labs?|technologies|solutions"
    r"|systems|software|bank|university|institute|hospital|agency|studios?|ventures|holdings|partners|foundation)\b\.?",
    re.IGNORECASE,
)
_STRONG_GAP = re.compile(r"\s*[|•·\t]\s*|\s+[-–—@]\s+|\s{3,}|\s+at\s+(?=[A-Z])")
_WEAK_GAP = re.compile(r",\s+(?!(?:inc|llc|ltd|gmbh|corp|co)\b)", re.IGNORECASE)
_EDGES = " \t,;:|•·–—-()[]/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One entry. `dated` is how sure its dates are; title and company are None where nothing can be told."""

    title: Found | None
    company: Found | None
    span: Span
    summary: str
    highlights: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class _Anchor:
    """When, with the lines that say so and what and where, `first` to `last`, and the pieces these have beside it."""

    span: Span
    first: int
    last: int
    pieces: tuple[str, ...]


def read_positions(lines: Sequence[Line], *, now: date) -> list[Position]:
    """The entries in the order of the text. Each has to say from when; one that begins after `now` is none."""
    positions = []
    # One more than are kept: the last one ends where the next begins.
    anchors = list(islice(_anchors(lines, now), MOST_POSITIONS + 1))
    for number, anchor in enumerate(anchors[:MOST_POSITIONS]):
        end = anchors[number + 1].first if number + 1 < len(anchors) else len(lines)
        title, company = _title_and_company(anchor.pieces)
        summary, highlights = _body([line.text for line in lines[anchor.last + 1 : end]])
        known = [found.confidence for found in (title, company) if found is not None]
        positions.append(
            Position(
                title=title,
                company=company,
                span=anchor.span,
                summary=summary,
                highlights=highlights,
                confidence=round(sum(known) / 2, 2),
            )
        )
    return positions


def is_bullet(line: str) -> bool:
    return _BULLET.match(line) is not None


def _anchors(lines: Sequence[Line], now: date) -> Iterator[_Anchor]:
    """The lines with dates. As many lines as stand above the first of them belong to each."""
    reached = -1
    above = _MOST_HEAD_LINES
    for index, line in enumerate(lines):
        if not line.text or is_bullet(line.text) or len(line.text) > _LONGEST_HEAD:
            continue
        spans = find_spans(line.text)
        if len(spans) != 1 or (spans[0].since.year, spans[0].since.month or 1) > (now.year, now.month):
            continue
        first = last = index
        beside = _split(_without(line.text, spans[0]))
        room = _MOST_HEAD_LINES - len(beside)
        if room > 0 and not _begins_paragraph(lines, index, reached):
            room = min(above, room)
        while room > 0 and first - 1 > reached and _is_head(lines[first - 1].text):
            first -= 1
            room -= 1
        if reached < 0:
            above = index - first
        if first == index and index - 2 > reached and not lines[index - 1].text and _names_title(lines[index - 2].text):
            first = index - 2
        pieces = [*(piece for each in lines[first:index] for piece in _split(each.text)), *beside]
        while last - index < _MOST_HEAD_LINES and last + 1 < len(lines) and _completes(lines[last + 1].text, pieces):
            last += 1
            pieces += _split(lines[last].text)
        yield _Anchor(spans[0], first, last, tuple(pieces))
        reached = last


def _begins_paragraph(lines: Sequence[Line], index: int, reached: int) -> bool:
    """Whether there are but one or two lines above this one, all of a head, before a blank one."""
    first = index
    while first - 1 > reached and lines[first - 1].text:
        first -= 1
    head, after_blank = lines[first:index], first == 0 or not lines[first - 1].text
    return after_blank and 0 < len(head) <= _MOST_HEAD_LINES and all(_is_head(line.text) for line in head)


def _completes(line: str, pieces: Sequence[str]) -> bool:
    """Whether the line below the dates names what the lines before it did not: the position, or the company."""
    if not _is_head(line) or len(line.split()) > _MOST_WORDS_BELOW:
        return False
    has_title = any(_TITLE.search(piece) for piece in pieces)
    return len(pieces) < 2 if has_title else not pieces or _names_title(line)


def _names_title(line: str) -> bool:
    return _is_head(line) and len(line.split()) <= _MOST_WORDS_BELOW and _TITLE.search(line) is not None


def _is_head(line: str) -> bool:
    """Whether a line can name a position or a company, and is no running text."""
    if not line or len(line) > _LONGEST_HEAD or is_bullet(line) or line.endswith((".", ";")) or find_spans(line):
        return bool(line) and _COMPANY.search(line[-6:]) is not None and len(line) < 60 and not find_spans(line)
    return not line[0].islower() and len(line.split()) <= 12


def _without(line: str, span: Span) -> str:
    return (line[: span.start].rstrip(_EDGES) + "\t" + line[span.end :].lstrip(_EDGES)).strip(_EDGES)


def _split(head: str) -> list[str]:
    """What a line of the head says beside the dates, each piece a stretch of it."""
    pieces: list[str] = []
    for part in _STRONG_GAP.split(head):
        # "Acme, Inc." and "Engineer, Acme": a comma parts a title from a company, and both from a place.
        pieces += _WEAK_GAP.split(part)
    return [piece for piece in (piece.strip(_EDGES) for piece in pieces) if len(piece) > 1]


def _title_and_company(pieces: Sequence[str]) -> tuple[Found | None, Found | None]:
    title = next((piece for piece in pieces if _TITLE.search(piece)), None)
    rest = [piece for piece in pieces if piece != title]
    company = next((piece for piece in rest if _COMPANY.search(piece)), None)
    sure = company is not None
    if company is None and rest:
        company = rest[0]
    if title is None:
        # Two names and no word that tells which is which.
        return None, Found(company, 0.6 if sure else 0.3) if company else None
    return Found(title, 0.85), Found(company, 0.85 if sure else 0.65) if company else None


def _body(lines: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the running text and the bullets that follow a head; a bullet goes on over the lines below it.

    What follows the bullets is a line of its own in the text: it does not go on from what was before them.
    """
    paragraphs: list[list[str]] = [[]]
    bullets: list[list[str]] = []
    in_bullet = False
    for line in lines:
        if mark := _BULLET.match(line):
            bullets.append([line[mark.end() :]])
            paragraphs.append([])
        elif in_bullet and line:
            bullets[-1].append(line)
        elif line:
            paragraphs[-1].append(line)
        in_bullet = bool(line) and (in_bullet or mark is not None)
    highlights = [" ".join(part for part in bullet if part) for bullet in bullets[:_MOST_HIGHLIGHTS]]
    running = "\n".join(" ".join(each) for each in paragraphs if each)
    return running, tuple(highlight for highlight in highlights if highlight)
