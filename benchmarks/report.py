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

    label: str
    measured: str
    target: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Report:
    """The rows of a benchmark's table."""

    title: str
    rows: list[Row] = field(default_factory=list)

    def add_value(self, label: str, measured: str) -> None:
        """Add a row with a value that has no target."""
        self.rows.append(Row(label, measured))

    def require_at_most(self, label: str, value: float, target: float, *, measured: str, target_text: str) -> None:
        """Add a row with a value that must not exceed `target`."""
        self.rows.append(Row(label, measured, target_text, value <= target))

    def require_at_least(self, label: str, value: float, target: float, *, measured: str, target_text: str) -> None:
        """Add a row with a value that must not be below `target`."""
        self.rows.append(Row(label, measured, target_text, value >= target))

    def show(self) -> int:
        """Print the table and return the exit code, 1 if a target was missed."""
        label_width = max(len(row.label) for row in self.rows)
        measured_width = max(len(row.measured) for row in self.rows)
        target_width = max(len(row.target) for row in self.rows)
        print(f"\n{self.title}\n({describe_machine()})\n")
        for row in self.rows:
            verdict = {None: "", True: "met", False: "MISSED"}[row.met]
            cells = (f"{row.label:{label_width}}", f"{row.measured:>{measured_width}}", f"{row.target:{target_width}}")
            print("  ".join((*cells, verdict)).rstrip())
        return int(any(row.met is False for row in self.rows))


def describe_machine() -> str:
    """Describe the machine and its load."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"Python {platform.python_version()}"
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, {python}{load}"


def format_milliseconds(seconds: float) -> str:
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
