"""Taking what was read from an uploaded resume into the profile, as far as its owner picks it."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from accounts.documents import MOST_SKILLS, User
from accounts.resumes.documents import Resume
from accounts.services import Change, change_profile

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


def _contact(name: str) -> Callable[[Parsed], Any]:
    return lambda parsed: (parsed["contact"][name] or {}).get("value")


def _experience(parsed: Parsed) -> str | None:
    """The positions in a line each."""
    lines = []
    for position in parsed["experience"]:
        named = [position[part]["value"] for part in ("title", "company") if position[part]]
        when = f"{position['start_date']} to {position['end_date'] or 'present'}"
        lines.append(f"{', '.join(named)} ({when})" if named else when)
    return "\n".join(lines) or None


# Fields of the profile that a resume can fill, each with what it would be filled with.
FIELDS: dict[str, Callable[[Parsed], Any]] = {
    "full_name": _contact("name"),
    "phone_number": _contact("phone"),
    "professional_summary": lambda parsed: (parsed["summary"] or {}).get("value"),
    "experience": _experience,
    "experience_years": lambda parsed: (parsed["experience_years"] or {}).get("value"),
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
    held = list(dict.fromkeys([*user.skills, *skills]))
    errors = {
        "skills": [f"This field names what the resume does not: {skill}." for skill in skills if skill not in named],
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
    if skills:
        picked["skills"] = held
    change = change_profile(user_id=user.pk, fields=picked, now=now)
    Resume.objects(id=resume.pk, user=user.pk).update_one(set__confirmed_at=now)
    return change
