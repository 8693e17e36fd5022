"""Tests of selecting what a role's postings for juniors require."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from market.junior_postings import get_junior_skills
from market.services import store_postings
from tests.factories import PostingFactory

pytestmark = pytest.mark.usefixtures("mongo", "redis")

ROLE = "backend developer"
TEXT = "You write the services behind our map of cycle paths, and you test them before anyone else does. "


def store(**changes: Any) -> None:
    now = timezone.now()
    posting = PostingFactory.build(**{"title": "Backend Developer", "date_posted": now.date()} | changes)
    store_postings(postings=[posting], role=ROLE, now=now)


def list_junior_skills() -> tuple[tuple[str, ...], ...]:
    return get_junior_skills(role=ROLE, days=30, now=timezone.now())


@pytest.mark.parametrize(
    ("posting", "is_junior"),
    [
        ({"title": "Junior Backend Developer"}, True),
        ({"title": "Backend Developer (Graduate)"}, True),
        ({"seniority": "junior"}, True),
        ({"description": "You have 2+ years of experience."}, True),
        ({"title": "Senior Backend Developer", "description": "2+ years of experience with Go."}, False),
        ({"description": "You have 5+ years of experience."}, False),
        ({}, False),
        # A posting that names no skill says nothing about reach.
        ({"title": "Junior Backend Developer", "technology_slugs": (), "description": ""}, False),
    ],
)
def test_finds_postings_for_juniors(posting: dict[str, Any], is_junior: bool) -> None:
    store(**posting)

    assert bool(list_junior_skills()) is is_junior


def test_leaves_out_postings_before_the_window() -> None:
    store(title="Junior Backend Developer", date_posted=timezone.now().date() - timedelta(days=30))

    assert list_junior_skills() == ()


def test_counts_the_copies_of_an_advert_once() -> None:
    for city in ("Lisbon", "Porto", "Braga"):
        store(title="Junior Backend Developer", company="Acme", location=city, description=TEXT * 5)

    assert len(list_junior_skills()) == 1


def test_lists_the_newest_postings_first() -> None:
    today = timezone.now().date()
    store(title="Junior Backend Developer", technology_slugs=("python",), date_posted=today - timedelta(days=2))
    store(title="Junior Backend Developer", technology_slugs=("docker",), date_posted=today)

    assert list_junior_skills() == (("docker",), ("python",))


def test_lists_at_most_three_postings_per_employer() -> None:
    for skill in ("python", "docker", "kafka", "redis"):
        store(title=f"Junior Backend Developer, {skill}", company="Acme", technology_slugs=(skill,))
        store(title=f"Junior Backend Developer, {skill}", company=f"Employer of {skill}", technology_slugs=(skill,))

    assert len(list_junior_skills()) == 3 + 4
