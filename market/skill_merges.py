"""What a merge of two skills means for the market: its postings and its figures."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from career_navigator.connection import database
from market.daily_stats import pack_postings, unpack_names
from market.documents import MARKET_SCOPE
from market.stats_rows import mark_dirty, marked_dirty
from skills.services import renamed

_BATCH = 500


def follow_merge(gone: str, kept: str, now: datetime) -> None:
    """Rename the skill in postings, whose days' figures follow with the next refresh, and in the figures of days whose
    postings are deleted."""
    postings = database().job_postings
    days = postings.distinct("day", {"skills": gone})
    with marked_dirty(days=days, now=now):
        skills = {"skills": renamed(field="skills", gone=gone, kept=kept)}
        nice = {"nice_to_have": _renamed_nice(gone, kept)}
        # Both fields at once: the one is judged by the other as it was.
        postings.update_many({"skills": gone, "nice_to_have": {"$in": [gone, kept]}}, [{"$set": skills | nice}])
        postings.update_many({"skills": gone}, [{"$set": skills}])
    _rename_final_figures(gone, kept)


def _renamed_nice(gone: str, kept: str) -> dict[str, Any]:
    """A posting that names both, one of them as a must, has the one that stays as a must."""
    must = {
        "$or": [
            {"$not": [{"$in": [gone, "$nice_to_have"]}]},
            {"$and": [{"$in": [kept, "$skills"]}, {"$not": [{"$in": [kept, "$nice_to_have"]}]}]},
        ]
    }
    others = {"$filter": {"input": "$nice_to_have", "cond": {"$not": [{"$in": ["$$this", [gone, kept]]}]}}}
    return {"$cond": [must, others, renamed(field="nice_to_have", gone=gone, kept=kept)]}


def _rename_final_figures(gone: str, kept: str) -> None:
    """A role's rows hold each posting's skills, so they are exact.

    The market's rows hold counts alone: there a posting that named both is counted twice, but no skill is counted
    oftener than there were postings.
    """
    figures = database().market_figures
    writes: list[UpdateOne] = []
    changed_days: set[datetime] = set()
    for row in figures.find({"sealed": True, "skill_names": gone}):
        writes.append(UpdateOne({"_id": row["_id"]}, {"$set": _renamed_row(row, gone, kept)}))
        changed_days.add(row["day"])
        if len(writes) == _BATCH:
            figures.bulk_write(writes, ordered=False)
            writes = []
    if writes:
        figures.bulk_write(writes, ordered=False)
    # A refresh leaves final figures as they are, and renders the answers anew.
    mark_dirty(days=changed_days)


def _renamed_row(row: Mapping[str, Any], gone: str, kept: str) -> dict[str, Any]:
    if row["scope"] != MARKET_SCOPE and "posting_skills" in row:
        sets = [
            (tuple(dict.fromkeys(kept if name == gone else name for name in names)), pay)
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
    counted[kept] = min(counted.get(kept, 0) + counted.pop(gone), row["postings"])
    return {"skill_names": sorted(counted), "skill_counts": [counted[name] for name in sorted(counted)]}
