"""In-process caches for versioned data: the vocabulary, the catalogues and the daily stats."""

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

# Seconds for which a process serves a catalogue without reading its version, so that edits appear within a second.
MAX_STALENESS = 0.8

_caches: "weakref.WeakSet[VersionedCache[Any]]" = weakref.WeakSet()


def replace_version(name: str) -> None:
    """Set a new version, so that every process reloads the catalogue. Call this after the write."""
    # A counter could repeat: after a backup is restored, it could reach a number that a process has cached.
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
    """An LRU cache that reloads a value when its version changes. None is never cached.

    Args:
        read_version: Returns the current version, or None if it is unknown. Then nothing is cached.
        max_staleness: Seconds for which a value is served without reading the version. After that, one thread reads
            the version and reloads the value, while other threads still get the old value.
        max_weight: Maximum sum of the weights of all values.
        weigh: Returns the weight of a value. Each value weighs 1 by default.
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
        """Return a cache for a catalogue that is loaded as a whole. `replace_version` sets its version."""

        def read_version() -> str:
            document = database().catalogue_versions.find_one(name)
            return document["version"] if document else ""

        return cls(read_version=read_version, max_staleness=MAX_STALENESS)

    def get(self, *, load: Callable[[], T], key: Hashable = None, depends_on: Hashable = None) -> T:
        """Return the cached value of the key, or the result of `load`.

        A value cached with a different `depends_on` is loaded again. Threads never wait for each other, because each
        would wait for the MongoDB timeout in turn while MongoDB is unavailable.
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
        # Read the version before the value, so that a change in between causes only one extra load.
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
                # Another thread has read the version more recently.
                return value
            self._entries[key] = _Entry(value, version, depends_on, self._weigh(value), checked_at)
            self._entries.move_to_end(key)
            while sum(each.weight for each in self._entries.values()) > self._max_weight:
                self._entries.popitem(last=False)
        return value

    def clear(self) -> None:
        """Remove all values."""
        with self._lock:
            self._entries.clear()


def clear() -> None:
    """Remove all values from all versioned caches of this process."""
    for cache in list(_caches):
        cache.clear()
