"""Empty servers, and the roadmap of somebody who asks."""

from urllib.parse import urlencode

import pytest


@pytest.fixture(autouse=True)
def _servers(servers_emptied):
    """Every test begins with them."""


@pytest.fixture
def roadmap(newcomer):
    """The newcomer's roadmap; what is passed are parameters."""

    def ask(**parameters):
        answer = newcomer.get(f"/learning/roadmap?{urlencode(parameters)}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask
