"""The stored vocabulary, and the slugs it does not know yet."""

from collections.abc import Mapping, Sequence
from typing import Any

from mongoengine import BooleanField, DateTimeField, IntField, ListField, StringField, ValidationError

from career_navigator.db.catalogues import CuratedDocument
from career_navigator.documents import StoredDocument
from skills.vocabulary import CATEGORIES, DEFAULT_CATEGORY, Skill

# The name of its version.
VOCABULARY = "vocabulary"


class SkillDocument(CuratedDocument):
    """An entry of the vocabulary, as curators see it. See `skills.vocabulary.Skill` for the fields."""

    name = StringField(required=True, unique=True, max_length=100)
    display_name = StringField(required=True, max_length=100)
    category = StringField(required=True, choices=CATEGORIES, default=DEFAULT_CATEGORY)
    subcategory = StringField(default="", max_length=100)
    aliases = ListField(StringField(max_length=100))
    slugs = ListField(StringField(max_length=100))
    prerequisites = ListField(StringField(max_length=100))
    related = ListField(StringField(max_length=100))
    is_skill = BooleanField(default=True)
    # Names of entries that were merged into this one: seeding does not bring them back.
    merged_names = ListField(StringField(max_length=100))
    # The hash of the content that seeding wrote; content that hashes otherwise was edited by a curator.
    seed_hash = StringField(default="")
    updated_at = DateTimeField()

    catalogue = VOCABULARY
    meta = {
        "collection": "skills",
        "indexes": [
            "aliases",  # search by alias
            "slugs",  # a curator asks who owns a slug
            ("category", "name"),  # the list of a category
        ],
    }

    # Where many are judged at once: the prerequisites of every entry by its name, so that none looks them up itself.
    all_prerequisites: Mapping[str, Sequence[str]] | None = None

    def __str__(self) -> str:
        return str(self.display_name)

    def clean(self) -> None:
        """Bring the name into its canonical form. Raises ValidationError for names that other entries do not have."""
        if self.name:
            self.name = " ".join(self.name.split()).lower()
        errors = {}
        for field in ("prerequisites", "related"):
            names = set(getattr(self, field))
            if self.name in names:
                errors[field] = ValidationError("a skill cannot be named here by itself", field_name=field)
                continue
            unknown = self._unknown_of(names)
            if unknown:
                message = f"the vocabulary has no {', '.join(sorted(unknown))}"
                errors[field] = ValidationError(message, field_name=field)
        if "prerequisites" not in errors and (circle := self._circle()):
            message = f"these would build on one another: {' → '.join(circle)}"
            errors["prerequisites"] = ValidationError(message, field_name="prerequisites")
        if errors:
            raise ValidationError("names of other skills", errors=errors)

    def _unknown_of(self, names: set[str]) -> set[str]:
        if not names or self.all_prerequisites is not None:
            return names.difference(self.all_prerequisites or ())
        return names.difference(SkillDocument.objects(name__in=names).distinct("name"))

    def _circle(self) -> list[str]:
        """The names by which the entry would build on itself, itself at both ends; empty where it does not."""
        if not self.prerequisites or not (self._created or "prerequisites" in self._get_changed_fields()):
            return []
        needs = self.all_prerequisites
        if needs is None:
            needs = dict(SkillDocument.objects(prerequisites__0__exists=True).scalar("name", "prerequisites"))
        waiting, met = [[self.name, need] for need in self.prerequisites], {self.name}
        while waiting:
            way = waiting.pop()
            for need in needs.get(way[-1], ()):
                if need == self.name:
                    return [*way, need]
                if need not in met:
                    met.add(need)
                    waiting.append([*way, need])
        return []

    def delete(self, *args: Any, **kwargs: Any) -> None:
        """Delete the entry, also where others name it."""
        for field in ("prerequisites", "related"):
            SkillDocument.objects(**{field: self.name}).update(**{f"pull__{field}": self.name})
        super().delete(*args, **kwargs)

    def as_skill(self) -> Skill:
        """Return the entry as the value object the pure modules work on."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in Skill.__dataclass_fields__}
        fields |= {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        return Skill(**fields | {"subcategory": self.subcategory or ""})


class UnknownSlugDocument(StoredDocument):
    """A technology slug that a source sent and the vocabulary does not know, for curators to look at."""

    slug = StringField(required=True, unique=True, max_length=200)
    count = IntField(required=True, default=0)
    first_seen_at = DateTimeField(required=True)
    last_seen_at = DateTimeField(required=True)

    meta = {
        "collection": "unknown_slugs",
        "indexes": [("-count", "slug")],  # curators take the most frequent first
        "ordering": ["-count", "slug"],
    }

    def __str__(self) -> str:
        return str(self.slug)
