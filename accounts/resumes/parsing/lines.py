"""What the lines of a resume are: headings of sections, and dates and spans of time. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

HEADER = "header"
SUMMARY = "summary"
EXPERIENCE = "experience"
EDUCATION = "education"
SKILLS = "skills"
PROJECTS = "projects"
LANGUAGES = "languages"
OTHER = "other"
SECTION_KINDS = (HEADER, SUMMARY, EXPERIENCE, EDUCATION, SKILLS, PROJECTS, OTHER)

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
    LANGUAGES: "languages|language|language skills|spoken languages|foreign languages|languages spoken",
    OTHER: (
        "certifications|certificates|certifications and licenses|licenses|awards|honors|honours"
        "|awards and honors|honors and awards|achievements|publications|patents|talks|interests|hobbies"
        "|hobbies and interests|references|volunteering|volunteer experience|volunteer work|activities"
        "|extracurricular activities|courses|training|memberships|affiliations|contact|contact information"
        "|contact details|personal details|personal information|links|military service|additional information"
        "|leadership|conferences"
    ),
}
_HEADING_KINDS = {heading: kind for kind, headings in _HEADINGS.items() for heading in headings.split("|")}
_MAX_HEADING_LENGTH = 60
_INLINE = re.compile(r"([^:]{4,40}):\s+(?=\S)")
_NO_LETTER = re.compile(r"[^\w&]+|_+")
_SPACED_OUT = re.compile(r"(?:\w ){3,}\w")
_LEAD = re.compile(r"\s*(?:#{1,6}\s+)?")
# Within these a line such as "Technologies: Python" belongs to an entry.
_ENTRIES = frozenset({EXPERIENCE, PROJECTS})

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAME = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?,?"
)
_YEAR = r"(?:19[5-9]\d|20\d\d)"
_MONTH_NUMBER = r"(?:0?[1-9]|1[0-2])"
_DATE = (
    rf"(?:{_MONTH_NAME}\s{{0,3}}(?:\d{{1,2}}(?:st|nd|rd|th)?,?\s{{1,3}})?'?{_YEAR}|{_MONTH_NUMBER}[/.]{_YEAR}"
    rf"|{_YEAR}[-/.]{_MONTH_NUMBER}(?!\d)|{_YEAR})(?!\d)"
)
_NOW = r"(?:present|current(?:ly)?|now|today|ongoing|to date|till date)\b"
_RANGE = re.compile(
    rf"(?<![\w/.])(?:from\s{{1,3}}|since\s{{1,3}})?(?P<start>{_DATE})\s{{0,3}}(?:-|–|—|−|to\b|until\b|through\b)\s{{0,3}}"
    rf"(?:(?P<end>{_DATE})|(?P<now>{_NOW}))",
    re.IGNORECASE,
)
_SINCE = re.compile(rf"(?<!\w)since\s{{1,3}}(?P<start>{_DATE})", re.IGNORECASE)
_BETWEEN = re.compile("[-–—−]|to|until|through|since", re.IGNORECASE)
_SINGLE = re.compile(rf"(?<![\w/.]){_DATE}", re.IGNORECASE)
_YEAR_ALONE = re.compile(_YEAR)
# Where a date of a year alone stands among the months: nobody knows, and in the middle the error is least.
_MIDDLE = 7


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
        heading = get_heading_kind(line.text)
        rest = line
        if heading is None and kind not in _ENTRIES and (inline := _INLINE.match(line.text)):
            heading = get_heading_kind(inline[1])
            rest = Line(line.text[inline.end() :], line.start + inline.end())
        if heading is None:
            lines.append(line)
            continue
        sections.append(Section(kind, start, tuple(lines)))
        kind, start, lines = heading, line.start, [] if rest is line else [rest]
    sections.append(Section(kind, start, tuple(lines)))
    return sections


def get_heading_kind(line: str) -> str | None:
    """The kind of section that a line is the heading of; None for a line that is none."""
    if not line or len(line) > _MAX_HEADING_LENGTH:
        return None
    words = _NO_LETTER.sub(" ", line).strip().casefold()
    if _SPACED_OUT.fullmatch(words):
        words = words.replace(" ", "")
    return _HEADING_KINDS.get(" ".join(words.replace("&", " and ").split()))


def _lines(text: str) -> Iterator[Line]:
    start = 0
    for line in text.split("\n"):
        # Of a heading in Markdown the marks are left out as well.
        lead = _LEAD.match(line) if line else None
        begin = lead.end() if lead else 0
        yield Line(line[begin:].rstrip(), start + begin)
        start += len(line) + 1


class Moment(NamedTuple):
    """A month, or a year alone."""

    year: int
    month: int | None

    def __str__(self) -> str:
        """As JSON Resume writes it: "2019", "2019-03"."""
        return f"{self.year:04}" if self.month is None else f"{self.year:04}-{self.month:02}"

    @property
    def in_months(self) -> int:
        """Months since the year 0."""
        return self.year * 12 + (self.month or _MIDDLE) - 1


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another, or to now when `until` is None; `text[start:end]` says so."""

    since: Moment
    until: Moment | None
    start: int
    end: int


def find_spans(text: str) -> list[Span]:
    """Every span of time in a text, in order; one that ends before it begins is none."""
    # Most lines are settled by these, which take a quarter of the time that a span takes to be looked for.
    if not _YEAR_ALONE.search(text) or not _BETWEEN.search(text):
        return []
    spans = []
    for match in _RANGE.finditer(text):
        since = parse_moment(match["start"])
        until = parse_moment(match["end"]) if match["end"] else None
        if until is None or until.in_months >= since.in_months:
            spans.append(Span(since, until, *match.span()))
    if not spans:
        spans = [Span(parse_moment(match["start"]), None, *match.span()) for match in _SINCE.finditer(text)]
    return spans


def find_moments(text: str) -> list[Moment]:
    """Every date in a text."""
    return [parse_moment(match[0]) for match in _SINGLE.finditer(text)]


def replace_moments(text: str, by: str) -> str:
    """The text with `by` in place of every date."""
    return _SINGLE.sub(by, text)


@lru_cache(maxsize=2_000)
def parse_moment(text: str) -> Moment:
    """The moment that a date of one of the usual forms means."""
    year = _YEAR_ALONE.search(text)
    if year is None:
        raise ValueError(f"no year in a date of {len(text)} characters")
    rest = text[: year.start()] + " " + text[year.end() :]
    word = rest.strip()[:3].casefold()
    if word in _MONTHS:
        return Moment(int(year[0]), _MONTHS.index(word) + 1)
    number = re.search(r"\d{1,2}", rest)
    return Moment(int(year[0]), int(number[0]) if number else None)


def count_years_covered(spans: Iterable[Span], *, now: date) -> float:
    """How many years the spans cover, to a tenth; where they overlap, and after `now`, nothing counts twice or at all.

    A month named as the last one counts whole; between years alone their difference counts.
    """
    reached = covered = 0
    for since, until in sorted(_months(spans, Moment(now.year, now.month))):
        covered += max(0, until - max(since, reached))
        reached = max(reached, until)
    return round(covered / 12, 1)


def _months(spans: Iterable[Span], now: Moment) -> Iterator[tuple[int, int]]:
    """Each span from its first month to the one after its last."""
    for span in spans:
        last = span.until or now
        end = last.in_months + (1 if last.month else 0)
        yield span.since.in_months, min(end, now.in_months + 1)
