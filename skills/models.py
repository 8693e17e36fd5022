"""Document-backed admin models of the vocabulary."""

from typing import Any

from career_navigator.document_admin.models import DocumentModel, Lookups
from skills import documents
from skills.documents import REFERENCES
from skills.selectors import get_vocabulary


class SkillLookups(Lookups):
    """Vocabulary lookups used to validate a skill."""

    def find_owner(self, spelling: str) -> str | None:
        """Return the canonical name of the entry with the given spelling, or None."""
        found = get_vocabulary().get(spelling)
        return found.name if found is not None else None


class Skill(DocumentModel):
    """Admin model of a vocabulary entry."""

    document = documents.SkillDocument
    lookups = SkillLookups()

    class Meta:
        ordering = ("name",)

    def canonical(self, name: str, value: Any) -> Any:
        if name == "name":
            return " ".join(str(value or "").split()).lower()
        if name in REFERENCES:
            return list(dict.fromkeys(self.lookups.find_owner(each) or each for each in value or ()))
        return value


class UnknownSlug(DocumentModel):
    """Admin model of a slug that is not in the vocabulary."""

    document = documents.UnknownSlugDocument

    class Meta:
        ordering = ("-count", "slug")
