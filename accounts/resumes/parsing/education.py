"""Where somebody studied what, read from the section of a resume that lists it. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from accounts.resumes.parsing.contact import Found
from accounts.resumes.parsing.dates import Moment, find_moments, find_spans, replace_moments
from accounts.resumes.parsing.experience import is_bullet
from accounts.resumes.parsing.sections import Line

MOST_STUDIES = 20
_LONGEST_LINE = 160

_INSTITUTION = re.compile(
    r"\b(?:universi\w*|college|institute?s?|institut\w*|school|academy|polytechnic\w*|hochschule|faculty|école|ecole"
    r"|escuela|conservatory|bootcamp|MIT|ETH|UCLA|EPFL|IIT|TU)\b",
    re.IGNORECASE,
)
_DEGREE = re.compile(
    r"(?<![\w.])(?:(?i:(?:bachelor|master|doctor|associate)(?:['’]?s)?(?:\s+degree|\s+of\s+[a-z]+(?:\s+administration)?)?"
    r"|diploma|doctorate|high\s+school\s+diploma|abitur|a-levels|certificate)"
    r"|B\.?\s?Sc\.?|M\.?\s?Sc\.?|B\.?A\.?|M\.A\.|B\.?Tech\.?|M\.?Tech\.?|B\.E\.|M\.E\.|B\.?Eng\.?|M\.?Eng\.?"
    r"|M\.?B\.?A\.?|B\.?B\.?A\.?|Ph\.?\s?D\.?|B\.?S\.?|M\.S\.|BCA|MCA|LL\.?[BM]\.?|M\.D\.|J\.D\."
    # Without points these are states of the USA as well.
    r"|(?:MA|MS|ME|MD|BE)(?=\s+(?:in\b|[A-Z]))"
    r")(?!\w)"
)
_AREA = re.compile(r"^\s*(?:degree\s+)?(?:in\s+|of\s+)?\(?(?P<area>[^\W\d_][^,|•·()\t\d]{1,80})")
_GAP = re.compile(r"\s*[|•·\t]\s*|\s+[–—-]\s+|,\s+|\s{3,}|\s+(?:at|from)\s+(?=[A-Z])")
_EDGES = " \t,;:|•·–—-()[]/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One entry; at least the institution or the degree is known."""

    institution: Found | None
    degree: Found | None
    area: Found | None
    since: Moment | None
    until: Moment | None
    confidence: float


class _Text(NamedTuple):
    """A line of an entry, with the institution and the degree that it names."""

    text: str
    institution: str | None
    degree: re.Match[str] | None


def read_studies(lines: Sequence[Line]) -> list[Study]:
    """The entries in the order of the text: a new one begins where an institution or a degree is named again."""
    # One by one: thousands of entries are not read to keep the first twenty.
    studies = (_study(group) for group in _groups(lines))
    return list(islice((study for study in studies if study is not None), MOST_STUDIES))


def _groups(lines: Sequence[Line]) -> Iterator[list[_Text]]:
    group: list[_Text] = []
    has_institution = has_degree = False
    for line in lines:
        text = line.text
        if not text or len(text) > _LONGEST_LINE or is_bullet(text):
            continue
        institution, degree = _institution(text), _DEGREE.search(text)
        if (institution is not None and has_institution) or (degree and has_degree):
            yield group
            group, has_institution, has_degree = [], False, False
        group.append(_Text(text, institution, degree))
        has_institution = has_institution or institution is not None
        has_degree = has_degree or degree is not None
    yield group


def _study(group: Sequence[_Text]) -> Study | None:
    institution = next((line.institution for line in group if line.institution), None)
    degree = area = None
    for line, _, match in group:
        if match:
            degree = Found(match[0].strip(), 0.9)
            named = _AREA.match(_before_gap(line[match.end() :]))
            if named and not _INSTITUTION.search(named["area"]):
                area = Found(named["area"].strip(_EDGES), 0.7)
            break
    if institution is None and degree is None:
        return None
    since, until, dated = _when([line.text for line in group])
    parts = [0.85 if institution else 0.0, 0.9 if degree else 0.0, dated]
    return Study(
        institution=Found(institution, 0.85) if institution else None,
        degree=degree,
        area=area,
        since=since,
        until=until,
        confidence=round(sum(parts) / len(parts), 2),
    )


def _institution(line: str) -> str | None:
    return next((part.strip(_EDGES) for part in _GAP.split(_undated(line)) if _INSTITUTION.search(part)), None)


def _undated(line: str) -> str:
    for span in reversed(find_spans(line)):
        line = line[: span.start] + "\t" + line[span.end :]
    return replace_moments(line, "\t")


def _before_gap(text: str) -> str:
    """Up to where the next piece begins; what parts the degree from its area is no gap."""
    lead = re.match(r"\s*[,:–—|-]?\s*", text)
    offset = lead.end() if lead else 0
    gap = _GAP.search(text, offset)
    return text[offset : gap.start()] if gap else text[offset:]


def _when(lines: Sequence[str]) -> tuple[Moment | None, Moment | None, float]:
    """From, to, and how sure it is. A date alone is when the study ended."""
    for line in lines:
        for span in find_spans(line):
            return span.since, span.until, 0.9
    for line in lines:
        moments = find_moments(line)
        if len(moments) == 1:
            return None, moments[0], 0.7
    return None, None, 0.0
