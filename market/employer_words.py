"""Find sentences that an employer repeats in postings for different jobs. They describe the employer, not the job.

For each employer and sentence, up to `MIN_TITLES` titles of postings that contain the sentence are stored. A sentence
with `MIN_TITLES` different titles describes the employer. The result does not depend on the order in which postings are
stored, and it does not change when postings are deleted. Only sentences that mention a skill are recorded. Sentences
that ask something of the candidate, or that are under a heading for requirements or duties, are not recorded (see
`market.sections`). Copies of one posting in several cities share a title, so they count once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pymongo import UpdateOne

from career_navigator.db.connection import database

MIN_TITLES = 3


class Sentence(NamedTuple):
    """The employer's key and the hash of a sentence in one of its postings."""

    company: str
    hash: str


def _build_id(sentence: Sentence) -> str:
    return f"{sentence.hash}:{sentence.company}"


def find_repeated_sentences(sentences: Iterable[Sentence]) -> set[Sentence]:
    """Return the sentences that describe their employer, because enough of its postings repeat them."""
    by_id = {_build_id(sentence): sentence for sentence in sentences}
    if not by_id:
        return set()
    query = {"_id": {"$in": list(by_id)}, f"titles.{MIN_TITLES - 1}": {"$exists": True}}
    return {by_id[row["_id"]] for row in database().employer_sentences.find(query, {"_id": 1})}


def record_sentences(titled_sentences: Sequence[tuple[Sentence, str]], *, now: datetime) -> None:
    """Record pairs of a sentence and the title of a posting that contains it."""
    titles: dict[Sentence, set[str]] = {}
    for sentence, title in titled_sentences:
        titles.setdefault(sentence, set()).add(title)
    writes = [
        UpdateOne({"_id": _build_id(sentence)}, _build_update(sorted(names), now), upsert=True)
        for sentence, names in titles.items()
    ]
    if writes:
        database().employer_sentences.bulk_write(writes, ordered=False)


def _build_update(titles: list[str], now: datetime) -> list[dict[str, Any]]:
    stored_titles = {"$ifNull": ["$titles", []]}
    # Three titles suffice. Without a limit, a sentence of a large employer would store thousands.
    union = {"$slice": [{"$setUnion": [stored_titles, {"$literal": titles}]}, MIN_TITLES]}
    return [{"$set": {"titles": union, "seen_at": {"$max": ["$seen_at", now]}}}]
