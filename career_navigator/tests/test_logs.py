"""Tests of log lines: time, request or task id, and hidden secrets."""

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from career_navigator.observability.logging import ContextFilter, JSONFormatter, PlainFormatter, request_id, task_id

Line = Callable[..., str]


@pytest.fixture
def line() -> Line:
    def format_line(formatter: logging.Formatter, message: str, *args: Any, **fields: Any) -> str:
        record = logging.getLogger("market").makeRecord(
            "market", logging.INFO, __file__, 1, message, args, fields.pop("exc_info", None), extra=fields
        )
        record.created, record.msecs = 1763706600.123, 123.0
        ContextFilter().filter(record)
        return formatter.format(record)

    return format_line


def test_writes_plain_lines_with_the_requests_id(line: Line) -> None:
    token = request_id.set("abc12345")
    try:
        text = line(PlainFormatter(), "stored %d postings", 3)
    finally:
        request_id.reset(token)

    assert text == "2025-11-21T06:30:00.123Z INFO [abc12345] market: stored 3 postings"


def test_writes_plain_lines_outside_of_requests(line: Line) -> None:
    assert line(PlainFormatter(), "ready") == "2025-11-21T06:30:00.123Z INFO [-] market: ready"


def test_writes_json_lines_with_the_tasks_id_and_extra_fields(line: Line) -> None:
    token = task_id.set("task-1")
    try:
        text = line(JSONFormatter(), "stored %d", 3, role="data engineer", pages=2)
    finally:
        task_id.reset(token)

    assert json.loads(text) == {
        "time": "2025-11-21T06:30:00.123Z",
        "level": "INFO",
        "logger": "market",
        "message": "stored 3",
        "task_id": "task-1",
        "role": "data engineer",
        "pages": 2,
    }


def test_writes_a_traceback_in_one_json_line(line: Line) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        text = line(JSONFormatter(), "failed", exc_info=sys.exc_info())

    assert "\n" not in text
    assert "ValueError: broken" in json.loads(text)["exc_info"]


@pytest.mark.parametrize("formatter", [PlainFormatter, JSONFormatter])
def test_hides_secrets_in_messages_arguments_and_tracebacks(
    line: Line, settings: Any, formatter: type[logging.Formatter]
) -> None:
    settings.THEIR_STACK_API_KEY = "key-of-theirstack"
    settings.JWT_SECRET_KEY = "j" * 20 + '"' + "j" * 20
    settings.REDIS_URL = "rediss://default:redis-password@redis.example:6380/0"
    settings.MONGODB_URI = "mongodb://app:mongo-password@a.example:27017,b.example:27017/cn?replicaSet=rs0"
    try:
        raise ValueError("Bearer key-of-theirstack was refused")
    except ValueError:
        text = line(
            formatter(),
            "connecting to %s and %s with %s",
            settings.REDIS_URL,
            settings.MONGODB_URI,
            settings.JWT_SECRET_KEY,
            exc_info=sys.exc_info(),
        )

    for secret in ("key-of-theirstack", "redis-password", "mongo-password", "jjj"):
        assert secret not in text
    assert "Bearer (hidden) was refused" in text


@pytest.mark.parametrize(
    "text", ["\n", "\r\n", "\x1b[31m", "\0", "\t", "\x7f", "\x85", "\x9b31m", "\u2028", "\u2029", "\u202e", "\ud800"]
)
def test_escapes_control_characters_in_plain_lines(line: Line, text: str) -> None:
    written = line(PlainFormatter(), "GET /x%s2025-11-21T06:30:00.000Z INFO [-] staff: login", text)

    assert written.isprintable()
    assert len(written.splitlines()) == 1
    assert written.endswith("2025-11-21T06:30:00.000Z INFO [-] staff: login")


def test_does_not_escape_letters_of_any_language(line: Line) -> None:
    assert line(PlainFormatter(), "Zoë 開発 \\n").endswith("Zoë 開発 \\n")


def test_indents_tracebacks_so_that_they_cannot_forge_log_lines(line: Line) -> None:
    try:
        raise ValueError("broken\n2025-11-21T06:30:00.000Z INFO [-] staff: login\x1b[31m\r2025")
    except ValueError:
        text = line(PlainFormatter(), "failed", exc_info=sys.exc_info())

    first, *trace = text.split("\n")
    assert first.endswith("market: failed")
    assert "ValueError: broken" in text
    assert PlainFormatter().formatStack("Stack:\n2025\x1b") == "    Stack:\n    2025\\x1b"
    assert all(each.startswith("    ") and each.isprintable() for each in trace)


def test_escapes_control_characters_in_request_paths(client: Any, caplog: pytest.LogCaptureFixture, redis: Any) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/x%0a2026-11-28T21:00:00.000Z%20INFO%20[-]%20staff:%20login%1b[31m%00")

    (record,) = [each for each in caplog.records if "/x" in each.getMessage()]
    assert PlainFormatter().format(record).isprintable()
