"""GET /skills/roles, as a client sees it."""

import pytest
from django.test import Client
from django.utils import timezone

from market.tests.candidates import ENTRIES, person, store
from skills.services import seed_skills


@pytest.fixture(autouse=True)
def _servers(servers_emptied):
    seed_skills(entries=ENTRIES, now=timezone.now())


def test_lists_roles_that_have_data_by_their_postings():
    store("python", "python docker", role="Backend Developer")
    store("docker", role="DevOps Engineer")
    store("docker", role="Nurse", days_ago=31)

    answer = Client().get("/skills/roles")

    nobodys = dict.fromkeys(("skill_match_count", "coverage_percentage", "weighted_coverage_percentage"))
    assert answer.json() == {
        "roles": [
            {"role": "Backend Developer", "postings": 2, "total_required_skills": 2} | nobodys,
            {"role": "DevOps Engineer", "postings": 1, "total_required_skills": 1} | nobodys,
        ],
        "total": 2,
        "limit": 100,
        "offset": 0,
        "window_days": 30,
    }
    assert "Authorization" in answer["Vary"]


def test_tells_a_caller_which_roles_are_closest():
    store("python docker", "python", "python", role="Backend Developer")
    store("docker", role="DevOps Engineer")
    grace = person(skills=["Docker"], target_roles=[])

    roles = grace.get("/skills/roles").json()["roles"]

    assert [(each["role"], each["skill_match_count"], each["coverage_percentage"]) for each in roles] == [
        ("DevOps Engineer", 1, 100.0),
        ("Backend Developer", 1, 50.0),
    ]
    assert roles[1]["weighted_coverage_percentage"] == 25.0


def test_pages_the_roles():
    for role in ("Backend Developer", "DevOps Engineer", "Nurse"):
        store("docker", role=role)

    answer = Client().get("/skills/roles", {"limit": 1, "offset": 1}).json()

    assert ([each["role"] for each in answer["roles"]], answer["total"]) == (["DevOps Engineer"], 3)


def test_lists_roles_when_there_are_none():
    assert Client().get("/skills/roles").json()["roles"] == []


def test_refuses_a_bad_token_where_none_is_needed():
    assert Client().get("/skills/roles", headers={"Authorization": "Bearer nonsense"}).status_code == 401
