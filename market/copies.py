"""Recognize near-copies of postings: one employer's job, posted again or for another place. Pure.

Two postings are near-copies if they have the same employer, their titles differ at most in places, they are at most 60
days apart, and their texts are nearly or exactly equal. The similarity of two texts is the Jaccard similarity of their
sets of three consecutive words, estimated with MinHash (A. Z. Broder, "On the resemblance and containment of
documents", 1997). Only 8 bits of each minimum are stored (P. Li and A. C. König, "b-Bit Minwise Hashing", 2010).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from market.geo.names import find_city, find_state, is_country_or_area
from market.posting import build_company_key, normalize_words

# A repeated posting is a copy of the first one for this long. After that it counts as a new posting.
COPY_WINDOW = timedelta(days=60)
# Tuned on labeled pairs of real postings (see `benchmarks/near_copies.py`).
MIN_SIMILARITY = 0.85
# With 128 hash functions, the standard error of the estimate at `MIN_SIMILARITY` is 0.03.
_HASH_COUNT = 128
# Shorter texts have too few word triples for an estimate, so they must be equal to count as copies.
_MIN_TEXT_WORDS = 40
_WORD = re.compile(r"\w+")
_TITLE_SEPARATOR = re.compile(r"\s+[-–—|/@]+\s+|[,(|@\[]")
# Words that occur in place names but also elsewhere in titles.
_AMBIGUOUS_PLACE_WORDS = frozenset({"remote", "hybrid", "of", "the", "and", "in", "de", "la", "st", "office"})
_PLACE_WORD_LIST = (
    "remote remotely hybrid onsite anywhere worldwide global based location locations office m f w d x mf mfd mwd fmd"
    " fm div all genders emea apac latam amer amers americas america anz dach mena nordics benelux us usa uk eu uae dr"
    " cdmx socal norcal north south east west central northeast southeast northwest southwest eastern western"
)
_PLACE_WORDS = frozenset(_PLACE_WORD_LIST.split())
_MAX_WORD_HASH_COUNT = 100_000
_MAX_PLACE_WORDS = 3
_MIN_PLACE_LENGTH = 4


def _build_factors() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the factors and summands of the hash functions. Stored signatures depend on them."""
    digests = b"".join(blake2b(str(number).encode(), digest_size=8).digest() for number in range(_HASH_COUNT))
    numbers = np.frombuffer(digests, "<u4").astype(np.uint32).reshape(_HASH_COUNT, 2)
    return numbers[:, :1] | np.uint32(1), numbers[:, 1:].copy()


_FACTORS, _SUMMANDS = _build_factors()


def build_copy_keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """Compute the stored `copy_key` and `text_signature` of a posting from its title, employer, places and description.

    Only postings with the same `copy_key` can be copies. Both are None for a posting without a description.
    """
    signature = compute_signature(row.get("description") or "")
    if signature is None:
        return {"copy_key": None, "text_signature": None}
    key = f"{build_company_key(row['company'])}\n{' '.join(_list_job_words(row))}"
    return {"copy_key": blake2b(key.encode(), digest_size=12).hexdigest(), "text_signature": signature}


def _list_job_words(row: Mapping[str, Any]) -> list[str]:
    """Return the words of a posting's title that say what the job is, not where.

    A part of the title that shares a word with the posting's place is dropped entirely: "Fairview Mall" if the place
    is "CF Fairview". The first part only loses the words of the place.
    """
    places = set(normalize_words(f"{row.get('location') or ''} {row.get('place') or ''}")) - _AMBIGUOUS_PLACE_WORDS
    first_part, *other_parts = _TITLE_SEPARATOR.split(row["title"])
    words = [word for word in _list_title_words(first_part) if word not in places]
    for part in other_parts:
        if places.isdisjoint(normalize_words(part)):
            words += _list_title_words(part)
    return words


@lru_cache(maxsize=16_384)
def _list_title_words(title: str) -> tuple[str, ...]:
    """Return the words of a title without the names of places and words such as "remote"."""
    words = normalize_words(title)
    job_words: list[str] = []
    start = 0
    while start < len(words):
        for length in range(min(_MAX_PLACE_WORDS, len(words) - start), 0, -1):
            if _is_place(" ".join(words[start : start + length])):
                start += length
                break
        else:
            job_words.append(words[start])
            start += 1
    return tuple(job_words)


@lru_cache(maxsize=65_536)
def _is_place(name: str) -> bool:
    """Return whether a title's words name a place or a way of working such as "remote"."""
    if name in _PLACE_WORDS:
        return True
    return len(name) >= _MIN_PLACE_LENGTH and bool(is_country_or_area(name) or find_city(name) or find_state(name))


class _WordHashes(dict[str, bytes]):
    """A cache of word hashes. Without the cache, hashing words takes most of the time of computing a signature.

    Punctuation around and within a word is ignored. A token of punctuation has an empty hash. Hashes are 4 bytes
    because joining bytes is three times as fast as building an array from integers.
    """

    def __missing__(self, token: str) -> bytes:
        if len(self) >= _MAX_WORD_HASH_COUNT:
            self.clear()
        word_hash = crc32("".join(_WORD.findall(token)).encode())
        self[token] = packed = word_hash.to_bytes(4, "little") if word_hash else b""
        return packed


_word_hashes = _WordHashes()


def compute_signature(text: str) -> bytes | None:
    """Return the MinHash signature of a text, or a digest if it has fewer than 40 words. None without words."""
    folded = text.casefold()
    hashes = np.frombuffer(b"".join(map(_word_hashes.__getitem__, folded.split())), "<u4")
    if len(hashes) < _MIN_TEXT_WORDS:
        words = _WORD.findall(folded)
        return blake2b(" ".join(words).encode(), digest_size=16).digest() if words else None
    # Computed in place, because allocating arrays takes a fifth of the time of computing a signature.
    triples = hashes[:-2] * np.uint32(2_654_435_761)
    triples += hashes[1:-1] * np.uint32(2_246_822_519)
    triples += hashes[2:]
    triples ^= triples >> np.uint32(15)
    triples *= np.uint32(3_266_489_917)
    triples ^= triples >> np.uint32(13)
    products = triples * _FACTORS
    products += _SUMMANDS
    minimums = products.min(axis=1)
    # Minimums are small numbers, so their bits are mixed before 8 of them are stored.
    minimums *= np.uint32(2_246_822_519)
    return (minimums >> np.uint32(24)).astype(np.uint8).tobytes()


def estimate_similarity(first: bytes, second: bytes) -> float:
    """Return the estimated similarity of two texts from their signatures, 0.0 to 1.0."""
    if first == second:
        return 1.0
    if len(first) != _HASH_COUNT or len(second) != _HASH_COUNT:
        return 0.0
    equal = float(np.mean(np.frombuffer(first, np.uint8) == np.frombuffer(second, np.uint8)))
    # Correct for chance: 1 in 256 pairs of different minimums has the same 8 bits.
    return max(0.0, (equal - 1 / 256) / (1 - 1 / 256))


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyCandidate:
    """The fields of a posting that grouping needs. `name` is the same on every installation."""

    id: Any
    name: str
    day: datetime
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The evidence that a posting is a copy: the first posting of its group and the similarity of the two texts."""

    first: CopyCandidate
    similarity: float


def group_copies(
    candidates: Iterable[CopyCandidate], *, deleted_firsts: Sequence[CopyCandidate] = ()
) -> dict[Any, Copy]:
    """Return the copies among postings that share a `copy_key`, by id.

    Postings are processed by day, then by name, so the result does not depend on the order of arrival. Each posting
    joins the most similar first posting of the preceding 60 days, or starts a new group. `deleted_firsts` are first
    postings that are no longer stored.
    """
    firsts = sorted(deleted_firsts, key=_get_sort_key)
    copies: dict[Any, Copy] = {}
    for candidate in sorted(candidates, key=_get_sort_key):
        best: Copy | None = None
        for first in firsts:
            if candidate.day - first.day <= COPY_WINDOW:
                similarity = estimate_similarity(first.signature, candidate.signature)
                if similarity >= MIN_SIMILARITY and (best is None or similarity > best.similarity):
                    best = Copy(first=first, similarity=round(similarity, 3))
        if best is None:
            firsts.append(candidate)
        else:
            copies[candidate.id] = best
    return copies


def _get_sort_key(candidate: CopyCandidate) -> tuple[datetime, str]:
    return candidate.day, candidate.name
