"""Child processes side by side: started in groups of their own, their output relayed, their ends noticed."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from career_navigator.running.console import Console
from career_navigator.running.embedded import tethered

_CHUNK_BYTES = 65_536


@dataclass(eq=False)
class Child:
    """A process and what it has written of its last line so far."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes]"
    # A child that does one thing and ends; the others are there to stay. What it says matters when it fails.
    passing: bool
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    said: list[str] = field(default_factory=list, repr=False)
    unfinished: bytes = field(default=b"", repr=False)


def how_it_ended(name: str, status: int) -> str:
    """A sentence of a process's exit status, negative for a signal."""
    if status < 0:
        return f"{name} was ended by {signal.Signals(-status).name}"
    return f"{name} ended with exit code {status}"


class Children:
    """The child processes of this one. All calls belong to the main thread, to which the children's lives are tied."""

    def __init__(self, *, console: Console, environment: Mapping[str, str], directory: Path) -> None:
        self._console = console
        self._environment = dict(environment)
        self._directory = directory
        self._alive: list[Child] = []
        self._selector = selectors.DefaultSelector()

    def start(self, name: str, command: Sequence[str], *, passing: bool = False, **environment: str) -> Child:
        """Start `command` under a name for its output, with further variables in its environment."""
        process = subprocess.Popen(
            tethered(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            cwd=self._directory,
            env=self._environment | environment,
            # Ctrl-C in the terminal reaches this process alone, which then stops its children in order.
            start_new_session=True,
        )
        child = Child(name=name, command=command, process=process, passing=passing, environment=environment)
        self._alive.append(child)
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, child)
        return child

    def restart(self, ended: Child) -> Child:
        """Start an ended child's command again, once whatever it started itself is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(ended.process.pid, signal.SIGKILL)
        return self.start(ended.name, ended.command, passing=ended.passing, **ended.environment)

    def relay(self, *, seconds: float) -> None:
        """Print what the children write, waiting up to `seconds` for something to happen."""
        for key, _ in self._selector.select(seconds):
            self._read(key.data)

    def take_ended(self) -> Iterator[Child]:
        """The children that ended since the last call."""
        for child in list(self._alive):
            if child.process.poll() is not None:
                self._alive.remove(child)
                self._read(child)
                self._close(child)
                if child.process.returncode:
                    for line in child.said:
                        self._console.relay(child.name, line)
                yield child

    def stop(self, *, timeout_seconds: float) -> None:
        """Ask all children to end, relay their last words, and kill those that take longer than `timeout_seconds`."""
        for child in self._alive:
            # To the process alone: it knows best how to end the processes of its own.
            child.process.send_signal(signal.SIGTERM)
        give_up_at = time.monotonic() + timeout_seconds
        while self._alive and time.monotonic() < give_up_at:
            self.relay(seconds=0.05)
            for child in self.take_ended():
                if child.process.returncode not in (0, -signal.SIGTERM):
                    self._console.say(f"{how_it_ended(child.name, child.process.returncode)} when asked to stop.")
        for child in self._alive:
            self._console.say(f"{child.name} did not stop within {timeout_seconds:.0f} s and is killed.")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
            self._read(child)
            self._close(child)
        self._alive.clear()

    def _read(self, child: Child) -> None:
        """Relay the whole lines among what the child has written."""
        if child.process.stdout is None or child.process.stdout.closed:
            return
        chunk = child.process.stdout.read(_CHUNK_BYTES)
        if chunk is None:  # nothing at the moment
            return
        if not chunk:
            self._close(child)
            return
        *lines, child.unfinished = (child.unfinished + chunk).split(b"\n")
        for line in lines:
            self._pass_on(child, line)

    def _close(self, child: Child) -> None:
        if child.process.stdout is None or child.process.stdout.closed:
            return
        if child.unfinished:  # the output ended within a line
            self._pass_on(child, child.unfinished)
        self._selector.unregister(child.process.stdout)
        child.process.stdout.close()

    def _pass_on(self, child: Child, line: bytes) -> None:
        text = line.decode(errors="replace")
        if child.passing:
            child.said.append(text)
        else:
            self._console.relay(child.name, text)
