"""A resume's sections, by their headings. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

HEADER = "header"
SUMMARY = "summary"
EXPERIENCE = "experience"
EDUCATION = "education"
SKILLS = "skills"
PROJECTS = "projects"
OTHER = "other"

_HEADINGS = {
    SUMMARY: (
        "summary|professional summary|career summary|executive summary|summary of qualifications|profile|about"
        "|about me|professional profile|personal profile|personal statement|objective|career objective|introduction"
    ),
    EXPERIENCE: (
        "experience|work experience|professional experience|employment|employment history|work history|career history"
        "|relevant experience|career|positions held|internships|internship experience|professional background"
        "|industry experience|professional history"
    ),
    EDUCATION: (
        "education|academic background|education and training|academic history|qualifications|academic qualifications"
        "|educational background|studies|degrees"
    ),
    SKILLS: (
        "skills|technical skills|key skills|core skills|core competencies|competencies|technologies|tech stack"
        "|technology stack|expertise|areas of expertise|tools|tools and technologies|skills and tools"
        "|programming languages|languages and frameworks|professional skills|soft skills|technical expertise"
        "|technical proficiencies|skills and expertise|skills and technologies|technical knowledge|skills summary"
    ),
    PROJECTS: "projects|personal projects|selected projects|key projects|side projects|academic projects|open source",
    OTHER: (
        "languages|certifications|certificates|certifications and licenses|licenses|awards|honors|honours"
        "|awards and honors|honors and awards|achievements|publications|patents|talks|interests|hobbies"
        "|hobbies and interests|references|volunteering|volunteer experience|volunteer work|activities"
        "|extracurricular activities|courses|training|memberships|affiliations|contact|contact information"
        "|contact details|personal details|personal information|links|military service|additional information"
        "|leadership|conferences"
    ),
}
_KIND_OF = {heading: kind for kind, headings in _HEADINGS.items() for heading in headings.split("|")}
_LONGEST_HEADING = 60
_INLINE = re.compile(r"([^:]{4,40}):\s+(?=\S)")
_NO_LETTER = re.compile(r"[^\w&]+|_+")
_SPACED_OUT = re.compile(r"(?:\w ){3,}\w")
_LEAD = re.compile(r"\s*(?:#{1,6}\s+)?")
# Within these a line such as "Technologies: Python" belongs to an entry.
_ENTRIES = frozenset({EXPERIENCE, PROJECTS})


class Line(NamedTuple):
    """A line without the space around it, and where it begins in the whole text."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that stand under one heading, blank ones among them; `start` is where the section begins."""

    kind: str
    start: int
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines).strip()


def split_sections(text: str) -> list[Section]:
    """The sections in order. What stands before the first heading is the header, which may be empty."""
    sections = []
    kind, start, lines = HEADER, 0, list[Line]()
    for line in _lines(text):
        if not line.text:
            lines.append(line)
            continue
        heading = heading_kind(line.text)
        rest = line
        if heading is None and kind not in _ENTRIES and (inline := _INLINE.match(line.text)):
            heading = heading_kind(inline[1])
            rest = Line(line.text[inline.end() :], line.start + inline.end())
        if heading is None:
            lines.append(line)
            continue
        sections.append(Section(kind, start, tuple(lines)))
        kind, start, lines = heading, line.start, [] if rest is line else [rest]
    sections.append(Section(kind, start, tuple(lines)))
    return sections


def heading_kind(line: str) -> str | None:
    """The kind of section that a line is the heading of; None for a line that is none."""
    if not line or len(line) > _LONGEST_HEADING:
        return None
    words = _NO_LETTER.sub(" ", line).strip().casefold()
    if _SPACED_OUT.fullmatch(words):
        words = words.replace(" ", "")
    return _KIND_OF.get(" ".join(words.replace("&", " and ").split()))


def _lines(text: str) -> Iterator[Line]:
    start = 0
    for line in text.split("\n"):
        # Of a heading in Markdown the marks are left out as well.
        lead = _LEAD.match(line) if line else None
        begin = lead.end() if lead else 0
        yield Line(line[begin:].rstrip(), start + begin)
        start += len(line) + 1
