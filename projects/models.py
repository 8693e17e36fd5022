"""What the admin sees of the project ideas."""

from typing import Any

from django.core.exceptions import ValidationError

from career_navigator.document_admin.models import DocumentModel
from projects import documents
from skills.selectors import get_vocabulary


class ProjectIdea(DocumentModel):
    """An idea, as curators keep it."""

    document = documents.ProjectIdeaDocument
    skills: list[str]

    class Meta:
        ordering = ("pk",)

    def canonical(self, name: str, value: Any) -> Any:
        if name != "skills":
            return value
        return list(dict.fromkeys(get_vocabulary().canonical(each) or each for each in value or ()))

    def clean(self) -> None:
        """Raise ValidationError for skills that the vocabulary lacks."""
        super().clean()
        words = get_vocabulary()
        unknown = [name for name in self.skills or () if words.canonical(name) is None]
        if unknown and "skills" in self.changed_names():
            raise ValidationError({"skills": f"The vocabulary has no {', '.join(unknown)}."})
