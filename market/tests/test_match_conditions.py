"""The conditions of a match score: years of experience, place and work mode, and salary."""

import pytest

from market.jobs.match_profiles import CandidateProfile, JobProfile
from market.jobs.match_score import score_match

TWO_COUNTRIES = frozenset({"GB", "DE"})


def list_parts(candidate: CandidateProfile, job_profile: JobProfile) -> dict[str, int]:
    match = score_match(candidate=candidate, job_profile=job_profile, demand={})
    return {part.name: part.score for part in match.parts} if match else {}


@pytest.mark.parametrize(
    ("years", "required", "score"), [(5, 5, 100), (9, 5, 100), (3, 5, 60), (0, 5, 0), (0, 0, 100), (2.5, 3, 83)]
)
def test_compares_years(years, required, score):
    assert list_parts(CandidateProfile(experience_years=years), JobProfile(years_asked=required)) == {"years": score}


@pytest.mark.parametrize(
    ("expected", "low", "high", "score"),
    [
        (100_000, 90_000, 110_000, 100),
        (100_000, 100_000, None, 100),
        (100_000, None, 90_000, 80),
        (100_000, 60_000, 75_000, 50),
        (100_000, 20_000, 30_000, 0),
        # An amount that cannot be annual pay is ignored.
        (100_000, 40, 80_000, 60),
    ],
)
def test_compares_pay(expected, low, high, score):
    job_profile = JobProfile(min_salary_usd=low, max_salary_usd=high)

    assert list_parts(CandidateProfile(expected_salary_usd=expected), job_profile) == {"salary": score}


@pytest.mark.parametrize(
    ("preference", "places", "job_profile", "score"),
    [
        ("remote", (), JobProfile(remote=True), 100),
        ("remote", (), JobProfile(remote=False), 0),
        ("remote", (), JobProfile(remote=True, hybrid=True), 40),
        ("hybrid", (), JobProfile(hybrid=True), 100),
        ("onsite", (), JobProfile(remote=True), 20),
        ("any", ("US-TX",), JobProfile(place="Austin, TX", country_code="US"), 100),
        # In another place of a preferred country, and in another country.
        (None, ("US-TX",), JobProfile(place="Denver, CO", country_code="US"), 25),
        ("onsite", ("US-TX",), JobProfile(place="Denver, CO", country_code="US", remote=False), 25),
        ("onsite", ("US-TX",), JobProfile(place="Berlin, Germany", country_code="DE", remote=False), 0),
        # The country of a label whose source gives no country.
        (None, ("US-CO",), JobProfile(place="Denver, CO"), 100),
        (None, ("US",), JobProfile(place="Denver, CO", country_code="US"), 100),
        (None, ("DE",), JobProfile(place="Remote", country_code="DE", remote=False), 100),
        (None, ("Winston-Salem, NC",), JobProfile(place="Winston-Salem, NC", country_code="US"), 100),
        (None, ("Austin, TX",), JobProfile(place="Denver, CO", country_code="US", remote=True), 100),
        # A remote job in another country loses two thirds. A world region is no country.
        (None, ("Austin, TX",), JobProfile(place="Berlin, Germany", country_code="DE", remote=True), 33),
        ("remote", ("US",), JobProfile(place="Remote", country_code="DE", remote=True), 33),
        ("hybrid", ("US",), JobProfile(place="Remote", country_code="DE", remote=True), 19),
        ("remote", ("US",), JobProfile(place="Remote", remote=True), 100),
        ("remote", ("FR",), JobProfile(place="EMEA", country_code="DE", remote=True), 100),
        (
            "remote",
            ("DE",),
            JobProfile(place="Remote", country_code="GB", country_codes=TWO_COUNTRIES, remote=True),
            100,
        ),
        ("remote", ("Austin, TX",), JobProfile(place="Austin, TX", remote=False), 50),
        ("hybrid", ("Austin, TX",), JobProfile(place="Austin, TX", hybrid=True), 100),
        # One of several countries is enough.
        (
            None,
            ("DE",),
            JobProfile(place="London, United Kingdom", country_code="GB", country_codes=TWO_COUNTRIES),
            100,
        ),
        (None, ("FR",), JobProfile(place="London, United Kingdom", country_code="GB", country_codes=TWO_COUNTRIES), 0),
    ],
)
def test_compares_place_and_work_mode(preference, places, job_profile, score):
    candidate = CandidateProfile(remote_preference=preference, preferred_locations=places)

    assert list_parts(candidate, job_profile) == {"place": score}


@pytest.mark.parametrize(
    ("title", "seniority", "required", "years", "score"),
    [
        # A job for beginners fits up to three years, and each further year deducts 20 points.
        ("Software Engineer Intern", None, None, 0, 100),
        ("Software Engineer, New Grad", None, None, 3, 100),
        ("Junior Python Developer", None, None, 5, 60),
        ("Graduate Data Analyst", None, None, 12, 0),
        ("Data Analyst", "junior", None, 5, 60),
        ("Junior Python Developer", None, 2, 1, 50),
        ("Junior Python Developer", None, 4, 5, 80),
        # A title with a level suggests a minimum if the posting states no years.
        ("Senior Data Engineer", None, None, 2, 50),
        ("Sr. Data Engineer", None, None, 9, 100),
        ("Staff Engineer", None, None, 3, 50),
        ("Head of Data", None, None, 6, 100),
        ("Senior Data Engineer", None, 2, 2, 100),
    ],
)
def test_compares_years_with_the_level_of_the_job(title, seniority, required, years, score):
    job_profile = JobProfile(title=title, seniority=seniority, years_asked=required)

    assert list_parts(CandidateProfile(experience_years=years), job_profile) == {"years": score}


@pytest.mark.parametrize(
    "title",
    [
        *("Data Engineer", "Internal Auditor", "Graduate Recruiter", "Graduate Program Coordinator"),
        *(
            "Lead Generation Specialist",
            "Member of Technical Staff",
            "Chief of Staff",
            "Staff Accountant",
            "International Tax",
        ),
    ],
)
def test_a_title_without_a_level_has_no_years_to_compare(title):
    assert list_parts(CandidateProfile(experience_years=1), JobProfile(title=title)) == {}


@pytest.mark.parametrize(
    ("title", "required", "sentence"),
    [
        ("Data Engineer", 5, "The posting asks for 5 years of experience; you have 1 year."),
        ("Senior Data Engineer", None, "The title suggests at least 4 years of experience; you have 1 year."),
        ("Data Engineer Intern", None, "The job is for beginners; you have 1 year."),
    ],
)
def test_says_which_years_were_compared(title, required, sentence):
    match = score_match(
        candidate=CandidateProfile(experience_years=1),
        job_profile=JobProfile(title=title, years_asked=required),
        demand={},
    )

    assert match is not None
    assert match.explanation.startswith(sentence)


def test_says_that_a_remote_job_is_in_another_country():
    match = score_match(
        candidate=CandidateProfile(preferred_locations=("US",), remote_preference="remote"),
        job_profile=JobProfile(place="Berlin, Germany", country_code="DE", remote=True),
        demand={},
    )

    assert match is not None
    assert match.parts[0].sentence == (
        "The job is remote and you prefer remote work; Berlin, Germany is not in a country that you prefer."
    )
