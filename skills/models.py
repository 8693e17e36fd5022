"""What the admin sees of the vocabulary."""

from career_navigator.document_admin.models import DocumentModel
from skills import documents


class Skill(DocumentModel):
    """An entry of the vocabulary."""

    document = documents.SkillDocument

    class Meta:
        ordering = ("name",)


class UnknownSlug(DocumentModel):
    """A slug that waits to be settled."""

    document = documents.UnknownSlug

    class Meta:
        ordering = ("-count", "slug")
