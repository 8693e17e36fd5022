"""The layouts of generated resumes. Each turns a person into a page and the values that the page shows."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from benchmarks.resumes.dates import write_duration
from benchmarks.resumes.pages import Line, Page, Run
from benchmarks.resumes.people import Job, Month, Person
from benchmarks.resumes.writing import (
    Writer,
    build_contact,
    build_contact_lines,
    build_heading,
    build_highlights,
    build_languages,
    build_line,
    build_name,
    build_skills,
    build_summary,
    join_nonempty,
)

_NOW = Month(2026, 11)


def build_classic(person: Person, chooser: random.Random) -> Page:
    """Title with dates at the right margin, employer and place below."""
    writer = Writer.draw(person, chooser)
    main = [*build_summary(writer, is_upper=True), build_heading(writer, "work", is_upper=True)]
    for job in person.jobs:
        main.append(build_line("entry", Run(text=job.title, bold=True), right=Run(text=writer.write_dates(job))))
        main.append(build_line("text", Run(text=f"{job.company}, {job.place}", italic=True)))
        main += build_highlights(job)
    main.append(build_heading(writer, "education", is_upper=True))
    for study in person.studies:
        title = Run(text=writer.write_study(study), bold=True)
        main.append(build_line("entry", title, right=Run(text=writer.write_dates(study))))
        main.append(build_line("text", join_nonempty(", ", (study.institution, study.grade))))
    main += [*build_skills(writer, form="groups", is_upper=True), *build_languages(writer, is_upper=True)]
    header = (*build_name(writer), build_contact(writer))
    return _build_page(writer, header=header, main=main, has_rules=True)


def build_company_first(person: Person, chooser: random.Random) -> Page:
    """Employer with its place at the right margin, title with dates below, as in popular LaTeX templates."""
    writer = Writer.draw(person, chooser)
    main = [build_heading(writer, "education")]
    for study in person.studies:
        place = Run(text=chooser.choice(person.locale.places))
        main.append(build_line("entry", Run(text=study.institution, bold=True), right=place))
        dates = Run(text=writer.write_dates(study), italic=True)
        main.append(build_line("text", Run(text=writer.write_study(study), italic=True), right=dates))
        if study.grade:
            main.append(build_line("bullet", study.grade))
    main.append(build_heading(writer, "work"))
    for job in person.jobs:
        main.append(build_line("entry", Run(text=job.company, bold=True), right=Run(text=job.place)))
        dates = Run(text=writer.write_dates(job), italic=True)
        main.append(build_line("text", Run(text=job.title, italic=True), right=dates))
        main += build_highlights(job)
    main += build_skills(writer, form="groups")
    name = build_line("name", Run(text=person.name, bold=True), is_centered=True)
    header = (name, build_contact(writer, separator=" | ", is_centered=True))
    return _build_page(writer, header=header, main=main, has_rules=True, is_serif=True, is_justified=True)


def build_dates_left(person: Person, chooser: random.Random) -> Page:
    """Dates in a narrow column at the left, title in bold, employer and place below."""
    writer = Writer.draw(person, chooser)
    main = [build_heading(writer, "work")]
    for job in person.jobs:
        main.append(build_line("entry", Run(text=job.title, bold=True), left=writer.write_dates(job)))
        main.append(build_line("text", f"{job.company}, {job.place}", left=" "))
        main += [Line(style=line.style, runs=line.runs, left=" ") for line in build_highlights(job)]
    main.append(build_heading(writer, "education"))
    for study in person.studies:
        title = Run(text=writer.write_study(study), bold=True)
        main.append(build_line("entry", title, left=writer.write_dates(study)))
        main.append(build_line("text", join_nonempty(", ", (study.institution, study.grade)), left=" "))
    main += [*build_skills(writer, form="line"), *build_languages(writer)]
    header = (*build_name(writer), *build_contact_lines(writer, has_labels=True))
    return _build_page(writer, header=header, main=main, left_width=12)


def build_sidebar_left(person: Person, chooser: random.Random) -> Page:
    """Contact, skills and languages in a sidebar at the left."""
    return _build_sidebar(person, chooser, position="left", is_side_last=False)


def build_sidebar_right(person: Person, chooser: random.Random) -> Page:
    """Contact, skills and languages in a sidebar at the right, painted after or before the main column."""
    return _build_sidebar(person, chooser, position="right", is_side_last=chooser.random() < 0.5)


def build_one_line(person: Person, chooser: random.Random) -> Page:
    """Title, employer and dates on one line, separated by bars or dots."""
    writer = Writer.draw(person, chooser)
    separator = chooser.choice((" | ", " · ", " • "))
    main = [*build_summary(writer), build_heading(writer, "work")]
    for job in person.jobs:
        rest = f"{separator}{job.company}{separator}{writer.write_dates(job)}"
        main += [build_line("entry", Run(text=job.title, bold=True), rest), *build_highlights(job)]
    main.append(build_heading(writer, "education"))
    for study in person.studies:
        parts = (writer.write_study(study), study.institution, writer.write_dates(study))
        main.append(build_line("entry", separator.join(parts)))
        if study.grade:
            main.append(build_line("bullet", study.grade))
    main += [*build_skills(writer, form="line"), *build_languages(writer)]
    return _build_page(writer, header=(*build_name(writer), build_contact(writer, separator=separator)), main=main)


def build_sentence(person: Person, chooser: random.Random) -> Page:
    """Title, employer and dates as a sentence: "Title at Employer (dates)"."""
    writer = Writer.draw(person, chooser)
    main = [build_heading(writer, "work")]
    for job in person.jobs:
        head = f"{job.title}{person.locale.at}{job.company} ({writer.write_dates(job)})"
        main += [build_line("entry", Run(text=head, bold=True)), *build_highlights(job)]
    main.append(build_heading(writer, "education"))
    for study in person.studies:
        text = f"{writer.write_study(study)}, {study.institution} ({writer.write_dates(study)})"
        main.append(build_line("entry", text))
        if study.grade:
            main.append(build_line("text", study.grade))
    main += build_skills(writer, form="bullets")
    return _build_page(writer, header=(*build_name(writer), build_contact(writer, separator=", ")), main=main)


def build_stacked(person: Person, chooser: random.Random) -> Page:
    """Title, employer and dates with a duration on separate lines, as in a printed LinkedIn profile."""
    writer = Writer.draw(person, chooser)
    main = [*build_summary(writer), build_heading(writer, "work")]
    for job in person.jobs:
        main.append(build_line("entry", Run(text=job.company, bold=True)))
        main.append(build_line("text", job.title))
        main.append(build_line("text", _write_dates_with_duration(writer, job)))
        main += [build_line("text", job.place), *build_highlights(job)]
    main.append(build_heading(writer, "education"))
    for study in person.studies:
        main.append(build_line("entry", Run(text=study.institution, bold=True)))
        main.append(build_line("text", f"{writer.write_study(study)} · ({writer.write_dates(study)})"))
    header = build_name(writer)
    side = [build_heading(writer, "contact"), *build_contact_lines(writer, has_labels=False)]
    side += [*build_skills(writer, form="column"), *build_languages(writer, is_column=True)]
    return _build_page(writer, header=(), main=[*header, *main], side=side)


def build_grouped_roles(person: Person, chooser: random.Random) -> Page:
    """One employer with several titles, each with its own dates."""
    writer = Writer.draw(person, chooser)
    newest, second, *others = person.jobs
    jobs = (newest, replace(second, company=newest.company, place=newest.place), *others)
    writer = replace(writer, person=replace(person, jobs=jobs))
    main = [build_heading(writer, "work")]
    for index, job in enumerate(jobs):
        if index != 1:
            main.append(build_line("entry", Run(text=job.company, bold=True), right=Run(text=job.place)))
        main.append(build_line("text", Run(text=job.title, italic=True), right=Run(text=writer.write_dates(job))))
        main += build_highlights(job)
    main.append(build_heading(writer, "education"))
    for study in person.studies:
        main.append(
            build_line("entry", Run(text=study.institution, bold=True), right=Run(text=writer.write_dates(study)))
        )
        main.append(build_line("text", writer.write_study(study)))
    main += [*build_skills(writer, form="groups"), *build_languages(writer)]
    return _build_page(writer, header=(*build_name(writer), build_contact(writer)), main=main, has_rules=True)


def build_without_headings(person: Person, chooser: random.Random) -> Page:
    """No headings: positions, then degrees, then skills, divided by space."""
    writer = Writer.draw(person, chooser)
    main: list[Line] = []
    for job in person.jobs:
        main.append(build_line("entry", Run(text=f"{job.title}, {job.company}", bold=True)))
        main += [build_line("text", writer.write_dates(job)), *build_highlights(job)]
    for study in person.studies:
        main.append(build_line("entry", Run(text=f"{writer.write_study(study)}, {study.institution}", bold=True)))
        main.append(build_line("text", writer.write_dates(study)))
    main.append(build_line("entry", ", ".join(person.skills)))
    return _build_page(writer, header=(*build_name(writer), build_contact(writer)), main=main)


def build_centered(person: Person, chooser: random.Random) -> Page:
    """Centered name, letter-spaced and centered headings, employer before title with a dash."""
    writer = Writer.draw(person, chooser)
    heading = {"is_upper": True, "is_centered": True, "is_letter_spaced": True}
    main = [*build_summary(writer, **heading), build_heading(writer, "work", **heading)]
    for job in person.jobs:
        head = (Run(text=job.company, bold=True), f" — {job.title}")
        main.append(build_line("entry", *head, right=Run(text=writer.write_dates(job))))
        main += build_highlights(job)
    main.append(build_heading(writer, "education", **heading))
    for study in person.studies:
        head = (Run(text=study.institution, bold=True), f" — {writer.write_study(study)}")
        main.append(build_line("entry", *head, right=Run(text=writer.write_dates(study))))
    main += build_skills(writer, form="line", **heading)
    header = (*build_name(writer, is_centered=True, is_letter_spaced=True), build_contact(writer, is_centered=True))
    return _build_page(writer, header=header, main=main, is_serif=True)


def build_labels(person: Person, chooser: random.Random) -> Page:
    """Labels in the left column as in the classic Europass form: dates, position, employer."""
    writer, labels = Writer.draw(person, chooser), person.locale.labels
    main = [build_heading(writer, "work")]
    for job in person.jobs:
        main.append(build_line("entry", writer.write_dates(job), left=labels["dates"]))
        main.append(build_line("text", Run(text=job.title, bold=True), left=labels["position"]))
        main.append(build_line("text", f"{job.company}, {job.place}", left=labels["employer"]))
        main += [Line(style=line.style, runs=line.runs, left=" ") for line in build_highlights(job)]
    main.append(build_heading(writer, "education"))
    for study in person.studies:
        main.append(build_line("entry", writer.write_dates(study), left=labels["dates"]))
        main.append(build_line("text", writer.write_study(study), left=" "))
        main.append(build_line("text", study.institution, left=" "))
    main += [*build_skills(writer, form="line"), *build_languages(writer)]
    header = (*build_name(writer), *build_contact_lines(writer, has_labels=True))
    return _build_page(writer, header=header, main=main, left_width=9)


def build_two_columns(person: Person, chooser: random.Random) -> Page:
    """Two columns of similar width: positions in one, everything else in the other."""
    writer = Writer.draw(person, chooser)
    main = [build_heading(writer, "work")]
    for job in person.jobs:
        main.append(build_line("entry", Run(text=job.title, bold=True)))
        main.append(build_line("text", job.company))
        main.append(build_line("text", Run(text=f"{writer.write_dates(job)}, {job.place}", italic=True)))
        main += build_highlights(job)
    side = [*build_summary(writer), build_heading(writer, "education")]
    for study in person.studies:
        side.append(build_line("entry", Run(text=writer.write_study(study), bold=True)))
        side.append(build_line("text", study.institution))
        side.append(build_line("text", Run(text=writer.write_dates(study), italic=True)))
        side += [build_line("text", study.grade)] if study.grade else []
    side += [*build_skills(writer, form="bullets"), *build_languages(writer, is_column=True)]
    header = (*build_name(writer), build_contact(writer, separator="   "))
    return _build_page(writer, header=header, main=main, side=side, side_position="right", side_width=0.42)


def build_bulleted(person: Person, chooser: random.Random) -> Page:
    """One bullet per position, with years only."""
    person = replace(person, jobs=tuple(replace(job, highlights=()) for job in person.jobs))
    writer = Writer.draw(person, chooser, date_style="years")
    main = [build_heading(writer, "work")]
    for job in person.jobs:
        main.append(build_line("bullet", f"{writer.write_dates(job)}: {job.title}, {job.company}, {job.place}"))
    main.append(build_heading(writer, "education"))
    for study in person.studies:
        text = f"{writer.write_dates(study)}: {writer.write_study(study)}, {study.institution}"
        main.append(build_line("bullet", text))
    main += [*build_skills(writer, form="line"), *build_languages(writer)]
    header = (*build_name(writer), *build_contact_lines(writer, has_labels=False))
    return _build_page(writer, header=header, main=main)


def _build_sidebar(
    person: Person, chooser: random.Random, *, position: Literal["left", "right"], is_side_last: bool
) -> Page:
    writer = Writer.draw(person, chooser)
    main = [*build_summary(writer, is_upper=True), build_heading(writer, "work", is_upper=True)]
    for job in person.jobs:
        main.append(build_line("entry", Run(text=job.title, bold=True)))
        main.append(build_line("text", f"{job.company} | {job.place}", right=Run(text=writer.write_dates(job))))
        main += build_highlights(job)
    main.append(build_heading(writer, "education", is_upper=True))
    for study in person.studies:
        main.append(build_line("entry", Run(text=study.institution, bold=True)))
        main.append(build_line("text", writer.write_study(study), right=Run(text=writer.write_dates(study))))
        main += [build_line("text", study.grade)] if study.grade else []
    side = [build_heading(writer, "contact", is_upper=True), *build_contact_lines(writer, has_labels=False)]
    side += build_skills(writer, form=chooser.choice(("column", "bullets", "line")), is_upper=True)
    side += build_languages(writer, is_upper=True, is_column=True)
    return _build_page(
        writer,
        header=tuple(build_name(writer)),
        main=main,
        side=side,
        side_position=position,
        has_side_painted_last=is_side_last,
    )


def _write_dates_with_duration(writer: Writer, job: Job) -> str:
    duration = write_duration(job.start, job.end or _NOW, writer.person.locale)
    return f"{writer.write_dates(job)} · {duration}"


def _build_page(
    writer: Writer, *, header: Sequence[Line], main: Sequence[Line], side: Sequence[Line] = (), **options: Any
) -> Page:
    return Page(
        language=writer.person.locale.code,
        truth=writer.build_truth(),
        header=tuple(header),
        main=tuple(main),
        side=tuple(side),
        **options,
    )


LAYOUTS: dict[str, Callable[[Person, random.Random], Page]] = {
    "classic": build_classic,
    "company_first": build_company_first,
    "dates_left": build_dates_left,
    "sidebar_left": build_sidebar_left,
    "sidebar_right": build_sidebar_right,
    "one_line": build_one_line,
    "sentence": build_sentence,
    "stacked": build_stacked,
    "grouped_roles": build_grouped_roles,
    "without_headings": build_without_headings,
    "centered": build_centered,
    "labels": build_labels,
    "two_columns": build_two_columns,
    "bulleted": build_bulleted,
}
