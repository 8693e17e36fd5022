"""Parse the text of a resume, and convert the result to plain values and to the JSON Resume format. Pure.

Every value is a span of the text with normalized spaces, except for derived values: dates in JSON Resume's format, the
years of experience, the canonical names of skills, and the scheme added to URLs without one.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from accounts.resumes.json_resume import MAX_ENTRIES, MAX_LINE_LENGTH, MAX_PARAGRAPH_LENGTH
from accounts.resumes.parsing import lines as kinds
from accounts.resumes.parsing.contact import Contact, parse_contact
from accounts.resumes.parsing.dates import Moment, count_years_covered
from accounts.resumes.parsing.implied import imply_sections
from accounts.resumes.parsing.languages import SpokenLanguage, parse_languages
from accounts.resumes.parsing.links import find_network
from accounts.resumes.parsing.positions import Position, parse_positions
from accounts.resumes.parsing.sections import Section, split_sections
from accounts.resumes.parsing.studies import Study, parse_studies
from accounts.resumes.parsing.styles import LineStyle
from accounts.resumes.parsing.unread import UnreadLine, list_unread
from accounts.resumes.parsing.values import FoundValue
from market.geo.labels import parse_place_label
from skills.extraction import SkillSpan

_MAX_QUOTE_LENGTH = 160
# The confidence that the owner has a skill, by the section that names it.
_SKILL_CONFIDENCE = {
    kinds.SKILLS: 0.95,
    kinds.EXPERIENCE: 0.85,
    kinds.PROJECTS: 0.8,
    kinds.SUMMARY: 0.75,
    kinds.HEADER: 0.6,
    kinds.EDUCATION: 0.6,
    kinds.LANGUAGES: 0.4,
    kinds.OTHER: 0.4,
}
# Added to the confidence of a skill with more than one mention.
_REPEATED_BONUS = 0.05
# Matches lines of at least five words without an email address, a URL or a separator.
_PROSE_LINE = re.compile(r"(?!.*(?:@|://|www\.|[|·•\t]))\S+(?:\s+\S+){4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSkill:
    """A skill, the kinds of section that name it, its number of mentions, and the line of the first mention."""

    name: str
    found_in: tuple[str, ...]
    mentions: int
    quote: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedResume:
    """The parts of a resume. `years` counts overlapping positions once. It is None if there are no positions."""

    contact: Contact
    summary: FoundValue | None
    skills: tuple[NamedSkill, ...]
    positions: tuple[Position, ...]
    years: float | None
    studies: tuple[Study, ...]
    languages: tuple[SpokenLanguage, ...]
    unread: tuple[UnreadLine, ...]


def parse_resume(
    *,
    text: str,
    links: Iterable[str] = (),
    styles: Sequence[LineStyle | None] | None = None,
    spans: Sequence[SkillSpan],
    now: date,
) -> ParsedResume:
    """Parse the text of a resume, whose line endings must be line feeds.

    `spans` are the skills found in the text. `links` are the link targets of the file, which the text may not show.
    `styles` has one entry per line of the text. It is None if the format has no typography.
    """
    sections = imply_sections(split_sections(text, styles))
    experience, education, languages_sections = (
        [section for section in sections if section.kind == kind]
        for kind in (kinds.EXPERIENCE, kinds.EDUCATION, kinds.LANGUAGES)
    )
    positions = [position for section in experience for position in parse_positions(section.lines, now=now)]
    studies = [study for section in education for study in parse_studies(section.lines)]
    entries: list[Position | Study] = [*positions, *studies]
    all_lines = [line for section in sections for line in section.lines]
    contact = parse_contact(text=text, head=sections[0].lines, lines=all_lines, links=links)
    summary = _find_summary(sections, contact)
    languages = parse_languages(line.text for section in languages_sections for line in section.lines)
    owned = _exclude_spoken_languages(sections, languages, _exclude_contact_spans(text, contact, spans))
    periods = [position.span for position in positions if position.span is not None]
    return ParsedResume(
        contact=contact,
        summary=summary,
        skills=_build_skills(text, sections, owned),
        positions=tuple(positions),
        years=count_years_covered(periods, now=now) if periods else None,
        studies=tuple(studies),
        languages=languages,
        unread=list_unread(
            sections=sections,
            contact=contact,
            summary=summary.value if summary is not None else None,
            entry_lines=[number for entry in entries for number in entry.lines],
            undated={
                position.lines[0]: [name.value for name in (position.title, position.company) if name is not None]
                for position in positions
                if position.span is None
            },
            skill_starts=[span.start for span in spans],
        ),
    )


def build_json_resume(parsed: ParsedResume, *, display_names: Mapping[str, str]) -> dict[str, Any]:
    """Convert a parsed resume to the JSON Resume format. `display_names` are by canonical skill."""
    contact = parsed.contact
    basics = {
        "name": _cut_line(contact.name),
        "email": _cut_line(contact.email),
        "phone": _cut_line(contact.phone),
        "url": next((link.value for link in contact.links if find_network(link.value) is None), None),
        "summary": parsed.summary.value[:MAX_PARAGRAPH_LENGTH] if parsed.summary else None,
        "location": _build_location(contact.place),
        "profiles": [
            {"network": network, "url": link.value}
            for link in contact.links
            if (network := find_network(link.value)) is not None
        ],
    }
    content = {
        "basics": _drop_empty(basics),
        "work": [_build_work(position) for position in parsed.positions],
        "education": [_build_education(study) for study in parsed.studies],
        "skills": [{"name": display_names.get(skill.name, skill.name)} for skill in parsed.skills[:MAX_ENTRIES]],
        "languages": [
            _drop_empty({"language": spoken.language.value, "fluency": spoken.fluency}) for spoken in parsed.languages
        ],
    }
    return _drop_empty(content)


def serialize_resume(parsed: ParsedResume, *, display_names: Mapping[str, str]) -> dict[str, Any]:
    """Convert a parsed resume, with all confidences, to the plain values stored as `Resume.parsed`."""
    contact = parsed.contact
    return {
        "contact": {
            "name": _serialize_found(contact.name),
            "email": _serialize_found(contact.email),
            "phone": _serialize_found(contact.phone),
            "place": _serialize_found(contact.place),
            "headline": _serialize_found(contact.headline),
            "links": [_serialize_found(link) for link in contact.links],
        },
        "summary": _serialize_found(parsed.summary),
        "skills": [
            {
                "name": skill.name,
                "display_name": display_names.get(skill.name, skill.name),
                "confidence": skill.confidence,
                "found_in": list(skill.found_in),
                "mentions": skill.mentions,
                "quote": skill.quote,
            }
            for skill in parsed.skills
        ],
        "experience": [
            {
                "title": _serialize_found(position.title),
                "company": _serialize_found(position.company),
                "start_date": _format_date(position.span.since if position.span else None),
                "end_date": _format_date(position.span.until if position.span else None),
                "confidence": position.confidence,
            }
            for position in parsed.positions
        ],
        "experience_years": (
            None if parsed.years is None else {"value": parsed.years, "confidence": _get_years_confidence(parsed)}
        ),
        "education": [
            {
                "institution": _serialize_found(study.institution),
                "degree": _serialize_found(study.degree),
                "area": _serialize_found(study.area),
                "start_date": _format_date(study.since),
                "end_date": _format_date(study.until),
                "score": _serialize_found(study.score),
                "honors": _serialize_found(study.honors),
                "confidence": study.confidence,
            }
            for study in parsed.studies
        ],
        "languages": [
            {"language": _serialize_found(spoken.language), "fluency": spoken.fluency} for spoken in parsed.languages
        ],
        "unread": [
            {"line": unread.line, "text": unread.text, "section": unread.section, "reason": unread.reason}
            for unread in parsed.unread
        ],
    }


def _find_summary(sections: Sequence[Section], contact: Contact) -> FoundValue | None:
    for section in sections:
        if section.kind == kinds.SUMMARY and section.text:
            return FoundValue(_normalize_spaces(section.text), 0.9)
    if contact.email is None and contact.phone is None:
        return None
    # Without a summary section, use the first full sentences of the header.
    prose = next((run for run in _iterate_prose(sections[0]) if run.endswith(".")), None)
    return FoundValue(_normalize_spaces(prose), 0.6) if prose else None


def _iterate_prose(section: Section) -> Iterator[str]:
    """Yield each run of consecutive lines of prose."""
    for is_prose, lines in groupby(
        (line.text for line in section.lines), lambda text: bool(_PROSE_LINE.fullmatch(text))
    ):
        if is_prose:
            yield "\n".join(lines)


def _normalize_spaces(text: str) -> str:
    return " ".join(text.split())[:MAX_PARAGRAPH_LENGTH].rstrip()


def _exclude_contact_spans(text: str, contact: Contact, spans: Iterable[SkillSpan]) -> list[SkillSpan]:
    """Drop spans inside the owner's name or email address: Ada and Julia are also programming languages."""
    values = [found.value for found in (contact.name, contact.email) if found is not None]
    is_contact = bytearray(len(text))
    for value in values:
        for match in re.finditer(re.escape(value), text):
            is_contact[match.start() : match.end()] = b"\1" * len(value)
    return [span for span in spans if not is_contact[span.start]]


def _exclude_spoken_languages(
    sections: Sequence[Section], languages: Iterable[SpokenLanguage], spans: Iterable[SkillSpan]
) -> list[SkillSpan]:
    """Drop the spoken languages that a section of languages lists: `languages` has them, with their fluency."""
    names = {spoken.language.value.casefold() for spoken in languages}
    starts = [section.start for section in sections]
    return [
        span
        for span in spans
        if span.skill not in names or sections[max(0, bisect_right(starts, span.start) - 1)].kind != kinds.LANGUAGES
    ]


def _build_skills(text: str, sections: Sequence[Section], spans: Sequence[SkillSpan]) -> tuple[NamedSkill, ...]:
    """Return the named skills, the most confident first. Ties are in order of first mention."""
    mentions = Counter(span.skill for span in spans)
    first_spans: dict[str, SkillSpan] = {}
    found_in: dict[str, dict[str, None]] = {}
    index = 0
    for span in spans:
        while index + 1 < len(sections) and sections[index + 1].start <= span.start:
            index += 1
        first_spans.setdefault(span.skill, span)
        found_in.setdefault(span.skill, {})[sections[index].kind] = None
    skills = [
        NamedSkill(
            name=name,
            found_in=tuple(found_in[name]),
            mentions=mentions[name],
            quote=_extract_quote(text, span),
            confidence=_compute_skill_confidence(found_in[name], mentions[name]),
        )
        for name, span in first_spans.items()
    ]
    return tuple(sorted(skills, key=lambda skill: -skill.confidence))


def _compute_skill_confidence(section_kinds: Iterable[str], mentions: int) -> float:
    best = max(_SKILL_CONFIDENCE[kind] for kind in section_kinds)
    return round(min(0.99, best + (_REPEATED_BONUS if mentions > 1 else 0)), 2)


def _extract_quote(text: str, span: SkillSpan) -> str:
    """Return the line that names the skill, shortened around the name if it is long."""
    begin = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end
    begin = max(begin, span.start - _MAX_QUOTE_LENGTH // 2)
    return text[begin : min(end, begin + _MAX_QUOTE_LENGTH)].strip()


def _build_work(position: Position) -> dict[str, Any]:
    return _drop_empty(
        {
            "name": _cut_line(position.company),
            "position": _cut_line(position.title),
            "startDate": _format_date(position.span.since if position.span else None),
            "endDate": _format_date(position.span.until if position.span else None),
            "summary": position.summary[:MAX_PARAGRAPH_LENGTH].rstrip(),
            "highlights": [highlight[:MAX_PARAGRAPH_LENGTH] for highlight in position.highlights],
        }
    )


def _build_education(study: Study) -> dict[str, Any]:
    return _drop_empty(
        {
            "institution": _cut_line(study.institution),
            "studyType": _cut_line(study.degree),
            "area": _cut_line(study.area),
            "startDate": _format_date(study.since),
            "endDate": _format_date(study.until),
            "score": _cut_line(study.score),
        }
    )


def _build_location(place: FoundValue | None) -> dict[str, Any]:
    if place is None:
        return {}
    label = parse_place_label(place.value)
    return _drop_empty({"city": label.city, "region": label.state_code, "countryCode": label.country_code})


def _get_years_confidence(parsed: ParsedResume) -> float:
    """Return a lower confidence if a date has no month: such a date is wrong by up to a year."""
    spans = [position.span for position in parsed.positions if position.span is not None]
    by_month = all(span.since.month and (span.until is None or span.until.month) for span in spans)
    return 0.9 if by_month else 0.7


def _format_date(moment: Moment | None) -> str | None:
    return str(moment) if moment is not None else None


def _serialize_found(found: FoundValue | None) -> dict[str, Any] | None:
    return {"value": found.value, "confidence": found.confidence} if found is not None else None


def _cut_line(found: FoundValue | None) -> str | None:
    return found.value[:MAX_LINE_LENGTH].rstrip() if found is not None else None


def _drop_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
