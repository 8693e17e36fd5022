"""Response times and statuses of the web process while MongoDB is killed or frozen.

python -m benchmarks.unavailable [--seconds N] [--rates 1 2 5] [--faults killed frozen]
"""

import argparse
import http.client
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks.load_generator import HOST
from benchmarks.report import Report
from benchmarks.servers import start_servers
from benchmarks.serving import fetch, prepare_database, start_web

# The requests are sent in rotation, so that the fault affects reads, writes, aggregations and a login.
_LOGIN = json.dumps({"email": "nobody@example.org", "password": "not-the-password"}).encode()
MONGODB_REQUESTS: Sequence[tuple[str, str, bytes | None]] = (
    ("GET", "/jobs/list_jobs?limit=5&offset={number}", None),
    ("POST", "/auth/login", _LOGIN),
    ("GET", "/skills/gap-analysis?role=Data%20Engineer&skills=python&days={number}", None),
    ("GET", "/jobs/0123456789abcdef{number:08x}", None),
)
HEALTH: tuple[str, str, bytes | None] = ("GET", "/health", None)
TRENDING: tuple[str, str, bytes | None] = ("GET", "/market/trending", None)
HEALTH_RATE = 4
TRENDING_RATE = 1
# A request without a response is given up after this time, which counts as its latency.
CLIENT_SECONDS = 30
RECOVERY_SECONDS = 60


@dataclass(slots=True)
class ResponseTimes:
    """Latencies and statuses of one kind of request. Status 0 means no response."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"{median(self.seconds):.2f} / {max(self.seconds):.2f} s"

    def count_over(self, seconds: float) -> int:
        return sum(latency > seconds for latency in self.seconds)


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="seconds without MongoDB (default: %(default)s)")
    parser.add_argument("--rates", type=float, nargs="+", default=[1, 2, 5], help="requests per second")
    parser.add_argument("--faults", nargs="+", choices=list(FAULTS), default=list(FAULTS))
    arguments = parser.parse_args()
    report = Report(f"MongoDB unavailable for {arguments.seconds:g} s: p50 / max of the response times")
    with start_servers() as directory:
        prepare_database(2_000)
        os.environ |= {"THROTTLE_LOGIN_ACCOUNT": "off", "THROTTLE_LOGIN_ADDRESS": "off"}
        with start_web(directory) as web:
            token = register_user_token()
            for fault in arguments.faults:
                for rate in arguments.rates:
                    measure(report, web.port, token, directory, fault=fault, rate=rate, seconds=arguments.seconds)
    return report.show()


def measure(report: Report, port: int, token: str, directory: Path, *, fault: str, rate: float, seconds: float) -> None:
    """Measure one outage at one rate, until the first successful response after it."""
    numbers = count(1)

    def build_request() -> tuple[str, str, bytes | None]:
        number = next(numbers)
        method, path, body = MONGODB_REQUESTS[number % len(MONGODB_REQUESTS)]
        return method, path.format(number=number % 360 + 1), body

    fetch(port)
    wait_for_recovery(port, token)
    stop_event, restore = threading.Event(), FAULTS[fault](directory)
    kinds = [(rate, build_request), (HEALTH_RATE, lambda: HEALTH), (TRENDING_RATE, lambda: TRENDING)]
    loads = [_Load(port, token, request_rate, builder) for request_rate, builder in kinds]
    for load in loads:
        load.start(stop_event)
    time.sleep(seconds)
    stop_event.set()
    restore()
    restored = time.monotonic()
    recovery = wait_for_recovery(port, token) - restored
    for load in loads:
        load.join()
    mongodb_responses, health, trending = (load.responses for load in loads)
    name = f"{fault}, {rate:g}/s"
    statuses = ", ".join(f"{number} x {status}" for status, number in sorted(mongodb_responses.statuses.items()))
    report.require_at_most(
        f"{name}: requests that need MongoDB",
        mongodb_responses.count_over(5),
        0,
        measured=f"{mongodb_responses}; {mongodb_responses.count_over(5)} of {len(mongodb_responses.seconds)} over 5 s",
        target_text="none over 5 s",
    )
    unexpected = sum(
        number for status, number in mongodb_responses.statuses.items() if status not in {200, 401, 404, 503}
    )
    report.require_at_most(
        f"{name}: statuses", unexpected, 0, measured=statuses, target_text="only 503 or the expected one"
    )
    report.require_at_most(
        f"{name}: /health", max(health.seconds), 0.5, measured=f"{health}", target_text="<= 0.5 s",
    )  # fmt: skip
    report.require_at_least(
        f"{name}: /market/trending",
        trending.statuses[200],
        len(trending.seconds),
        measured=f"{trending}, {trending.statuses[200]} of {len(trending.seconds)} returned 200",
        target_text="all 200",
    )
    report.require_at_most(
        f"{name}: first successful response after the restart",
        recovery,
        1.5,
        measured=f"{recovery:.1f} s",
        target_text="<= 1.5 s",
    )


class _Load:
    """Requests at a steady rate, each with its own thread and connection, so that none waits for another."""

    def __init__(
        self, port: int, token: str, rate: float, build_request: Callable[[], tuple[str, str, bytes | None]]
    ) -> None:
        self.responses = ResponseTimes()
        self._port, self._token, self._rate, self._build_request = port, token, rate, build_request
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def start(self, stop_event: threading.Event) -> None:
        thread = threading.Thread(target=self._send_at_rate, args=(stop_event,))
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        self._threads[0].join()
        for thread in self._threads[1:]:
            thread.join()

    def _send_at_rate(self, stop_event: threading.Event) -> None:
        started = time.monotonic()
        for number in count():
            if stop_event.wait(max(0.0, started + number / self._rate - time.monotonic())):
                return
            thread = threading.Thread(target=self._send_and_record, args=self._build_request())
            self._threads.append(thread)
            thread.start()

    def _send_and_record(self, method: str, path: str, body: bytes | None) -> None:
        started = time.monotonic()
        status = send_request(self._port, self._token, method, path, body)
        with self._lock:
            self.responses.seconds.append(time.monotonic() - started)
            self.responses.statuses[status] += 1


def register_user_token() -> str:
    """Return an access token of a new user."""
    from django.utils import timezone

    from accounts.authentication import issue_access_token
    from accounts.services import register_user

    now = timezone.now()
    user = register_user(
        email="user@example.org",
        password="Secure-Pass-123",  # noqa: S106 - protects only this benchmark's database
        full_name="User",
        skills=["Python", "SQL"],
        target_roles=["Data Engineer"],
        experience_level="2nd Year",
        location="San Francisco, CA",
        now=now,
    ).user
    return issue_access_token(user_id=user.pk, now=now)


def send_request(port: int, token: str, method: str, path: str, body: bytes | None = None) -> int:
    """Send a request and return its status, or 0 if there is no response in time."""
    connection = http.client.HTTPConnection(HOST, port, timeout=CLIENT_SECONDS)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status
    except OSError:
        return 0
    finally:
        connection.close()


def wait_for_recovery(port: int, token: str) -> float:
    """Return the time of the first 200 response to a request that needs MongoDB.

    Raises:
        RuntimeError: No request succeeds in time.
    """
    deadline = time.monotonic() + RECOVERY_SECONDS
    while (status := send_request(port, token, "GET", "/jobs/list_jobs?limit=1")) != 200:
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"no successful response within {RECOVERY_SECONDS} s of MongoDB's restart; the last status is {status}"
            )
        time.sleep(0.05)
    return time.monotonic()


def kill_mongodb(directory: Path) -> Callable[[], None]:
    """Kill MongoDB. Return a function that restarts it on the same port with the same data."""
    from career_navigator.devserver.embedded import start_mongodb

    port, pid = _find_mongodb()
    os.kill(pid, signal.SIGKILL)

    def restore() -> None:
        _restarted.append(start_mongodb(directory=directory / "mongodb", port=port))

    return restore


def freeze_mongodb(directory: Path) -> Callable[[], None]:
    """Suspend MongoDB with all its connections open. Return a function that resumes it."""
    _, pid = _find_mongodb()
    os.kill(pid, signal.SIGSTOP)
    return lambda: os.kill(pid, signal.SIGCONT)


# MongoDB ends with this process (`with_pdeathsig`).
_restarted: list[object] = []

FAULTS = {"killed": kill_mongodb, "frozen": freeze_mongodb}


def _find_mongodb() -> tuple[int, int]:
    """Return the port and process id of this benchmark's MongoDB."""
    import pymongo
    from django.conf import settings

    with pymongo.MongoClient[dict[str, int]](settings.MONGODB_URI) as client:
        host = client.address
        if host is None:
            raise RuntimeError("MongoDB is unavailable")
        return host[1], int(client.admin.command("serverStatus")["pid"])


if __name__ == "__main__":
    sys.exit(main())
