"""Reading the vocabulary: one copy per process, renewed when the stored one changes."""

import time
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

from skills.documents import SkillDocument, VocabularyVersion
from skills.extraction import SkillExtractor
from skills.vocabulary import Vocabulary

# How long a process goes without asking whether the vocabulary changed.
_RECHECK_SECONDS = 1.0


@dataclass
class _Loaded:
    vocabulary: Vocabulary

    @cached_property
    def extractor(self) -> SkillExtractor:
        return SkillExtractor(self.vocabulary)


class _Shelf:
    """Holds what this process loaded. Threads may share it: a load replaces the whole at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loaded: _Loaded | None = None
        self._checked_at = 0.0

    def loaded(self) -> _Loaded:
        loaded = self._loaded
        if loaded is not None and time.monotonic() - self._checked_at < _RECHECK_SECONDS:
            return loaded
        with self._lock:
            # The version is read before the entries: a change in between only causes one more load.
            version = VocabularyVersion.current()
            loaded = self._loaded
            if loaded is None or loaded.vocabulary.version != version:
                entries = [document.as_skill() for document in SkillDocument.objects.order_by("name")]
                loaded = self._loaded = _Loaded(Vocabulary(entries, version=version))
            self._checked_at = time.monotonic()
            return loaded

    def clear(self) -> None:
        with self._lock:
            self._loaded = None


_shelf = _Shelf()


def vocabulary() -> Vocabulary:
    """Return the vocabulary, at most a second behind the stored one; an empty one before it was seeded."""
    return _shelf.loaded().vocabulary


def extractor() -> SkillExtractor:
    """Return the extractor of `vocabulary()`. The first call after a change builds it, in some 50 ms."""
    return _shelf.loaded().extractor


def forget_vocabulary() -> None:
    """Drop this process's copy, so that the next call reads the stored one: for tests and one-off commands."""
    _shelf.clear()
