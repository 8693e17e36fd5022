"""A deployment with several web processes, workers and beats on servers of a test."""

import http.client
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import redis

from career_navigator.celery import WORKERS_KEY
from career_navigator.devserver.embedded import HOST, find_free_port, with_pdeathsig
from career_navigator.environment import BASE_DIR
from tests.processes import kill_group, wait_until

WEB_PROCESSES, WORKERS, BEATS = 3, 3, 2
# Eight processes start at the same time, possibly on only two processors.
START_SECONDS = 240
# Half of the processes collect roles while the others send emails.
_PROCESSES_PER_WORKER = 2


class Deployment:
    """The processes of a deployment. `settings` are their environment variables."""

    def __init__(self, *, directory: Path, **settings: str) -> None:
        self._directory = directory
        self._environment = os.environ | settings | {"VAR_DIR": str(directory)}
        self._processes: list[subprocess.Popen[bytes]] = []
        self.ports: list[int] = []

    def start(self, *, redis_url: str) -> None:
        """Start all processes and wait until they are ready. Workers report their heartbeats to `redis_url`."""
        for number in range(WORKERS):
            self._start_celery(
                f"worker-{number}",
                *("worker", "--concurrency", str(_PROCESSES_PER_WORKER), "--hostname", f"w{number}@%h"),
                *("--without-gossip", "--without-mingle"),
            )
        for number in range(BEATS):
            schedule = self._directory / f"celerybeat-schedule-{number}"
            self._start_celery(f"beat-{number}", "beat", "--pidfile=", "--schedule", str(schedule))
        for number in range(WEB_PROCESSES):
            port = find_free_port()
            self._start(
                f"web-{number}",
                *("-m", "granian", "career_navigator.rsgi:application", "--interface", "rsgi", "--no-ws"),
                *("--host", HOST, "--port", str(port), "--http", "1", "--workers", "1"),
            )
            self.ports.append(port)
        for port in self.ports:
            wait_until(partial(_is_healthy, port), seconds=START_SECONDS, every=0.2, what="the web answers")
        with redis.Redis.from_url(redis_url) as client:
            wait_until(
                lambda: client.zcard(WORKERS_KEY) == WORKERS, seconds=START_SECONDS, every=0.2, what="all workers live"
            )

    def manage(self, *command: str) -> None:
        """Run a management command. Raise an error if it fails."""
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=BASE_DIR,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            timeout=START_SECONDS,
            check=True,
        )

    def ended(self) -> list[str]:
        """Return the commands of the processes that ended without being stopped."""
        return [str(each.args) for each in self._processes if each.poll() is not None]

    def logs(self) -> str:
        """Return the end of each log, for the message of a failed test."""
        return "\n".join(f"== {log.name}\n{log.read_text()[-3_000:]}" for log in sorted(self._directory.glob("*.log")))

    def stop(self) -> None:
        for process in self._processes:
            kill_group(process)

    def _start_celery(self, name: str, *command: str) -> None:
        self._start(name, "-m", "celery", "-A", "career_navigator", *command)

    def _start(self, name: str, *command: str) -> None:
        with (self._directory / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                with_pdeathsig([sys.executable, *command]),
                cwd=BASE_DIR,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
