"""Resumes generated from stored data: /resumes/generate with the source `generated`."""

from datetime import timedelta

import pytest
from bson import ObjectId

from accounts.applications.documents import Activity
from accounts.resumes import services
from accounts.resumes.documents import Resume
from accounts.resumes.services import store_resume
from market.services import store_postings
from tests.factories import PostingFactory, ProjectIdeaFactory


def list_names(entries):
    return [entry["name"] for entry in entries]


@pytest.fixture
def posting(mongo, vocabulary_seeded, now):
    """Return the id of a stored posting.

    Request this fixture first, because a process checks only once per second whether the vocabulary changed.
    """
    posting = PostingFactory.build(
        title="Senior Backend Engineer",
        company="Analytical Engines",
        technology_slugs=("node-js", "dotnet", "python"),
        date_posted=now.date(),
    )
    store_postings(postings=[posting], now=now)
    return str(mongo.job_postings.find_one()["_id"])


def generate(member, **body):
    return member.post("/resumes/generate", {"user_id": member.id, "source": "generated", **body})


def get_content(response):
    assert response.status_code == 201, response.content
    return Resume.objects.get(id=response.json()["resume_id"]).content


def test_generates_the_next_version_for_a_posting_and_logs_it(posting, ada):
    first, second, general = generate(ada, job_id=posting), generate(ada, job_id=posting), generate(ada)

    assert [response.status_code for response in (first, second, general)] == [201, 201, 201]
    assert first.json()["missing_skills"] == ["nodejs", ".net"]
    stored = Resume.objects(user=ada.id).order_by("created_at", "id")
    assert [(str(r.job or ""), r.source, r.status, r.version) for r in stored] == [
        (posting, "generated", "ready", 1),
        (posting, "generated", "ready", 2),
        ("", "generated", "ready", 1),
    ]
    assert stored[0].content["meta"]["writtenFor"]["jobId"] == posting
    assert [resume.content["meta"]["version"] for resume in stored] == ["1", "2", "1"]
    assert [line.action_type for line in Activity.objects(user=ada.id)].count("generate_resume") == 3


def test_generates_the_same_resume_for_an_unchanged_profile(posting, ada):
    first, second = (get_content(generate(ada, job_id=posting)) for _ in range(2))

    assert {**first, "meta": None} == {**second, "meta": None}
    assert list_names(first["skills"]) == ["Python", "javascript"]


def test_includes_acquired_skills_and_completed_projects(posting, ada, now):
    ProjectIdeaFactory.create(id=7, title="Library", skills=["nodejs", "redis"])
    ada.put("/learning/progress/nodejs", {"status": "done"})
    ada.put("/projects/7/progress", {"status": "finished", "repository_url": "https://git.example.org/library"})

    response = generate(ada, job_id=posting)

    assert response.json()["missing_skills"] == [".net"]
    assert get_content(response)["projects"] == [
        {
            "name": "Library",
            "description": "Lend books.",
            "keywords": ["Node.js"],
            "endDate": f"{now:%Y-%m}",
            "url": "https://git.example.org/library",
        }
    ]


def test_takes_work_from_the_last_confirmed_resume(ada, now):
    for days, firm in ((3, "Older"), (1, "Newer"), (None, "Unconfirmed")):
        store_resume(
            user_id=ObjectId(ada.id),
            source="upload",
            job_id=None,
            status="ready",
            now=now,
            content={"work": [{"name": firm}]},
            confirmed_at=days and now - timedelta(days=days),
        )

    assert get_content(generate(ada))["work"] == [{"name": "Newer"}]


def test_rejects_an_empty_profile_and_names_the_fields_to_fill_in(register):
    nobody = register(skills=[], target_roles=[])

    response = generate(nobody)

    assert response.status_code == 409
    assert response.json()["detail"].startswith("Fill in skills, experience or professional_summary")


@pytest.mark.parametrize("job_id", ["65f000000000000000000001", "no-id"])
def test_returns_404_for_an_unknown_posting(ada, job_id):
    assert generate(ada, job_id=job_id).status_code == 404
    assert not Resume.objects(user=ada.id)


def test_limits_the_number_of_generated_resumes(ada, monkeypatch):
    monkeypatch.setattr(services, "MAX_GENERATED", 1)

    assert [generate(ada).status_code for _ in range(2)] == [201, 409]


def test_rejects_generation_if_the_confirmed_content_is_too_large(ada, now):
    work = [{"summary": "x" * 9_900}] * 15
    store_resume(
        user_id=ObjectId(ada.id),
        source="upload",
        job_id=None,
        status="ready",
        now=now,
        content={"work": work},
        confirmed_at=now,
    )
    assert ada.put("/auth/me", {"professional_summary": "y" * 4_000}).status_code == 200

    response = generate(ada)

    assert response.status_code == 409
    assert "Your confirmed resume is too long" in response.json()["detail"]
