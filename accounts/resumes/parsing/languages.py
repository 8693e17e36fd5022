"""Parse the spoken languages listed in a resume. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from accounts.resumes.parsing.values import FoundValue

_MAX_LANGUAGES = 20
_MAX_FLUENCY_LENGTH = 60
# Names that ISO 639-1 lists in another form, or not at all.
_OTHER_NAMES = (
    *("Bangla", "Bokmål", "Cantonese", "Farsi", "Filipino", "Flemish", "Gaelic", "Greek", "Malay", "Mandarin"),
    *("Mandarin Chinese", "Nepali", "Nynorsk", "Odia", "Pashto", "Punjabi", "Slovene", "Swahili", "Taiwanese"),
)
_SEPARATOR = re.compile(r"[,;|•·\t\n/]| {3,}|\band\b|&")
_EDGES = " ()[]:.–—-*"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenLanguage:
    """A language's English name, and the fluency in the resume's words or None."""

    language: FoundValue
    fluency: str | None


def parse_languages(lines: Iterable[str]) -> tuple[SpokenLanguage, ...]:
    """Return the languages named in a language section, in text order. Other names, such as Python, are ignored."""
    found: dict[str, SpokenLanguage] = {}
    for line in lines:
        for part in _SEPARATOR.split(line):
            name = _build_name_pattern().search(part)
            if name is None:
                continue
            # The fluency is before or after the name: "English (native)", "Native: English". Words on both sides are
            # more than a fluency.
            before, after = part[: name.start()].strip(_EDGES), part[name.end() :].strip(_EDGES)
            fluency = (after or before) if not (after and before) else ""
            is_clear = not before and len(after) <= _MAX_FLUENCY_LENGTH
            language = SpokenLanguage(
                language=FoundValue(name[0], 0.95 if is_clear else 0.7),
                fluency=fluency if fluency and len(fluency) <= _MAX_FLUENCY_LENGTH else None,
            )
            found.setdefault(name[0].casefold(), language)
    return tuple(found.values())[:_MAX_LANGUAGES]


@cache
def _build_name_pattern() -> re.Pattern[str]:
    import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

    iso_names = [re.sub(r" \(.*\)", "", each.name) for each in pycountry.languages if hasattr(each, "alpha_2")]
    longest_first = sorted({*iso_names, *_OTHER_NAMES}, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
