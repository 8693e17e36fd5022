"""A resume's text as its parts, each with a confidence, and as content in the JSON Resume format. Pure.

Every value is a stretch of the text, its spaces evened out, except for what is told from it: dates in the form of JSON
Resume, the years of experience, the canonical names of skills, and the scheme of an address that is written without.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from accounts.resumes.json_resume import MAX_ENTRIES, MAX_LINE_LENGTH, MAX_PARAGRAPH_LENGTH
from accounts.resumes.parsing import lines as kinds
from accounts.resumes.parsing.contact import Contact, FoundValue, find_network, parse_contact
from accounts.resumes.parsing.entries import Position, Study, parse_positions, parse_studies
from accounts.resumes.parsing.languages import SpokenLanguage, read_languages
from accounts.resumes.parsing.lines import Section, count_years_covered, split_sections
from market.geo.labels import parse_place_label
from skills.extraction import SkillSpan

_MAX_QUOTE_LENGTH = 160
# How sure it is that somebody has a skill, by where the resume names it.
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
_OFTEN = 0.05
# Five words and more, with nothing of an address in them.
_PROSE = re.compile(r"(?!.*(?:@|://|www\.|[|·•\t]))\S+(?:\s+\S+){4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSkill:
    """A skill, the kinds of section that name it, how often in all, and the line that does so first."""

    name: str
    found_in: tuple[str, ...]
    mentions: int
    quote: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedResume:
    """What a resume says. `years` counts no time twice; it is None where no position has a date."""

    contact: Contact
    summary: FoundValue | None
    skills: tuple[NamedSkill, ...]
    positions: tuple[Position, ...]
    years: float | None
    studies: tuple[Study, ...]
    languages: tuple[SpokenLanguage, ...]


def parse_resume(*, text: str, links: Iterable[str] = (), spans: Sequence[SkillSpan], now: date) -> ParsedResume:
    """Read a text whose lines end in line feeds; `spans` are the skills in it, `links` what else the file links to."""
    parts = split_sections(text)
    positions = [
        position for part in parts if part.kind == kinds.EXPERIENCE for position in parse_positions(part.lines, now=now)
    ]
    contact = parse_contact(text=text, head=[line.text for line in parts[0].lines], links=links)
    return ParsedResume(
        contact=contact,
        summary=_summary(parts, contact),
        skills=_skills(text, parts, _outside_name(text, contact, spans)),
        positions=tuple(positions),
        years=count_years_covered((position.span for position in positions), now=now) if positions else None,
        studies=tuple(study for part in parts if part.kind == kinds.EDUCATION for study in parse_studies(part.lines)),
        languages=read_languages(line.text for part in parts if part.kind == kinds.LANGUAGES for line in part.lines),
    )


def build_json_resume(parsed: ParsedResume, *, names: Mapping[str, str]) -> dict[str, Any]:
    """The content in the JSON Resume format; `names` are the skills' display names."""
    contact = parsed.contact
    basics = {
        "name": _line(contact.name),
        "email": _line(contact.email),
        "phone": _line(contact.phone),
        "url": next((link.value for link in contact.links if find_network(link.value) is None), None),
        "summary": parsed.summary.value[:MAX_PARAGRAPH_LENGTH] if parsed.summary else None,
        "location": _location(contact.place),
        "profiles": [
            {"network": network, "url": link.value}
            for link in contact.links
            if (network := find_network(link.value)) is not None
        ],
    }
    content = {
        "basics": _present(basics),
        "work": [_work(position) for position in parsed.positions],
        "education": [_education(study) for study in parsed.studies],
        "skills": [{"name": names.get(skill.name, skill.name)} for skill in parsed.skills[:MAX_ENTRIES]],
        "languages": [
            _present({"language": each.language.value, "fluency": each.fluency}) for each in parsed.languages
        ],
    }
    return _present(content)


def serialize_resume(parsed: ParsedResume, *, names: Mapping[str, str]) -> dict[str, Any]:
    """Each part with its confidence, in plain values."""
    contact = parsed.contact
    return {
        "contact": {
            "name": _found(contact.name),
            "email": _found(contact.email),
            "phone": _found(contact.phone),
            "place": _found(contact.place),
            "headline": _found(contact.headline),
            "links": [_found(link) for link in contact.links],
        },
        "summary": _found(parsed.summary),
        "skills": [
            {
                "name": skill.name,
                "display_name": names.get(skill.name, skill.name),
                "confidence": skill.confidence,
                "found_in": list(skill.found_in),
                "mentions": skill.mentions,
                "quote": skill.quote,
            }
            for skill in parsed.skills
        ],
        "experience": [
            {
                "title": _found(position.title),
                "company": _found(position.company),
                "start_date": str(position.span.since),
                "end_date": str(position.span.until) if position.span.until else None,
                "confidence": position.confidence,
            }
            for position in parsed.positions
        ],
        "experience_years": None if parsed.years is None else {"value": parsed.years, "confidence": _sure(parsed)},
        "education": [
            {
                "institution": _found(study.institution),
                "degree": _found(study.degree),
                "area": _found(study.area),
                "start_date": str(study.since) if study.since else None,
                "end_date": str(study.until) if study.until else None,
                "confidence": study.confidence,
            }
            for study in parsed.studies
        ],
        "languages": [{"language": _found(each.language), "fluency": each.fluency} for each in parsed.languages],
    }


def _summary(parts: Sequence[Section], contact: Contact) -> FoundValue | None:
    for part in parts:
        if part.kind == kinds.SUMMARY and part.text:
            return FoundValue(_evened(part.text), 0.9)
    if contact.email is None and contact.phone is None:
        return None
    # Without a heading: the first sentences above all headings.
    told = next((run for run in _runs_of_prose(parts[0]) if run.endswith(".")), None)
    return FoundValue(_evened(told), 0.6) if told else None


def _runs_of_prose(part: Section) -> Iterator[str]:
    """Lines of running text, those that follow one another together."""
    for is_prose, lines in groupby((line.text for line in part.lines), lambda text: bool(_PROSE.fullmatch(text))):
        if is_prose:
            yield "\n".join(lines)


def _evened(text: str) -> str:
    return " ".join(text.split())[:MAX_PARAGRAPH_LENGTH].rstrip()


def _outside_name(text: str, contact: Contact, spans: Iterable[SkillSpan]) -> list[SkillSpan]:
    """Without those that are part of somebody's name or address: Ada and Julia are languages as well."""
    said = [found.value for found in (contact.name, contact.email) if found is not None]
    is_said = bytearray(len(text))
    for value in said:
        for match in re.finditer(re.escape(value), text):
            is_said[match.start() : match.end()] = b"\1" * len(value)
    return [span for span in spans if not is_said[span.start]]


def _skills(text: str, parts: Sequence[Section], spans: Sequence[SkillSpan]) -> tuple[NamedSkill, ...]:
    """Those that the text names, the surest first, and between equals in order of first mention."""
    mentions = Counter(span.skill for span in spans)
    first: dict[str, SkillSpan] = {}
    found_in: dict[str, dict[str, None]] = {}
    part = 0
    for span in spans:
        while part + 1 < len(parts) and parts[part + 1].start <= span.start:
            part += 1
        first.setdefault(span.skill, span)
        found_in.setdefault(span.skill, {})[parts[part].kind] = None
    skills = [
        NamedSkill(
            name=name,
            found_in=tuple(found_in[name]),
            mentions=mentions[name],
            quote=_quote(text, span),
            confidence=_skill_confidence(found_in[name], mentions[name]),
        )
        for name, span in first.items()
    ]
    return tuple(sorted(skills, key=lambda skill: -skill.confidence))


def _skill_confidence(sections: Iterable[str], mentions: int) -> float:
    best = max(_SKILL_CONFIDENCE[section] for section in sections)
    return round(min(0.99, best + (_OFTEN if mentions > 1 else 0)), 2)


def _quote(text: str, span: SkillSpan) -> str:
    """The line that names the skill; of a long one what stands around the name."""
    begin = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end
    begin = max(begin, span.start - _MAX_QUOTE_LENGTH // 2)
    return text[begin : min(end, begin + _MAX_QUOTE_LENGTH)].strip()


def _work(position: Position) -> dict[str, Any]:
    return _present(
        {
            "name": _line(position.company),
            "position": _line(position.title),
            "startDate": str(position.span.since),
            "endDate": str(position.span.until) if position.span.until else None,
            "summary": position.summary[:MAX_PARAGRAPH_LENGTH].rstrip(),
            "highlights": [highlight[:MAX_PARAGRAPH_LENGTH] for highlight in position.highlights],
        }
    )


def _education(study: Study) -> dict[str, Any]:
    return _present(
        {
            "institution": _line(study.institution),
            "studyType": _line(study.degree),
            "area": _line(study.area),
            "startDate": str(study.since) if study.since else None,
            "endDate": str(study.until) if study.until else None,
        }
    )


def _location(place: FoundValue | None) -> dict[str, Any]:
    if place is None:
        return {}
    known = parse_place_label(place.value)
    return _present({"city": known.city, "region": known.state_code, "countryCode": known.country_code})


def _sure(parsed: ParsedResume) -> float:
    """Years between whole years are off by one at most, at either end."""
    spans = [position.span for position in parsed.positions]
    by_month = all(span.since.month and (span.until is None or span.until.month) for span in spans)
    return 0.9 if by_month else 0.7


def _found(found: FoundValue | None) -> dict[str, Any] | None:
    return {"value": found.value, "confidence": found.confidence} if found is not None else None


def _line(found: FoundValue | None) -> str | None:
    return found.value[:MAX_LINE_LENGTH].rstrip() if found is not None else None


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
