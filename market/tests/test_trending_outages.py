"""GET /market/trending while Redis or MongoDB is unavailable or hangs."""

import time
from collections.abc import Iterator

import orjson
import pytest
from django.test import Client

from career_navigator.cache import responses
from career_navigator.devserver.embedded import start_mongodb, start_valkey
from market.refresh import refresh_stats
from market.services import store_postings
from tests.factories import NOW, PostingFactory
from tests.other_servers import NO_MONGODB, NO_REDIS, freezing, mongodb_at, redis_at

pytestmark = pytest.mark.usefixtures("mongo", "redis")


@pytest.fixture(autouse=True)
def fixed_time(monkeypatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    monkeypatch.setattr(responses, "time", NOW.timestamp)


def store(*postings, now=NOW):
    store_postings(postings=postings, now=now)
    refresh_stats(now=now)


def get_trending(client, **parameters) -> dict:
    response = client.get("/market/trending", parameters)
    assert response.status_code == 200, response.content
    return orjson.loads(response.content)


def test_works_without_redis(client):
    store(PostingFactory())
    expected = get_trending(client)
    started_at = time.monotonic()

    with redis_at(NO_REDIS):
        responses = [Client().get("/market/trending") for _ in range(2)]

    assert [response.status_code for response in responses] == [200, 200]
    assert [response.json() for response in responses] == [expected, expected]
    assert responses[0]["Cache-Control"] == "no-cache, no-store, must-revalidate"
    assert time.monotonic() - started_at < 10  # two requests, or one that times out


def test_a_hung_redis_delays_only_the_first_request(client, hung_redis):
    client.get("/market/trending")
    started_at = time.monotonic()

    responses = [client.get("/market/trending") for _ in range(10)]

    assert [response.status_code for response in responses] == [200] * 10
    assert time.monotonic() - started_at < 5  # a timeout per request would take ten seconds


def test_returns_503_without_mongodb_and_recovers(client):
    with mongodb_at(NO_MONGODB):
        started_at = time.monotonic()
        response = client.get("/market/trending")
        duration = time.monotonic() - started_at

    assert_unavailable(response, duration)
    assert get_trending(client)["total_jobs_analyzed"] == 0


def test_serves_responses_from_redis_while_mongodb_is_unavailable(client):
    store(PostingFactory())

    with mongodb_at(NO_MONGODB):
        trends = get_trending(client)

    assert trends["total_jobs_analyzed"] == 1


@pytest.fixture
def hung_mongodb(tmp_path) -> Iterator[None]:
    """Connect to a MongoDB server that answers one request and then hangs."""
    server = start_mongodb(directory=tmp_path / "mongodb", cache_gb=0.25)
    with freezing(server) as freeze, mongodb_at(f"{server.uri}hung"):
        assert Client().get("/market/trending").status_code == 200
        freeze()
        yield


def test_returns_503_in_time_while_mongodb_hangs(client, hung_mongodb):
    started_at = time.monotonic()

    response = client.get("/market/trending")

    assert_unavailable(response, time.monotonic() - started_at)


@pytest.fixture
def hung_redis(short_redis_timeout, tmp_path) -> Iterator[None]:
    server = start_valkey(directory=tmp_path / "valkey")
    with freezing(server) as freeze, redis_at(f"{server.uri}0"):
        assert Client().get("/market/trending").status_code == 200
        freeze()
        yield


def test_works_in_time_while_redis_hangs(client, hung_redis):
    started_at = time.monotonic()
    response = client.get("/market/trending")

    assert response.status_code == 200
    assert time.monotonic() - started_at < 10  # two requests, or one that times out


def assert_unavailable(response, duration):
    assert response.status_code == 503
    assert duration < 8
    assert int(response["Retry-After"]) > 0
    assert "unavailable" in response.json()["detail"]
