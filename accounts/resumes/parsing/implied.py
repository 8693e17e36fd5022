"""Find the positions and studies of a resume, or a part of one, that has no headings for them. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from accounts.resumes.parsing.anchors import find_entry_dates, has_head_shape
from accounts.resumes.parsing.education_words import (
    has_certification,
    has_degree,
    has_institution,
    names_position,
    remove_degree,
)
from accounts.resumes.parsing.heads import describe_head_line
from accounts.resumes.parsing.lines import EDUCATION, EXPERIENCE, HEADER, SUMMARY, Line, get_bullet
from accounts.resumes.parsing.sections import Section

_CERTAIN = 0.8


def imply_sections(sections: Sequence[Section]) -> list[Section]:
    """Split off the positions and studies in sections without headings for them.

    The header and summary of a resume without a heading for experience can contain positions. A resume without a
    heading for education can contain studies among its positions.
    """
    kinds = {section.kind for section in sections if section.kind != EDUCATION or _has_study(section)}
    found: list[Section] = []
    for section in sections:
        parts = [section]
        if EXPERIENCE not in kinds and section.kind in {HEADER, SUMMARY}:
            parts = _split_before_entries(section)
        if EDUCATION not in kinds:
            parts = [piece for part in parts for piece in (_split_studies(part) if part.kind == EXPERIENCE else [part])]
        found += parts
    return found


def _has_study(section: Section) -> bool:
    return any(has_degree(line.text) or has_institution(line.text) for line in section.lines)


def _split_before_entries(section: Section) -> list[Section]:
    """Return the section up to its first position, and the positions as a section of their own."""
    lines = section.lines
    for index, line in enumerate(lines):
        if not _is_position(lines, index) and not _is_study(line):
            continue
        first = _find_paragraph_start(lines, index)
        rest = Section(EXPERIENCE, lines[first].start, lines[first:])
        return [replace(section, lines=lines[:first]), rest]
    return [section]


def _split_studies(section: Section) -> list[Section]:
    """Split a section of positions at its studies."""
    parts: list[Section] = []
    kind, lines = EXPERIENCE, list[Line]()
    for index, line in enumerate(section.lines):
        changed = kind
        if _is_study(line):
            changed = EDUCATION
        elif kind == EDUCATION and _is_position(section.lines, index):
            changed = EXPERIENCE
        if changed != kind:
            moved = _pop_head(lines)
            parts.append(Section(kind, lines[0].start if lines else section.start, tuple(lines)))
            kind, lines = changed, moved
        lines.append(line)
    parts.append(Section(kind, lines[0].start if lines else section.start, tuple(lines)))
    return [part for part in parts if part.text] or [section]


def _pop_head(lines: list[Line]) -> list[Line]:
    """Remove and return the lines of the paragraph at the end, if the paragraph can be the head of the next entry."""
    count = 0
    while count < len(lines) and count <= 2 and _is_name(lines[-1 - count]):
        count += 1
    is_paragraph = count and (count == len(lines) or not lines[-1 - count].text)
    if not is_paragraph:
        return []
    moved = lines[-count:]
    del lines[-count:]
    return moved


def _is_name(line: Line) -> bool:
    return (
        bool(line.text)
        and get_bullet(line.text) is None
        and has_head_shape(line.text)
        and not find_entry_dates(line.text)
    )


def _find_paragraph_start(lines: Sequence[Line], index: int) -> int:
    first = index
    while first > 0 and _is_name(lines[first - 1]) and "@" not in lines[first - 1].text:
        first -= 1
    # Lines that reach the top of the header contain the name and contact details.
    return first if first > 0 and index - first <= 2 else index


def _is_position(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line has the dates of a position whose title is certain."""
    text = lines[index].text
    dates = find_entry_dates(text) if text and get_bullet(text) is None else None
    if dates is None or not dates.span.is_range:
        return False
    near = _iterate_near(lines, index, dates.rest)
    return any(describe_head_line(text).title >= _CERTAIN for text in near if not _names_study(text))


def _iterate_near(lines: Sequence[Line], index: int, rest: str) -> Iterator[str]:
    if rest:
        yield rest
    nearby = (*lines[max(0, index - 2) : index], *lines[index + 1 : index + 2])
    yield from (line.text for line in nearby if line.text and get_bullet(line.text) is None)


def _names_study(text: str) -> bool:
    return has_degree(text) and has_institution(text) and not names_position(text)


def _is_study(line: Line) -> bool:
    text = line.text
    if (
        not text
        or get_bullet(text) is not None
        or not has_degree(text)
        or names_position(text)
        or has_certification(text)
    ):
        return False
    dates = find_entry_dates(text)
    is_study = has_institution(text) or dates is not None
    # "Master" is also a title, but "PhD student" is a position.
    rest = remove_degree(dates.rest if dates is not None else text)
    return is_study and (not rest or describe_head_line(rest).title < _CERTAIN)
