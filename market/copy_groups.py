"""Group the near-copies among the stored postings (see `market.copies`).

A posting that repeats an earlier one stores the evidence: the first posting of its group (`copy_of`, and its stable
name `copy_group`), the day of the first posting (`copied_day`) and the similarity of the texts (`copy_similarity`). The
groups depend only on the stored postings, so the order and repetition of imports do not matter. Hidden postings belong
to no group.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from pymongo import UpdateOne

from career_navigator.db.connection import database
from market.copies import COPY_WINDOW, CopyCandidate, build_copy_keys, group_copies
from market.documents import MARKET_SCOPE
from market.stats_rows import dirty_days, mark_dirty

EVIDENCE_FIELDS = ("copy_of", "copy_group", "copied_day", "copy_similarity")
_READ_FIELDS = ("source", "job_id", "url_key", "day", "hidden", "copy_key", "text_signature", *EVIDENCE_FIELDS)
_BATCH = 1_000
# Two attempts are enough for concurrent writers to see each other's postings. The nightly check repairs groups that are
# still changing after the last attempt.
_MAX_ATTEMPTS = 5
_GUARDED_FIELDS = ("copy_key", "text_signature", "hidden", *EVIDENCE_FIELDS)
Row = dict[str, Any]


def update_copy_groups(*, keys: Collection[str], now: datetime) -> int:
    """Group the postings with these copy keys. Return the number of postings whose group changed.

    Call this after the postings are written, so that the last of several concurrent writers sees all of them. The
    postings are read again after each write, because another writer may have stored an earlier posting in the meantime.
    """
    changed = 0
    keys = sorted(keys)
    for start in range(0, len(keys), _BATCH):
        query = {"copy_key": {"$in": keys[start : start + _BATCH], "$type": "string"}}
        for _ in range(_MAX_ATTEMPTS):
            rows = database().job_postings.find(query, dict.fromkeys(_READ_FIELDS, 1))
            days, writes = _list_changes(sorted(rows, key=itemgetter("copy_key")))
            if not writes:
                break
            changed += _write(writes, days, now)
    return changed


def repair_copy_groups(*, now: datetime) -> tuple[int, set[datetime]]:
    """Group all stored postings again. Return the number of corrected postings, and their days."""
    changed, changed_days = 0, set[datetime]()
    query = {"copy_key": {"$type": "string"}}
    rows = database().job_postings.find(query, dict.fromkeys(_READ_FIELDS, 1)).sort("copy_key", 1)
    for _, group in groupby(rows, key=itemgetter("copy_key")):
        days, writes = _list_changes(group)
        if writes:
            changed += _write(writes, days, now)
            changed_days |= days
    return changed, changed_days


def group_stored_postings(*, now: datetime) -> None:
    """Compute the missing copy keys of all stored postings and group them.

    This is a data migration. All open days are recomputed afterwards, because their rows also count employers and
    distinct postings.
    """
    postings = database().job_postings
    fields = ("title", "company", "location", "place", "description")
    writes: list[UpdateOne] = []
    for row in postings.find({"copy_key": {"$exists": False}}, dict.fromkeys(fields, 1)).sort("_id", 1):
        keys = build_copy_keys(row)
        if keys["copy_key"]:
            # The condition skips postings that were stored again in the meantime. Storing sets the keys too.
            writes.append(UpdateOne({"_id": row["_id"], "copy_key": {"$exists": False}}, {"$set": keys}))
        if len(writes) == _BATCH:
            postings.bulk_write(writes, ordered=False)
            writes = []
    if writes:
        postings.bulk_write(writes, ordered=False)
    repair_copy_groups(now=now)
    mark_dirty(days=postings.distinct("day"))


def _write(writes: list[UpdateOne], days: set[datetime], now: datetime) -> int:
    with dirty_days(days=days, now=now):
        return int(database().job_postings.bulk_write(writes, ordered=False).modified_count)


def _list_changes(rows: Iterable[Row]) -> tuple[set[datetime], list[UpdateOne]]:
    """Return the writes that correct the groups of postings sorted by copy key, and the days they change."""
    days: set[datetime] = set()
    writes: list[UpdateOne] = []
    for _, group in groupby(rows, key=itemgetter("copy_key")):
        for row, evidence in _find_evidence(list(group)):
            stored_evidence = {name: row[name] for name in EVIDENCE_FIELDS if name in row}
            if stored_evidence == evidence:
                continue
            # The condition skips postings that another writer changed in the meantime.
            unchanged = {name: row.get(name, {"$exists": False}) for name in _GUARDED_FIELDS}
            update: dict[str, Any] = {"$set": evidence} if evidence else {}
            if removed := [name for name in stored_evidence if name not in evidence]:
                update["$unset"] = dict.fromkeys(removed, "")
            writes.append(UpdateOne({"_id": row["_id"]} | unchanged, update))
            days.add(row["day"])
    return days, writes


def _find_evidence(rows: list[Row]) -> Iterator[tuple[Row, Row]]:
    """Yield each posting with its evidence fields, which are empty if the posting is not a copy."""
    if len(rows) == 1 and "copy_of" not in rows[0]:
        return
    visible = [row for row in rows if not row.get("hidden")]
    copies = group_copies(map(_build_candidate, visible), deleted_firsts=list(_find_deleted_firsts(rows, visible)))
    for row in rows:
        copy = copies.get(row["_id"])
        yield (
            row,
            {
                "copy_of": copy.first.id,
                "copy_group": copy.first.name,
                "copied_day": copy.first.day,
                "copy_similarity": copy.similarity,
            }
            if copy
            else {},
        )


def _find_deleted_firsts(rows: list[Row], visible: list[Row]) -> Iterator[CopyCandidate]:
    """Yield the first postings that retention has deleted, with the text of their earliest copy.

    They were counted on their day, which is closed, so their copies must still not be counted.
    """
    stored_ids = {row["_id"] for row in rows}
    earliest_copies: dict[Any, Row] = {}
    for row in sorted(visible, key=lambda row: (row["day"], _get_name(row))):
        if row.get("copy_of") not in (None, *stored_ids) and row["day"] - row["copied_day"] <= COPY_WINDOW:
            earliest_copies.setdefault(row["copy_of"], row)
    if not earliest_copies:
        return
    days = {row["copied_day"] for row in earliest_copies.values()}
    query = {"day": {"$in": sorted(days)}, "scope": MARKET_SCOPE, "sealed": True}
    closed_days = set(database().market_figures.distinct("day", query))
    for first_id, copy in earliest_copies.items():
        if copy["copied_day"] in closed_days:
            yield CopyCandidate(
                id=first_id, name=copy["copy_group"], day=copy["copied_day"], signature=copy["text_signature"]
            )


def _build_candidate(row: Mapping[str, Any]) -> CopyCandidate:
    return CopyCandidate(id=row["_id"], name=_get_name(row), day=row["day"], signature=bytes(row["text_signature"]))


def _get_name(row: Mapping[str, Any]) -> str:
    """Return a name that does not depend on the order of imports: the source's id, or the URL if there is none."""
    if row.get("job_id"):
        return f"{row['source']} {row['job_id']}"
    return f"{row['source']} {row.get('url_key') or row['_id']}"
