"""Write concern and cache serialization, and timeouts of requests while MongoDB is unavailable."""

import json
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pymongo
import pytest
from django.contrib.sessions.backends.cache import SessionStore
from django.core.cache import cache
from django.db import connection as django_connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pymongo.errors import PyMongoError
from pymongo.hello import Hello
from pymongo.monitoring import ServerHeartbeatFailedEvent, ServerHeartbeatStartedEvent, ServerHeartbeatSucceededEvent

from career_navigator import throttling
from career_navigator.api.exceptions import to_problem
from career_navigator.db import connection as mongodb
from career_navigator.db.connection import Availability, build_client_options, database
from career_navigator.devserver.embedded import start_mongodb
from career_navigator.observability import middleware
from career_navigator.observability.middleware import RequestMiddleware
from tests.other_servers import NO_MONGODB, mongodb_at
from tests.processes import wait_until

MAJORITY = {"w": "majority", "j": True, "wtimeout": 30_000}


@pytest.mark.parametrize(
    ("options", "write_concern"),
    [
        ("", MAJORITY),
        ("?replicaSet=rs0&retryWrites=true", MAJORITY),
        ("?journal=true", MAJORITY),
        ("?journal=false", MAJORITY | {"j": False}),
        ("?Journal=false&W=2", {"w": 2, "j": False, "wtimeout": 30_000}),
        ("?w=1", {"w": 1, "j": True, "wtimeout": 30_000}),
        ("?wtimeoutMS=500", MAJORITY | {"wtimeout": 500}),
    ],
)
def test_writes_wait_for_the_majority_and_the_journal_unless_the_address_says_otherwise(
    options: str, write_concern: dict[str, Any]
) -> None:
    with mongodb_at(NO_MONGODB + options):
        assert database().write_concern.document == write_concern


def test_django_tables_use_the_same_write_concern() -> None:
    options = django_connection.get_connection_params()

    with pymongo.MongoClient(**options) as client:
        assert client.write_concern.document["w"] == "majority"


@pytest.mark.parametrize(
    "value",
    [0, 12, -1, True, None, "", "text", "\ud800", "12", b"", b"j{}", b"PK\x03\x04\xff", 1.5, {"a": [1, None, "b"]}, []],
)
def test_cache_returns_the_stored_value(redis: Any, value: Any) -> None:
    cache.set("value", value)

    kept = cache.get("value", "absent")

    assert (type(kept), kept) == (type(value), value)


def test_cache_increments_integers(redis: Any) -> None:
    cache.set("count", 1)

    assert (cache.incr("count"), cache.get("count")) == (2, 2)


def fail_unpickling() -> None:
    pytest.fail("it was unpickled")


class Exploit:
    def __reduce__(self) -> Any:
        return fail_unpickling, ()


@pytest.mark.parametrize(
    "stored",
    [pickle.dumps(Exploit()), pickle.dumps({"a": 1}, 0), b"", b"j", b"j{", b"j" + b"[" * 100_000],
    ids=["exploit", "old", "empty", "nothing", "half", "deep"],
)
def test_nothing_from_redis_is_unpickled(redis: Any, stored: bytes) -> None:
    redis.set(cache.make_key("value"), stored)

    assert cache.get("value") is None
    assert SessionStore("value").load() == {}


def test_staff_session_is_stored_as_json(redis: Any, staff_client: Any) -> None:
    (key,) = redis.keys("*sessions.cache*")

    assert json.loads(redis.get(key)[1:])["_auth_user_id"]
    assert staff_client.get("/admin/").status_code == 200


def test_password_that_looks_like_an_option_is_not_an_option() -> None:
    options = build_client_options(uri="mongodb://user:w=1&journal=x@host:1/name", timeout_seconds=1)

    assert (options["w"], options["journal"]) == ("majority", True)


def test_parses_a_replica_set_uri_with_an_ipv6_member() -> None:
    options = build_client_options(uri="mongodb://host:1,[::1]:2/name?w=2", timeout_seconds=1)

    assert "w" not in options
    assert options["journal"]


class FrozenMongoDB:
    """A MongoDB server that is suspended with open connections, and a client with the project's options."""

    def __init__(self, directory: Path) -> None:
        self._server = start_mongodb(directory=directory, cache_gb=0.25)
        options = build_client_options(uri=self._server.uri, timeout_seconds=3)
        self.client: pymongo.MongoClient[Any] = pymongo.MongoClient(self._server.uri, **options)
        self.client.test.command("ping")
        os.kill(self._server.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._server.pid, signal.SIGCONT)

    def stop(self) -> None:
        self.client.close()
        self._server.process.kill()
        self._server.stop()


@pytest.fixture
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FrozenMongoDB]:
    watch = Availability()
    monkeypatch.setattr(mongodb, "availability", watch)
    monkeypatch.setattr(middleware, "availability", watch)
    server = FrozenMongoDB(tmp_path)
    try:
        wait_until(lambda: watch.get_silence() > 2 * mongodb.MAX_SILENCE, seconds=10, what="silence")
        yield server
    finally:
        server.stop()


def time_request(view: Callable[[], object]) -> tuple[int, float]:
    """Return the status and duration in seconds of a request to a view."""

    def get_response(request: HttpRequest) -> HttpResponse:
        try:
            view()
        except PyMongoError as error:
            return HttpResponse(status=to_problem(error).status)
        return HttpResponse()

    started = time.monotonic()
    status = RequestMiddleware(get_response)(RequestFactory().get("/")).status_code
    return status, time.monotonic() - started


def test_all_but_two_requests_fail_immediately_while_mongodb_is_unavailable(frozen: FrozenMongoDB) -> None:
    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(lambda _: time_request(lambda: frozen.client.test.command("ping")), range(6)))

    waited = [seconds for _, seconds in responses if seconds > mongodb.WAITING_TIMEOUT / 2]
    assert {status for status, _ in responses} == {503}
    assert len(waited) == mongodb.MAX_WAITING_REQUESTS
    assert max(waited) < 5 * mongodb.WAITING_TIMEOUT
    assert max(seconds for _, seconds in responses if seconds not in waited) < 5 * mongodb.LATE_TIMEOUT


def test_requests_without_mongodb_succeed_while_others_wait(frozen: FrozenMongoDB) -> None:
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(time_request, lambda: frozen.client.test.command("ping")) for _ in range(4)]
        status, _ = time_request(lambda: None)

    assert status == 200
    assert {each.result()[0] for each in waiting} == {503}


def test_hashing_and_waiting_leave_two_threads_free_while_mongodb_is_unavailable(frozen: FrozenMongoDB) -> None:
    are_over = threading.Event()

    def wait_for_upload() -> bool:
        with throttling.waiting_slot() as may_wait:
            return may_wait and are_over.wait(30)

    def hash_password() -> bool:
        try:
            return bool(throttling.PasswordHasher().encode("a password", "salt", iterations=1_000_000))
        except throttling.Busy:
            return False

    left = throttling.MAX_HELD_THREADS - mongodb.MAX_WAITING_REQUESTS - throttling.MAX_WAITING
    with ThreadPoolExecutor(20) as pool:
        waiting = [
            pool.submit(time_request, lambda: frozen.client.test.command("ping"))
            for _ in range(mongodb.MAX_WAITING_REQUESTS)
        ]
        full = mongodb.MAX_WAITING_REQUESTS
        wait_until(lambda: mongodb.availability._waiting_requests == full, seconds=10, what="all slots are taken")
        uploads = [pool.submit(wait_for_upload) for _ in range(throttling.MAX_WAITING)]
        hashed = sum(pool.map(lambda _: hash_password(), range(6)))
        are_over.set()

    assert all(upload.result() for upload in uploads)
    assert {each.result()[0] for each in waiting} == {503}
    assert hashed == left


def test_waiting_thread_may_hash_a_password() -> None:
    with ExitStack() as stack:
        for _ in range(throttling.MAX_HELD_THREADS - 1):
            stack.enter_context(throttling._held)
        with throttling.waiting_slot() as may_wait:
            assert may_wait
            assert throttling.PasswordHasher().encode("a password", "salt", iterations=1)


def test_requests_succeed_again_when_mongodb_is_available(frozen: FrozenMongoDB) -> None:
    frozen.thaw()
    wait_until(lambda: mongodb.availability.get_silence() < mongodb.MAX_SILENCE, seconds=10, what="a heartbeat")

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: time_request(lambda: frozen.client.test.command("ping"))[0], range(6)))

    assert statuses == [200] * 6


def test_code_outside_of_requests_waits_for_a_server(frozen: FrozenMongoDB) -> None:
    thawing = threading.Timer(1, frozen.thaw)
    thawing.start()

    assert frozen.client.test.command("ping")["ok"] == 1
    thawing.join()


def test_only_a_writable_server_makes_mongodb_available(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Availability()
    monkeypatch.setattr(mongodb, "monotonic", lambda: 100.0)
    watch.started(ServerHeartbeatStartedEvent(("member", 1)))
    monkeypatch.setattr(mongodb, "monotonic", lambda: 160.0)

    watch.succeeded(_heartbeat({"setName": "rs", "secondary": True}))
    silence_with_a_secondary = watch.get_silence()
    watch.succeeded(_heartbeat({"setName": "rs", "isWritablePrimary": True}))

    assert (silence_with_a_secondary, watch.get_silence()) == (60, 0)


def test_failure_of_another_member_does_not_affect_the_primary() -> None:
    watch = Availability()
    watch.succeeded(_heartbeat({"setName": "rs", "isWritablePrimary": True}))

    watch.failed(ServerHeartbeatFailedEvent(0.1, OSError(), ("other", 2)))
    silence_without_another = watch.get_silence()
    watch.failed(ServerHeartbeatFailedEvent(0.1, OSError(), ("member", 1)))

    assert silence_without_another < mongodb.MAX_SILENCE < watch.get_silence()


def _heartbeat(reply: dict[str, Any]) -> ServerHeartbeatSucceededEvent:
    return ServerHeartbeatSucceededEvent(0.001, Hello({"ok": 1, **reply}), ("member", 1))


def test_mongodb_counts_as_available_before_the_first_heartbeat() -> None:
    assert Availability().get_silence() == 0
