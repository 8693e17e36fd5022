"""What an account may ask for: page sizes, calls in each window, and credits. Pure: the time is a parameter."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

PlanName = Literal["free", "paid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """At most `calls` within any `seconds`."""

    name: str
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan as the source sells it. `pages_a_query` is None where a query may be paged to its end."""

    windows: tuple[Window, ...]
    largest_page: int
    pages_a_query: int | None
    credits: int


_SECOND = Window(name="per-second", calls=4, seconds=1)
PLANS: dict[PlanName, Plan] = {
    "paid": Plan(windows=(_SECOND,), largest_page=500, pages_a_query=None, credits=1_000_000),
    "free": Plan(
        windows=(
            _SECOND,
            Window(name="per-minute", calls=10, seconds=60),
            Window(name="per-hour", calls=50, seconds=3_600),
            Window(name="per-day", calls=400, seconds=86_400),
        ),
        largest_page=25,
        pages_a_query=5,
        credits=200,
    ),
}


class RateLimit:
    """Several sliding windows that apply at once. A call that is refused counts like any other."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._windows = windows
        self._calls: list[deque[float]] = [deque() for _ in windows]

    def admit(self, now: float) -> bool:
        """Count a call at `now` (seconds of a steady clock) and say whether every window had room for it."""
        admitted = True
        for window, calls in zip(self._windows, self._calls, strict=True):
            self._forget(window, calls, now)
            admitted = admitted and len(calls) < window.calls
            calls.append(now)
        return admitted

    def headers(self, now: float) -> dict[str, str]:
        """Return the rate-limit headers; each lists the windows in the same order."""
        names, policies, limits, left, resets = [], [], [], [], []
        for window, calls in zip(self._windows, self._calls, strict=True):
            self._forget(window, calls, now)
            remaining = max(0, window.calls - len(calls))
            # Full windows have room again when the call leaves that now keeps the newest one out.
            leaving = calls[max(0, len(calls) - window.calls)] + window.seconds if calls else now
            reset = math.ceil(max(0.0, round(leaving - now, 6)))  # 60.0000001 is 60
            names.append(f'"{window.name}";r={remaining};t={reset};pk=:c3RhbmQtaW4=:')
            policies.append(f'"{window.name}";q={window.calls};w={window.seconds:g}')
            limits.append(str(window.calls))
            left.append(str(remaining))
            resets.append(str(reset))
        return {
            "RateLimit": ", ".join(names),
            "RateLimit-Policy": ", ".join(policies),
            "RateLimit-Limit": ", ".join(limits),
            "RateLimit-Remaining": ", ".join(left),
            "RateLimit-Reset": ", ".join(resets),
        }

    def _forget(self, window: Window, calls: deque[float], now: float) -> None:
        while calls and calls[0] <= now - window.seconds:
            calls.popleft()


@dataclass(slots=True, kw_only=True)
class Credits:
    """An account's credits: what was granted and what is spent."""

    granted: int
    used: int = 0

    @property
    def left(self) -> int:
        return max(0, self.granted - self.used)

    def balance(self) -> dict[str, int]:
        """Return the body of the balance endpoint."""
        return {
            "ui_credits": 50,
            "used_ui_credits": 0,
            "api_credits": self.granted,
            "used_api_credits": self.used,
        }
