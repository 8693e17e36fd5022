"""What a process keeps of the figures, for as long as they stand.

Whatever is kept belongs to the version of the figures that was read *before* they were: a refresh in between makes it
stale at once. Without Redis nobody knows the version, and nothing is kept.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from career_navigator.quick_redis import ask
from market.answers import VERSION_KEY

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    weight: int


class OfThisVersion(Generic[T]):
    """Values by key, dropped when the figures change or the (UTC) day does; the least recently used go first.

    None is never kept: a role without figures may get some that no refresh has announced yet.
    """

    def __init__(self, *, most_weight: int, weigh: Callable[[T], int] = lambda _: 1) -> None:
        self._most_weight = most_weight
        self._weigh = weigh
        self._lock = threading.Lock()
        self._stamp: Hashable = None
        self._kept: OrderedDict[Hashable, _Kept[T]] = OrderedDict()

    def get(self, *, key: Hashable, now: datetime, load: Callable[[], T]) -> T:
        """The value that is kept under the key, or that `load` makes now."""
        version = figures_version()
        if version is None:
            return load()
        stamp = (version, now.date())
        with self._lock:
            if self._stamp != stamp:
                self._stamp = stamp
                self._kept.clear()
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept.value
        value = load()
        if value is None:
            return value
        kept = _Kept(value, self._weigh(value))
        with self._lock:
            if self._stamp == stamp:
                self._kept[key] = kept
                self._kept.move_to_end(key)
                while sum(each.weight for each in self._kept.values()) > self._most_weight:
                    self._kept.popitem(last=False)
        return value

    def forget(self) -> None:
        """Drop everything: for tests and benchmarks."""
        with self._lock:
            self._stamp = None
            self._kept.clear()


def figures_version() -> bytes | None:
    """The version of the figures, which each refresh replaces; None before the first one and while Redis is away."""
    answers = ask(("GET", VERSION_KEY))
    version = answers[0] if answers else None
    return version if isinstance(version, bytes) else None
