"""Prose, colleagues and products of an employer are not what its posting asks for. All texts are invented."""

import pytest

from market.posting_skills import extract_posting_skills
from market.sections import is_request

pytestmark = pytest.mark.usefixtures("vocabulary_of_tools")

REQUIREMENTS = "\n## Requirements\n- Python\n- Five years in a workshop\n- A driving licence\n"


def _extract(description: str, *, company: str = "Ropewalk Ltd") -> list[str]:
    return extract_posting_skills(title="Keeper", description=description, slugs=(), company=company).skills


@pytest.mark.parametrize(
    "prose",
    [
        "Ropewalk reinvents knots with Docker and Kubernetes at its heart.",
        "Our pipelines run on Docker, and every rope is tracked in Redis.",
        "If you are ready to change how the world ties knots with Kubernetes, read on.",
        "Join a team that sets the pace for Kubernetes on ships!",
        "I started my career with Docker in a shed, and my brother wrote the Rust part.",
        "Read more about Redis on our blog.",
        "Follow us on GitHub and Docker Hub.",
        "# Our culture\n- Docker on Fridays",
        "## What we value\n- Docker and honesty",
        "## The team\nSix sailors maintain Docker images and Redis.",
        "About UsAt Ropewalk we ship Docker images.",
        "## What we're building\nA fleet manager on Kubernetes that talks to Redis.",
        "### Joys of programming here\n- Docker builds in a second",
    ],
)
def test_prose_that_asks_nothing_does_not_count_beside_requirements(prose: str) -> None:
    assert _extract(prose + REQUIREMENTS) == ["python"]
    assert _extract(REQUIREMENTS + "\n" + prose) == ["python"]


@pytest.mark.parametrize(
    "request_text",
    [
        "You will run Redis for the harbour.",
        "We are looking for a sailor with Redis in the blood.",
        "## The role\nThe role is half Redis, half rope.",
        "About the Role\nAs our keeper you keep Redis afloat.",
        "Role summary\nA keeper of Redis for the night shift.",
        "Our stack: Redis",
        "## What we value in a keeper\n- Redis at midnight",
        "## What we believe makes a great sailor\n- Redis at midnight",
        "## Important traits for this job\n- Redis at midnight",
        "## Our team\nWe are hiring sailors who have experience with Redis.",
        "**Tools**\n- Redis",
    ],
)
def test_requests_outside_a_section_of_requirements_count(request_text: str) -> None:
    assert sorted(_extract(request_text + REQUIREMENTS)) == ["python", "redis"]


def test_prose_counts_if_the_posting_has_no_section_of_requirements() -> None:
    assert _extract("The keeper looks after Redis. Ropes are made of hemp.") == ["redis"]


def test_a_sentence_under_an_employers_heading_counts_only_if_that_sentence_asks() -> None:
    text = "## Our culture\nWe love Docker. Experience with Redis is welcome." + REQUIREMENTS

    assert sorted(_extract(text)) == ["python", "redis"]


@pytest.mark.parametrize("company", ["Redis", "redis", "Redis, Inc.", "Redis Ltd"])
def test_the_employers_own_product_counts_only_if_it_is_asked_for(company: str) -> None:
    sold = "## Your tasks\n- Present Redis to customers\n- Write Python"
    required = "## Your profile\n- Experience with Redis\n- Write Python"

    assert _extract(sold, company=company) == ["python"]
    assert _extract(required, company=company) == ["redis", "python"]
    assert _extract(sold) == ["redis", "python"]


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("We sell ropes. Experience with Redis is needed.", 30, True),
        ("We sell ropes. Experience with Redis is needed.", 8, False),
        ("Hands-on\nRedis", 10, False),
        ("", 0, False),
    ],
)
def test_only_the_sentence_around_a_position_makes_a_request(text: str, position: int, expected: bool) -> None:
    assert is_request(text, position) is expected
