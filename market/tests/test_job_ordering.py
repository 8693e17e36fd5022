"""Ordering of jobs by match, date and pay, and consistent paging."""

from typing import Any

import pytest

from market.jobs import selectors
from market.jobs.filters import EVERY_POSTING, JobFilter
from market.jobs.match_profiles import CandidateProfile
from market.jobs.selectors import BEST_PAID_FIRST, ORDERINGS, find_relevant_jobs
from market.jobs.services import reindex_postings
from market.services import store_postings
from skills.services import seed_skills
from tests.factories import NOW, PostingFactory, days_ago

CANDIDATE = CandidateProfile(skills=frozenset({"python"}), desired_roles=("Backend Developer",))
BY_PAY = ["both", "dollars", "only-lower", "lower", "twin-new", "twin-old", "euros", "none", "zero"]
NEWEST = ["none", "only-lower", "lower", "both", "dollars", "euros", "zero", "twin-new", "twin-old"]


@pytest.fixture(autouse=True)
def stored(empty_servers, mongo):
    seed_skills(entries=[{"name": "python", "category": "Programming Languages", "display_name": "Python"}], now=NOW)
    postings: dict[str, dict[str, Any]] = {
        "none": {"date_posted": days_ago(0)},
        "only-lower": {"date_posted": days_ago(1), "min_annual_salary_usd": 150_000},
        "lower": {"date_posted": days_ago(2), "max_annual_salary_usd": 100_000},
        "both": {"date_posted": days_ago(3), "min_annual_salary_usd": 90_000, "max_annual_salary_usd": 200_000},
        "dollars": {"date_posted": days_ago(4), "salary_currency": "USD", "max_annual_salary": 180_000.0},
        "euros": {"date_posted": days_ago(5), "salary_currency": "EUR", "max_annual_salary": 900_000.0},
        "zero": {"date_posted": days_ago(6), "max_annual_salary_usd": 0},
        "twin-new": {"date_posted": days_ago(7), "max_annual_salary_usd": 50_000},
        "twin-old": {"date_posted": days_ago(8), "max_annual_salary_usd": 50_000},
    }
    store_postings(postings=[PostingFactory.build(job_id=name, **fields) for name, fields in postings.items()], now=NOW)
    return mongo


@pytest.fixture(params=[2_000, 4], ids=["all are read", "some are not read"])
def max_newest(request, monkeypatch):
    monkeypatch.setattr(selectors, "MAX_NEWEST", request.param)


def list_ids(**options):
    return [row["job_id"] for row in find_relevant_jobs(job_filter=JobFilter(), now=NOW, **options).rows]


@pytest.mark.usefixtures("max_newest")
@pytest.mark.parametrize(("ordering", "expected"), [("pay", BY_PAY), ("date", NEWEST)])
@pytest.mark.parametrize("candidate", [CANDIDATE, None], ids=["a profile", "no profile"])
@pytest.mark.parametrize("size", [1, 2, 4, 100])
def test_pages_contain_every_posting_once_in_the_requested_order(ordering, expected, candidate, size):
    found = [
        name
        for offset in range(0, 12, size)
        for name in list_ids(ordering=ordering, candidate=candidate, limit=size, offset=offset)
    ]

    assert [name for name in found if name not in ("zero", "euros", "none")] == [
        name for name in expected if name not in ("zero", "euros", "none")
    ]
    assert sorted(found) == sorted(expected)
    if ordering == "date":
        assert found == expected
    else:
        # Postings without pay in USD come last, newest first.
        assert found[-3:] == ["none", "euros", "zero"]


@pytest.mark.usefixtures("max_newest")
def test_orders_filtered_postings():
    found = find_relevant_jobs(job_filter=JobFilter(min_salary=100_000), ordering="pay", limit=10, offset=0, now=NOW)

    assert [row["job_id"] for row in found.rows] == ["both", "dollars", "only-lower", "lower"]
    assert found.ordered_by == "pay"


def test_finds_the_best_paid_by_an_index(stored):
    find = {"find": "job_postings", "filter": EVERY_POSTING | selectors._PAID, "limit": 2}
    stats = stored.command("explain", find | {"sort": dict(BEST_PAID_FIRST)}, verbosity="executionStats")

    assert stats["executionStats"]["totalDocsExamined"] <= 2


def test_a_posting_that_no_longer_states_its_pay_is_ranked_last():
    store_postings(postings=[PostingFactory.build(job_id="both", date_posted=days_ago(3))], now=NOW)

    assert list_ids(ordering="pay", limit=1, offset=0) == ["dollars"]


def test_reindexing_ranks_postings_of_older_releases(stored):
    before = list_ids(ordering="pay", limit=100, offset=0)
    stored.job_postings.update_many({}, {"$unset": {"pay_usd": ""}})

    assert [reindex_postings(now=NOW), reindex_postings(now=NOW)] == [6, 0]
    assert list_ids(ordering="pay", limit=100, offset=0) == before


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_reports_the_applied_ordering(register, ordering):
    grace = register(skills=["Python"], target_roles=["Backend Developer"], location=None)

    body = grace.post("/jobs/relevant_jobs", {"ordering": ordering}).json()

    assert body["ordered_by"] == ordering
    assert body["jobs"][0]["job_title"] == "Backend Developer"
    assert all(job["match_score"] is not None for job in body["jobs"])


@pytest.mark.parametrize("ordering", ["", "-date", "salary", None, 1, ["pay"]])
def test_rejects_an_unknown_ordering(ada, ordering):
    response = ada.post("/jobs/relevant_jobs", {"ordering": ordering})

    assert response.status_code == 400
    assert response.json()["detail"].startswith("ordering must ")
