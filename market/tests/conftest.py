from typing import Any

import pytest

from skills.services import seed_skills
from tests.factories import NOW

_TOOLS = (
    *("python", "go", "rust", "docker", "kubernetes", "redis", "figma", "react", "workday", "snowflake", "tableau"),
    *("postgresql", "terraform", "salesforce", "github", "webflow", "soc 2"),
)


@pytest.fixture
def vocabulary_of_tools(mongo: Any, redis: Any) -> None:
    """Store a vocabulary of a few tools and the field DevOps."""
    entries = [{"name": name, "display_name": name.title(), "category": "Tools/Technologies"} for name in _TOOLS]
    languages = [{**entry, "category": "Programming Languages"} for entry in entries if entry["name"] in ("go", "rust")]
    others = [entry for entry in entries if entry["name"] not in ("go", "rust")]
    devops = {"name": "devops", "display_name": "DevOps", "category": "Tools/Technologies"}
    seed_skills(entries=[*others, *languages, devops], now=NOW)
