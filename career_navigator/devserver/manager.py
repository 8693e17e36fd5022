"""Process manager that starts, monitors, restarts and stops the processes of an installation on this machine.

Only one run at a time can use a VAR_DIR. A process that ends is restarted unless it ends too often. If an embedded
server ends, everything stops. Orphans of a killed run are found by an environment variable and stopped.
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

# Environment variable that holds a run's VAR_DIR in all of its processes. Other processes are never stopped.
MARK = "CAREER_NAVIGATOR_RUN"
# Including the searches for orphans between them, these timeouts add up to less than ten seconds.
STOP_PROCESSES_TIMEOUT = 4.5
STOP_SERVER_TIMEOUT = 2
STOP_ORPHANS_TIMEOUT = 5
READY_TIMEOUT = 120
# The run stops if a process ends more often than this within the period.
MAX_RESTARTS = 3
RESTARTS_PERIOD_SECONDS = 60


class RunFailed(RuntimeError):
    """The run cannot start or continue. The message is shown to the user who started it."""


class Output:
    """Line output through a thread, so that a paused terminal does not block a process.

    Lines are dropped while the queue is full.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(10_000)
        self.is_closed = False  # True once the reader has closed the stream
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def put(self, line: str, *, name: str = "") -> None:
        """Queue a line, prefixed with the name of the process that wrote it."""
        label = f"{name:<8} | " if name else ""
        if name and self._stream.isatty():
            label = f"\x1b[{31 + len(name) % 6}m{label}\x1b[0m"  # different colors for web, worker and beat
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(label + line)

    def close(self) -> None:
        """Write the queued lines and end the thread, waiting at most a second."""
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
        except (OSError, ValueError):  # broken pipe or closed stream
            self.is_closed = True


@dataclass(eq=False)
class Process:
    """A child process in its own process group. With `runs_once`, its output is shown only if it fails."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    runs_once: bool
    popen: "subprocess.Popen[str]"
    reader: threading.Thread = field(init=False)
    output: list[str] = field(default_factory=list)


class ProcessManager:
    """The processes of a run.

    Use it from the main thread. On Linux, a process gets a signal when the thread that started it ends.
    """

    def __init__(self, *, var_dir: Path, output: Output, ends_with_parent: bool = False) -> None:
        self._var_dir = var_dir
        self._services_file = var_dir / "services.json"
        self._output = output
        self.say = output.put
        self._parent = os.getppid() if ends_with_parent else None
        self._processes: list[Process] = []
        self.servers: list[EmbeddedServer] = []  # monitored, and stopped after the processes
        self._restarts: dict[str, list[float]] = {}  # monotonic times of restarts by process name
        self._stop_signals: list[int] = []
        self._is_ready = False

    def run(self, start: Callable[[], None]) -> int:
        """Call `start` and manage the processes until a stop signal or a failure.

        Returns the exit code, which is 0 after a stop signal and 1 after a failure.
        """
        for stop_signal in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup ignores SIGHUP, which must stay ignored.
            if stop_signal != signal.SIGHUP or signal.getsignal(stop_signal) != signal.SIG_IGN:
                signal.signal(stop_signal, lambda signum, _: self._stop_signals.append(signum))
        os.environ[MARK] = str(self._var_dir)  # inherited by all child processes, including embedded servers
        try:
            with hold_lock(self._var_dir):
                try:
                    self._services_file.unlink(missing_ok=True)  # left behind by a killed run
                    for name in stop_marked(var_dir=self._var_dir, timeout_seconds=STOP_ORPHANS_TIMEOUT):
                        self.say(f"Stopped a process that an earlier run left behind: {name}.")
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
        """Start a command with additional environment variables."""
        popen = subprocess.Popen(
            with_pdeathsig(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=Path(__file__).resolve().parents[2],
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | environment,
            # Ctrl-C in the terminal then reaches only this process, which stops the others in order.
            start_new_session=True,
        )
        process = Process(name, command, environment, runs_once, popen)
        self._processes.append(process)
        process.reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        process.reader.start()
        return process

    def wait_for(self, process: Process) -> None:
        """Wait until a process ends. Raises RunFailed if it fails."""
        while process in self._processes:
            self._wait()
        if process.popen.returncode:
            raise RunFailed(f"{process.name} failed. See its output above.")

    def wait_until_answers(self, name: str, *, host: str = HOST, port: int) -> None:
        """Wait until an HTTP server answers. Raises RunFailed after READY_TIMEOUT."""
        give_up_at = time.monotonic() + READY_TIMEOUT
        while not _answers(host, port):
            if time.monotonic() > give_up_at:
                raise RunFailed(f"{name} did not answer within {READY_TIMEOUT} s.")
            self._wait()

    def check(self) -> None:
        """Restart processes that have ended.

        Raises:
            KeyboardInterrupt: A stop signal has arrived.
            RunFailed: The run cannot continue, for example because an embedded server has ended.
        """
        if self._stop_signals:
            raise KeyboardInterrupt
        if self._output.is_closed:
            raise RunFailed("its output stream was closed.")
        if self._parent is not None and os.getppid() != self._parent:
            raise RunFailed("its parent process has ended.")
        for server in self.servers:
            if (status := server.process.poll()) is not None:
                raise RunFailed(f"{describe_end(server.name, status)}. See {server.log}.")
        for process in self.take_ended():
            if not process.runs_once:
                self._restart(process)
            elif process.popen.returncode:
                self.say(f"{describe_end(process.name, process.popen.returncode)}.")

    def take_ended(self) -> Iterator[Process]:
        """Yield the processes that have ended since the last call.

        Before that, kills their remaining child processes and shows the rest of their output.
        """
        for process in [process for process in self._processes if process.popen.poll() is not None]:
            self._processes.remove(process)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.popen.pid, signal.SIGKILL)
            process.reader.join(1)
            for line in process.output if process.popen.returncode else ():
                self.say(line, name=process.name)
            yield process

    def stop(self) -> None:
        """Stop the processes, then the servers that they use, then any remaining child processes."""
        if self._is_ready:
            self.say("Stopping.")
        for process in self._processes:
            process.popen.terminate()  # only the process itself, which stops its children
        give_up_at = time.monotonic() + STOP_PROCESSES_TIMEOUT
        while self._processes and time.monotonic() < give_up_at:
            for process in self.take_ended():
                if process.popen.returncode not in (0, -signal.SIGTERM):
                    self.say(f"{describe_end(process.name, process.popen.returncode)} while stopping.")
            time.sleep(0.05)
        for process in self._processes:
            self.say(f"{process.name} did not stop within {STOP_PROCESSES_TIMEOUT} s and was killed.")
            process.popen.kill()
            process.popen.wait()
        list(self.take_ended())  # shows the rest of their output
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
        self.say(f"{end}. Restarting it.")
        self.start(process.name, process.command, runs_once=False, **process.environment)

    def _read(self, process: Process) -> None:
        for line in process.popen.stdout or ():
            if process.runs_once:
                process.output.append(line.rstrip("\n"))
            else:
                self.say(line.rstrip("\n"), name=process.name)


def describe_end(name: str, status: int) -> str:
    """Describe how a process ended. A negative status is the number of the signal that ended it."""
    return name + (f" was killed by {signal.Signals(-status).name}" if status < 0 else f" exited with code {status}")


@contextlib.contextmanager
def hold_lock(var_dir: Path) -> Iterator[None]:
    """Lock VAR_DIR for this process. The lock ends with the process in any case. Raises RunFailed if it is locked."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise RunFailed(
                f"another run (process {holder}) is using {var_dir}. Stop it, or choose another VAR_DIR."
            ) from None
        file.truncate(0)
        print(os.getpid(), file=file, flush=True)
        yield


def check_port_is_free(host: str, port: int) -> None:
    """Check that a server can listen on this host and port. Raises RunFailed if not."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise RunFailed(f"HOST={host} cannot be resolved. Use an address of this machine, or 127.0.0.1.") from None
    with socket.socket(family) as probe:
        # Servers set this option too, so that lingering connections of an earlier run do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise RunFailed(
                    f"HOST={host} is not an address of this machine. Use one of its addresses, or 127.0.0.1."
                ) from None
            is_denied = isinstance(error, PermissionError)
            reason = "requires more privileges" if is_denied else "is taken by another program"
            suggestion = 8000 if is_denied else port + 1
            raise RunFailed(f"port {port} {reason}. Choose another: PORT={suggestion} make run") from None


def find_marked(*, var_dir: Path) -> list[psutil.Process]:
    """Find the processes of runs in `var_dir`, except this process and its ancestors."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    others = [process for process in psutil.process_iter(["environ", "name"]) if process.pid not in own]
    return [process for process in others if (process.info["environ"] or {}).get(MARK) == str(var_dir)]


def list_other_var_dirs(*, var_dir: Path) -> list[Path]:
    """Return the other VAR_DIRs in which this user has a run whose servers have started, sorted."""
    marks = {(process.info["environ"] or {}).get(MARK) for process in psutil.process_iter(["environ"])}
    others = {Path(mark) for mark in marks if mark} - {var_dir.resolve()}
    return sorted(other for other in others if (other / "services.json").exists())


def stop_marked(*, var_dir: Path, timeout_seconds: float, spare: Collection[int] = ()) -> list[str]:
    """Stop the processes of runs in `var_dir` except the process ids in `spare`.

    Kills the processes that are still alive after `timeout_seconds`. With 0, kills all of them immediately. Returns the
    stopped processes as "name (process id)".
    """
    found = remaining = [process for process in find_marked(var_dir=var_dir) if process.pid not in spare]
    for stop, timeout in ((psutil.Process.terminate, timeout_seconds), (psutil.Process.kill, 1)):
        for process in remaining if timeout else ():
            with contextlib.suppress(psutil.NoSuchProcess):
                stop(process)
        _, remaining = psutil.wait_procs(remaining, timeout=timeout)
    return [f"{process.info['name']} ({process.pid})" for process in found]


def _answers(host: str, port: int) -> bool:
    """Return whether an HTTP server answers with a status below 500, such as 400 for a disallowed host name."""
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=2)) as connection:
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
