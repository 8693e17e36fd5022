"""List what an applicant-tracking system may misread in a resume, from what our own parser could not read. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from accounts.resumes.files.features import LAYOUT_FEATURES

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
VERDICTS = ("good", "fair", "poor", "unreadable")

# Issues quote at most this number of examples. `Issue.count` has the total.
MAX_EXAMPLES = 10
_MAX_EXAMPLE_LENGTH = 160
# The parser offers a value below this confidence as a question.
_MIN_CONFIDENCE = 0.5
# Reasons of unread lines. Sections that have no place in a profile are unread too, but systems ignore them anyway.
_DATES, _TEXT = "dates", "text"

# Severity and message of each issue. A system cannot use a resume with an issue of high severity. Each feature of a
# file's layout is an issue of the same name.
ISSUES: Mapping[str, tuple[Severity, str]] = {
    "missing_text_layer": (
        "high",
        "The file has no text, only pictures of text. Export it as a PDF with text or as DOCX, not as a scan.",
    ),
    "unreadable_file": ("high", "The file could not be read. Save it again as a PDF with text or as DOCX."),
    "missing_name": ("high", "No name was found. Write your name as text on the first line."),
    "missing_email": ("high", "No email address was found. Write it as text below your name."),
    "missing_phone": ("medium", "No phone number was found. Write it as text below your name."),
    "no_positions": ("high", 'No positions were found. List them under a heading such as "Work Experience".'),
    "no_education": ("low", 'No degree or school was found. List them under a heading such as "Education".'),
    "no_skills_section": ("medium", 'No list of skills was found. List them under a heading such as "Skills".'),
    "unread_dates": (
        "medium",
        "The dates of these lines were not found or not understood. Write month and year, such as 03/2019 - 12/2021.",
    ),
    "incomplete_positions": (
        "medium",
        "The title or the employer of these positions was not found. Write both, on separate lines or separated by a "
        "comma.",
    ),
    "incomplete_education": ("low", "The school or the degree of these entries was not found. Write both."),
    "uncertain_values": ("medium", "These values may have been misread. Check them, and move each to its own line."),
    "unread_lines": ("medium", "These lines were not understood. Shorten them, or move them under a usual heading."),
    "columns": (
        "medium",
        "The text is set in columns. Some systems read across the columns and mix their lines. Use one column.",
    ),
    "images": ("low", "The file contains pictures. Text in pictures is not read."),
    "text_boxes": ("medium", "The file contains text boxes. Some systems skip them. Write their text in the page."),
    "tables": ("low", "The file contains tables. Some systems mix the text of their cells. Use lines and tabs."),
    "header_text": (
        "medium",
        "The page header or footer contains text. Some systems skip both. Write contact details in the page.",
    ),
}
ISSUE_CODES = tuple(ISSUES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A part of the resume that was not read well. `examples` quotes up to MAX_EXAMPLES of the `count` places."""

    code: str
    count: int
    examples: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        return ISSUES[self.code][0]

    @property
    def message(self) -> str:
        return ISSUES[self.code][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readability:
    """The issues of a resume, the most severe first, and the verdict, one of VERDICTS."""

    verdict: str
    issues: tuple[Issue, ...]


def assess_readability(parsed: Mapping[str, Any], *, layout_features: Sequence[str]) -> Readability:
    """Return the issues of a resume that was read. `parsed` has the stored values with their confidence.

    The verdict is `poor` with an issue of high severity, `fair` with one of medium severity, and `good` otherwise.
    """
    issues = [*_find_contact_issues(parsed), *_find_section_issues(parsed), *_find_entry_issues(parsed)]
    issues += [Issue(code=name, count=1) for name in LAYOUT_FEATURES if name in layout_features]
    issues.sort(key=lambda issue: SEVERITIES.index(issue.severity))
    severities = {issue.severity for issue in issues}
    verdict = "poor" if "high" in severities else "fair" if "medium" in severities else "good"
    return Readability(verdict=verdict, issues=tuple(issues))


def assess_rejected_file(reason: str) -> Readability:
    """Return the issue of a file that was rejected. `reason` is the reason of its rejection."""
    code = "missing_text_layer" if reason == "no_text" else "unreadable_file"
    return Readability(verdict="unreadable", issues=(Issue(code=code, count=1),))


def _find_contact_issues(parsed: Mapping[str, Any]) -> Iterator[Issue]:
    contact = parsed.get("contact") or {}
    for name in ("name", "email", "phone"):
        if not contact.get(name):
            yield Issue(code=f"missing_{name}", count=1)


def _find_section_issues(parsed: Mapping[str, Any]) -> Iterator[Issue]:
    if not parsed.get("experience"):
        yield Issue(code="no_positions", count=1)
    if not parsed.get("education"):
        yield Issue(code="no_education", count=1)
    if not any("skills" in skill["found_in"] for skill in parsed.get("skills") or ()):
        yield Issue(code="no_skills_section", count=1)


def _find_entry_issues(parsed: Mapping[str, Any]) -> Iterator[Issue]:
    positions, studies = parsed.get("experience") or [], parsed.get("education") or []
    unread = parsed.get("unread") or []
    # The parser also lists the lines of entries whose dates it did not understand.
    undated = [line["text"] for line in unread if line["reason"] == _DATES] or [
        _label_entry(entry) for entry in (*positions, *studies) if not entry["start_date"] and not entry["end_date"]
    ]
    yield from _build_issue("unread_dates", undated)
    incomplete_positions = [entry for entry in positions if not (entry["title"] and entry["company"])]
    yield from _build_issue("incomplete_positions", list(map(_label_entry, incomplete_positions)))
    incomplete_studies = [entry for entry in studies if not (entry["institution"] and entry["degree"])]
    yield from _build_issue("incomplete_education", list(map(_label_entry, incomplete_studies)))
    yield from _build_issue("uncertain_values", list(_list_uncertain_values(parsed)))
    yield from _build_issue("unread_lines", [line["text"] for line in unread if line["reason"] == _TEXT])


def _build_issue(code: str, places: Sequence[str]) -> Iterator[Issue]:
    """Yield the issue if there are places."""
    if places:
        examples = tuple(place[:_MAX_EXAMPLE_LENGTH] for place in places[:MAX_EXAMPLES])
        yield Issue(code=code, count=len(places), examples=examples)


def _label_entry(entry: Mapping[str, Any]) -> str:
    """Return the values of an entry that were found, such as "Web Developer, Acme, 2019"."""
    values = [
        found["value"] for name in ("title", "company", "degree", "area", "institution") if (found := entry.get(name))
    ]
    return ", ".join([*values, *filter(None, (entry["start_date"], entry["end_date"]))])


def _list_uncertain_values(parsed: Mapping[str, Any]) -> Iterator[str]:
    contact = parsed.get("contact") or {}
    entries = [{name: contact.get(name) for name in ("name", "email", "phone")}]
    entries += [*(parsed.get("experience") or ()), *(parsed.get("education") or ())]
    for entry in entries:
        for name in ("name", "email", "phone", "title", "company", "institution", "degree", "area"):
            found = entry.get(name)
            if found and found["confidence"] < _MIN_CONFIDENCE:
                yield f"{name}: {found['value']}"
