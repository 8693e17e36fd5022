"""Searching a collection by its text index: relevance first, then id."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.collection import Collection

from career_navigator.plain_text import WordList, words_of

MAX_QUERY_LENGTH = 200
# The text index gives a document some tens at most.
_NAMED = 10_000
_HAS_WORD = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of what was found, best first, and how many were found in all."""

    rows: list[dict[str, Any]]
    total: int


def search_text(
    *,
    collection: "Collection[dict[str, Any]]",
    query: str,
    known: WordList,
    canonical: Callable[[str], str | None],
    named_in: str,
    fields: Sequence[str],
    filters: Mapping[str, Any],
    limit: int | None = None,
    offset: int = 0,
) -> Found:
    """Find the documents that have any of the query's words, or one of the `known` words that one of them begins.

    `canonical` gives the name that a spelling of it means, such as a skill's, and None for other words; `named_in` is
    the field that holds such names, one or a list. A word that means one is not completed: whoever asks for java does
    not mean javascript. First come the documents with the name that the whole query means; then those with more of the
    query's words in `fields`, whole or, of several, as a beginning; then by the weights of the index; then by id.
    """
    asked = list(dict.fromkeys(words_of(query)))
    words = dict.fromkeys(asked)
    completed = [word for word in asked if canonical(word) is None]
    for word in completed:
        words.update(dict.fromkeys(known.completions(word)))
    named = canonical(query)
    if named is not None:
        words.update(dict.fromkeys(words_of(named)))
    if not words:
        return Found(rows=[], total=0)
    boosts = [
        *([{"$cond": [{"$in": [named, _as_list(named_in)]}, _NAMED, 0]}] if named is not None else []),
        *(_boost_for(rf"\b{re.escape(word)}", fields) for word in asked if len(asked) > 1),
        *(_boost_for(rf"\b{re.escape(word)}\b", fields) for word in completed),
    ]
    page: list[dict[str, Any]] = [{"$skip": offset}, *([{"$limit": limit}] if limit is not None else [])]
    pipeline = [
        # Without quotes and signs, which the index would take for operators.
        {"$match": {"$text": {"$search": " ".join(words)}, **filters}},
        {"$addFields": {"relevance": {"$add": [{"$meta": "textScore"}, *boosts]}}},
        {"$sort": {"relevance": -1, "_id": 1}},
        {"$facet": {"rows": page, "total": [{"$count": "count"}]}},
    ]
    (answer,) = collection.aggregate(pipeline)
    return Found(rows=answer["rows"], total=answer["total"][0]["count"] if answer["total"] else 0)


def _boost_for(pattern: str, fields: Sequence[str]) -> dict[str, Any]:
    """A boost where one of the fields matches, in any case."""
    parts: list[Any] = []
    for name in fields:
        joined = {
            "$reduce": {"input": _as_list(name), "initialValue": "", "in": {"$concat": ["$$value", " ", "$$this"]}}
        }
        parts.append(joined)
    return {"$cond": [{"$regexMatch": {"input": {"$concat": parts}, "regex": pattern, "options": "i"}}, _HAS_WORD, 0]}


def _as_list(name: str) -> dict[str, Any]:
    """The field's values, whether it is a list, a single one or absent."""
    value = f"${name}"
    return {"$cond": [{"$isArray": value}, value, [{"$ifNull": [value, ""]}]]}
