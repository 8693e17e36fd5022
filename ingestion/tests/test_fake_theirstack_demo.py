"""Fictional jobs: reproducible by seed, in TheirStack's format, and plausible in bulk."""

import re
from collections import Counter
from datetime import date, timedelta

import pytest

from ingestion.role_searches import DEFAULT_ROLES
from ingestion.sources.theirstack.fake.job_sources import MAX_SEED, build_jobs
from ingestion.sources.theirstack.transform import transform_job

TODAY = date(2026, 3, 20)


@pytest.fixture(scope="module")
def jobs():
    return list(build_jobs(count=4_000, seed=7, today=TODAY))


def test_yields_the_same_jobs_for_the_same_arguments():
    first, second = (list(build_jobs(count=50, seed=3, today=TODAY)) for _ in range(2))

    assert first == second


def test_yields_other_jobs_for_another_seed():
    first, second = (list(build_jobs(count=50, seed=seed, today=TODAY)) for seed in (3, 4))

    assert not {job["id"] for job in first} & {job["id"] for job in second}
    assert [job["job_title"] for job in first] != [job["job_title"] for job in second]


def test_the_jobs_of_tomorrow_include_those_of_today():
    today = {job["id"]: job for job in build_jobs(count=3_000, today=TODAY)}
    tomorrow = {job["id"]: job for job in build_jobs(count=3_000, today=TODAY + timedelta(days=1))}

    shared = today.keys() & tomorrow.keys()

    assert len(shared) > 2_800
    assert all(today[job_id] == tomorrow[job_id] for job_id in shared)
    assert any(job["date_posted"] == "2026-03-21" for job in tomorrow.values())


@pytest.mark.parametrize("count", [0, 1, 7, 1_000])
def test_yields_exactly_the_requested_count(count):
    assert len(list(build_jobs(count=count, today=TODAY))) == count


def test_ids_and_urls_are_unique(jobs):
    assert len({job["id"] for job in jobs}) == len(jobs)
    assert len({job["url"] for job in jobs}) == len(jobs)
    assert all(0 < job["id"] < 2**53 for job in jobs)


def test_dates_fill_the_window_and_thin_out_at_weekends(jobs):
    days = Counter(date.fromisoformat(job["date_posted"]) for job in jobs)

    assert min(days) == TODAY - timedelta(days=119)
    assert max(days) == TODAY
    saturdays = [count for day, count in days.items() if day.weekday() == 5]
    tuesdays = [count for day, count in days.items() if day.weekday() == 1]
    assert sum(saturdays) / len(saturdays) < sum(tuesdays) / len(tuesdays) / 2


def test_every_job_is_discovered_in_the_first_minute_of_its_day(jobs):
    assert all(job["discovered_at"].startswith(f"{job['date_posted']}T00:00:") for job in jobs)
    assert {len(job["discovered_at"]) for job in jobs} == {19, 27}


def test_has_many_postings_of_every_default_role(jobs):
    titles = [job["job_title"] for job in jobs]

    for role in DEFAULT_ROLES:
        assert sum(role in title for title in titles) >= 60, role


@pytest.mark.parametrize(
    "role",
    [
        *("Kubernetes Engineer", "AWS Solutions Architect", "NLP Engineer", "Penetration Tester", "AR/VR Developer"),
        *("Embedded Systems Engineer", "Data Warehouse Engineer", "Technical Architect", "Developer Advocate"),
        "Sales Engineer",
    ],
)
def test_has_recent_postings_of_rarer_roles_in_the_us_or_remote(jobs, role):
    first_day = (TODAY - timedelta(days=29)).isoformat()

    found = [job for job in jobs if role in job["job_title"] and job["date_posted"] >= first_day]

    assert [job for job in found if job["country_code"] == "US" or job["remote"]]


def test_every_job_becomes_a_posting(jobs):
    postings = [transform_job(job) for job in jobs]

    assert len({posting.location for posting in postings}) > 30
    assert len({posting.country_code for posting in postings}) > 10
    assert {posting.remote for posting in postings} == {True, False, None}
    assert {posting.seniority for posting in postings} > {"junior", "senior", "staff"}


def test_descriptions_are_markdown_and_name_the_employer(jobs):
    assert all(job["company"] in job["description"] and "\n- " in job["description"] for job in jobs)
    assert all(1_700 <= len(job["description"]) <= 3_000 for job in jobs)


def test_a_third_of_the_jobs_have_a_plausible_salary(jobs):
    paid = [job for job in jobs if job.get("min_annual_salary_usd")]

    assert 0.28 < len(paid) / len(jobs) < 0.4
    assert all(15_000 <= job["min_annual_salary_usd"] <= 600_000 for job in paid)
    assert all(job["min_annual_salary_usd"] <= (job["max_annual_salary_usd"] or 600_000) for job in paid)


def test_unknown_values_are_null_or_missing(jobs):
    assert any("min_annual_salary_usd" not in job for job in jobs)
    assert any(job.get("min_annual_salary_usd", 0) is None for job in jobs)
    assert any(not job["technology_slugs"] for job in jobs)


def test_people_and_employers_are_obviously_invented(jobs):
    teams = [job["hiring_team"] for job in jobs if job.get("hiring_team")]
    hosts = set(re.findall(r"https?://([^/\"']+)", str(jobs)))

    assert 0.05 < len(teams) / len(jobs) < 0.2
    assert all(member["full_name"].endswith("Placeholder") for team in teams for member in team)
    assert all(host.endswith("example.com") for host in hosts)
    assert all(job["company_object"]["technology_slugs"] for job in jobs)


def test_demand_grows_for_some_skills_and_shrinks_for_others():
    before, after = (
        Counter(slug for job in build_jobs(today=day, days=30, count=12_000) for slug in job["technology_slugs"])
        for day in (TODAY - timedelta(days=30), TODAY)
    )

    growth = {slug: after[slug] / before[slug] for slug, _ in before.most_common(25)}

    assert max(growth.values()) > 1.08
    assert min(growth.values()) < 0.92


@pytest.mark.parametrize(
    "arguments",
    [{"count": -1}, {"days": 0}, {"seed": -1}, {"seed": MAX_SEED + 1}, {"days": 1, "count": 1_000_001}],
)
def test_rejects_numbers_out_of_range(arguments):
    with pytest.raises(ValueError, match="must"):
        list(build_jobs(**({"count": 10, "today": TODAY} | arguments)))
