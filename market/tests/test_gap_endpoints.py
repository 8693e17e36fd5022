"""GET /skills/gap-analysis over HTTP."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.services import change_profile
from career_navigator.cache import reset_caches
from market.membership import register_role
from market.refresh import refresh_stats
from market.services import store_postings
from market.tests.candidates import ENTRIES, sign_up, store
from market.trends import compute_wilson_interval
from skills.services import seed_skills
from tests.factories import PostingFactory
from tests.other_servers import NO_MONGODB, NO_REDIS, mongodb_at, redis_at
from tests.queued import take_queued

GAP_FIELDS = {
    "role": str,
    "total_postings_analyzed": int,
    "required_skills": list,
    "soft_skills": list,
    "spoken_languages": list,
    "missing_skills": list,
    "coverage_percentage": float,
    "weighted_coverage_percentage": float,
    "skill_match_count": int,
    "total_required_skills": int,
    "reachable_percentage": float,
    "learn_next": list,
    "alternatives": list,
    "window_days": int,
    "computed_at": str,
    "distinct_jobs": int,
    "employers": int,
    "top_employer_share": float,
    "warning": type(None),
    "approximate_before": type(None),
}


@pytest.fixture(autouse=True)
def _servers(empty_servers):
    seed_skills(entries=ENTRIES, now=timezone.now())


@pytest.fixture
def ada():
    return sign_up()


def test_returns_required_held_and_missing_skills(ada):
    store("python docker", "python docker kubernetes", "python kubernetes", "python postgres", "python")

    analysis = ada.get_gaps()

    assert {name: type(value) for name, value in analysis.items()} == GAP_FIELDS
    assert (analysis["role"], analysis["total_postings_analyzed"], analysis["window_days"]) == (
        "Software Engineer",
        5,
        30,
    )
    assert analysis["required_skills"][0] == {
        "skill": "python",
        "display_name": "Python",
        "category": "Programming Languages",
        "required_percentage": 100.0,
        "user_has": True,
        "held_through": None,
        "kind": "technology",
        "confidence_interval": dict(zip(("low", "high"), compute_wilson_interval(count=5, of=5), strict=True)),
        "salary_median_with": None,
        "salary_median_without": None,
        "previous_percentage": None,
        "change_in_points": None,
        "growth_percentage": None,
        "change_interval": None,
        "trend": None,
    }
    required = [(each["skill"], each["required_percentage"], each["user_has"]) for each in analysis["required_skills"]]
    assert required[1:] == [("docker", 40.0, False), ("kubernetes", 40.0, False)]
    assert analysis["missing_skills"] == ["docker", "kubernetes"]
    assert (analysis["skill_match_count"], analysis["total_required_skills"]) == (1, 3)
    assert (analysis["coverage_percentage"], analysis["weighted_coverage_percentage"]) == (33.3, 55.6)
    assert analysis["reachable_percentage"] == 20.0
    assert analysis["learn_next"] == [
        {
            "skill": "docker",
            "display_name": "Docker",
            "skills": ["docker"],
            "hours": 20,
            "reachable_percentage": 40.0,
            "coverage_percentage": 66.7,
        },
        {
            "skill": "kubernetes",
            "display_name": "Kubernetes",
            "skills": ["kubernetes"],
            "hours": 50,
            "reachable_percentage": 80.0,
            "coverage_percentage": 100.0,
        },
    ]
    assert analysis["computed_at"].endswith("Z")


def test_says_through_which_skill_another_one_is_held_and_lists_soft_skills_apart(ada):
    entries: list[dict[str, Any]] = [
        {"name": "django", "display_name": "Django", "category": "Frameworks/Libraries", "implies": ["python"]},
        {"name": "english", "display_name": "English", "category": "Soft Skills", "kind": "spoken_language"},
        {"name": "teamwork", "display_name": "Teamwork", "category": "Soft Skills"},
    ]
    seed_skills(entries=[*ENTRIES, *entries], now=timezone.now())
    reset_caches()
    store("python english", "python teamwork english")
    grace = sign_up(skills=["Django", "Teamwork"])

    analysis = grace.get_gaps()

    (python,) = analysis["required_skills"]
    assert (python["skill"], python["user_has"], python["held_through"]) == ("python", True, "django")
    assert [(each["skill"], each["user_has"]) for each in analysis["soft_skills"]] == [("teamwork", True)]
    assert [(each["skill"], each["user_has"]) for each in analysis["spoken_languages"]] == [("english", False)]
    assert (analysis["missing_skills"], analysis["total_required_skills"]) == ([], 1)
    assert (analysis["coverage_percentage"], analysis["reachable_percentage"]) == (100.0, 100.0)
    (role,) = orjson.loads(grace.get("/skills/roles").content)["roles"]
    assert (role["coverage_percentage"], role["total_required_skills"]) == (100.0, 1)


def test_applies_the_threshold_and_the_window(ada):
    store("python docker", "python", "python", "python")
    store("kubernetes", days_ago=30)

    assert ada.get_gaps(threshold=0.25)["missing_skills"] == ["docker"]
    assert ada.get_gaps(threshold=0.26)["missing_skills"] == []
    longer = ada.get_gaps(days=31, threshold=0.2)
    assert (longer["total_postings_analyzed"], longer["missing_skills"]) == (5, ["docker", "kubernetes"])


def test_returns_pay_and_growth_if_there_are_enough_postings(ada):
    store(*["python"] * 10, *["docker"] * 10, days_ago=35)
    pay = {"min_annual_salary_usd": 90_000, "max_annual_salary_usd": 110_000}
    store(*["python"] * 20, **pay, refresh=False)
    store(*["docker"] * 20, min_annual_salary_usd=60_000, max_annual_salary_usd=80_000)

    python = {each["skill"]: each for each in ada.get_gaps()["required_skills"]}["python"]

    assert (python["salary_median_with"], python["salary_median_without"]) == (100_000, 70_000)
    assert python["growth_percentage"] == 100.0
    assert (python["required_percentage"], python["previous_percentage"], python["change_in_points"]) == (50, 50, 0)


def test_returns_empty_lists_if_no_skill_reaches_the_threshold(ada):
    store("python", "docker", "kubernetes")

    analysis = ada.get_gaps(threshold=0.9)

    assert (analysis["required_skills"], analysis["missing_skills"], analysis["learn_next"]) == ([], [], [])
    assert (analysis["total_postings_analyzed"], analysis["coverage_percentage"]) == (3, 0.0)
    assert (analysis["skill_match_count"], analysis["total_required_skills"]) == (0, 0)


def test_matches_roles_and_skills_in_any_spelling():
    store("k8s postgres apache-nifi", role="Full Stack Developer")
    grace = sign_up(skills=["Kubernetes", "Apache NiFi"], target_roles=["Full-Stack  Developer"])

    analysis = grace.get_gaps(role="full stack developer")

    assert analysis["role"] == "Full-Stack  Developer"
    held = {each["skill"]: each["user_has"] for each in analysis["required_skills"]}
    assert held == {"apache nifi": True, "kubernetes": True, "postgresql": False}


def test_a_change_of_profile_or_data_affects_the_next_response(ada):
    store("python docker", "python docker")
    first = ada.get_gaps()["coverage_percentage"]

    change_profile(user_id=ada.pk, fields={"skills": ["python", "docker"]}, now=timezone.now())
    second = ada.get_gaps()["coverage_percentage"]
    store("kubernetes", "kubernetes")

    assert (first, second, ada.get_gaps()["coverage_percentage"]) == (50.0, 100.0, 66.7)


def test_responses_are_private(ada):
    store("python")

    responses = [ada.get("/skills/gap-analysis", role="Software Engineer"), ada.get("/skills/roles")]

    assert [response["Cache-Control"] for response in responses] == ["private", "private"]
    assert sign_up(skills=["docker"]).get_gaps()["coverage_percentage"] == 0.0
    assert ada.get_gaps()["coverage_percentage"] == 100.0


def test_suggests_similar_roles_if_there_is_no_data(ada):
    store("python", role="Backend Developer")
    store("python", role="Software Sommelier")
    store("python", role="Nurse")
    store("python", role="Frontend Developer", days_ago=40)

    answer = ada.get_gaps(status=404)
    detail = answer["detail"]

    assert detail["message"] == "No job data found for 'Software Engineer'"
    assert detail["suggestions"] == [
        "Try a longer time window (currently the last 30 days)",
        "Check that the role name is spelled correctly",
        "Try a more general role title",
    ]
    assert detail["alternatives"] == ["Backend Developer", "Software Sommelier", "Nurse"]
    assert answer["alternatives"] == [{"role": "Backend Developer", "postings": 1}]
    assert ada.get_gaps(status=404, days=365)["detail"]["suggestions"] == detail["suggestions"][1:]


def test_expands_abbreviations_to_find_similar_roles():
    store("python", role="Machine Learning Researchers")
    store("python", role="DevOps Engineer")

    detail = sign_up(target_roles=["ML Res"]).get_gaps(role="ML Res", status=404)["detail"]

    assert detail["alternatives"] == ["ML Researchers", "DevOps Engineer"]


def test_suggests_no_roles_if_the_database_is_empty(ada):
    assert ada.get_gaps(status=404)["detail"]["alternatives"] == []


def test_computes_the_stats_of_a_new_role_immediately(redis):
    now = timezone.now()
    titles = {"Backend Developer": "python", "Senior Site-Reliability Engineer": "kubernetes"}
    postings = [
        PostingFactory.build(title=title, technology_slugs=(slug,), date_posted=now.date())
        for title, slug in titles.items()
    ]
    store_postings(postings=postings, now=now)
    refresh_stats(now=now)
    grace = sign_up(target_roles=["Site Reliability Engineer"])

    analysis = grace.get_gaps(role="Site Reliability Engineer")

    assert (analysis["total_postings_analyzed"], analysis["missing_skills"]) == (1, ["kubernetes"])
    # The next refresh updates the list of roles.
    assert take_queued(redis) == [("market.tasks.refresh_daily_stats", [])]
    refresh_stats(now=now)
    assert [each["role"] for each in grace.get("/skills/roles").json()["roles"]] == ["Site Reliability Engineer"]


def test_computes_a_role_that_waits_for_its_collection_from_stored_postings(mongo, redis, commands):
    now = timezone.now()
    postings = [
        PostingFactory.build(title="Data Engineer", date_posted=now.date() - timedelta(days=n)) for n in range(90)
    ]
    store_postings(postings=postings, now=now)
    refresh_stats(now=now)
    grace = sign_up(target_roles=["Data Engineer"])
    take_queued(redis)
    register_role(role="Data Engineer", now=now)

    first = grace.get_gaps(role="Data Engineer", days=365)

    assert first["total_postings_analyzed"] == 90
    assert take_queued(redis) == [("market.tasks.refresh_daily_stats", [])]
    commands.clear()
    assert grace.get_gaps(role="Data Engineer", days=365) == first
    assert set(commands) <= {"find", "aggregate", "distinct"}
    assert take_queued(redis) == []


@pytest.mark.parametrize(
    ("target_roles", "role", "sentence"),
    [
        ((), "Software Engineer", "role must be one of your target roles, but your profile has none yet."),
        (("Nurse", "Pilot"), "Software Engineer", "role must be one of your target roles: Nurse, Pilot."),
        (("Nurse",), "", "role must not be empty."),
        (("Nurse",), "!!!", "role must be one of your target roles: Nurse."),
        (("Nurse",), "x" * 101, "role must have at most 100 characters."),
    ],
)
def test_rejects_roles_that_are_not_target_roles(target_roles, role, sentence):
    analysis = sign_up(target_roles=target_roles).get_gaps(status=400, role=role)

    assert analysis["detail"] == sentence
    assert list(analysis["errors"]) == ["role"]


def test_requires_a_role(ada):
    response = ada.get("/skills/gap-analysis")

    assert (response.status_code, response.json()["detail"]) == (400, "role is required.")


@pytest.mark.parametrize("days", ["0", "366", "-1", "x", "", "1.5", "nan", "9" * 2000])
def test_rejects_windows_out_of_bounds(ada, days):
    assert ada.get_gaps(status=400, days=days)["detail"] == "days must be between 1 and 365."


@pytest.mark.parametrize("threshold", ["0.09", "1.01", "0", "-0.5", "nan", "inf", "-inf", "x", "", "1e400", "9" * 2000])
def test_rejects_thresholds_out_of_bounds(ada, threshold):
    assert ada.get_gaps(status=400, threshold=threshold)["detail"] == "threshold must be between 0.1 and 1.0."


def test_works_without_redis(ada):
    store("python docker")

    with redis_at(NO_REDIS):
        assert ada.get_gaps()["coverage_percentage"] == 50.0
        assert ada.get("/skills/roles").status_code == 200


@pytest.mark.parametrize("path", ["/skills/gap-analysis?role=x", "/skills/roles", "/skills/java"])
def test_returns_503_if_mongodb_is_unavailable(ada, path):
    with mongodb_at(NO_MONGODB):
        response = ada.client.get(path, headers={"Authorization": f"Bearer {ada.token}"})

    assert response.status_code in {200, 503} if path == "/skills/java" else response.status_code == 503
    assert response.status_code == 200 or int(response["Retry-After"]) > 0


NO_FIXTURE_CHECK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


VALUES = (
    st.sampled_from(["Software Engineer", "software-engineer", "30", "0.25", "365", "1.0"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.integers().map(str)
    | st.floats().map(str)
)


@NO_FIXTURE_CHECK
@given(parameters=st.dictionaries(st.sampled_from(["role", "days", "threshold", "limit", "offset"]), VALUES))
def test_no_parameters_cause_a_server_error(parameters):
    user = sign_up()

    assert user.get("/skills/gap-analysis", **parameters).status_code in {200, 400, 404}
    assert user.get("/skills/roles", **parameters).status_code in {200, 400}


@NO_FIXTURE_CHECK
@given(
    role=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(str.strip),
    skills=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=5),
)
def test_no_profile_causes_a_server_error(role, skills):
    user = sign_up(skills=skills, target_roles=[role])

    assert user.get("/skills/gap-analysis", role=role).status_code in {200, 400, 404}
