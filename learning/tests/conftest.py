"""Fixtures for the learning tests."""

from urllib.parse import urlencode

import pytest


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
