"""GET /skills/roles over HTTP."""

import pytest
from django.test import Client
from django.utils import timezone

from market.tests.candidates import ENTRIES, sign_up, store
from skills.services import seed_skills


@pytest.fixture(autouse=True)
def _servers(empty_servers):
    seed_skills(entries=ENTRIES, now=timezone.now())


def test_lists_roles_by_number_of_postings():
    store("python", "python docker", role="Backend Developer")
    store("docker", role="DevOps Engineer")
    store("docker", role="Nurse", days_ago=31)

    response = Client().get("/skills/roles")

    body = response.json()
    external_ids = [role.pop("external_ids") for role in body["roles"]]
    assert [[(each["match"], each["scheme"]) for each in ids] for ids in external_ids] == [
        [("broader", "esco"), ("broader", "soc")]
    ] * 2
    anonymous = dict.fromkeys(("skill_match_count", "coverage_percentage", "weighted_coverage_percentage"))
    assert body == {
        "roles": [
            {"role": "Backend Developer", "postings": 2, "total_required_skills": 2} | anonymous,
            {"role": "DevOps Engineer", "postings": 1, "total_required_skills": 1} | anonymous,
        ],
        "total": 2,
        "limit": 100,
        "offset": 0,
        "window_days": 30,
    }
    assert "Authorization" in response["Vary"]


def test_lists_roles_by_coverage_for_a_user():
    store("python docker", "python", "python", role="Backend Developer")
    store("docker", role="DevOps Engineer")
    grace = sign_up(skills=["Docker"], target_roles=[])

    roles = grace.get("/skills/roles").json()["roles"]

    assert [(each["role"], each["skill_match_count"], each["coverage_percentage"]) for each in roles] == [
        ("DevOps Engineer", 1, 100.0),
        ("Backend Developer", 1, 50.0),
    ]
    assert roles[1]["weighted_coverage_percentage"] == 25.0


def test_paginates_roles():
    for role in ("Backend Developer", "DevOps Engineer", "Nurse"):
        store("docker", role=role)

    page = Client().get("/skills/roles", {"limit": 1, "offset": 1}).json()

    assert ([each["role"] for each in page["roles"]], page["total"]) == (["DevOps Engineer"], 3)


def test_returns_an_empty_list_if_there_are_no_roles():
    assert Client().get("/skills/roles").json()["roles"] == []


def test_rejects_an_invalid_token():
    assert Client().get("/skills/roles", headers={"Authorization": "Bearer nonsense"}).status_code == 401
