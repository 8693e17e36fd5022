"""What the tests of accounts share beside people."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from skills.services import seed_skills


@pytest.fixture(autouse=True)
def _servers(servers_emptied):
    """Every test begins with them, unless its module says otherwise."""


@pytest.fixture(autouse=True)
def _time_to_read(time_to_read):
    """No good file is refused because the machine is busy."""


@pytest.fixture
def vocabulary_seeded(mongo):
    entries = [
        {"name": "nodejs", "display_name": "Node.js", "category": "Frameworks/Libraries", "slugs": ["node-js"]},
        {"name": ".net", "display_name": ".NET", "category": "Frameworks/Libraries", "aliases": ["dotnet", "dot-net"]},
        {"name": "python", "display_name": "Python", "category": "Programming Languages"},
        {"name": "greenhouse", "display_name": "Greenhouse", "is_skill": False},
    ]
    seed_skills(entries=entries, now=datetime(2025, 1, 1, tzinfo=UTC))


@pytest.fixture
def now():
    return timezone.now()
