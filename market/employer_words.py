"""Sentences that an employer repeats in its adverts for different jobs, which are about the employer and not the job.

For each employer and sentence the titles of the adverts that contain it are stored, at most `MIN_TITLES` of them. A
sentence under `MIN_TITLES` different titles is the employer's own. Whether it is does not depend on the order in which
postings are stored, and it stays so when postings are deleted. Only sentences that mention a skill are recorded, and
none that asks something of the candidate or stands under a heading for requirements or duties (see `market.sections`).
Copies of one advert in several cities therefore make nothing the employer's own: they share a title.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pymongo import UpdateOne

from career_navigator.db.connection import database

MIN_TITLES = 3


class Sentence(NamedTuple):
    """A sentence of an employer's advert, by the employer's key and the sentence's hash."""

    company: str
    hash: str


def _build_id(sentence: Sentence) -> str:
    return f"{sentence.hash}:{sentence.company}"


def find_repeated(sentences: Iterable[Sentence]) -> set[Sentence]:
    """Return the sentences that are the employer's own words."""
    by_id = {_build_id(sentence): sentence for sentence in sentences}
    if not by_id:
        return set()
    query = {"_id": {"$in": list(by_id)}, f"titles.{MIN_TITLES - 1}": {"$exists": True}}
    return {by_id[row["_id"]] for row in database().employer_sentences.find(query, {"_id": 1})}


def record_sentences(rows: Sequence[tuple[Sentence, str]], *, now: datetime) -> None:
    """Record sentences with the title of the advert that contains each."""
    titles: dict[Sentence, set[str]] = {}
    for sentence, title in rows:
        titles.setdefault(sentence, set()).add(title)
    writes = [
        UpdateOne({"_id": _build_id(sentence)}, _build_update(sorted(names), now), upsert=True)
        for sentence, names in titles.items()
    ]
    if writes:
        database().employer_sentences.bulk_write(writes, ordered=False)


def _build_update(titles: list[str], now: datetime) -> list[dict[str, Any]]:
    known = {"$ifNull": ["$titles", []]}
    # The first titles suffice. Without the limit a sentence of a large employer would list thousands.
    union = {"$slice": [{"$setUnion": [known, {"$literal": titles}]}, MIN_TITLES]}
    return [{"$set": {"titles": union, "seen_at": {"$max": ["$seen_at", now]}}}]
