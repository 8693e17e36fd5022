"""The cache of a process for what depends on a stored version: the vocabulary, catalogues, daily stats."""

import secrets
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

from career_navigator.db.connection import database

T = TypeVar("T")

# How long a process serves a catalogue without reading its version: an edit is served within a second.
MAX_STALENESS = 0.8

_caches: "weakref.WeakSet[VersionedCache[Any]]" = weakref.WeakSet()


def replace_version(name: str) -> None:
    """Make every process load the catalogue again. To be called after the write."""
    # No counter: after a backup was restored it could reach the number that a process knows, with other content.
    version = {"$set": {"version": secrets.token_hex(8)}}
    database().catalogue_versions.update_one({"_id": name}, version, upsert=True)


@dataclass(slots=True)
class _Entry(Generic[T]):
    value: T
    version: Hashable
    depends_on: Hashable
    weight: int
    checked_at: float


class VersionedCache(Generic[T]):
    """Values by key, each loaded again once its version has changed; the least recently used are dropped first.

    `read_version` returns None where the version is unknown; then nothing is cached. A value may be served without
    reading the version for `max_staleness` seconds, and by other threads while one reads it or loads the new value.
    `weigh` returns what a value counts towards `max_weight`. None is a value that is never cached.
    """

    def __init__(
        self,
        *,
        read_version: Callable[[], Hashable],
        max_staleness: float = 0,
        max_weight: int = 1,
        weigh: Callable[[T], int] = lambda _: 1,
    ) -> None:
        self.max_staleness = max_staleness
        self._read_version = read_version
        self._max_weight = max_weight
        self._weigh = weigh
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._lock = Lock()
        self._renewing = Lock()
        _caches.add(self)

    @classmethod
    def of_catalogue(cls, name: str) -> "VersionedCache[T]":
        """Return the cache of what is loaded whole from MongoDB, under the version that `replace_version` sets."""

        def read_version() -> str:
            found = database().catalogue_versions.find_one(name)
            return found["version"] if found else ""

        return cls(read_version=read_version, max_staleness=MAX_STALENESS)

    def get(self, *, load: Callable[[], T], key: Hashable = None, depends_on: Hashable = None) -> T:
        """Return the value under the key, or what `load` returns now; a value of another `depends_on` does not count.

        No thread waits for another: while MongoDB is unavailable, each would wait for its timeout in turn.
        """
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
        if entry is None or entry.depends_on != depends_on or not self.max_staleness:
            return self._renew(key, entry, depends_on, load)
        if time.monotonic() - entry.checked_at < self.max_staleness or not self._renewing.acquire(blocking=False):
            return entry.value
        try:
            return self._renew(key, entry, depends_on, load)
        finally:
            self._renewing.release()

    def _renew(self, key: Hashable, entry: _Entry[T] | None, depends_on: Hashable, load: Callable[[], T]) -> T:
        checked_at = time.monotonic()
        # Read before the value: a change in between only causes one more load.
        version = self._read_version()
        if entry is not None and version is not None and (entry.version, entry.depends_on) == (version, depends_on):
            entry.checked_at = checked_at
            return entry.value
        value = load()
        if value is None or version is None:
            return value
        with self._lock:
            newest = self._entries.get(key)
            if newest is not None and newest.checked_at > checked_at:
                # Another thread has read a later version meanwhile.
                return value
            self._entries[key] = _Entry(value, version, depends_on, self._weigh(value), checked_at)
            self._entries.move_to_end(key)
            while sum(each.weight for each in self._entries.values()) > self._max_weight:
                self._entries.popitem(last=False)
        return value

    def clear(self) -> None:
        """Drop every value."""
        with self._lock:
            self._entries.clear()


def clear() -> None:
    """Drop every value of this process's caches."""
    for cache in list(_caches):
        cache.clear()
