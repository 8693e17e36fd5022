"""Draw fictional people: what their resumes say, and so what a parser should read from them."""

import random
import unicodedata
from dataclasses import dataclass

from benchmarks.resumes.locales import Locale

# Names that the vocabulary of skills contains and that are no words of the five languages.
SKILLS = (
    *("Python", "Java", "TypeScript", "JavaScript", "PostgreSQL", "MySQL", "MongoDB", "Redis", "Docker", "Kubernetes"),
    *("Terraform", "Ansible", "Kafka", "RabbitMQ", "Django", "Flask", "FastAPI", "React", "Angular", "Vue.js", "PHP"),
    *("Node.js", "Jenkins", "GitLab", "Linux", "TensorFlow", "PyTorch", "Pandas", "NumPy", "Snowflake", "Airflow"),
    *("Tableau", "Power BI", "Excel", "SAP", "Salesforce", "Figma", "Jira", "C++", "C#", "Kotlin", "Scala", "SQL"),
    *("HTML", "CSS", "GraphQL", "AWS", "Azure", "Elasticsearch", "Grafana", "Hadoop", "MATLAB", "AutoCAD", "Photoshop"),
)
_MAIL_HOSTS = ("example.com", "example.org", "mail.example.net")
_NEWEST_YEAR = 2025


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of a year."""

    year: int
    month: int

    def plus(self, months: int) -> "Month":
        """Return the month that is `months` later."""
        years, month = divmod(self.month - 1 + months, 12)
        return Month(self.year + years, month + 1)

    def count_until(self, later: "Month") -> int:
        """Return the number of months from this month to a later one."""
        return (later.year - self.year) * 12 + later.month - self.month


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A position. `end` is None for the current one."""

    title: str
    company: str
    place: str
    start: Month
    end: Month | None
    highlights: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A degree. `grade` is a note about the degree that belongs to no other field."""

    institution: str
    degree: str
    area: str
    start: Month
    end: Month
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A fictional person with the content of one resume. Positions and studies are newest first."""

    locale: Locale
    name: str
    headline: str
    email: str
    phone: str
    links: tuple[str, ...]
    place: str
    summary: str
    jobs: tuple[Job, ...]
    studies: tuple[Study, ...]
    skills: tuple[str, ...]
    spoken: tuple[tuple[str, str], ...]


def draw_person(locale: Locale, chooser: random.Random) -> Person:
    """Return a person whose resume is in the language of the locale."""
    given_name, surname = chooser.choice(locale.given_names), chooser.choice(locale.surnames)
    handle = "".join(filter(str.isalnum, _to_ascii(f"{given_name}{surname}")))
    email_name = chooser.choice(
        (_to_ascii(f"{given_name}.{surname}".replace(" ", "")), handle, f"{handle}{surname[:1]}")
    )
    skills = tuple(chooser.sample(SKILLS, chooser.randint(6, 14)))
    jobs = _draw_jobs(locale, chooser)
    return Person(
        locale=locale,
        name=f"{given_name} {surname}",
        headline=chooser.choice((jobs[0].title, chooser.choice(locale.titles))),
        email=f"{_to_ascii(email_name)}@{chooser.choice(_MAIL_HOSTS)}",
        phone=chooser.choice(locale.phones).format(chooser.randint(10, 99)),
        links=tuple(
            chooser.sample(
                (f"https://www.linkedin.com/in/{handle}", f"https://github.com/{handle}"), k=chooser.randint(0, 2)
            )
        ),
        place=chooser.choice(locale.places),
        summary=chooser.choice(locale.summaries),
        jobs=jobs,
        studies=_draw_studies(locale, chooser, before=jobs[-1].start),
        skills=skills,
        spoken=locale.spoken[: chooser.randint(2, 3)],
    )


def _draw_jobs(locale: Locale, chooser: random.Random) -> tuple[Job, ...]:
    companies = chooser.sample(locale.company_names, k=4)
    titles = chooser.sample(locale.titles, k=4)
    end: Month | None = None if chooser.random() < 0.6 else Month(_NEWEST_YEAR, chooser.randint(1, 10))
    start = Month(_NEWEST_YEAR - chooser.randint(1, 4), chooser.randint(1, 12))
    jobs = []
    for company, title in zip(companies[: chooser.randint(2, 4)], titles, strict=False):
        sentences = chooser.sample(locale.highlights, k=chooser.randint(1, 3))
        jobs.append(
            Job(
                title=title,
                company=f"{company} {chooser.choice(locale.legal_forms)}".strip(),
                place=chooser.choice(locale.places),
                start=start,
                end=end,
                highlights=tuple(
                    sentence.format(skill=chooser.choice(SKILLS), number=chooser.randint(3, 90))
                    for sentence in sentences
                ),
            )
        )
        end = start.plus(-chooser.randint(1, 3))
        start = end.plus(-chooser.randint(14, 45))
    return tuple(jobs)


def _draw_studies(locale: Locale, chooser: random.Random, *, before: Month) -> tuple[Study, ...]:
    studies, end = [], before.plus(-chooser.randint(1, 8))
    schools = chooser.sample(locale.schools, k=2)
    for school, degree in zip(schools[: chooser.randint(1, 2)], chooser.sample(locale.degrees, k=2), strict=False):
        start = end.plus(-chooser.randint(20, 50))
        grade = chooser.choice(locale.grades) if chooser.random() < 0.4 else ""
        area = chooser.choice(locale.areas)
        studies.append(Study(institution=school, degree=degree, area=area, start=start, end=end, grade=grade))
        end = start.plus(-2)
    return tuple(studies)


def _to_ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return "".join(c for c in decomposed if c.isascii() and (c.isalnum() or c in ".-"))
