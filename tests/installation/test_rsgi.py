"""A real web process under slow, oversized and malformed requests over plain sockets."""

import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core.management import call_command
from pymongo.database import Database

from career_navigator.db.connection import MAX_SILENCE
from career_navigator.devserver.embedded import find_free_port, start_mongodb
from career_navigator.environment import BASE_DIR
from career_navigator.rsgi import MAX_BODY_BYTES
from tests.installation.raw_http import HOST, build_head, build_request, chunk, read_answer, read_until_closed
from tests.processes import wait_until

BODY_TIMEOUT = 4
WEBHOOK_SECRET = "a-secret-shared-with-theirstack"
LOGIN = json.dumps({"email": "nobody@example.org", "password": "Wrong-Pass-123"}).encode()
TEXT = b'{"text": "Python"}'

pytestmark = pytest.mark.usefixtures("mongo", "redis")


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    """Start a web process with few threads on the servers of the tests, and yield its URL."""
    with serve(mongodb_uri=settings.MONGODB_URI) as address:
        yield address


@contextlib.contextmanager
def serve(*, mongodb_uri: str) -> Iterator[str]:
    port = find_free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "granian", "career_navigator.rsgi:application", "--interface", "rsgi", "--no-ws"),
            *("--host", HOST, "--port", str(port), "--http", "1", "--workers-kill-timeout", "3"),
        ],
        cwd=BASE_DIR,
        env=os.environ
        | {"MONGODB_URI": mongodb_uri, "REDIS_URL": settings.REDIS_URL, "WEB_THREADS": "4"}
        | {"REQUEST_BODY_TIMEOUT_SECONDS": str(BODY_TIMEOUT), "THEIR_STACK_WEBHOOK_SECRET": WEBHOOK_SECRET},
    )
    try:
        wait_until(lambda: _is_healthy(port), seconds=60, what="the web process answers")
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _is_healthy(port: int) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"http://{HOST}:{port}/health", timeout=5).status_code == 200
    return False


@pytest.fixture
def connect(web: str) -> Iterator[Any]:
    """Yield a function that opens a connection and sends the given bytes."""
    with contextlib.ExitStack() as stack:

        def open_one(sent: bytes) -> socket.socket:
            opened = stack.enter_context(socket.create_connection((HOST, int(web.rpartition(":")[2])), timeout=60))
            opened.sendall(sent)
            return opened

        yield open_one


def test_serves_others_while_200_bodies_stall_and_rejects_those_after_the_deadline(web: str, connect: Any) -> None:
    paths = ("/auth/login", "/skills/extract", "/resumes/generate", "/ingestion/webhooks/theirstack")
    stalled = [connect(build_head(paths[number % 4], "Content-Length: 100") + b'{"a') for number in range(200)]
    started = time.monotonic()

    health = requests.get(f"{web}/health", timeout=30)
    waited = time.monotonic() - started
    extraction = requests.post(f"{web}/skills/extract", TEXT, headers={"Content-Type": "application/json"}, timeout=30)
    responses = [read_answer(each) for each in stalled]

    assert health.status_code == 200
    assert waited < 5
    assert extraction.status_code == 200
    assert {status for status, _, _ in responses} == {408}
    assert json.loads(responses[0][2]) == {
        "detail": "The request body did not arrive in time.",
        "code": "body_timeout",
    }
    assert responses[0][1]["x-request-id"]
    assert [read_until_closed(each) for each in stalled] == [b""] * 200


def test_ends_a_chunked_body_that_stalls_and_one_that_drips(connect: Any) -> None:
    stalled = connect(build_head("/auth/login", "Transfer-Encoding: chunked") + b'3\r\n{"a\r\n')
    dripping = connect(build_head("/auth/login", "Content-Length: 1000"))
    give_up_at = time.monotonic() + 5 * BODY_TIMEOUT
    with contextlib.suppress(ConnectionError):
        while time.monotonic() < give_up_at:
            dripping.sendall(b" ")
            time.sleep(0.2)

    assert read_answer(stalled)[0] == 408
    assert time.monotonic() < give_up_at


def test_serves_others_while_200_headers_stall(web: str, connect: Any) -> None:
    for _ in range(200):
        connect(b"POST /auth/login HTTP/1.1\r\nHost: localh")

    assert requests.get(f"{web}/health", timeout=5).status_code == 200
    assert requests.get(f"{web}/skills", timeout=30).status_code == 200


@pytest.mark.parametrize("sent", [b"", b"{" * 10_000])
def test_rejects_a_body_by_its_content_length_before_it_arrives(connect: Any, sent: bytes) -> None:
    connection = connect(build_head("/auth/login", f"Content-Length: {MAX_BODY_BYTES + 1}") + sent)

    status, headers, body = read_answer(connection)

    assert (status, headers["connection"]) == (413, "close")
    assert json.loads(body) == {
        "detail": f"The body is larger than {MAX_BODY_BYTES} bytes.",
        "code": "body_too_large",
    }


def test_rejects_a_chunked_body_once_it_is_too_large(connect: Any) -> None:
    connection = connect(build_head("/auth/login", "Transfer-Encoding: chunked"))
    part = b"%x\r\n%s\r\n" % (1_000_000, b"{" * 1_000_000)
    with contextlib.suppress(ConnectionError):
        for _ in range(MAX_BODY_BYTES // 1_000_000 + 1):
            connection.sendall(part)

    assert read_answer(connection)[0] == 413


@pytest.mark.parametrize("transfer", ["length", "chunked"])
def test_answers_the_next_request_of_a_connection(connect: Any, transfer: str) -> None:
    first = (
        build_request("/skills/extract", TEXT)
        if transfer == "length"
        else build_head("/skills/extract", "Transfer-Encoding: chunked") + chunk(TEXT)
    )
    connection = connect(first)
    answered_first = read_answer(connection)[0]
    connection.sendall(first + build_head("/health", method="GET"))

    assert (answered_first, read_answer(connection)[0]) == (200, 200)


def test_answers_pipelined_requests_in_order(web: str, connect: Any) -> None:
    last = build_head("/health", "Connection: close", method="GET")
    connection = connect(build_request("/skills/extract", TEXT) + build_request("/auth/login", b"{}") + last)

    statuses = [part[:3] for part in read_until_closed(connection).split(b"HTTP/1.1 ")[1:]]

    assert statuses == [b"200", b"400", b"200"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("/auth/login", LOGIN, 401), ("/skills/extract", TEXT, 200), ("/skills/extract", b'{"text": ', 400)],
)
def test_reads_a_chunked_body(connect: Any, path: str, body: bytes, status: int) -> None:
    connection = connect(build_head(path, "Transfer-Encoding: chunked") + chunk(body))

    assert read_answer(connection)[0] == status


def test_checks_the_signature_of_a_chunked_event(connect: Any) -> None:
    body = json.dumps({"id": 1, "type": "job.unknown", "payload": {"id": 1}}).encode()
    signature = "sha256=" + hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (f"X-TheirStack-Signature-256: {signature}", "Transfer-Encoding: chunked")

    signed = connect(build_head("/ingestion/webhooks/theirstack", *head) + chunk(body))
    changed = connect(build_head("/ingestion/webhooks/theirstack", *head) + chunk(body + b" "))

    assert (read_answer(signed)[0], read_answer(changed)[0]) == (202, 403)


def test_reads_a_chunked_form_with_a_file(web: str, member: tuple[str, str]) -> None:
    user_id, token = member
    boundary = "a-boundary"
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("user_id", user_id), ("source", "upload"))
    )
    form = (
        f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="resume.pdf"\r\n'
        f"Content-Type: application/pdf\r\n\r\nMZ\x00\x01 is no PDF\r\n--{boundary}--\r\n"
    ).encode()

    response = requests.post(
        f"{web}/resumes/generate",
        data=iter([form[:50], form[50:]]),
        headers={
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Authorization": f"Bearer {token}",
        },
        timeout=60,
    )

    # The type of the file was detected, so the complete file was read.
    assert (response.status_code, response.json().get("reason")) == (400, "unknown_type"), response.text


@pytest.fixture
def member(web: str, mongo: Database) -> Iterator[tuple[str, str]]:
    """Yield the id and an access token of a registered user."""
    given = {"email": "ada@example.org", "password": "Secure-Pass-123"}
    requests.post(f"{web}/auth/register", json=given | {"full_name": "Ada"}, timeout=60).raise_for_status()
    token = requests.post(f"{web}/auth/login", json=given, timeout=60).json()["access_token"]
    profile = requests.get(f"{web}/auth/me", headers={"Authorization": f"Bearer {token}"}, timeout=60).json()
    yield profile["id"], token
    # The fixture `mongo` empties only collections that this process wrote to.
    for collection in ("users", "refresh_tokens"):
        mongo[collection].delete_many({})


def test_sends_a_cached_response_again_with_the_id_of_the_request(web: str, mongo: Database, redis: Any) -> None:
    call_command("refresh_stats", stdout=StringIO())
    asked = {"X-Request-ID": "edge-7f3a.19_b"}

    first, second, third = (requests.get(f"{web}/market/trending", headers=asked, timeout=30) for _ in range(3))
    other = requests.get(f"{web}/market/trending", timeout=30)

    assert first.status_code == second.status_code == third.status_code == 200
    assert (second.content, dict(second.headers)) == (third.content, dict(third.headers))
    assert second.content == first.content
    assert second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["X-Request-ID"] == "edge-7f3a.19_b"
    assert re.fullmatch(r"[0-9a-f]{16}", other.headers["X-Request-ID"])


WHOLE = chunk(TEXT)
UNENDED = WHOLE.removesuffix(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(UNENDED, id="no last chunk"),
        pytest.param(WHOLE[:-1], id="half a last chunk"),
        pytest.param(UNENDED + b"ZZ\r\n", id="no size"),
        pytest.param(b"%x\r\n%sXX0\r\n\r\n" % (len(TEXT), TEXT), id="more than its size"),
        pytest.param(b"%x\r\n%s" % (len(TEXT) + 1, TEXT), id="less than its size"),
        pytest.param(b"-1\r\n", id="negative size"),
        pytest.param(b"ffffffffffffffffff\r\n", id="size beyond 64 bits"),
        pytest.param(b"1;" + b"a" * 300_000 + b"\r\n{\r\n", id="endless extension"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_rejects_a_chunked_body_that_breaks_off(connect: Any, sent: bytes) -> None:
    connection = connect(build_head("/skills/extract", "Transfer-Encoding: chunked") + sent)
    connection.shutdown(socket.SHUT_WR)

    status, headers, body = read_answer(connection)

    assert (status, headers["connection"]) == (400, "close")
    assert json.loads(body) == {
        "detail": "The connection closed before the whole body arrived.",
        "code": "incomplete_body",
    }


def test_reads_a_chunked_body_whose_trailer_is_announced(connect: Any) -> None:
    sent = chunk(TEXT).removesuffix(b"\r\n") + b"X-Checksum: 1\r\n\r\n"

    response = read_answer(
        connect(build_head("/skills/extract", "Transfer-Encoding: chunked", "Trailer: X-Checksum") + sent)
    )

    assert response[0] == 200


def test_answers_head_without_a_body(web: str, connect: Any) -> None:
    connection = connect(build_head("/health", "Connection: close", method="HEAD"))

    head, _, body = read_until_closed(connection).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 ")
    assert body == b""


def test_serves_the_first_concurrent_requests_for_the_openapi_document(web: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: requests.get(f"{web}/openapi.json", timeout=60), range(8)))

    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1


def test_answers_liveness_while_all_threads_hash_passwords(web: str) -> None:
    with ThreadPoolExecutor(30) as pool:
        headers = {"Content-Type": "application/json"}
        logins = [
            pool.submit(requests.post, f"{web}/auth/login", LOGIN, headers=headers, timeout=60) for _ in range(30)
        ]
        time.sleep(0.5)
        started = time.monotonic()
        health = requests.get(f"{web}/health", timeout=30)
        waited = time.monotonic() - started
        statuses = {each.result().status_code for each in logins}

    assert health.status_code == 200
    assert waited < 5
    assert statuses <= {401, 429, 503}


def test_serves_requests_without_mongodb_while_passwords_are_hashed_and_mongodb_is_frozen(tmp_path: Path) -> None:
    server = start_mongodb(directory=tmp_path, cache_gb=0.25)
    try:
        with serve(mongodb_uri=server.uri) as address, ThreadPoolExecutor(30) as pool:
            os.kill(server.pid, signal.SIGSTOP)
            time.sleep(2 * MAX_SILENCE)
            people = [
                {"email": f"u{n}@example.org", "password": "Secure-Pass-123", "full_name": "Ada"} for n in range(12)
            ]
            waiting = [pool.submit(requests.post, f"{address}/auth/register", json=each, timeout=60) for each in people]
            waiting += [pool.submit(requests.get, f"{address}/skills/roles", timeout=60) for _ in range(6)]
            time.sleep(0.3)
            started = time.monotonic()
            statuses = [
                requests.get(f"{address}{path}", timeout=30).status_code for path in ("/health", "/no-such-path")
            ]
            waited = time.monotonic() - started
            responses = [each.result() for each in waiting]
    finally:
        server.process.kill()
        server.stop()

    assert statuses == [200, 404]
    assert waited < 5
    assert {response.status_code for response in responses} <= {429, 503}
    assert all("Retry-After" in response.headers for response in responses)


@pytest.mark.parametrize("charset", ["cp037", "utf-16", "hex", "idna", "nonsense"])
def test_reads_a_query_as_utf_8_whatever_charset_the_body_has(web: str, charset: str) -> None:
    url = f"{web}/market/trending?days=147&limit={charset}"

    response = requests.get(url, headers={"Content-Type": f"text/plain; charset={charset}"}, timeout=30)
    answer_to_others = requests.get(url, timeout=30)

    assert (response.status_code, response.json()["window_days"]) == (200, 147)
    assert answer_to_others.json()["window_days"] == 147


@pytest.mark.parametrize("charset", ["hex", "idna"])
def test_rejects_a_form_in_an_encoding_that_is_not_text(web: str, charset: str) -> None:
    kind = f"application/x-www-form-urlencoded; charset={charset}"

    response = requests.post(f"{web}/auth/login/form", b"username=%ff", headers={"Content-Type": kind}, timeout=30)

    assert response.status_code == 400
    assert response.json()["detail"]


def test_rejects_a_path_without_a_leading_slash(connect: Any) -> None:
    status, headers, body = read_answer(connect(build_head("*", "Content-Length: 0", method="OPTIONS")))

    assert (status, headers["content-type"]) == (404, "application/json")
    assert json.loads(body)["code"] == "path_not_found"
