"""Rename a merged skill in stored postings and in the stats of closed days."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from career_navigator.db.connection import database
from market.daily_stats import pack_postings, unpack_names
from market.documents import MARKET_SCOPE
from market.stats_rows import dirty_days, mark_dirty
from skills.services import build_rename

_BATCH = 500


def on_skill_merged(source: str, target: str, now: datetime) -> None:
    """Rename a merged skill in postings and in the stats of closed days.

    The stats of the other days are recomputed by the next refresh.
    """
    postings = database().job_postings
    days = postings.distinct("day", {"skills": source})
    with dirty_days(days=days, now=now):
        skills = {"skills": build_rename(field="skills", source=source, target=target)}
        nice = {"nice_to_have": _rename_nice_to_have(source, target)}
        # One update for both fields, because the new `nice_to_have` depends on the old `skills`.
        postings.update_many({"skills": source, "nice_to_have": {"$in": [source, target]}}, [{"$set": skills | nice}])
        postings.update_many({"skills": source}, [{"$set": skills}])
    _rename_closed_stats(source, target)


def _rename_nice_to_have(source: str, target: str) -> dict[str, Any]:
    """Build the new value of `nice_to_have`.

    If a posting requires one of the two skills, the target becomes required even if the other was nice to have.
    """
    is_required = {
        "$or": [
            {"$not": [{"$in": [source, "$nice_to_have"]}]},
            {"$and": [{"$in": [target, "$skills"]}, {"$not": [{"$in": [target, "$nice_to_have"]}]}]},
        ]
    }
    others = {"$filter": {"input": "$nice_to_have", "cond": {"$not": [{"$in": ["$$this", [source, target]]}]}}}
    return {"$cond": [is_required, others, build_rename(field="nice_to_have", source=source, target=target)]}


def _rename_closed_stats(source: str, target: str) -> None:
    """Rename a skill in the stats of closed days, whose postings are deleted.

    Role rows stay exact because they store the skills of each posting. Market rows store only counts, so a posting with
    both skills counts twice. The sum is capped at the number of distinct postings.
    """
    stats = database().market_figures
    writes: list[UpdateOne] = []
    changed_days: set[datetime] = set()
    for row in stats.find({"sealed": True, "skill_names": source}):
        writes.append(UpdateOne({"_id": row["_id"]}, {"$set": _rename_in_row(row, source, target)}))
        changed_days.add(row["day"])
        if len(writes) == _BATCH:
            stats.bulk_write(writes, ordered=False)
            writes = []
    if writes:
        stats.bulk_write(writes, ordered=False)
    # The refresh does not change closed days, but it renders the responses again.
    mark_dirty(days=changed_days)


def _rename_in_row(row: Mapping[str, Any], source: str, target: str) -> dict[str, Any]:
    if row["scope"] != MARKET_SCOPE and "posting_skills" in row:
        sets = [
            (tuple(dict.fromkeys(target if name == source else name for name in names)), pay)
            for names, pay in unpack_names(row)
        ]
        counts: dict[str, int] = {}
        for names, _ in sets:
            for name in names:
                counts[name] = counts.get(name, 0) + 1
        ordered = sorted(counts)
        tallies = [counts[name] for name in ordered]
        packed = pack_postings(postings=sets, names=ordered, counts=tallies)
        return {"skill_names": ordered, "skill_counts": tallies} | packed
    counted = dict(zip(row["skill_names"], row["skill_counts"], strict=True))
    counted[target] = min(counted.get(target, 0) + counted.pop(source), row.get("jobs", row["postings"]))
    return {"skill_names": sorted(counted), "skill_counts": [counted[name] for name in sorted(counted)]}
