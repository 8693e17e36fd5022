"""The positions that somebody held and what they studied, from the sections that list them. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import NamedTuple

from accounts.resumes.parsing.contact import FoundValue
from accounts.resumes.parsing.lines import Line, Moment, Span, find_moments, find_spans, replace_moments

MAX_POSITIONS = 50
_MAX_HEAD_LENGTH = 120
_MAX_HEAD_LINES = 2
_MAX_HIGHLIGHTS = 50
_MAX_WORDS_BELOW = 8

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

MAX_STUDIES = 20
_MAX_LINE_LENGTH = 160

_INSTITUTION = re.compile(
    r"\b(?:universi\w*|college|institute?s?|institut\w*|school|academy|polytechnic\w*|hochschule|faculty|école|ecole"
    r"|escuela|conservatory|bootcamp|MIT|ETH|UCLA|EPFL|IIT|TU)\b",
    re.IGNORECASE,
)
_DEGREE = re.compile(
    r"(?<![\w.])(?:(?i:(?:bachelor|master|doctor|associate)(?:['’]?s)?(?:\s+degree|\s+of\s+[a-z]+(?:\s+administration)?)?"
    r"|diploma|doctorate|high\s+school\s+diploma|abitur|a-levels|certificate)"
    r"|B\.?\s?Sc\.?|M\.?\s?Sc\.?|B\.?A\.?|M\.A\.|B\.?Tech\.?|M\.?Tech\.?|B\.E\.|M\.E\.|B\.?Eng\.?|M\.?Eng\.?"
    r"|M\.?B\.?A\.?|B\.?B\.?A\.?|Ph\.?\s?D\.?|B\.?S\.?|M\.S\.|BCA|MCA|LL\.?[BM]\.?|M\.D\.|J\.D\."
    # Without points these are states of the USA as well.
    r"|(?:MA|MS|ME|MD|BE)(?=\s+(?:in\b|[A-Z]))"
    r")(?!\w)"
)
_AREA = re.compile(r"^\s*(?:degree\s+)?(?:in\s+|of\s+)?\(?(?P<area>[^\W\d_][^,|•·()\t\d]{1,80})")
_GAP = re.compile(r"\s*[|•·\t]\s*|\s+[–—-]\s+|,\s+|\s{3,}|\s+(?:at|from)\s+(?=[A-Z])")
_EDGES = " \t,;:|•·–—-()[]/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One entry. `dated` is how sure its dates are; title and company are None where nothing can be told."""

    title: FoundValue | None
    company: FoundValue | None
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


def parse_positions(lines: Sequence[Line], *, now: date) -> list[Position]:
    """The entries in the order of the text. Each has to say from when; one that begins after `now` is none."""
    positions = []
    # One more than are kept: the last one ends where the next begins.
    anchors = list(islice(_anchors(lines, now), MAX_POSITIONS + 1))
    for number, anchor in enumerate(anchors[:MAX_POSITIONS]):
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
    above = _MAX_HEAD_LINES
    for index, line in enumerate(lines):
        if not line.text or is_bullet(line.text) or len(line.text) > _MAX_HEAD_LENGTH:
            continue
        spans = find_spans(line.text)
        if len(spans) != 1 or (spans[0].since.year, spans[0].since.month or 1) > (now.year, now.month):
            continue
        first = last = index
        beside = _split(_without(line.text, spans[0]))
        room = _MAX_HEAD_LINES - len(beside)
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
        while last - index < _MAX_HEAD_LINES and last + 1 < len(lines) and _completes(lines[last + 1].text, pieces):
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
    return after_blank and 0 < len(head) <= _MAX_HEAD_LINES and all(_is_head(line.text) for line in head)


def _completes(line: str, pieces: Sequence[str]) -> bool:
    """Whether the line below the dates names what the lines before it did not: the position, or the company."""
    if not _is_head(line) or len(line.split()) > _MAX_WORDS_BELOW:
        return False
    has_title = any(_TITLE.search(piece) for piece in pieces)
    return len(pieces) < 2 if has_title else not pieces or _names_title(line)


def _names_title(line: str) -> bool:
    return _is_head(line) and len(line.split()) <= _MAX_WORDS_BELOW and _TITLE.search(line) is not None


def _is_head(line: str) -> bool:
    """Whether a line can name a position or a company, and is no running text."""
    if not line or len(line) > _MAX_HEAD_LENGTH or is_bullet(line) or line.endswith((".", ";")) or find_spans(line):
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


def _title_and_company(pieces: Sequence[str]) -> tuple[FoundValue | None, FoundValue | None]:
    title = next((piece for piece in pieces if _TITLE.search(piece)), None)
    rest = [piece for piece in pieces if piece != title]
    company = next((piece for piece in rest if _COMPANY.search(piece)), None)
    sure = company is not None
    if company is None and rest:
        company = rest[0]
    if title is None:
        # Two names and no word that says which is which.
        return None, FoundValue(company, 0.6 if sure else 0.3) if company else None
    return FoundValue(title, 0.85), FoundValue(company, 0.85 if sure else 0.65) if company else None


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
    highlights = [" ".join(part for part in bullet if part) for bullet in bullets[:_MAX_HIGHLIGHTS]]
    running = "\n".join(" ".join(each) for each in paragraphs if each)
    return running, tuple(highlight for highlight in highlights if highlight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One entry; at least the institution or the degree is known."""

    institution: FoundValue | None
    degree: FoundValue | None
    area: FoundValue | None
    since: Moment | None
    until: Moment | None
    confidence: float


class _Text(NamedTuple):
    """A line of an entry, with the institution and the degree that it names."""

    text: str
    institution: str | None
    degree: re.Match[str] | None


def parse_studies(lines: Sequence[Line]) -> list[Study]:
    """The entries in the order of the text: a new one begins where an institution or a degree is named again."""
    # One by one: thousands of entries are not read to keep the first twenty.
    studies = (_study(group) for group in _groups(lines))
    return list(islice((study for study in studies if study is not None), MAX_STUDIES))


def _groups(lines: Sequence[Line]) -> Iterator[list[_Text]]:
    group: list[_Text] = []
    has_institution = has_degree = False
    for line in lines:
        text = line.text
        if not text or len(text) > _MAX_LINE_LENGTH or is_bullet(text):
            continue
        institution, degree = _institution(text), _DEGREE.search(text)
        if (institution is not None and has_institution) or (degree and has_degree):
            yield group
            group, has_institution, has_degree = [], False, False
        group.append(_Text(text, institution, degree))
        has_institution = has_institution or institution is not None
        has_degree = has_degree or degree is not None
    yield group


def _study(group: Sequence[_Text]) -> Study | None:
    institution = next((line.institution for line in group if line.institution), None)
    degree = area = None
    for line, _, match in group:
        if match:
            degree = FoundValue(match[0].strip(), 0.9)
            named = _AREA.match(_before_gap(line[match.end() :]))
            if named and not _INSTITUTION.search(named["area"]):
                area = FoundValue(named["area"].strip(_EDGES), 0.7)
            break
    if institution is None and degree is None:
        return None
    since, until, dated = _when([line.text for line in group])
    parts = [0.85 if institution else 0.0, 0.9 if degree else 0.0, dated]
    return Study(
        institution=FoundValue(institution, 0.85) if institution else None,
        degree=degree,
        area=area,
        since=since,
        until=until,
        confidence=round(sum(parts) / len(parts), 2),
    )


def _institution(line: str) -> str | None:
    return next((part.strip(_EDGES) for part in _GAP.split(_undated(line)) if _INSTITUTION.search(part)), None)


def _undated(line: str) -> str:
    for span in reversed(find_spans(line)):
        line = line[: span.start] + "\t" + line[span.end :]
    return replace_moments(line, "\t")


def _before_gap(text: str) -> str:
    """Up to where the next piece begins; what parts the degree from its area is no gap."""
    lead = re.match(r"\s*[,:–—|-]?\s*", text)
    offset = lead.end() if lead else 0
    gap = _GAP.search(text, offset)
    return text[offset : gap.start()] if gap else text[offset:]


def _when(lines: Sequence[str]) -> tuple[Moment | None, Moment | None, float]:
    """From, to, and how sure it is. A date alone is when the study ended."""
    for line in lines:
        for span in find_spans(line):
            return span.since, span.until, 0.9
    for line in lines:
        moments = find_moments(line)
        if len(moments) == 1:
            return None, moments[0], 0.7
    return None, None, 0.0
