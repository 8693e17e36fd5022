"""Split the lines of a resume into sections. Pure.

Headings that consist of the usual words are certain. Other lines become headings if they look like the certain ones or
if the text below them shows what they introduce.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from accounts.resumes.parsing.anchors import has_entry_dates
from accounts.resumes.parsing.education_words import has_degree, has_institution
from accounts.resumes.parsing.heading_words import NOUN_KINDS
from accounts.resumes.parsing.headings import Heading, normalize_heading, parse_heading
from accounts.resumes.parsing.languages import parse_languages
from accounts.resumes.parsing.lines import (
    EDUCATION,
    EXPERIENCE,
    HEADER,
    LANGUAGES,
    OTHER,
    PROJECTS,
    SKILLS,
    Line,
    get_bullet,
    is_prominent,
    split_lines,
)
from accounts.resumes.parsing.occupations import score_title
from accounts.resumes.parsing.styles import LineStyle

_INLINE = re.compile(r"([^:\t]{3,40}):\s+(?=\S)")
# In these sections a line such as "Technologies: Python" belongs to an entry and does not begin a section.
_ENTRY_SECTIONS = frozenset({EXPERIENCE, PROJECTS})
_ENTRY_KINDS = frozenset({EXPERIENCE, EDUCATION})
_MAX_LINES_BELOW = 8
_MAX_LOOKALIKE_WORDS = 6


@dataclass(frozen=True, slots=True)
class Section:
    """The lines under one heading, including blank ones. `start` is the section's offset in the whole text."""

    kind: str
    start: int
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The lines joined by line feeds, without blank lines at the start and end."""
        return "\n".join(line.text for line in self.lines).strip()


def split_sections(text: str, styles: Sequence[LineStyle | None] | None = None) -> list[Section]:
    """Return the sections in text order. The lines before the first heading are the header, which may be empty."""
    lines = split_lines(text, styles)
    look = _find_heading_look(lines)
    sections = []
    kind, start, content = HEADER, 0, list[Line]()
    for index, line in enumerate(lines):
        found = _find_heading(lines, index, kind, look) if line.text else None
        if found is None:
            content.append(line)
            continue
        heading, rest = found
        if not (heading.is_continued and heading.kind == kind):
            sections.append(Section(kind, start, tuple(content)))
            kind, start, content = heading.kind, line.start, []
        if rest is not None:
            content.append(rest)
    sections.append(Section(kind, start, tuple(content)))
    return [_correct_languages(section) for section in sections]


def _find_heading(
    lines: Sequence[Line], index: int, kind: str, look: tuple[float, bool, bool] | None
) -> tuple[Heading, Line | None] | None:
    """Return the heading at this line, with the text beside the heading as a line of its own."""
    line = lines[index]
    if get_bullet(line.text) and not line.text.startswith(("-", "–", "—", "*", "■", "▪", "●")):
        return None
    heading = parse_heading(line.text)
    if heading is not None and get_bullet(line.text) and not line.text.rstrip().endswith(("-", "–", "—", "*")):
        heading = None
    if heading is not None:
        if heading.fallback is not None:
            heading = replace(heading, kind=heading.kind if _has_entries_below(lines, index) else heading.fallback)
        if heading.is_certain or _fits_text_below(lines, index, heading):
            return heading, None
        return None
    beside = _split_beside(line, kind)
    if beside is not None:
        return beside
    if look is not None and _has_look(line, look) and _is_lookalike(lines, index, kind):
        return Heading(_guess_kind(lines, index)), None
    return None


def _split_beside(line: Line, kind: str) -> tuple[Heading, Line] | None:
    """Split "Skills: Python" and "EXPERIENCE<tab>Engineer" into the heading and the text beside it."""
    if "\t" in line.text and not get_bullet(line.text):
        label, _, rest = line.text.partition("\t")
        heading = parse_heading(label)
        is_heading = heading is not None and heading.is_certain and (label.isupper() or kind not in _ENTRY_SECTIONS)
        if heading is not None and is_heading and not (kind == SKILLS and heading.kind in {SKILLS, LANGUAGES}):
            offset = len(line.text) - len(rest.lstrip())
            return heading, line._replace(text=rest.strip(), start=line.start + offset)
    if kind in _ENTRY_SECTIONS or not (inline := _INLINE.match(line.text)):
        return None
    heading = parse_heading(inline[1])
    if heading is None or not heading.is_certain or heading.kind in _ENTRY_SECTIONS:
        return None
    return heading, line._replace(text=line.text[inline.end() :], start=line.start + inline.end())


def _find_heading_look(lines: Sequence[Line]) -> tuple[float, bool, bool] | None:
    """Return the size, weight and case that all certain headings share, if they differ from those of the body."""
    looks = [_get_look(line) for line in lines if _is_certain_heading(line)]
    if len(looks) < 2 or len(set(looks)) > 1:
        return None
    size, is_bold, is_upper = looks[0]
    return looks[0] if size > 1.05 or is_upper or is_bold else None


def _is_certain_heading(line: Line) -> bool:
    heading = parse_heading(line.text)
    return heading is not None and heading.is_certain


def _get_look(line: Line) -> tuple[float, bool, bool]:
    size, is_bold = (round(line.style.size, 1), line.style.bold) if line.style is not None else (1.0, False)
    return size, is_bold, line.text.isupper()


def _has_look(line: Line, look: tuple[float, bool, bool]) -> bool:
    return _get_look(line) == look


def _is_lookalike(lines: Sequence[Line], index: int, kind: str) -> bool:
    """Return whether a line that looks like the headings can be one, as opposed to the name of a job or employer."""
    line = lines[index]
    is_larger = line.style is not None and line.style.size > 1.05
    # Above the first section, the name and the headline can look like headings too.
    is_possible = kind != HEADER or (is_larger and index > 0 and _guess_kind(lines, index) in _ENTRY_KINDS)
    if (
        not is_possible
        or "\t" in line.text
        or len(line.text.split()) > _MAX_LOOKALIKE_WORDS
        or has_entry_dates(line.text)
    ):
        return False
    if not line.text[0].isalpha() or line.text.endswith((".", ",", ":")) or score_title(line.text) > 0.4:
        return False
    if is_larger and line.text.isupper():
        return True
    is_after_blank = index == 0 or not lines[index - 1].text or (line.style is not None and line.style.gap > 0.5)
    if not is_after_blank or not (is_larger or line.text.isupper()):
        return False
    below = [each.text for each in lines[index + 1 : index + 3] if each.text]
    return not any(has_entry_dates(text) for text in below[:1]) or kind != EXPERIENCE


def _fits_text_below(lines: Sequence[Line], index: int, heading: Heading) -> bool:
    line = lines[index]
    is_apart = index == 0 or not lines[index - 1].text or is_prominent(line) or line.text.isupper()
    if not is_apart or len(line.text.split()) == 1:
        return is_apart and (line.text.isupper() or is_prominent(line))
    if heading.kind == EXPERIENCE:
        return _has_entries_below(lines, index)
    if heading.kind == EDUCATION:
        return any(has_degree(text) for text in _list_below(lines, index)[:3])
    # "Fenwick Tools" above a position is an employer.
    has_dates = any(has_entry_dates(text) for text in _list_below(lines, index)[:4])
    return not has_dates and (heading.kind == SKILLS or line.text.isupper() or is_prominent(line))


def _list_below(lines: Sequence[Line], index: int) -> list[str]:
    below = []
    for line in lines[index + 1 : index + 1 + 2 * _MAX_LINES_BELOW]:
        if line.text and _is_certain_heading(line):
            break
        if line.text:
            below.append(line.text)
    return below[:_MAX_LINES_BELOW]


def _has_entries_below(lines: Sequence[Line], index: int) -> bool:
    return any(has_entry_dates(text) for text in _list_below(lines, index) if not get_bullet(text))


def _guess_kind(lines: Sequence[Line], index: int) -> str:
    """Return the kind of section that the text below an unknown heading shows, or a word for skills in the heading."""
    below = _list_below(lines, index)
    if any(has_degree(text) and (has_institution(text) or has_entry_dates(text)) for text in below[:3]):
        return EDUCATION
    has_job = any(score_title(text.split("\t")[0].split(",")[0]) >= 0.8 for text in below[:3])
    if has_job and any(has_entry_dates(text) for text in below[:4] if not get_bullet(text)):
        return EXPERIENCE
    words = normalize_heading(lines[index].text).split()
    return SKILLS if any(NOUN_KINDS.get(word) == SKILLS for word in words) else OTHER


def _correct_languages(section: Section) -> Section:
    """Return a section "Languages" without spoken languages as a section of skills: it lists programming languages."""
    if section.kind != LANGUAGES or parse_languages(line.text for line in section.lines):
        return section
    return replace(section, kind=SKILLS) if section.text else section
