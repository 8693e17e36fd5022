"""Two people's worlds, made once for all tests of a module: what is everybody's, and what is one's own."""

from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from career_navigator.connection import redis_client
from market.refresh import refresh_figures
from market.services import store_postings
from projects.services import seed_ideas
from skills.services import seed_skills
from tests.factories import PostingFactory
from tests.fixtures.catalogue import IDEAS, SKILLS
from tests.fixtures.people import API, PASSWORD, REGISTRATION, Member

# It stands in everything of the victim's that text can be in, and in nothing else.
MARKER = "Zxqmarker"
ROLE = "Backend Developer"


@pytest.fixture(scope="module")
def everybodys(empty_mongo):
    """What is the same for everybody: skills, projects, postings; the names by which these are asked for."""
    mongo, now = empty_mongo(), timezone.now()
    redis_client().flushdb()
    seed_skills(entries=SKILLS, now=now)
    seed_ideas(entries=IDEAS[:1], now=now)
    store_postings(postings=PostingFactory.build_batch(2, title=ROLE, date_posted=now.date()), role=ROLE, now=now)
    refresh_figures(now=now)
    job, other_job = (str(row["_id"]) for row in mongo.job_postings.find())
    project = str(mongo.project_ideas.find_one()["_id"])
    freely = {"FETCH_JOBS_WAIT_SECONDS": 0, "THROTTLES": dict.fromkeys(settings.THROTTLES)}
    with override_settings(**freely, THEIR_STACK_WEBHOOK_SECRET="secret-of-webhooks"):
        yield {"job_id": job, "other_job_id": other_job, "project_id": project, "skill": "python", "name": "python"}


@pytest.fixture(scope="module")
def victim(everybodys):
    return registered(MARKER)


@pytest.fixture(scope="module")
def names(everybodys, victim):
    """The victim's ids, and the names of what is everybody's."""
    return everybodys | furnish(victim, everybodys, MARKER)


@pytest.fixture(scope="module")
def attacker(everybodys):
    return registered("Attacker")


@pytest.fixture(scope="module")
def own_names(everybodys, attacker):
    """The attacker's ids, and the names of what is everybody's."""
    return everybodys | furnish(attacker, everybodys, "Attacker")


def shows_marker(answer: Any) -> bool:
    shown = answer.content + str(dict(answer.headers)).encode()
    return MARKER.lower().encode() in shown.lower()


def stored_about(member: Member) -> dict[str, Any]:
    """All that the export has."""
    return {name: what for name, what in member.get("/auth/me/export").json().items() if name != "exported_at"}


def registered(word: str) -> Member:
    """Somebody whose whole profile has the word in it."""
    given = REGISTRATION | {
        "email": f"{word}@example.org",
        "full_name": f"Grace {word}",
        "location": word,
        "skills": ["Python", word],
        "target_roles": [ROLE, f"{word} Engineer"],
        "professional_summary": word,
        "experience": word,
    }
    assert API().post("/auth/register", given).status_code == 201
    session = API().post("/auth/login", {"email": given["email"], "password": PASSWORD}).json()
    return Member(token=session["access_token"], id=session["user"]["id"])


def furnish(member: Member, everybodys: dict[str, str], word: str) -> dict[str, str]:
    """Something of every kind that a user can have, with the word in it; the ids."""
    job, user, link = everybodys["job_id"], {"user_id": member.id}, f"https://example.org/{word}"
    text = f"Grace {word}\ngrace@example.org\n\nSummary\n{word} compiles.\n\nSkills\nPython, Docker\n"
    finished = {"status": "finished", "repository_url": link}
    made = {
        "resume": member.post("/resumes/generate", user | {"source": "upload", "content": text}),
        "search": member.post("/jobs/searches", {"name": word, "filter": {"text": word}}),
        "run": member.post("/jobs/fetch_jobs", {"desired_job_role": f"{word} Engineer"}),
        "activity": member.post("/activity/log", user | {"action_type": word, "metadata": {word: word}}),
        "application": member.put(f"/jobs/{job}/application", {"stage": "saved", "note": word}),
        "analysis": member.post(f"/jobs/{job}/analyze", {"score": 50, "explanation": word}),
        "skill": member.put("/learning/progress/python", {"status": "done", "evidence_url": link}),
        "project": member.put(f"/projects/{everybodys['project_id']}/progress", finished),
    }
    assert {name: answer.content for name, answer in made.items() if answer.status_code >= 300} == {}
    return {
        "user_id": member.id,
        "resume_id": made["resume"].json()["resume_id"],
        "search_id": made["search"].json()["search"]["id"],
        "run_id": made["run"].json()["run"]["id"],
    }
