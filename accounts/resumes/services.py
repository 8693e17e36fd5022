"""Writes of resumes: storing one under its version, writing it from the profile, confirming what was read, deleting."""

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
from accounts.resumes.builder import NotEnoughContent, ResumeOwner, TargetPosting, build_resume, find_fitting_role
from accounts.resumes.documents import Resume
from accounts.resumes.json_resume import InvalidResume, check_resume
from accounts.selectors import get_user_skills
from accounts.services import ProfileChange, canonicalize_skills, change_profile
from career_navigator.api.permissions import CurrentUser
from market.jobs.selectors import find_job
from market.roles import normalize_role
from market.selectors import get_role_demand
from projects.selectors import list_completed_projects
from skills.selectors import get_vocabulary

# Two that are stored at the same moment take the same version; one of them counts again.
_TRIES = 20
# Of a user, all postings and versions together.
MAX_GENERATED = 500
_MAX_URL_LENGTH = 2_000
_WEB_ADDRESS = re.compile(r"https?://[^\s/]\S*")

Parsed = Mapping[str, Any]


class TooManyAtOnce(ConcurrentChange):
    """Others kept taking the next version."""


class AlreadyStored(Exception):
    """Another request has stored this very resume."""


class NotConfirmable(Exception):
    """The resume was not uploaded, or is not read yet."""


class NotRead(ValueError):
    """Something was picked that the resume does not say, or does not fit in.

    `errors` has each field's sentences, with `not_in_resume` or `too_many`.
    """

    def __init__(self, errors: Mapping[str, list[tuple[str, str]]]) -> None:
        self.errors = dict(errors)
        super().__init__(", ".join(sorted(self.errors)))


def next_version(*, user_id: ObjectId, source: str, job_id: ObjectId | None) -> int:
    """The version that the user's next resume of that source for that posting would have."""
    newest = Resume.objects(user=user_id, source=source, job=job_id).order_by("-version").only("version").first()
    return int(newest.version) + 1 if newest is not None else 1


def store_resume(
    *, user_id: ObjectId, source: str, job_id: ObjectId | None, status: str, now: datetime, **fields: Any
) -> Resume:
    """Store a resume under its next version, which the unique index decides where two are stored at once.

    The content, if there is any yet, names the version in its `meta`. Raises TooManyAtOnce, and AlreadyStored where
    another resume of the user has the same `idempotency_key`.
    """
    content = fields.pop("content", None)
    for _ in range(_TRIES):
        version = next_version(user_id=user_id, source=source, job_id=job_id)
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
                raise AlreadyStored("a resume with this key was stored at the same time") from error
            continue
        return resume
    raise TooManyAtOnce("others kept taking the next version")


def delete_resume(*, user_id: ObjectId, resume_id: ObjectId) -> bool:
    """Delete the user's resume, which no application names from then on; whether there was one."""
    deleted: int = Resume.objects(id=resume_id, user=user_id).delete()
    detach_resume(user_id=user_id, resume_id=resume_id)
    return deleted > 0


def erase_resumes(user_id: ObjectId) -> None:
    Resume.objects(user=user_id).delete()


def generate_resume(*, current_user: CurrentUser, job_id: str | None, now: datetime) -> Resume:
    """Write and store the next version of the current user's resume for a posting, or of the one that is for none.

    Raises DoesNotExist for a posting that is not there, and NotEnoughContent for a profile that holds nothing to tell
    or has as many resumes as are kept.
    """
    row = find_job(job_id) if job_id is not None else None
    posting = _build_target_posting(row) if row is not None else None
    user_id, held, words = ObjectId(current_user.id), get_user_skills(current_user), get_vocabulary()
    if Resume.objects(user=user_id, source="generated").count() >= MAX_GENERATED:
        raise NotEnoughContent("too_many", f"{MAX_GENERATED} written resumes are kept; delete one of them first.")
    projects = list_completed_projects(current_user.id)
    person = ResumeOwner(
        full_name=current_user.full_name,
        email=current_user.email,
        phone_number=current_user.phone_number,
        location=current_user.location,
        professional_summary=current_user.professional_summary,
        experience=current_user.experience,
        target_roles=tuple(current_user.target_roles),
    )
    written = build_resume(
        person=person,
        held=held,
        confirmed=_confirmed_content(user_id),
        projects=projects,
        posting=posting,
        demand=_demand(person, posting, row or {}, now),
        names={skill: words.get_display_name(skill) for skill in held},
    )
    try:
        check_resume(written.content)
    except InvalidResume as error:
        # The profile has bounds of its own, within these; a confirmed resume may come near to them alone.
        raise NotEnoughContent("too_long", "Delete the confirmed resume first: alone it fills a resume.") from error
    resume = store_resume(
        user_id=user_id,
        source="generated",
        job_id=row["_id"] if row is not None else None,
        status="ready",
        content=written.content,
        missing_skills=list(written.missing_skills),
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


def _build_target_posting(row: Mapping[str, Any]) -> TargetPosting:
    url = row.get("url") or ""
    return TargetPosting(
        id=str(row["_id"]),
        title=row["title"],
        company=row["company"],
        url=url if len(url) <= _MAX_URL_LENGTH and _WEB_ADDRESS.fullmatch(url) else None,
        skills=tuple(row.get("skills") or ()),
        nice_to_have=frozenset(row.get("nice_to_have") or ()),
    )


def _demand(
    person: ResumeOwner, posting: TargetPosting | None, row: Mapping[str, Any], now: datetime
) -> Mapping[str, float]:
    """What the market asks of the role that the resume names; where that has no postings, of the posting's own."""
    for role in (find_fitting_role(roles=person.target_roles, posting=posting), *row.get("roles", ())):
        if demand := get_role_demand(role=role, now=now):
            return demand
    return {}


def _confirmed_content(user_id: ObjectId) -> Mapping[str, Any] | None:
    """The content of the resume that the user uploaded and, last of all, confirmed."""
    found = Resume._get_collection().find_one(
        {"user": user_id, "source": "upload", "status": "ready", "confirmed_at": {"$ne": None}},
        {"content": 1},
        sort=[("confirmed_at", -1), ("_id", -1)],
    )
    content: Mapping[str, Any] | None = found.get("content") if found else None
    return content


def _name(parsed: Parsed) -> str | None:
    name = _value(parsed["contact"]["name"])
    return name if name is not None and len(name) <= MAX_NAME_LENGTH else None


def _phone_number(parsed: Parsed) -> str | None:
    """The number, where the profile takes it: with an extension, say, it does not."""
    number = _value(parsed["contact"]["phone"])
    try:
        return PhoneNumberField().run_validation(number) if number is not None else None
    except ValidationError:
        return None


def _summary(parsed: Parsed) -> str | None:
    """The summary, as many words of it as fit."""
    summary = _value(parsed["summary"])
    return shorten(summary, MAX_SUMMARY_LENGTH, placeholder="") or None if summary is not None else None


def _experience(parsed: Parsed) -> str | None:
    """The positions in a line each, as many as fit."""
    text = ""
    for position in parsed["experience"]:
        named = [part["value"] for part in (position["title"], position["company"]) if part]
        when = f"{position['start_date']} to {position['end_date'] or 'present'}"
        longer = f"{text}\n{', '.join(named)} ({when})".strip() if named else text
        if len(longer) > MAX_EXPERIENCE_LENGTH:
            break
        text = longer
    return text or None


def _years(parsed: Parsed) -> float | None:
    years = parsed["experience_years"]
    return min(years["value"], MAX_YEARS) if years is not None else None


def _location(parsed: Parsed) -> str | None:
    return _value(parsed["contact"].get("place"))


def _languages(parsed: Parsed) -> list[str] | None:
    return [each["language"]["value"] for each in parsed.get("languages", ())] or None


def _target_roles(parsed: Parsed) -> list[str] | None:
    """What somebody says that they are, and what they were last, as far as they are names of roles."""
    newest = [position["title"] for position in parsed["experience"][:1]]
    named = [_value(found) for found in (parsed["contact"].get("headline"), *newest)]
    roles = [role for role in named if role and len(role) <= MAX_ROLE_LENGTH and normalize_role(role)]
    return remove_repeated_roles(roles) or None


def _value(found: Mapping[str, Any] | None) -> str | None:
    return found["value"] if found is not None else None


# Fields of the profile that a resume can fill, each with what it would be filled with.
FIELDS: dict[str, Callable[[Parsed], Any]] = {
    "full_name": _name,
    "phone_number": _phone_number,
    "professional_summary": _summary,
    "experience": _experience,
    "experience_years": _years,
    "location": _location,
    "languages": _languages,
    "target_roles": _target_roles,
}
FIELD_NAMES = tuple(FIELDS)
# Lists are added to, others are replaced.
_MAX_ITEMS = {"languages": MAX_LANGUAGES, "target_roles": MAX_ROLES}


def list_offered_fields(resume: Resume) -> dict[str, Any]:
    """What the profile's fields would become, lists by adding it; those that the resume does not tell are left out."""
    if resume.source != "upload" or resume.status != "ready":
        return {}
    offered = {name: read(resume.parsed) for name, read in FIELDS.items()}
    return {name: value for name, value in offered.items() if value is not None}


def confirm_resume(*, resume: Resume, skills: Collection[str], fields: Collection[str], now: datetime) -> ProfileChange:
    """Add the picked skills to the profile and fill the picked fields, lists by adding to them; no others change.

    Raises NotConfirmable, NotRead, ConcurrentChange, and DoesNotExist when the user is gone.
    """
    if resume.source != "upload" or resume.status != "ready":
        raise NotConfirmable(f"a resume of status {resume.status}")
    offered = list_offered_fields(resume)
    named = {skill["name"] for skill in resume.parsed["skills"]}
    user = User.objects.get(id=resume.user, is_active=True)
    # However a skill is spelt: answers show its display name as well.
    canonical = {skill: (canonicalize_skills([skill]) or [skill])[0] for skill in skills}
    held = {*user.skills, *canonical.values()}
    errors = {
        "skills": [
            (f"This field names what the resume does not: {skill}.", "not_in_resume")
            for skill, name in canonical.items()
            if name not in named
        ],
        "fields": [
            (f"This field names what the resume does not tell: {name}.", "not_in_resume")
            for name in fields
            if name not in offered
        ],
    }
    if len(held) > MAX_SKILLS:
        errors["skills"].append((f"This field would make more than {MAX_SKILLS} skills.", "too_many"))
    added: dict[str, Collection[str]] = {name: offered[name] for name in fields if name in _MAX_ITEMS & offered.keys()}
    for name, values in added.items():
        if len({*user[name], *values}) > (limit := _MAX_ITEMS[name]):
            errors["fields"].append((f"This field would make more than {limit} {name}.", "too_many"))
    errors = {name: sentences for name, sentences in errors.items() if sentences}
    if errors:
        raise NotRead(errors)
    picked = {name: offered[name] for name in fields if name not in added}
    change = change_profile(user_id=user.pk, fields=picked, added=added | {"skills": list(canonical.values())}, now=now)
    Resume.objects(id=resume.pk, user=user.pk).update_one(set__confirmed_at=now, set__updated_at=now)
    return change
