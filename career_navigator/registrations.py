"""What apps add to the shared parts: each app says so in its `registrations.py`.

Those are read when a part is first asked for what was added. Read when Django is set up, they would be a fifth of what
every command loads, mostly for nothing.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TypeVar

from django.utils.module_loading import autodiscover_modules

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """What was added to a part, by name, in the order of the apps."""

    def __init__(self) -> None:
        self._added: dict[str, T] = {}

    def __setitem__(self, name: str, added: T) -> None:
        self._added[name] = added

    def __getitem__(self, name: str) -> T:
        load_registrations()
        return self._added[name]

    def __iter__(self) -> Iterator[str]:
        load_registrations()
        return iter(self._added)

    def __len__(self) -> int:
        load_registrations()
        return len(self._added)


@cache
def load_registrations() -> None:
    """Let every app add what it has; servers and workers do so before they answer or fork."""
    autodiscover_modules("registrations")
