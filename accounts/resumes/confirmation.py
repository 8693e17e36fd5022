"""Taking what was read from an uploaded resume into the profile, as far as its owner picks it."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from textwrap import shorten
from typing import Any

from rest_framework.exceptions import ValidationError

from accounts.documents import LONGEST_EXPERIENCE, LONGEST_NAME, LONGEST_SUMMARY, MOST_SKILLS, MOST_YEARS, User
from accounts.profile_fields import PhoneNumber
from accounts.resumes.documents import Resume
from accounts.services import Change, canonical_skills, change_profile

Parsed = Mapping[str, Any]


class NotConfirmable(Exception):
    """The resume was not uploaded, or is not read yet."""

    reason = "not_confirmable"


class NotRead(ValueError):
    """Something was picked that the resume does not say, or does not fit in; `errors` has each field's sentences."""

    reason = "not_read"

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = dict(errors)
        super().__init__(", ".join(sorted(self.errors)))


def _name(parsed: Parsed) -> str | None:
    name = _value(parsed["contact"]["name"])
    return name if name is not None and len(name) <= LONGEST_NAME else None


def _phone_number(parsed: Parsed) -> str | None:
    """The number, where the profile takes it: with an extension, say, it does not."""
    number = _value(parsed["contact"]["phone"])
    try:
        return PhoneNumber().run_validation(number) if number is not None else None
    except ValidationError:
        return None


def _summary(parsed: Parsed) -> str | None:
    """The summary, as many words of it as fit."""
    summary = _value(parsed["summary"])
    return shorten(summary, LONGEST_SUMMARY, placeholder="") or None if summary is not None else None


def _experience(parsed: Parsed) -> str | None:
    """The positions in a line each, as many as fit."""
    text = ""
    for position in parsed["experience"]:
        named = [part["value"] for part in (position["title"], position["company"]) if part]
        when = f"{position['start_date']} to {position['end_date'] or 'present'}"
        longer = f"{text}\n{', '.join(named)} ({when})".strip() if named else text
        if len(longer) > LONGEST_EXPERIENCE:
            break
        text = longer
    return text or None


def _years(parsed: Parsed) -> float | None:
    years = parsed["experience_years"]
    return min(years["value"], MOST_YEARS) if years is not None else None


def _value(found: Mapping[str, Any] | None) -> str | None:
    return found["value"] if found is not None else None


# Fields of the profile that a resume can fill, each with what it would be filled with.
FIELDS: dict[str, Callable[[Parsed], Any]] = {
    "full_name": _name,
    "phone_number": _phone_number,
    "professional_summary": _summary,
    "experience": _experience,
    "experience_years": _years,
}


def offered_fields(resume: Resume) -> dict[str, Any]:
    """What the profile's fields would become; those that the resume does not tell are left out."""
    if resume.source != "upload" or resume.status != "ready":
        return {}
    offered = {name: read(resume.parsed) for name, read in FIELDS.items()}
    return {name: value for name, value in offered.items() if value is not None}


def confirm_resume(*, resume: Resume, skills: Collection[str], fields: Collection[str], now: datetime) -> Change:
    """Add the picked skills to the profile and fill the picked fields; nothing else of the profile changes.

    Raises NotConfirmable, NotRead, ConcurrentChange, and DoesNotExist when the user is gone.
    """
    if resume.source != "upload" or resume.status != "ready":
        raise NotConfirmable(f"a resume of status {resume.status}")
    offered = offered_fields(resume)
    named = {skill["name"] for skill in resume.parsed["skills"]}
    user = User.objects.get(id=resume.user, is_active=True)
    # However a skill is spelt: answers show its display name as well.
    canonical = {skill: (canonical_skills([skill]) or [skill])[0] for skill in skills}
    held = {*user.skills, *canonical.values()}
    errors = {
        "skills": [
            f"This field names what the resume does not: {skill}."
            for skill, name in canonical.items()
            if name not in named
        ],
        "fields": [
            f"This field names what the resume does not tell: {name}." for name in fields if name not in offered
        ],
    }
    if len(held) > MOST_SKILLS:
        errors["skills"].append(f"This field would make more than {MOST_SKILLS} skills.")
    errors = {name: sentences for name, sentences in errors.items() if sentences}
    if errors:
        raise NotRead(errors)
    picked = {name: offered[name] for name in fields}
    change = change_profile(user_id=user.pk, fields=picked, added_skills=canonical.values(), now=now)
    Resume.objects(id=resume.pk, user=user.pk).update_one(set__confirmed_at=now)
    return change
