import pytest


@pytest.fixture(autouse=True)
def _servers(servers_emptied):
    """Every test begins with them."""
