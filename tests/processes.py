"""The project's processes against servers of a test's own: each may be killed and started again."""

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
from career_navigator.devserver.embedded import EmbeddedServer, free_port, start_mongodb, start_valkey
from career_navigator.environment import BASE_DIR
from ingestion.fake_theirstack.server import FakeTheirStack
from tests.other_servers import mongodb_at, redis_at

START_SECONDS = 90


def wait_until(happens: Callable[[], Any], *, seconds: float, what: str, every: float = 0.05) -> Any:
    """What `happens` returns once that is true; fails saying `what` when it takes longer."""
    give_up_at = time.monotonic() + seconds
    while not (result := happens()):
        if time.monotonic() > give_up_at:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every)
    return result


class Servers:
    """A MongoDB and a Valkey that keep their ports and files when they are killed and started again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._mongodb_port, self._valkey_port = free_port(), free_port()
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
    """A database and a queue on the servers, and workers on them; `settings` are further variables for those."""

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
        """Start a worker of all queues, or as `options` say, in a process group of its own; it may not be ready yet."""
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
        """Start a beat that keeps its schedule in a file."""
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
        """Run a command of ours to its end."""
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
        """What the workers and beats wrote."""
        return self._directory / "worker.log"

    def wait_for_worker(self) -> None:
        with redis.Redis.from_url(self.redis_url) as client:
            wait_until(lambda: client.exists(HEARTBEAT_KEY), seconds=START_SECONDS, what="a worker is alive")

    def last_words(self) -> str:
        return self.log.read_text()[-5_000:]

    def keep_worker(self) -> None:
        """Start a worker unless one is there."""
        if not any(worker.poll() is None for worker in self._workers):
            self.start_worker()

    def workers(self) -> list["subprocess.Popen[bytes]"]:
        """The workers that have not ended."""
        return [worker for worker in self._workers if worker.poll() is None]

    def kill_task_processes(self) -> None:
        """Kill the processes in which the workers run tasks; the workers themselves start others."""
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
        """This process works on the installation too."""
        with mongodb_at(self.mongodb_uri), redis_at(self.redis_url):
            yield


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and those it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def installed(
    *, servers: Servers, stand_in: FakeTheirStack, directory: Path, **settings: str
) -> Iterator[Installation]:
    """An indexed and seeded installation that collects from the fake TheirStack; this process works on it too."""
    installation = Installation(
        mongodb_uri=f"{servers.mongodb.uri}career_navigator",
        redis_url=f"{servers.valkey.uri}0",
        directory=directory,
        THEIR_STACK_BASE_URL=stand_in.url,
        THEIR_STACK_API_KEY=stand_in.api_key,
        **settings,
    )
    reset_caches()
    with (
        installation.connected(),
        override_settings(THEIR_STACK_BASE_URL=stand_in.url, THEIR_STACK_API_KEY=stand_in.api_key),
    ):
        create_indexes()
        # In a process of its own, since Django's own tables are not where `connected` leads.
        installation.manage("seed").check_returncode()
        try:
            yield installation
        finally:
            installation.stop()
    reset_caches()


def empty_database() -> Database[dict[str, Any]]:
    """This process's database, with the vocabulary alone, beside an empty Redis."""
    emptied = connection.database()
    for name in emptied.list_collection_names():
        if name not in {"skills", "catalogue_versions"}:
            emptied[name].delete_many({})
    connection.redis_client().flushdb()
    return emptied
