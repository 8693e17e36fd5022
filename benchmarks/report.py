"""The table a benchmark prints: each figure beside the bar it has to meet, where it has one."""

import os
import platform
from dataclasses import dataclass, field
from statistics import median, quantiles
from time import perf_counter
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """`met` is None for a figure that has no bar."""

    what: str
    measured: str
    bar: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Report:
    title: str
    rows: list[Row] = field(default_factory=list)

    def note(self, what: str, measured: str) -> None:
        """A figure without a bar."""
        self.rows.append(Row(what, measured))

    def at_most(self, what: str, value: float, bar: float, *, measured: str, bar_text: str) -> None:
        self.rows.append(Row(what, measured, bar_text, value <= bar))

    def at_least(self, what: str, value: float, bar: float, *, measured: str, bar_text: str) -> None:
        self.rows.append(Row(what, measured, bar_text, value >= bar))

    def show(self) -> int:
        """Print the table; the exit code: 1 where a bar was missed."""
        width = max(len(row.what) for row in self.rows)
        measured = max(len(row.measured) for row in self.rows)
        bars = max(len(row.bar) for row in self.rows)
        print(f"\n{self.title}\n({machine()})\n")
        for row in self.rows:
            verdict = {None: "", True: "met", False: "MISSED"}[row.met]
            print(f"{row.what:{width}}  {row.measured:>{measured}}  {row.bar:{bars}}  {verdict}".rstrip())
        return int(any(row.met is False for row in self.rows))


def machine() -> str:
    """What the figures were measured on, and how busy it was."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}{load}"
    )


def milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 10 else f"{value:.3f} ms"


@dataclass(slots=True)
class Times:
    """Seconds that repetitions took."""

    seconds: list[float] = field(default_factory=list)

    def measure(self, call: Any) -> Any:
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
