"""Spellings and display names of roles."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from market.roles import get_display_role, normalize_role, title_names_role


@pytest.mark.parametrize(
    ("role", "key"),
    [
        ("Full-Stack Developer", "full stack developer"),
        ("  full \t stack\ndeveloper ", "full stack developer"),
        ("FullStack Developer", "full stack developer"),
        ("ＦＵＬＬ stack developer", "full stack developer"),
        ("Full\u2011Stack Developer", "full stack developer"),
        ("Back-End Developer", "backend developer"),
        ("backend developer", "backend developer"),
        ("Front End Engineer", "frontend engineer"),
        ("Dev-Ops Engineer", "devops engineer"),
        ("C++ Developer", "c++ developer"),
        ("C# / .NET Developer", "c# .net developer"),
        ("Node.js Developer.", "node.js developer"),
        ("AI/ML Engineer", "ai ml engineer"),
        ("Développeur", "développeur"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("—", ""),
        ("", ""),
    ],
)
def test_all_spellings_of_a_role_have_the_same_key(role, key):
    assert normalize_role(role) == key


@pytest.mark.parametrize(
    ("title", "role", "expected"),
    [
        ("Senior Backend Developer (Remote)", "backend developer", True),
        ("Senior Back-End Developer", "Backend Developer", True),
        ("Full Stack Developer", "full-stack developer", True),
        ("Lead, Data Scientist - NLP", "Data Scientist", True),
        ("C++ Developer", "C++ Developer", True),
        ("React Native Developer", "react developer", False),
        ("JavaScript Developer", "Java Developer", False),
        ("Backend Developers", "backend developer", False),
        ("Developer, Backend", "backend developer", False),
        ("C++ Developer", "C Developer", False),
        ("Data Scientist", "", False),
        ("", "data scientist", False),
    ],
)
def test_a_title_names_a_role_if_it_contains_the_words_as_a_phrase(title, role, expected):
    assert title_names_role(title=title, role=role) is expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("full-stack developer", "Full Stack Developer"),
        ("HEAD OF DATA", "Head of Data"),
        ("ios engineer", "iOS Engineer"),
        ("devops engineer", "DevOps Engineer"),
        (".net developer", ".NET Developer"),
        ("sre", "SRE"),
        ("", ""),
    ],
)
def test_displays_a_role_in_title_case(role, expected):
    assert get_display_role(role) == expected


WORDS = "data engineer senior back-end backend full stack fullstack c++ react native dev ops"
words = st.sampled_from(WORDS.split())
titles = st.one_of(st.text(max_size=40), st.lists(words, max_size=6).map(" ".join))


@given(titles)
@example("fullback end")
@example("full fullstack end")
@example("ŉ́")
def test_normalizing_a_key_again_does_not_change_it(role):
    key = normalize_role(role)

    assert normalize_role(key) == key


@given(titles)
def test_a_role_and_its_display_name_have_the_same_key(role):
    assert normalize_role(get_display_role(role)) == normalize_role(role)
