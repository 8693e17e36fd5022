"""What a request meets: what its account may ask for (pages, calls in each window, credits), and injected faults.

The time is a parameter.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.types import NonNegativeFloat, NonNegativeInt, PositiveInt

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


SEARCH_PATH = "/v1/jobs/search"
ANY_PATH = "*"


class BadFault(ValueError):
    """An entry of a script that cannot be followed; the message names the entry and the field."""


class Fault(BaseModel):
    """One thing that goes wrong, for request number `at` of its path (from 1) or for the `next` requests to come.

    path: which requests it is for; "*" for any
    delay_seconds: wait before answering
    drop: close the connection without an answer
    status: answer with this status and `body` (any JSON, a text as it stands; by default what TheirStack would send)
    headers: set these on the answer; an empty value takes a header away
    cut_off: promise the whole answer, send half of it, close the connection
    not_json: send a page that is no JSON, with status 200
    duplicate_rows: add copies of this many of the page's first jobs
    malformed_row: put a row that is no job at the head of the page: true, or the row itself
    blurred_row: put a preview row at the head of the page
    repeat_page: answer with the jobs of the page before
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
            raise ValueError(f"status {self.status} needs a body to go with it")
        return self


_SCRIPT = TypeAdapter(list[Fault])


def read_faults(script: Any) -> list[Fault]:
    """Read a script: a list of objects with the fields of Fault, or that as JSON in bytes. Raises BadFault."""
    try:
        return _SCRIPT.validate_json(script) if isinstance(script, bytes) else _SCRIPT.validate_python(script)
    except ValidationError as error:
        problem = error.errors()[0]
        index, *fields = problem["loc"] or (None,)
        place = "a script of faults is a list of objects" if index is None else f"fault {int(index) + 1}"
        raise BadFault(": ".join([place, *map(str, fields), problem["msg"]])) from error


class FaultScript:
    """Faults waiting for their requests. Those with a number wait for it; the others take turns as they stand."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def extend(self, faults: list[Fault]) -> None:
        """Add faults behind those that wait already."""
        self._waiting += [fault for fault in faults for _ in range(fault.next if fault.at is None else 1)]

    def take(self, *, path: str, number: int) -> Fault:
        """Strike off and return the fault for request `number` of `path`; a fault of nothing where there is none."""
        found = [fault for fault in self._waiting if fault.path in (path, ANY_PATH) and fault.at in (None, number)]
        if not found:
            return Fault()
        fault = next((fault for fault in found if fault.at is not None), found[0])
        self._waiting.remove(fault)
        return fault
