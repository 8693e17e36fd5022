"""Documents for learning resources and for users' progress with skills."""

from collections.abc import Mapping
from typing import Any

from mongoengine import BooleanField, DateTimeField, ListField, ObjectIdField, StringField, ValidationError

from career_navigator.db.catalogues import CuratedDocument, ProgressLog
from career_navigator.documents import StoredDocument
from learning import blueprints
from learning.blueprints import Blueprint, Tier, parse_entries
from learning.resources import CATALOGUE, LEVELS, TYPES, Resource

MAX_URL_LENGTH = 2_000
STATUSES = ("planned", "learning", "done")


class LearningResourceDocument(CuratedDocument):
    """A stored learning resource for one skill.

    `broken_since` is when a link check first found the URL broken. It is null while the URL works.
    """

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
    # Hidden resources stay stored but are not returned by the API.
    hidden = BooleanField()
    # Hash of the content that seeding wrote. If the current content has a different hash, a curator edited it.
    seed_hash = StringField(default="")
    updated_at = DateTimeField()

    SEEDED_FIELDS = ("skill", "type", "title", "url", "description", "level", "free", "language", "provider")

    catalogue = CATALOGUE
    meta = {
        "collection": "learning_resources",
        "indexes": [
            # A URL occurs at most once per skill. Seeding looks entries up by this key.
            {"fields": ["skill", "url"], "unique": True},
            # Text search. `language_override` names an unused field, because MongoDB would otherwise use a document's
            # `language` field and reject languages it does not support.
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
        """Normalize the whitespace and case of the skill's name."""
        # Values that are not strings are rejected by validation, which runs after `clean`.
        if isinstance(self.skill, str):
            self.skill = " ".join(self.skill.split()).lower()


class BlueprintDocument(CuratedDocument):
    """The stored blueprint of a role: entries per tier in teaching order (see `learning.blueprints`).

    `also_for` lists other roles that the blueprint fits. `never` lists skills of other trades.
    """

    role = StringField(required=True, unique=True, min_length=1, max_length=100)
    also_for = ListField(StringField(min_length=1, max_length=100))
    core = ListField(StringField(max_length=500), required=True)
    specialisation = ListField(StringField(max_length=500))
    nice_to_have = ListField(StringField(max_length=500))
    never = ListField(StringField(max_length=100))
    # Hidden blueprints stay stored but are not used.
    hidden = BooleanField()
    # Hash of the content that seeding wrote. If the current content has a different hash, a curator edited it.
    seed_hash = StringField(default="")
    updated_at = DateTimeField()

    SEEDED_FIELDS = ("role", "also_for", *(tier.value for tier in Tier), "never")

    catalogue = blueprints.CATALOGUE
    meta = {"collection": "blueprints"}

    def __str__(self) -> str:
        return str(self.role)

    def clean(self) -> None:
        """Check the entries. Raises `ValidationError`."""
        if isinstance(self.role, str):
            self.role = " ".join(self.role.split())
        try:
            parse_entries({tier: getattr(self, tier) for tier in Tier})
        except blueprints.InvalidBlueprint as error:
            raise ValidationError(str(error)) from error


class LearningProgress(StoredDocument):
    """A user's progress with one skill.

    `done_at` is set only while the status is `done`. `evidence_url` links to evidence of the skill.
    """

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
            # A user has at most one progress document per skill. Also serves lists by user.
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
    """Build a resource from a stored row."""
    defaults: dict[str, Any] = {"free": False, "language": "en", "provider": ""}
    return Resource(**defaults | {name: row[name] for name in LearningResourceDocument.SEEDED_FIELDS if name in row})


def build_blueprint(row: Mapping[str, Any]) -> Blueprint:
    """Build a blueprint from a stored row."""
    return Blueprint(
        role=row["role"],
        names=(row["role"], *row.get("also_for", ())),
        entries=parse_entries({tier: row.get(tier, ()) for tier in Tier}),
        never=frozenset(row.get("never", ())),
    )
