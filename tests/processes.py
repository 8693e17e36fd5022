"""Workers, beats and servers that a test starts for itself and can kill and restart."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis
from django.test import override_settings
from pymongo.database import Database

from career_navigator.cache import reset_caches
from career_navigator.celery import HEARTBEAT_KEY
from career_navigator.db import connection
from career_navigator.db.bootstrap import create_indexes
from career_navigator.devserver.embedded import EmbeddedServer, find_free_port, start_mongodb, start_valkey
from career_navigator.environment import BASE_DIR
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from tests.other_servers import mongodb_at, redis_at

START_SECONDS = 90


def wait_until(condition: Callable[[], Any], *, seconds: float, what: str, every: float = 0.05) -> Any:
    """Poll `condition` until it returns a true value, and return that value.

    Raises:
        AssertionError: `condition` is still false after `seconds`. The message contains `what`.
    """
    give_up_at = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > give_up_at:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every)
    return result


class Servers:
    """A MongoDB and a Valkey that use the same ports and files after a restart."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._mongodb_port, self._valkey_port = find_free_port(), find_free_port()
        self.mongodb: EmbeddedServer
        self.valkey: EmbeddedServer
        self.start_mongodb()
        self.start_valkey()

    def start_mongodb(self) -> None:
        self.mongodb = start_mongodb(directory=self._directory / "mongodb", port=self._mongodb_port, cache_gb=0.25)

    def start_valkey(self) -> None:
        self.valkey = start_valkey(directory=self._directory / "valkey", port=self._valkey_port)

    def stop(self) -> None:
        self.mongodb.stop()
        self.valkey.stop()


def kill(server: EmbeddedServer) -> None:
    server.process.kill()
    server.process.wait()


class Installation:
    """A database, a queue and the workers that use them. `settings` are extra environment variables of the workers."""

    def __init__(self, *, mongodb_uri: str, redis_url: str, directory: Path, **settings: str) -> None:
        self.mongodb_uri, self.redis_url = mongodb_uri, redis_url
        self._directory = directory
        self._environment = (
            os.environ
            | settings
            | {
                "MONGODB_URI": self.mongodb_uri,
                "REDIS_URL": self.redis_url,
                "VAR_DIR": str(directory),
            }
        )
        self._workers: list[subprocess.Popen[bytes]] = []
        self._beats: list[subprocess.Popen[bytes]] = []

    def start_worker(self, *options: str, processes: int = 1) -> "subprocess.Popen[bytes]":
        """Start a worker in its own process group, without waiting until it is ready.

        The worker consumes all queues unless `options` say otherwise.
        """
        command = [
            *(sys.executable, "-m", "celery", "-A", "career_navigator", "worker"),
            *("--concurrency", str(processes), "--hostname", f"w{len(self._workers)}@%h"),
            *("--without-gossip", "--without-mingle"),
            *options,
        ]
        worker = self._start(command)
        self._workers.append(worker)
        return worker

    def start_beat(self, *, schedule: Path) -> "subprocess.Popen[bytes]":
        """Start a beat that stores its schedule in the given file."""
        command = [sys.executable, "-m", "celery", "-A", "career_navigator", "beat", "--pidfile=", "--loglevel", "INFO"]
        beat = self._start([*command, "--schedule", str(schedule)])
        self._beats.append(beat)
        return beat

    def _start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=BASE_DIR,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def manage(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a management command and return its result."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=BASE_DIR,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    @property
    def log(self) -> Path:
        """Path of the file with the output of the workers and beats."""
        return self._directory / "worker.log"

    def wait_for_worker(self) -> None:
        with redis.Redis.from_url(self.redis_url) as client:
            wait_until(lambda: client.exists(HEARTBEAT_KEY), seconds=START_SECONDS, what="a worker is alive")

    def read_log(self) -> str:
        """Return the end of the log, for the message of a failed test."""
        return self.log.read_text()[-5_000:]

    def ensure_worker(self) -> None:
        """Start a worker unless one is running."""
        if not any(worker.poll() is None for worker in self._workers):
            self.start_worker()

    def workers(self) -> list["subprocess.Popen[bytes]"]:
        """Return the workers that are still running."""
        return [worker for worker in self._workers if worker.poll() is None]

    def kill_task_processes(self) -> None:
        """Kill the processes in which the workers run tasks. The workers replace them."""
        for worker in self.workers():
            for child in Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)

    def kill_workers(self) -> None:
        for worker in self._workers:
            kill_group(worker)

    def stop(self) -> None:
        self.kill_workers()
        self.stop_beats()

    def stop_beats(self) -> None:
        for beat in self._beats:
            kill_group(beat)

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """Connect this process to the installation's servers."""
        with mongodb_at(self.mongodb_uri), redis_at(self.redis_url):
            yield


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and its process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def running_installation(
    *, servers: Servers, fake_theirstack: FakeTheirStack, directory: Path, **settings: str
) -> Iterator[Installation]:
    """Yield an indexed and seeded installation that collects from the fake TheirStack.

    This process is connected to the installation inside the block.
    """
    installation = Installation(
        mongodb_uri=f"{servers.mongodb.uri}career_navigator",
        redis_url=f"{servers.valkey.uri}0",
        directory=directory,
        THEIR_STACK_BASE_URL=fake_theirstack.url,
        THEIR_STACK_API_KEY=fake_theirstack.api_key,
        **settings,
    )
    reset_caches()
    with (
        installation.connected(),
        override_settings(THEIR_STACK_BASE_URL=fake_theirstack.url, THEIR_STACK_API_KEY=fake_theirstack.api_key),
    ):
        create_indexes()
        # In a separate process, because `connected` does not switch Django's own tables.
        installation.manage("seed").check_returncode()
        try:
            yield installation
        finally:
            installation.stop()
    reset_caches()


def empty_database() -> Database[dict[str, Any]]:
    """Empty Redis and every collection except the vocabulary. Return this process's database."""
    database = connection.database()
    for name in database.list_collection_names():
        if name not in {"skills", "catalogue_versions"}:
            database[name].delete_many({})
    connection.redis_client().flushdb()
    return database
