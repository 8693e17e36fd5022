"""Split the text of a resume into lines, and join dates that a line break divides. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from accounts.resumes.parsing.date_words import MONTHS, RANGE_WORDS
from accounts.resumes.parsing.dates import find_dates
from accounts.resumes.parsing.styles import LineStyle

HEADER = "header"
SUMMARY = "summary"
EXPERIENCE = "experience"
EDUCATION = "education"
SKILLS = "skills"
PROJECTS = "projects"
LANGUAGES = "languages"
OTHER = "other"
SECTION_KINDS = (HEADER, SUMMARY, EXPERIENCE, EDUCATION, SKILLS, PROJECTS, LANGUAGES, OTHER)

# Symbols that are only ever bullets may touch the text; others need a space.
_BULLET = re.compile(r"(?:[•●▪■◦‣⁃∙·*►➢✓✔○❖o]|[-–—])\s+|[•●▪■◦‣⁃∙►➢✓✔○❖\uf0b7]")
_LEAD = re.compile(r"\s*(?:#{1,6}\s+)?")
_SOFT_HYPHEN = re.compile(r"(?<=\w)\u00ad(?=\w)")
_INCOMPLETE = re.compile(
    rf"(?:[-–—−‒~→‐]|\s(?:{'|'.join(RANGE_WORDS)}))\s*(?:(?:{'|'.join(MONTHS)})\.?\s*)?\Z", re.IGNORECASE
)
_DIVIDED_WORD = re.compile(r"[^\W\d_][-‐\u00ad]\Z")
_MAX_DATED_LENGTH = 200


class Line(NamedTuple):
    """A line without surrounding spaces, its offset in the whole text, its number from 0, and its typography."""

    text: str
    start: int
    number: int = 0
    style: LineStyle | None = None
    indent: int = 0


def split_lines(text: str, styles: Sequence[LineStyle | None] | None = None) -> list[Line]:
    """Return the lines of a text, including blank ones. Ranges of dates that a line break divides are joined."""
    return list(_join_divided_dates(list(_split(text, styles))))


def get_bullet(text: str) -> str | None:
    """Return the bullet that a line begins with, or None."""
    mark = _BULLET.match(text)
    return mark[0].strip() if mark else None


def strip_bullet(text: str) -> str:
    """Return a line without its bullet."""
    mark = _BULLET.match(text)
    return text[mark.end() :].strip() if mark else text


def is_prominent(line: Line) -> bool:
    """Return whether a line is set in bold or in a larger size than the body."""
    return line.style is not None and (line.style.bold or line.style.size >= 1.08)


def _split(text: str, styles: Sequence[LineStyle | None] | None) -> Iterator[Line]:
    start = 0
    for number, line in enumerate(text.split("\n")):
        # Skip indentation and the "#" marks of Markdown headings.
        lead = _LEAD.match(line) if line else None
        begin = lead.end() if lead else 0
        style = styles[number] if styles is not None and number < len(styles) else None
        visible = _SOFT_HYPHEN.sub("", line[begin:].rstrip())
        yield Line(visible, start + begin, number, style, begin)
        start += len(line) + 1


def _join_divided_dates(lines: list[Line]) -> Iterator[Line]:
    index = 0
    while index < len(lines):
        line = lines[index]
        if index + 1 < len(lines) and (joined := _join_dates(line.text, lines[index + 1].text)) is not None:
            text, rest = joined
            yield line._replace(text=text)
            index += 2
            if rest:
                yield lines[index - 1]._replace(text=rest)
            continue
        yield line
        index += 1


def _join_dates(upper: str, lower: str) -> tuple[str, str] | None:
    """Move the end of a range from the lower line to the upper one. Return None if no range is divided."""
    if not upper or not lower or max(len(upper), len(lower)) > _MAX_DATED_LENGTH or get_bullet(lower):
        return None
    upper_parts, lower_parts = upper.split("\t"), lower.split("\t")
    for position in {0, -1}:
        left, right = upper_parts[position].rstrip(), lower_parts[position].strip()
        if not _INCOMPLETE.search(left):
            continue
        # A hyphen at the end of a line can divide a word: "pre-" and "sente".
        joined = f"{left[:-1]}{right}" if _DIVIDED_WORD.search(left) and right[:1].islower() else f"{left} {right}"
        spans = find_dates(joined)
        if spans and spans[-1].is_range and spans[-1].start < len(left) and spans[-1].end >= len(joined.rstrip(" )]")):
            upper_parts[position] = joined
            del lower_parts[position]
            return "\t".join(upper_parts), "\t".join(lower_parts).strip()
    return None
