import json
from pathlib import Path

import pytest
from django.utils import timezone

from skills.extraction import SkillExtractor
from skills.services import seed_skills
from skills.vocabulary import Skill, Vocabulary


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """Return the vocabulary of the seed file, read without a database."""
    path = Path(__file__).resolve().parents[2] / "fixtures" / "skills.json"
    return Vocabulary(Skill.from_entry(entry) for entry in json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def extractor(vocabulary: Vocabulary) -> SkillExtractor:
    return SkillExtractor(vocabulary)


@pytest.fixture
def python_and_django(admin_tables: None) -> None:
    """Store a vocabulary of two skills for the admin tests."""
    entries = [
        {"name": "python", "display_name": "Python", "category": "Programming Languages", "slugs": ["python"]},
        {"name": "django", "display_name": "Django", "category": "Frameworks/Libraries", "prerequisites": ["python"]},
    ]
    seed_skills(entries=entries, now=timezone.now())
