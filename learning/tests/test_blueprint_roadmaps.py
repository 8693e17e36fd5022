"""Tests of GET /learning/roadmap for roles with a blueprint."""

import pytest
from django.utils import timezone

from learning.blueprint_services import seed_blueprints

ENTRY = {
    "role": "Backend Developer",
    "also_for": ["API Developer"],
    "core": ["1. linux: 40", "2. python | c#: 100"],
    "specialisation": ["3. docker: 20"],
    "nice_to_have": ["4. kafka: 20", "4. kubernetes: 50"],
    "never": [],
}


@pytest.fixture(autouse=True)
def blueprint(catalogue):
    seed_blueprints(entries=[ENTRY], now=timezone.now())


def list_skills(response) -> list[tuple[str, str, float | None]]:
    return [(path["skill"], path["tier"], path["priority_score"]) for path in response["skill_paths"]]


def test_lists_the_blueprint_with_the_shares_of_the_postings(roadmap, post_jobs):
    post_jobs()

    response = roadmap()

    assert response["basis"] == "postings"
    assert response["blueprint"] == {"role": "Backend Developer", "is_exact": True}
    assert list_skills(response) == [
        ("linux", "core", 20.0),
        ("python", "core", 90.0),
        ("docker", "specialisation", 70.0),
        ("kubernetes", "specialisation", 40.0),
    ]
    assert response["skill_paths"][1]["one_of"] == ["c#"]
    assert [milestone["name"] for milestone in response["milestones"]] == ["enough_to_apply", "competitive"]
    assert response["milestones"][0] == {
        "name": "enough_to_apply",
        "basis": "blueprint",
        "skills": ["linux", "python"],
        "estimated_hours": 0,
        "newcomer_hours": 140,
        "junior_postings": 0,
        "reachable_percentage": None,
    }
    assert response["coverage_percentage"] == 50.0
    assert any("20 distinct postings from 5 employers" in sentence for sentence in response["recommendations"])


@pytest.mark.parametrize(("count", "employers"), [(19, 5), (20, 4), (1, 1)])
def test_lists_the_blueprint_alone_if_there_are_too_few_postings_or_employers(roadmap, post_jobs, count, employers):
    post_jobs(count=count, employers=employers)

    response = roadmap()

    assert response["basis"] == "few_postings"
    assert (response["distinct_jobs"], response["employers"]) == (count, employers)
    assert response["total_postings_analyzed"] == count
    assert [path["skill"] for path in response["skill_paths"]] == ["linux", "python", "docker", "kafka", "kubernetes"]
    assert {path["priority_score"] for path in response["skill_paths"]} == {None}
    assert response["coverage_percentage"] is None
    assert "too few to compute shares" in response["recommendations"][0]


@pytest.mark.parametrize(
    ("role", "is_exact"),
    [
        ("Backend Developer", True),
        ("API Developer", True),
        ("Senior Backend Engineer", True),
        ("Backend Developer Payments", False),
    ],
)
def test_lists_the_blueprint_of_a_role_without_postings(roadmap, role, is_exact):
    response = roadmap(target_role=role)

    assert response["basis"] == "no_postings"
    assert response["blueprint"] == {"role": "Backend Developer", "is_exact": is_exact}
    assert response["missing_skills_count"] == 3
    assert {path["priority_score"] for path in response["skill_paths"]} == {None}
    assert ("the nearest role, Backend Developer" in response["recommendations"][0]) is not is_exact
    assert "collection" in response


def test_lists_only_technologies_and_methods_of_a_role_without_blueprint(roadmap, post_jobs):
    post_jobs(role="Pastry Chef", demand={"docker": 9, "communication": 9})

    response = roadmap(target_role="Pastry Chef")

    assert (response["basis"], response["blueprint"]) == ("postings", None)
    assert [path["skill"] for path in response["skill_paths"]] == ["docker"]


def test_lists_own_skills_without_blueprint_and_with_too_few_postings(roadmap, post_jobs):
    post_jobs(role="Pastry Chef", count=3, employers=1)

    response = roadmap(target_role="Pastry Chef")

    assert response["basis"] == "few_postings"
    assert [path["skill"] for path in response["skill_paths"]] == ["linux", "python"]
    assert response["recommendations"][0].startswith(
        "There are only 3 distinct postings from 1 employer for Pastry Chef from the last 30 days, which is too few"
    )


def test_the_page_shows_no_percentages_if_there_are_too_few_postings(newcomer, post_jobs):
    post_jobs(count=3)

    page = newcomer.get("/learning/roadmap.md").content.decode()

    assert "Based on 3 postings from the last 30 days. 5 skills, 3 missing, about 90 hours to learn." in page
    assert not any("%" in line for line in page.splitlines() if not line.startswith("- Project"))


def test_shows_tiers_and_milestones_in_the_other_formats(newcomer, post_jobs):
    post_jobs()

    page = newcomer.get("/learning/roadmap.md").content.decode()
    assert "open, specialisation, 70.0% of the postings, about 20 hours" in page
    assert "- Enough to apply: 2 skills, about 0 hours (140 hours for a newcomer)." in page
    calendar = newcomer.get("/learning/roadmap.ics").content.decode()
    assert calendar.index("Learn Docker (20 hours)") < calendar.index("Learn Kubernetes (50 hours)")
