import pytest


@pytest.fixture(autouse=True)
def _servers(empty_servers):
    """Start every test with empty servers."""
