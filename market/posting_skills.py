"""Extract skills and required experience from postings, and apply vocabulary changes to stored ones.

Skills come from the source's slugs. If these contain no known skill, they are extracted from the posting's text.
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
# The fields that daily stats depend on.
_COUNTED = ("skills", "skills_source")
_FIELDS = ("title", "description", "technology_slugs", *_COUNTED, "nice_to_have", "years_asked", "content_hash", "day")


@dataclass(frozen=True, slots=True, kw_only=True)
class RereadProgress:
    """Counts of one batch: the postings processed (`seen`) and those whose skills or experience changed."""

    seen: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingSkills:
    """The skills and years of experience that a posting asks for.

    `skills` are canonical names and include `nice_to_have`. `source` says where they come from: `slugs` or `text`.
    """

    skills: list[str]
    source: str
    nice_to_have: list[str]
    years_asked: float | None

    def as_fields(self) -> dict[str, Any]:
        """Return the posting's stored fields. Fields that are None are not stored."""
        return {
            "skills": self.skills,
            "skills_source": self.source,
            "nice_to_have": self.nice_to_have or None,
            "years_asked": self.years_asked,
        }


def extract_posting_skills(*, title: str, description: str | None, slugs: Sequence[str]) -> PostingSkills:
    """Extract skills and required experience from a posting's slugs and text."""
    title, description = make_plain(title).text, make_plain(description or "").text
    text = f"{title}\n{description}"
    requirements = parse_requirements(text)
    skills, source = get_vocabulary().map_technology_slugs(slugs), "slugs"
    if skills:
        nice = _select_nice_to_have(skills, text, requirements, title) if requirements.nice else []
    else:
        # There are no slugs, or only slugs of a job board or an applicant tracking system.
        spans, source = get_extractor().find_spans(text), "text"
        skills = list(dict.fromkeys(span.skill for span in spans))
        nice = select_nice_to_have(
            skills=skills,
            in_nice=(span.skill for span in spans if is_within(requirements.nice, span.start)),
            in_must=lambda: (
                span.skill for span in spans if span.start < len(title) or is_within(requirements.must, span.start)
            ),
        )
    return PostingSkills(
        skills=skills,
        source=source,
        nice_to_have=nice,
        years_asked=parse_required_years(text, requirements=requirements),
    )


def _select_nice_to_have(skills: list[str], text: str, requirements: RequirementSpans, title: str) -> list[str]:
    """Select the nice-to-have skills by extracting only from the relevant spans, not from the whole text."""
    extractor = get_extractor()
    return select_nice_to_have(
        skills=skills,
        in_nice=extractor.extract_skills(_join_spans(text, requirements.nice)),
        in_must=lambda: extractor.extract_skills(f"{title}\n{_join_spans(text, requirements.must)}"),
    )


def _join_spans(text: str, spans: Sequence[tuple[int, int]]) -> str:
    return "\n".join(text[start:end] for start, end in spans)


def reread_posting_skills(*, dry_run: bool, now: datetime) -> Iterator[RereadProgress]:
    """Extract the skills of all stored postings with the current vocabulary. Yield after each batch.

    Call `refresh_stats` afterwards. Safe to repeat or interrupt. With `dry_run` nothing is written.
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
        extracted = extract_posting_skills(
            title=row["title"], description=row.get("description"), slugs=row.get("technology_slugs", ())
        )
        fields = extracted.as_fields()
        # An empty list equals a missing field.
        changed = {name: value for name, value in fields.items() if (row.get(name) or None) != (value or None)}
        if not changed:
            continue
        # The condition skips postings that were stored again in the meantime with the same vocabulary.
        unchanged = {"_id": row["_id"], "content_hash": row["content_hash"]}
        change = {
            "$set": {name: value for name, value in changed.items() if value is not None},
            "$unset": {name: "" for name, value in changed.items() if value is None},
        }
        writes.append(UpdateOne(unchanged, {operator: values for operator, values in change.items() if values}))
        if not changed.keys().isdisjoint(_COUNTED):
            days.add(row["day"])
    if writes and not dry_run:
        with dirty_days(days=days, now=now):
            database().job_postings.bulk_write(writes, ordered=False)
    return RereadProgress(seen=len(rows), changed=len(writes))


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

    Rows of roles stay exact because they have the skills of each posting. Rows of the market have only counts. There a
    posting with both skills counts twice, so the sum is capped at the number of distinct adverts.
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
