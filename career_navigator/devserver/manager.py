"""Start, watch, restart and stop the processes of one install on this machine.

One run at a time may use a VAR_DIR. A process that ends is started again, unless it ends too often; where an embedded
server ends, everything stops. What a killed run left behind is found by a variable in its environment and stopped.
"""

import contextlib
import errno
import fcntl
import http.client
import os
import queue
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import psutil

from career_navigator.devserver.embedded import HOST, EmbeddedServer, EmbeddedServerFailed, with_pdeathsig

# Names the VAR_DIR of a run in the environment of all its processes, so that no other process is ever touched.
MARK = "CAREER_NAVIGATOR_RUN"
# Together with the searches for orphans between them these stay below ten seconds.
STOP_PROCESSES_TIMEOUT = 4.5
STOP_SERVER_TIMEOUT = 2
STOP_ORPHANS_TIMEOUT = 5
READY_TIMEOUT = 120
# A process that ends more often than this within the period will not get better by itself.
MAX_RESTARTS = 3
RESTARTS_PERIOD_SECONDS = 60


class RunFailed(RuntimeError):
    """The run cannot start or go on; the message is for the person who started it."""


class Output:
    """Write lines from a thread, so that a paused terminal holds up no process; lines beyond the queue are dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(10_000)
        self.is_closed = False  # once nobody reads any more
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def put(self, line: str, *, name: str = "") -> None:
        """Write a line, after the name of the process that it is from."""
        label = f"{name:<8} | " if name else ""
        if name and self._stream.isatty():
            label = f"\x1b[{31 + len(name) % 6}m{label}\x1b[0m"  # a colour each for web, worker and beat
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(label + line)

    def close(self) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        self._thread.join(1)

    def _write(self) -> None:
        try:
            while (line := self._lines.get()) is not None:
                self._stream.write(f"{line}\n")
                if self._lines.empty():
                    self._stream.flush()
            self._stream.flush()
        except (OSError, ValueError):  # the reader is gone, or the stream was closed
            self.is_closed = True


@dataclass(eq=False)
class Process:
    """A child process in a group of its own. One that runs once shows its output only if it fails."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    runs_once: bool
    popen: "subprocess.Popen[str]"
    reader: threading.Thread = field(init=False)
    output: list[str] = field(default_factory=list)


class ProcessManager:
    """The processes of one run. Linux ties their lives to the thread that starts them: call it from the main one."""

    def __init__(self, *, var_dir: Path, output: Output, ends_with_parent: bool = False) -> None:
        self._var_dir = var_dir
        self._services_file = var_dir / "services.json"
        self._output = output
        self.say = output.put
        self._parent = os.getppid() if ends_with_parent else None
        self._processes: list[Process] = []
        self.servers: list[EmbeddedServer] = []  # watched, and stopped after the processes
        self._restarts: dict[str, list[float]] = {}  # times of the monotonic clock by name
        self._stop_signals: list[int] = []
        self._is_ready = False

    def run(self, start: Callable[[], None]) -> int:
        """Call `start` and stay until asked to stop. Return the exit code: 0 when asked to, 1 after a failure."""
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN:  # ignored under nohup
                signal.signal(each, lambda signum, _: self._stop_signals.append(signum))
        os.environ[MARK] = str(self._var_dir)  # inherited by all that is started, embedded servers too
        try:
            with hold_lock(self._var_dir):
                try:
                    self._services_file.unlink(missing_ok=True)  # of a killed run, whose servers are gone
                    for name in stop_marked(var_dir=self._var_dir, timeout_seconds=STOP_ORPHANS_TIMEOUT):
                        self.say(f"Stopped what an earlier run left behind: {name}.")
                    start()
                    self._is_ready = True
                    while True:
                        self._wait()
                finally:
                    self.stop()
        except KeyboardInterrupt:
            self.say("Career Navigator has stopped.")
            return 0
        except (RunFailed, EmbeddedServerFailed) as error:
            self.say(f"Career Navigator {'has stopped' if self._is_ready else 'cannot start'}: {error}")
            return 1

    def start(self, name: str, command: Sequence[str], *, runs_once: bool = False, **environment: str) -> Process:
        """Start `command` with further variables in its environment."""
        popen = subprocess.Popen(
            with_pdeathsig(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=Path(__file__).resolve().parents[2],
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | environment,
            # Ctrl-C in the terminal reaches this process alone, which then stops the others in order.
            start_new_session=True,
        )
        process = Process(name, command, environment, runs_once, popen)
        self._processes.append(process)
        process.reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        process.reader.start()
        return process

    def wait_for(self, process: Process) -> None:
        """Wait until a process has run. Raises RunFailed when it fails."""
        while process in self._processes:
            self._wait()
        if process.popen.returncode:
            raise RunFailed(f"{process.name} failed; it said why above.")

    def wait_until_answers(self, name: str, *, host: str = HOST, port: int) -> None:
        """Wait for an HTTP server. Raises RunFailed when it does not answer within READY_TIMEOUT."""
        give_up_at = time.monotonic() + READY_TIMEOUT
        while not _answers(host, port):
            if time.monotonic() > give_up_at:
                raise RunFailed(f"{name} does not answer after {READY_TIMEOUT} s.")
            self._wait()

    def check(self) -> None:
        """Restart what has ended. Raises KeyboardInterrupt when asked to stop, RunFailed when it cannot go on."""
        if self._stop_signals:
            raise KeyboardInterrupt
        if self._output.is_closed:
            raise RunFailed("nobody reads its output any more.")
        if self._parent is not None and os.getppid() != self._parent:
            raise RunFailed("the process that started it is gone.")
        for server in self.servers:
            if (status := server.process.poll()) is not None:
                raise RunFailed(f"{describe_end(server.name, status)}; see {server.log}.")
        for process in self.take_ended():
            if not process.runs_once:
                self._restart(process)
            elif process.popen.returncode:
                self.say(f"{describe_end(process.name, process.popen.returncode)}.")

    def take_ended(self) -> Iterator[Process]:
        """Yield what has ended since the last call, after all it wrote was shown and what it started is gone."""
        for process in [each for each in self._processes if each.popen.poll() is not None]:
            self._processes.remove(process)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.popen.pid, signal.SIGKILL)
            process.reader.join(1)
            for line in process.output if process.popen.returncode else ():
                self.say(line, name=process.name)
            yield process

    def stop(self) -> None:
        """Stop the processes, then the servers that they use, then whatever is left of either."""
        if self._is_ready:
            self.say("Stopping.")
        for process in self._processes:
            process.popen.terminate()  # alone: it knows best how to stop what it has started
        give_up_at = time.monotonic() + STOP_PROCESSES_TIMEOUT
        while self._processes and time.monotonic() < give_up_at:
            for process in self.take_ended():
                if process.popen.returncode not in (0, -signal.SIGTERM):
                    self.say(f"{describe_end(process.name, process.popen.returncode)} when asked to stop.")
            time.sleep(0.05)
        for process in self._processes:
            self.say(f"{process.name} did not stop within {STOP_PROCESSES_TIMEOUT} s and is killed.")
            process.popen.kill()
            process.popen.wait()
        list(self.take_ended())  # shows what they wrote last
        stop_marked(var_dir=self._var_dir, timeout_seconds=0, spare={server.pid for server in self.servers})
        self._services_file.unlink(missing_ok=True)
        for server in reversed(self.servers):
            server.stop(timeout_seconds=STOP_SERVER_TIMEOUT)
        stop_marked(var_dir=self._var_dir, timeout_seconds=0)

    def _wait(self) -> None:
        self.check()
        time.sleep(0.1)

    def _restart(self, process: Process) -> None:
        end, now = describe_end(process.name, process.popen.returncode), time.monotonic()
        recent = [at for at in self._restarts.get(process.name, []) if now - at < RESTARTS_PERIOD_SECONDS]
        if len(recent) == MAX_RESTARTS:
            raise RunFailed(f"{end}, after {MAX_RESTARTS} restarts within {RESTARTS_PERIOD_SECONDS} s.")
        self._restarts[process.name] = [*recent, now]
        self.say(f"{end}; starting it again.")
        self.start(process.name, process.command, runs_once=False, **process.environment)

    def _read(self, process: Process) -> None:
        for line in process.popen.stdout or ():
            if process.runs_once:
                process.output.append(line.rstrip("\n"))
            else:
                self.say(line.rstrip("\n"), name=process.name)


def describe_end(name: str, status: int) -> str:
    return name + (f" was ended by {signal.Signals(-status).name}" if status < 0 else f" ended with exit code {status}")


@contextlib.contextmanager
def hold_lock(var_dir: Path) -> Iterator[None]:
    """Hold VAR_DIR for this process alone; the lock goes with the process, however it ends. Raises RunFailed."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise RunFailed(
                f"another run uses {var_dir} (process {holder}). Stop it, or choose another VAR_DIR."
            ) from None
        file.truncate(0)
        print(os.getpid(), file=file, flush=True)
        yield


def refuse_taken_port(host: str, port: int) -> None:
    """Raises RunFailed where nothing more can listen on the port of the address."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise RunFailed(f"HOST={host} is no name of this machine. Use one of its addresses, or 127.0.0.1.") from None
    with socket.socket(family) as probe:
        # As servers do: connections of an earlier run that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise RunFailed(
                    f"HOST={host} is no address of this machine. Use one of its addresses, or 127.0.0.1."
                ) from None
            is_denied = isinstance(error, PermissionError)
            why = "may not be opened by this user" if is_denied else "is taken by another program"
            another = 8000 if is_denied else port + 1
            raise RunFailed(f"port {port} {why}. Choose another: PORT={another} make run") from None


def find_marked(*, var_dir: Path) -> list[psutil.Process]:
    """Find the processes of runs on `var_dir`, without this one and those that started it."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    others = [process for process in psutil.process_iter(["environ", "name"]) if process.pid not in own]
    return [process for process in others if (process.info["environ"] or {}).get(MARK) == str(var_dir)]


def list_other_var_dirs(*, var_dir: Path) -> list[Path]:
    """Return the VAR_DIRs of runs of this user on others than `var_dir`, whose servers have addresses by now."""
    marks = {(process.info["environ"] or {}).get(MARK) for process in psutil.process_iter(["environ"])}
    others = {Path(mark) for mark in marks if mark} - {var_dir.resolve()}
    return sorted(other for other in others if (other / "services.json").exists())


def stop_marked(*, var_dir: Path, timeout_seconds: float, spare: Collection[int] = ()) -> list[str]:
    """Stop what runs on `var_dir` except the process ids in `spare`; kill what takes longer than `timeout_seconds`.

    With 0 seconds it kills at once. Returns what was stopped, as "name (process id)".
    """
    found = remaining = [process for process in find_marked(var_dir=var_dir) if process.pid not in spare]
    for stop, timeout in ((psutil.Process.terminate, timeout_seconds), (psutil.Process.kill, 1)):
        for process in remaining if timeout else ():
            with contextlib.suppress(psutil.NoSuchProcess):
                stop(process)
        _, remaining = psutil.wait_procs(remaining, timeout=timeout)
    return [f"{process.info['name']} ({process.pid})" for process in found]


def _answers(host: str, port: int) -> bool:
    """Return whether HTTP is answered there; an answer that refuses our host name counts, too."""
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=2)) as connection:
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
