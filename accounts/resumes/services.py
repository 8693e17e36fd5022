"""Write operations on resumes: store, generate from the profile, confirm into the profile, delete."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from textwrap import shorten
from typing import Any

from bson import ObjectId
from mongoengine.errors import NotUniqueError
from rest_framework.exceptions import ValidationError

from accounts.applications.services import detach_resume, record_activity
from accounts.documents import (
    MAX_EXPERIENCE_LENGTH,
    MAX_LANGUAGES,
    MAX_NAME_LENGTH,
    MAX_ROLE_LENGTH,
    MAX_ROLES,
    MAX_SKILLS,
    MAX_SUMMARY_LENGTH,
    MAX_YEARS,
    ConcurrentChange,
    User,
)
from accounts.profile_fields import PhoneNumberField
from accounts.profile_parsing import remove_repeated_roles
from accounts.resumes.builder import CannotBuildResume, ResumeOwner, TargetPosting, build_resume, find_fitting_role
from accounts.resumes.documents import Resume
from accounts.resumes.json_resume import InvalidResume, check_resume
from accounts.resumes.parsing.questions import is_certain_enough
from accounts.selectors import get_user_skills
from accounts.services import ProfileChange, canonicalize_skills, change_profile
from career_navigator.api.permissions import CurrentUser
from market.jobs.selectors import find_job
from market.roles import normalize_role
from market.selectors import get_role_demand
from projects.selectors import list_completed_projects
from skills.selectors import get_vocabulary

# Concurrent requests can choose the same version. The requests that lose the race try again with the next version.
_MAX_ATTEMPTS = 20
# Per user, over all postings and versions.
MAX_GENERATED = 500
_MAX_URL_LENGTH = 2_000
_WEB_URL = re.compile(r"https?://[^\s/]\S*")

Parsed = Mapping[str, Any]


class VersionConflict(ConcurrentChange):
    """Raised when concurrent requests took every version that this request tried."""


class DuplicateUpload(Exception):
    """Raised when another request has already stored the same upload."""


class NotConfirmable(Exception):
    """Raised for a resume that is not an upload, or whose file has not been read."""


class SelectionRejected(ValueError):
    """Raised for selected values that are not in the resume or do not fit into the profile.

    `errors` maps each field to its messages and codes. The code is `not_in_resume` or `too_many`.
    """

    def __init__(self, errors: Mapping[str, list[tuple[str, str]]]) -> None:
        self.errors = dict(errors)
        super().__init__(", ".join(sorted(self.errors)))


def get_next_version(*, user_id: ObjectId, source: str, job_id: ObjectId | None) -> int:
    """Return the version of the user's next resume from this source for this posting."""
    newest = Resume.objects(user=user_id, source=source, job=job_id).order_by("-version").only("version").first()
    return int(newest.version) + 1 if newest is not None else 1


def store_resume(
    *, user_id: ObjectId, source: str, job_id: ObjectId | None, status: str, now: datetime, **fields: Any
) -> Resume:
    """Store a resume under its next version. The unique index prevents two resumes with the same version.

    If there is content, its `meta` includes the version.

    Raises:
        VersionConflict: Concurrent requests took every version that was tried.
        DuplicateUpload: Another resume of the user has the same `idempotency_key`.
    """
    content = fields.pop("content", None)
    for _ in range(_MAX_ATTEMPTS):
        version = get_next_version(user_id=user_id, source=source, job_id=job_id)
        resume = Resume(
            user=user_id, source=source, job=job_id, status=status, version=version, created_at=now, **fields
        )
        if content:
            resume.content = content | {"meta": content.get("meta", {}) | {"version": str(version)}}
        try:
            resume.save(force_insert=True)
        except NotUniqueError as error:
            key = fields.get("idempotency_key")
            if key is not None and Resume.objects(user=user_id, idempotency_key=key).only("id").first() is not None:
                raise DuplicateUpload("a concurrent request stored a resume with the same key") from error
            continue
        return resume
    raise VersionConflict(f"no free version after {_MAX_ATTEMPTS} attempts")


def delete_resume(*, user_id: ObjectId, resume_id: ObjectId) -> bool:
    """Delete a resume and the references to it in the user's applications. Return whether the resume existed."""
    deleted: int = Resume.objects(id=resume_id, user=user_id).delete()
    detach_resume(user_id=user_id, resume_id=resume_id)
    return deleted > 0


def erase_resumes(user_id: ObjectId) -> None:
    """Delete all resumes of a user whose account is erased."""
    Resume.objects(user=user_id).delete()


def generate_resume(*, current_user: CurrentUser, job_id: str | None, now: datetime) -> Resume:
    """Generate and store the next version of the current user's resume, optionally tailored to a posting.

    Raises:
        DoesNotExist: There is no such posting.
        CannotBuildResume: The profile is empty, the confirmed resume is too long, or the user has too many generated
            resumes.
    """
    job = find_job(job_id) if job_id is not None else None
    posting = _build_target_posting(job) if job is not None else None
    user_id, user_skills, vocabulary = ObjectId(current_user.id), get_user_skills(current_user), get_vocabulary()
    if Resume.objects(user=user_id, source="generated").count() >= MAX_GENERATED:
        raise CannotBuildResume(
            "too_many", f"You can keep up to {MAX_GENERATED} generated resumes. Delete one before generating another."
        )
    owner = ResumeOwner(
        full_name=current_user.full_name,
        email=current_user.email,
        phone_number=current_user.phone_number,
        location=current_user.location,
        professional_summary=current_user.professional_summary,
        experience=current_user.experience,
        target_roles=tuple(current_user.target_roles),
    )
    built = build_resume(
        owner=owner,
        user_skills=user_skills,
        confirmed_content=_find_confirmed_content(user_id),
        projects=list_completed_projects(current_user.id),
        posting=posting,
        demand=_get_demand(owner, posting, job or {}, now),
        display_names={skill: vocabulary.get_display_name(skill) for skill in user_skills},
        implied_skills=vocabulary.get_held_skills(user_skills).through,
    )
    try:
        check_resume(built.content)
    except InvalidResume as error:
        # The limits of profile fields are well below the limits of a resume, so the confirmed upload is the cause.
        raise CannotBuildResume(
            "too_long", "Your confirmed resume is too long to generate another from it. Delete it first."
        ) from error
    resume = store_resume(
        user_id=user_id,
        source="generated",
        job_id=job["_id"] if job is not None else None,
        status="ready",
        content=built.content,
        missing_skills=list(built.missing_skills),
        now=now,
    )
    record_activity(
        user_id=user_id,
        action_type="generate_resume",
        job_id=resume.job,
        metadata={"resume_id": str(resume.pk), "version": resume.version},
        now=now,
    )
    return resume


def _build_target_posting(job: Mapping[str, Any]) -> TargetPosting:
    url = job.get("url") or ""
    return TargetPosting(
        id=str(job["_id"]),
        title=job["title"],
        company=job["company"],
        url=url if len(url) <= _MAX_URL_LENGTH and _WEB_URL.fullmatch(url) else None,
        skills=tuple(job.get("skills") or ()),
        nice_to_have=frozenset(job.get("nice_to_have") or ()),
    )


def _get_demand(
    owner: ResumeOwner, posting: TargetPosting | None, job: Mapping[str, Any], now: datetime
) -> Mapping[str, float]:
    """Return the skill demand of the role on the resume. Fall back to the posting's roles if it has no postings."""
    for role in (find_fitting_role(roles=owner.target_roles, posting=posting), *job.get("roles", ())):
        if demand := get_role_demand(role=role, now=now):
            return demand
    return {}


def _find_confirmed_content(user_id: ObjectId) -> Mapping[str, Any] | None:
    """Return the content of the upload that the user confirmed last."""
    found = Resume._get_collection().find_one(
        {"user": user_id, "source": "upload", "status": "ready", "confirmed_at": {"$ne": None}},
        {"content": 1},
        sort=[("confirmed_at", -1), ("_id", -1)],
    )
    content: Mapping[str, Any] | None = found.get("content") if found else None
    return content


def _read_name(parsed: Parsed) -> str | None:
    name = _get_value(parsed["contact"]["name"])
    return name if name is not None and len(name) <= MAX_NAME_LENGTH else None


def _read_phone_number(parsed: Parsed) -> str | None:
    """Return the number if the profile accepts it. Numbers with an extension, for example, are rejected."""
    number = _get_value(parsed["contact"]["phone"])
    try:
        return PhoneNumberField().run_validation(number) if number is not None else None
    except ValidationError:
        return None


def _read_summary(parsed: Parsed) -> str | None:
    """Return the summary, cut to the words that fit into the profile."""
    summary = _get_value(parsed["summary"])
    return shorten(summary, MAX_SUMMARY_LENGTH, placeholder="") or None if summary is not None else None


def _read_experience(parsed: Parsed) -> str | None:
    """Return one line per position, as many as fit into the profile."""
    text = ""
    for position in parsed["experience"]:
        names = [part["value"] for part in (position["title"], position["company"]) if is_certain_enough(part)]
        dates = f" ({position['start_date']} to {position['end_date'] or 'present'})" if position["start_date"] else ""
        extended = f"{text}\n{', '.join(names)}{dates}".strip() if names else text
        if len(extended) > MAX_EXPERIENCE_LENGTH:
            break
        text = extended
    return text or None


def _read_experience_years(parsed: Parsed) -> float | None:
    years = parsed["experience_years"]
    return min(years["value"], MAX_YEARS) if years is not None else None


def _read_location(parsed: Parsed) -> str | None:
    return _get_value(parsed["contact"].get("place"))


def _read_languages(parsed: Parsed) -> list[str] | None:
    return [spoken["language"]["value"] for spoken in parsed.get("languages", ())] or None


def _read_target_roles(parsed: Parsed) -> list[str] | None:
    """Return the headline and the newest position's title, if they are valid role names."""
    newest_title = [position["title"] for position in parsed["experience"][:1]]
    candidates = [_get_value(found) for found in (parsed["contact"].get("headline"), *newest_title)]
    roles = [role for role in candidates if role and len(role) <= MAX_ROLE_LENGTH and normalize_role(role)]
    return remove_repeated_roles(roles) or None


def _get_value(found: Mapping[str, Any] | None) -> str | None:
    """Return a value, unless the parser is so uncertain of the value that the owner should be asked."""
    return found["value"] if found is not None and is_certain_enough(found) else None


# The profile fields that a resume can fill, each with the function that reads its value from `Resume.parsed`.
FIELDS: dict[str, Callable[[Parsed], Any]] = {
    "full_name": _read_name,
    "phone_number": _read_phone_number,
    "professional_summary": _read_summary,
    "experience": _read_experience,
    "experience_years": _read_experience_years,
    "location": _read_location,
    "languages": _read_languages,
    "target_roles": _read_target_roles,
}
FIELD_NAMES = tuple(FIELDS)
# A confirmation appends to these lists and replaces all other fields.
_MAX_ITEMS = {"languages": MAX_LANGUAGES, "target_roles": MAX_ROLES}


def list_offered_fields(resume: Resume) -> dict[str, Any]:
    """Return the values that a confirmation would append to or set in the profile, per field.

    Fields without a value in the resume are omitted.
    """
    if resume.source != "upload" or resume.status != "ready":
        return {}
    offered = {name: read(resume.parsed) for name, read in FIELDS.items()}
    return {name: value for name, value in offered.items() if value is not None}


def confirm_resume(*, resume: Resume, skills: Collection[str], fields: Collection[str], now: datetime) -> ProfileChange:
    """Add the selected skills and fields to the profile. Lists are extended, and other fields are replaced.

    Raises:
        NotConfirmable: The resume is not an upload, or its file has not been read.
        SelectionRejected: A selected value is not in the resume, or a list would become too long.
        ConcurrentChange: The profile changed at the same time.
        DoesNotExist: The user no longer exists.
    """
    if resume.source != "upload" or resume.status != "ready":
        raise NotConfirmable(f"source {resume.source}, status {resume.status}")
    offered = list_offered_fields(resume)
    parsed_skills = {skill["name"] for skill in resume.parsed["skills"]}
    user = User.objects.get(id=resume.user, is_active=True)
    # Clients may send display names, because responses contain both names.
    canonical = {skill: (canonicalize_skills([skill]) or [skill])[0] for skill in skills}
    all_skills = {*user.skills, *canonical.values()}
    errors = {
        "skills": [
            (f'"{skill}" was not found in the resume.', "not_in_resume")
            for skill, name in canonical.items()
            if name not in parsed_skills
        ],
        "fields": [(f"The resume has no value for {name}.", "not_in_resume") for name in fields if name not in offered],
    }
    if len(all_skills) > MAX_SKILLS:
        errors["skills"].append((f"The profile must have at most {MAX_SKILLS} skills.", "too_many"))
    added: dict[str, Collection[str]] = {name: offered[name] for name in fields if name in _MAX_ITEMS & offered.keys()}
    for name, values in added.items():
        if len({*user[name], *values}) > (limit := _MAX_ITEMS[name]):
            errors["fields"].append((f"The profile must have at most {limit} {name}.", "too_many"))
    errors = {name: messages for name, messages in errors.items() if messages}
    if errors:
        raise SelectionRejected(errors)
    replaced = {name: offered[name] for name in fields if name not in added}
    added["skills"] = list(canonical.values())
    change = change_profile(user_id=user.pk, fields=replaced, added=added, now=now)
    Resume.objects(id=resume.pk, user=user.pk).update_one(set__confirmed_at=now, set__updated_at=now)
    return change
