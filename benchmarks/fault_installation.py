"""A complete installation whose processes can be killed, suspended and restarted individually."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import requests

from benchmarks.servers import set_up_django
from career_navigator.devserver.embedded import HOST, find_free_port, start_mongodb, start_valkey, with_pdeathsig

ROOT = Path(__file__).resolve().parents[1]
START_TIMEOUT = 180
PAGE_SIZE = 25
# There are enough postings for every search to reach its limit.
SERVED = 6_000
# Collections of an empty installation: seed data, Django's own tables, and the runs of maintenance tasks.
SEEDED = {
    "skills",
    "catalogue_versions",
    "project_ideas",
    "learning_resources",
    "blueprints",
    "data_migrations",
    "task_runs",
}
DJANGO_TABLES = ("django_", "auth_", "otp_")


class Service:
    """A process and its children, which can be killed and restarted at the same address."""

    def __init__(self, name: str, start: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self.name = name
        self._start = start
        self._members: set[psutil.Process] = set()
        self._expected = False
        self.start()

    def start(self) -> None:
        """Start the process unless it is running. Kill children that a killed main process left behind."""
        if self.is_up:
            return
        self.kill()
        self._process, self._expected = self._start(), True
        self._main = psutil.Process(self._process.pid)

    @property
    def is_up(self) -> bool:
        return self._expected and self._process.poll() is None

    @property
    def has_died(self) -> bool:
        """Whether the process ended without being killed by the benchmark."""
        return self._expected and self._process.poll() is not None

    def list_children(self) -> list[psutil.Process]:
        """Return the children, oldest first. Remember them, so that they can be killed after their parent has ended."""
        try:
            children = self._main.children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        self._members.update(children)
        return sorted(children, key=lambda child: child.pid)

    def kill_main(self, signal_number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the main process only, and wait until it ends."""
        self.list_children()
        self._expected = False
        self._process.send_signal(signal_number)
        self._process.wait()

    def kill(self) -> None:
        """Kill the process and its children."""
        if self._expected:
            self.kill_main()
        send_signal(self._members, signal.SIGKILL)
        self._members.clear()

    def suspend(self) -> Callable[[], None]:
        """Suspend the process and its children. Return a function that resumes them."""
        members = [self._main, *self.list_children()]
        send_signal(members, signal.SIGSTOP)
        return lambda: send_signal(members, signal.SIGCONT)


def send_signal(processes: Iterable[psutil.Process], signal_number: signal.Signals) -> None:
    """Send a signal to those processes that still exist."""
    for process in processes:
        # psutil also compares start times, so a process that reuses the pid gets no signal.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal_number)


@dataclass
class Installation:
    """The services of an installation and the fake source it collects from."""

    mongod: Service
    valkey: Service
    workers: list[Service]
    beats: list[Service]
    web: Service
    web_url: str
    source: Any

    @property
    def services(self) -> list[Service]:
        return [self.mongod, self.valkey, *self.workers, *self.beats, self.web]

    def restart(self) -> None:
        """Kill and start all services."""
        for service in self.services:
            service.kill()
        for service in self.services:
            service.start()

    def empty(self) -> None:
        """Delete everything except seed data, and reset the request log of the source."""
        from career_navigator.db.connection import database, redis_client

        for name in database().list_collection_names():
            if name not in SEEDED and not name.startswith(DJANGO_TABLES):
                database()[name].delete_many({})
        redis_client().flushdb()
        self.source.reset()

    def wait_until_ready(self) -> None:
        """Wait until the web process responds and both workers have sent a heartbeat."""
        from career_navigator.celery import WORKERS_KEY
        from career_navigator.db.connection import redis_client

        wait_until(lambda: self.get("/health") is not None, what="the web answers")
        wait_until(lambda: redis_client().zcard(WORKERS_KEY) >= len(self.workers), what="both workers are alive")

    def get(self, path: str) -> Any:
        """Return the JSON of a path, or None while the web process does not respond."""
        try:
            answer = requests.get(f"{self.web_url}{path}", timeout=10)
        except requests.RequestException:
            return None
        return answer.json() if answer.ok else None


def wait_until(condition: Callable[[], Any], *, what: str, seconds: float = START_TIMEOUT) -> Any:
    """Poll `condition` until it returns a true value, and return that value.

    Raises:
        TimeoutError: `condition` is still false after `seconds`.
    """
    give_up_at = time.monotonic() + seconds
    while not (held := condition()):
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
    return held


@contextmanager
def installed(*, logs: Path | None, **settings: str) -> Iterator[Installation]:
    """Start an installation with its own servers in a temporary directory. Stop all processes at the end.

    Use this once per process, before any Django module is imported. `settings` are environment variables. `logs` is a
    directory in which the logs of workers, beats and the web process are kept.
    """
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="career-navigator-faults-")))
        logs = logs or directory
        logs.mkdir(parents=True, exist_ok=True)
        ports = {name: find_free_port() for name in ("mongod", "valkey", "web")}

        def serve(name: str, start: Callable[[], "subprocess.Popen[bytes]"]) -> Service:
            service = Service(name, start)
            stack.callback(service.kill)
            return service

        def run(name: str, *command: str, **environment: str) -> Service:
            def start() -> "subprocess.Popen[bytes]":
                with (logs / f"{name}.log").open("ab") as log:
                    return subprocess.Popen(
                        with_pdeathsig([sys.executable, "-m", *command]),
                        cwd=ROOT,
                        env=os.environ | environment,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )

            return serve(name, start)

        mongod = serve(
            "mongod",
            lambda: start_mongodb(directory=directory / "mongodb", port=ports["mongod"], cache_gb=0.25).process,
        )
        valkey = serve("valkey", lambda: start_valkey(directory=directory / "valkey", port=ports["valkey"]).process)
        source = stack.enter_context(_fake_source())
        set_up_django(
            mongodb_uri=f"mongodb://{HOST}:{ports['mongod']}/career_navigator",
            redis_url=f"redis://{HOST}:{ports['valkey']}/0",
            var_dir=directory / "var",
            MAX_JOBS_PER_SEARCH=str(PAGE_SIZE),
            # On a leap day only, so that no scheduled collection interferes.
            JOB_COLLECTION_SCHEDULE="0 3 29 2 *",
            THEIR_STACK_BASE_URL=source.url,
            THEIR_STACK_API_KEY=source.api_key,
            THEIR_STACK_RATE_LIMIT="10000",
            THROTTLE_REGISTER_ADDRESS="off",
            THROTTLE_LOGIN_ADDRESS="off",
            **settings,
        )
        subprocess.run([sys.executable, "manage.py", "bootstrap"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        celery = ("celery", "-A", "career_navigator")
        workers = [
            run(
                f"worker{number}",
                *(*celery, "worker", "--concurrency", "2", "--hostname", f"worker{number}@%h"),
                *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
            )
            for number in (1, 2)
        ]
        beats = [
            run(f"beat{number}", *celery, "beat", "--pidfile=", "--schedule", str(directory / f"beat{number}"))
            for number in (1, 2)
        ]
        web = run(
            "web",
            *("granian", "career_navigator.rsgi:application", "--interface", "rsgi", "--no-ws", "--http", "1"),
            *("--host", HOST, "--port", str(ports["web"]), "--workers", "1", "--respawn-failed-workers"),
            *("--workers-kill-timeout", "3"),
        )
        yield Installation(
            mongod=mongod,
            valkey=valkey,
            workers=workers,
            beats=beats,
            web=web,
            web_url=f"http://{HOST}:{ports['web']}",
            source=source,
        )


def _fake_source() -> Any:
    from benchmarks.generator.jobs import generate_jobs
    from ingestion.sources.theirstack.fake.server import FakeTheirStack

    return FakeTheirStack(jobs=generate_jobs(count=SERVED, seed=7, today=datetime.now(UTC).date(), days=60))


class Faults:
    """An injector of faults that ends each fault when it is due and restarts processes that died.

    Use it only in the main thread.
    """

    KINDS = (
        *("worker child", "worker main", "all workers", "worker stopped", "beat", "web child", "web master"),
        *("mongod", "valkey", "valkey restarted", "mongod and valkey", "everything"),
    )

    def __init__(self, installation: Installation, *, rng: random.Random, lease_seconds: float) -> None:
        self._installation = installation
        self._rng = rng
        self._lease_seconds = lease_seconds
        # Per fault: the monotonic time when it ends, and the function that ends it.
        self._restores: list[tuple[float, Callable[[], None]]] = []
        self.said: list[str] = []
        self.died: list[str] = []
        for service in installation.services:
            service.list_children()

    def make(self, kind: str) -> None:
        """Inject a fault of the given kind. Choose its target and duration at random."""
        self.said.append(self._make(kind))

    def _make(self, kind: str) -> str:
        there, rng = self._installation, self._rng
        match kind:
            case "worker child" | "web child":
                parent = there.web if kind == "web child" else rng.choice(there.workers)
                children = parent.list_children()
                send_signal(rng.sample(children, min(1, len(children))), signal.SIGKILL)
                return f"a child of {parent.name}" if children else f"{parent.name} had no child to kill"
            case "worker stopped":
                worker, seconds = rng.choice(there.workers), self._lease_seconds + rng.uniform(2, 8)
                self._restore_in(seconds, worker.suspend())
                return f"{worker.name} stopped for {seconds:.0f} s"
            case "valkey restarted":
                there.valkey.kill_main(signal.SIGTERM)
                there.valkey.start()
                return kind
        services = {
            "worker main": lambda: [rng.choice(there.workers)],
            "all workers": lambda: there.workers,
            "beat": lambda: [rng.choice(there.beats)],
            "web master": lambda: [there.web],
            "mongod": lambda: [there.mongod],
            "valkey": lambda: [there.valkey],
            "mongod and valkey": lambda: [there.mongod, there.valkey],
            "everything": lambda: there.services,
        }[kind]()
        for service in services:
            # Kill the web process with its child, which would continue to serve. A container would be stopped too.
            (service.kill if service is there.web else service.kill_main)()
        pauses = [rng.uniform(0.5, 8) for _ in services]
        for service, seconds in zip(services, pauses, strict=True):
            self._restore_in(seconds, service.start)
        named = services[0].name if len(services) == 1 else kind
        return f"{named}, {' '.join(f'{seconds:.1f}' for seconds in pauses)} s"

    def _restore_in(self, seconds: float, call: Callable[[], None]) -> None:
        self._restores.append((time.monotonic() + seconds, call))

    def follow(self) -> bool:
        """End the faults that are due and restart dead processes. Return True when no fault is left."""
        due = [restore for restore in self._restores if restore[0] <= time.monotonic()]
        for restore in due:
            self._restores.remove(restore)
            restore[1]()
        for service in self._installation.services:
            if service.has_died:
                self.died.append(service.name)
                service.start()
        return not self._restores
