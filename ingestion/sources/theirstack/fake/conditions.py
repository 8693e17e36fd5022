"""Conditions of a request to the fake TheirStack: the plan's limits on pages, calls and credits, and injected faults.

The current time is always a parameter.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.types import NonNegativeFloat, NonNegativeInt, PositiveInt

PlanName = Literal["free", "paid"]


class Window(NamedTuple):
    """A rate-limit window of at most `calls` in any `seconds`."""

    name: str
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan as TheirStack sells it. `max_pages` limits the pages per query. None means unlimited."""

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
    """Several sliding windows that apply simultaneously. Rejected calls count like all others."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._calls: dict[Window, deque[float]] = {window: deque() for window in windows}

    def hit(self, now: float) -> bool:
        """Count a call at `now` (seconds of a monotonic clock). Return whether every window had room for it."""
        self._forget_expired(now)
        admitted = all(len(calls) < window.calls for window, calls in self._calls.items())
        for calls in self._calls.values():
            calls.append(now)
        return admitted

    def get_headers(self, now: float) -> dict[str, str]:
        """Return the rate-limit headers. Each header lists all windows in the same order."""
        self._forget_expired(now)
        headers: dict[str, list[str]] = {}
        for window, calls in self._calls.items():
            remaining = max(0, window.calls - len(calls))
            # A full window has room again when the oldest of its last `window.calls` calls leaves it.
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

    def _forget_expired(self, now: float) -> None:
        for window, calls in self._calls.items():
            while calls and calls[0] <= now - window.seconds:
                calls.popleft()


SEARCH_PATH = "/v1/jobs/search"
ANY_PATH = "*"


class BadFault(ValueError):
    """An invalid entry of a fault script. The message names the entry and the field."""


class Fault(BaseModel):
    """A fault to inject into request number `at` of its path (counted from 1), or into the `next` requests.

    path: path of the requests; "*" matches any path
    delay_seconds: wait before responding
    drop: close the connection without a response
    status: respond with this status and `body` (any JSON; strings are sent as they are; default: TheirStack's error)
    headers: set these response headers; an empty value removes a header
    cut_off: announce the whole response, send half of it, and close the connection
    not_json: respond with status 200 and a body that is not JSON
    duplicate_rows: append copies of this many of the page's first jobs
    malformed_row: prepend an invalid job; true, or the job itself
    blurred_row: prepend a preview job
    repeat_page: respond with the jobs of the previous page
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    at: PositiveInt | None = None
    next: PositiveInt = 1
    path: str = SEARCH_PATH
    delay_seconds: NonNegativeFloat = 0
    drop: bool = False
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    body: Any = None
    headers: dict[str, str] = {}
    cut_off: bool = False
    not_json: bool = False
    duplicate_rows: NonNegativeInt = 0
    malformed_row: Any = None
    blurred_row: bool = False
    repeat_page: bool = False

    @model_validator(mode="after")
    def _check_body(self) -> Self:
        if self.status is not None and self.status < 300 and self.body is None:
            raise ValueError(f"status {self.status} requires a body")
        return self


_SCRIPT = TypeAdapter(list[Fault])


def read_faults(script: Any) -> list[Fault]:
    """Parse a script: a list of objects with the fields of Fault, or such a list as JSON bytes. Raises BadFault."""
    try:
        return _SCRIPT.validate_json(script) if isinstance(script, bytes) else _SCRIPT.validate_python(script)
    except ValidationError as error:
        problem = error.errors()[0]
        index, *fields = problem["loc"] or (None,)
        place = "a fault script must be a list of objects" if index is None else f"fault {int(index) + 1}"
        raise BadFault(": ".join([place, *map(str, fields), problem["msg"]])) from error


class FaultScript:
    """Faults that wait for their requests. Faults without a request number are used in order."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def extend(self, faults: list[Fault]) -> None:
        """Append faults to those already waiting."""
        self._waiting += [fault for fault in faults for _ in range(fault.next if fault.at is None else 1)]

    def take(self, *, path: str, number: int) -> Fault:
        """Remove and return the fault for request `number` of `path`, or an empty Fault if there is none."""
        found = [fault for fault in self._waiting if fault.path in (path, ANY_PATH) and fault.at in (None, number)]
        if not found:
            return Fault()
        fault = next((fault for fault in found if fault.at is not None), found[0])
        self._waiting.remove(fault)
        return fault
