"""What a run prints: its own sentences, and the lines of its processes after their names."""

import queue
import sys
import threading
from typing import TextIO

_COLOURS = ("36", "33", "32", "35", "34", "31")
_WAITING_LINES = 10_000


class Console:
    """Writes lines from a thread of its own, so that a paused terminal never holds up who writes.

    Lines that do not fit the queue meanwhile are dropped. Colours are used on a terminal only.
    """

    def __init__(self, *, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._coloured = stream.isatty()
        self._names: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue(_WAITING_LINES)
        # True once nobody reads any more.
        self.closed = False
        self._thread = threading.Thread(target=self._write, name="console", daemon=True)
        self._thread.start()

    def say(self, sentence: str) -> None:
        """Print a sentence of the run itself."""
        self._put(sentence)

    def relay(self, name: str, line: str) -> None:
        """Print a line that the process `name` wrote."""
        if name not in self._names:
            self._names.append(name)
        label = f"{name:<8} | "
        if self._coloured:
            colour = _COLOURS[self._names.index(name) % len(_COLOURS)]
            label = f"\x1b[{colour}m{label}\x1b[0m"
        self._put(label + line)

    def close(self, *, timeout_seconds: float = 1) -> None:
        """Print what waits, as far as `timeout_seconds` reach."""
        self._put(None)
        self._thread.join(timeout_seconds)

    def _put(self, line: str | None) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            return

    def _write(self) -> None:
        try:
            while (line := self._lines.get()) is not None:
                self._stream.write(line + "\n")
                if self._lines.empty():
                    self._stream.flush()
            self._stream.flush()
        except (OSError, ValueError):  # the reader is gone, or the stream was closed
            self.closed = True
