"""List the values of resume content in the form in which the parser lists the values of a text. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from market.geo.labels import parse_place_label
from skills.extraction import SkillSpan

# The file states these values in fields of their own.
_CONFIDENCE = 1.0
_PLACE_CONFIDENCE = 0.9
# The confidence that the owner has a skill, by the section that names it. The names are those of the parser's sections.
_SKILL_CONFIDENCE = {
    "skills": 0.95,
    "experience": 0.85,
    "projects": 0.8,
    "summary": 0.75,
    "education": 0.6,
    "other": 0.4,
}
_REPEATED_BONUS = 0.05
_MAX_QUOTE_LENGTH = 160
# Month assumed for a date that is only a year. The middle of the year minimizes the error.
_ASSUMED_MONTH = 7


def build_parsed(
    content: Mapping[str, Any],
    *,
    find_spans: Callable[[str], Sequence[SkillSpan]],
    get_display_name: Callable[[str], str],
    unread: Iterable[str],
    now: date,
) -> dict[str, Any]:
    """Return the values of resume content as they are stored in `Resume.parsed`.

    `find_spans` finds the skills in a text, and `unread` are the values of the file that have no place in the content.
    """
    basics, work = content.get("basics", {}), content.get("work", [])
    years = _count_years(work, now)
    return {
        "contact": {
            "name": _find(basics.get("name")),
            "email": _find(basics.get("email")),
            "phone": _find(basics.get("phone")),
            "place": _build_place(basics.get("location", {})),
            "headline": _find(basics.get("label")),
            "links": [{"value": url, "confidence": _CONFIDENCE} for url in _iterate_links(basics)],
        },
        "summary": _find(basics.get("summary")),
        "skills": _build_skills(content, find_spans, get_display_name),
        "experience": [
            {
                "title": _find(entry.get("position")),
                "company": _find(entry.get("name")),
                "start_date": entry.get("startDate") or None,
                "end_date": entry.get("endDate") or None,
                "confidence": _CONFIDENCE,
            }
            for entry in work
        ],
        "experience_years": {"value": years, "confidence": 0.9} if years is not None else None,
        "education": [
            {
                "institution": _find(entry.get("institution")),
                "degree": _find(entry.get("studyType")),
                "area": _find(entry.get("area")),
                "start_date": entry.get("startDate") or None,
                "end_date": entry.get("endDate") or None,
                "confidence": _CONFIDENCE,
            }
            for entry in content.get("education", [])
        ],
        "languages": [
            {"language": _find(entry["language"]), "fluency": entry.get("fluency")}
            for entry in content.get("languages", [])
            if entry.get("language")
        ],
        "unread": [
            {"line": number, "text": text, "section": "other", "reason": "text"}
            for number, text in enumerate(unread, start=1)
        ],
    }


def _find(value: str | None) -> dict[str, Any] | None:
    return {"value": value, "confidence": _CONFIDENCE} if value else None


def _build_place(location: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the place in the format that postings use, if its city and country are known."""
    text = ", ".join(filter(None, (location.get(name) for name in ("city", "region", "countryCode"))))
    place = parse_place_label(text or location.get("address", ""))
    if not (place.city and place.country_code):
        return None
    return {"value": place.label, "confidence": _PLACE_CONFIDENCE}


def _iterate_links(basics: Mapping[str, Any]) -> Iterator[str]:
    urls = [basics.get("url"), *(profile.get("url") for profile in basics.get("profiles", []))]
    yield from dict.fromkeys(filter(None, urls))


def _build_skills(
    content: Mapping[str, Any],
    find_spans: Callable[[str], Sequence[SkillSpan]],
    get_display_name: Callable[[str], str],
) -> list[dict[str, Any]]:
    """Return the known skills, the most confident first, each with the text that names it first."""
    mentions: Counter[str] = Counter()
    found_in: dict[str, dict[str, None]] = {}
    quotes: dict[str, str] = {}
    for section, text in _iterate_texts(content):
        for span in find_spans(text):
            mentions[span.skill] += 1
            found_in.setdefault(span.skill, {})[section] = None
            begin = max(0, span.start - _MAX_QUOTE_LENGTH // 2)
            quotes.setdefault(span.skill, text[begin : begin + _MAX_QUOTE_LENGTH].strip())
    skills = [
        {
            "name": name,
            "display_name": get_display_name(name),
            "confidence": _compute_confidence(sections, mentions[name]),
            "found_in": list(sections),
            "mentions": mentions[name],
            "quote": quotes[name],
        }
        for name, sections in found_in.items()
    ]
    return sorted(skills, key=lambda skill: -skill["confidence"])


def _compute_confidence(sections: Iterable[str], mentions: int) -> float:
    best = max(_SKILL_CONFIDENCE[section] for section in sections)
    return round(min(0.99, best + (_REPEATED_BONUS if mentions > 1 else 0)), 2)


def _iterate_texts(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the texts of each section that can name skills, with the name of the parser's section."""
    sections = {
        "skills": content.get("skills"),
        "experience": [content.get("work"), content.get("volunteer")],
        "projects": content.get("projects"),
        "summary": [content.get("basics", {}).get(name) for name in ("label", "summary")],
        "education": content.get("education"),
        "other": [content.get(name) for name in ("certificates", "publications", "awards", "interests")],
    }
    for section, part in sections.items():
        for text in _flatten(part):
            yield section, text


def _flatten(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for value in part.values() if isinstance(part, dict) else part:
            yield from _flatten(value)


def _count_years(work: Iterable[Mapping[str, Any]], now: date) -> float | None:
    """Return the years that the dated positions cover, rounded to a tenth. Overlapping months count once."""
    current = now.year * 12 + now.month - 1
    periods = []
    for entry in work:
        if not entry.get("startDate"):
            continue
        end = entry.get("endDate")
        last = _count_months(end) + (1 if len(end) > 4 else 0) if end else current + 1
        periods.append((_count_months(entry["startDate"]), min(last, current + 1)))
    covered = counted_until = 0
    for start, end in sorted(periods):
        covered += max(0, end - max(start, counted_until))
        counted_until = max(counted_until, end)
    return round(covered / 12, 1) if periods else None


def _count_months(text: str) -> int:
    year, _, rest = text.partition("-")
    return int(year) * 12 + int(rest[:2] or _ASSUMED_MONTH) - 1
