import json
from pathlib import Path

import pytest

from skills.extraction import SkillExtractor
from skills.vocabulary import Skill, Vocabulary


@pytest.fixture(scope="session")
def seeded() -> Vocabulary:
    """The vocabulary of the seed file, read without a database."""
    path = Path(__file__).resolve().parents[2] / "fixtures" / "skills.json"
    return Vocabulary(Skill.from_entry(entry) for entry in json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def extractor(seeded: Vocabulary) -> SkillExtractor:
    return SkillExtractor(seeded)
