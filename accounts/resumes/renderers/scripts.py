"""Properties of scripts that matter for setting text: direction, shaping and line breaks. Pure."""

import re
import unicodedata
from collections.abc import Iterator

# Hebrew, Arabic and further right-to-left scripts, South and Southeast Asian scripts, and presentation forms.
_COMPLEX = re.compile("[\u0590-\u109f\u1780-\u1aff\ua840-\uabff\ufb1d-\ufdff\ufe70-\ufefc]|[\U00010800-\U00011fff]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]")
_KANA, _HANGUL = re.compile("[\u3040-\u30ff]"), re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
# Chinese and Japanese text can break between any two characters.
_IDEOGRAPHIC = "\u2e80-\u2fff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff"
_BREAKABLE = re.compile(rf"\s+|[{_IDEOGRAPHIC}][\u3001\u3002\uff0c\uff0e]?|[^\s{_IDEOGRAPHIC}]+")
# Thai and Lao write these vowels before their consonant.
_LEADING_VOWELS = "\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4"


def needs_shaping(text: str) -> bool:
    """Return whether the shape, place or order of glyphs depends on their neighbors."""
    return bool(_COMPLEX.search(text)) or any(unicodedata.combining(character) for character in text)


def has_right_to_left(text: str) -> bool:
    """Return whether the text has a letter of a right-to-left script."""
    return bool(_RIGHT_TO_LEFT.search(text))


def is_right_to_left(text: str) -> bool:
    """Return whether the first letter with a direction is one of a right-to-left script."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def guess_han_language(text: str) -> str:
    """Return the language whose glyphs suit the text: "ja" with kana, "ko" with Hangul, "zh" otherwise."""
    if _KANA.search(text):
        return "ja"
    return "ko" if _HANGUL.search(text) else "zh"


def split_breakable(text: str) -> list[str]:
    """Split a text into words, runs of space, and characters that a line can break after."""
    return _BREAKABLE.findall(text)


def split_clusters(text: str) -> Iterator[str]:
    """Yield each character with the marks that belong to it."""
    cluster = ""
    for character in text:
        is_mark = unicodedata.category(character).startswith("M") or character == "\u200d"
        if cluster and not is_mark and cluster[-1] not in _LEADING_VOWELS and cluster[-1] != "\u200d":
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster
