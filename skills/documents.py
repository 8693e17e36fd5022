"""Documents for the skill vocabulary and for slugs that are not in the vocabulary yet."""

from collections.abc import Mapping, Sequence
from typing import Any

from mongoengine import BooleanField, DateTimeField, IntField, ListField, StringField, ValidationError

from career_navigator.db.catalogues import CuratedDocument
from career_navigator.documents import StoredDocument
from skills.vocabulary import CATEGORIES, DEFAULT_CATEGORY, Skill

# The catalogue name, under which the cache version is stored.
VOCABULARY = "vocabulary"


class SkillDocument(CuratedDocument):
    """A stored vocabulary entry. The fields are described in `skills.vocabulary.Skill`."""

    name = StringField(required=True, unique=True, max_length=100)
    display_name = StringField(required=True, max_length=100)
    category = StringField(required=True, choices=CATEGORIES, default=DEFAULT_CATEGORY)
    subcategory = StringField(default="", max_length=100)
    aliases = ListField(StringField(max_length=100))
    slugs = ListField(StringField(max_length=100))
    prerequisites = ListField(StringField(max_length=100))
    related = ListField(StringField(max_length=100))
    is_skill = BooleanField(default=True)
    # Names of entries that were merged into this entry. Seeding must not create those entries again.
    merged_names = ListField(StringField(max_length=100))
    # Hash of the content that seeding wrote. If the current content has a different hash, a curator edited the entry.
    seed_hash = StringField(default="")
    updated_at = DateTimeField()

    catalogue = VOCABULARY
    meta = {
        "collection": "skills",
        "indexes": [
            "aliases",  # search by alias
            "slugs",  # admin search by slug
            ("category", "name"),  # list a category by name
        ],
    }

    # Prerequisites of every entry, by name. An import sets them once so that validating each row needs no query.
    all_prerequisites: Mapping[str, Sequence[str]] | None = None

    def __str__(self) -> str:
        return str(self.display_name)

    def clean(self) -> None:
        """Normalize the name and check the references to other entries.

        Raises:
            ValidationError: A prerequisite or related name is unknown, is the entry itself, or closes a cycle.
        """
        if self.name:
            self.name = " ".join(self.name.split()).lower()
        errors = {}
        for field in ("prerequisites", "related"):
            names = set(getattr(self, field))
            if self.name in names:
                errors[field] = ValidationError("a skill cannot refer to itself", field_name=field)
                continue
            unknown = self._find_unknown(names)
            if unknown:
                message = f"the vocabulary has no {', '.join(sorted(unknown))}"
                errors[field] = ValidationError(message, field_name=field)
        if "prerequisites" not in errors and (cycle := self._find_cycle()):
            message = f"the prerequisites form a cycle: {' → '.join(cycle)}"
            errors["prerequisites"] = ValidationError(message, field_name="prerequisites")
        if errors:
            raise ValidationError("invalid references to other skills", errors=errors)

    def _find_unknown(self, names: set[str]) -> set[str]:
        if not names or self.all_prerequisites is not None:
            return names.difference(self.all_prerequisites or ())
        return names.difference(SkillDocument.objects(name__in=names).distinct("name"))

    def _find_cycle(self) -> list[str]:
        """Return a prerequisite cycle through this entry, with its name at both ends, or an empty list."""
        if not self.prerequisites or not (self._created or "prerequisites" in self._get_changed_fields()):
            return []
        prerequisites = self.all_prerequisites
        if prerequisites is None:
            prerequisites = dict(SkillDocument.objects(prerequisites__0__exists=True).scalar("name", "prerequisites"))
        paths, visited = [[self.name, name] for name in self.prerequisites], {self.name}
        while paths:
            path = paths.pop()
            for name in prerequisites.get(path[-1], ()):
                if name == self.name:
                    return [*path, name]
                if name not in visited:
                    visited.add(name)
                    paths.append([*path, name])
        return []

    def delete(self, *args: Any, **kwargs: Any) -> None:
        """Delete the entry and every reference to it in other entries."""
        for field in ("prerequisites", "related"):
            SkillDocument.objects(**{field: self.name}).update(**{f"pull__{field}": self.name})
        super().delete(*args, **kwargs)

    def as_skill(self) -> Skill:
        """Return the entry as a `Skill`, the value object that the pure modules use."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in Skill.__dataclass_fields__}
        fields |= {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        return Skill(**fields | {"subcategory": self.subcategory or ""})


class UnknownSlugDocument(StoredDocument):
    """A technology slug from a job source that is not in the vocabulary and that a curator must resolve."""

    slug = StringField(required=True, unique=True, max_length=200)
    count = IntField(required=True, default=0)
    first_seen_at = DateTimeField(required=True)
    last_seen_at = DateTimeField(required=True)

    meta = {
        "collection": "unknown_slugs",
        "indexes": [("-count", "slug")],  # the default order: most frequent first
        "ordering": ["-count", "slug"],
    }

    def __str__(self) -> str:
        return str(self.slug)
