"""Parse the spoken languages listed in a resume. Pure."""

import gettext
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
_TRANSLATIONS = ("de", "fr", "es", "pt")
# Shorter names are also common words.
_MIN_TRANSLATED_LENGTH = 4
_BRACKETS = re.compile(r" \(.*\)")
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
            language = _load_names()[name[0].casefold()]
            # The fluency is before or after the name: "English (native)", "Native: English". Words on both sides are
            # more than a fluency.
            before, after = part[: name.start()].strip(_EDGES), part[name.end() :].strip(_EDGES)
            fluency = (after or before) if not (after and before) else ""
            is_clear = not before and len(after) <= _MAX_FLUENCY_LENGTH
            spoken = SpokenLanguage(
                language=FoundValue(language, 0.95 if is_clear else 0.7),
                fluency=fluency if fluency and len(fluency) <= _MAX_FLUENCY_LENGTH else None,
            )
            found.setdefault(language.casefold(), spoken)
    return tuple(found.values())[:_MAX_LANGUAGES]


@cache
def _build_name_pattern() -> re.Pattern[str]:
    longest_first = sorted(_load_names(), key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


@cache
def _load_names() -> dict[str, str]:
    """Return the English name of each language by its names in lower case, in English and the other languages."""
    import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

    english = [_BRACKETS.sub("", each.name) for each in pycountry.languages if hasattr(each, "alpha_2")]
    names: dict[str, str] = {}
    for code in _TRANSLATIONS:
        translate = gettext.translation("iso639-3", pycountry.LOCALES_DIR, languages=[code]).gettext
        for name in english:
            translated = _BRACKETS.sub("", translate(name)).casefold()
            if len(translated) >= _MIN_TRANSLATED_LENGTH and "," not in translated:
                names.setdefault(translated, name)
    return names | {name.casefold(): name for name in (*english, *_OTHER_NAMES)}
