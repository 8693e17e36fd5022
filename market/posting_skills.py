"""Which skills and how much experience a posting asks for: its source's slugs say which skills, else its text does.

And what a change of the vocabulary means for stored postings and their stats.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from career_navigator.db.connection import database
from career_navigator.plain_text import make_plain
from market.daily_stats import pack_postings, unpack_names
from market.documents import MARKET_SCOPE
from market.requirement_parsing import RequirementSpans, parse_required_years, parse_requirements, select_nice_to_have
from market.stats_rows import dirty_days, mark_dirty
from skills.extraction import is_within
from skills.selectors import get_extractor, get_vocabulary
from skills.services import build_rename

_BATCH = 500
_FIGURED = ("skills", "skills_source")
_FIELDS = ("title", "description", "technology_slugs", *_FIGURED, "nice_to_have", "years_asked", "content_hash", "day")


@dataclass(frozen=True, slots=True, kw_only=True)
class RereadProgress:
    """So many postings were looked at, so many of them were read otherwise than they are stored."""

    seen: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingSkills:
    """What a posting asks for. `source` is what the (canonical) skills were read from: `slugs` or `text`.

    `nice_to_have` are those of the skills that are only wished for.
    """

    skills: list[str]
    source: str
    nice_to_have: list[str]
    years_asked: float | None

    def as_fields(self) -> dict[str, Any]:
        """As it is stored; None is not."""
        return {
            "skills": self.skills,
            "skills_source": self.source,
            "nice_to_have": self.nice_to_have or None,
            "years_asked": self.years_asked,
        }


def extract_posting_skills(*, title: str, description: str | None, slugs: Sequence[str]) -> PostingSkills:
    """What the posting asks for, by its slugs and its wording."""
    title, description = make_plain(title).text, make_plain(description or "").text
    text = f"{title}\n{description}"
    wording = parse_requirements(text)
    skills, source = get_vocabulary().map_technology_slugs(slugs), "slugs"
    if skills:
        nice = _select_nice_to_have(skills, text, wording, title) if wording.nice else []
    else:
        # No slugs, or only those of a job board or an applicant-tracking system.
        spans, source = get_extractor().spans(text), "text"
        skills = list(dict.fromkeys(span.skill for span in spans))
        nice = select_nice_to_have(
            skills=skills,
            in_nice=(span.skill for span in spans if is_within(wording.nice, span.start)),
            in_must=lambda: (
                span.skill for span in spans if span.start < len(title) or is_within(wording.must, span.start)
            ),
        )
    return PostingSkills(
        skills=skills, source=source, nice_to_have=nice, years_asked=parse_required_years(text, wording=wording)
    )


def _select_nice_to_have(skills: list[str], text: str, wording: RequirementSpans, title: str) -> list[str]:
    """Only what is said to be nice to have is searched; where that finds something, what is said to be a must too."""
    found = get_extractor()
    return select_nice_to_have(
        skills=skills,
        in_nice=found.extract_skills(_joined(text, wording.nice)),
        in_must=lambda: found.extract_skills(f"{title}\n{_joined(text, wording.must)}"),
    )


def _joined(text: str, stretches: Sequence[tuple[int, int]]) -> str:
    return "\n".join(text[start:end] for start, end in stretches)


def reread_posting_skills(*, dry_run: bool, now: datetime) -> Iterator[RereadProgress]:
    """Read what every stored posting asks for again, by today's vocabulary; yields after each batch.

    Call `refresh_stats` afterwards. Harmless when repeated or broken off. With `dry_run` nothing is written.
    """
    batch: list[dict[str, Any]] = []
    for row in database().job_postings.find({}, dict.fromkeys(_FIELDS, 1)).sort("_id", 1):
        batch.append(row)
        if len(batch) == _BATCH:
            yield _reread(batch, dry_run, now)
            batch = []
    if batch:
        yield _reread(batch, dry_run, now)


def _reread(rows: list[dict[str, Any]], dry_run: bool, now: datetime) -> RereadProgress:
    writes: list[UpdateOne] = []
    days: set[datetime] = set()
    for row in rows:
        read = extract_posting_skills(
            title=row["title"], description=row.get("description"), slugs=row.get("technology_slugs", ())
        )
        fields = read.as_fields()
        # An empty list and none are the same.
        changed = {name: value for name, value in fields.items() if (row.get(name) or None) != (value or None)}
        if not changed:
            continue
        # A posting that was stored again meanwhile has had its skills read by the same vocabulary.
        unchanged = {"_id": row["_id"], "content_hash": row["content_hash"]}
        change = {
            "$set": {name: value for name, value in changed.items() if value is not None},
            "$unset": {name: "" for name, value in changed.items() if value is None},
        }
        writes.append(UpdateOne(unchanged, {operator: values for operator, values in change.items() if values}))
        if not changed.keys().isdisjoint(_FIGURED):
            days.add(row["day"])
    if writes and not dry_run:
        with dirty_days(days=days, now=now):
            database().job_postings.bulk_write(writes, ordered=False)
    return RereadProgress(seen=len(rows), changed=len(writes))


def on_skill_merged(source: str, target: str, now: datetime) -> None:
    """Rename the skill in postings, whose days' stats follow with the next refresh, and in the stats of days whose
    postings are deleted."""
    postings = database().job_postings
    days = postings.distinct("day", {"skills": source})
    with dirty_days(days=days, now=now):
        skills = {"skills": build_rename(field="skills", source=source, target=target)}
        nice = {"nice_to_have": _rename_nice_to_have(source, target)}
        # Both fields at once: the one is judged by the other as it was.
        postings.update_many({"skills": source, "nice_to_have": {"$in": [source, target]}}, [{"$set": skills | nice}])
        postings.update_many({"skills": source}, [{"$set": skills}])
    _rename_closed_stats(source, target)


def _rename_nice_to_have(source: str, target: str) -> dict[str, Any]:
    """A posting that names both, one of them as a must, has the one that stays as a must."""
    must = {
        "$or": [
            {"$not": [{"$in": [source, "$nice_to_have"]}]},
            {"$and": [{"$in": [target, "$skills"]}, {"$not": [{"$in": [target, "$nice_to_have"]}]}]},
        ]
    }
    others = {"$filter": {"input": "$nice_to_have", "cond": {"$not": [{"$in": ["$$this", [source, target]]}]}}}
    return {"$cond": [must, others, build_rename(field="nice_to_have", source=source, target=target)]}


def _rename_closed_stats(source: str, target: str) -> None:
    """A role's rows hold each posting's skills, so they are exact.

    The market's rows hold counts alone: there a posting that named both is counted twice, but no skill is counted
    oftener than there were postings.
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
    # A refresh leaves final stats as they are, and renders the answers again.
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
    counted[target] = min(counted.get(target, 0) + counted.pop(source), row["postings"])
    return {"skill_names": sorted(counted), "skill_counts": [counted[name] for name in sorted(counted)]}
