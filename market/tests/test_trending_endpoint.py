"""GET /market/trending over HTTP with real servers."""

from datetime import timedelta

import orjson
import pytest
from django.test import Client

from career_navigator.cache import responses
from market.refresh import refresh_stats
from market.services import delete_expired_postings, store_postings
from market.trends import Comparison
from skills.services import seed_skills
from tests.factories import NOW, PostingFactory, days_ago

pytestmark = pytest.mark.usefixtures("mongo", "redis")

CACHE_CONTROL = "no-cache, no-store, must-revalidate"
EMPTY = {
    **{name: [] for name in ("top_skills", "top_locations", "technology_trends", "salary_trends")},
    "salary_quartiles": {"lower": None, "median": None, "upper": None, "sample_size": 0},
    "remote_distribution": [{"remote": True, "count": 0}, {"remote": False, "count": 0}],
    "remote_unknown": 0,
    "total_jobs_analyzed": 0,
    "distinct_jobs": 0,
    "employers": 0,
    "top_employer_share": None,
    "warning": None,
    "approximate_before": None,
    "generated_at": "2026-11-21T12:00:00Z",
    "window_days": 30,
}


class Clock:
    """Replaces the current time of the whole project. Tests can set `now`."""

    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock)
    monkeypatch.setattr(responses, "time", lambda: clock.now.timestamp())  # noqa: PLW0108 - tests replace `now`
    return clock


@pytest.fixture
def vocabulary(mongo) -> None:
    names = ("python", "react", "go")
    seed_skills(
        entries=[{"name": name, "category": "Programming Languages", "slugs": [name]} for name in names], now=NOW
    )


def store(*postings, now=NOW):
    store_postings(postings=postings, now=now)
    refresh_stats(now=now)


def get_trending(client, **parameters) -> dict:
    response = client.get("/market/trending", parameters)
    assert response.status_code == 200, response.content
    return orjson.loads(response.content)


def test_returns_zeros_and_empty_lists_if_the_database_is_empty(client):
    assert get_trending(client) == EMPTY


def test_returns_zeros_and_empty_lists_after_a_refresh_without_data(client):
    refresh_stats(now=NOW)

    assert get_trending(client) == EMPTY


def test_counts_everything_in_the_window(client, vocabulary):
    salary = {"min_annual_salary_usd": 100_000, "max_annual_salary_usd": 120_000}
    store(
        PostingFactory(technology_slugs=("python", "react", "python"), remote=True, **salary),
        PostingFactory(
            technology_slugs=("python",), remote=False, min_annual_salary_usd=101_001, max_annual_salary_usd=140_000
        ),
        PostingFactory(
            technology_slugs=(), title="Go developer", description="We write Go and Python.", place="Remote"
        ),
        PostingFactory(technology_slugs=("react",), place="Paris, France", date_posted=days_ago(29), remote=False),
        PostingFactory(date_posted=days_ago(30)),
    )

    trends = get_trending(client)

    unknown = dict.fromkeys(Comparison._fields)
    assert trends == {
        "top_skills": [
            {"skill": "python", "count": 3, "percentage": 75.0, **unknown},
            {"skill": "react", "count": 2, "percentage": 50.0, **unknown},
            {"skill": "go", "count": 1, "percentage": 25.0, **unknown},
        ],
        "top_locations": [
            {"location": "Austin, TX", "count": 2},
            {"location": "Paris, France", "count": 1},
            {"location": "Remote", "count": 1},
        ],
        # Skills extracted from the text do not count as technologies.
        "technology_trends": [{"technology": "python", "count": 2}, {"technology": "react", "count": 2}],
        "salary_trends": [{"location": "Austin, TX", "avg_min": 100_500, "avg_max": 130_000, "count": 2}],
        "salary_quartiles": {"lower": 112_625, "median": 115_250, "upper": 117_875, "sample_size": 2},
        "remote_distribution": [{"remote": True, "count": 1}, {"remote": False, "count": 2}],
        "remote_unknown": 1,
        "total_jobs_analyzed": 4,
        "distinct_jobs": 4,
        "employers": 1,
        "top_employer_share": 100.0,
        "warning": "One employer has 100% of the 4 distinct postings, so the shares say much about this employer.",
        "approximate_before": None,
        "generated_at": "2026-11-21T12:00:00Z",
        "window_days": 30,
    }


def test_compares_each_skill_with_the_previous_window(client, vocabulary):
    store(
        *(PostingFactory(technology_slugs=("python",)) for _ in range(30)),
        *(PostingFactory(technology_slugs=("go",)) for _ in range(10)),
        *(PostingFactory(technology_slugs=("python",), date_posted=days_ago(7)) for _ in range(20)),
        *(PostingFactory(technology_slugs=("react",), date_posted=days_ago(13)) for _ in range(4)),
        *(PostingFactory(technology_slugs=("react",), date_posted=days_ago(14)) for _ in range(50)),
    )

    week, day = get_trending(client, days=7), get_trending(client, days=1)

    assert week["top_skills"] == [
        {
            "skill": "python",
            "count": 30,
            "percentage": 75.0,
            "previous_count": 20,
            "previous_percentage": 83.3,
            "change_in_points": -8.3,
            "growth_percentage": 50.0,
            "change_interval": {"low": -63.1, "high": 52.3},
            "trend": "unclear",
        },
        {
            "skill": "go",
            "count": 10,
            "percentage": 25.0,
            "previous_count": 0,
            "previous_percentage": 0.0,
            "change_in_points": 25.0,
            "growth_percentage": None,
            "change_interval": {"low": -40.8, "high": 77.6},
            "trend": "unclear",
        },
    ]
    # Nothing was posted yesterday, so there is no comparison.
    assert {row["previous_count"] for row in day["top_skills"]} == {None}


@pytest.mark.parametrize(("previous", "compared"), [(19, False), (20, True)])
def test_compares_only_windows_of_at_least_twenty_postings(client, vocabulary, previous, compared):
    store(
        *(PostingFactory() for _ in range(20)),
        *(PostingFactory(date_posted=days_ago(30)) for _ in range(previous)),
    )

    (row,) = get_trending(client)["top_skills"]

    assert (row["previous_count"] is not None) is compared
    assert (row["growth_percentage"] is not None) is compared


@pytest.mark.parametrize(("days", "expected"), [(1, 1), (2, 2), (30, 3), (31, 4), (364, 4), (365, 5)])
def test_a_window_includes_today(client, days, expected):
    store(*(PostingFactory(date_posted=days_ago(age)) for age in (0, 1, 29, 30, 364, 365)))

    trends = get_trending(client, days=days)

    assert (trends["total_jobs_analyzed"], trends["window_days"]) == (expected, days)


def test_respects_the_limits_of_its_lists(client):
    seed_skills(
        entries=[{"name": f"s{n:02}", "category": "Databases", "slugs": [f"s{n:02}"]} for n in range(60)], now=NOW
    )
    pay = {"min_annual_salary_usd": 50_000, "max_annual_salary_usd": 60_000}
    store(
        *(
            PostingFactory(technology_slugs=[f"s{n:02}"], place=f"Place {n:02}", **pay)
            for n in range(60)
            for _ in range(60 - n)
        )
    )

    default, smallest, largest = (
        get_trending(client),
        get_trending(client, skills_limit=1, locations_limit=2),
        get_trending(client, skills_limit=50, locations_limit=30),
    )

    def get_lengths(trends):
        return [len(trends[name]) for name in ("top_skills", "technology_trends", "top_locations", "salary_trends")]

    assert get_lengths(default) == [15, 15, 10, 10]
    assert get_lengths(smallest) == [1, 1, 2, 2]
    assert get_lengths(largest) == [50, 50, 30, 30]
    assert [row["skill"] for row in largest["top_skills"]] == [f"s{n:02}" for n in range(50)]
    assert smallest["salary_quartiles"] == largest["salary_quartiles"]


def test_orders_ties_by_name(client):
    store(*(PostingFactory(place=place) for place in ("Berlin", "Austin", "Cork")))

    places = [row["location"] for row in get_trending(client)["top_locations"]]

    assert places == ["Austin", "Berlin", "Cork"]


BOUNDS = {"days": (1, 365), "skills_limit": (1, 50), "locations_limit": (1, 30)}


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("value", ["below", "above", "ten", "", "1.5", "1e1", "0x10", "nan", "9" * 5000, "-3", "١٢x"])
def test_rejects_a_value_out_of_bounds_and_names_the_bounds(client, name, value):
    low, high = BOUNDS[name]
    value = {"below": low - 1, "above": high + 1}.get(value, value)

    response = client.get("/market/trending", {name: value})

    sentence = f"{name} must be between {low} and {high}."
    assert response.status_code == 400
    body = response.json()
    assert (body["detail"], body["code"], body["errors"]) == (sentence, "validation", {name: [sentence]})
    assert set(body["error_codes"][name]) <= {"invalid", "min_value", "max_value"}


@pytest.mark.parametrize("name", BOUNDS)
def test_accepts_both_bounds(client, name):
    assert {client.get("/market/trending", {name: bound}).status_code for bound in BOUNDS[name]} == {200}


def test_names_every_invalid_parameter(client):
    response = client.get("/market/trending", {"days": 0, "skills_limit": 51, "locations_limit": 5})

    assert response.status_code == 400
    assert set(response.json()["errors"]) == {"days", "skills_limit"}


def test_ignores_unknown_parameters(client):
    assert get_trending(client, page="x", format="xml", role="") == EMPTY


@pytest.mark.parametrize("path", ["/market/trending", "/market/trending/"])
def test_works_with_and_without_a_trailing_slash_and_forbids_caching(client, path):
    for _ in range(2):
        response = client.get(path)

        assert response.status_code == 200
        assert response["Cache-Control"] == CACHE_CONTROL
        assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/market/trending", "/market/trending/"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_allows_only_reading(client, path, method):
    response = getattr(client, method)(path)

    assert response.status_code == 405
    assert "detail" in response.json()


def test_returns_304_until_the_data_changes(client):
    store(PostingFactory())
    etag = client.get("/market/trending")["ETag"]

    same = client.get("/market/trending", headers={"If-None-Match": etag})
    store(PostingFactory())
    changed = client.get("/market/trending", headers={"If-None-Match": etag})

    assert (same.status_code, same.content, same["ETag"]) == (304, b"", etag)
    assert same["Cache-Control"] == CACHE_CONTROL
    assert changed.status_code == 200
    assert changed["ETag"] != etag


def test_returns_new_stats_as_soon_as_the_data_changed(client, mongo):
    first_client = Client()
    seen = []
    for age in (0, 0, 5):
        store(PostingFactory(date_posted=days_ago(age)))
        seen.append(
            (get_trending(first_client)["total_jobs_analyzed"], get_trending(client, days=30)["total_jobs_analyzed"])
        )

    list(delete_expired_postings(days_to_keep=3, now=NOW))
    refresh_stats(now=NOW)

    assert seen == [(1, 1), (2, 2), (3, 3)]
    # Retention deletes postings but not their stats.
    assert get_trending(first_client)["total_jobs_analyzed"] == 3
    assert mongo.job_postings.count_documents({}) == 2


def test_windows_move_at_midnight_even_before_the_refresh(client, clock):
    store(PostingFactory(date_posted=days_ago(29)), PostingFactory())
    before = get_trending(client)
    clock.now = NOW.replace(hour=0, minute=0, second=0) + timedelta(days=1)

    after = get_trending(client)
    refresh_stats(now=clock.now)

    assert before["total_jobs_analyzed"] == 2
    assert (after["total_jobs_analyzed"], after["generated_at"]) == (1, "2026-11-22T00:00:00Z")
    assert get_trending(client) == after


def test_a_window_does_not_move_before_midnight(client, clock):
    store(PostingFactory(date_posted=days_ago(29)))
    clock.now = NOW.replace(hour=23, minute=59, second=59)

    assert get_trending(client)["total_jobs_analyzed"] == 1
