"""Conversion of TheirStack's jobs to postings: all fields, rejections, and arbitrary input."""

import dataclasses
import gzip
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingestion.sources.theirstack.transform import transform_job
from ingestion.tests.real_postings import REAL_POSTINGS, needs_real_postings
from ingestion.tests.theirstack_job import FULL_JOB
from market.posting import Posting, PostingRejected

MINIMAL_JOB = {"id": 7, "job_title": "Data Engineer"}


def test_reads_every_field_of_the_api():
    posting = transform_job(FULL_JOB)

    assert posting == Posting(
        source="theirstack",
        job_id="81234567890123",
        url="https://jobs.example.com/7",
        title="Senior Data Engineer",
        company="Acme",
        description="Build **pipelines**.\n\n- SQL",
        normalized_title="data engineer",
        final_url="https://acme.example.com/careers/7",
        source_url="https://board.example.com/view/7",
        company_domain="acme.example.com",
        company_industry="internet",
        company_industry_id=6,
        company_employee_count=7543,
        company_country_code="US",
        company_logo="https://acme.example.com/logo.png",
        company_linkedin_url="http://www.linkedin.com/company/acme",
        location="Tulsa, OK",
        place="Tulsa, OK",
        country_code="US",
        country_codes=("US", "CA", "FR"),
        latitude=36.15,
        longitude=-95.99,
        remote=False,
        hybrid=True,
        technology_slugs=("postgresql", "gitHub-copilot"),
        keyword_slugs=("etl",),
        date_posted=date(2026, 4, 30),
        discovered_at=datetime(2026, 5, 1, 0, 29, 36, 893000, tzinfo=UTC),
        closed_at=None,
        reposted=True,
        date_reposted=date(2026, 5, 1),
        salary_string="$100,000 - $120,000",
        salary_currency="USD",
        min_annual_salary=100000.0,
        max_annual_salary=120000.5,
        min_annual_salary_usd=100000,
        max_annual_salary_usd=120000,
        seniority="senior",
        employment_statuses=("full_time",),
        easy_apply=False,
    )


def test_reads_older_field_names():
    job = {
        "job_id": "123456",
        "title": "Senior Software Engineer",
        "company_object": {"name": "Tech Corp", "domain": "techcorp.example"},
        "locations": ["San Francisco, CA"],
        "description": "...",
        "technology_slugs": ["python", "react", "aws"],
        "job_url": "https://jobs.example.com/123456",
        "posted_at": "2025-10-20T23:30:00-02:00",
        "min_annual_salary_usd": 120000,
        "remote": True,
    }

    posting = transform_job(job)

    assert (posting.job_id, posting.url) == ("123456", "https://jobs.example.com/123456")
    assert (posting.title, posting.company) == ("Senior Software Engineer", "Tech Corp")
    assert posting.company_domain == "techcorp.example"
    assert (posting.location, posting.place) == ("San Francisco, CA", "San Francisco, CA")
    assert posting.date_posted == date(2025, 10, 21)
    assert posting.technology_slugs == ("python", "react", "aws")
    assert (posting.min_annual_salary_usd, posting.remote) == (120000, True)


def test_prefers_current_field_names():
    older = {"job_id": "9", "title": "Cook", "job_url": "https://old.example", "posted_at": "2020-01-01"}

    posting = transform_job(FULL_JOB | older | {"company_object": {"name": "Older"}})

    assert (posting.job_id, posting.title, posting.company) == ("81234567890123", "Senior Data Engineer", "Acme")
    assert (posting.url, posting.date_posted) == ("https://jobs.example.com/7", date(2026, 4, 30))


def test_treats_null_like_missing():
    nulls = dict.fromkeys(FULL_JOB)

    assert transform_job(nulls | MINIMAL_JOB) == transform_job(MINIMAL_JOB)


def test_builds_a_posting_from_a_minimal_job():
    posting = transform_job(MINIMAL_JOB, source="import")

    assert (posting.source, posting.job_id, posting.url, posting.company) == ("import", "7", None, "")
    assert (posting.remote, posting.date_posted, posting.technology_slugs) == (None, None, ())


def test_drops_people_and_company_technologies():
    text = repr(transform_job(FULL_JOB))

    for dropped in ("Jo Person", "jo-person", "kafka", "Kafka", "streaming"):
        assert dropped not in text


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (None, "not_an_object"),
        ("job", "not_an_object"),
        ([FULL_JOB], "not_an_object"),
        ({}, "no_title"),
        (FULL_JOB | {"has_blurred_data": True}, "blurred"),
        (FULL_JOB | {"company_object": {"has_blurred_data": True}}, "blurred"),
        ({"has_blurred_data": "true"}, "blurred"),
        (FULL_JOB | {"job_title": None}, "no_title"),
        (FULL_JOB | {"job_title": " \x00\n\u2003"}, "no_title"),
        (FULL_JOB | {"job_title": 5}, "no_title"),
        (FULL_JOB | {"job_title": ["Engineer"]}, "no_title"),
        (FULL_JOB | {"id": None, "url": None}, "no_id_and_no_url"),
        (FULL_JOB | {"id": "", "url": ""}, "no_id_and_no_url"),
        (FULL_JOB | {"id": True, "url": "javascript:alert(1)"}, "no_id_and_no_url"),
        (FULL_JOB | {"id": {"a": 1}, "url": "jobs/7"}, "no_id_and_no_url"),
        (FULL_JOB | {"id": float("nan"), "url": "https://"}, "no_id_and_no_url"),
        (FULL_JOB | {"id": "x" * 201, "url": "https://[bad"}, "no_id_and_no_url"),
    ],
)
def test_rejects_invalid_jobs_with_a_reason(job, reason):
    with pytest.raises(PostingRejected) as caught:
        transform_job(job)

    assert caught.value.reason == reason
    assert len(str(caught.value)) < 3_000


def test_names_the_rejected_job():
    with pytest.raises(PostingRejected, match="81234567890123"):
        transform_job(FULL_JOB | {"job_title": ""})


def test_equal_jobs_become_equal_postings():
    assert transform_job(json.loads(json.dumps(FULL_JOB))) == transform_job(FULL_JOB)


_texts = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    ["true", "2024-01-01", "https://a.example", "US", "Remote", "nan", "-1", "\x00", "\ud800"]
)
_scalars = st.none() | st.booleans() | st.integers() | st.integers(10**300, 10**310) | st.floats() | _texts
_json = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_texts | st.sampled_from(sorted(FULL_JOB)), inner, max_size=4)
    ),
    max_leaves=12,
)
_location_objects = st.dictionaries(
    st.sampled_from(["name", "display_name", "type", "state_code", "country_code", "latitude"]), _json
)
_required: dict[str, st.SearchStrategy[Any]] = {"id": st.integers(0, 2**53), "job_title": st.text("abc", min_size=1)}
_jobs = st.fixed_dictionaries(
    _required,
    optional=dict.fromkeys(sorted(FULL_JOB.keys() - {"id", "job_title", "has_blurred_data"}), _json)
    | {
        "company_object": st.dictionaries(st.sampled_from(sorted(FULL_JOB["company_object"])), _json),
        "locations": st.lists(_location_objects | _json, max_size=3),
    },
)
_unchecked_jobs = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys([*FULL_JOB, "job_id", "job_url", "title", "posted_at"], _json)
    | {"id": st.integers(), "job_title": _texts, "locations": st.lists(_location_objects | _json, max_size=3)},
)


def _read(job):
    try:
        return transform_job(job), None
    except PostingRejected as error:
        return None, error.reason


def _assert_storable(posting):
    assert posting.title
    assert posting.job_id or posting.url
    for value in dataclasses.asdict(posting).values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, str):
                assert "\x00" not in item
                item.encode()
            if isinstance(item, float):
                assert abs(item) < 1e12
            if isinstance(item, int):
                assert 0 <= item < 2**53
            if isinstance(item, datetime):
                assert item.utcoffset() == timedelta(0)


@given(_jobs)
@example(FULL_JOB)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_job_with_id_and_title_always_becomes_a_storable_posting(job):
    _assert_storable(transform_job(job))


@given(_unchecked_jobs | _json)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_input_becomes_a_storable_posting_or_is_rejected_with_a_reason(job):
    posting, reason = _read(job)

    assert reason in {None, "not_an_object", "blurred", "no_title", "no_id_and_no_url"}
    if posting is not None:
        _assert_storable(posting)


@needs_real_postings
def test_reads_all_real_postings():
    with gzip.open(REAL_POSTINGS, "rt") as lines:
        jobs = [json.loads(line) for line in lines]

    postings = [transform_job(job) for job in jobs]

    assert len(postings) == 8144
    assert all(
        (posting.job_id, posting.url, posting.remote) == (str(job["id"]), job["url"], job["remote"])
        for posting, job in zip(postings, jobs, strict=True)
    )
    assert all(posting.title and posting.company and posting.place and posting.date_posted for posting in postings)
    assert sum(posting.min_annual_salary_usd is not None for posting in postings) == sum(
        bool(job["min_annual_salary_usd"]) for job in jobs
    )
