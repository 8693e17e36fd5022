"""Jobs by match, by date and by pay; every page in the same order."""

import pytest

from market.jobs import selectors
from market.jobs.filters import JobFilter
from market.jobs.match_score import CandidateProfile
from market.jobs.selectors import BEST_PAID_FIRST, ORDERINGS, find_relevant_jobs
from market.jobs.services import reindex_postings
from market.services import store_postings
from skills.services import seed_skills
from tests.factories import NOW, PostingFactory, days_ago

SEEKER = CandidateProfile(skills=frozenset({"python"}), desired_roles=("Backend Developer",))
BY_PAY = ["both", "dollars", "only-lower", "lower", "twin-new", "twin-old", "euros", "none", "zero"]
NEWEST = ["none", "only-lower", "lower", "both", "dollars", "euros", "zero", "twin-new", "twin-old"]


@pytest.fixture(autouse=True)
def stored(servers_emptied, mongo):
    seed_skills(entries=[{"name": "python", "category": "Programming Languages", "display_name": "Python"}], now=NOW)
    postings = {
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
    store_postings(postings=[PostingFactory(job_id=name, **fields) for name, fields in postings.items()], now=NOW)
    return mongo


@pytest.fixture(params=[2_000, 4], ids=["all are read", "more than are read"])
def counted(request, monkeypatch):
    monkeypatch.setattr(selectors, "MAX_NEWEST", request.param)


def ids(**options):
    return [row["job_id"] for row in find_relevant_jobs(job_filter=JobFilter(), now=NOW, **options).rows]


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize(("ordering", "expected"), [("pay", BY_PAY), ("date", NEWEST)])
@pytest.mark.parametrize("candidate", [SEEKER, None], ids=["a profile", "no profile"])
@pytest.mark.parametrize("size", [1, 2, 4, 100])
def test_pages_through_everything_once_in_the_order_asked_for(ordering, expected, candidate, size):
    found = [
        name
        for offset in range(0, 12, size)
        for name in ids(ordering=ordering, candidate=candidate, limit=size, offset=offset)
    ]

    assert [name for name in found if name not in ("zero", "euros", "none")] == [
        name for name in expected if name not in ("zero", "euros", "none")
    ]
    assert sorted(found) == sorted(expected)
    if ordering == "date":
        assert found == expected
    else:
        # What does not say what it pays in USD: the newest first.
        assert found[-3:] == ["none", "euros", "zero"]


@pytest.mark.usefixtures("counted")
def test_orders_what_a_filter_finds():
    found = find_relevant_jobs(job_filter=JobFilter(min_salary=100_000), ordering="pay", limit=10, offset=0, now=NOW)

    assert [row["job_id"] for row in found.rows] == ["both", "dollars", "only-lower", "lower"]
    assert found.ordered_by == "pay"


def test_reads_the_best_paid_from_an_index(stored):
    find = {"find": "job_postings", "filter": selectors.EVERY_POSTING | selectors._PAID, "limit": 2}
    stats = stored.command("explain", find | {"sort": dict(BEST_PAID_FIRST)}, verbosity="executionStats")

    assert stats["executionStats"]["totalDocsExamined"] <= 2


def test_a_posting_that_does_not_say_any_more_what_it_pays_loses_its_place():
    store_postings(postings=[PostingFactory(job_id="both", date_posted=days_ago(3))], now=NOW)

    assert ids(ordering="pay", limit=1, offset=0) == ["dollars"]


def test_postings_of_an_older_release_get_their_place(stored):
    before = ids(ordering="pay", limit=100, offset=0)
    stored.job_postings.update_many({}, {"$unset": {"pay_usd": ""}})

    assert [reindex_postings(now=NOW), reindex_postings(now=NOW)] == [6, 0]
    assert ids(ordering="pay", limit=100, offset=0) == before


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_says_how_it_has_ordered(register, ordering):
    grace = register(skills=["Python"], target_roles=["Backend Developer"], location=None)

    body = grace.post("/jobs/relevant_jobs", {"ordering": ordering}).json()

    assert body["ordered_by"] == ordering
    assert body["jobs"][0]["job_title"] == "Backend Developer"
    assert all(job["match_score"] is not None for job in body["jobs"])


@pytest.mark.parametrize("ordering", ["", "-date", "salary", None, 1, ["pay"]])
def test_refuses_another_order_by_naming_those_that_there_are(ada, ordering):
    answer = ada.post("/jobs/relevant_jobs", {"ordering": ordering})

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("ordering must ")
