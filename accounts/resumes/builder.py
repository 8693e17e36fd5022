"""Writing a resume from what a profile holds, for a posting or for none. Pure: the same inputs give the same content.

Nothing is added to what was given: the posting decides the order alone, and which of the wanted roles is named.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from accounts.resumes.json_resume import MAX_ENTRIES, MAX_LINE_LENGTH
from market.roles import normalize_role
from projects.ideas import CompletedProject

# A page's worth: those that show most of what the posting asks for.
MAX_PROJECTS = 8
# Parts of a confirmed resume that are taken over as they are.
_TAKEN_OVER = (
    *("work", "volunteer", "education", "awards", "certificates", "publications"),
    *("languages", "interests", "references"),
)
_FIRST_SENTENCE = re.compile(r".+?[.!?](?=\s|$)", re.DOTALL)


class NotEnoughContent(Exception):
    """No resume came of it; the message tells its owner what to do. `reason` is its name."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOwner:
    """What a profile says of somebody; texts as they were written, nothing where they are empty."""

    full_name: str
    email: str
    phone_number: str | None
    location: str | None
    professional_summary: str | None
    experience: str | None
    target_roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPosting:
    """What a resume is written for; the skills are canonical, those of `nice_to_have` among them.

    `url` is an http or https address.
    """

    id: str
    title: str
    company: str
    url: str | None
    skills: tuple[str, ...]
    nice_to_have: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltResume:
    """The content in the JSON Resume format, and the skills that the posting asks for and nobody claims to hold."""

    content: dict[str, Any]
    missing_skills: tuple[str, ...]


def build_resume(
    *,
    person: ResumeOwner,
    held: Sequence[str],
    confirmed: Mapping[str, Any] | None,
    projects: Sequence[CompletedProject],
    posting: TargetPosting | None,
    demand: Mapping[str, float],
    names: Mapping[str, str],
) -> BuiltResume:
    """Write one.

    `held` are the canonical skills of the person, `confirmed` is the content of the resume that they uploaded and
    confirmed, `demand` the share of the role's postings that ask for each skill, `names` the skills' display names.
    Skills are in the order in which the posting asks for them: what it requires, what it likes, then the rest, each
    by demand. Raises NotEnoughContent where the profile holds no more than a name and addresses.
    """
    told = confirmed or {}
    skills = _sort_by_demand(held, posting, demand)
    asked = posting.skills if posting else ()
    basics = _basics(person, told.get("basics", {}), role=find_fitting_role(roles=person.target_roles, posting=posting))
    content: dict[str, Any] = {
        "basics": basics,
        "work": told.get("work") or ([{"summary": person.experience}] if person.experience else []),
        "projects": [_project(project, skills, names) for project in _select_best(projects, asked)],
        "skills": [{"name": names.get(skill, skill)} for skill in skills[:MAX_ENTRIES]],
        **{part: told[part] for part in _TAKEN_OVER if part != "work" and part in told},
    }
    content = {part: entries for part, entries in content.items() if entries}
    if "summary" not in basics and len(content) == 1:
        raise NotEnoughContent(
            "empty_profile", "Fill in skills, experience or professional_summary first: a resume lists what they hold."
        )
    if posting:
        content["meta"] = {"writtenFor": _describe_posting(posting)}
    missing = _sort_by_demand((skill for skill in asked if skill not in skills), posting, demand)
    return BuiltResume(content=content, missing_skills=tuple(missing))


def find_fitting_role(*, roles: Sequence[str], posting: TargetPosting | None) -> str | None:
    """Of the roles that somebody wants, the one most like the posting's title; the first without a posting."""
    if not roles or posting is None:
        return roles[0] if roles else None
    title = normalize_role(posting.title)
    return max(roles, key=lambda role: fuzz.token_set_ratio(normalize_role(role), title))


def _sort_by_demand(skills: Iterable[str], posting: TargetPosting | None, demand: Mapping[str, float]) -> list[str]:
    """What the posting requires, what it likes, the rest; each by demand, equal ones in the order they came in."""
    asked = frozenset(posting.skills) if posting else frozenset()
    liked = posting.nice_to_have if posting else frozenset()

    def key(skill: str) -> tuple[int, float]:
        kind = (1 if skill in liked else 0) if skill in asked else 2
        return kind, -demand.get(skill, 0.0)

    return sorted(dict.fromkeys(skills), key=key)


def _basics(person: ResumeOwner, told: Mapping[str, Any], *, role: str | None) -> dict[str, Any]:
    """Who it is: as the profile says, which has no links of its own."""
    basics = {
        "name": person.full_name,
        "label": role,
        "email": person.email,
        "phone": person.phone_number,
        "url": told.get("url"),
        "summary": person.professional_summary,
        "location": {"city": person.location} if person.location else None,
        "profiles": told.get("profiles"),
    }
    return {name: value for name, value in basics.items() if value}


def _select_best(projects: Sequence[CompletedProject], asked: Sequence[str]) -> list[CompletedProject]:
    """Those that show most of what is asked for, the newest first where that is the same."""
    wanted = frozenset(asked)
    return sorted(
        projects,
        key=lambda project: (
            -len(wanted.intersection(project.skills)),
            -project.finished_date.toordinal(),
            project.title,
        ),
    )[:MAX_PROJECTS]


def _project(project: CompletedProject, skills: Sequence[str], names: Mapping[str, str]) -> dict[str, Any]:
    """A project with the skills of it that are held: finishing one does not prove that all were learnt."""
    first = _FIRST_SENTENCE.match(project.description.strip())
    exercised = frozenset(project.skills)
    entry: dict[str, Any] = {
        "name": project.title,
        "description": first[0] if first else project.description.strip(),
        "keywords": [names.get(skill, skill) for skill in skills if skill in exercised],
        "endDate": project.finished_date.strftime("%Y-%m"),
        "url": project.url,
    }
    return {name: value for name, value in entry.items() if value}


def _describe_posting(posting: TargetPosting) -> dict[str, str]:
    """Whose posting it was, which a copy of the resume tells as well as the stored one."""
    facts = {"jobId": posting.id, "title": posting.title, "company": posting.company}
    lines = {name: " ".join(fact.split())[:MAX_LINE_LENGTH] for name, fact in facts.items()}
    return lines | ({"url": posting.url} if posting.url else {})
