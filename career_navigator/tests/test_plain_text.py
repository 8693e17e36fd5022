"""Compatibility characters made plain, and where the original has them."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from career_navigator.plain_text import fold_accents, make_plain


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
def test_each_character_has_its_place_in_the_original(text):
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
