"""Match scores: computation, caching, explanation, and analyses submitted by clients."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId
from django.utils import timezone

from accounts.matches.documents import JobMatch
from accounts.matches.services import MATCH_TTL, match_job
from career_navigator.cache import reset_caches
from learning.services import seed_resources
from market.jobs.match_profiles import CandidateProfile
from market.jobs.selectors import build_candidate_profile
from market.services import store_postings
from skills.services import seed_skills
from skills.vocabulary import HeldSkills
from tests.factories import PostingFactory

NOBODY = "0" * 24
PROFILE = {
    "skills": ["Python"],
    "target_roles": ["Backend Developer"],
    "experience_years": 2,
    "preferred_locations": ["Texas"],
    "remote_preference": "hybrid",
    "expected_salary": 100_000,
}


@pytest.fixture
def job(mongo, redis, vocabulary_seeded):
    """Return the id of a stored posting that requires nodejs and python and lists .net as nice to have."""
    reset_caches()
    resource = {
        "type": "Course",
        "title": "Node",
        "url": "https://example.org/node",
        "description": "What Node.js is and does.",
        "skill": "nodejs",
        "level": "Beginner",
        "free": True,
        "language": "en",
        "provider": "Example",
    }
    seed_resources(
        entries=[resource | {"title": f"Node {n}", "url": f"https://example.org/{n}"} for n in range(4)],
        now=timezone.now(),
    )
    posting = PostingFactory.build(
        description="4+ years of experience. Node.js. Nice to have: .NET",
        technology_slugs=("python", "node-js", "dotnet"),
        country_code="US",
        hybrid=True,
        min_annual_salary_usd=80_000,
        max_annual_salary_usd=90_000,
        date_posted=timezone.now().date(),
    )
    store_postings(postings=[posting], now=timezone.now())
    return str(mongo.job_postings.find_one()["_id"])


@pytest.fixture
def member(ada):
    assert ada.put("/auth/me", PROFILE).status_code == 200
    return ada


@pytest.fixture
def beginner(register):
    """Return a user with an empty profile."""
    return register(email="new@example.org", skills=[], target_roles=[], experience_level=None, location=None)


def get_score(member, job):
    response = member.get(f"/jobs/{job}/match_score")
    assert response.status_code == 200, response.content
    return response.json()


def test_returns_the_score_with_its_parts(member, job):
    response = member.get(f"/jobs/{job}/match_score?user_id={member.id}")

    body = response.json()
    assert response.headers["Cache-Control"] == "private"
    assert (body["messages"], body["user_id"], body["job_id"]) == ("success", member.id, job)
    assert [(part["name"], part["weight"], part["score"]) for part in body["parts"]] == [
        ("skills", 55, 43),
        ("title", 45, 100),
        ("years", 40, 50),
        ("place", 60, 100),
        ("salary", 20, 80),
    ]
    # Half of 40% and a fifth of 20% are taken away. Of the rest, 5 points do not depend on the fit.
    assert (body["fit"], body["conditions"]) == ((55 * 43 + 45 * 100) // 100, 76)
    assert body["score"] == int((5 + 0.95 * 68) * 0.8 * 0.96)
    assert (body["soft_skills"], body["spoken_languages"]) == ([], [])
    assert body["explanation"] == " ".join(part["sentence"] for part in body["parts"])
    assert body["matched_skills"] == ["python"]
    assert body["analysis"] is None


def test_returns_missing_skills_with_learning_resources(member, job):
    missing = get_score(member, job)["missing_skills"]

    assert [(each["skill"], each["display_name"], each["must_have"]) for each in missing] == [
        ("nodejs", "Node.js", True),
        (".net", ".NET", False),
    ]
    assert [resource["title"] for resource in missing[0]["resources"]] == ["Node 0", "Node 1", "Node 2"]
    assert missing[1]["resources"] == []


def test_counts_acquired_skills(member, job):
    before = get_score(member, job)["score"]

    assert member.put("/learning/progress/nodejs", {"status": "done"}).status_code == 200

    after = get_score(member, job)
    assert after["score"] > before
    assert after["matched_skills"] == ["nodejs", "python"]


def test_computes_a_score_of_an_earlier_formula_again(member, job, mongo):
    first = get_score(member, job)
    stored = mongo.match_scores.find_one()["match"]
    # An earlier version stored fewer fields, under another fingerprint.
    old = {name: stored[name] for name in ("score", "explanation", "parts", "matched_skills", "missing_skills")}
    mongo.match_scores.update_one({}, {"$set": {"match": old | {"score": 3}, "fingerprint": "version 2"}})

    again = get_score(member, job)

    assert {name: again[name] for name in first if name != "computed_at"} == {
        name: first[name] for name in first if name != "computed_at"
    }
    assert mongo.match_scores.count_documents({}) == 1


def test_lists_soft_skills_and_spoken_languages_apart(member, job, mongo):
    entries = [
        {"name": "communication", "display_name": "Communication", "category": "Soft Skills"},
        {"name": "english", "display_name": "English", "category": "Soft Skills", "kind": "spoken_language"},
    ]
    seed_skills(entries=entries, now=timezone.now())
    reset_caches()
    before = get_score(member, job)

    mongo.job_postings.update_one({}, {"$push": {"skills": {"$each": ["communication", "english"]}}})

    after = get_score(member, job)
    assert (after["soft_skills"], after["spoken_languages"]) == (["communication"], ["english"])
    assert after["score"] == before["score"]
    assert after["missing_skills"] == before["missing_skills"]


def test_reuses_the_score_until_profile_or_posting_change(member, job, mongo):
    first = get_score(member, job)["computed_at"]
    again = get_score(member, job)["computed_at"]
    member.put("/auth/me", {"full_name": "Ada King"})
    renamed = get_score(member, job)["computed_at"]

    member.put("/auth/me", {"experience_years": 4})
    changed = get_score(member, job)
    mongo.job_postings.update_one({}, {"$set": {"years_asked": 8.0}})
    asks_more = get_score(member, job)

    assert first == again == renamed < changed["computed_at"] < asks_more["computed_at"]
    assert changed["score"] > asks_more["score"]
    assert mongo.match_scores.count_documents({}) == 1


def test_names_the_fields_to_fill_in_for_an_empty_profile(beginner, job, mongo):
    for response in (beginner.get(f"/jobs/{job}/match_score"), beginner.post(f"/jobs/{job}/analyze", {})):
        assert response.status_code == 409
        assert response.json()["detail"] == (
            "Your profile is empty, so there is no score. Fill in one of these fields: "
            "skills, target_roles (desired_job_role), experience_years, "
            "preferred_locations, remote_preference, expected_salary."
        )
    assert mongo.match_scores.count_documents({}) == mongo.activities.count_documents({}) == 0


def test_returns_no_score_if_nothing_can_be_compared(beginner, job, mongo):
    beginner.put("/auth/me", {"expected_salary": 100_000})
    mongo.job_postings.update_one(
        {}, {"$set": {"skills": []}, "$unset": {"min_annual_salary_usd": "", "max_annual_salary_usd": ""}}
    )

    response = beginner.get(f"/jobs/{job}/match_score")

    assert response.status_code == 409
    assert response.json()["detail"].startswith("This posting and your profile have no data in common to compare.")


def test_stores_a_clients_own_analysis(member, job, mongo):
    computed = get_score(member, job)["score"]

    analyzed = member.post(f"/jobs/{job}/analyze", {"user_id": member.id, "score": 87.5, "explanation": "Good."})
    replaced = member.post(f"/jobs/{job}/analyze", {"job_id": job.upper(), "score": 12})

    assert analyzed.status_code == replaced.status_code == 200
    assert (analyzed.json()["score"], analyzed.json()["explanation"]) == (87.5, "Good.")
    body = get_score(member, job)
    assert body["score"] == computed
    assert (body["analysis"]["score"], body["analysis"]["explanation"]) == (12, None)
    # Documents with a client's analysis do not expire.
    assert "expires_at" not in mongo.match_scores.find_one()
    lines = list(mongo.activities.find({"user": ObjectId(member.id)}).sort("_id", 1))
    assert [(line["action_type"], str(line["job"]), line["metadata"]) for line in lines] == [
        ("analyze", job, {"score": 87.5, "by": "client"}),
        ("analyze", job, {"score": 12.0, "by": "client"}),
    ]
    assert str(lines[0]["_id"]) == analyzed.json()["activity_id"]


def test_computes_a_score_if_the_client_sends_none(member, job, mongo):
    response = member.post(f"/jobs/{job}/analyze", {"user_id": member.id})

    body, scored = response.json(), get_score(member, job)
    assert (body["messages"], body["score"], body["explanation"]) == ("success", scored["score"], scored["explanation"])
    assert mongo.activities.find_one()["metadata"] == {"score": scored["score"], "by": "match_score"}
    assert scored["analysis"] is None


@pytest.mark.parametrize("score", [0, 100, None])
def test_accepts_scores_up_to_the_bounds(member, job, score):
    assert member.post(f"/jobs/{job}/analyze", {"score": score}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"score": -1}, "score"),
        ({"score": 100.5}, "score"),
        ({"score": "many"}, "score"),
        ({"score": {"$gt": 0}}, "score"),
        ({"score": True}, "score"),
        ({"explanation": "Good."}, "score"),
        ({"score": 5, "explanation": "x" * 10_001}, "explanation"),
        ({"job_id": NOBODY}, "job_id"),
        ({"user_id": {"$ne": ""}}, "user_id"),
    ],
)
def test_names_the_invalid_value(member, job, body, field):
    response = member.post(f"/jobs/{job}/analyze", body)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert field in response.json()["detail"]


@pytest.mark.parametrize("user_id", [NOBODY, "no-id", "$ne"])
def test_rejects_requests_for_other_users(member, job, user_id):
    responses = [
        member.get(f"/jobs/{job}/match_score?user_id={user_id}"),
        member.post(f"/jobs/{job}/analyze", {"user_id": user_id, "score": 3}),
        member.get(f"/jobs/no-id/match_score?user_id={user_id}"),
    ]

    assert [response.status_code for response in responses] == [403, 403, 403]


@pytest.mark.parametrize("job_id", [NOBODY, "no-id", "$where"])
def test_returns_404_for_an_unknown_job(member, mongo, redis, job_id):
    responses = [member.get(f"/jobs/{job_id}/match_score"), member.post(f"/jobs/{job_id}/analyze", {"score": 3})]

    assert [response.status_code for response in responses] == [404, 404]


def test_exports_scores_and_erases_them_with_the_account(member, job, mongo):
    score = get_score(member, job)["score"]
    member.post(f"/jobs/{job}/analyze", {"score": 3})

    (exported,) = member.get("/auth/me/export").json()["match_scores"]
    member.delete("/auth/me", {"password": "Secure-Pass-123"})

    assert (exported["job_id"], exported["match"]["score"], exported["analysis"]["score"]) == (job, score, 3)
    assert mongo.match_scores.count_documents({}) == 0


def test_a_score_without_an_analysis_expires(member, job, mongo):
    get_score(member, job)

    row = mongo.match_scores.find_one()
    assert row["expires_at"] == row["computed_at"] + MATCH_TTL
    assert mongo.match_scores.index_information()["expires_at_1"]["expireAfterSeconds"] == 0


def test_one_index_supports_both_queries(mongo, redis):
    for query in ({"user": ObjectId(), "job": ObjectId()}, {"user": ObjectId()}):
        plan = JobMatch._get_collection().find(query).explain()["queryPlanner"]["winningPlan"]
        assert plan["inputStage"]["indexName"] == "user_1_job_1"


def test_stores_one_row_for_concurrent_requests(mongo, redis, job):
    user, posting, now = ObjectId(), mongo.job_postings.find_one(), timezone.now()
    candidate = CandidateProfile(skills=frozenset({"python"}))

    def match(_: int) -> int:
        return match_job(user_id=user, candidate=candidate, posting=posting, now=now).match["score"]

    with ThreadPoolExecutor(8) as threads:
        scores = set(threads.map(match, range(16)))

    assert len(scores) == mongo.match_scores.count_documents({}) == 1


@dataclass
class SignedInUser:
    skills: list[str] = field(default_factory=list)
    target_roles: list[str] = field(default_factory=list)
    location: str | None = None
    experience_years: float | None = None
    preferred_locations: list[str] = field(default_factory=list)
    remote_preference: str | None = None
    expected_salary: float | None = None
    expected_salary_currency: str | None = None


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (
            {"preferred_locations": ["Germany", "Texas", "SF"]},
            {"preferred_locations": ("DE", "US-TX", "San Francisco, CA")},
        ),
        ({"preferred_locations": ["Berlin"], "location": "Austin, TX"}, {"preferred_locations": ("Berlin, Germany",)}),
        ({"location": "Austin, TX"}, {"preferred_locations": ("Austin, TX",)}),
        ({"preferred_locations": ["Remote"]}, {"remote_preference": "remote"}),
        ({"preferred_locations": ["Remote"], "remote_preference": "onsite"}, {"remote_preference": "onsite"}),
        # Continents are ignored, because their countries are not known.
        ({"preferred_locations": ["Europe"]}, {}),
        ({"expected_salary": 9e4}, {"expected_salary_usd": 9e4}),
        ({"expected_salary": 9e4, "expected_salary_currency": "USD"}, {"expected_salary_usd": 9e4}),
        ({"expected_salary": 9e4, "expected_salary_currency": "EUR"}, {}),
        ({"experience_years": 0}, {"experience_years": 0}),
    ],
)
def test_builds_the_candidate_profile(profile, expected):
    user: Any = SignedInUser(**profile)

    held = HeldSkills(named=("go",), through={"backend": "go"})
    assert build_candidate_profile(user, held=held) == CandidateProfile(skills=frozenset({"go", "backend"}), **expected)


def test_scores_outlive_postings_by_default():
    assert timedelta(days=90) < MATCH_TTL
