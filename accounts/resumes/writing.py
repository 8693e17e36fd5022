"""Writing a person's resume from the profile as it stands, for a stored posting or for none."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId

from accounts.activity.services import record_activity
from accounts.resumes.documents import Resume
from accounts.resumes.generation import NotWritten, Person, Posting, fitting_role, write_resume
from accounts.resumes.json_resume import InvalidResume, check_resume
from accounts.resumes.services import store_resume
from accounts.selectors import get_user_skills
from career_navigator.api.current_user import CurrentUser
from market.jobs.matching import demand_of
from market.jobs.selectors import find_job
from projects.selectors import list_completed_projects
from skills.selectors import vocabulary

# Of a user, all postings and versions together.
MOST_WRITTEN = 500
_LONGEST_URL = 2_000
_WEB_ADDRESS = re.compile(r"https?://[^\s/]\S*")


def generate_resume(*, caller: CurrentUser, job_id: str | None, now: datetime) -> Resume:
    """Write and store the next version of the caller's resume for a posting, or of the one that is for none.

    Raises DoesNotExist for a posting that is not there, and NotWritten for a profile that holds nothing to tell or has
    as many resumes as are kept.
    """
    row = find_job(job_id) if job_id is not None else None
    posting = _posting_of(row) if row is not None else None
    user_id, held, words = ObjectId(caller.id), get_user_skills(caller), vocabulary()
    if Resume.objects(user=user_id, source="generated").count() >= MOST_WRITTEN:
        raise NotWritten("too_many", f"{MOST_WRITTEN} written resumes are kept; delete one of them first.")
    projects = list_completed_projects(caller.id)
    person = Person(
        full_name=caller.full_name,
        email=caller.email,
        phone_number=caller.phone_number,
        location=caller.location,
        professional_summary=caller.professional_summary,
        experience=caller.experience,
        target_roles=tuple(caller.target_roles),
    )
    written = write_resume(
        person=person,
        held=held,
        confirmed=_confirmed_content(user_id),
        projects=projects,
        posting=posting,
        demand=_demand(person, posting, row or {}, now),
        names={skill: words.display_name(skill) for skill in held},
    )
    try:
        check_resume(written.content)
    except InvalidResume as error:
        # The profile has bounds of its own, within these; a confirmed resume may come near to them alone.
        raise NotWritten("too_long", "Delete the confirmed resume first: alone it fills a resume.") from error
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


def _posting_of(row: Mapping[str, Any]) -> Posting:
    url = row.get("url") or ""
    return Posting(
        id=str(row["_id"]),
        title=row["title"],
        company=row["company"],
        url=url if len(url) <= _LONGEST_URL and _WEB_ADDRESS.fullmatch(url) else None,
        skills=tuple(row.get("skills") or ()),
        nice_to_have=frozenset(row.get("nice_to_have") or ()),
    )


def _demand(person: Person, posting: Posting | None, row: Mapping[str, Any], now: datetime) -> Mapping[str, float]:
    """What the market asks of the role that the resume names; where that has no postings, of the posting's own."""
    for role in (fitting_role(roles=person.target_roles, posting=posting), *row.get("roles", ())):
        if demand := demand_of(role=role, now=now):
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
