"""The list of all postings, single postings, and the serialized form of a posting."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from market.jobs.filters import EVERY_POSTING
from market.jobs.listings import EXPIRES_AFTER_DAYS, JobListing
from market.jobs.selectors import NewestJobs
from market.jobs.serializers import JobListingSerializer
from market.jobs.services import hide_postings
from market.services import store_postings
from skills.services import seed_skills
from tests.factories import NOW, PostingFactory, days_ago

pytestmark = pytest.mark.usefixtures("empty_servers")


def render_listing(row, *, now=NOW, job_filter=None):
    return JobListingSerializer(JobListing(row, now=now, job_filter=job_filter)).data


def store(*postings):
    store_postings(postings=postings, now=NOW)


def hide(mongo, **query):
    hide_postings(ids=[row["_id"] for row in mongo.job_postings.find(query)], hidden=True, now=NOW)


@pytest.fixture
def complete_posting(mongo):
    """Store a posting with a value in every field."""
    entries: list[dict[str, Any]] = [
        {"name": "nodejs", "display_name": "Node.js", "category": "Frameworks/Libraries", "slugs": ["node-js"]},
        {"name": "python", "display_name": "Python", "category": "Programming Languages"},
    ]
    seed_skills(entries=entries, now=NOW)
    posting = PostingFactory.build(
        title="Backend Developer",
        url="https://jobs.example.com/1",
        company="Acme",
        company_domain="acme.example",
        company_industry="Software",
        company_industry_id=4,
        company_employee_count=1_200,
        location="Berlin, Germany (HQ)",
        place="Berlin, Germany",
        country_code="DE",
        country_codes=("DE",),
        remote=False,
        hybrid=True,
        salary_string="60k - 80k EUR",
        salary_currency="EUR",
        min_annual_salary=60_000.0,
        max_annual_salary=80_000.0,
        seniority="mid_level",
        employment_statuses=("full_time",),
        reposted=True,
        date_posted=days_ago(3),
        date_reposted=days_ago(1),
        easy_apply=True,
        description="You know Python.",
        technology_slugs=("python", "node-js"),
    )
    store(posting)
    mongo.job_postings.update_one({}, {"$set": {"nice_to_have": ["nodejs"], "years_asked": 3.0}})
    return mongo.job_postings.find_one({})


def test_shows_every_field_of_a_posting(complete_posting):
    assert render_listing(complete_posting) == {
        "id": str(complete_posting["_id"]),
        "job_title": "Backend Developer",
        "url": "https://jobs.example.com/1",
        "date_posted": "2026-11-18",
        "company": "Acme",
        "company_domain": "acme.example",
        "location": "Berlin, Germany (HQ)",
        "remote": False,
        "hybrid": True,
        "salary_string": "60k - 80k EUR",
        "min_salary": 60_000.0,
        "max_salary": 80_000.0,
        "currency": "EUR",
        "country": "Germany",
        "country_code": "DE",
        "seniority": "mid_level",
        "description": "You know Python.",
        "reposted": True,
        "date_reposted": "2026-11-20",
        "job_expired": False,
        "industry_id": 4,
        "matching_phrase": None,
        "matching_words": [],
        "experience": 3.0,
        "key_info": [
            "Hybrid",
            "Mid level",
            "Full time",
            "60,000 to 80,000 EUR per year",
            "Requires 3 years of experience",
            "Software",
            "1,200 employees",
            "Easy to apply",
        ],
        "technologies": ["Python", "Node.js"],
        "skills": ["python", "nodejs"],
        "nice_to_have": ["nodejs"],
        "hiring_team": None,
    }


def test_missing_fields_are_null_or_empty(mongo, redis):
    store(
        PostingFactory.build(
            url=None, location="", place="Unknown", description="", technology_slugs=(), date_posted=None
        )
    )

    listing = render_listing(mongo.job_postings.find_one({}))

    filled = {name for name, value in listing.items() if value not in (None, [])}
    assert filled == {"id", "job_title", "company", "job_expired"}
    assert set(listing) == set(JobListingSerializer().fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"date_posted": days_ago(EXPIRES_AFTER_DAYS)}, False),
        ({"date_posted": days_ago(EXPIRES_AFTER_DAYS + 1)}, True),
        ({"date_posted": days_ago(90), "date_reposted": days_ago(2)}, False),
        ({"closed_at": NOW}, True),
        ({"closed_at": NOW + timedelta(hours=1)}, False),
    ],
)
def test_a_posting_expires_when_it_is_closed_or_old(mongo, redis, fields, expected):
    store(PostingFactory.build(**fields))

    assert render_listing(mongo.job_postings.find_one({}))["job_expired"] is expected


@pytest.mark.parametrize(
    ("fields", "pay", "fact"),
    [
        ({"min_annual_salary_usd": 90_000}, (90_000, None, "USD"), "from 90,000 USD per year"),
        ({"max_annual_salary": 5.0, "salary_currency": "GBP"}, (None, 5.0, "GBP"), "up to 5 GBP per year"),
        ({"min_annual_salary": 7.0, "max_annual_salary": 7.0}, (7.0, 7.0, None), "7 per year"),
    ],
)
def test_shows_the_known_parts_of_the_pay(mongo, redis, fields, pay, fact):
    store(PostingFactory.build(**fields))

    listing = render_listing(mongo.job_postings.find_one({}))

    assert (listing["min_salary"], listing["max_salary"], listing["currency"]) == pay
    assert fact in listing["key_info"]


def test_returns_a_posting_by_its_id(ada, complete_posting):
    response = ada.get(f"/jobs/{complete_posting['_id']}")

    assert response.status_code == 200
    assert response.json()["messages"] == "success"
    assert response.json()["job_title"] == "Backend Developer"
    assert response.headers["Cache-Control"] == "private"


@pytest.mark.parametrize("job_id", ["f" * 24, "1", "z" * 24, "$where", "list", "a" * 12, "%00"])
def test_an_unknown_or_malformed_id_is_not_found(ada, complete_posting, job_id):
    assert ada.get(f"/jobs/{job_id}").status_code == 404


def test_a_hidden_posting_is_not_listed_and_not_found(ada, complete_posting, mongo):
    store(PostingFactory.build(title="Other"))
    hide(mongo, title="Backend Developer")

    listed = ada.get("/jobs/list_jobs/").json()

    assert ([job["job_title"] for job in listed["jobs"]], listed["total"]) == (["Other"], 1)
    assert ada.get(f"/jobs/{complete_posting['_id']}").status_code == 404


def test_lists_newest_first_then_by_id(ada, mongo):
    store(*(PostingFactory.build(title=str(n), date_posted=days_ago(n // 3)) for n in range(9)))
    rows = list(mongo.job_postings.find())

    listed = ada.get("/jobs/list_jobs?limit=100").json()

    expected = sorted(rows, key=lambda row: (row["day"], row["_id"]), reverse=True)
    assert [job["id"] for job in listed["jobs"]] == [str(row["_id"]) for row in expected]
    assert (listed["total"], listed["limit"], listed["offset"]) == (9, 100, 0)


def test_pages_have_no_gaps_and_no_repeats(ada):
    store(*(PostingFactory.build(title=str(n)) for n in range(7)))

    pages = [ada.get(f"/jobs/list_jobs?limit=3&offset={offset}").json() for offset in (0, 3, 6, 9)]

    assert [len(page["jobs"]) for page in pages] == [3, 3, 1, 0]
    assert {page["total"] for page in pages} == {7}
    assert len({job["id"] for page in pages for job in page["jobs"]}) == 7


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "offset=1000001"])
def test_rejects_invalid_paging_and_names_the_parameter(ada, query):
    response = ada.get(f"/jobs/list_jobs?{query}")

    assert response.status_code == 400
    assert query.partition("=")[0] in response.json()["detail"]


def test_skipped_postings_are_not_read(mongo, redis):
    store(*(PostingFactory.build() for _ in range(50)))
    find = {
        "find": "job_postings",
        "filter": EVERY_POSTING,
        "projection": {"_id": 1},
        "sort": {"day": -1, "_id": -1},
        "skip": 40,
        "limit": 5,
    }

    stats = mongo.command("explain", find, verbosity="executionStats")["executionStats"]

    assert (stats["nReturned"], stats["totalDocsExamined"]) == (5, 0)


def test_counts_hidden_postings_by_a_separate_index(mongo, redis):
    store(*(PostingFactory.build() for _ in range(50)))
    count = {"aggregate": "job_postings", "pipeline": [{"$match": {"hidden": True}}], "cursor": {}}

    stats = mongo.command("explain", count, verbosity="executionStats")["executionStats"]

    assert stats["totalKeysExamined"] == stats["totalDocsExamined"] == 0


def test_the_number_of_commands_does_not_depend_on_the_page_size(mongo, redis, commands):
    store(*(PostingFactory.build() for _ in range(150)))
    seen = []
    for limit in (1, 100):
        commands.clear()
        newest = NewestJobs()
        assert (len(newest[10 : 10 + limit]), newest.count()) == (limit, 150)
        seen.append(sorted(commands))

    assert seen == [["aggregate", "count", "find", "find"]] * 2


def test_days_are_in_utc(mongo, redis):
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    store_postings(postings=[PostingFactory.build(date_posted=None)], now=late)

    listing = render_listing(mongo.job_postings.find_one({}), now=late)

    assert (listing["date_posted"], listing["job_expired"]) == (None, False)
