"""Parse the positions and studies listed in a resume's experience and education sections. Pure."""

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
    # Without periods these are also abbreviations of US states, so a subject must follow.
    r"|(?:MA|MS|ME|MD|BE)(?=\s+(?:in\b|[A-Z]))"
    r")(?!\w)"
)
_AREA = re.compile(r"^\s*(?:degree\s+)?(?:in\s+|of\s+)?\(?(?P<area>[^\W\d_][^,|•·()\t\d]{1,80})")
_GAP = re.compile(r"\s*[|•·\t]\s*|\s+[–—-]\s+|,\s+|\s{3,}|\s+(?:at|from)\s+(?=[A-Z])")
_EDGES = " \t,;:|•·–—-()[]/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One entry of the experience section. `title` and `company` are None if they cannot be identified."""

    title: FoundValue | None
    company: FoundValue | None
    span: Span
    summary: str
    highlights: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class _EntryHead:
    """The head of an entry: its dates, its lines from `first` to `last`, and the other pieces of text on them."""

    span: Span
    first: int
    last: int
    pieces: tuple[str, ...]


def parse_positions(lines: Sequence[Line], *, now: date) -> list[Position]:
    """Return the positions in text order. An entry needs a start date, which must not be after `now`."""
    positions = []
    # Read one head more than the maximum, because an entry ends where the next head begins.
    heads = list(islice(_find_entry_heads(lines, now), MAX_POSITIONS + 1))
    for number, head in enumerate(heads[:MAX_POSITIONS]):
        end = heads[number + 1].first if number + 1 < len(heads) else len(lines)
        title, company = _identify_title_and_company(head.pieces)
        summary, highlights = _parse_body([line.text for line in lines[head.last + 1 : end]])
        confidences = [found.confidence for found in (title, company) if found is not None]
        positions.append(
            Position(
                title=title,
                company=company,
                span=head.span,
                summary=summary,
                highlights=highlights,
                confidence=round(sum(confidences) / 2, 2),
            )
        )
    return positions


def _is_bullet(line: str) -> bool:
    return _BULLET.match(line) is not None


def _find_entry_heads(lines: Sequence[Line], now: date) -> Iterator[_EntryHead]:
    """Yield the heads of entries, found by their dates.

    The number of head lines above the first dates limits the heads of later entries, because a resume usually formats
    all of its entries in the same way. A head that is a separate paragraph is exempt from this limit.
    """
    previous_last = -1
    max_lines_above = _MAX_HEAD_LINES
    for index, line in enumerate(lines):
        if not line.text or _is_bullet(line.text) or len(line.text) > _MAX_HEAD_LENGTH:
            continue
        spans = find_spans(line.text)
        if len(spans) != 1 or (spans[0].since.year, spans[0].since.month or 1) > (now.year, now.month):
            continue
        first = last = index
        beside_dates = _split_pieces(_remove_span(line.text, spans[0]))
        lines_left = _MAX_HEAD_LINES - len(beside_dates)
        if lines_left > 0 and not _is_head_paragraph_above(lines, index, previous_last):
            lines_left = min(max_lines_above, lines_left)
        while lines_left > 0 and first - 1 > previous_last and _is_head(lines[first - 1].text):
            first -= 1
            lines_left -= 1
        if previous_last < 0:
            max_lines_above = index - first
        # The title may be above a blank line.
        if (
            first == index
            and index - 2 > previous_last
            and not lines[index - 1].text
            and _has_title(lines[index - 2].text)
        ):
            first = index - 2
        pieces = [*(piece for above in lines[first:index] for piece in _split_pieces(above.text)), *beside_dates]
        while last - index < _MAX_HEAD_LINES and last + 1 < len(lines) and _completes(lines[last + 1].text, pieces):
            last += 1
            pieces += _split_pieces(lines[last].text)
        yield _EntryHead(spans[0], first, last, tuple(pieces))
        previous_last = last


def _is_head_paragraph_above(lines: Sequence[Line], index: int, previous_last: int) -> bool:
    """Return whether the paragraph above this line consists of one or two lines that can all belong to a head."""
    first = index
    while first - 1 > previous_last and lines[first - 1].text:
        first -= 1
    head, is_after_blank = lines[first:index], first == 0 or not lines[first - 1].text
    return is_after_blank and 0 < len(head) <= _MAX_HEAD_LINES and all(_is_head(line.text) for line in head)


def _completes(line: str, pieces: Sequence[str]) -> bool:
    """Return whether the line below the dates adds the title or company that the pieces above it lack."""
    if not _is_head(line) or len(line.split()) > _MAX_WORDS_BELOW:
        return False
    has_title = any(_TITLE.search(piece) for piece in pieces)
    return len(pieces) < 2 if has_title else not pieces or _has_title(line)


def _has_title(line: str) -> bool:
    return _is_head(line) and len(line.split()) <= _MAX_WORDS_BELOW and _TITLE.search(line) is not None


def _is_head(line: str) -> bool:
    """Return whether a line can name a position or company, as opposed to running text."""
    if not line or len(line) > _MAX_HEAD_LENGTH or _is_bullet(line) or line.endswith((".", ";")) or find_spans(line):
        return bool(line) and _COMPANY.search(line[-6:]) is not None and len(line) < 60 and not find_spans(line)
    return not line[0].islower() and len(line.split()) <= 12


def _remove_span(line: str, span: Span) -> str:
    return (line[: span.start].rstrip(_EDGES) + "\t" + line[span.end :].lstrip(_EDGES)).strip(_EDGES)


def _split_pieces(head: str) -> list[str]:
    """Split a head line without its dates into the title, company and place that it may name."""
    pieces: list[str] = []
    for part in _STRONG_GAP.split(head):
        # A comma separates title, company and place ("Engineer, Acme"), except in a name such as "Acme, Inc.".
        pieces += _WEAK_GAP.split(part)
    return [piece for piece in (piece.strip(_EDGES) for piece in pieces) if len(piece) > 1]


def _identify_title_and_company(pieces: Sequence[str]) -> tuple[FoundValue | None, FoundValue | None]:
    title = next((piece for piece in pieces if _TITLE.search(piece)), None)
    rest = [piece for piece in pieces if piece != title]
    company = next((piece for piece in rest if _COMPANY.search(piece)), None)
    has_company_word = company is not None
    if company is None and rest:
        company = rest[0]
    if title is None:
        # Without a word such as "Engineer", the first piece may be the title instead.
        return None, FoundValue(company, 0.6 if has_company_word else 0.3) if company else None
    return FoundValue(title, 0.85), FoundValue(company, 0.85 if has_company_word else 0.65) if company else None


def _parse_body(lines: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the running text and the bullets below a head. A bullet includes the lines that follow it.

    Text after the bullets starts a new line: it does not continue the text before them.
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
    """One entry of the education section. At least the institution or the degree is known."""

    institution: FoundValue | None
    degree: FoundValue | None
    area: FoundValue | None
    since: Moment | None
    until: Moment | None
    confidence: float


class _StudyLine(NamedTuple):
    """A line of an education entry, with the institution and degree that it names."""

    text: str
    institution: str | None
    degree: re.Match[str] | None


def parse_studies(lines: Sequence[Line]) -> list[Study]:
    """Return the studies in text order. A second institution or degree begins a new entry."""
    # A generator, so that at most MAX_STUDIES entries are parsed even if there are thousands.
    studies = (_parse_study(group) for group in _group_lines(lines))
    return list(islice((study for study in studies if study is not None), MAX_STUDIES))


def _group_lines(lines: Sequence[Line]) -> Iterator[list[_StudyLine]]:
    group: list[_StudyLine] = []
    has_institution = has_degree = False
    for line in lines:
        text = line.text
        if not text or len(text) > _MAX_LINE_LENGTH or _is_bullet(text):
            continue
        institution, degree = _find_institution(text), _DEGREE.search(text)
        if (institution is not None and has_institution) or (degree and has_degree):
            yield group
            group, has_institution, has_degree = [], False, False
        group.append(_StudyLine(text, institution, degree))
        has_institution = has_institution or institution is not None
        has_degree = has_degree or degree is not None
    yield group


def _parse_study(group: Sequence[_StudyLine]) -> Study | None:
    institution = next((line.institution for line in group if line.institution), None)
    degree = area = None
    for line, _, match in group:
        if match:
            degree = FoundValue(match[0].strip(), 0.9)
            after_degree = _AREA.match(_cut_at_gap(line[match.end() :]))
            if after_degree and not _INSTITUTION.search(after_degree["area"]):
                area = FoundValue(after_degree["area"].strip(_EDGES), 0.7)
            break
    if institution is None and degree is None:
        return None
    since, until, date_confidence = _find_dates([line.text for line in group])
    confidences = [0.85 if institution else 0.0, 0.9 if degree else 0.0, date_confidence]
    return Study(
        institution=FoundValue(institution, 0.85) if institution else None,
        degree=degree,
        area=area,
        since=since,
        until=until,
        confidence=round(sum(confidences) / len(confidences), 2),
    )


def _find_institution(line: str) -> str | None:
    return next((part.strip(_EDGES) for part in _GAP.split(_remove_dates(line)) if _INSTITUTION.search(part)), None)


def _remove_dates(line: str) -> str:
    for span in reversed(find_spans(line)):
        line = line[: span.start] + "\t" + line[span.end :]
    return replace_moments(line, "\t")


def _cut_at_gap(text: str) -> str:
    """Return the text up to the next gap, ignoring the separator between the degree and its area."""
    lead = re.match(r"\s*[,:–—|-]?\s*", text)
    offset = lead.end() if lead else 0
    gap = _GAP.search(text, offset)
    return text[offset : gap.start()] if gap else text[offset:]


def _find_dates(lines: Sequence[str]) -> tuple[Moment | None, Moment | None, float]:
    """Return the start, the end and the confidence. A single date is the end of the study."""
    for line in lines:
        for span in find_spans(line):
            return span.since, span.until, 0.9
    for line in lines:
        moments = find_moments(line)
        if len(moments) == 1:
            return None, moments[0], 0.7
    return None, None, 0.0
