"""A resume as it is read: what comes in which order, as text that any form can show. Pure.

The forms (Markdown, HTML, PDF, DOCX) decide how it looks; which words there are is decided here, once for all of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from accounts.resumes.json_resume import check_resume

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# What XML cannot have, and with it a DOCX: control characters and the two that are no characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_IN_ADDRESSES = ":/?#[]@!$&'()*+,;=~%"
_SCHEME = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LayoutLink:
    """Text, and the http, https, mailto or tel address behind it, if any."""

    text: str
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutEntry:
    """One job, one school, one project; whatever is not known is empty."""

    title: str = ""
    subtitle: str = ""
    dates: str = ""
    link: LayoutLink | None = None
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    keywords: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSection:
    """A heading with entries under it; or with lines of a label, which may be empty, and what belongs to it."""

    heading: str
    entries: tuple[LayoutEntry, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeLayout:
    """The whole resume. Sections without content are not there."""

    name: str
    label: str
    contact: tuple[LayoutLink, ...]
    summary: tuple[str, ...]
    sections: tuple[LayoutSection, ...]

    @property
    def title(self) -> str:
        """What the document is called."""
        return ", ".join(filter(None, (self.name, self.label))) or "Resume"


def build_layout(content: Mapping[str, Any]) -> ResumeLayout:
    """The page of a resume's content. Raises InvalidResume."""
    check_resume(content)
    basics = content.get("basics", {})
    sections = (
        LayoutSection(heading="Skills", lines=tuple(_skill_lines(content.get("skills", [])))),
        LayoutSection(heading="Experience", entries=_entries(_job, content.get("work", []))),
        LayoutSection(heading="Projects", entries=_entries(_project, content.get("projects", []))),
        LayoutSection(heading="Education", entries=_entries(_school, content.get("education", []))),
        LayoutSection(heading="Certificates", entries=_entries(_certificate, content.get("certificates", []))),
        LayoutSection(heading="Volunteering", entries=_entries(_post, content.get("volunteer", []))),
        LayoutSection(heading="Awards", entries=_entries(_award, content.get("awards", []))),
        LayoutSection(heading="Publications", entries=_entries(_publication, content.get("publications", []))),
        LayoutSection(heading="Languages", lines=tuple(_language_lines(content.get("languages", [])))),
        LayoutSection(heading="Interests", lines=tuple(_skill_lines(content.get("interests", [])))),
        LayoutSection(heading="References", entries=_entries(_reference, content.get("references", []))),
    )
    return ResumeLayout(
        name=_line(basics.get("name")),
        label=_line(basics.get("label")),
        contact=tuple(_contact(basics)),
        summary=_paragraphs(basics.get("summary")),
        sections=tuple(section for section in sections if section.entries or section.lines),
    )


def _contact(basics: Mapping[str, Any]) -> Iterator[LayoutLink]:
    place = basics.get("location", {})
    # As on a letter; the country's code stands only where nothing else tells the country.
    where = _joined(", ", *(place.get(part) for part in ("address", "postalCode", "city", "region", "countryCode")))
    if where:
        yield LayoutLink(where)
    if mail := _line(basics.get("email")):
        yield LayoutLink(mail, f"mailto:{quote(mail, safe='@')}")
    if phone := _line(basics.get("phone")):
        digits = re.sub(r"[^0-9+]", "", phone)
        yield LayoutLink(phone, f"tel:{digits}" if digits else None)
    profiles = basics.get("profiles", [])
    addresses = dict.fromkeys([basics.get("url"), *(profile.get("url") for profile in profiles)])
    yield from filter(None, map(_link, addresses))
    for profile in profiles:
        if not profile.get("url") and (name := _joined(": ", profile.get("network"), profile.get("username"))):
            yield LayoutLink(name)


def _skill_lines(skills: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Groups of skills on lines of their own; skills that are no groups together on one."""
    alone: list[str] = []
    groups: list[tuple[str, str]] = []
    for skill in skills:
        name = _line(skill.get("name"))
        level = _line(skill.get("level"))
        named = f"{name} ({level})" if name and level else name or level
        keywords = _joined(", ", *skill.get("keywords", []))
        if keywords:
            groups.append((named, keywords))
        elif named:
            alone.append(named)
    if alone:
        yield "", ", ".join(alone)
    yield from groups


def _language_lines(languages: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    spoken = [
        f"{name} ({fluency})" if name and fluency else name or fluency
        for language in languages
        for name, fluency in [(_line(language.get("language")), _line(language.get("fluency")))]
    ]
    if any(spoken):
        yield "", ", ".join(filter(None, spoken))


def _job(work: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_line(work.get("position")) or _line(work.get("name")),
        subtitle=_joined(", ", work.get("name") if work.get("position") else None, work.get("location")),
        dates=_span(work, goes_on=True),
        link=_link(work.get("url")),
        paragraphs=_paragraphs(work.get("description")) + _paragraphs(work.get("summary")),
        points=_points(work.get("highlights", [])),
    )


def _post(volunteer: Mapping[str, Any]) -> LayoutEntry:
    return _job({**volunteer, "name": volunteer.get("organization")})


def _project(project: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_line(project.get("name")),
        subtitle=_joined(", ", *project.get("roles", []), project.get("entity")),
        dates=_span(project),
        link=_link(project.get("url")),
        paragraphs=_paragraphs(project.get("description")),
        points=_points(project.get("highlights", [])),
        keywords=_joined(", ", *project.get("keywords", [])),
    )


def _school(education: Mapping[str, Any]) -> LayoutEntry:
    studied = _joined(", ", education.get("studyType"), education.get("area"))
    return LayoutEntry(
        title=studied or _line(education.get("institution")),
        subtitle=_joined(", ", education.get("institution") if studied else None, education.get("score")),
        dates=_span(education),
        link=_link(education.get("url")),
        points=_points(education.get("courses", [])),
    )


def _certificate(certificate: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_line(certificate.get("name")),
        subtitle=_line(certificate.get("issuer")),
        dates=_month(certificate.get("date")),
        link=_link(certificate.get("url")),
    )


def _award(award: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_line(award.get("title")),
        subtitle=_line(award.get("awarder")),
        dates=_month(award.get("date")),
        paragraphs=_paragraphs(award.get("summary")),
    )


def _publication(publication: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_line(publication.get("name")),
        subtitle=_line(publication.get("publisher")),
        dates=_month(publication.get("releaseDate")),
        link=_link(publication.get("url")),
        paragraphs=_paragraphs(publication.get("summary")),
    )


def _reference(reference: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(title=_line(reference.get("name")), paragraphs=_paragraphs(reference.get("reference")))


def _entries(
    read: Callable[[Mapping[str, Any]], LayoutEntry], parts: Iterable[Mapping[str, Any]]
) -> tuple[LayoutEntry, ...]:
    return tuple(entry for part in parts if (entry := read(part)) != LayoutEntry())


def _span(part: Mapping[str, Any], *, goes_on: bool = False) -> str:
    """From when till when. Work without an end goes on; of anything else that is not known."""
    start, end = _month(part.get("startDate")), _month(part.get("endDate"))
    if start and not end and goes_on:
        end = "present"
    return end if start == end else " – ".join(filter(None, (start, end)))


def _month(day: str | None) -> str:
    """A date as far as it is of interest: "2021-03-15" -> "Mar 2021", "2021" -> "2021"."""
    year, _, rest = (day or "").partition("-")
    return f"{_MONTHS[int(rest[:2]) - 1]} {year}" if rest else year


def _link(address: str | None) -> LayoutLink | None:
    """What stands for an address, and the address in the characters that one may have."""
    return (
        LayoutLink(_SCHEME.sub("", _line(address)).rstrip("/"), quote(address, safe=_IN_ADDRESSES)) if address else None
    )


def _points(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(line for text in texts if (line := _line(text)))


def _joined(separator: str, *texts: str | None) -> str:
    return separator.join(filter(None, map(_line, texts)))


def _paragraphs(text: str | None) -> tuple[str, ...]:
    """The lines as they were written: what is read from files has none within a text, so people meant them."""
    return tuple(line for paragraph in (text or "").splitlines() if (line := _line(paragraph)))


def _line(text: str | None) -> str:
    """The text on one line, without what cannot be printed."""
    return " ".join(_UNPRINTABLE.sub(" ", text or "").split())
