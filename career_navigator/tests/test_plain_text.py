"""Tests of text normalization, and of positions mapped back to the original text."""

import re
import unicodedata
from functools import partial
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from career_navigator.plain_text import fold_accents, make_plain, normalize_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ＰＹＴＨＯＮ and Ｃ＃", "PYTHON and C#"),
        ("ﬁnance, oﬀer, ﬂow", "finance, offer, flow"),
        ("e\u0301tude", "étude"),
        ("a\u00a0b\u3000c", "a b c"),
        ("ﾊﾞﾝｸ", "バンク"),
        ("Java™, Docker®, Python¹, ①Go, H₂O, ½, Don´t", "Java™, Docker®, Python¹, ①Go, H₂O, ½, Don´t"),
        ("Plain", "Plain"),
        ("", ""),
    ],
)
def test_makes_text_plain(text, plain):
    assert make_plain(text).text == plain


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
@example("aﬀ\u0301b")
@example("\u1100\u1161")
@example("①e\u0301ﬁ")
def test_maps_each_character_to_its_position_in_the_original_text(text):
    plain = make_plain(text)

    for index, character in enumerate(plain.text):
        start, end = plain.locate(index, index + 1)
        assert 0 <= start < end <= len(text)
        assert character in text[start:end] or character in unicodedata.normalize("NFKC", text[start:end])
    if plain.text:
        assert plain.locate(0, len(plain.text)) == (0, len(text))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("café of tides", "cafe of tides"),
        ("cafe\u0301", "cafe"),
        ("zürich łódź smørrebrød æther", "zurich lodz smorrebrod aether"),
        ("nguyễn ñandú čeština", "nguyen nandu cestina"),
        ("ドイツ 서울 がく", "ドイツ 서울 がく"),
        ("plain", "plain"),
    ],
)
def test_folds_accents(text, folded):
    assert fold_accents(text) == folded


# Normalization sorts marks above a character (combining class 230) after marks below it (220).
_MANY_MARKS = "\u0300" * 24_000 + "\u0316" * 24_000


@pytest.mark.parametrize(
    "normalize", [lambda text: make_plain(text).text, fold_accents, partial(normalize_text, "NFKC")]
)
@pytest.mark.parametrize("marks", [_MANY_MARKS, "\u0300\u0316" * 24_000, "\u0300" * 24_000 + "\uff9e" * 24_000])
def test_normalizes_a_character_with_thousands_of_marks_in_bounded_time(normalize, marks):
    started = process_time()

    plain = normalize(f"ＡＢ{marks} ｂ")

    # Sorting all marks takes 3 to 5 s.
    assert process_time() - started < 1
    assert plain.endswith(" b")


def test_keeps_up_to_thirty_marks_per_character():
    zalgo = "a" + "\u0316" * 15 + "\u0300" * 15

    assert normalize_text("NFKC", zalgo) == unicodedata.normalize("NFKC", zalgo)
    assert re.fullmatch("à\u0316{15}\u0300{14}", make_plain(zalgo).text)


def test_maps_positions_after_thousands_of_marks():
    text = f"a{_MANY_MARKS} Ｇｏ"

    plain = make_plain(text)

    assert plain.locate(plain.text.index("Go"), len(plain.text)) == (len(text) - 2, len(text))
