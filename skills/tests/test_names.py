"""Tests of folding names and of spelling keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.vocabulary import fold, get_spelling_key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Node.js", "node js"),
        ("node-js", "node js"),
        ("  Node   JS ", "node js"),
        ("C++", "c++"),
        ("C#", "c#"),
        ("C", "c"),
        (".NET", ".net"),
        ("ASP.NET Core", "asp.net core"),
        ("example.network", "example network"),
        ("CI/CD", "ci cd"),
        ("R&D", "r d"),
        ("3+ years", "3 years"),
        ("#python", "python"),
        ("Vue.js, React.", "vue js react"),
        ("日本語", ""),
        ("", ""),
    ],
)
def test_maps_all_spellings_to_one_key(name: str, key: str) -> None:
    assert get_spelling_key(name) == key


@given(st.text())
def test_folding_keeps_the_length_of_any_text(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(st.text(alphabet=st.characters(max_codepoint=300)))
def test_spelling_key_is_idempotent(text: str) -> None:
    key = get_spelling_key(text)

    assert get_spelling_key(key) == key
