"""Tests of resolving, mapping and grouping skill names."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.vocabulary import CATEGORIES, InvalidSkill, Skill, Vocabulary


def build_skill(name: str, **fields: Any) -> Skill:
    return Skill(**{"name": name, "display_name": name.title(), "category": "Tools/Technologies", **fields})


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("Python", "python"),
        ("Node.js", "nodejs"),
        ("NodeJS", "nodejs"),
        ("node-js", "nodejs"),
        ("dotnet", ".net"),
        (".NET", ".net"),
        ("dot-net", ".net"),
        ("cpp", "c++"),
        ("C++", "c++"),
        ("csharp", "c#"),
        ("js", "javascript"),
        ("ts", "typescript"),
        ("ReactJS", "react"),
        ("React.js", "react"),
        ("Postgres", "postgresql"),
        ("k8s", "kubernetes"),
        ("Amazon Web Services", "aws"),
        ("GCP", "google cloud"),
        ("golang", "go"),
        ("Apache Kafka", "kafka"),
        ("  machine   LEARNING ", "machine learning"),
        ("Java 11", "java"),
        ("symfony4", "symfony"),
        ("Angular 2+", "angular"),
        ("PHP 7.4", "php"),
        ("Python 3.12", "python"),
        ("S3", "amazon s3"),
        ("greenhouse", None),
        ("no such thing", None),
        ("area 51", None),
        ("", None),
        ("日本語", None),
    ],
)
def test_resolves_spellings_to_canonical_names(vocabulary: Vocabulary, spelling: str, canonical: str | None) -> None:
    assert vocabulary.get_canonical_name(spelling) == canonical


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("Windsurf", "windsurf"),
        ("Redpanda", "redpanda"),
        ("TTS", "text-to-speech"),
        ("unittest", "unittest"),
        ("OneLogin", "onelogin"),
        ("SCCM", "microsoft configuration manager"),
        ("Arista", "arista"),
        ("OWASP ZAP", "owasp zap"),
        ("Server-Sent Events", "server-sent events"),
        ("decision trees", "decision trees"),
        ("conflict resolution", "conflict resolution"),
        ("ChatGPT", "chatgpt"),
        ("AlmaLinux", "almalinux"),
        ("Atlassian", None),
        ("trading systems", "electronic trading"),
    ],
)
def test_does_not_confuse_products_with_similar_names(
    vocabulary: Vocabulary, spelling: str, canonical: str | None
) -> None:
    assert vocabulary.get_canonical_name(spelling) == canonical


def test_has_no_spelling_that_names_two_skills(vocabulary: Vocabulary) -> None:
    """Extraction finds the longest name, so a spelling that contains two names would hide one of the skills."""
    # The exceptions are established names. "UI/UX" is excluded below because postings require the pair as one skill.
    established = {"r&d", "shadcn/ui"}
    ambiguous = {
        spelling
        for skill in vocabulary
        if skill.name != "ui/ux design"
        for spelling in (skill.name, *skill.aliases)
        if len(skills := {vocabulary.get_canonical_name(part) for part in re.split(r"\s*[/&]\s*|\s+and\s+", spelling)})
        > 1
        and None not in skills
    }

    assert ambiguous == established


@pytest.mark.parametrize(
    ("slug", "skill"),
    [
        ("react", "react"),
        ("reactjs", "react"),
        ("react-js", "react"),
        ("nodejs", "nodejs"),
        ("node-js", "nodejs"),
        ("python", "python"),
        ("dotnet", ".net"),
        ("csharp", "c#"),
        ("cpp", "c++"),
        ("js", "javascript"),
        ("ts", "typescript"),
        ("aws-lambda", "aws lambda"),
        ("amazon-web-services", "aws"),
        ("google-cloud-platform", "google cloud"),
        ("microsoft-azure", "azure"),
        ("golang", "go"),
        ("gitHub-copilot", "github copilot"),
        ("github-copilot", "github copilot"),
        ("claude-by-anthropic", "claude"),
        ("solid-js", "solidjs"),
        ("apache-nifi", "apache nifi"),
        ("apache-unheard-of", "apache unheard of"),
    ],
)
def test_maps_a_slug_to_its_skill(vocabulary: Vocabulary, slug: str, skill: str) -> None:
    assert vocabulary.map_technology_slugs([slug]) == [skill]


def test_maps_slugs_in_their_order_without_repeats(vocabulary: Vocabulary) -> None:
    skills = vocabulary.map_technology_slugs(["nodejs", "react", "node-js", "greenhouse", "reactjs", "python"])

    assert skills == ["nodejs", "react", "python"]


def test_drops_slugs_of_job_boards_and_recruiting_systems(vocabulary: Vocabulary) -> None:
    slugs = ["greenhouse", "lever", "workday", "ashby", "bamboohr", "oracle-recruiting-cloud", "zoho-recruit"]

    assert vocabulary.map_technology_slugs(slugs) == []
    assert vocabulary.list_unknown_slugs(slugs) == []


def test_reports_unknown_slugs_once_and_as_written(vocabulary: Vocabulary) -> None:
    assert vocabulary.list_unknown_slugs(["python", "Foo-Bar", "lever", "Foo-Bar", "baz"]) == ["Foo-Bar", "baz"]


def test_groups_skills_by_category_in_the_documented_order(vocabulary: Vocabulary) -> None:
    groups = vocabulary.get_skill_categories(
        ["docker", "postgresql", "python", "fastapi", "aws", "leadership", "frobnicator"]
    )

    assert list(groups.items()) == [
        ("Programming Languages", ["python"]),
        ("Frameworks/Libraries", ["fastapi"]),
        ("Databases", ["postgresql"]),
        ("Cloud Platforms", ["aws"]),
        ("Tools/Technologies", ["docker", "frobnicator"]),
        ("Soft Skills", ["leadership"]),
    ]


def test_returns_the_display_name_of_a_skill(vocabulary: Vocabulary) -> None:
    assert vocabulary.get_display_name("postgresql") == "PostgreSQL"
    assert vocabulary.get_display_name("nodejs") == "Node.js"
    assert vocabulary.get_display_name("unheard of") == "unheard of"


def test_canonical_name_takes_precedence_over_an_alias() -> None:
    vocabulary = Vocabulary([build_skill("a", aliases=("b", "x")), build_skill("b", aliases=("x",))])

    assert vocabulary.get_canonical_name("b") == "b"
    assert vocabulary.get_canonical_name("x") == "a"


def test_empty_vocabulary_resolves_nothing() -> None:
    vocabulary = Vocabulary([])

    assert len(vocabulary) == 0
    assert vocabulary.get_canonical_name("python") is None
    assert vocabulary.map_technology_slugs(["python", "node-js"]) == ["python", "node js"]
    assert vocabulary.get_skill_categories(["python"]) == {"Tools/Technologies": ["python"]}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({}, "name must be in lower case"),
        ({"name": "  "}, "name must be in lower case"),
        ({"name": "Python"}, "name must be in lower case"),
        ({"name": 5}, "name must be in lower case"),
        ({"name": "python", "category": "Snakes"}, "category must be one of .* not 'Snakes'"),
        ({"name": "python", "aliases": "py"}, "aliases must be a list of strings"),
        ({"name": "python", "slugs": [1]}, "slugs must be a list of strings"),
    ],
)
def test_rejects_an_invalid_entry_with_the_reason(entry: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSkill, match=reason):
        Skill.from_entry(entry)


def test_round_trips_every_entry(vocabulary: Vocabulary) -> None:
    assert all(Skill.from_entry(skill.as_entry()) == skill for skill in vocabulary)


@given(st.lists(st.text(max_size=30), max_size=20))
def test_never_returns_a_skill_twice_for_any_slugs(vocabulary: Vocabulary, slugs: list[str]) -> None:
    skills = vocabulary.map_technology_slugs(slugs)

    assert len(set(skills)) == len(skills) <= len(slugs)


@given(st.text(max_size=40))
def test_canonical_is_idempotent(vocabulary: Vocabulary, name: str) -> None:
    canonical = vocabulary.get_canonical_name(name)

    assert canonical is None or vocabulary.get_canonical_name(canonical) == canonical


@given(st.lists(st.text(max_size=20), max_size=20))
def test_assigns_every_skill_to_exactly_one_category(vocabulary: Vocabulary, names: list[str]) -> None:
    groups = vocabulary.get_skill_categories(names)

    assert set(groups) <= set(CATEGORIES)
    assert sorted(name for group in groups.values() for name in group) == sorted(set(names))
