"""Document-backed admin models of ingestion."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from career_navigator.document_admin.models import DocumentModel
from ingestion import documents
from ingestion.sources.base import BoardAddress, InvalidBoardName


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


class Board(DocumentModel):
    """Admin model of a company's board at a source, or of a feed."""

    document = documents.Board
    source: str
    name: str
    host: str | None

    class Meta:
        ordering = ("source", "name", "pk")

    def canonical(self, name: str, value: Any) -> Any:
        return " ".join(value.split()) if name in ("source", "name", "company", "host") and value else value

    def clean(self) -> None:
        """Reject an unknown source, and names and hosts that cannot be part of a URL. Raises `ValidationError`."""
        super().clean()
        if self.source not in settings.INSTALLED_SOURCES:
            names = ", ".join(settings.INSTALLED_SOURCES)
            raise ValidationError({"source": f"There is no source {self.source!r}. The sources are {names}."})
        try:
            address = BoardAddress(name=self.name, host=self.host or "")
            address.check()
        except InvalidBoardName as error:
            raise ValidationError(str(error)) from error
