"""Detect the languages of a text, and find the German, French, Spanish and Portuguese names of skills.

Technologies have the same names in all languages. `data/translations.csv` has the names of fields, soft skills and
spoken languages.
"""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LANGUAGES = ("de", "fr", "es", "pt")
_TRANSLATIONS = Path(__file__).resolve().parent / "data" / "translations.csv"
# Frequent words of one language that are rare in the others. The last lines have words that are typical of postings and
# resumes, so that one sentence is enough.
_WORDS = {
    "en": """
        the and of to in for with you your our is are we will be this that from by as an or at on have has who can not
        their it
    """,
    "de": """
        und der die das den dem des ein eine einen einer mit für auf ist sind im von zu sich auch bei wir du sie nicht
        werden oder ihre deine unser unsere als nach über durch sowie zur zum dich dir ihr ihnen haben kannst hast
        kenntnisse kenntnissen erfahrung erfahrungen fähigkeit gute sehr bereich mehrjährige deutsch englisch
    """,
    "fr": """
        le la les des du une et est sont dans pour avec sur vous nous votre notre vos nos aux ou qui que par au ce
        cette ces être avez sera une chez plus ainsi afin tout toute
        connaissance connaissances maîtrise expérience anglais français courant exigé exigés bonne bonnes
    """,
    "es": """
        el los las del una y es son en para con por que se su sus tu tus nuestro nuestra como más al lo nuestros eres
        tienes serás buscamos sobre
        conocimiento conocimientos experiencia inglés español nivel avanzado nativo manejo dominio habilidades
    """,
    "pt": """
        o os as do da dos das uma e é são em para com por que no na nos nas ao seu sua você nossa nosso como mais ou
        não será
        conhecimento conhecimentos experiência inglês português fluente nativo domínio habilidades vaga desejável
    """,
}
_LANGUAGES_BY_WORD: dict[str, tuple[str, ...]] = {}
for _language, _words in _WORDS.items():
    for _word in _words.split():
        _LANGUAGES_BY_WORD[_word] = (*_LANGUAGES_BY_WORD.get(_word, ()), _language)
# Parts of URLs and file names are not words ("com" is a Portuguese word).
_WORD = re.compile(r"(?<![\w./@-])[^\W\d_]+(?![./@]\w)\b")
# Length of a part, and maximum number of parts. Parts are classified separately, because an English posting can have
# requirements in German.
_PART_LENGTH = 400
_MAX_PARTS = 4
_ACCENTS = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝß’"
_PLAIN_LETTERS = dict(zip(_ACCENTS, "aaaaaaceeeeiiiinooooouuuuyyAAAAAACEEEEIIIINOOOOOUUUUYs'", strict=True))
_ACCENT = re.compile(f"[{_ACCENTS}]")
_ADJECTIVE_ENDINGS = ("e", "em", "en", "er", "es")


def detect_languages(text: str) -> tuple[str, ...]:
    """Return the `LANGUAGES` in which parts of the text are written. The tuple is empty for English text."""
    if len(text) <= _PART_LENGTH * _MAX_PARTS:
        parts = [text[start : start + _PART_LENGTH] for start in range(0, len(text), _PART_LENGTH)]
    else:
        step = (len(text) - _PART_LENGTH) // (_MAX_PARTS - 1)
        parts = [text[index * step : index * step + _PART_LENGTH] for index in range(_MAX_PARTS)]
    detected = {language for part in parts if (language := _detect_part(part)) is not None}
    return tuple(language for language in LANGUAGES if language in detected)


def _detect_part(part: str) -> str | None:
    # Most texts are English. These substring searches are twenty times as fast as counting words.
    if (" and " in part and " the " in part) or (" to " in part and " of " in part):
        return None
    words_by_language: dict[str, int] = {}
    for word in _WORD.findall(part.lower()):
        for language in _LANGUAGES_BY_WORD.get(word, ()):
            words_by_language[language] = words_by_language.get(language, 0) + 1
    english_words = words_by_language.pop("en", 0)
    if not words_by_language:
        return None
    best = max(words_by_language, key=lambda language: words_by_language[language])
    return best if words_by_language[best] > english_words else None


def strip_accents(text: str) -> str:
    """Replace accented letters with plain ones, preserving offsets."""
    # Most texts have few accents. `str.translate` is twenty times as slow for a text with a typographic apostrophe.
    return _ACCENT.sub(lambda accent: _PLAIN_LETTERS[accent[0]], text)


@cache
def read_translations() -> dict[str, tuple[tuple[str, str], ...]]:
    """Return pairs of a translated name and its skill, by language.

    A German word that ends in "~" stands for all endings of the adjective.
    """
    names: dict[str, list[tuple[str, str]]] = {language: [] for language in LANGUAGES}
    with _TRANSLATIONS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            for language in LANGUAGES:
                for name in filter(None, row[language].split(";")):
                    names[language].extend((spelling, row["skill"]) for spelling in _inflect(name))
    return {language: tuple(pairs) for language, pairs in names.items()}


def _inflect(name: str) -> Iterator[str]:
    if "~" not in name:
        yield name
        return
    for ending in _ADJECTIVE_ENDINGS:
        yield name.replace("~", ending)
