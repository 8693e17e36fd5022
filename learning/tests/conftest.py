"""Fixtures for the learning tests."""

from urllib.parse import urlencode

import pytest

from tests.fixtures.catalogues import DEMAND


@pytest.fixture(autouse=True)
def _servers(empty_servers):
    """Start every test with empty servers."""


@pytest.fixture
def roadmap(newcomer):
    """Return a function that requests the newcomer's roadmap with query parameters."""

    def get(**parameters):
        response = newcomer.get(f"/learning/roadmap?{urlencode(parameters)}")
        assert response.status_code == 200, response.content
        return response.json()

    return get


@pytest.fixture
def post_jobs(post_jobs):
    """Return a function like `post_jobs` that stores enough postings of enough employers for shares.

    `demand` maps a skill to the number of postings in ten that require it.
    """

    def post(demand=DEMAND, count=20, employers=5, **arguments):
        scaled = {skill: total * count // 10 for skill, total in demand.items()}
        post_jobs(demand=scaled, count=count, employers=employers, **arguments)

    return post
