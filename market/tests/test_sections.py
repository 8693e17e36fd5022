"""Tests that only what a posting asks for counts as a skill."""

import pytest

from market.posting_skills import PostingText, extract_posting_skills
from market.sections import hash_sentence, parse_sections

pytestmark = pytest.mark.usefixtures("vocabulary_of_tools")


def _extract(description: str, *, title: str = "Ropewalk Keeper") -> list[str]:
    return extract_posting_skills(title=title, description=description, slugs=()).skills


@pytest.mark.parametrize(
    ("description", "skills"),
    [
        ("## About us\n\nWe ship Kubernetes tools.\n\n## Requirements\n\n- Python", ["python"]),
        ("About us\n\nWe ship Kubernetes tools.\n\nRequirements\n\n- Python", ["python"]),
        ("**Who we are**\nDocker is our passion.\n**What you'll do**\n- Write Rust services", ["rust"]),
        ("### Responsibilities\n- Operate Redis\n\n### Benefits\n- A Figma licence", ["redis"]),
        ("Requirements:\n- Go\n\nInterview process:\n- A call about React", ["go"]),
        ("You write Python. We are an equal opportunity employer and use Workday.", ["python"]),
        ("Acme is a leading platform for Snowflake users. You know Docker.", ["docker"]),
        ("Our customers love Tableau.\nYou write Python.", ["python"]),
        ("## Über uns\nWir lieben Docker.\n## Dein Profil\n- Python", ["python"]),
        ("## À propos\nNous aimons Docker.\n## Votre profil\n- Python", ["python"]),
        ("## Sobre nosotros\nUsamos Docker.\n## Requisitos\n- Python", ["python"]),
        ("## Sobre nós\nUsamos Docker.\n## Requisitos\n- Python", ["python"]),
        ("## Our tech stack\nPython, Redis", ["python", "redis"]),
        ("Python, Redis and Docker", ["python", "redis", "docker"]),
        ("## Requirements\n**Data:**\n- PostgreSQL\n**Cloud:**\n- Terraform", ["postgresql", "terraform"]),
        ("## Why Acme\n- Experience with Python is what we look for", ["python"]),
    ],
)
def test_counts_only_what_is_asked_for(description: str, skills: list[str]) -> None:
    assert _extract(description) == skills


def test_counts_the_trade_in_the_title() -> None:
    assert "devops" in _extract("## About us\nWe are Acme.", title="Senior DevOps Engineer")


def test_keeps_nice_to_have_apart() -> None:
    read = extract_posting_skills(
        title="Keeper",
        description="## About us\nWe sell Docker.\n## Requirements\n- Python\n## Nice to have\n- Redis",
        slugs=(),
    )

    assert (read.skills, read.nice_to_have) == (["python", "redis"], ["redis"])


@pytest.mark.parametrize("text", ["", "\n\n", "#", "İstanbul\nAbout us\nİ", "**", ":", "- \n-", "’" * 50])
def test_spans_are_inside_the_text_and_in_order(text: str) -> None:
    for spans in (parse_sections(text).excluded, parse_sections(text).repeatable):
        assert spans == sorted(spans)
        assert all(0 <= start <= end <= len(text) for start, end in spans)


def test_a_sentence_that_asks_cannot_be_the_employers_own() -> None:
    text = PostingText(title="Keeper", description="You write Go.\n\n## Requirements\n- Docker\n\nFine tools: Redis.")

    assert text.list_repeatable_sentences() == [hash_sentence("Fine tools: Redis.")]
