"""Searching a collection by its text index: relevance first, then id."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.collection import Collection

from career_navigator.words import WordList, words_of

LONGEST_QUERY = 200
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
    is_name: Callable[[str], bool],
    fields: Sequence[str],
    also: Sequence[str] = (),
    named: Mapping[str, str] | None = None,
    filters: Mapping[str, Any],
    limit: int | None = None,
    offset: int = 0,
) -> Found:
    """Find the documents that have any of the query's words, or one of the `known` words that one of them begins.

    A word that `is_name` of something is not completed: whoever asks for java does not mean javascript. First come the
    documents whose fields have the values of `named`, where a field may be a list; then those with more of the query's
    words in `fields`, whole or, of several, as a beginning; then by the weights of the index; then by id. `also` adds
    words to find by, such as a skill's name where the query is an alias of it.
    """
    asked = list(dict.fromkeys(words_of(query)))
    words = dict.fromkeys(asked)
    completed = [word for word in asked if not is_name(word)]
    for word in completed:
        words.update(dict.fromkeys(known.completions(word)))
    for text in also:
        words.update(dict.fromkeys(words_of(text)))
    if not words:
        return Found(rows=[], total=0)
    boosts = [
        *({"$cond": [{"$in": [value, _as_list(name)]}, _NAMED, 0]} for name, value in (named or {}).items()),
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
