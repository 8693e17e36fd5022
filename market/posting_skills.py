"""Extract skills and required experience from postings, and apply vocabulary changes to stored ones.

Skills come from the source's slugs. If the slugs contain no known skill, skills are extracted from the parts of the
text that describe the job and not the employer (see `market.sections`).
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from pymongo import UpdateOne

from career_navigator.db.connection import database
from career_navigator.plain_text import make_plain
from market.daily_stats import pack_postings, unpack_names
from market.documents import MARKET_SCOPE
from market.employer_words import Sentence, find_repeated, record_sentences
from market.posting import build_company_key, normalize_words
from market.requirement_parsing import RequirementSpans, parse_required_years, parse_requirements, select_nice_to_have
from market.sections import Sections, TextSpan, hash_sentence, is_request, parse_sections
from market.stats_rows import dirty_days, mark_dirty
from skills.extraction import SkillSpan, is_within
from skills.selectors import get_extractor, get_vocabulary
from skills.services import build_rename

_BATCH = 500
_LEGAL_FORM = re.compile(r",? (?:inc|llc|ltd|limited|corp|corporation|gmbh|ag|se|sa|bv|plc|pbc)\.?$", re.IGNORECASE)
# The fields that daily stats depend on.
_COUNTED = ("skills", "skills_source")
_FIELDS = (
    "company",
    "title",
    "description",
    "technology_slugs",
    *_COUNTED,
    "nice_to_have",
    "years_asked",
    "content_hash",
    "day",
)


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


class PostingText:
    """The text of a posting. Parsed parts are cached because several extractions use them."""

    def __init__(self, *, title: str, description: str | None, company: str = "") -> None:
        self.company = company
        self.title = make_plain(title).text
        self.text = f"{self.title}\n{make_plain(description or '').text}"

    @cached_property
    def requirements(self) -> RequirementSpans:
        return parse_requirements(self.text)

    @cached_property
    def _sections(self) -> Sections:
        return parse_sections(self.text, start=len(self.title) + 1)

    @cached_property
    def _mentions(self) -> list[SkillSpan]:
        """The mentions of skills outside the text in which the employer describes itself and its own product."""
        spans = get_extractor().find_spans(self.text, title_length=len(self.title))
        product = get_vocabulary().get_canonical_name(_LEGAL_FORM.sub("", self.company))
        return [
            span
            for span in spans
            if not is_within(self._sections.excluded, span.start)
            and (span.skill != product or is_request(self.text, span.start))
        ]

    @cached_property
    def _repeatable(self) -> dict[str, list[TextSpan]]:
        """Sentences that mention a skill and are the employer's own if other adverts repeat them, by hash."""
        found: dict[str, list[TextSpan]] = {}
        starts = [span.start for span in self._mentions]
        for start, end in self._sections.repeatable:
            at = bisect_left(starts, start)
            if at < len(starts) and starts[at] < end:
                found.setdefault(hash_sentence(self.text[start:end]), []).append((start, end))
        return found

    def list_repeatable(self) -> list[str]:
        """Return the hashes of the sentences that other adverts of the employer may repeat."""
        return list(self._repeatable)

    def extract_skills(self, *, slugs: Sequence[str], repeated: Collection[str]) -> PostingSkills:
        """Extract skills and required experience. `repeated` are the hashes of the employer's own sentences."""
        skills, source = get_vocabulary().map_technology_slugs(slugs), "slugs"
        if skills:
            nice = (
                _select_nice_to_have(skills, self.text, self.requirements, self.title) if self.requirements.nice else []
            )
        else:
            # There are no slugs, or only slugs of a job board or an applicant tracking system.
            own = sorted(span for key in self._repeatable if key in repeated for span in self._repeatable[key])
            mentions, source = [span for span in self._mentions if not is_within(own, span.start)], "text"
            skills = list(dict.fromkeys(span.skill for span in mentions))
            nice = select_nice_to_have(
                skills=skills,
                in_nice=(span.skill for span in mentions if is_within(self.requirements.nice, span.start)),
                in_must=lambda: (
                    span.skill
                    for span in mentions
                    if span.start < len(self.title) or is_within(self.requirements.must, span.start)
                ),
            )
        return PostingSkills(
            skills=skills,
            source=source,
            nice_to_have=nice,
            years_asked=parse_required_years(self.text, requirements=self.requirements),
        )


def extract_posting_skills(
    *, title: str, description: str | None, slugs: Sequence[str], company: str = ""
) -> PostingSkills:
    """Extract skills and required experience from one posting, ignoring the employer's other adverts."""
    return PostingText(title=title, description=description, company=company).extract_skills(slugs=slugs, repeated=())


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

    Call `refresh_stats` afterwards. Safe to repeat or interrupt. With `dry_run` nothing is written. Skills in sentences
    that a real run would newly recognize as an employer's own are still counted.
    """
    employers: set[str] = set()
    for rows in _read_batches({}):
        yield _reread(rows, dry_run, now, employers)
    # A sentence may have become an employer's own after earlier postings with it were read.
    reread_employers(employers=employers, now=now)


def reread_employers(*, employers: Collection[str], now: datetime) -> None:
    """Extract the skills of these employers' stored postings again. `employers` are company keys."""
    if employers:
        for rows in _read_batches({"company_key": {"$in": sorted(employers)}}):
            _reread(rows, False, now, set())


def _read_batches(query: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in database().job_postings.find(query, dict.fromkeys(_FIELDS, 1)).sort("_id", 1):
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class Advert(Protocol):
    """The fields that extraction reads from a `market.posting.Posting` or a stored row."""

    @property
    def company(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str | None: ...
    @property
    def technology_slugs(self) -> Sequence[str]: ...


class _StoredAdvert(NamedTuple):
    company: str
    title: str
    description: str | None
    technology_slugs: Sequence[str]


@dataclass(frozen=True, slots=True)
class ParsedAdverts:
    """The skills of adverts, and the keys of employers for which these adverts established new own sentences."""

    skills: dict[Any, PostingSkills]
    changed_employers: set[str]


def extract_advert_skills(adverts: Mapping[Any, Advert], *, dry_run: bool, now: datetime) -> ParsedAdverts:
    """Extract the skills of adverts, and record their employers' sentences. The keys of `adverts` can be any ids.

    Call `reread_employers` for the changed employers after the adverts are stored.
    """
    texts: dict[Any, tuple[PostingText, str]] = {}
    sentences: list[tuple[Sentence, str]] = []
    for key, advert in adverts.items():
        text = PostingText(title=advert.title, description=advert.description, company=advert.company)
        company = build_company_key(advert.company)
        texts[key] = text, company
        # No skill is extracted from the text of an advert with known slugs.
        if company and not get_vocabulary().map_technology_slugs(advert.technology_slugs):
            title = " ".join(normalize_words(advert.title))
            sentences.extend((Sentence(company, each), title) for each in text.list_repeatable())
    distinct = {sentence for sentence, _ in sentences}
    before = find_repeated(distinct)
    repeated = before
    if not dry_run:
        record_sentences(sentences, now=now)
        repeated = find_repeated(distinct)
    own: dict[str, set[str]] = {}
    for sentence in repeated:
        own.setdefault(sentence.company, set()).add(sentence.hash)
    skills = {
        key: text.extract_skills(slugs=adverts[key].technology_slugs, repeated=own.get(company, ()))
        for key, (text, company) in texts.items()
    }
    return ParsedAdverts(skills, {sentence.company for sentence in repeated - before})


def _reread(rows: list[dict[str, Any]], dry_run: bool, now: datetime, employers: set[str]) -> RereadProgress:
    """Extract the skills of stored postings again. Add employers with new own sentences to `employers`."""
    adverts = {
        row["_id"]: _StoredAdvert(
            row["company"], row["title"], row.get("description"), row.get("technology_slugs") or ()
        )
        for row in rows
    }
    parsed = extract_advert_skills(adverts, dry_run=dry_run, now=now)
    employers |= parsed.changed_employers
    writes: list[UpdateOne] = []
    days: set[datetime] = set()
    for row in rows:
        fields = parsed.skills[row["_id"]].as_fields()
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

    Role rows stay exact because they store the skills of each posting. Market rows store only counts, so a posting with
    both skills counts twice. The sum is capped at the number of distinct adverts.
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
