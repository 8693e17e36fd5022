"""The webhook endpoint: signatures, rejected events and unavailable servers."""

import time

import orjson
import pytest

from career_navigator.devserver.embedded import start_valkey
from ingestion.tasks import receive_webhook_event
from ingestion.tests.webhook_events import PATH, SECRET, build_body, job, receive, send, sign
from ingestion.webhooks import EventRejected
from tests.other_servers import NO_MONGODB, NO_REDIS, freezing, mongodb_at, redis_at
from tests.queued import run_queued, take_queued

pytestmark = pytest.mark.usefixtures("mongo", "redis")


@pytest.fixture(autouse=True)
def secret(settings) -> None:
    settings.THEIR_STACK_WEBHOOK_SECRET = SECRET


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_accepts_a_signed_event_and_queues_it(client, mongo, redis, path):
    response = send(client, build_body(), path=path)

    assert (response.status_code, response.json()) == (202, {"status": "accepted"})
    assert mongo.job_postings.count_documents({}) == 0
    ((name, (event,)),) = take_queued(redis)
    assert name == "ingestion.tasks.receive_webhook_event"
    assert event == build_body().decode()


VALID_SIGNATURE = sign(build_body())


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        VALID_SIGNATURE.removeprefix("sha256="),
        VALID_SIGNATURE.replace("sha256", "sha1"),
        VALID_SIGNATURE[:-1],
        f"{VALID_SIGNATURE}0",
        VALID_SIGNATURE.upper(),
        f"sha256={'0' * 64}",
        sign(build_body(), "another-secret-of-someone"),
        sign(build_body(), ""),
        "sha256=é" + "0" * 63,
    ],
)
def test_rejects_an_event_without_the_right_signature(client, redis, signature):
    response = send(client, build_body(), signature=signature or None if signature else "")

    assert response.status_code == 403
    assert "X-TheirStack-Signature-256" in response.json()["detail"]
    assert take_queued(redis) == []


def test_rejects_a_modified_body(client, redis):
    response = send(client, build_body() + b" ", signature=VALID_SIGNATURE)

    assert response.status_code == 403
    assert take_queued(redis) == []


def test_the_signature_covers_the_raw_bytes(client, redis):
    spaced = b'{ "type":"job.new" ,\n "payload": {"id": 5, "job_title": "\\u0042ackend"}, "id":1}'

    assert send(client, spaced).status_code == 202
    assert len(take_queued(redis)) == 1


def test_rejects_every_event_while_no_secret_is_set(client, redis, settings):
    settings.THEIR_STACK_WEBHOOK_SECRET = ""
    body = build_body()

    responses = [send(client, body, signature=sign(body, "")), send(client, body)]

    assert {response.status_code for response in responses} == {404}
    assert "THEIR_STACK_WEBHOOK_SECRET" in responses[0].json()["detail"]
    assert take_queued(redis) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"3",
        b"{}",
        b'{"type": "job.new"}',
        b'{"type": "job.new", "payload": null}',
        b'{"type": "job.new", "payload": [1]}',
        b'{"payload": {}}',
        b'{"type": {"a": 1}, "payload": {}}',
        b'{"type": "job.new", "payload": {"a": NaN}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_returns_400_for_a_signed_body_that_is_not_an_event(client, redis, body):
    response = send(client, body)

    assert response.status_code == 400
    assert isinstance(response.json()["detail"], str)
    assert take_queued(redis) == []


@pytest.mark.parametrize("size", [2_000_001, 3_000_000])
def test_rejects_an_event_that_is_too_large(client, redis, size):
    response = send(client, build_body(payload=job(description="x" * size)))

    assert 400 <= response.status_code < 500
    assert take_queued(redis) == []


def test_rejects_other_content_types_and_methods(client):
    assert send(client, build_body(), content_type="text/plain").status_code == 415
    assert {getattr(client, method)(PATH).status_code for method in ("get", "put", "patch", "delete")} == {405}


def build_nested_json(levels: int, opening: str = '{"a":', closing: str = "}") -> str:
    return opening * levels + "1" + closing * levels


@pytest.mark.parametrize("levels", [20, 100, 800, 1_000])
@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]"), ('[{"a":[', "]}]")])
def test_rejects_a_deeply_nested_event(client, redis, levels, opening, closing):
    body = f'{{"type":"job.new","payload":{{"id":1,"a":{build_nested_json(levels, opening, closing)}}}}}'.encode()

    response = send(client, body)

    assert response.status_code == 400
    assert take_queued(redis) == []


def test_accepts_an_event_nested_as_deeply_as_real_jobs(client, mongo, redis):
    receive(client, redis, payload=job(company_object={"tags": [{"names": ["a", {"b": {"c": 1}}]}]}))

    assert mongo.job_postings.count_documents({}) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (build_nested_json(800), "nested deeper"),
        ("[1]", "a JSON object"),
        ("{", "not valid JSON"),
        (build_nested_json(5_000, "[", "]"), "not valid JSON"),
    ],
)
def test_the_task_enforces_the_same_limits(text, reason):
    with pytest.raises(EventRejected, match=reason):
        receive_webhook_event(text)


def test_the_task_accepts_events_queued_by_an_earlier_release(mongo):
    receive_webhook_event(orjson.loads(build_body()))

    assert mongo.job_postings.count_documents({}) == 1


def test_returns_503_immediately_while_the_queue_is_unavailable(client):
    with redis_at(NO_REDIS):
        started = time.monotonic()
        response = send(client, build_body())
        elapsed = time.monotonic() - started

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert elapsed < 5


@pytest.mark.usefixtures("short_redis_timeout")
def test_returns_503_in_time_while_the_queue_hangs(client, tmp_path):
    server = start_valkey(directory=tmp_path / "valkey")
    with freezing(server) as freeze, redis_at(f"{server.uri}0"):
        assert send(client, build_body()).status_code == 202
        freeze()
        started = time.monotonic()
        response = send(client, build_body())
        elapsed = time.monotonic() - started

    assert response.status_code == 503
    assert elapsed < 5


def test_accepts_events_while_mongodb_is_unavailable(client, redis):
    with mongodb_at(NO_MONGODB):
        response = send(client, build_body())

    assert response.status_code == 202
    assert run_queued(redis) == ["ingestion.tasks.receive_webhook_event", "market.tasks.refresh_daily_stats"]
