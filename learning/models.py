"""What the admin sees of learning."""

from django.core.exceptions import ValidationError

from career_navigator.document_admin.models import DocumentModel
from learning import documents
from skills.selectors import vocabulary


class LearningResource(DocumentModel):
    """A resource, as curators keep it."""

    document = documents.LearningResource
    skill: str

    class Meta:
        ordering = ("skill", "level", "title", "pk")
        permissions = [("check_links", "Can have the links of all resources checked")]

    def clean(self) -> None:
        """Bring the skill into its canonical name. Raises ValidationError for one that the vocabulary does not have."""
        if "skill" in self.changed_names():
            canonical = vocabulary().canonical(self.skill or "")
            if canonical is None:
                raise ValidationError({"skill": f"The vocabulary has no skill {self.skill!r}."})
            self.skill = canonical
