"""Copies of small stored catalogues in each process, renewed when the stored one changes.

Whoever writes a catalogue replaces its version, which each process asks for about once a second.
"""

import secrets
import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

from career_navigator.connection import database

T = TypeVar("T")

# How long a process goes without asking whether a catalogue changed: an edit is served within a second.
_RECHECK_SECONDS = 0.8

_copies: "list[VersionedCopy[Any]]" = []


def replace_version(name: str) -> None:
    """Make every process read the catalogue anew. To be called after the write."""
    # Not a count: after the data was restored from a backup a count could meet an older one of the same height.
    version = {"$set": {"version": secrets.token_hex(8)}}
    database().catalogue_versions.update_one({"_id": name}, version, upsert=True)


class VersionedCopy(Generic[T]):
    """What `load` made of the stored catalogue, at most a second behind it.

    The copy also depends on `depends_on()`, where given: when that changes it is made anew at once. Threads may share
    it: a load replaces the whole, and while one thread asks whether it still holds, the others take it as it is.
    """

    def __init__(self, *, name: str, load: Callable[[], T], depends_on: Callable[[], Hashable] | None = None) -> None:
        self._name = name
        self._load = load
        self._depends_on = depends_on or (lambda: None)
        self._renewing = Lock()
        self._kept: tuple[Hashable, Hashable, T] | None = None
        self._checked_at = 0.0
        _copies.append(self)

    def get(self) -> T:
        """The copy, made now where it is not there or no longer holds.

        Nobody waits for another thread: with MongoDB away each would wait out its time limit, one after the other.
        """
        dependency = self._depends_on()
        kept = self._kept
        if kept is None or kept[1] != dependency:
            return self._renewed(dependency)
        if time.monotonic() - self._checked_at < _RECHECK_SECONDS or not self._renewing.acquire(blocking=False):
            return kept[2]
        try:
            return self._renewed(dependency)
        finally:
            self._renewing.release()

    def _renewed(self, dependency: Hashable) -> T:
        checked_at = time.monotonic()
        # The version is read before the catalogue: a change in between only causes one more load.
        found = database().catalogue_versions.find_one(self._name)
        version = found["version"] if found else None
        kept = self._kept
        if kept is None or kept[:2] != (version, dependency):
            kept = self._kept = (version, dependency, self._load())
        self._checked_at = checked_at
        return kept[2]

    def forget(self) -> None:
        """Drop the copy, so that the next call reads the stored catalogue."""
        self._kept = None


def forget_copies() -> None:
    """Drop every copy of this process: for tests and benchmarks."""
    for copy in _copies:
        copy.forget()
