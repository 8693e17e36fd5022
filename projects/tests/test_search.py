"""Tests of searching project ideas by their subject."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.ideas import DIFFICULTIES, Idea
from projects.search import IdeaIndex, stem
from skills.vocabulary import Skill, Vocabulary
from tests.factories import IdeaFactory

_FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


def build_skill(name: str, category: str = "Tools/Technologies", **fields: Any) -> Skill:
    return Skill(name=name, display_name=name, category=category, **fields)


VOCABULARY = Vocabulary(
    [
        build_skill("web development", kind="field"),
        build_skill("machine learning", kind="field", aliases=("ml",)),
        build_skill("html", "Programming Languages", implies=("web development",)),
        build_skill("react", "Frameworks/Libraries", subcategory="Web Frontend", implies=("html",)),
        build_skill("aws", "Cloud Platforms", subcategory="Amazon Web Services"),
        build_skill("go", "Programming Languages"),
        build_skill("java", "Programming Languages"),
        build_skill("javascript", "Programming Languages"),
        build_skill("pytorch", implies=("machine learning",)),
    ]
)
IDEAS = [
    IdeaFactory.build(id=1, title="Garden Rota", skills=("react",), features=("Go to the next day",)),
    IdeaFactory.build(
        id=2, title="Photo Sorter", skills=("pytorch",), difficulty="Advanced", outcome="Shows planning."
    ),
    IdeaFactory.build(id=3, title="Plant Care", skills=("go",), description="Sensors report to a cache."),
    IdeaFactory.build(id=4, title="Rota Planner", skills=("java", "web development"), roles=("Security Engineer",)),
    IdeaFactory.build(id=5, title="Choir Archive", skills=("aws",), stretch=("A website",)),
    IdeaFactory.build(id=6, title="Javelin Scores", skills=("javascript",)),
]
INDEX = IdeaIndex(ideas=IDEAS, vocabulary=VOCABULARY)


def search(query: str, **filters: Any) -> list[int]:
    return [idea.id for idea in INDEX.search(query=query, **filters)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("react", [1]),
        ("web development", [4, 1]),
        ("web", [4, 1]),
        ("frontend", [1]),
        ("cloud", [5]),
        ("ml", [2]),
        ("Machine-Learning", [2]),
        ("java", [4]),
        ("jav", [6, 4]),
        ("go", [3]),
        ("rota", [1, 4]),
        ("planners", [4]),
        ("caching", [3]),
        ("images", [2]),
        ("gardening", [1, 3]),
        ("security", [4]),
        ("rota planner", [4, 1]),
        ("I want to build something with photos", [2]),
        ("react, go", [1, 3]),
        ("zebra", []),
        ("+", []),
        ("", []),
    ],
)
def test_finds_ideas_by_their_subject(query: str, found: list[int]) -> None:
    assert search(query) == found


def test_ranks_ideas_with_more_of_the_requested_skills_first() -> None:
    ideas = [
        IdeaFactory.build(id=1, title="Rota", skills=("go",)),
        IdeaFactory.build(id=2, title="Rota", skills=("go", "java")),
    ]

    found = IdeaIndex(ideas=ideas, vocabulary=VOCABULARY).search(query="rota", skills=["go", "java"])

    assert [idea.id for idea in found] == [2, 1]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"skills": ["react"]}, [1]),
        ({"skills": ["html"]}, [1]),
        ({"skills": ["web development"]}, [4, 1]),
        ({"skills": ["react", "java"]}, [4, 1]),
        ({"skills": []}, []),
        ({"difficulty": "Beginner"}, [4, 1]),
        ({"difficulty": "Advanced"}, []),
        ({"difficulty": "Beginner", "skills": ["html"]}, [1]),
    ],
)
def test_combines_the_query_with_filters(filters: dict[str, Any], found: list[int]) -> None:
    assert search("web", **filters) == found


@pytest.mark.parametrize(
    ("query", "difficulty", "skills", "message"),
    [
        ("+", None, None, "The query has no letters or digits. Search for a skill, a field such as web, or a subject."),
        (
            "zoo",
            "Beginner",
            ["go"],
            'No project is about "zoo". Check the spelling, or search for a skill, a field such as web, or a subject.',
        ),
        ("web", None, ["cobol"], "No project practices cobol. Without `skills`, 2 projects are found."),
        ("web", None, [], "None of the names in `skills` is a skill. Without `skills`, 2 projects are found."),
        ("web", "Advanced", None, 'No Advanced project is about "web". Without `difficulty`, 2 projects are found.'),
        (
            "photo",
            None,
            ["go", "java"],
            'No project that practices go or java is about "photo". Without `skills`, 1 project is found.',
        ),
        (
            "rota",
            "Advanced",
            ["pytorch"],
            'No Advanced project that practices pytorch is about "rota". Without both filters, 2 projects are found.',
        ),
        (
            "photo",
            "Beginner",
            ["pytorch"],
            'No Beginner project that practices pytorch is about "photo". Without `difficulty`, 1 project is found.',
        ),
    ],
)
def test_explains_why_nothing_was_found(
    query: str, difficulty: str | None, skills: list[str] | None, message: str
) -> None:
    assert INDEX.search(query=query, difficulty=difficulty, skills=skills) == []
    assert INDEX.explain_no_match(query=query, difficulty=difficulty, skills=skills) == message


@pytest.mark.parametrize(
    "words",
    [
        ("test", "tests", "testing", "tested"),
        ("cache", "caches", "caching", "cached"),
        ("plan", "plans", "planning", "planned"),
        ("city", "cities"),
        ("box", "boxes"),
        ("visualization", "visualisation", "visualize", "visualise", "visualizing"),
        ("process", "processes", "processing"),
        ("game", "games", "gaming"),
        ("deploy", "deployed", "deployment", "deployments"),
        ("automate", "automated", "automation"),
        ("simulate", "simulation"),
        ("developer", "developers"),
        ("engineer", "engineers", "engineering"),
        ("bus", "buses"),
        ("warehouse", "warehouses", "warehousing"),
        ("queue", "queues", "queued"),
    ],
)
def test_inflections_share_a_stem(words: tuple[str, ...]) -> None:
    assert len(set(map(stem, words))) == 1


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("news", "new"),
        ("bus", "bu"),
        ("ring", "r"),
        ("c", "cs"),
        ("string", "str"),
        ("k8s", "k8"),
        ("car", "care"),
        ("plan", "plane"),
        ("note", "not"),
        ("animals", "animation"),
        ("business", "busy"),
        ("engine", "engineering"),
        ("generators", "generative"),
        ("developer", "development"),
    ],
)
def test_different_words_have_different_stems(word: str, other: str) -> None:
    assert stem(word) != stem(other)


@given(st.text(alphabet="abcdeghinrstuz", max_size=14))
def test_stemming_never_empties_or_lengthens_a_word(word: str) -> None:
    assert len(stem(word)) <= len(word)
    assert bool(stem(word)) == bool(word)


@given(st.text(max_size=40), st.none() | st.sampled_from(DIFFICULTIES), st.none() | st.lists(st.text(max_size=8)))
def test_answers_every_query(query: str, difficulty: str | None, skills: list[str] | None) -> None:
    found = INDEX.search(query=query, difficulty=difficulty, skills=skills)

    assert all(difficulty in (None, idea.difficulty) for idea in found)
    assert found or INDEX.explain_no_match(query=query, difficulty=difficulty, skills=skills)


@pytest.fixture(scope="module")
def seeded() -> IdeaIndex:
    """Index the seeded ideas with the seeded vocabulary."""
    skills = json.loads((_FIXTURES / "skills.json").read_text(encoding="utf-8"))
    entries = json.loads((_FIXTURES / "project_ideas.json").read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = [
        {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()} for entry in entries
    ]
    ideas = [Idea(**row) for row in rows]
    return IdeaIndex(ideas=ideas, vocabulary=Vocabulary(map(Skill.from_entry, skills)))


@pytest.mark.parametrize(
    ("query", "difficulty", "skills"),
    [
        ("web", "Beginner", ["react"]),
        ("website", "Beginner", ["react"]),
        ("frontend", "Beginner", ["typescript"]),
        ("backend", "Beginner", ["go"]),
        ("cloud", "Beginner", ["aws"]),
        ("mobile app", "Beginner", ["kotlin"]),
        ("data", "Beginner", ["spark"]),
        ("AI", "Intermediate", ["python"]),
        ("ml", "Beginner", ["pytorch"]),
        ("dashboards", "Beginner", ["tableau"]),
        ("security", "Intermediate", ["aws"]),
        ("e-commerce", None, None),
        ("photos", "Beginner", ["python"]),
        ("monitoring", "Beginner", ["docker"]),
    ],
)
def test_finds_seeded_ideas_by_field_skill_and_level(
    seeded: IdeaIndex, query: str, difficulty: str | None, skills: list[str] | None
) -> None:
    assert seeded.search(query=query, difficulty=difficulty, skills=skills)


@pytest.mark.parametrize("query", ["kubernetes", "react", "sql", "machine learning", "rust", "figma", "ci/cd", "c++"])
def test_seeded_ideas_that_practise_a_named_skill_come_first(seeded: IdeaIndex, query: str) -> None:
    found = seeded.search(query=query)
    practising = [query in idea.skills for idea in found]

    assert practising[:3] == [True] * 3
    assert practising == sorted(practising, reverse=True)
