"""Build the content of a resume from a profile, optionally tailored to a posting. Pure: same inputs, same content.

The content is limited to what the profile and the confirmed resume say. The posting determines the order of skills and
projects, and which target role appears as the label.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from accounts.resumes.json_resume import MAX_ENTRIES, MAX_LINE_LENGTH
from market.roles import normalize_role
from projects.ideas import CompletedProject

# About one page. The projects with the most skills of the posting come first.
MAX_PROJECTS = 8
# Sections copied unchanged from the confirmed resume.
_COPIED_SECTIONS = (
    *("work", "volunteer", "education", "awards", "certificates", "publications"),
    *("languages", "interests", "references"),
)
_FIRST_SENTENCE = re.compile(r".+?[.!?](?=\s|$)", re.DOTALL)


class CannotBuildResume(Exception):
    """Raised when no resume can be built. The message tells its owner what to do; `reason` identifies the cause."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOwner:
    """The fields of a profile that appear in a resume, verbatim. Empty fields are None."""

    full_name: str
    email: str
    phone_number: str | None
    location: str | None
    professional_summary: str | None
    experience: str | None
    target_roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPosting:
    """The posting a resume is tailored to.

    `skills` are canonical names and include `nice_to_have`. `url` is an http or https URL.
    """

    id: str
    title: str
    company: str
    url: str | None
    skills: tuple[str, ...]
    nice_to_have: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltResume:
    """The content in the JSON Resume format, and the posting's skills that the owner does not have."""

    content: dict[str, Any]
    missing_skills: tuple[str, ...]


def build_resume(
    *,
    owner: ResumeOwner,
    user_skills: Sequence[str],
    confirmed_content: Mapping[str, Any] | None,
    projects: Sequence[CompletedProject],
    posting: TargetPosting | None,
    demand: Mapping[str, float],
    display_names: Mapping[str, str],
    implied_skills: Collection[str] = (),
) -> BuiltResume:
    """Build the content of a resume.

    Skills that the posting requires come first, then its nice-to-have skills, then all others. Each group is sorted by
    demand.

    `user_skills` are canonical names. The resume lists only these. `implied_skills`, which they imply, are not missing
    either. `confirmed_content` is the content of the upload that the owner confirmed last.
    `demand` maps skills to the share of the role's postings that name them.

    Raises:
        CannotBuildResume: The profile has only a name and contact details.
    """
    confirmed = confirmed_content or {}
    skills = _sort_by_demand(user_skills, posting, demand)
    posting_skills = posting.skills if posting else ()
    role = find_fitting_role(roles=owner.target_roles, posting=posting)
    basics = _build_basics(owner, confirmed.get("basics", {}), role=role)
    best_projects = _select_best_projects(projects, posting_skills)
    content: dict[str, Any] = {
        "basics": basics,
        "work": confirmed.get("work") or ([{"summary": owner.experience}] if owner.experience else []),
        "projects": [_build_project(project, skills, display_names) for project in best_projects],
        "skills": [{"name": display_names.get(skill, skill)} for skill in skills[:MAX_ENTRIES]],
        **{part: confirmed[part] for part in _COPIED_SECTIONS if part != "work" and part in confirmed},
    }
    content = {part: entries for part, entries in content.items() if entries}
    if "summary" not in basics and len(content) == 1:
        raise CannotBuildResume(
            "empty_profile", "Fill in skills, experience or professional_summary first. Your profile has none of them."
        )
    if posting:
        content["meta"] = {"writtenFor": _describe_posting(posting)}
    held = {*skills, *implied_skills}
    missing = _sort_by_demand((skill for skill in posting_skills if skill not in held), posting, demand)
    return BuiltResume(content=content, missing_skills=tuple(missing))


def find_fitting_role(*, roles: Sequence[str], posting: TargetPosting | None) -> str | None:
    """Return the target role closest to the posting's title, or the first role if there is no posting."""
    if not roles or posting is None:
        return roles[0] if roles else None
    title = normalize_role(posting.title)
    return max(roles, key=lambda role: fuzz.token_set_ratio(normalize_role(role), title))


def _sort_by_demand(skills: Iterable[str], posting: TargetPosting | None, demand: Mapping[str, float]) -> list[str]:
    """Return the distinct skills in order: required, nice to have, others. Each group is sorted by demand, stably."""
    in_posting = frozenset(posting.skills) if posting else frozenset()
    nice_to_have = posting.nice_to_have if posting else frozenset()

    def get_sort_key(skill: str) -> tuple[int, float]:
        group = (1 if skill in nice_to_have else 0) if skill in in_posting else 2
        return group, -demand.get(skill, 0.0)

    return sorted(dict.fromkeys(skills), key=get_sort_key)


def _build_basics(owner: ResumeOwner, confirmed_basics: Mapping[str, Any], *, role: str | None) -> dict[str, Any]:
    """Return the `basics` section. Links come from the confirmed resume because profiles have none."""
    basics = {
        "name": owner.full_name,
        "label": role,
        "email": owner.email,
        "phone": owner.phone_number,
        "url": confirmed_basics.get("url"),
        "summary": owner.professional_summary,
        "location": {"city": owner.location} if owner.location else None,
        "profiles": confirmed_basics.get("profiles"),
    }
    return {name: value for name, value in basics.items() if value}


def _select_best_projects(
    projects: Sequence[CompletedProject], posting_skills: Sequence[str]
) -> list[CompletedProject]:
    """Return the projects with the most skills of the posting. Ties are sorted newest first."""
    wanted_skills = frozenset(posting_skills)
    return sorted(
        projects,
        key=lambda project: (
            -len(wanted_skills.intersection(project.skills)),
            -project.finished_date.toordinal(),
            project.title,
        ),
    )[:MAX_PROJECTS]


def _build_project(
    project: CompletedProject, user_skills: Sequence[str], display_names: Mapping[str, str]
) -> dict[str, Any]:
    """Return a project entry whose keywords are skills of the owner. A finished project does not prove its skills."""
    first_sentence = _FIRST_SENTENCE.match(project.description.strip())
    project_skills = frozenset(project.skills)
    entry: dict[str, Any] = {
        "name": project.title,
        "description": first_sentence[0] if first_sentence else project.description.strip(),
        "keywords": [display_names.get(skill, skill) for skill in user_skills if skill in project_skills],
        "endDate": project.finished_date.strftime("%Y-%m"),
        "url": project.url,
    }
    return {name: value for name, value in entry.items() if value}


def _describe_posting(posting: TargetPosting) -> dict[str, str]:
    """Return `meta.writtenFor`, so that a copy of the resume also identifies the posting."""
    texts = {"jobId": posting.id, "title": posting.title, "company": posting.company}
    lines = {name: " ".join(text.split())[:MAX_LINE_LENGTH] for name, text in texts.items()}
    return lines | ({"url": posting.url} if posting.url else {})
