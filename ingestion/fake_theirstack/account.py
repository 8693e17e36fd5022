"""What an account may ask for: page sizes, calls in each window, and credits. Pure: the time is a parameter."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal, NamedTuple

PlanName = Literal["free", "paid"]


class Window(NamedTuple):
    """At most `calls` within any `seconds`."""

    name: str
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan as TheirStack sells it. `max_pages` of a query is None where it may be paged to its end."""

    windows: tuple[Window, ...]
    max_limit: int
    max_pages: int | None
    credits: int


_SECOND = Window("per-second", 4, 1)
PLANS: dict[PlanName, Plan] = {
    "paid": Plan(windows=(_SECOND,), max_limit=500, max_pages=None, credits=1_000_000),
    "free": Plan(
        windows=(_SECOND, Window("per-minute", 10, 60), Window("per-hour", 50, 3_600), Window("per-day", 400, 86_400)),
        max_limit=25,
        max_pages=5,
        credits=200,
    ),
}


class RateLimit:
    """Several sliding windows that apply at once. A call that is rejected counts like any other."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._calls: dict[Window, deque[float]] = {window: deque() for window in windows}

    def hit(self, now: float) -> bool:
        """Count a call at `now` (seconds of a steady clock) and say whether every window had room for it."""
        self._forget_before(now)
        admitted = all(len(calls) < window.calls for window, calls in self._calls.items())
        for calls in self._calls.values():
            calls.append(now)
        return admitted

    def get_headers(self, now: float) -> dict[str, str]:
        """Return the rate-limit headers; each lists the windows in the same order."""
        self._forget_before(now)
        headers: dict[str, list[str]] = {}
        for window, calls in self._calls.items():
            remaining = max(0, window.calls - len(calls))
            # Full windows have room again when the call leaves that now keeps the newest one out.
            leaving = calls[max(0, len(calls) - window.calls)] + window.seconds if calls else now
            reset = math.ceil(max(0.0, round(leaving - now, 6)))  # 60.0000001 is 60
            for name, value in {
                "RateLimit": f'"{window.name}";r={remaining};t={reset};pk=:ZmFrZQ==:',
                "RateLimit-Policy": f'"{window.name}";q={window.calls};w={window.seconds:g}',
                "RateLimit-Limit": f"{window.calls}",
                "RateLimit-Remaining": f"{remaining}",
                "RateLimit-Reset": f"{reset}",
            }.items():
                headers.setdefault(name, []).append(value)
        return {name: ", ".join(values) for name, values in headers.items()}

    def _forget_before(self, now: float) -> None:
        for window, calls in self._calls.items():
            while calls and calls[0] <= now - window.seconds:
                calls.popleft()
