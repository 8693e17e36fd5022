"""Reading the vocabulary: each process holds it, and loads it again when the stored one changes."""

from dataclasses import dataclass
from functools import cached_property

from career_navigator.cache.versioned import VersionedCache
from skills.documents import VOCABULARY, SkillDocument
from skills.extraction import SkillExtractor
from skills.vocabulary import Vocabulary


@dataclass
class _Loaded:
    vocabulary: Vocabulary

    @cached_property
    def extractor(self) -> SkillExtractor:
        return SkillExtractor(self.vocabulary)


_cache: VersionedCache[_Loaded] = VersionedCache.of_catalogue(VOCABULARY)


def vocabulary() -> Vocabulary:
    """Return the vocabulary, at most a second behind the stored one; an empty one before it was seeded."""
    return _cache.get(load=_load).vocabulary


def extractor() -> SkillExtractor:
    """Return the extractor of `vocabulary()`. The first call after a change builds it, in some 50 ms."""
    return _cache.get(load=_load).extractor


def _load() -> _Loaded:
    return _Loaded(Vocabulary(document.as_skill() for document in SkillDocument.objects.order_by("name")))
