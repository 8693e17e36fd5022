"""Parts that the layouts share: contact lines, headings, skills, education, and the truth of a page."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.resumes.dates import DateStyle, draw_style, format_truth, write_range
from benchmarks.resumes.pages import Line, Run, Style, Truth
from benchmarks.resumes.people import Job, Month, Person, Study

_DASHES = (" – ", " - ", "–", " — ", " to ", " → ")
_DASHES_WITHOUT_WORDS = (" – ", " - ", "–", " — ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes the values of one person in the formats drawn for one resume."""

    person: Person
    chooser: random.Random
    date_style: DateStyle
    study_style: DateStyle
    dash: str
    present: str
    headings: dict[str, str]

    @classmethod
    def draw(cls, person: Person, chooser: random.Random, *, date_style: DateStyle | None = None) -> "Writer":
        """Return a writer with formats that are common in the person's language."""
        locale = person.locale
        return cls(
            person=person,
            chooser=chooser,
            date_style=date_style or draw_style(locale, chooser),
            study_style=date_style or (draw_style(locale, chooser) if chooser.random() < 0.5 else "years"),
            dash=chooser.choice(_DASHES if locale.code == "en" else _DASHES_WITHOUT_WORDS),
            present=chooser.choice(locale.present),
            headings={kind: chooser.choice(names) for kind, names in locale.headings.items()},
        )

    def write_dates(self, job: Job | Study) -> str:
        """Return the dates of a position or a degree."""
        style = self.date_style if isinstance(job, Job) else self.study_style
        return self.write_span(job.start, job.end, style=style)

    def write_span(self, start: Month, end: Month | None, *, style: DateStyle) -> str:
        """Return a range of months in a style."""
        return write_range(start, end, style=style, locale=self.person.locale, dash=self.dash, present=self.present)

    def write_study(self, study: Study) -> str:
        """Return degree and area, such as "M.Sc. in Physics"."""
        return f"{study.degree}{self.person.locale.degree_joiner}{study.area}"

    def build_truth(self) -> Truth:
        """Return the values that the page shows, with dates as precise as the page writes them."""
        person = self.person
        return Truth(
            name=person.name,
            email=person.email,
            phone=person.phone,
            links=person.links,
            positions=tuple(self._build_position(job) for job in person.jobs),
            education=tuple(self._build_study(study) for study in person.studies),
            skills=person.skills,
        )

    def _build_position(self, job: Job) -> dict[str, Any]:
        return {
            "title": job.title,
            "company": job.company,
            "start": format_truth(job.start, style=self.date_style),
            "end": format_truth(job.end, style=self.date_style),
            "highlights": list(job.highlights),
        }

    def _build_study(self, study: Study) -> dict[str, Any]:
        return {
            "institution": study.institution,
            "degree": study.degree,
            "area": study.area,
            "start": format_truth(study.start, style=self.study_style),
            "end": format_truth(study.end, style=self.study_style),
        }


def build_line(style: Style, *parts: str | Run, **options: Any) -> Line:
    """Return a line of texts and runs."""
    runs = tuple(part if isinstance(part, Run) else Run(text=part) for part in parts)
    return Line(style=style, runs=runs, **options)


def build_name(writer: Writer, **options: Any) -> Iterator[Line]:
    """Yield the name and the occupation under it."""
    yield build_line("name", Run(text=writer.person.name, bold=True), **options)
    yield build_line("headline", writer.person.headline, is_centered=options.get("is_centered", False))


def build_contact(writer: Writer, *, separator: str = "  |  ", is_centered: bool = False) -> Line:
    """Return one line with email, phone, place and links."""
    person = writer.person
    runs = [Run(text=person.email, url=f"mailto:{person.email}"), Run(text=person.phone), Run(text=person.place)]
    runs += [_build_link(link) for link in person.links]
    parts = [run for index, run in enumerate(runs) for run in ((Run(text=separator), run) if index else (run,))]
    return Line(style="contact", runs=tuple(parts), is_centered=is_centered)


def build_contact_lines(writer: Writer, *, has_labels: bool) -> Iterator[Line]:
    """Yield email, phone, place and links on a line each."""
    person, labels = writer.person, writer.person.locale.labels
    label = (lambda name: f"{labels[name]}: ") if has_labels else (lambda _: "")
    yield build_line("contact", f"{label('email')}{person.email}")
    yield build_line("contact", f"{label('phone')}{person.phone}")
    yield build_line("contact", person.place)
    for link in person.links:
        yield Line(style="contact", runs=(_build_link(link),))


def build_heading(writer: Writer, kind: str, *, is_upper: bool = False, **options: Any) -> Line:
    """Return the heading of a section."""
    text = writer.headings[kind]
    return build_line("heading", Run(text=text.upper() if is_upper else text, bold=True), **options)


def build_summary(writer: Writer, *, is_upper: bool = False, **options: Any) -> Iterator[Line]:
    """Yield the section with the summary."""
    yield build_heading(writer, "summary", is_upper=is_upper, **options)
    yield build_line("text", writer.person.summary)


def build_highlights(job: Job) -> Iterator[Line]:
    """Yield the bullets of a position."""
    return (build_line("bullet", highlight) for highlight in job.highlights)


def build_skills(writer: Writer, *, form: str, is_upper: bool = False, **options: Any) -> Iterator[Line]:
    """Yield the section with the skills as one line, as groups with labels, or as bullets."""
    skills = writer.person.skills
    yield build_heading(writer, "skills", is_upper=is_upper, **options)
    match form:
        case "line":
            yield build_line("text", writer.chooser.choice((", ", " · ", " | ", "; ")).join(skills))
        case "groups":
            groups = writer.person.locale.skill_groups
            size = -(-len(skills) // len(groups))
            for index, group in enumerate(groups):
                if chunk := skills[index * size : (index + 1) * size]:
                    yield build_line("text", Run(text=f"{group}: ", bold=True), ", ".join(chunk))
        case "bullets":
            yield from (build_line("bullet", skill) for skill in skills)
        case "column":
            yield from (build_line("text", skill) for skill in skills)


def build_languages(
    writer: Writer, *, is_upper: bool = False, is_column: bool = False, **options: Any
) -> Iterator[Line]:
    """Yield the section with the spoken languages."""
    spoken = [f"{language} ({fluency})" for language, fluency in writer.person.spoken]
    yield build_heading(writer, "languages", is_upper=is_upper, **options)
    yield from (build_line("text", text) for text in (spoken if is_column else [", ".join(spoken)]))


def join_nonempty(separator: str, texts: Sequence[str]) -> str:
    """Join the texts that are not empty."""
    return separator.join(filter(None, texts))


def _build_link(link: str) -> Run:
    return Run(text=link.removeprefix("https://").removeprefix("www."), url=link)
