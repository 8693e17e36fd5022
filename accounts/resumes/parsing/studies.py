"""Parse the studies listed in an education section. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from accounts.resumes.parsing.dates import Moment, find_dates, find_spans, replace_dates
from accounts.resumes.parsing.education_words import (
    find_degree,
    find_honors,
    find_score,
    has_certification,
    has_degree,
    has_institution,
)
from accounts.resumes.parsing.heads import is_label
from accounts.resumes.parsing.lines import Line, get_bullet, strip_bullet
from accounts.resumes.parsing.pieces import EDGES, is_noise, remove_place, split_commas, strip_edges
from accounts.resumes.parsing.values import FoundValue

MAX_STUDIES = 20
_MAX_LINE_LENGTH = 160
_MAX_NAME_WORDS = 10
_MAX_PARAGRAPH = 5
_MAX_AREA_LENGTH = 80
_GAP = re.compile(
    r"\s*[|•·\t]\s*|\s+[–—@-]\s+|\s{3,}|\s+(?:at|from|an der|à l['’]|en la)\s+(?=[A-ZÀ-Þ])(?!Austin|Dallas|Chapel"
    r"|Urbana)"
)
_AREA_LEAD = re.compile(
    r"^[\s,:–—|-]{0,4}(?:(?:degree|diploma)\s+)?(?:(?:in|of|en|em|im\s+fach|der|zum|zur|als)(?=[\s(]|\Z))?\s*\(?\s*",
    re.IGNORECASE,
)
_FIELD_LABEL = re.compile(
    r"\A(?:dates?|period|zeitraum|fechas?|periodo|datas?|período|période|centre|centro(?: de estudios)?|établissement"
    r"|einrichtung|instituição|institución|entidad|formation|curso|carrera|especialidad|fach|subject|field|studiengang"
    r"|titulación|titulação|degree|qualification|institution|school|university|universidad|universidade|université"
    r"|hochschule|college|abschluss|diplôme|título)(?:\s*:\s*|\t)",
    re.IGNORECASE,
)
_MINOR = re.compile(r"[,;(]?\s*\b(?:minor|minors|concentration|specialization|emphasis|nebenfach)\b.*\Z", re.IGNORECASE)
_UNIVERSITY_SYSTEM = re.compile(
    r"university of (?:california|texas|illinois|wisconsin|north carolina|massachusetts|maryland)\Z", re.IGNORECASE
)
# The end of a line whose last name continues on the next line.
_UNFINISHED = re.compile(r"\s(?:in|of|en|em|and|und|et|y|e|de|zum|zur|als|&)\Z")
_DETAIL = re.compile(
    r"\b(?:coursework|courses?|thesis|dissertation|relevant|activities|awards?|scholarships?|modules?|advisor"
    r"|supervisor"
    r"|abschlussarbeit|bachelorarbeit|masterarbeit|mémoire|honors?\s+(?:society|program))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One entry of the education section. At least the institution or the degree is known.

    `score` is the grade, and `honors` are honors such as "cum laude", both as worded in the resume.
    `lines` are the numbers of the lines that the study was read from.
    """

    institution: FoundValue | None
    degree: FoundValue | None
    area: FoundValue | None
    since: Moment | None
    until: Moment | None
    score: FoundValue | None
    honors: FoundValue | None
    confidence: float
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _StudyLine:
    """A line of an education entry, with what the grouping needs to know about it."""

    text: str
    number: int
    has_institution: bool
    has_degree: bool
    has_dates: bool
    is_after_blank: bool
    is_name: bool

    @property
    def is_head(self) -> bool:
        return self.has_institution or self.has_degree

    @property
    def is_read(self) -> bool:
        """Whether a value of the study is taken from the line."""
        has_value = find_score(self.text) is not None or find_honors(self.text) is not None
        return self.is_head or self.has_dates or self.is_name or has_value


def parse_studies(lines: Sequence[Line]) -> list[Study]:
    """Return the studies of a section in text order."""
    # A generator, so that at most MAX_STUDIES entries are parsed even if there are thousands.
    studies = (_parse_study(group) for group in _group_lines(lines))
    return list(islice((study for study in studies if study is not None), MAX_STUDIES))


def _iterate_lines(lines: Sequence[Line]) -> Iterator[_StudyLine]:
    head_bullet: str | None = None
    is_first, is_after_blank = True, True
    for line in lines:
        if not line.text:
            is_after_blank = True
            continue
        bullet = get_bullet(line.text)
        if is_first:
            head_bullet, is_first = bullet, False
        if len(line.text) > _MAX_LINE_LENGTH:
            continue
        text = line.text if bullet is None else strip_bullet(line.text)
        if bullet is not None and (bullet != head_bullet or line.indent > 0):
            # A bullet adds details to a study, such as the grade, and does not begin one.
            if find_score(text) or find_honors(text):
                yield _StudyLine(text, line.number, False, False, False, False, False)
            continue
        is_detail = _is_detail(text)
        bare = _FIELD_LABEL.sub("", replace_dates(text, "\t"), count=1)
        yield _StudyLine(
            text,
            line.number,
            not is_detail and has_institution(bare),
            not is_detail and has_degree(bare),
            not is_detail and bool(find_dates(text)),
            is_after_blank,
            not is_detail and _is_name(bare),
        )
        is_after_blank = False


def _is_detail(text: str) -> bool:
    """Return whether a line only adds details to a study, such as its courses or thesis."""
    if is_label(text) and not has_degree(text) and not _FIELD_LABEL.match(text):
        return True
    detail = _DETAIL.search(text)
    return detail is not None and not find_dates(text) and not has_institution(text[: detail.start()])


def _is_name(text: str) -> bool:
    """Return whether a line without dates can name an institution, although it contains no word for one."""
    text = text.strip(EDGES)
    words = text.split()
    if not words or len(words) > _MAX_NAME_WORDS or text.endswith(".") or not text[0].isupper():
        return False
    return not (is_noise(text) or find_score(text) or find_honors(text) or has_certification(text))


def _group_lines(lines: Sequence[Line]) -> Iterator[list[_StudyLine]]:
    """Yield the lines of each study. A second institution, degree or period begins another study."""
    group: list[_StudyLine] = []
    rows = _iterate_lines(lines)
    for row in rows:
        if group and _begins_study(group, row):
            moved = _count_names_at_end(group) if not row.has_institution else 0
            yield group[: len(group) - moved]
            group = group[len(group) - moved :]
        group.append(row)
    yield group


def _begins_study(group: Sequence[_StudyLine], row: _StudyLine) -> bool:
    has_institution, has_degree = any(line.has_institution for line in group), any(line.has_degree for line in group)
    has_dates = any(line.has_dates for line in group)
    if row.has_institution and has_degree and group[0].is_name and not group[0].is_head:
        # The group already has an institution, whose name contains no word for one.
        return True
    if (row.has_institution and has_institution) or (row.has_degree and has_degree):
        # "College of Engineering" below "State University" is a part of the same institution.
        is_same = not row.has_degree and not row.has_dates and not row.is_after_blank and not has_degree
        return not is_same
    is_dated_first = group[0].has_dates and not group[0].is_head and not group[0].is_name
    if row.has_dates and has_dates and (row.is_after_blank or row.is_head or row.is_name or is_dated_first):
        return True
    return row.is_after_blank and row.is_name and row.has_dates and (has_institution or has_degree) and has_dates


def _count_names_at_end(group: Sequence[_StudyLine]) -> int:
    """Return 1 if the last line of a group names the institution of the next study, as the group's layout shows."""
    last, first = group[-1], group[0]
    is_bare = last.is_name and not last.is_head and not last.has_dates and len(group) > 1
    return int(is_bare and (last.is_after_blank or (first.is_name and not first.has_degree)))


def _parse_study(group: Sequence[_StudyLine]) -> Study | None:
    score = honors = None
    pieces: list[str] = []
    for line in group:
        text = _FIELD_LABEL.sub("", replace_dates(line.text, "\t"), count=1)
        text, score = _take(text, find_score, score)
        text, honors = _take(text, find_honors, honors)
        if line.is_head or line.is_name:
            parts = [part for part in (strip_edges(part) for part in _GAP.split(text)) if part]
            if parts and pieces and _UNFINISHED.search(pieces[-1]):
                pieces[-1] = f"{pieces[-1]} {parts.pop(0)}"
            pieces += parts
    since, until, date_confidence = _find_dates([line.text for line in group])
    degree, area, names = _read_pieces(pieces)
    institution = _find_institution(names)
    if degree is None and institution is None:
        bare = next((name for name in names if not has_certification(name)), None)
        if bare is None or not date_confidence or any(has_certification(line.text) for line in group):
            return None
        institution = FoundValue(bare, 0.45)
    elif institution is None and names:
        institution = FoundValue(names[0], 0.6 if len(names) == 1 else 0.45)
    if institution is None and degree is not None and any(has_certification(line.text) for line in group):
        return None
    confidences = [
        institution.confidence if institution else 0.0,
        degree.confidence if degree else 0.0,
        date_confidence,
    ]
    return Study(
        institution=institution,
        degree=degree,
        area=area,
        since=since,
        until=until,
        score=score,
        honors=honors,
        confidence=round(sum(confidences) / len(confidences), 2),
        lines=tuple(line.number for line in group if line.is_read),
    )


def _take(
    text: str, find: Callable[[str], re.Match[str] | None], found: FoundValue | None
) -> tuple[str, FoundValue | None]:
    """Remove the grade or honors from a text, and return them as a value if none was found before."""
    match = find(text)
    if match is None:
        return text, found
    value = next((group for group in match.groups() if group), match[0])
    start, end, gap = match.start(), match.end(), "\t"
    if text[start - 1 : start] == "(" and text[end : end + 1] == ")":
        # "BA (Hons) History" names a degree and its area, which the honors do not separate.
        start, end, gap = start - 1, end + 1, ""
    return text[:start] + gap + text[end:], found or FoundValue(value.strip(EDGES), 0.85)


def _read_pieces(pieces: Sequence[str]) -> tuple[FoundValue | None, FoundValue | None, list[str]]:
    """Return the degree, the area and the remaining names."""
    degree = area = None
    names: list[str] = []
    areas: list[str] = []
    for piece in pieces:
        match = find_degree(piece) if degree is None else None
        if match is None or (has_institution(match[0]) and not has_degree(match[0])):
            names += _split_names(piece)
            areas += [] if has_institution(piece) else _split_names(piece)
            continue
        degree = FoundValue(match[0].strip(), 0.9)
        before, after = piece[: match.start()].strip(EDGES), piece[match.end() :]
        # An institution after a comma, as in "B.Sc. Physics, State University", is not the area.
        segments = split_commas(after[_AREA_LEAD.match(after).end() :])  # type: ignore[union-attr]
        if segments and _is_area(segments[0]):
            area = FoundValue(_MINOR.sub("", segments[0]).strip(EDGES), 0.85 if after[:1] in " ,:(" else 0.7)
            segments = segments[1:]
        for text in (before, ", ".join(segments)):
            names += _split_names(text)
            areas += _split_names(text)
    if degree is not None and area is None and any(has_institution(name) for name in names):
        area = next((FoundValue(name, 0.6) for name in areas if _is_area(name)), None)
    return degree, area, [name for name in names if area is None or name != area.value]


def _split_names(text: str) -> list[str]:
    """Return the names between commas, without places. "University of California, Berkeley" is one name."""
    segments = split_commas(text)
    if len(segments) > 1 and _UNIVERSITY_SYSTEM.search(segments[0]):
        segments[:2] = [", ".join(segments[:2])]
    names = []
    for index, segment in enumerate(segments):
        rest = ", ".join(segments[index:])
        bare = remove_place(rest) if index == 0 and not _UNIVERSITY_SYSTEM.search(segment.split(",")[0]) else segment
        bare = split_commas(bare)[0] if index == 0 and bare and "," not in segment else bare
        if bare and (has_institution(bare) or not is_noise(bare)):
            names.append(strip_edges(bare))
    return [name for name in names if any(letter.isalpha() for letter in name)]


def _is_area(text: str) -> bool:
    text = text.strip(EDGES)
    return (
        bool(text)
        and text[0].isalpha()
        and len(text) <= _MAX_AREA_LENGTH
        and not has_institution(text)
        and not any(letter.isdigit() for letter in text)
        and not is_noise(text)
    )


def _find_institution(names: Sequence[str]) -> FoundValue | None:
    return next((FoundValue(name, 0.85) for name in names if has_institution(name)), None)


def _find_dates(lines: Sequence[str]) -> tuple[Moment | None, Moment | None, float]:
    """Return the start, the end and the confidence. A single date is the end of the study."""
    for line in lines:
        for span in find_spans(line):
            return span.since, span.until, 0.9
    for line in lines:
        dates = find_dates(line)
        if len(dates) == 1:
            return None, dates[0].until, 0.75
    return None, None, 0.0
