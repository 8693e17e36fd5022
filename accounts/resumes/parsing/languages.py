"""The languages that a resume says somebody speaks. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from accounts.resumes.parsing.contact import FoundValue

_MAX_LANGUAGES = 20
_MAX_FLUENCY_LENGTH = 60
# Names that ISO 639-1 has in another form, or not at all.
_OTHER_NAMES = (
    *("Bangla", "Bokmål", "Cantonese", "Farsi", "Filipino", "Flemish", "Gaelic", "Greek", "Malay", "Mandarin"),
    *("Mandarin Chinese", "Nepali", "Nynorsk", "Odia", "Pashto", "Punjabi", "Slovene", "Swahili", "Taiwanese"),
)
_SEPARATOR = re.compile(r"[,;|•·\t\n/]| {3,}|\band\b|&")
_EDGES = " ()[]:.–—-*"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenLanguage:
    """A language by its English name, and how well it is spoken, in the resume's words; None where it does not say."""

    language: FoundValue
    fluency: str | None


def read_languages(lines: Iterable[str]) -> tuple[SpokenLanguage, ...]:
    """Read the lines of a section on languages, in order. Names of anything else, Python among them, are left out."""
    found: dict[str, SpokenLanguage] = {}
    for line in lines:
        for part in _SEPARATOR.split(line):
            named = _names().search(part)
            if named is None:
                continue
            # "English (native)", "Native: English"; words on both sides are more than a fluency.
            before, after = part[: named.start()].strip(_EDGES), part[named.end() :].strip(_EDGES)
            fluency = (after or before) if not (after and before) else ""
            is_clear = not before and len(after) <= _MAX_FLUENCY_LENGTH
            language = SpokenLanguage(
                language=FoundValue(named[0], 0.95 if is_clear else 0.7),
                fluency=fluency if fluency and len(fluency) <= _MAX_FLUENCY_LENGTH else None,
            )
            found.setdefault(named[0].casefold(), language)
    return tuple(found.values())[:_MAX_LANGUAGES]


@cache
def _names() -> re.Pattern[str]:
    import pycountry  # its tables are read at the first question, not at import

    usual = [re.sub(r" \(.*\)", "", each.name) for each in pycountry.languages if hasattr(each, "alpha_2")]
    longest_first = sorted({*usual, *_OTHER_NAMES}, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
