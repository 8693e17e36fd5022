"""The table of a benchmark, with measured values and their targets."""

import os
import platform
from dataclasses import dataclass, field
from statistics import median, quantiles
from time import perf_counter
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table. `met` is None if the value has no target."""

    what: str
    measured: str
    bar: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Report:
    """The rows of a benchmark's table."""

    title: str
    rows: list[Row] = field(default_factory=list)

    def note(self, what: str, measured: str) -> None:
        """Add a value without a target."""
        self.rows.append(Row(what, measured))

    def at_most(self, what: str, value: float, bar: float, *, measured: str, bar_text: str) -> None:
        """Add a value that must not exceed `bar`."""
        self.rows.append(Row(what, measured, bar_text, value <= bar))

    def at_least(self, what: str, value: float, bar: float, *, measured: str, bar_text: str) -> None:
        """Add a value that must not be below `bar`."""
        self.rows.append(Row(what, measured, bar_text, value >= bar))

    def show(self) -> int:
        """Print the table and return the exit code, 1 if a target was missed."""
        width = max(len(row.what) for row in self.rows)
        measured = max(len(row.measured) for row in self.rows)
        bars = max(len(row.bar) for row in self.rows)
        print(f"\n{self.title}\n({machine()})\n")
        for row in self.rows:
            verdict = {None: "", True: "met", False: "MISSED"}[row.met]
            print(f"{row.what:{width}}  {row.measured:>{measured}}  {row.bar:{bars}}  {verdict}".rstrip())
        return int(any(row.met is False for row in self.rows))


def machine() -> str:
    """Describe the machine and its load."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}{load}"
    )


def milliseconds(seconds: float) -> str:
    """Format seconds as milliseconds."""
    value = seconds * 1000
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 10 else f"{value:.3f} ms"


@dataclass(slots=True)
class Times:
    """The durations of repeated calls in seconds."""

    seconds: list[float] = field(default_factory=list)

    def measure(self, call: Any) -> Any:
        """Call a function, record its duration and return its result."""
        started = perf_counter()
        result = call()
        self.seconds.append(perf_counter() - started)
        return result

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def p99(self) -> float:
        return quantiles(self.seconds, n=100)[98] if len(self.seconds) > 1 else self.seconds[0]
