"""What the admin sees of the project ideas."""

from django.core.exceptions import ValidationError

from career_navigator.document_admin.models import DocumentModel
from projects import documents
from skills.selectors import vocabulary


class ProjectIdea(DocumentModel):
    """An idea, as curators keep it."""

    document = documents.ProjectIdea
    skills: list[str]

    class Meta:
        ordering = ("pk",)

    def clean(self) -> None:
        """Bring skills into their canonical names. Raises ValidationError for those that the vocabulary lacks."""
        if "skills" not in self.changed_names():
            return
        words = vocabulary()
        canonical = {name: words.canonical(name) for name in self.skills}
        unknown = [name for name, known in canonical.items() if known is None]
        if unknown:
            raise ValidationError({"skills": f"The vocabulary has no {', '.join(unknown)}."})
        self.skills = list(dict.fromkeys(known for known in canonical.values() if known))
