"""GET /market/trending over a real database, as a client sees it."""

import time
from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest
from django.test import Client

from career_navigator.cache import responses
from career_navigator.devserver.embedded import start_mongodb, start_valkey
from market.refresh import refresh_stats
from market.services import delete_expired_postings, store_postings
from skills.services import seed_skills
from tests.factories import NOW, PostingFactory, days_ago
from tests.other_servers import NO_MONGODB, NO_REDIS, freezing, mongodb_at, redis_at

pytestmark = pytest.mark.usefixtures("mongo", "redis")

CACHE_CONTROL = "no-cache, no-store, must-revalidate"
EMPTY = {
    **{name: [] for name in ("top_skills", "top_locations", "technology_trends", "salary_trends")},
    "salary_quartiles": {"lower": None, "median": None, "upper": None, "sample_size": 0},
    "remote_distribution": [{"remote": True, "count": 0}, {"remote": False, "count": 0}],
    "remote_unknown": 0,
    "total_jobs_analyzed": 0,
    "generated_at": "2026-11-21T12:00:00Z",
    "window_days": 30,
}


class Clock:
    """The time as the whole project sees it; a test may set it forward."""

    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock)
    monkeypatch.setattr(responses, "time", lambda: clock.now.timestamp())
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


def trending(client, **parameters) -> dict:
    answer = client.get("/market/trending", parameters)
    assert answer.status_code == 200, answer.content
    return orjson.loads(answer.content)


def test_answers_zeros_and_empty_lists_on_an_empty_database(client):
    assert trending(client) == EMPTY


def test_answers_zeros_and_empty_lists_after_a_refresh_of_nothing(client):
    refresh_stats(now=NOW)

    assert trending(client) == EMPTY


def test_counts_every_figure_of_the_window(client, vocabulary):
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

    answer = trending(client)

    unknown = dict.fromkeys(("previous_count", "previous_percentage", "change_in_points", "growth_percentage"))
    assert answer == {
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
        # What was read out of a text is no technology that the source named.
        "technology_trends": [{"technology": "python", "count": 2}, {"technology": "react", "count": 2}],
        "salary_trends": [{"location": "Austin, TX", "avg_min": 100_500, "avg_max": 130_000, "count": 2}],
        "salary_quartiles": {"lower": 112_625, "median": 115_250, "upper": 117_875, "sample_size": 2},
        "remote_distribution": [{"remote": True, "count": 1}, {"remote": False, "count": 2}],
        "remote_unknown": 1,
        "total_jobs_analyzed": 4,
        "generated_at": "2026-11-21T12:00:00Z",
        "window_days": 30,
    }


def test_compares_each_skill_with_the_window_before(client, vocabulary):
    store(
        *(PostingFactory(technology_slugs=("python",)) for _ in range(30)),
        *(PostingFactory(technology_slugs=("go",)) for _ in range(10)),
        *(PostingFactory(technology_slugs=("python",), date_posted=days_ago(7)) for _ in range(20)),
        *(PostingFactory(technology_slugs=("react",), date_posted=days_ago(13)) for _ in range(4)),
        *(PostingFactory(technology_slugs=("react",), date_posted=days_ago(14)) for _ in range(50)),
    )

    week, day = trending(client, days=7), trending(client, days=1)

    assert week["top_skills"] == [
        {
            "skill": "python",
            "count": 30,
            "percentage": 75.0,
            "previous_count": 20,
            "previous_percentage": 83.3,
            "change_in_points": -8.3,
            "growth_percentage": 50.0,
        },
        {
            "skill": "go",
            "count": 10,
            "percentage": 25.0,
            "previous_count": 0,
            "previous_percentage": 0.0,
            "change_in_points": 25.0,
            "growth_percentage": None,
        },
    ]
    # Nothing was posted yesterday: there is nothing to compare with.
    assert {row["previous_count"] for row in day["top_skills"]} == {None}


@pytest.mark.parametrize(("previous", "compared"), [(19, False), (20, True)])
def test_compares_only_windows_of_at_least_twenty_postings(client, vocabulary, previous, compared):
    store(
        *(PostingFactory() for _ in range(20)),
        *(PostingFactory(date_posted=days_ago(30)) for _ in range(previous)),
    )

    (row,) = trending(client)["top_skills"]

    assert (row["previous_count"] is not None) is compared
    assert (row["growth_percentage"] is not None) is compared


@pytest.mark.parametrize(("days", "expected"), [(1, 1), (2, 2), (30, 3), (31, 4), (364, 4), (365, 5)])
def test_a_window_holds_its_days_up_to_and_including_today(client, days, expected):
    store(*(PostingFactory(date_posted=days_ago(age)) for age in (0, 1, 29, 30, 364, 365)))

    answer = trending(client, days=days)

    assert (answer["total_jobs_analyzed"], answer["window_days"]) == (expected, days)


def test_keeps_to_the_limits_of_its_lists(client):
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

    usual, few, most = (
        trending(client),
        trending(client, skills_limit=1, locations_limit=2),
        trending(client, skills_limit=50, locations_limit=30),
    )

    def lengths(answer):
        return [len(answer[name]) for name in ("top_skills", "technology_trends", "top_locations", "salary_trends")]

    assert lengths(usual) == [15, 15, 10, 10]
    assert lengths(few) == [1, 1, 2, 2]
    assert lengths(most) == [50, 50, 30, 30]
    assert [row["skill"] for row in most["top_skills"]] == [f"s{n:02}" for n in range(50)]
    assert few["salary_quartiles"] == most["salary_quartiles"]


def test_orders_what_is_equally_frequent_by_name(client):
    store(*(PostingFactory(place=place) for place in ("Berlin", "Austin", "Cork")))

    places = [row["location"] for row in trending(client)["top_locations"]]

    assert places == ["Austin", "Berlin", "Cork"]


BOUNDS = {"days": (1, 365), "skills_limit": (1, 50), "locations_limit": (1, 30)}


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("value", ["below", "above", "ten", "", "1.5", "1e1", "0x10", "nan", "9" * 5000, "-3", "١٢x"])
def test_refuses_a_value_out_of_bounds_by_naming_the_bounds(client, name, value):
    low, high = BOUNDS[name]
    value = {"below": low - 1, "above": high + 1}.get(value, value)

    answer = client.get("/market/trending", {name: value})

    sentence = f"{name} must be between {low} and {high}."
    assert answer.status_code == 400
    told = answer.json()
    assert (told["detail"], told["code"], told["errors"]) == (sentence, "validation", {name: [sentence]})
    assert set(told["error_codes"][name]) <= {"invalid", "min_value", "max_value"}


@pytest.mark.parametrize("name", BOUNDS)
def test_accepts_both_bounds(client, name):
    assert {client.get("/market/trending", {name: bound}).status_code for bound in BOUNDS[name]} == {200}


def test_names_every_parameter_at_fault(client):
    answer = client.get("/market/trending", {"days": 0, "skills_limit": 51, "locations_limit": 5})

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"days", "skills_limit"}


def test_ignores_unknown_parameters(client):
    assert trending(client, page="x", format="xml", role="") == EMPTY


@pytest.mark.parametrize("path", ["/market/trending", "/market/trending/"])
def test_answers_with_and_without_a_trailing_slash_and_forbids_keeping_the_answer(client, path):
    for _ in range(2):
        answer = client.get(path)

        assert answer.status_code == 200
        assert answer["Cache-Control"] == CACHE_CONTROL
        assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/market/trending", "/market/trending/"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_allows_reading_alone(client, path, method):
    answer = getattr(client, method)(path)

    assert answer.status_code == 405
    assert "detail" in answer.json()


def test_answers_304_to_whoever_has_the_answer_until_the_data_changes(client):
    store(PostingFactory())
    etag = client.get("/market/trending")["ETag"]

    same = client.get("/market/trending", headers={"If-None-Match": etag})
    store(PostingFactory())
    changed = client.get("/market/trending", headers={"If-None-Match": etag})

    assert (same.status_code, same.content, same["ETag"]) == (304, b"", etag)
    assert same["Cache-Control"] == CACHE_CONTROL
    assert changed.status_code == 200
    assert changed["ETag"] != etag


def test_answers_the_new_figures_as_soon_as_data_changed(client, mongo):
    kept = Client()
    seen = []
    for age in (0, 0, 5):
        store(PostingFactory(date_posted=days_ago(age)))
        seen.append((trending(kept)["total_jobs_analyzed"], trending(client, days=30)["total_jobs_analyzed"]))

    list(delete_expired_postings(days_to_keep=3, now=NOW))
    refresh_stats(now=NOW)

    assert seen == [(1, 1), (2, 2), (3, 3)]
    # Retention deletes postings; the stats they gave stay.
    assert trending(kept)["total_jobs_analyzed"] == 3
    assert mongo.job_postings.count_documents({}) == 2


def test_windows_move_on_at_midnight_even_before_the_refresh(client, clock):
    store(PostingFactory(date_posted=days_ago(29)), PostingFactory())
    before = trending(client)
    clock.now = NOW.replace(hour=0, minute=0, second=0) + timedelta(days=1)

    after = trending(client)
    refresh_stats(now=clock.now)

    assert before["total_jobs_analyzed"] == 2
    assert (after["total_jobs_analyzed"], after["generated_at"]) == (1, "2026-11-22T00:00:00Z")
    assert trending(client) == after


def test_the_last_second_of_a_day_is_still_that_day(client, clock):
    store(PostingFactory(date_posted=days_ago(29)))
    clock.now = NOW.replace(hour=23, minute=59, second=59)

    assert trending(client)["total_jobs_analyzed"] == 1


def test_answers_without_redis(client):
    store(PostingFactory())
    expected = trending(client)
    begun = time.monotonic()

    with redis_at(NO_REDIS):
        answers = [Client().get("/market/trending") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json() for answer in answers] == [expected, expected]
    assert answers[0]["Cache-Control"] == CACHE_CONTROL
    assert time.monotonic() - begun < 10  # two requests, or one that is given up


def test_a_frozen_redis_delays_one_request_and_not_those_after_it(client, hung_redis):
    client.get("/market/trending")
    begun = time.monotonic()

    answers = [client.get("/market/trending") for _ in range(10)]

    assert [answer.status_code for answer in answers] == [200] * 10
    assert time.monotonic() - begun < 5  # each would take a second


def test_answers_503_without_mongodb_and_recovers(client):
    with mongodb_at(NO_MONGODB):
        begun = time.monotonic()
        answer = client.get("/market/trending")
        took = time.monotonic() - begun

    assert_unavailable(answer, took)
    assert trending(client) == EMPTY


def test_answers_from_redis_while_mongodb_is_away(client):
    store(PostingFactory())

    with mongodb_at(NO_MONGODB):
        answer = trending(client)

    assert answer["total_jobs_analyzed"] == 1


@pytest.fixture
def hung_mongodb(tmp_path) -> Iterator[None]:
    """A MongoDB that was reached once and then says nothing any more."""
    server = start_mongodb(directory=tmp_path / "mongodb", cache_gb=0.25)
    with freezing(server) as freeze, mongodb_at(f"{server.uri}hung"):
        assert Client().get("/market/trending").status_code == 200
        freeze()
        yield


def test_answers_503_in_time_while_mongodb_hangs(client, hung_mongodb):
    begun = time.monotonic()

    answer = client.get("/market/trending")

    assert_unavailable(answer, time.monotonic() - begun)


@pytest.fixture
def hung_redis(impatient_clients, tmp_path) -> Iterator[None]:
    server = start_valkey(directory=tmp_path / "valkey")
    with freezing(server) as freeze, redis_at(f"{server.uri}0"):
        assert Client().get("/market/trending").status_code == 200
        freeze()
        yield


def test_answers_in_time_while_redis_hangs(client, hung_redis):
    begun = time.monotonic()

    answer = client.get("/market/trending")

    assert answer.status_code == 200
    assert time.monotonic() - begun < 10  # two requests, or one that is given up


def assert_unavailable(answer, took):
    assert answer.status_code == 503
    assert took < 8
    assert int(answer["Retry-After"]) > 0
    assert "not available" in answer.json()["detail"]
