"""Relevant jobs: ranking for the current user, paging, facets and validation."""

from typing import Any

import pytest
from bson import ObjectId

from accounts.matches.services import match_job
from market.jobs import selectors
from market.jobs.facets import count_facets
from market.jobs.filters import JobFilter
from market.jobs.match_profiles import CandidateProfile
from market.jobs.selectors import find_relevant_jobs
from market.jobs.services import hide_postings
from market.refresh import refresh_stats
from market.services import store_postings
from skills.services import seed_skills
from tests.factories import NOW, PostingFactory, days_ago

USER = ObjectId()
CANDIDATE = CandidateProfile(skills=frozenset({"python", "sql"}), desired_roles=("Backend Developer",))


@pytest.fixture(autouse=True)
def vocabulary(empty_servers):
    entries = [
        {"name": name, "category": "Tools/Technologies", "display_name": name.title()}
        for name in ("python", "sql", "java", "docker")
    ]
    seed_skills(entries=entries, now=NOW)


@pytest.fixture
def low_limits(monkeypatch):
    """Lower the limits so that a few postings exceed them, and allow enough time to count on a slow machine."""
    monkeypatch.setattr(selectors, "MAX_NEWEST", 4)
    monkeypatch.setattr(selectors, "MAX_EXTRA", 3)
    monkeypatch.setattr(selectors, "MAX_SCANNED", 6)
    monkeypatch.setattr(selectors, "MAX_TOTAL", 10)
    monkeypatch.setattr(selectors, "COUNTING_SECONDS", 60)


def store(*postings, role=None):
    store_postings(postings=postings, role=role, now=NOW)


def store_five():
    store(
        PostingFactory(job_id="java", title="Java Developer", technology_slugs=("java",), date_posted=days_ago(0)),
        PostingFactory(job_id="nurse", title="Nurse", technology_slugs=(), date_posted=days_ago(1)),
        PostingFactory(job_id="half", technology_slugs=("python", "java"), date_posted=days_ago(2)),
        PostingFactory(job_id="old", technology_slugs=("python", "sql"), date_posted=days_ago(9)),
        PostingFactory(job_id="new", technology_slugs=("python", "sql"), date_posted=days_ago(3)),
    )


def list_ids(rows) -> list[str]:
    return [row["job_id"] for row in rows]


def list_all_pages(*, size=2, **options):
    """Return the rows of all pages."""
    rows, offset = [], 0
    while page := find_relevant_jobs(limit=size, offset=offset, now=NOW, **options).rows:
        rows += page
        offset += size
    return rows


def test_sorts_by_score_then_newest_first():
    store_five()

    found = find_relevant_jobs(job_filter=JobFilter(), candidate=CANDIDATE, limit=10, offset=0, now=NOW)

    assert list_ids(found.rows)[:3] == ["new", "old", "half"]
    scores: list[Any] = [found.scores[row["_id"]] for row in found.rows]
    assert scores[0] == scores[1] == 100
    assert scores == sorted(scores, reverse=True)
    assert found.ordered_by == "match"


def test_scores_equal_those_of_single_jobs(mongo):
    store_five()
    store(PostingFactory(title="Data Engineer", technology_slugs=("sql",)), role="Data Engineer")
    refresh_stats(now=NOW)

    found = find_relevant_jobs(job_filter=JobFilter(), candidate=CANDIDATE, limit=10, offset=0, now=NOW)

    matches = {row["_id"]: match_job(user_id=USER, candidate=CANDIDATE, posting=row, now=NOW) for row in found.rows}
    assert found.scores == {job: match.match["score"] for job, match in matches.items()}
    assert {match.role for match in matches.values()} == {"data engineer", None}


@pytest.mark.parametrize("candidate", [None, CandidateProfile()])
def test_sorts_newest_first_without_a_profile(candidate):
    store_five()

    found = find_relevant_jobs(job_filter=JobFilter(), candidate=candidate, limit=10, offset=0, now=NOW)

    assert list_ids(found.rows) == ["java", "nurse", "half", "new", "old"]
    assert set(found.scores.values()) == {None}
    assert found.ordered_by == "date"


@pytest.mark.parametrize(
    "candidate",
    [None, CANDIDATE, CandidateProfile(preferred_locations=("DE",)), CandidateProfile(skills=frozenset({"x"}))],
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_pages_contain_every_posting_once(low_limits, mongo, candidate, size):
    store_five()
    store(
        *(PostingFactory(job_id=f"more {n}", date_posted=days_ago(n % 4)) for n in range(9)), role="Backend Developer"
    )

    found = list_all_pages(job_filter=JobFilter(), candidate=candidate, size=size)

    assert len(list_ids(found)) == 14
    assert set(list_ids(found)) == {row["job_id"] for row in mongo.job_postings.find()}
    assert list_ids(found) == list_ids(
        find_relevant_jobs(job_filter=JobFilter(), candidate=candidate, limit=100, offset=0, now=NOW).rows
    )


def test_unscored_postings_follow_newest_first(low_limits):
    store(*(PostingFactory(job_id=f"nurse {n}", title="Nurse", date_posted=days_ago(n)) for n in range(4)))
    store(
        *(
            PostingFactory(job_id=f"dev {n}", technology_slugs=("python", "sql"), date_posted=days_ago(10 + n))
            for n in range(5)
        ),
        role="Backend Developer",
    )

    found = list_all_pages(job_filter=JobFilter(), candidate=CANDIDATE)

    # The newest postings are all for nurses. The scored developers come from the indexes on roles and skills.
    assert list_ids(found)[:3] == ["dev 0", "dev 1", "dev 2"]
    assert list_ids(found)[3:] == ["nurse 0", "nurse 1", "nurse 2", "nurse 3", "dev 3", "dev 4"]


def test_total_is_a_lower_bound_if_counting_times_out(low_limits, monkeypatch):
    monkeypatch.setattr(selectors, "COUNTING_SECONDS", 1e-6)
    store(*(PostingFactory() for _ in range(7)))

    found = find_relevant_jobs(job_filter=JobFilter(), limit=1, offset=0, now=NOW)

    assert (found.total, found.total_is_exact) == (4, False)


def test_ranking_respects_the_filter(low_limits):
    store_five()
    store(*(PostingFactory(job_id=f"de {n}", country_code="DE", date_posted=days_ago(n)) for n in range(6)))

    found = list_all_pages(job_filter=JobFilter(countries=("DE",)), candidate=CANDIDATE)

    assert sorted(list_ids(found)) == [f"de {n}" for n in range(6)]


@pytest.mark.parametrize(("postings", "total", "exact"), [(3, 3, True), (7, 7, True), (10, 10, False), (12, 10, False)])
def test_stops_counting_at_the_maximum(low_limits, postings, total, exact):
    store(*(PostingFactory() for _ in range(postings)))

    found = find_relevant_jobs(job_filter=JobFilter(), limit=1, offset=0, now=NOW)

    assert (found.total, found.total_is_exact) == (total, exact)


def test_facets_count_the_newest(low_limits):
    store(*(PostingFactory(company="Old Inc", date_posted=days_ago(n + 1)) for n in range(4)))
    store(*(PostingFactory(company="New Inc") for _ in range(3)))

    facets = find_relevant_jobs(job_filter=JobFilter(), limit=1, offset=0, now=NOW).facets

    assert facets["postings"] == 4
    assert [(each["value"], each["count"]) for each in facets["companies"]] == [("New Inc", 3), ("Old Inc", 1)]


def test_facet_values_are_valid_filter_values():
    rows: list[dict[str, Any]] = [
        {"skills": ["nodejs", "sql"], "country_codes": ["DE", "AT"], "place": "Berlin, Germany", "remote": True}
        | {"seniority": "senior", "company": "ACME", "company_key": "acme"},
        {"skills": ["sql"], "country_codes": ["DE"], "place": "Remote", "company": "Acme", "company_key": "acme"},
    ]

    facets = count_facets(rows, skill_name={"nodejs": "Node.js"}.get, country_name={"DE": "Germany"}.get)

    assert facets == {
        "postings": 2,
        "skills": [
            {"value": "sql", "label": "sql", "count": 2},
            {"value": "nodejs", "label": "Node.js", "count": 1},
        ],
        "countries": [
            {"value": "DE", "label": "Germany", "count": 2},
            {"value": "AT", "label": "AT", "count": 1},
        ],
        "places": [
            {"value": "Berlin, Germany", "label": "Berlin, Germany", "count": 1},
            {"value": "Remote", "label": "Remote", "count": 1},
        ],
        "remote": [
            {"value": "true", "label": "true", "count": 1},
            {"value": "unknown", "label": "unknown", "count": 1},
        ],
        "seniorities": [{"value": "senior", "label": "senior", "count": 1}],
        "companies": [{"value": "ACME", "label": "ACME", "count": 2}],
    }


def test_hidden_postings_are_neither_found_nor_counted(mongo):
    store(PostingFactory(company="Seen"), PostingFactory(company="Unseen"))
    hide_postings(ids=[mongo.job_postings.find_one({"company": "Unseen"})["_id"]], hidden=True, now=NOW)

    found = find_relevant_jobs(job_filter=JobFilter(), candidate=CANDIDATE, limit=9, offset=0, now=NOW)

    assert ([row["company"] for row in found.rows], found.total, found.facets["postings"]) == (["Seen"], 1, 1)


@pytest.mark.parametrize(("postings", "max_commands"), [(3, 2), (30, 6)])
def test_a_page_takes_few_commands_regardless_of_the_number_of_matches(low_limits, commands, postings, max_commands):
    store(*(PostingFactory() for _ in range(postings)), role="Backend Developer")
    refresh_stats(now=NOW)
    find_relevant_jobs(job_filter=JobFilter(), candidate=CANDIDATE, limit=100, offset=0, now=NOW)
    commands.clear()

    find_relevant_jobs(job_filter=JobFilter(), candidate=CANDIDATE, limit=100, offset=0, now=NOW)

    assert len(commands) <= max_commands, commands


@pytest.fixture
def grace(register):
    """Register a user with skills and a target role."""
    return register(skills=["Python", "SQL"], target_roles=["Backend Developer"], location=None)


def test_returns_jobs_facets_and_ignored_fields(grace):
    store_five()

    response = grace.post("/jobs/relevant_jobs", {"titles": ["backend developer"], "limit": 2, "colour": "red"})

    assert response.status_code == 200
    body = response.json()
    assert (body["messages"], body["ordered_by"], body["total"], body["total_is_exact"]) == (
        "success",
        "match",
        3,
        True,
    )
    assert (body["limit"], body["offset"], body["ignored_fields"]) == (2, 0, ["colour"])
    assert [job["match_score"] for job in body["jobs"]] == [100, 100]
    assert {job["matching_phrase"] for job in body["jobs"]} == {"backend developer"}
    assert body["facets"]["postings"] == 3
    assert body["facets"]["skills"][0] == {"value": "python", "label": "Python", "count": 3}


def test_a_user_without_a_profile_gets_the_newest_jobs_without_scores(register):
    store_five()
    user = register(skills=[], target_roles=[], experience_level=None, location=None)

    body = user.post("/jobs/relevant_jobs", {}).json()

    assert body["ordered_by"] == "date"
    assert [job["match_score"] for job in body["jobs"]] == [None] * 5
    assert [job["job_title"] for job in body["jobs"]][:2] == ["Java Developer", "Nurse"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"offset": -1}, "offset"),
        ({"limit": None}, "limit"),
        ({"remote": {"$ne": None}}, "remote"),
        ({"titles": [{"$gt": ""}]}, "titles.0"),
        ({"countries": ["Narnia"]}, "countries.0"),
        ({"min_salary": {"$gt": 0}}, "min_salary"),
        ({"min_salary": True}, "min_salary"),
    ],
)
def test_rejects_an_invalid_value_and_names_the_field(grace, body, field):
    response = grace.post("/jobs/relevant_jobs", body)

    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert field.partition(".")[0] in response.json()["detail"]


@pytest.mark.parametrize("body", [[], "text", 7, b"{", [{"$where": "1"}]])
def test_rejects_a_body_that_is_not_an_object(grace, body):
    assert grace.post("/jobs/relevant_jobs", body).status_code == 400
