"""Documents for the skill vocabulary and for slugs that are not in the vocabulary yet."""

from collections.abc import Mapping, Sequence
from typing import Any

from mongoengine import BooleanField, DateTimeField, IntField, ListField, StringField, ValidationError

from career_navigator.db.catalogues import CuratedDocument
from career_navigator.documents import StoredDocument
from career_navigator.external_ids import SKILL_SCHEMES, ExternalId, InvalidExternalId
from skills.vocabulary import CATEGORIES, DEFAULT_CATEGORY, KINDS, Skill, find_cycle, get_default_kind

# The catalogue name, under which the cache version is stored.
VOCABULARY = "vocabulary"
# Fields with names of other entries, and the subset of these fields in which names must not form a cycle.
REFERENCES = ("prerequisites", "implies", "related")
_CYCLES = {
    "prerequisites": "the prerequisites form a cycle",
    "implies": "these skills would imply one another",
}


class SkillDocument(CuratedDocument):
    """A stored vocabulary entry. The fields are described in `skills.vocabulary.Skill`."""

    name = StringField(required=True, unique=True, max_length=100)
    display_name = StringField(required=True, max_length=100)
    category = StringField(required=True, choices=CATEGORIES, default=DEFAULT_CATEGORY)
    kind = StringField(choices=KINDS)
    subcategory = StringField(default="", max_length=100)
    aliases = ListField(StringField(max_length=100))
    slugs = ListField(StringField(max_length=100))
    prerequisites = ListField(StringField(max_length=100))
    implies = ListField(StringField(max_length=100))
    related = ListField(StringField(max_length=100))
    external_ids = ListField(StringField(max_length=300))
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

    # Prerequisites and implied skills of every entry: by field, then by name. An import sets them once so that
    # validating each row needs no query.
    all_references: Mapping[str, Mapping[str, Sequence[str]]] | None = None

    def __str__(self) -> str:
        return str(self.display_name)

    def clean(self) -> None:
        """Normalize the name, complete the kind, and check the references to other entries and classifications.

        Raises:
            ValidationError: A prerequisite, implied or related name is unknown, is the entry itself, or closes a cycle,
                or an external id is malformed.
        """
        if self.name:
            self.name = " ".join(self.name.split()).lower()
        self.kind = self.kind or get_default_kind(self.category)
        errors = {}
        for field in REFERENCES:
            names = set(getattr(self, field))
            if self.name in names:
                errors[field] = ValidationError("a skill cannot refer to itself", field_name=field)
                continue
            unknown = self._find_unknown(names)
            if unknown:
                message = f"the vocabulary has no {', '.join(sorted(unknown))}"
                errors[field] = ValidationError(message, field_name=field)
        for field, problem in _CYCLES.items():
            if field not in errors and (cycle := self._find_cycle(field)):
                errors[field] = ValidationError(f"{problem}: {' → '.join(cycle)}", field_name=field)
        try:
            for external_id in self.external_ids:
                ExternalId.parse(external_id, schemes=SKILL_SCHEMES)
        except InvalidExternalId as error:
            errors["external_ids"] = ValidationError(str(error), field_name="external_ids")
        if errors:
            raise ValidationError("invalid references to other skills", errors=errors)

    def _find_unknown(self, names: set[str]) -> set[str]:
        if not names or self.all_references is not None:
            return names.difference((self.all_references or {}).get("prerequisites", ()))
        return names.difference(SkillDocument.objects(name__in=names).distinct("name"))

    def _find_cycle(self, field: str) -> list[str]:
        """Return a cycle of references through this entry, with its name at both ends, or an empty list."""
        names = getattr(self, field)
        if not names or not (self._created or field in self._get_changed_fields()):
            return []
        if self.all_references is not None:
            references = self.all_references[field]
        else:
            references = dict(SkillDocument.objects(**{f"{field}__0__exists": True}).scalar("name", field))
        return find_cycle({**references, self.name: names}, self.name)

    def delete(self, *args: Any, **kwargs: Any) -> None:
        """Delete the entry and every reference to it in other entries."""
        for field in REFERENCES:
            SkillDocument.objects(**{field: self.name}).update(**{f"pull__{field}": self.name})
        super().delete(*args, **kwargs)

    def as_skill(self) -> Skill:
        """Return the entry as a `Skill`, the value object that the pure modules use."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in Skill.__dataclass_fields__}
        fields |= {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        kind = self.kind or get_default_kind(self.category)
        return Skill(**fields | {"subcategory": self.subcategory or "", "kind": kind})


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
