"""Document-backed admin model of project ideas."""

from typing import Any

from django.core.exceptions import ValidationError

from career_navigator.document_admin.models import DocumentModel
from projects import documents
from skills.selectors import get_vocabulary


class ProjectIdea(DocumentModel):
    """Admin model of a project idea."""

    document = documents.ProjectIdeaDocument
    skills: list[str]

    class Meta:
        ordering = ("pk",)

    def canonical(self, name: str, value: Any) -> Any:
        if name != "skills":
            return value
        return list(dict.fromkeys(get_vocabulary().get_canonical_name(skill) or skill for skill in value or ()))

    def clean(self) -> None:
        """Reject changed skills that are not in the vocabulary. Raises `ValidationError`."""
        super().clean()
        vocabulary = get_vocabulary()
        unknown = [name for name in self.skills or () if vocabulary.get_canonical_name(name) is None]
        if unknown and "skills" in self.changed_names():
            raise ValidationError({"skills": f"The vocabulary has no {', '.join(unknown)}."})
