"""The words that a catalogue can be searched by, and which of them a beginning means. Pure."""

import re
from bisect import bisect_left
from collections.abc import Iterable

_SHORTEST_PREFIX = 2
_MOST_COMPLETIONS = 20
_WORD = re.compile(r"\w+")


class WordList:
    """The words that a catalogue's documents can be found by."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words = sorted({word for text in texts for word in words_of(text)})

    def completions(self, prefix: str) -> list[str]:
        """The words that begin with a prefix of at least two characters, by name, up to twenty."""
        if len(prefix) < _SHORTEST_PREFIX:
            return []
        start = bisect_left(self._words, prefix)
        candidates = self._words[start : start + _MOST_COMPLETIONS]
        return [word for word in candidates if word.startswith(prefix)]


def words_of(text: str) -> list[str]:
    """The words of a text, the way a text index separates them, in lower case."""
    return _WORD.findall(text.lower().replace("_", " "))
