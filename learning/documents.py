"""Where skills can be learnt, as curators see it, and how far each user has come."""

from typing import Any

from mongoengine import BooleanField, DateTimeField, ObjectIdField, StringField

from career_navigator.db.catalogues import CuratedDocument, ProgressLog
from career_navigator.documents import StoredDocument
from learning.resources import CATALOGUE, LEVELS, TYPES, Resource

MAX_URL_LENGTH = 2_000
STATUSES = ("planned", "learning", "done")


class LearningResourceDocument(CuratedDocument):
    """A resource for one skill. `broken_since` is when its address was found not to answer; null while it does."""

    skill = StringField(required=True, min_length=1, max_length=100)
    type = StringField(required=True, choices=TYPES)
    title = StringField(required=True, min_length=1, max_length=300)
    url = StringField(required=True, max_length=MAX_URL_LENGTH, regex=r"^https?://[^\s/]\S*$")
    description = StringField(required=True, min_length=1, max_length=1_000)
    level = StringField(required=True, choices=LEVELS)
    free = BooleanField(required=True, default=False)
    language = StringField(required=True, default="en", max_length=10)
    provider = StringField(default="", max_length=200)
    checked_at = DateTimeField()
    broken_since = DateTimeField()
    # Kept, but answered to nobody.
    hidden = BooleanField()
    # The hash of the content that seeding wrote; content that hashes otherwise was edited by a curator.
    seed_hash = StringField(default="")
    updated_at = DateTimeField()

    SEEDED_FIELDS = ("skill", "type", "title", "url", "description", "level", "free", "language", "provider")

    catalogue = CATALOGUE
    meta = {
        "collection": "learning_resources",
        "indexes": [
            # An address once for a skill; seeding finds entries by it.
            {"fields": ["skill", "url"], "unique": True},
            # The search. MongoDB would read a document's own `language` as that of its words, and refuse many.
            {
                "name": "search",
                "fields": ["$title", "$skill", "$description"],
                "weights": {"title": 10, "skill": 8, "description": 2},
                "default_language": "english",
                "language_override": "search_language",
            },
        ],
    }

    def __str__(self) -> str:
        return f"{self.title} ({self.skill})"

    def clean(self) -> None:
        """Bring the skill's name into its canonical form."""
        # What is no text is left for validation to refuse.
        if isinstance(self.skill, str):
            self.skill = " ".join(self.skill.split()).lower()


class LearningProgress(StoredDocument):
    """How far a user has come with a skill. `done_at` stands while the status is done; `evidence_url` shows it."""

    user = ObjectIdField(required=True)
    skill = StringField(required=True, max_length=100)
    status = StringField(required=True, choices=STATUSES)
    evidence_url = StringField(max_length=MAX_URL_LENGTH)
    created_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    done_at = DateTimeField()

    meta = {
        "collection": "learning_progress",
        "indexes": [
            # A user's progress with a skill, of which there is one; and all of a user's.
            {"fields": ["user", "skill"], "unique": True},
        ],
    }

    def __str__(self) -> str:
        return f"{self.skill}: {self.status}"


SKILL_PROGRESS = ProgressLog(
    collection="learning_progress",
    subject="skill",
    begun_at="created_at",
    done="done",
    done_at="done_at",
    link="evidence_url",
)
export_progress, erase_progress = SKILL_PROGRESS.export, SKILL_PROGRESS.erase


def build_resource(row: dict[str, Any]) -> Resource:
    """Return the resource that a stored row holds."""
    defaults: dict[str, Any] = {"free": False, "language": "en", "provider": ""}
    return Resource(**defaults | {name: row[name] for name in LearningResourceDocument.SEEDED_FIELDS if name in row})
