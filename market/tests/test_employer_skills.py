"""Tests of finding the skills that mainly one employer of a role requires."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from market.employer_skills import find_employer_specific_skills, get_employer_specific_skills
from market.services import store_postings
from tests.factories import PostingFactory

ROLE = "backend developer"


@pytest.mark.parametrize(
    ("employers", "is_specific"),
    [
        (["a"], True),
        (["a", "b"], False),
        (["a", "a", "b"], True),
        (["a", "a", "b", "c"], False),
        # Postings without an employer may be of different employers.
        (["", "", ""], False),
        (["a", "", ""], False),
    ],
)
def test_finds_skills_for_which_one_employer_has_more_than_half_of_the_postings(
    employers: list[str], is_specific: bool
) -> None:
    others = [(f"other {number}", ("python",)) for number in range(20)]

    found = find_employer_specific_skills([(employer, ("uipath",)) for employer in employers] + others)

    assert found == ({"uipath"} if is_specific else set())


@pytest.mark.parametrize(("others_with_skill", "is_specific"), [(1, True), (2, False)])
def test_keeps_a_skill_that_a_tenth_of_the_other_employers_postings_require(
    others_with_skill: int, is_specific: bool
) -> None:
    postings: list[tuple[str, tuple[str, ...]]] = [("a", ("pytorch",))] * 15
    postings += [(f"other {number}", ("pytorch",) if number < others_with_skill else ()) for number in range(20)]

    assert ("pytorch" in find_employer_specific_skills(postings)) is is_specific


@pytest.mark.usefixtures("mongo", "redis")
def test_reads_the_postings_of_the_role_in_the_window() -> None:
    def store(**changes: Any) -> None:
        posting = PostingFactory.build(**{"title": "Backend Developer", "technology_slugs": ("python",)} | changes)
        store_postings(postings=[posting], role=ROLE, now=now)

    now = timezone.now()
    store(company="Acme", technology_slugs=("python", "kafka"), date_posted=now.date())
    store(company="Brick", date_posted=now.date())
    store(company="Drum", date_posted=now.date())
    store(company="Cord", technology_slugs=("kafka",), date_posted=now.date() - timedelta(days=30))

    assert get_employer_specific_skills(role=ROLE, days=30, now=now) == {"kafka"}
    assert get_employer_specific_skills(role=ROLE, days=31, now=now) == frozenset()
