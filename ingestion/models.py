"""Document-backed admin models of ingestion."""

from career_navigator.document_admin.models import DocumentModel
from ingestion import documents


class CollectionRun(DocumentModel):
    """Admin model of a collection run, with the permission to start, repeat and cancel runs."""

    document = documents.CollectionRunDocument

    class Meta:
        ordering = ("-created_at", "-pk")
        default_permissions = ("view",)
        permissions = [("trigger_collection", "Can start, repeat and cancel collections")]

    def __str__(self) -> str:
        return f"Run of {self.created_at:%Y-%m-%d %H:%M} UTC"  # type: ignore[attr-defined]


class RefusedPosting(CollectionRun):
    """Admin model of rejected postings, which are stored in their runs."""

    class Meta:
        proxy = True
        verbose_name = "rejected posting"
        default_permissions = ("view",)
