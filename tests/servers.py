"""A pytest plugin that starts a MongoDB and a Valkey for the tests before Django reads its settings.

If MONGODB_URI and REDIS_URL are set, the tests use those servers instead. Each worker of pytest-xdist has its own
database, named `career_navigator_tests...`, and its own Redis database, so that other data on the servers is safe.
"""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from career_navigator.devserver.embedded import EmbeddedServer, start_mongodb, start_valkey

# Redis has databases 0 to 15. Leave the first eight to other users of the server.
FIRST_REDIS_DATABASE = 8
# Override settings in the shell or a `.env` file that would affect the tests.
NEUTRAL_ENVIRONMENT = {
    "DEBUG": "True",
    "THEIR_STACK_API_KEY": "",
    "THEIR_STACK_CREDIT_BUDGET": "",
    "THEIR_STACK_MAX_RETRIES": "3",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "plain",
    "JWT_ALGORITHM": "HS256",
    "JWT_SECRET_KEY": "",
    "JWT_FORMER_KEYS": "",
    # Disable rate limits. Tests of throttles set their own limits.
    **dict.fromkeys(
        (
            *("THROTTLE_LOGIN_ACCOUNT", "THROTTLE_LOGIN_ADDRESS", "THROTTLE_REGISTER_ACCOUNT"),
            *("THROTTLE_REGISTER_ADDRESS", "THROTTLE_FORGOT_ACCOUNT", "THROTTLE_FORGOT_ADDRESS"),
            *("THROTTLE_PASSWORD", "THROTTLE_ACTIVITY", "THROTTLE_USER", "THROTTLE_ADDRESS"),
            *("THROTTLE_LOGINS_ACCOUNT", "THROTTLE_LOGINS_ADDRESS", "THROTTLE_EXTRACT_ADDRESS"),
            *("THROTTLE_TARGET_ROLES", "THROTTLE_CHECK_RESUME"),
        ),
        "off",
    ),
}

# Many tests set the clock to a date in the past. MongoDB's TTL monitor would delete their documents.
_MONGODB_OPTIONS = ("--setParameter", "ttlMonitorEnabled=false")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    servers: list[EmbeddedServer] = []
    directory = tempfile.TemporaryDirectory(prefix="career-navigator-tests-")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    try:
        if not worker:
            os.environ.update(NEUTRAL_ENVIRONMENT | {"VAR_DIR": directory.name})
            if "MONGODB_URI" not in os.environ:
                servers.append(
                    start_mongodb(directory=Path(directory.name) / "mongodb", cache_gb=0.25, options=_MONGODB_OPTIONS)
                )
                # Tests do not need their writes to survive a crash of the server.
                os.environ["MONGODB_URI"] = f"{servers[-1].uri}?journal=false"
            if "REDIS_URL" not in os.environ:
                servers.append(start_valkey(directory=Path(directory.name) / "valkey"))
                os.environ["REDIS_URL"] = servers[-1].uri
        os.environ["MONGODB_URI"] = _with_path(os.environ["MONGODB_URI"], f"career_navigator_tests{worker}")
        number = FIRST_REDIS_DATABASE + int(worker.removeprefix("gw") or 0) % 8
        os.environ["REDIS_URL"] = _with_path(os.environ["REDIS_URL"], str(number))
        _servers.extend(servers)
        _directories.append(directory)
    except BaseException:
        _stop(servers)
        directory.cleanup()
        raise
    return (yield)


def pytest_unconfigure() -> None:
    _stop(_servers)
    for directory in _directories:
        directory.cleanup()


_servers: list[EmbeddedServer] = []
_directories: list["tempfile.TemporaryDirectory[str]"] = []


def _stop(servers: list[EmbeddedServer]) -> None:
    while servers:
        servers.pop().stop()


def _with_path(address: str, path: str) -> str:
    return urlsplit(address)._replace(path=f"/{path}").geturl()


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Fail a test that connects to another machine."""
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            pytest.fail(f"the test connects to another machine, {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_locally)
        yield
