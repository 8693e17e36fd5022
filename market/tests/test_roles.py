"""Keys and display names of roles, and the titles that name them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from market.roles import find_named_roles, get_display_role, normalize_role, title_names_role


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


def test_finding_named_roles_keeps_their_order_and_spelling():
    roles = ["Engineer", "data engineer", "", "Data-Engineer", "Java Developer", "Senior Data Engineer"]

    named = find_named_roles(title="Senior Data Engineer (f/m/d)", roles=roles)

    assert named == ["Engineer", "data engineer", "Data-Engineer", "Senior Data Engineer"]


def test_finds_named_roles_that_overlap_by_a_space():
    named = find_named_roles(
        title="Data Engineer Data Analyst", roles=["data analyst", "data engineer", "engineer data"]
    )

    assert named == ["data analyst", "data engineer", "engineer data"]


def test_no_title_names_an_empty_role():
    assert find_named_roles(title="Data Engineer", roles=[]) == []
    assert find_named_roles(title="Data Engineer", roles=["", "-"]) == []


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


@given(titles, st.lists(titles, max_size=6))
def test_finding_many_roles_agrees_with_checking_each_role(title, roles):
    named = find_named_roles(title=title, roles=roles)

    assert named == [role for role in roles if title_names_role(title=title, role=role)]
