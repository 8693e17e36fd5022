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
# Enough jobs for every search to reach its limit.
JOB_COUNT = 6_000
# Collections of an empty installation: seed data, Django's own tables, and the runs of maintenance tasks.
SEEDED_COLLECTIONS = {
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

    def __init__(self, name: str, start_process: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self.name = name
        self._start = start_process
        self._processes: set[psutil.Process] = set()
        self._is_expected_up = False
        self.start()

    def start(self) -> None:
        """Start the process unless it is running. Kill children that a killed main process left behind."""
        if self.is_up:
            return
        self.kill()
        self._process, self._is_expected_up = self._start(), True
        self._main = psutil.Process(self._process.pid)

    @property
    def is_up(self) -> bool:
        return self._is_expected_up and self._process.poll() is None

    @property
    def has_died(self) -> bool:
        """Whether the process ended without being killed by the benchmark."""
        return self._is_expected_up and self._process.poll() is not None

    def list_children(self) -> list[psutil.Process]:
        """Return the children, oldest first. Remember them, so that they can be killed after their parent has ended."""
        try:
            children = self._main.children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        self._processes.update(children)
        return sorted(children, key=lambda child: child.pid)

    def kill_main(self, signal_number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the main process only, and wait until it ends."""
        self.list_children()
        self._is_expected_up = False
        self._process.send_signal(signal_number)
        self._process.wait()

    def kill(self) -> None:
        """Kill the process and its children."""
        if self._is_expected_up:
            self.kill_main()
        send_signal(self._processes, signal.SIGKILL)
        self._processes.clear()

    def suspend(self) -> Callable[[], None]:
        """Suspend the process and its children. Return a function that resumes them."""
        processes = [self._main, *self.list_children()]
        send_signal(processes, signal.SIGSTOP)
        return lambda: send_signal(processes, signal.SIGCONT)


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

    def clear(self) -> None:
        """Delete everything except seed data, and reset the request log of the source."""
        from career_navigator.db.connection import database, redis_client

        for name in database().list_collection_names():
            if name not in SEEDED_COLLECTIONS and not name.startswith(DJANGO_TABLES):
                database()[name].delete_many({})
        redis_client().flushdb()
        self.source.reset()

    def wait_until_ready(self) -> None:
        """Wait until the web process responds and both workers have sent a heartbeat."""
        from career_navigator.celery import WORKERS_KEY
        from career_navigator.db.connection import redis_client

        wait_until(lambda: self.get("/health") is not None, condition_name="the web process responds")
        wait_until(
            lambda: redis_client().zcard(WORKERS_KEY) >= len(self.workers), condition_name="both workers are alive"
        )

    def get(self, path: str) -> Any:
        """Return the JSON of a path, or None while the web process does not respond."""
        try:
            response = requests.get(f"{self.web_url}{path}", timeout=10)
        except requests.RequestException:
            return None
        return response.json() if response.ok else None


def wait_until(condition: Callable[[], Any], *, condition_name: str, seconds: float = START_TIMEOUT) -> Any:
    """Poll `condition` until it returns a true value, and return that value.

    Raises:
        TimeoutError: `condition` is still false after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"This did not happen within {seconds} s: {condition_name}.")
        time.sleep(0.1)
    return value


@contextmanager
def start_installation(*, logs: Path | None, **settings: str) -> Iterator[Installation]:
    """Start an installation with its own servers in a temporary directory. Stop all processes at the end.

    Use this once per process, before any Django module is imported. `settings` are environment variables. `logs` is a
    directory in which the logs of workers, beats and the web process are kept.
    """
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="career-navigator-faults-")))
        logs = logs or directory
        logs.mkdir(parents=True, exist_ok=True)
        ports = {name: find_free_port() for name in ("mongod", "valkey", "web")}

        def add_service(name: str, start_process: Callable[[], "subprocess.Popen[bytes]"]) -> Service:
            service = Service(name, start_process)
            stack.callback(service.kill)
            return service

        def start_module(name: str, *command: str, **environment: str) -> Service:
            def start_process() -> "subprocess.Popen[bytes]":
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

            return add_service(name, start_process)

        mongod = add_service(
            "mongod",
            lambda: start_mongodb(directory=directory / "mongodb", port=ports["mongod"], cache_gb=0.25).process,
        )
        valkey = add_service(
            "valkey", lambda: start_valkey(directory=directory / "valkey", port=ports["valkey"]).process
        )
        source = stack.enter_context(_build_fake_source())
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
            start_module(
                f"worker{number}",
                *(*celery, "worker", "--concurrency", "2", "--hostname", f"worker{number}@%h"),
                *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
            )
            for number in (1, 2)
        ]
        beats = [
            start_module(f"beat{number}", *celery, "beat", "--pidfile=", "--schedule", str(directory / f"beat{number}"))
            for number in (1, 2)
        ]
        web = start_module(
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


def _build_fake_source() -> Any:
    from benchmarks.generator.jobs import generate_jobs
    from ingestion.sources.theirstack.fake.server import FakeTheirStack

    return FakeTheirStack(jobs=generate_jobs(count=JOB_COUNT, seed=7, today=datetime.now(UTC).date(), days=60))


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
        self.descriptions: list[str] = []
        self.died: list[str] = []
        for service in installation.services:
            service.list_children()

    def inject(self, kind: str) -> None:
        """Inject a fault of the given kind. Choose its target and duration at random."""
        self.descriptions.append(self._inject(kind))

    def _inject(self, kind: str) -> str:
        installation, rng = self._installation, self._rng
        match kind:
            case "worker child" | "web child":
                parent = installation.web if kind == "web child" else rng.choice(installation.workers)
                children = parent.list_children()
                send_signal(rng.sample(children, min(1, len(children))), signal.SIGKILL)
                return f"a child of {parent.name}" if children else f"{parent.name} had no child to kill"
            case "worker stopped":
                worker, seconds = rng.choice(installation.workers), self._lease_seconds + rng.uniform(2, 8)
                self._restore_in(seconds, worker.suspend())
                return f"{worker.name} stopped for {seconds:.0f} s"
            case "valkey restarted":
                installation.valkey.kill_main(signal.SIGTERM)
                installation.valkey.start()
                return kind
        services = {
            "worker main": lambda: [rng.choice(installation.workers)],
            "all workers": lambda: installation.workers,
            "beat": lambda: [rng.choice(installation.beats)],
            "web master": lambda: [installation.web],
            "mongod": lambda: [installation.mongod],
            "valkey": lambda: [installation.valkey],
            "mongod and valkey": lambda: [installation.mongod, installation.valkey],
            "everything": lambda: installation.services,
        }[kind]()
        for service in services:
            # Kill the web process with its child, which would continue to serve. A container would be stopped too.
            (service.kill if service is installation.web else service.kill_main)()
        pauses = [rng.uniform(0.5, 8) for _ in services]
        for service, seconds in zip(services, pauses, strict=True):
            self._restore_in(seconds, service.start)
        target = services[0].name if len(services) == 1 else kind
        return f"{target}, {' '.join(f'{seconds:.1f}' for seconds in pauses)} s"

    def _restore_in(self, seconds: float, restore: Callable[[], None]) -> None:
        self._restores.append((time.monotonic() + seconds, restore))

    def end_due_faults(self) -> bool:
        """End the faults that are due and restart dead processes. Return True when no fault is left."""
        due_restores = [due_restore for due_restore in self._restores if due_restore[0] <= time.monotonic()]
        for due_restore in due_restores:
            self._restores.remove(due_restore)
            due_restore[1]()
        for service in self._installation.services:
            if service.has_died:
                self.died.append(service.name)
                service.start()
        return not self._restores
