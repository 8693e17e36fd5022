"""Find the stored postings that collected postings update.

A stored posting is found by the source's id or, without an id, by its URL. Postings with different ids can share a URL.
A posting with an id and one without are the same if their URLs and titles match.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from career_navigator.db.connection import database
from market.posting import Posting, build_url_key
from market.roles import normalize_role

Row = dict[str, Any]
_PageKey = tuple[str, str, str]  # source, URL key and normalized title

# The fields of stored postings that storing reads.
_STORED_FIELDS = (
    *("source", "job_id", "url_key", "title", "content_hash", "day"),
    *("roles", "search_roles", "search_keywords", "copy_key"),
)
# The partial indexes on ids and URLs contain only strings. Without this condition a query reads every posting.
_IS_STRING = {"$type": "string"}


def remove_repeats(postings: Sequence[Posting]) -> list[Posting]:
    """Return the last occurrence of each posting.

    A posting without an id gets the id of another posting with the same URL and title.
    """
    ids: dict[_PageKey, str] = {}
    for posting in postings:
        if posting.job_id and posting.url:
            key = _build_page_key(posting)
            ids[key] = min(ids.get(key, posting.job_id), posting.job_id)
    last_occurrences: dict[object, Posting] = {}
    for original in postings:
        posting = original
        if not original.job_id and original.url and (job_id := ids.get(_build_page_key(original))):
            posting = replace(original, job_id=job_id)
        identity: object = id(posting)
        if posting.job_id:
            identity = (posting.source, posting.job_id)
        elif posting.url:
            identity = (posting.source, None, build_url_key(posting.url))
        last_occurrences.pop(identity, None)
        last_occurrences[identity] = posting
    return list(last_occurrences.values())


def find_postings_without_stored_id(postings: Mapping[int, Posting]) -> set[int]:
    """Return the keys of the postings whose id no stored posting has."""
    if not postings:
        return set()
    stored = StoredPostings.find_for(list(postings.values()))
    return {key for key, posting in postings.items() if stored.find_by_id(posting) is None}


def _build_page_key(posting: Posting) -> _PageKey:
    """Return the key that two spellings of a posting share, even if only one of them has an id."""
    return posting.source, build_url_key(posting.url or ""), normalize_role(posting.title)


class StoredPostings:
    """The stored postings that the postings of a batch may update, indexed by the source's id and by URL."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[str, str], Row] = {}
        # The key includes the title if the stored posting has an id.
        self._by_url: dict[tuple[str, ...], Row] = {}
        # Stored postings without an id, by the source and id of the posting of the batch whose id they will get.
        self._row_by_adopter: dict[tuple[str, str], Row] = {}

    @classmethod
    def find_for(cls, batch: Sequence[Posting]) -> "StoredPostings":
        """Find the stored postings that may match the batch."""
        stored = cls()
        ids: dict[str, list[str]] = {}
        for posting in batch:
            if posting.job_id:
                ids.setdefault(posting.source, []).append(posting.job_id)
        for source, job_ids in ids.items():
            for row in _find_rows({"source": source, "job_id": {"$in": job_ids} | _IS_STRING}):
                stored._by_id[row["source"], row["job_id"]] = row
        # A posting found by its id is not looked up by URL.
        unmatched = [posting for posting in batch if posting.url and stored.find_by_id(posting) is None]
        if unmatched:
            stored._add_rows_by_url(unmatched)
            stored._adopt_rows(unmatched)
        return stored

    def _add_rows_by_url(self, postings: Sequence[Posting]) -> None:
        url_keys = sorted({build_url_key(posting.url or "") for posting in postings})
        rows = list(_find_rows({"url_key": {"$in": url_keys} | _IS_STRING}))
        for row in sorted(rows, key=lambda row: row.get("job_id") or "", reverse=True):
            # A row whose id is in the batch belongs to the posting with that id.
            if (row["source"], row.get("job_id")) not in self._by_id:
                title = (normalize_role(row["title"]),) if row.get("job_id") else ()
                self._by_url[row["source"], row["url_key"], *title] = row

    def _adopt_rows(self, postings: Sequence[Posting]) -> None:
        """Assign each stored posting without an id to the posting of the same page with the lowest id."""
        adopters: dict[_PageKey, Posting] = {}
        for posting in postings:
            if posting.job_id:
                key = _build_page_key(posting)
                adopters[key] = min(adopters.get(key, posting), posting, key=lambda adopter: adopter.job_id or "")
        for key, adopter in adopters.items():
            row_without_id = self._by_url.get(key[:2])
            if row_without_id is not None and normalize_role(row_without_id["title"]) == key[2]:
                self._row_by_adopter[adopter.source, adopter.job_id or ""] = row_without_id

    def add_id(self, posting: Posting) -> Posting:
        """Return the posting with the id of its stored posting, unless it has an id itself."""
        row = None if posting.job_id else self.find(posting)
        if row is None or not row.get("job_id"):
            return posting
        self._by_id[row["source"], row["job_id"]] = row
        return replace(posting, job_id=row["job_id"])

    def find_by_id(self, posting: Posting) -> Row | None:
        """Return the stored posting with the same id."""
        return self._by_id.get((posting.source, posting.job_id)) if posting.job_id else None

    def find(self, posting: Posting) -> Row | None:
        """Return the stored posting that the posting updates."""
        if posting.job_id:
            return self.find_by_id(posting) or self._row_by_adopter.get((posting.source, posting.job_id))
        key = _build_page_key(posting)
        return self._by_url.get(key[:2]) or self._by_url.get(key)


def _find_rows(query: dict[str, Any]) -> Iterator[Row]:
    yield from database().job_postings.find(query, dict.fromkeys(_STORED_FIELDS, 1))
