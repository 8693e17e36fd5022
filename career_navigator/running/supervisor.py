"""Everything of one install side by side: servers, web, worker and beat, started together and stopped together.

One run at a time may use a VAR_DIR. A process that ends is started again, unless it ends too often; where a server
ends, everything stops. What a killed run left behind, the next one clears away. A process of ours is known by the mark
in its environment (see `leftovers`).
"""

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

from career_navigator.running import leftovers
from career_navigator.running.children import Child, Children, how_it_ended
from career_navigator.running.claims import RunFailed, only_run, refuse_taken_port
from career_navigator.running.console import Console
from career_navigator.running.embedded import (
    HOST,
    MONGODB_LOGIN,
    EmbeddedServer,
    EmbeddedServerFailed,
    free_port,
    start_mongodb,
    start_valkey,
)
from career_navigator.running.private_files import get_server_password, make_private, write_privately

# Together with the searches for leftovers between them these stay below ten seconds.
STOP_CHILDREN_SECONDS = 4.5
STOP_SERVER_SECONDS = 2
STOP_LEFTOVERS_SECONDS = 5
READY_SECONDS = 120
# A process that ends more often than this within the period will not get better by itself.
MAX_RESTARTS = 3
RESTARTS_PERIOD_SECONDS = 60
_TICK_SECONDS = 0.25
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Deep enough for the window before to be there too, so that the demonstration shows growth.
DEMONSTRATION_COLLECTION = ("--max-age-days", "120", "--limit", "400")


class StopRequested(Exception):
    """Somebody asked the run to stop."""


@dataclass(frozen=True)
class RunPlan:
    """What to start. `mongodb_uri` and `redis_url` name servers that run already; None starts one of our own."""

    var_dir: Path
    base_dir: Path
    port: int
    web_workers: int
    worker_processes: int
    log_level: str
    mongodb_uri: str | None
    redis_url: str | None
    mongodb_cache_gb: float
    # Arguments of the stand-in for TheirStack; None asks the real one.
    stand_in_arguments: list[str] | None
    end_with_parent: bool = False
    # Whether there is nothing yet to show: asked once, when the servers answer.
    is_empty: Callable[[str], bool] = field(default=lambda _: True)


class Supervisor:
    """One run of the whole install."""

    def __init__(self, *, plan: RunPlan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._services_file = plan.var_dir / "services.json"
        self._password_file = plan.var_dir / "admin-password"
        self._environment = os.environ | {leftovers.MARK: str(plan.var_dir), "PYTHONUNBUFFERED": "1"}
        self._children = Children(console=console, environment=self._environment, directory=plan.base_dir)
        self._servers: list[EmbeddedServer] = []
        self._parent = os.getppid()
        self._stop_signal: int | None = None
        self._is_ready = False
        # When each process was started again, by name.
        self._restarts: dict[str, list[float]] = {}

    def run(self) -> int:
        """Start everything and stay until somebody stops it. Returns the exit code: 0 when asked to stop, else 1."""
        with _stop_signals(self._note_signal):
            try:
                with only_run(self._plan.var_dir):
                    try:
                        self._start()
                        self._stay()
                    finally:
                        self._stop()
            except StopRequested:
                self._console.say("Career Navigator has stopped.")
                return 0
            except (RunFailed, EmbeddedServerFailed) as error:
                self._console.say(f"Career Navigator {'has stopped' if self._is_ready else 'cannot start'}: {error}")
                return 1

    def _note_signal(self, signum: int, frame: FrameType | None) -> None:
        self._stop_signal = signum

    # Starting

    def _start(self) -> None:
        # What a killed run wrote there names servers that are gone.
        self._services_file.unlink(missing_ok=True)
        for stopped in leftovers.stop_marked(var_dir=self._plan.var_dir, timeout_seconds=STOP_LEFTOVERS_SECONDS):
            self._console.say(f"Stopped what an earlier run left behind: {stopped}.")
        for path in make_private(self._plan.var_dir):
            self._console.say(f"Warning: {path} is not this user's alone; others may read what is in it.")
        refuse_taken_port(self._plan.port)
        services = self._start_servers()
        stand_in_port = free_port() if self._plan.stand_in_arguments is not None else None
        if stand_in_port:
            services |= {
                "stand_in_url": f"http://{HOST}:{stand_in_port}",
                "stand_in_api_key": secrets.token_urlsafe(12),
            }
        write_privately(self._services_file, json.dumps(services))
        if stand_in_port:
            # Its key is read from the file: arguments are for everybody to see.
            arguments = self._plan.stand_in_arguments or []
            self._manage("standin", "theirstack_stand_in", "--port", str(stand_in_port), *arguments)
        had_password = self._password_file.exists()
        self._wait_for(self._manage("prepare", "prepare", passing=True))
        empty = self._plan.is_empty(services["mongodb_uri"])
        self._start_processes()
        self._wait_until(lambda: _answers(self._plan.port), "the API does not answer")
        if stand_in_port:
            self._wait_until(lambda: _listens(stand_in_port), "the stand-in for TheirStack does not answer")
        self._is_ready = True
        self._announce(new_password=not had_password)
        if stand_in_port and empty:
            self._console.say("Collecting demonstration postings; they appear within a minute.")
            self._manage("collect", "collect", "--queue", *DEMONSTRATION_COLLECTION, passing=True)

    def _start_servers(self) -> dict[str, str]:
        """The addresses of MongoDB and Redis, started where the plan names none."""
        plan = self._plan
        mongodb_uri, redis_url = plan.mongodb_uri, plan.redis_url
        password = get_server_password(plan.var_dir)
        if mongodb_uri is None:
            self._console.say(f"Starting MongoDB (data in {plan.var_dir / 'mongodb'}).")
            server = start_mongodb(
                directory=plan.var_dir / "mongodb",
                cache_gb=plan.mongodb_cache_gb,
                password=password,
                environment=self._environment,
                while_waiting=self._check,
            )
            self._servers.append(server)
            mongodb_uri = f"{server.uri}career_navigator{MONGODB_LOGIN}"
        if redis_url is None:
            self._console.say(f"Starting Valkey (data in {plan.var_dir / 'valkey'}).")
            server = start_valkey(
                directory=plan.var_dir / "valkey",
                password=password,
                environment=self._environment,
                while_waiting=self._check,
            )
            self._servers.append(server)
            redis_url = f"{server.uri}0"
        return {"mongodb_uri": mongodb_uri, "redis_url": redis_url}

    def _start_processes(self) -> None:
        plan = self._plan
        celery = [sys.executable, "-m", "celery", "-A", "career_navigator"]
        self._children.start(
            "web",
            [
                *(sys.executable, "-m", "granian", "career_navigator.rsgi:application"),
                *("--interface", "rsgi", "--no-ws"),
                *("--host", HOST, "--port", str(plan.port)),
                # HTTP/2 needs TLS, which a proxy in front ends; not looking for it makes each request cheaper.
                *("--http", "1"),
                *("--workers", str(plan.web_workers), "--workers-kill-timeout", "3"),
                *("--static-path-route", "/static", "--static-path-mount", str(plan.var_dir / "static")),
                *("--log-level", plan.log_level.lower()),
            ],
        )
        self._children.start(
            "worker",
            [
                *(sys.executable, "-W", "ignore:You're running the worker with superuser", *celery[1:]),
                *("worker", "--concurrency", str(plan.worker_processes), "--loglevel", plan.log_level),
                # With one worker there is nobody to greet.
                *("--without-gossip", "--without-mingle"),
            ],
            # Asked to stop, it hands its tasks back to the queue instead of finishing them first.
            REMAP_SIGTERM="SIGQUIT",
        )
        self._children.start(
            "beat",
            [
                *(*celery, "beat", "--loglevel", plan.log_level),
                # No file of process ids, which a kill would leave behind.
                *("--pidfile=", "--schedule", str(plan.var_dir / "celerybeat-schedule")),
            ],
        )

    def _manage(self, name: str, *command: str, passing: bool = False) -> Child:
        return self._children.start(name, [sys.executable, "manage.py", *command], passing=passing)

    def _announce(self, *, new_password: bool) -> None:
        address = f"http://{HOST}:{self._plan.port}"
        say = self._console.say
        say(f"Career Navigator is ready at {address}")
        say(f"  Documentation: {address}/docs")
        if new_password and self._password_file.exists():
            password = f"password {self._password_file.read_text().strip()} (kept in {self._password_file})"
        elif self._password_file.exists():
            password = f"password in {self._password_file}"
        else:
            password = "the password that was chosen for it"  # noqa: S105 - no password
        say(f"  Admin: {address}/admin with user admin, {password}")
        if self._plan.stand_in_arguments is not None:
            say("  This is demonstration data: postings come from a stand-in on this machine, none from TheirStack.")
            say("  To collect real ones, set THEIR_STACK_API_KEY.")
        say("  Stop with Ctrl-C.")

    # Staying

    def _stay(self) -> NoReturn:
        while True:
            self._check()
            self._children.relay(seconds=_TICK_SECONDS)

    def _wait_for(self, child: Child) -> None:
        """Until a passing child ends. Raises RunFailed when it fails."""
        while child.process.poll() is None:
            self._check()
            self._children.relay(seconds=0.05)
        self._check()
        if child.process.returncode:
            raise RunFailed(f"{child.name} failed; it said why above.", reason="ended")

    def _wait_until(self, holds: Callable[[], bool], otherwise: str) -> None:
        give_up_at = time.monotonic() + READY_SECONDS
        while not holds():
            if time.monotonic() > give_up_at:
                raise RunFailed(f"{otherwise} after {READY_SECONDS} s.", reason="not_ready")
            self._check()
            self._children.relay(seconds=0.1)

    def _check(self) -> None:
        """Raises StopRequested when it is time to stop, RunFailed when a process is gone that should be there."""
        if self._stop_signal is not None:
            raise StopRequested
        if self._console.closed:
            raise RunFailed("nobody reads its output any more.", reason="ended")
        if self._plan.end_with_parent and os.getppid() != self._parent:
            raise RunFailed("the process that started it is gone.", reason="ended")
        for server in self._servers:
            if (status := server.process.poll()) is not None:
                raise RunFailed(f"{how_it_ended(server.name, status)}; see {server.log}.", reason="ended")
        for child in self._children.take_ended():
            if not child.passing:
                self._restart(child)
            elif child.process.returncode:
                self._console.say(f"{how_it_ended(child.name, child.process.returncode)}.")

    def _restart(self, child: Child) -> None:
        """Start a process again. Raises RunFailed when it has ended too often."""
        what, now = how_it_ended(child.name, child.process.returncode), time.monotonic()
        recent = [each for each in self._restarts.get(child.name, []) if now - each < RESTARTS_PERIOD_SECONDS]
        if len(recent) == MAX_RESTARTS:
            raise RunFailed(
                f"{what}, after {MAX_RESTARTS} restarts within {RESTARTS_PERIOD_SECONDS} s.", reason="ended"
            )
        self._restarts[child.name] = [*recent, now]
        self._console.say(f"{what}; starting it again.")
        self._children.restart(child)

    # Stopping

    def _stop(self) -> None:
        """Stop the processes, then the servers they use, then whatever is left of them."""
        if self._is_ready:
            self._console.say("Stopping.")
        self._children.stop(timeout_seconds=STOP_CHILDREN_SECONDS)
        servers = {server.pid for server in self._servers}
        leftovers.stop_marked(var_dir=self._plan.var_dir, timeout_seconds=0, spare=servers)
        self._services_file.unlink(missing_ok=True)
        for server in reversed(self._servers):
            server.stop(timeout_seconds=STOP_SERVER_SECONDS)
        leftovers.stop_marked(var_dir=self._plan.var_dir, timeout_seconds=0)


@contextlib.contextmanager
def _stop_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Until the end of the block these signals call `handler`. Under nohup a closed terminal stays ignored."""
    under_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    chosen = [each for each in _STOP_SIGNALS if not (under_nohup and each is signal.SIGHUP)]
    before = {each: signal.signal(each, handler) for each in chosen}
    try:
        yield
    finally:
        for each, previous in before.items():
            signal.signal(each, previous)


def _answers(port: int) -> bool:
    """Whether /health answers; an answer that refuses our host name is one, too."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((HOST, port)) == 0
