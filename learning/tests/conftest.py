"""A seeded catalogue, a role with postings, and people who ask."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from accounts.tests import conftest as accounts
from learning.services import seed_resources
from market.refresh import refresh_figures
from market.services import store_postings
from projects.services import seed_ideas
from skills.services import seed_skills
from tests.catalogue import IDEAS, RESOURCES, SKILLS
from tests.factories import PostingFactory

# People register and ask here as they do in the tests of accounts.
_servers = accounts._servers
api, register = accounts.api, accounts.register

# Of ten postings; the shares are ten times as many percent.
DEMAND = {"python": 9, "docker": 7, "kubernetes": 4, "sql": 3, "linux": 2, "communication": 1}


@pytest.fixture
def catalogue(store_once):
    store_once(seed_catalogue)


def seed_catalogue():
    now = timezone.now()
    seed_skills(entries=SKILLS, now=now)
    seed_resources(entries=RESOURCES, now=now)
    seed_ideas(entries=IDEAS, now=now)


@pytest.fixture
def post_jobs(mongo, redis):
    """Store ten postings of a role, of which so many ask for each skill, and bring the figures up to date."""

    def post(role="Backend Developer", demand=DEMAND, count=10, days_ago=0):
        now = timezone.now()
        postings = [
            PostingFactory(
                title=role,
                technology_slugs=tuple(skill for skill, asking in demand.items() if place < asking) or ("greenhouse",),
                date_posted=(now - timedelta(days=days_ago)).date(),
            )
            for place in range(count)
        ]
        store_postings(postings=postings, role=role, now=now)
        refresh_figures(now=now)

    return post


@pytest.fixture
def newcomer(catalogue, register):
    """Holds Python and Linux, and aims at Backend Developer."""
    return register(skills=["Python", "Linux"], target_roles=["Backend Developer"])


@pytest.fixture
def roadmap(newcomer):
    """The newcomer's roadmap; what is passed are parameters."""

    def ask(**parameters):
        answer = newcomer.get(f"/learning/roadmap?{urlencode(parameters)}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask
