"""Compare the values read from a resume with the values that the resume shows.

Texts are compared without case, white space and the shape of apostrophes, phone numbers by their digits, and dates as
they are. A found position is compared with the expected position that has the most values in common. A position is
wholly right if title, employer, start and end are right, and a degree if institution, degree, area, start and end are.
A skill is found if any section names it. It is a false find if the section of skills names it and the resume does not.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from benchmarks.resumes.pages import Truth

# The values of an entry that are texts, apart from its dates.
POSITION_NAMES, STUDY_NAMES = ("title", "company"), ("institution", "degree", "area")
CONTACT_FIELDS = ("name", "email", "phone", "links")
FIELDS = (
    *(*CONTACT_FIELDS, "contact"),
    *(*POSITION_NAMES, "dates", "highlights", "position"),
    *(*STUDY_NAMES, "study dates", "study"),
    "skills",
)
_ENTRY_FIELDS = {"position": (*POSITION_NAMES, "dates"), "study": (*STUDY_NAMES, "study dates")}
_EMPTY = ("", "/")
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´`", "'"))


@dataclass(frozen=True, slots=True)
class Count:
    """The number of values that are right, found and expected."""

    right: int = 0
    found: int = 0
    expected: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.right + other.right, self.found + other.found, self.expected + other.expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """The normalized values of a position or a degree. The last value is its dates."""

    values: tuple[str, ...]
    highlights: tuple[str, ...] = ()
    confidences: tuple[float | None, ...] = ()
    confidence: float = 0

    def count_shared(self, other: "_Entry") -> int:
        """Return the number of values that both entries have."""
        pairs = zip(self.values, other.values, strict=True)
        return sum(value == other_value and value not in _EMPTY for value, other_value in pairs)


@dataclass(frozen=True, slots=True)
class Judgment:
    """A value that the parser read with a confidence, and whether the value is right."""

    field: str
    confidence: float
    is_right: bool


@dataclass(slots=True)
class Score:
    """The counts of one resume by field, its judged values, and its errors in words."""

    counts: dict[str, Count] = dataclass_field(default_factory=dict)
    judgments: list[Judgment] = dataclass_field(default_factory=list)
    errors: list[str] = dataclass_field(default_factory=list)


def normalize(text: str | None) -> str:
    """Return a text without case, white space and the shape of apostrophes."""
    return re.sub(r"\s+", "", (text or "").translate(_APOSTROPHES)).casefold()


def score_resume(
    truth: Truth, parsed: Mapping[str, Any], content: Mapping[str, Any], *, canonicalize: Callable[[str], str]
) -> Score:
    """Return the score of the values that were read. `parsed` is empty if the file was rejected."""
    score = Score()
    _score_contact(score, truth, parsed.get("contact") or {})
    positions = [_build_expected(position, POSITION_NAMES) for position in truth.positions]
    found_positions = [_build_found(entry, POSITION_NAMES) for entry in parsed.get("experience", ())]
    _score_entries(score, "position", positions, found_positions)
    _score_highlights(score, positions, found_positions, content.get("work", ()))
    studies = [_build_expected(study, STUDY_NAMES) for study in truth.education]
    _score_entries(score, "study", studies, [_build_found(entry, STUDY_NAMES) for entry in parsed.get("education", ())])
    _score_skills(score, truth, parsed.get("skills", ()), canonicalize)
    return score


def _score_contact(score: Score, truth: Truth, contact: Mapping[str, Any]) -> None:
    for field, right_value in (("name", truth.name), ("email", truth.email), ("phone", truth.phone)):
        value = contact.get(field)
        build_key = _get_digits if field == "phone" else normalize
        is_right = value is not None and build_key(value["value"]) == build_key(right_value)
        score.counts[field] = Count(int(is_right), int(value is not None), 1)
        if value is not None:
            score.judgments.append(Judgment(field, value["confidence"], is_right))
        if not is_right:
            score.errors.append(f"{field}: {value and value['value']!r}, right is {right_value!r}")
    links = {_strip_link(link["value"]): link for link in contact.get("links", ())}
    right_links = {_strip_link(link) for link in truth.links}
    score.counts["links"] = Count(len(links.keys() & right_links), len(links), len(right_links))
    score.judgments += [Judgment("links", link["confidence"], key in right_links) for key, link in links.items()]
    if links.keys() != right_links:
        score.errors.append(f"links: {sorted(links)}, right are {sorted(right_links)}")
    score.counts["contact"] = sum((score.counts[field] for field in CONTACT_FIELDS), Count())


def _score_entries(score: Score, kind: str, expected: Sequence[_Entry], found: Sequence[_Entry]) -> None:
    """Score positions or degrees, value by value and as a whole. `kind` is the field of the whole."""
    names = _ENTRY_FIELDS[kind]
    pairs = _align(expected, found)
    for name in (*names, kind):
        score.counts[name] = Count(0, 0, len(expected))
    for index, entry in enumerate(found):
        right_values = expected[pairs[index]].values if index in pairs else (None,) * len(names)
        rights = [value == right for value, right in zip(entry.values, right_values, strict=True)]
        for name, value, confidence, is_right in zip(names, entry.values, entry.confidences, rights, strict=True):
            score.counts[name] += Count(int(is_right), int(value not in _EMPTY), 0)
            if confidence is not None:
                score.judgments.append(Judgment(name, confidence, is_right))
        score.counts[kind] += Count(int(all(rights)), 1, 0)
        score.judgments.append(Judgment(kind, entry.confidence, all(rights)))
        if not all(rights):
            score.errors.append(f"{kind}: {entry.values}, right is {right_values}")
    missing = [entry for index, entry in enumerate(expected) if index not in pairs.values()]
    score.errors += [f"{kind} missing: {entry.values}" for entry in missing]


def _score_highlights(
    score: Score, expected: Sequence[_Entry], found: Sequence[_Entry], works: Sequence[Mapping[str, Any]]
) -> None:
    """Count the highlights that were read as part of their own position."""
    pairs = _align(expected, found)
    highlights = [tuple(map(normalize, work.get("highlights", ()))) for work in works]
    right = sum(
        len(set(texts) & set(expected[pairs[index]].highlights))
        for index, texts in enumerate(highlights)
        if index in pairs
    )
    score.counts["highlights"] = Count(
        right, sum(map(len, highlights)), sum(len(entry.highlights) for entry in expected)
    )


def _score_skills(
    score: Score, truth: Truth, skills: Sequence[Mapping[str, Any]], canonicalize: Callable[[str], str]
) -> None:
    right_names = {canonicalize(skill) for skill in truth.skills}
    listed = [skill for skill in skills if "skills" in skill["found_in"]]
    extra = {skill["name"] for skill in listed} - right_names
    found = right_names & {skill["name"] for skill in skills}
    score.counts["skills"] = Count(len(found), len(found) + len(extra), len(right_names))
    score.judgments += [Judgment("skills", skill["confidence"], skill["name"] in right_names) for skill in listed]
    if extra or found != right_names:
        score.errors.append(f"skills: missing {sorted(right_names - found)}, wrong {sorted(extra)}")


def _align(expected: Sequence[_Entry], found: Sequence[_Entry]) -> dict[int, int]:
    """Return the index of the expected entry for each index of a found entry that shares a value with it."""
    candidates = sorted(
        (-entry.count_shared(right), abs(index - right_index), index, right_index)
        for index, entry in enumerate(found)
        for right_index, right in enumerate(expected)
        if entry.count_shared(right)
    )
    pairs: dict[int, int] = {}
    for *_, index, right_index in candidates:
        if index not in pairs and right_index not in pairs.values():
            pairs[index] = right_index
    return pairs


def _build_expected(entry: Mapping[str, Any], names: Sequence[str]) -> _Entry:
    return _Entry(
        values=(*(normalize(entry[name]) for name in names), f"{entry['start'] or ''}/{entry['end'] or ''}"),
        highlights=tuple(map(normalize, entry.get("highlights", ()))),
    )


def _build_found(entry: Mapping[str, Any], names: Sequence[str]) -> _Entry:
    values = [entry.get(name) or {} for name in names]
    return _Entry(
        values=(
            *(normalize(value.get("value")) for value in values),
            f"{entry['start_date'] or ''}/{entry['end_date'] or ''}",
        ),
        confidences=(*(value.get("confidence") for value in values), None),
        confidence=entry["confidence"],
    )


def _get_digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)


def _strip_link(link: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", link.casefold()).rstrip("/")


def list_judged_fields(judgments: Sequence[Judgment]) -> Iterator[str]:
    """Yield the fields that have judgments, in the order of FIELDS."""
    judged = {judgment.field for judgment in judgments}
    return (field for field in FIELDS if field in judged)
