"""Tests of what a skill implies in match scores, roadmaps, project recommendations and resumes."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.resumes.builder import ResumeOwner, TargetPosting, build_resume
from career_navigator.cache import reset_caches
from market.refresh import refresh_stats
from market.services import store_postings
from projects.services import seed_ideas
from skills.services import seed_skills
from tests.factories import PostingFactory

ENTRIES: list[dict[str, Any]] = [
    {"name": "postgresql", "display_name": "PostgreSQL", "category": "Databases", "implies": ["sql"]},
    {"name": "sql", "display_name": "SQL", "category": "Databases", "implies": ["databases"]},
    {"name": "databases", "display_name": "Databases", "category": "Databases", "kind": "field"},
    {"name": "go", "display_name": "Go", "category": "Programming Languages"},
]
IDEA = {
    "id": 1,
    "title": "Shop",
    "description": "A small shop that sells books.",
    "difficulty": "Beginner",
    "estimated_time": "1-2 weeks",
    "skills": ["sql", "databases", "go"],
    "features": ["Sells books"],
    "roles": ["Backend Engineer"],
    "outcome": "Shows that you can sell books.",
}


@pytest.fixture
def member(ada, mongo):
    """Return a user who names only PostgreSQL, and store postings of five employers that ask for SQL."""
    seed_skills(entries=ENTRIES, now=timezone.now())
    reset_caches()
    postings = [
        PostingFactory.build(
            title="Backend Engineer",
            company=f"Employer {number % 5}",
            technology_slugs=("sql", "databases", "go"),
            date_posted=timezone.now().date(),
        )
        for number in range(20)
    ]
    store_postings(postings=postings, role="Backend Engineer", now=timezone.now())
    refresh_stats(now=timezone.now())
    profile = {"skills": ["PostgreSQL"], "target_roles": ["Backend Engineer"]}
    assert ada.put("/auth/me", profile).status_code == 200
    return ada


def test_a_match_score_counts_implied_skills_and_says_through_which_skill(member, mongo):
    job = mongo.job_postings.find_one()["_id"]

    match = member.get(f"/jobs/{job}/match_score").json()

    assert sorted(match["matched_skills"]) == ["databases", "sql"]
    assert match["held_through"] == {"databases": "postgresql", "sql": "postgresql"}
    assert [each["skill"] for each in match["missing_skills"]] == ["go"]


def test_a_roadmap_counts_implied_skills_and_says_through_which_skill(member):
    paths = member.get("/learning/roadmap").json()["skill_paths"]

    found = {path["skill"]: (path["is_missing"], path["held_through"], path["status"]) for path in paths}
    assert found == {
        "sql": (False, "postgresql", "held"),
        "go": (True, None, "open"),
    }


def test_a_roadmap_of_own_skills_lists_only_what_the_profile_names(member):
    paths = member.get("/learning/roadmap?include_gap_analysis=false").json()["skill_paths"]

    assert [path["skill"] for path in paths] == ["postgresql"]


def test_recommendations_count_implied_skills(member):
    seed_ideas(entries=[IDEA], now=timezone.now())
    reset_caches()

    answer = member.get("/projects/recommendations").json()

    (project,) = answer["projects"]
    assert (project["missing_skills"], answer["user_skill_count"]) == (["go"], 1)


def test_ranked_jobs_count_implied_skills(member):
    jobs = member.post("/jobs/relevant_jobs", {}).json()["jobs"]

    # Two of three skills held, title right, another place in the preferred country: (5 + 0.95 * 81) * 0.55. None held
    # would give 26.
    assert {job["match_score"] for job in jobs} == {45}


def test_a_resume_lists_named_skills_and_lacks_no_implied_one():
    built = build_resume(
        owner=ResumeOwner(
            full_name="Ada Example",
            email="ada@example.org",
            phone_number=None,
            location=None,
            professional_summary=None,
            experience=None,
            target_roles=(),
        ),
        user_skills=["postgresql"],
        confirmed_content=None,
        projects=(),
        posting=TargetPosting(
            id="1", title="Engineer", company="Acorn", url=None, skills=("sql", "go"), nice_to_have=frozenset()
        ),
        demand={},
        display_names={"postgresql": "PostgreSQL"},
        implied_skills={"sql", "databases"},
    )

    assert built.content["skills"] == [{"name": "PostgreSQL"}]
    assert built.missing_skills == ("go",)
