"""Tests of extracting skills from text."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.extraction import SkillExtractor, SkillSpan
from skills.vocabulary import Skill, Vocabulary


@pytest.mark.parametrize(
    ("text", "skills"),
    [
        ("C++, C# and .NET", ["c++", "c#", ".net"]),
        ("ASP.NET Core on .NET 8", ["asp.net core", ".net"]),
        ("Node.js, NodeJS and node-js", ["nodejs"]),
        ("JavaScript only", ["javascript"]),
        ("JavaScript and Java", ["javascript", "java"]),
        ("React Native apps", ["react native"]),
        ("React and React Native", ["react", "react native"]),
        ("Python3, PostgreSQL/Redis", ["python", "postgresql", "redis"]),
        ("CI / CD with GitHub Actions", ["ci/cd", "github actions"]),
        ("**Python**, _Django_ and `pytest`", ["python", "django", "pytest"]),
        ("Postgres.Kubernetes", ["postgresql", "kubernetes"]),
        ("Kenntnisse in Python für Datenanalyse", ["python", "data analysis"]),
        ("熟悉Kubernetes和Docker", ["kubernetes", "docker"]),
        ("ＰＹＴＨＯＮ、Ｃ＃ and Ｃ＋＋", ["python", "c#", "c++"]),
        ("ＡＳＰ．ＮＥＴ Core", ["asp.net core"]),
        ("Docker™, Python¹ and ①React", ["docker", "python", "react"]),
        ("Redis\u00a0and\u00a0CI\u00a0/\u00a0CD", ["redis", "ci/cd"]),
        ("Spring Boot, not Spring alone", ["spring boot"]),
        ("Kubernetes, Python, Kubernetes", ["kubernetes", "python"]),
        ("We hire through Greenhouse and Lever", []),
        ("Oracle Recruiting Cloud", []),
        ("See https://www.docker.com/python?x=java for more", []),
        ("Frontend developer, QA team", []),
        ("React developer", ["react"]),
        ("", []),
        ("   \n\t", []),
    ],
)
def test_finds_the_skills_of_a_text_in_order(extractor: SkillExtractor, text: str, skills: list[str]) -> None:
    assert extractor.extract_skills(text) == skills


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        (
            "We love Python — and “PostgreSQL”. Python!",
            [("python", "Python"), ("postgresql", "PostgreSQL"), ("python", "Python")],
        ),
        ("ﬁne ＰＹＴＨＯＮ, oﬀ: Ｃ＃ e\u0301 React", [("python", "ＰＹＴＨＯＮ"), ("c#", "Ｃ＃"), ("react", "React")]),
    ],
)
def test_returns_the_position_of_each_mention_in_any_script(
    extractor: SkillExtractor, text: str, mentions: list[tuple[str, str]]
) -> None:
    spans = extractor.find_spans(text)

    assert [(span.skill, text[span.start : span.end]) for span in spans] == mentions


def test_does_not_match_part_of_an_accented_word() -> None:
    extractor = SkillExtractor(Vocabulary([Skill(name="velo", display_name="Velo", category="Databases")]))

    assert extractor.find_spans("évelo veloé velo") == [SkillSpan("velo", 12, 16)]


def test_limits_the_number_of_disambiguated_names(extractor: SkillExtractor) -> None:
    spans = extractor.find_spans("Go, Python\n" * 3_000)

    assert Counter(span.skill for span in spans) == {"go": 2_000, "python": 3_000}


def test_finds_nothing_with_an_empty_vocabulary() -> None:
    assert SkillExtractor(Vocabulary([])).extract_skills("Python and Go") == []


def test_replaces_the_patterns_when_their_vocabulary_is_full(
    extractor: SkillExtractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skills.disambiguation._MAX_WORDS", 0)

    assert extractor.extract_skills("Experience with Rust") == ["rust"]
    assert extractor.extract_skills("Experience with Scala") == ["scala"]


_PIECES = """
    Go go R C rest REST spring Excel access Swift Python Java and or with in the experience to - , . / ( ) é İ 日 ’ +
    """
_WORDS = st.sampled_from([*_PIECES.split(), "\n"])


@given(st.one_of(st.text(), st.lists(_WORDS).map(" ".join), st.lists(_WORDS).map("".join)))
def test_spans_are_sorted_disjoint_and_within_the_text(extractor: SkillExtractor, text: str) -> None:
    spans = extractor.find_spans(text)

    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(before.end <= after.start for before, after in pairwise(spans))
    assert extractor.extract_skills(text) == list(dict.fromkeys(span.skill for span in spans))


@given(st.sets(st.sampled_from(["python", "postgresql", "kubernetes", "django", "typescript"]), min_size=1))
def test_finds_every_unambiguous_name_in_a_list(extractor: SkillExtractor, names: set[str]) -> None:
    assert set(extractor.extract_skills(", ".join(sorted(names)))) == names
