"""TheirStack's webhooks: who may send them, and what they change."""

import hashlib
import hmac
import os
import signal
import time
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from career_navigator.devserver.embedded import start_valkey
from ingestion import webhooks
from ingestion.documents import CollectionRun
from ingestion.source import count_spent_credits
from ingestion.tasks import receive_webhook_event
from ingestion.webhooks import EventRejected
from market.refresh import check_figures
from market.selectors import read_answer
from market.services import store_postings
from tests.elsewhere import NO_MONGODB, NO_REDIS, mongodb_at, redis_at
from tests.queued import run_queued, take_queued

pytestmark = pytest.mark.usefixtures("mongo", "redis")

PATH = "/ingestion/webhooks/theirstack"
SECRET = "a-secret-shared-with-theirstack"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def secret(settings) -> None:
    settings.THEIR_STACK_WEBHOOK_SECRET = SECRET


def job(number=1, **fields) -> dict:
    return {
        "id": number,
        "job_title": "Backend Developer",
        "company": "Acme",
        "url": f"https://jobs.example.com/{number}",
        "date_posted": NOW.date().isoformat(),
        "location": "Austin, TX",
        "remote": True,
        "description": "A job.",
        **fields,
    }


def body_of(kind="job.new", payload=None, **fields) -> bytes:
    return orjson.dumps({"id": 900, "type": kind, "payload": job() if payload is None else payload, **fields})


def signature_of(body: bytes, secret=SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def send(client, body: bytes, *, signature=None, path=PATH, content_type="application/json", **extra):
    signature = signature_of(body) if signature is None else signature
    headers = {"X-TheirStack-Signature-256": signature} if signature else {}
    return client.post(path, body, content_type=content_type, headers=headers, **extra)


def receive(client, redis, kind="job.new", payload=None):
    assert send(client, body_of(kind, payload)).status_code == 202
    return run_queued(redis)


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_accepts_a_signed_event_and_leaves_the_work_to_the_queue(client, mongo, redis, path):
    answer = send(client, body_of(), path=path)

    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    assert mongo.job_postings.count_documents({}) == 0
    ((name, (event,)),) = take_queued(redis)
    assert name == "ingestion.tasks.receive_webhook_event"
    assert event == body_of().decode()


GOOD = signature_of(body_of())


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        GOOD.removeprefix("sha256="),
        GOOD.replace("sha256", "sha1"),
        GOOD[:-1],
        f"{GOOD}0",
        GOOD.upper(),
        f"sha256={'0' * 64}",
        signature_of(body_of(), "another-secret-of-someone"),
        signature_of(body_of(), ""),
        "sha256=é" + "0" * 63,
    ],
)
def test_refuses_an_event_without_the_right_signature(client, redis, signature):
    answer = send(client, body_of(), signature=signature or None if signature else "")

    assert answer.status_code == 403
    assert "X-TheirStack-Signature-256" in answer.json()["detail"]
    assert take_queued(redis) == []


def test_refuses_a_body_that_was_changed_on_the_way(client, redis):
    answer = send(client, body_of() + b" ", signature=GOOD)

    assert answer.status_code == 403
    assert take_queued(redis) == []


def test_the_signature_is_over_the_bytes_as_they_came(client, redis):
    spaced = b'{ "type":"job.new" ,\n "payload": {"id": 5, "job_title": "\\u0042ackend"}, "id":1}'

    assert send(client, spaced).status_code == 202
    assert len(take_queued(redis)) == 1


def test_refuses_every_event_while_no_secret_is_set(client, redis, settings):
    settings.THEIR_STACK_WEBHOOK_SECRET = ""
    body = body_of()

    answers = [send(client, body, signature=signature_of(body, "")), send(client, body)]

    assert {answer.status_code for answer in answers} == {404}
    assert "THEIR_STACK_WEBHOOK_SECRET" in answers[0].json()["detail"]
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
def test_answers_400_to_a_signed_body_that_is_no_event(client, redis, body):
    answer = send(client, body)

    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)
    assert take_queued(redis) == []


@pytest.mark.parametrize("size", [2_000_001, 3_000_000])
def test_refuses_an_event_that_is_too_large(client, redis, size):
    answer = send(client, body_of(payload=job(description="x" * size)))

    assert 400 <= answer.status_code < 500
    assert take_queued(redis) == []


def test_refuses_another_content_type_and_other_methods(client):
    assert send(client, body_of(), content_type="text/plain").status_code == 415
    assert {getattr(client, method)(PATH).status_code for method in ("get", "put", "patch", "delete")} == {405}


def test_stores_a_new_job_and_its_figures(client, mongo, redis):
    receive(client, redis)

    (stored,) = mongo.job_postings.find()
    (run,) = CollectionRun.objects
    assert (stored["source"], stored["job_id"], stored["title"]) == ("theirstack", "1", "Backend Developer")
    assert orjson.loads(read_answer(days=1, now=datetime.now(UTC))[1])["total_jobs_analyzed"] == 1
    assert check_figures().differing == []
    assert (run.trigger, run.status, run.collected, run.credits) == ("webhook", "finished", 1, 1)
    assert count_spent_credits(now=datetime.now(UTC)) == 1


def test_the_same_event_again_changes_nothing(client, mongo, redis):
    receive(client, redis)
    before = list(mongo.job_postings.find())

    for _ in range(3):
        receive(client, redis)

    (run,) = CollectionRun.objects
    assert list(mongo.job_postings.find()) == before
    assert (run.collected, run.unchanged, run.credits) == (1, 3, 1)
    assert count_spent_credits(now=datetime.now(UTC)) == 1


def test_an_event_whose_worker_dies_before_it_is_counted_is_counted(mongo, monkeypatch):
    event = orjson.loads(body_of())

    def store_and_die(**posting) -> None:
        store_postings(**posting)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "store_postings", store_and_die)
        with pytest.raises(SystemExit):
            webhooks.receive_event(event=event, now=datetime.now(UTC))
    webhooks.receive_event(event=event, now=datetime.now(UTC))

    assert mongo.job_postings.count_documents({}) == 1
    assert count_spent_credits(now=datetime.now(UTC)) == 1


def test_a_job_that_was_collected_before_is_updated(client, mongo, redis):
    receive(client, redis)

    receive(client, redis, payload=job(job_title="Senior Backend Developer"))

    (stored,) = mongo.job_postings.find()
    assert stored["title"] == "Senior Backend Developer"


def test_closing_a_job_sets_when_it_closed(client, mongo, redis):
    receive(client, redis)

    for _ in range(2):
        receive(client, redis, "job.closed", job(closed_at="2026-11-20T10:00:00"))

    (stored,) = mongo.job_postings.find()
    (run,) = CollectionRun.objects
    assert stored["closed_at"] == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (run.collected, run.updated, run.unchanged, run.credits) == (1, 1, 1, 2)


def test_a_closing_that_names_no_time_counts_from_its_first_arrival(client, mongo, redis):
    receive(client, redis)
    begun = datetime.now(UTC) - timedelta(seconds=1)

    receive(client, redis, "job.closed")
    first = mongo.job_postings.find_one()["closed_at"]
    receive(client, redis, "job.closed")

    assert begun < first <= datetime.now(UTC)
    assert mongo.job_postings.find_one()["closed_at"] == first


def test_closing_an_unknown_job_stores_nothing(client, mongo, redis):
    receive(client, redis, "job.closed", job(77))

    assert mongo.job_postings.count_documents({}) == 0


NEW, CLOSED = "job.new", "job.closed"
FIRST, CLOSING, SECOND, LATER = (f"2026-11-{day}T10:00:00" for day in (10, 20, 22, 24))
CLOSED_AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
PRECISE = {"discovered_at": f"{SECOND}.123456"}


@pytest.mark.parametrize(
    ("events", "closed_at"),
    [
        ([(CLOSED, {"closed_at": CLOSING}), (NEW, {})], CLOSED_AT),
        ([(CLOSED, {"closed_at": CLOSING}), (NEW, {"discovered_at": FIRST})], CLOSED_AT),
        ([(NEW, {}), (CLOSED, {"closed_at": CLOSING}), (NEW, {"description": "Other."})], CLOSED_AT),
        (
            [(NEW, {"discovered_at": FIRST}), (CLOSED, {"closed_at": CLOSING}), (NEW, {"date_reposted": "2026-11-15"})],
            CLOSED_AT,
        ),
        ([(NEW, {}), (CLOSED, {"closed_at": CLOSING}), (NEW, {"discovered_at": SECOND})], None),
        ([(NEW, {}), (CLOSED, {"closed_at": CLOSING}), (NEW, {"date_reposted": "2026-11-21", "reposted": True})], None),
        ([(CLOSED, {"closed_at": CLOSING}), (NEW, {"discovered_at": SECOND})], None),
        # The closing of what was reposted since comes late, or the closings come the wrong way round.
        ([(NEW, {"discovered_at": SECOND}), (CLOSED, {"closed_at": CLOSING, "discovered_at": FIRST})], None),
        (
            [(CLOSED, {"closed_at": LATER}), (CLOSED, {"closed_at": CLOSING}), (NEW, {"discovered_at": SECOND})],
            datetime(2026, 11, 24, 10, tzinfo=UTC),
        ),
        # Discovered when it had been closed already.
        (
            [(NEW, PRECISE), (CLOSED, PRECISE | {"closed_at": CLOSING}), (NEW, PRECISE | {"description": "Other."})],
            CLOSED_AT,
        ),
        ([(NEW, {"discovered_at": SECOND}), (CLOSED, {"closed_at": CLOSING, "discovered_at": SECOND})], CLOSED_AT),
        ([(CLOSED, {"closed_at": CLOSING, "discovered_at": SECOND}), (NEW, {"discovered_at": SECOND})], CLOSED_AT),
    ],
)
def test_a_job_is_closed_or_open_by_what_its_events_say_in_whatever_order(client, mongo, redis, events, closed_at):
    for kind, fields in events:
        receive(client, redis, kind, job(**fields))
    (before,) = mongo.job_postings.find()

    credits = count_spent_credits(now=datetime.now(UTC))
    receive(client, redis, *(events[-1][0], job(**events[-1][1])))

    assert before.get("closed_at") == closed_at
    assert list(mongo.job_postings.find()) == [before]
    assert count_spent_credits(now=datetime.now(UTC)) == credits
    assert check_figures().differing == []


@pytest.mark.parametrize("order", [(CLOSED, NEW), (NEW, CLOSED), (NEW, CLOSED, NEW)])
@pytest.mark.parametrize(
    "closing",
    [
        {"id": 1, "closed_at": CLOSING},
        {"job_id": "1", "closed_at": CLOSING, "discovered_at": FIRST, "date_reposted": "2026-11-15"},
        {"id": 1, "closed_at": CLOSING, "job_title": None, "has_blurred_data": True},
    ],
)
def test_a_closing_needs_no_more_than_the_id_of_the_job(client, mongo, redis, order, closing):
    for kind in order:
        receive(client, redis, kind, closing if kind == CLOSED else job())

    (stored,) = mongo.job_postings.find()
    (run,) = CollectionRun.objects
    assert (stored["title"], stored["closed_at"]) == ("Backend Developer", CLOSED_AT)
    assert run.refused == {}


def test_a_closing_without_a_time_is_remembered_from_its_first_arrival(client, mongo, redis):
    receive(client, redis, CLOSED)
    (first,) = mongo.posting_closings.find()

    receive(client, redis, CLOSED)
    receive(client, redis, NEW)

    assert list(mongo.posting_closings.find()) == [first]
    assert mongo.job_postings.find_one()["closed_at"] == first["closed_at"]


def test_a_closing_by_an_older_release_holds_against_a_late_job(client, mongo, redis):
    receive(client, redis, NEW)
    mongo.job_postings.update_one({}, {"$set": {"closed_at": CLOSED_AT}})

    receive(client, redis, NEW, job(description="Other."))

    stored = mongo.job_postings.find_one()
    assert (stored["description"], stored["closed_at"]) == ("Other.", CLOSED_AT)


def test_a_closing_that_comes_while_the_job_is_stored_holds(client, mongo, redis, monkeypatch):
    def store_and_close(**given):
        outcome = store_postings(**given)
        mongo.posting_closings.insert_one(
            {"_id": "theirstack 1", "closed_at": CLOSED_AT, "known_at": CLOSED_AT, "expires_at": NOW}
        )
        return outcome

    monkeypatch.setattr(webhooks, "store_postings", store_and_close)
    receive(client, redis, NEW)

    assert mongo.job_postings.find_one()["closed_at"] == CLOSED_AT


def test_passes_over_events_of_other_types(client, mongo, redis):
    receive(client, redis, "company.new", {"name": "Acme"})

    assert mongo.job_postings.count_documents({}) == 0
    assert CollectionRun.objects.count() == 0


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        (NEW, {"id": 3}, "no_title"),
        (NEW, {"job_title": "Developer"}, "no_id_and_no_url"),
        (NEW, job(has_blurred_data=True), "blurred"),
        (CLOSED, {"job_title": "Developer", "url": "https://jobs.example.com/1", "closed_at": CLOSING}, "no_id"),
    ],
)
def test_records_a_payload_that_is_no_job(client, mongo, redis, kind, payload, reason):
    receive(client, redis, kind, payload)

    (run,) = CollectionRun.objects
    assert run.refused == {reason: 1}
    assert run.refused_samples[0]["reason"] == reason
    assert mongo.job_postings.count_documents({}) == 0


def nested(levels: int, opening: str = '{"a":', closing: str = "}") -> str:
    return opening * levels + "1" + closing * levels


@pytest.mark.parametrize("levels", [20, 100, 800, 1_000])
@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]"), ('[{"a":[', "]}]")])
def test_rejects_a_signed_event_that_is_nested_deep(client, redis, levels, opening, closing):
    body = f'{{"type":"job.new","payload":{{"id":1,"a":{nested(levels, opening, closing)}}}}}'.encode()

    answer = send(client, body)

    assert answer.status_code == 400
    assert take_queued(redis) == []


def test_accepts_an_event_as_deep_as_jobs_are(client, mongo, redis):
    receive(client, redis, payload=job(company_object={"tags": [{"names": ["a", {"b": {"c": 1}}]}]}))

    assert mongo.job_postings.count_documents({}) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [(nested(800), "too_deep"), ("[1]", "not_an_object"), ("{", "not_json"), (nested(5_000, "[", "]"), "not_json")],
)
def test_the_task_reads_a_text_with_the_same_bounds(text, reason):
    with pytest.raises(EventRejected) as rejected:
        receive_webhook_event(text)

    assert rejected.value.reason == reason


def test_the_task_takes_events_that_an_earlier_release_has_queued(mongo):
    receive_webhook_event(orjson.loads(body_of()))

    assert mongo.job_postings.count_documents({}) == 1


def test_answers_503_at_once_while_the_queue_is_away(client):
    with redis_at(NO_REDIS):
        begun = time.monotonic()
        answer = send(client, body_of())
        took = time.monotonic() - begun

    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert took < 5


@pytest.mark.usefixtures("impatient_clients")
def test_answers_503_in_time_while_the_queue_hangs(client, tmp_path):
    server = start_valkey(directory=tmp_path / "valkey")
    try:
        with redis_at(f"{server.uri}0"):
            assert send(client, body_of()).status_code == 202
            os.kill(server.pid, signal.SIGSTOP)
            begun = time.monotonic()
            answer = send(client, body_of())
            took = time.monotonic() - begun
    finally:
        os.kill(server.pid, signal.SIGCONT)
        server.stop()

    assert answer.status_code == 503
    assert took < 5


def test_accepts_events_while_mongodb_is_away(client, redis):
    with mongodb_at(NO_MONGODB):
        answer = send(client, body_of())

    assert answer.status_code == 202
    assert run_queued(redis) == ["ingestion.tasks.receive_webhook_event", "market.tasks.refresh_daily_stats"]
