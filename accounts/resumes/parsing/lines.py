"""Split the text of a resume into sections, and parse the dates in its lines. Pure."""

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
# In these sections a line such as "Technologies: Python" belongs to an entry and does not begin a section.
_ENTRY_SECTIONS = frozenset({EXPERIENCE, PROJECTS})

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
# Month assumed for a date that is only a year. The middle of the year minimizes the error.
_ASSUMED_MONTH = 7


class Line(NamedTuple):
    """A line without surrounding spaces, and its offset in the whole text."""

    text: str
    start: int


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


def split_sections(text: str) -> list[Section]:
    """Return the sections in text order. The lines before the first heading are the header, which may be empty."""
    sections = []
    kind, start, lines = HEADER, 0, list[Line]()
    for line in _split_lines(text):
        if not line.text:
            lines.append(line)
            continue
        heading = get_heading_kind(line.text)
        rest = line
        if heading is None and kind not in _ENTRY_SECTIONS and (inline := _INLINE.match(line.text)):
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
    """Return the kind of section that a line introduces, or None if the line is not a heading."""
    if not line or len(line) > _MAX_HEADING_LENGTH:
        return None
    words = _NO_LETTER.sub(" ", line).strip().casefold()
    if _SPACED_OUT.fullmatch(words):
        words = words.replace(" ", "")
    return _HEADING_KINDS.get(" ".join(words.replace("&", " and ").split()))


def _split_lines(text: str) -> Iterator[Line]:
    start = 0
    for line in text.split("\n"):
        # Skip indentation and the "#" marks of Markdown headings.
        lead = _LEAD.match(line) if line else None
        begin = lead.end() if lead else 0
        yield Line(line[begin:].rstrip(), start + begin)
        start += len(line) + 1


class Moment(NamedTuple):
    """A month of a year, or a year without a month."""

    year: int
    month: int | None

    def __str__(self) -> str:
        """Return the date in JSON Resume's format: "2019" or "2019-03"."""
        return f"{self.year:04}" if self.month is None else f"{self.year:04}-{self.month:02}"

    @property
    def in_months(self) -> int:
        """The number of months since the year 0."""
        return self.year * 12 + (self.month or _ASSUMED_MONTH) - 1


@dataclass(frozen=True, slots=True)
class Span:
    """A period between two moments, found at `text[start:end]`. `until` is None for a period that has not ended."""

    since: Moment
    until: Moment | None
    start: int
    end: int


def find_spans(text: str) -> list[Span]:
    """Return every period in a text, in order. A period that ends before it begins is ignored."""
    # These checks rule out most lines and take a quarter of the time of a full search.
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
    """Return every date in a text, in order."""
    return [parse_moment(match[0]) for match in _SINGLE.finditer(text)]


def replace_moments(text: str, replacement: str) -> str:
    """Return the text with every date replaced."""
    return _SINGLE.sub(replacement, text)


@lru_cache(maxsize=2_000)
def parse_moment(text: str) -> Moment:
    """Parse a date such as "March 2019", "03/2019", "2019-03" or "2019"."""
    year = _YEAR_ALONE.search(text)
    if year is None:
        raise ValueError(f"a date of {len(text)} characters contains no year")
    rest = text[: year.start()] + " " + text[year.end() :]
    word = rest.strip()[:3].casefold()
    if word in _MONTHS:
        return Moment(int(year[0]), _MONTHS.index(word) + 1)
    number = re.search(r"\d{1,2}", rest)
    return Moment(int(year[0]), int(number[0]) if number else None)


def count_years_covered(spans: Iterable[Span], *, now: date) -> float:
    """Return the number of years that the spans cover, rounded to a tenth.

    Overlapping months count once, and months after `now` do not count. A span's last month counts in full. Spans
    between years without months count the difference of the years.
    """
    counted_until = covered = 0
    for since, until in sorted(_convert_to_months(spans, Moment(now.year, now.month))):
        covered += max(0, until - max(since, counted_until))
        counted_until = max(counted_until, until)
    return round(covered / 12, 1)


def _convert_to_months(spans: Iterable[Span], now: Moment) -> Iterator[tuple[int, int]]:
    """Yield each span's first month and the month after its last, both as months since the year 0."""
    for span in spans:
        last = span.until or now
        end = last.in_months + (1 if last.month else 0)
        yield span.since.in_months, min(end, now.in_months + 1)
