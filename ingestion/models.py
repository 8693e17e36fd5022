"""What the admin sees of ingestion."""

from career_navigator.document_admin.models import DocumentModel
from ingestion import documents


class CollectionRun(DocumentModel):
    """A collection, watched and started."""

    document = documents.CollectionRunDocument

    class Meta:
        ordering = ("-created_at", "-pk")
        default_permissions = ("view",)
        permissions = [("trigger_collection", "Can start, repeat and cancel collections")]

    def __str__(self) -> str:
        return f"Run of {self.created_at:%Y-%m-%d %H:%M} UTC"  # type: ignore[attr-defined]


class RefusedPosting(CollectionRun):
    """What collection could not take, out of the runs that hold it."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
