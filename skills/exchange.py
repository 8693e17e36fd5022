"""Import and export of vocabulary entries in the admin."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError

from career_navigator.document_admin.exchange import DocumentResource
from career_navigator.document_admin.import_lookups import ImportLookups
from skills.documents import REFERENCES, VOCABULARY, SkillDocument
from skills.models import Skill, SkillLookups
from skills.vocabulary import get_spelling_key

# Fields that contain a skill's spellings, in order of precedence, as in `skills.vocabulary.Vocabulary`.
_SPELLING_FIELDS = ("name", "display_name", "aliases", "slugs")


class SkillImportLookups(SkillLookups, ImportLookups):
    """In-memory lookups of spellings and references for an import, including skills from earlier rows."""

    def __init__(self, document: type[SkillDocument]) -> None:
        super().__init__(document)
        # Prerequisites and implied skills of every entry: by field, then by name.
        self._references: dict[str, dict[str, list[str]]] = {"prerequisites": {}, "implies": {}}
        self._names = self._references["prerequisites"]
        # Names of new skills in the file whose rows have not been accepted yet.
        self._pending_names: set[str] = set()
        # The name of the skill for each spelling key, per field, in order of precedence.
        self._owners: list[dict[str, str]] = [{} for _ in _SPELLING_FIELDS]
        for row in document.objects.only(*self._references, *_SPELLING_FIELDS).order_by("name").as_pymongo():
            self._add_entry(row)

    def expect(self, keys: Iterable[tuple[Any, ...]]) -> None:
        self._pending_names = {name for (name,) in keys}.difference(self._names)
        for name in self._pending_names:
            self._names[name] = []

    def find_missing(self, model: Any) -> str:
        for field in REFERENCES:
            if missing := self._pending_names.intersection(getattr(model, field)):
                return f"{field}: the vocabulary has no {', '.join(sorted(missing))}."
        return ""

    def withdraw(self, model: Any) -> None:
        if model._state.adding:
            self._pending_names.add(model.name)

    def prepare(self, document: Any) -> None:
        document.all_references = self._references

    def accept(self, model: Any) -> None:
        super().accept(model)
        self._pending_names.discard(model.name)
        self._add_entry({name: getattr(model, name) for name in (*self._references, *_SPELLING_FIELDS)})

    def match_spelling(self, name: str, value: Any) -> Any:
        return self.find_owner(value) or value

    def find_owner(self, spelling: str) -> str | None:
        name = " ".join(spelling.split()).lower()
        if name in self._names:
            return name
        key = get_spelling_key(spelling)
        return next((owners[key] for owners in self._owners if key in owners), None)

    def _add_entry(self, row: Mapping[str, Any]) -> None:
        for field, references in self._references.items():
            references[row["name"]] = row.get(field) or []
        for field, owners in zip(_SPELLING_FIELDS, self._owners, strict=True):
            value = row.get(field) or ()
            for spelling in [value] if isinstance(value, str) else value:
                if key := get_spelling_key(spelling):
                    owners.setdefault(key, row["name"])


class SkillResource(DocumentResource):
    """Import and export of vocabulary entries."""

    catalogue = VOCABULARY
    lookups_class = SkillImportLookups
    lookups: SkillImportLookups

    class Meta(DocumentResource.Meta):
        model = Skill
        import_id_fields = ("name",)
        fields = (
            *("name", "display_name", "category", "subcategory", "kind", "aliases", "slugs"),
            *("prerequisites", "implies", "related", "external_ids", "is_skill"),
        )

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Replace any spelling of a skill in the row's name with the canonical name.

        Raises:
            ValidationError: The name is a spelling of one skill, and the display name is not a spelling of that skill.
        """
        super().before_import_row(row, **kwargs)
        if not str(row.get("kind") or "").strip():
            # An empty cell leaves the kind as it is. A new skill gets the default kind of its category.
            row.pop("kind", None)
        name, display_name = (str(row.get(column) or "").strip() for column in ("name", "display_name"))
        owner = self.lookups.find_owner(name)
        if owner is None:
            return
        is_alias = owner != " ".join(name.split()).lower()
        if is_alias and display_name and self.lookups.find_owner(display_name) != owner:
            message = (
                f"{name!r} is a spelling of {owner!r}. Use that name, or remove the spelling from that skill first."
            )
            raise ValidationError({"name": message})
        row["name"] = owner
