"""Document-backed admin model of learning resources."""

from typing import Any

from django.core.exceptions import ValidationError

from career_navigator.document_admin.models import DocumentModel
from learning import documents
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
