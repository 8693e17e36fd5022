import pytest


@pytest.fixture(autouse=True)
def _servers(servers_emptied):
    """Start every test with empty servers."""
