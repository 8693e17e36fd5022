"""Misbehaviour on request: which requests go wrong, and how."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import orjson

SEARCH_PATH = "/v1/jobs/search"
ANY_PATH = "*"


class BadFault(ValueError):
    """An entry of a script that cannot be followed; the message names the entry and the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, for request number `at` of its path (from 1) or for the `next` requests to come.

    path: which requests it is for; "*" for any
    delay_seconds: wait before answering
    drop: close the connection without an answer
    status: answer with this status and `body` (any JSON, a text as it stands; by default what the source would send)
    headers: set these on the answer; an empty value takes a header away
    cut_off: promise the whole answer, send half of it, close the connection
    not_json: send a page that is no JSON, with status 200
    duplicate_rows: add copies of this many of the page's first jobs
    malformed_row: put a row that is no job at the head of the page: true, or the row itself
    blurred_row: put a preview row at the head of the page
    repeat_page: answer with the jobs of the page before
    """

    at: int | None = None
    next: int = 1
    path: str = SEARCH_PATH
    delay_seconds: float = 0
    drop: bool = False
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] | None = None
    cut_off: bool = False
    not_json: bool = False
    duplicate_rows: int = 0
    malformed_row: Any = None
    blurred_row: bool = False
    repeat_page: bool = False


_TYPES: dict[str, tuple[type, ...]] = {
    "at": (int,),
    "next": (int,),
    "path": (str,),
    "delay_seconds": (int, float),
    "drop": (bool,),
    "status": (int,),
    "headers": (dict,),
    "cut_off": (bool,),
    "not_json": (bool,),
    "duplicate_rows": (int,),
    "blurred_row": (bool,),
    "repeat_page": (bool,),
}


def read_faults(script: Any) -> list[Fault]:
    """Read a script: a list of objects with the fields of Fault. Raises BadFault."""
    if not isinstance(script, list):
        raise BadFault("a script of faults is a list of objects")
    return [_fault_of(entry, number) for number, entry in enumerate(script, 1)]


def parse_faults(text: bytes) -> list[Fault]:
    """Read a script from JSON. Raises BadFault."""
    try:
        return read_faults(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise BadFault(f"a script of faults is JSON: {error}") from error


def _fault_of(entry: Any, number: int) -> Fault:
    if not isinstance(entry, dict):
        raise BadFault(f"fault {number}: an object was expected, not {entry!r}")
    for name, value in entry.items():
        if name not in {field.name for field in fields(Fault)}:
            raise BadFault(f"fault {number}: there is no field {name!r}")
        allowed = _TYPES.get(name)
        if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)):
            raise BadFault(f"fault {number}: {name} cannot be {value!r}")
        if name in ("at", "next") and value < 1:
            raise BadFault(f"fault {number}: {name} begins at 1, not {value!r}")
    fault = Fault(**entry)
    if fault.status is not None and not 200 <= fault.status <= 599:
        raise BadFault(f"fault {number}: status is between 200 and 599, not {fault.status}")
    if fault.status is not None and fault.status < 300 and fault.body is None:
        raise BadFault(f"fault {number}: status {fault.status} needs a body to go with it")
    if not all(isinstance(text, str) for pair in (fault.headers or {}).items() for text in pair):
        raise BadFault(f"fault {number}: headers are texts by name")
    if fault.delay_seconds < 0 or fault.duplicate_rows < 0:
        raise BadFault(f"fault {number}: delays and counts are not negative")
    return fault


class Script:
    """Faults waiting for their requests. Those with a number wait for it; the others take turns as they stand."""

    def __init__(self) -> None:
        self._numbered: list[Fault] = []
        self._waiting: list[tuple[Fault, int]] = []

    def __len__(self) -> int:
        return len(self._numbered) + len(self._waiting)

    def extend(self, faults: Iterable[Fault]) -> None:
        """Add faults behind those that wait already."""
        for fault in faults:
            if fault.at is None:
                self._waiting.append((fault, fault.next))
            else:
                self._numbered.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        self._numbered.clear()
        self._waiting.clear()

    def take(self, *, path: str, number: int) -> Fault | None:
        """Return the fault for request `number` of `path`, if there is one, and strike it off."""
        for index, fault in enumerate(self._numbered):
            if fault.path in (path, ANY_PATH) and fault.at == number:
                return self._numbered.pop(index)
        for index, (fault, left) in enumerate(self._waiting):
            if fault.path in (path, ANY_PATH):
                self._waiting[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                return fault
        return None
