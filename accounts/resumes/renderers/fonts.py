"""The fonts of PDFs: Fira Sans for Latin, Greek and Cyrillic, and a fallback font for each further script. Pure.

All fonts come from wheels and have the SIL Open Font License.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import fontpkg
import noto_cjk_sans_otc
import uharfbuzz

from accounts.resumes.renderers.scripts import guess_han_language

FAMILY = "FiraSans"
# Fallback fonts for Arabic, Hebrew, Devanagari and Thai. Noto Sans Arabic sets dots as separate glyphs, which text
# extraction reads as extra characters, so Arabic uses Tajawal.
_FALLBACK_FAMILIES = ("Tajawal", "Heebo", "Noto Sans Devanagari", "Noto Sans Thai")
_HAN_FAMILY = "NotoSansCJK"
# The position of each language's font in the collection. They differ in the shapes of the same characters.
_HAN_FONTS = {"ja": 0, "ko": 1, "zh": 2}


def get_font_path(*, is_bold: bool) -> str:
    """Return the path of Fira Sans."""
    return str(fontpkg.path("Fira Sans", weight=600 if is_bold else 400))


def iterate_fallback_fonts(text: str, *, directory: Path) -> Iterator[tuple[str, str]]:
    """Yield the family and the path of each fallback font that has characters of the text which Fira Sans lacks.

    The font of Chinese, Japanese and Korean is 19 MB, so its path is a subset that is written to the directory.
    """
    missing = set(map(ord, text)) - _read_coverage(get_font_path(is_bold=False))
    for family in _FALLBACK_FAMILIES:
        path = str(fontpkg.path(family))
        if not missing.isdisjoint(_read_coverage(path)):
            missing -= _read_coverage(path)
            yield family, path
    han = missing & _read_coverage(_get_han_path())
    if han:
        subset = directory / f"{_HAN_FAMILY}.otf"
        subset.write_bytes(_build_han_subset(han, language=guess_han_language(text)))
        yield _HAN_FAMILY, str(subset)


def list_uncovered(text: str) -> set[str]:
    """Return the characters of the text that no font has."""
    paths = [get_font_path(is_bold=False), *(str(fontpkg.path(family)) for family in _FALLBACK_FAMILIES)]
    uncovered = {ord(character) for character in text if not character.isspace()}
    for path in (*paths, _get_han_path()):
        uncovered -= _read_coverage(path)
    return set(map(chr, uncovered))


@cache
def _read_coverage(path: str) -> frozenset[int]:
    """Return the code points of the characters that a font has, read once per process."""
    return frozenset(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(path)).unicodes)


def _build_han_subset(code_points: set[int], *, language: str) -> bytes:
    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(_get_han_path()), _HAN_FONTS[language])
    subset = uharfbuzz.SubsetInput()
    subset.unicode_set.update(code_points)
    data: bytes = uharfbuzz.subset(face, subset).blob.data
    return data


def _get_han_path() -> str:
    return str(Path(str(noto_cjk_sans_otc.__file__)).parent / "NotoSansCJK-Regular.ttc")
