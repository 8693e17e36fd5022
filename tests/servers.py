"""A pytest plugin: a MongoDB and a Valkey of the tests' own, started before Django reads its settings.

With MONGODB_URI and REDIS_URL set, those servers are used instead. Each worker of pytest-xdist has a database and a
Redis number of its own, named for the tests, so that nothing else on the servers is touched.
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

# Redis numbers its databases up to 15; the first ones are left to whatever shares the server.
FIRST_REDIS_DATABASE = 8
# Settings of the shell or of a `.env` file that would change what is tested.
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
    # A test of throttles sets its own limits; the others register and log in as often as they need.
    **dict.fromkeys(
        (
            *("THROTTLE_LOGIN_ACCOUNT", "THROTTLE_LOGIN_ADDRESS", "THROTTLE_REGISTER_ACCOUNT"),
            *("THROTTLE_REGISTER_ADDRESS", "THROTTLE_FORGOT_ACCOUNT", "THROTTLE_FORGOT_ADDRESS"),
            *("THROTTLE_PASSWORD", "THROTTLE_ACTIVITY", "THROTTLE_USER", "THROTTLE_ADDRESS"),
            *("THROTTLE_LOGINS_ACCOUNT", "THROTTLE_LOGINS_ADDRESS", "THROTTLE_EXTRACT_ADDRESS"),
            "THROTTLE_TARGET_ROLES",
        ),
        "off",
    ),
}

# Many tests hold the clock at a date of the past, after which what they store would have expired already.
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
                # What tests write need not outlive a crash of their server.
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
    """A connection to anywhere but this machine fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            pytest.fail(f"the test connects to {address}, outside this machine")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield
