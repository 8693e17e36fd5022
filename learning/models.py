"""Document-backed admin models of learning resources and blueprints."""

from dataclasses import replace
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from career_navigator.document_admin.models import DocumentModel
from learning import documents
from learning.blueprints import InvalidBlueprint, Tier, find_misplaced, parse_entries, parse_entry
from skills.selectors import get_vocabulary


class LearningResource(DocumentModel):
    """Admin model of a learning resource."""

    document = documents.LearningResourceDocument
    skill: str

    class Meta:
        ordering = ("skill", "level", "title", "pk")
        permissions = [("check_links", "Can start a check of all resource links")]

    def canonical(self, name: str, value: Any) -> Any:
        if name == "skill":
            return get_vocabulary().get_canonical_name(value or "") or value
        if name in ("url", "language"):
            text = (value or "").strip()
            return text.lower() if name == "language" else text
        return value

    def clean(self) -> None:
        """Reject a changed skill that is not in the vocabulary. Raises `ValidationError`."""
        super().clean()
        if "skill" in self.changed_names() and get_vocabulary().get_canonical_name(self.skill or "") is None:
            raise ValidationError({"skill": f"The vocabulary has no skill {self.skill!r}."})


class Blueprint(DocumentModel):
    """Admin model of a role's blueprint."""

    document = documents.BlueprintDocument
    core: list[str]
    specialisation: list[str]
    nice_to_have: list[str]
    never: list[str]

    class Meta:
        ordering = ("role", "pk")

    def canonical(self, name: str, value: Any) -> Any:
        vocabulary = get_vocabulary()
        if name == "never":
            return list(dict.fromkeys(vocabulary.get_canonical_name(skill) or skill for skill in value or ()))
        if name not in list(Tier):
            return value
        entries = []
        for text in value or ():
            try:
                entry = parse_entry(text, tier=Tier(name))
            except InvalidBlueprint as error:
                raise ValidationError({name: str(error)}) from error
            options = tuple(vocabulary.get_canonical_name(option) or option for option in entry.options)
            entries.append(str(replace(entry, options=options)))
        return entries

    def clean(self) -> None:
        """Reject unknown skills, repeated skills and an order in which a skill precedes its prerequisites.

        Raises:
            ValidationError: The errors by field.
        """
        super().clean()
        changed = set(self.changed_names())
        vocabulary = get_vocabulary()
        tiers = {tier: getattr(self, tier) or [] for tier in Tier}
        try:
            entries = parse_entries(tiers)
        except InvalidBlueprint as error:
            raise ValidationError({_find_field(str(error), tiers): str(error)}) from error
        errors: dict[str, list[str]] = {}
        named = [(str(entry.tier), option) for entry in entries for option in entry.options]
        for field, name in [*named, *(("never", name) for name in self.never or ())]:
            if field in changed and vocabulary.get_canonical_name(name) is None:
                errors.setdefault(field, []).append(f"The vocabulary has no skill {name!r}.")
        if changed.intersection(Tier):
            for problem in find_misplaced(entries, prerequisites=vocabulary.prerequisites):
                errors.setdefault(NON_FIELD_ERRORS, []).append(f"{problem}. Move it to a later stage.")
        if errors:
            raise ValidationError(errors)


def _find_field(problem: str, tiers: dict[Tier, list[str]]) -> str:
    """Return the tier whose entry the problem quotes."""
    return next(
        (str(tier) for tier, texts in reversed(tiers.items()) if any(repr(t) in problem for t in texts)), "core"
    )
