"""Build the layout of a resume: its text and the order of its parts, shared by all renderers. Pure.

The renderers (Markdown, HTML, PDF, DOCX) determine only the appearance.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from accounts.resumes.json_resume import check_resume

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Characters that XML, and so DOCX, does not allow: control characters and the two noncharacters U+FFFE and U+FFFF.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_URL_SAFE = ":/?#[]@!$&'()*+,;=~%"
_SCHEME = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LayoutLink:
    """A text and its link target (http, https, mailto or tel), if any."""

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutEntry:
    """One entry of a section, such as a job, a school or a project. Unknown parts are empty."""

    title: str = ""
    subtitle: str = ""
    dates: str = ""
    link: LayoutLink | None = None
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    keywords: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSection:
    """A heading with entries, or with lines of a label and a text. A label can be empty."""

    heading: str
    entries: tuple[LayoutEntry, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeLayout:
    """The whole resume, without empty sections."""

    name: str
    label: str
    contact: tuple[LayoutLink, ...]
    summary: tuple[str, ...]
    sections: tuple[LayoutSection, ...]

    @property
    def title(self) -> str:
        """The title of the document: the name and label, or "Resume"."""
        return ", ".join(filter(None, (self.name, self.label))) or "Resume"


def build_layout(content: Mapping[str, Any]) -> ResumeLayout:
    """Build the layout of a resume in the JSON Resume format.

    Raises:
        InvalidResume: The content does not match the schema.
    """
    check_resume(content)
    basics = content.get("basics", {})

    def build_section(
        heading: str, part: str, build_entry: Callable[[Mapping[str, Any]], LayoutEntry]
    ) -> LayoutSection:
        return LayoutSection(heading=heading, entries=_build_entries(build_entry, content.get(part, [])))

    sections = (
        LayoutSection(heading="Skills", lines=tuple(_build_skill_lines(content.get("skills", [])))),
        build_section("Experience", "work", _build_job),
        build_section("Projects", "projects", _build_project),
        build_section("Education", "education", _build_school),
        build_section("Certificates", "certificates", _build_certificate),
        build_section("Volunteering", "volunteer", _build_volunteering),
        build_section("Awards", "awards", _build_award),
        build_section("Publications", "publications", _build_publication),
        LayoutSection(heading="Languages", lines=tuple(_build_language_lines(content.get("languages", [])))),
        LayoutSection(heading="Interests", lines=tuple(_build_skill_lines(content.get("interests", [])))),
        build_section("References", "references", _build_reference),
    )
    return ResumeLayout(
        name=_clean_line(basics.get("name")),
        label=_clean_line(basics.get("label")),
        contact=tuple(_build_contact(basics)),
        summary=_split_paragraphs(basics.get("summary")),
        sections=tuple(section for section in sections if section.entries or section.lines),
    )


def _build_contact(basics: Mapping[str, Any]) -> Iterator[LayoutLink]:
    location = basics.get("location", {})
    address = _join(", ", *(location.get(part) for part in ("address", "postalCode", "city", "region", "countryCode")))
    if address:
        yield LayoutLink(address)
    if email := _clean_line(basics.get("email")):
        yield LayoutLink(email, f"mailto:{quote(email, safe='@')}")
    if phone := _clean_line(basics.get("phone")):
        digits = re.sub(r"[^0-9+]", "", phone)
        yield LayoutLink(phone, f"tel:{digits}" if digits else None)
    profiles = basics.get("profiles", [])
    urls = dict.fromkeys([basics.get("url"), *(profile.get("url") for profile in profiles)])
    yield from filter(None, map(_build_link, urls))
    for profile in profiles:
        if not profile.get("url") and (name := _join(": ", profile.get("network"), profile.get("username"))):
            yield LayoutLink(name)


def _build_skill_lines(skills: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield one line with all skills that have no keywords, then one line per skill with keywords."""
    ungrouped: list[str] = []
    groups: list[tuple[str, str]] = []
    for skill in skills:
        name = _clean_line(skill.get("name"))
        level = _clean_line(skill.get("level"))
        label = f"{name} ({level})" if name and level else name or level
        keywords = _join(", ", *skill.get("keywords", []))
        if keywords:
            groups.append((label, keywords))
        elif label:
            ungrouped.append(label)
    if ungrouped:
        yield "", ", ".join(ungrouped)
    yield from groups


def _build_language_lines(languages: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    spoken = [
        f"{name} ({fluency})" if name and fluency else name or fluency
        for language in languages
        for name, fluency in [(_clean_line(language.get("language")), _clean_line(language.get("fluency")))]
    ]
    if any(spoken):
        yield "", ", ".join(filter(None, spoken))


def _build_job(work: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_clean_line(work.get("position")) or _clean_line(work.get("name")),
        subtitle=_join(", ", work.get("name") if work.get("position") else None, work.get("location")),
        dates=_format_span(work, is_ongoing_without_end=True),
        link=_build_link(work.get("url")),
        paragraphs=_split_paragraphs(work.get("description")) + _split_paragraphs(work.get("summary")),
        points=_clean_points(work.get("highlights", [])),
    )


def _build_volunteering(volunteer: Mapping[str, Any]) -> LayoutEntry:
    return _build_job({**volunteer, "name": volunteer.get("organization")})


def _build_project(project: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_clean_line(project.get("name")),
        subtitle=_join(", ", *project.get("roles", []), project.get("entity")),
        dates=_format_span(project),
        link=_build_link(project.get("url")),
        paragraphs=_split_paragraphs(project.get("description")),
        points=_clean_points(project.get("highlights", [])),
        keywords=_join(", ", *project.get("keywords", [])),
    )


def _build_school(education: Mapping[str, Any]) -> LayoutEntry:
    degree = _join(", ", education.get("studyType"), education.get("area"))
    return LayoutEntry(
        title=degree or _clean_line(education.get("institution")),
        subtitle=_join(", ", education.get("institution") if degree else None, education.get("score")),
        dates=_format_span(education),
        link=_build_link(education.get("url")),
        points=_clean_points(education.get("courses", [])),
    )


def _build_certificate(certificate: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_clean_line(certificate.get("name")),
        subtitle=_clean_line(certificate.get("issuer")),
        dates=_format_date(certificate.get("date")),
        link=_build_link(certificate.get("url")),
    )


def _build_award(award: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_clean_line(award.get("title")),
        subtitle=_clean_line(award.get("awarder")),
        dates=_format_date(award.get("date")),
        paragraphs=_split_paragraphs(award.get("summary")),
    )


def _build_publication(publication: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_clean_line(publication.get("name")),
        subtitle=_clean_line(publication.get("publisher")),
        dates=_format_date(publication.get("releaseDate")),
        link=_build_link(publication.get("url")),
        paragraphs=_split_paragraphs(publication.get("summary")),
    )


def _build_reference(reference: Mapping[str, Any]) -> LayoutEntry:
    return LayoutEntry(
        title=_clean_line(reference.get("name")), paragraphs=_split_paragraphs(reference.get("reference"))
    )


def _build_entries(
    build_entry: Callable[[Mapping[str, Any]], LayoutEntry], parts: Iterable[Mapping[str, Any]]
) -> tuple[LayoutEntry, ...]:
    return tuple(entry for part in parts if (entry := build_entry(part)) != LayoutEntry())


def _format_span(part: Mapping[str, Any], *, is_ongoing_without_end: bool = False) -> str:
    """Format the start and end date. Without an end date, only work counts as ongoing; other ends are unknown."""
    start, end = _format_date(part.get("startDate")), _format_date(part.get("endDate"))
    if start and not end and is_ongoing_without_end:
        end = "present"
    return end if start == end else " – ".join(filter(None, (start, end)))


def _format_date(iso_date: str | None) -> str:
    """Format a date to the month or year: "2021-03-15" -> "Mar 2021", "2021" -> "2021"."""
    year, _, rest = (iso_date or "").partition("-")
    return f"{_MONTHS[int(rest[:2]) - 1]} {year}" if rest else year


def _build_link(url: str | None) -> LayoutLink | None:
    """Return a link that shows the URL without scheme and "www.", with the target percent-encoded."""
    return LayoutLink(_SCHEME.sub("", _clean_line(url)).rstrip("/"), quote(url, safe=_URL_SAFE)) if url else None


def _clean_points(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(line for text in texts if (line := _clean_line(text)))


def _join(separator: str, *texts: str | None) -> str:
    return separator.join(filter(None, map(_clean_line, texts)))


def _split_paragraphs(text: str | None) -> tuple[str, ...]:
    """Split a text at its line breaks. They are intended, because the resume parser joins wrapped lines."""
    return tuple(line for paragraph in (text or "").splitlines() if (line := _clean_line(paragraph)))


def _clean_line(text: str | None) -> str:
    """Return the text on one line, without unprintable characters."""
    return " ".join(_UNPRINTABLE.sub(" ", text or "").split())
