"""Generated postings: the same for the same seed, shaped like the source's, plausible in bulk."""

import re
from collections import Counter
from datetime import date, timedelta
from itertools import islice

import pytest

from ingestion.stand_in.generated_roles import roles
from ingestion.stand_in.generated_skills import BOARD_SLUGS, SKILL_NAMES
from ingestion.stand_in.generator import MAXIMUM_SEED, generate_day, generate_jobs

TODAY = date(2026, 3, 20)
SPECIFIED_ROLES = (
    "Software Engineer",
    "Data Scientist",
    "DevOps Engineer",
    "Frontend Developer",
    "Backend Developer",
    "Full Stack Developer",
    "Machine Learning Engineer",
    "Product Manager",
)


@pytest.fixture(scope="module")
def jobs():
    return list(generate_jobs(count=4_000, seed=7, today=TODAY))


def test_yields_the_same_jobs_for_the_same_arguments():
    first, second = (list(generate_jobs(count=50, seed=3, today=TODAY)) for _ in range(2))

    assert first == second


def test_yields_other_jobs_for_another_seed():
    first, second = (list(generate_jobs(count=50, seed=seed, today=TODAY)) for seed in (3, 4))

    assert not {job["id"] for job in first} & {job["id"] for job in second}
    assert [job["job_title"] for job in first] != [job["job_title"] for job in second]


def test_tomorrow_offers_todays_jobs_again():
    today = {job["id"]: job for job in generate_jobs(count=3_000, seed=1, today=TODAY)}
    tomorrow = {job["id"]: job for job in generate_jobs(count=3_000, seed=1, today=TODAY + timedelta(days=1))}

    shared = today.keys() & tomorrow.keys()

    assert len(shared) > 2_800
    assert all(today[job_id] == tomorrow[job_id] for job_id in shared)
    assert any(job["date_posted"] == "2026-03-21" for job in tomorrow.values())


def test_a_days_job_is_the_same_however_many_are_asked_for():
    all_of_them = list(generate_day(day=TODAY, seed=1, count=1_200))

    some = list(generate_day(day=TODAY, seed=1, count=20, first=1_000))

    assert some == all_of_them[1_000:1_020]


@pytest.mark.parametrize("count", [0, 1, 7, 1_000])
def test_yields_exactly_as_many_as_asked_for(count):
    assert len(list(generate_jobs(count=count, seed=1, today=TODAY))) == count


def test_starts_at_once_however_many_are_asked_for():
    first = list(islice(generate_jobs(count=100_000_000, seed=1, today=TODAY), 3))

    assert len(first) == 3


def test_ids_and_addresses_are_unique(jobs):
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


def test_none_is_discovered_before_it_was_posted_or_after_the_first_minute(jobs):
    assert all(job["discovered_at"].startswith(f"{job['date_posted']}T00:00:") for job in jobs)
    assert any(job["discovered_at"].endswith("Z") for job in jobs)
    assert any(len(job["discovered_at"]) == len("2026-01-01T00:00:00") for job in jobs)


def test_has_every_role_of_the_specification_in_numbers_worth_counting(jobs):
    titles = [job["job_title"] for job in jobs]

    for role in SPECIFIED_ROLES:
        assert sum(role in title for title in titles) >= 60, role
    assert len(roles()) >= 33


def test_text_names_the_skills_of_the_slugs(jobs):
    for job in jobs[:500]:
        for slug in set(job["technology_slugs"]) - set(BOARD_SLUGS):
            assert SKILL_NAMES[slug] in job["description"]


def test_some_have_the_board_among_their_slugs_and_some_have_no_slugs_at_all(jobs):
    with_board = sum(not set(BOARD_SLUGS).isdisjoint(job["technology_slugs"]) for job in jobs)
    without_slugs = sum(not job["technology_slugs"] for job in jobs)

    assert 0.15 < with_board / len(jobs) < 0.3
    assert 0.05 < without_slugs / len(jobs) < 0.15


def test_texts_are_markdown_of_two_to_three_kilobytes(jobs):
    lengths = sorted(len(job["description"]) for job in jobs)

    assert lengths[0] >= 1_900
    assert lengths[-1] <= 3_000
    assert all("## " in job["description"] and "\n- " in job["description"] for job in jobs)


def test_a_third_name_a_salary_in_plausible_bounds(jobs):
    paid = [job for job in jobs if job.get("min_annual_salary_usd")]

    assert 0.28 < len(paid) / len(jobs) < 0.4
    assert all(15_000 <= job["min_annual_salary_usd"] <= 600_000 for job in paid)
    both = [job for job in paid if job["max_annual_salary_usd"]]
    assert all(job["min_annual_salary_usd"] <= job["max_annual_salary_usd"] for job in both)
    assert 0 < len(both) < len(paid)


def test_what_is_unknown_is_null_in_some_and_absent_in_others(jobs):
    assert any("min_annual_salary_usd" not in job for job in jobs)
    assert any(job.get("min_annual_salary_usd", 0) is None for job in jobs)
    assert {job["remote"] for job in jobs} == {True, False, None}


def test_recruiters_are_few_and_obviously_invented(jobs):
    teams = [job["hiring_team"] for job in jobs if job["hiring_team"]]

    assert 0.08 < len(teams) / len(jobs) < 0.14
    assert all(member["full_name"].endswith("Placeholder") for team in teams for member in team)


def test_companies_carry_technology_lists_of_their_own(jobs):
    assert all(len(job["company_object"]["technology_slugs"]) > 30 for job in jobs)


def test_every_address_is_an_example(jobs):
    for job in jobs[:500]:
        hosts = re.findall(r"https?://([^/\"']+)", str(job))
        assert hosts
        assert all(host.endswith("example.com") for host in hosts)


def test_demand_grows_for_some_skills_and_shrinks_for_others():
    window = {"seed": 2, "days": 30, "count": 12_000}
    before, after = (
        Counter(slug for job in generate_jobs(today=day, **window) for slug in job["technology_slugs"])
        for day in (TODAY - timedelta(days=30), TODAY)
    )

    growth = {slug: after[slug] / before[slug] for slug, _ in before.most_common(25)}

    assert max(growth.values()) > 1.08
    assert min(growth.values()) < 0.92


@pytest.mark.parametrize(
    "arguments",
    [{"count": -1}, {"days": 0}, {"seed": -1}, {"seed": MAXIMUM_SEED + 1}],
)
def test_refuses_numbers_out_of_range(arguments):
    with pytest.raises(ValueError, match="must be"):
        list(generate_jobs(**({"count": 10, "seed": 1, "today": TODAY} | arguments)))
