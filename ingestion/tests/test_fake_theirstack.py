"""Searches in the fake TheirStack: filters, pages, and rejected requests."""

from collections.abc import Iterator

import pytest

from ingestion.sources.theirstack.fake.server import FakeTheirStack
from ingestion.tests.fake_server import NOW, get_ids, search, send_request


def job(job_id, **fields):
    defaults = {
        "id": job_id,
        "job_title": "Software Engineer",
        "date_posted": "2026-03-10",
        "discovered_at": "2026-03-10T08:00:00",
        "company": "Larkhollow Labs",
        "company_domain": "larkhollow-labs.example.com",
        "location": "Austin, TX",
        "country_code": "US",
        "remote": False,
        "technology_slugs": ["python"],
        "description": "We use **Python** here.",
    }
    return defaults | fields


JOBS = [
    job(1),
    job(2, job_title="Full-Stack Developer", remote=True, location="Remote", country_code=None),
    job(3, job_title="Engineer, Software (Senior)", seniority="senior", country_code="GB", location="London, UK"),
    job(4, job_title="React Native Developer", company="Elmstead Bank", technology_slugs=["react-native", "Kotlin"]),
    job(5, date_posted="2026-03-20", discovered_at="2026-03-20T09:30:00.250000Z", remote=None),
    job(6, date_posted="2026-01-02", discovered_at="2026-01-03T00:00:00", closed_at="2026-02-01T00:00:00"),
    job(
        7, country_code=None, location="San Francisco, CA", min_annual_salary_usd=150_000, max_annual_salary_usd=190_000
    ),
    job(8, country_code=None, location="Anywhere", employment_statuses=["contract"], max_annual_salary_usd=90_000.0),
    job(9, country_code=None, country_codes=["DE"], location="Berlin", company_domain=None),
    job(10, country_code=None, location="?", locations=[{"display_name": "Lyon, France", "country_code": "FR"}]),
]


@pytest.fixture(scope="module")
def ten_jobs() -> Iterator[FakeTheirStack]:
    with FakeTheirStack(jobs=JOBS, clock=lambda: NOW) as running:
        yield running


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"job_title_or": ["software engineer"]}, {1, 3, 5, 6, 7, 8, 9, 10}),
        ({"job_title_or": ["ENGINEER software"]}, {1, 3, 5, 6, 7, 8, 9, 10}),
        ({"job_title_or": ["full stack developer"]}, {2}),
        ({"job_title_or": ["React Developer", "Full-Stack"]}, {2, 4}),
        ({"job_title_or": ["engine"]}, set()),
        ({"job_title_or": ["developer"], "job_title_not": ["react native"]}, {2}),
        ({"job_title_pattern_or": ["^Engineer", "Native"]}, {3, 4}),
        ({"job_title_pattern_and": ["Dev", "Native"]}, {4}),
        ({"job_title_pattern_not": ["(?i)engineer"]}, {2, 4}),
        ({"job_country_code_or": ["US"]}, {1, 4, 5, 6, 7}),
        ({"job_country_code_or": ["GB", "DE"]}, {3, 9}),
        ({"job_country_code_or": ["FR"]}, {10}),
        ({"job_country_code_not": ["US"]}, {2, 3, 8, 9, 10}),
        ({"job_location_pattern_or": ["San Francisco", "Lyon"]}, {7, 10}),
        ({"job_location_pattern_not": ["TX$"]}, {2, 3, 7, 8, 9, 10}),
        ({"remote": True}, {2}),
        ({"remote": False}, {1, 3, 4, 6, 7, 8, 9, 10}),
        ({"remote": None, "job_title_or": []}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
        ({"posted_at_max_age_days": 0}, {5}),
        ({"posted_at_max_age_days": 10}, {1, 2, 3, 4, 5, 7, 8, 9, 10}),
        ({"posted_at_gte": "2026-03-11"}, {5}),
        ({"posted_at_lte": "2026-01-31"}, {6}),
        ({"discovered_at_gte": "2026-03-20T09:30:00Z"}, {5}),
        ({"discovered_at_gte": "2026-03-20T09:31:00Z"}, set()),
        ({"discovered_at_gte": "2026-03-10T08:00:00Z", "discovered_at_lte": "2026-03-11"}, {1, 2, 3, 4, 7, 8, 9, 10}),
        ({"discovered_at_max_age_days": 1}, {5}),
        ({"discovered_at_min_age_days": 30}, {6}),
        ({"is_closed": True}, {6}),
        ({"closed_at_gte": "2026-01-15"}, {6}),
        ({"closed_at_lte": "2026-01-15"}, set()),
        ({"job_id_or": [2, 99]}, {2}),
        ({"job_id_not": [1, 2, 3, 4, 5, 6]}, {7, 8, 9, 10}),
        ({"job_seniority_or": ["senior"]}, {3}),
        ({"employment_statuses_or": ["contract"]}, {8}),
        ({"min_salary_usd": 160_000}, {7}),
        ({"max_salary_usd": 100_000}, {8}),
        ({"job_technology_slug_or": ["react-native"]}, {4}),
        ({"job_technology_slug_or": ["kotlin"]}, set()),
        ({"job_technology_slug_and": ["react-native", "Kotlin"]}, {4}),
        ({"job_technology_slug_not": ["python"]}, {4}),
        ({"company_name_or": ["Elmstead Bank"]}, {4}),
        ({"company_name_not": ["Larkhollow Labs"]}, {4}),
        ({"company_name_case_insensitive_or": ["elmstead bank"]}, {4}),
        ({"company_name_partial_match_or": ["elm"]}, {4}),
        ({"company_name_partial_match_not": ["lark"]}, {4}),
        ({"company_domain_not": ["larkhollow-labs.example.com"]}, {9}),
        ({"job_description_pattern_or": ["(?i)python"], "job_id_or": [1]}, {1}),
        ({"job_description_contains_or": ["pyth"]}, set()),
        ({"job_description_contains_not": ["rust"], "job_id_or": [1]}, {1}),
    ],
)
def test_returns_the_jobs_that_match_the_filter(ten_jobs, filters, expected):
    response = search(ten_jobs, **filters)

    assert response.status_code == 200, response.text
    assert set(get_ids(response)) == expected


@pytest.mark.parametrize(
    "filters", [{"company_name_or": ["x"]}, {"company_domain_or": ["x"]}, {"posted_at_lte": "2026-01-01"}]
)
def test_accepts_any_of_the_required_filters(ten_jobs, filters):
    assert search(ten_jobs, posted_at_gte=None, **filters).status_code == 200


def test_lists_newest_first_then_by_descending_id(ten_jobs):
    assert get_ids(search(ten_jobs)) == [5, 10, 9, 8, 7, 4, 3, 2, 1, 6]


def test_pages_begin_at_zero_and_the_last_one_is_short(ten_jobs):
    pages = [get_ids(search(ten_jobs, limit=4, page=page)) for page in range(4)]

    assert pages == [[5, 10, 9, 8], [7, 4, 3, 2], [1, 6], []]


def test_an_offset_skips_jobs(ten_jobs):
    assert get_ids(search(ten_jobs, limit=2, offset=7)) == [2, 1]


def test_a_page_has_25_jobs_by_default(start_fake):
    assert len(get_ids(search(start_fake()))) == 25


def test_totals_are_null_unless_requested(ten_jobs):
    unrequested = search(ten_jobs, limit=1).json()["metadata"]
    requested = search(ten_jobs, limit=1, include_total_results=True).json()["metadata"]

    assert unrequested == {
        "total_results": None,
        "truncated_results": 0,
        "truncated_companies": 0,
        "total_companies": None,
    }
    assert (requested["total_results"], requested["total_companies"]) == (10, 2)


def test_returns_jobs_unchanged(ten_jobs):
    assert search(ten_jobs, job_id_or=[7]).json()["data"] == [JOBS[6]]


def test_a_preview_masks_the_employer(ten_jobs):
    row = search(ten_jobs, job_id_or=[1], blur_company_data=True).json()["data"][0]

    assert row["has_blurred_data"] is True
    assert row["company"] == row["description"] == row["company_domain"] == "***"
    assert row["technology_slugs"] == ["python"]


def test_rejects_a_search_without_a_required_filter(ten_jobs):
    response = search(ten_jobs, posted_at_gte=None, job_title_or=["engineer"], discovered_at_gte="2026-01-01")

    assert response.status_code == 422
    assert response.json()["request_id"] is None
    assert set(response.json()["error"]) == {"code", "title", "description"}
    assert "posted_at_gte" in response.json()["error"]["description"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", 0),
        ("limit", "ten"),
        ("page", -1),
        ("technology_slug_or", ["python"]),
        ("job_country_code_or", ["United States"]),
        ("job_seniority_or", ["senior_level"]),
        ("job_title_pattern_or", ["("]),
        ("job_title_or", "engineer"),
        ("job_id_not", ["1"]),
        ("posted_at_gte", "yesterday"),
        ("discovered_at_gte", "soon"),
        ("posted_at_max_age_days", True),
        ("min_salary_usd", "much"),
        ("remote", "yes"),
    ],
)
def test_names_an_invalid_field_in_the_format_of_fastapi(ten_jobs, field, value):
    response = search(ten_jobs, **{field: value})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", field]


@pytest.mark.parametrize("body", [b"{", b"[]", b""])
def test_rejects_a_body_that_is_not_an_object(ten_jobs, body):
    response = send_request(ten_jobs, "POST", "/v1/jobs/search", data=body)

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body"]
