"""Document-backed admin models of the market."""

from career_navigator.document_admin.models import DocumentModel
from market import documents


class JobPosting(DocumentModel):
    """Admin model of a job posting."""

    document = documents.JobPostingDocument
    left_out = ("coordinates",)

    class Meta:
        # The same order as job lists, so that the same index serves both.
        ordering = ("-day", "-pk")
        permissions = [("reread_skills", "Can extract the skills of all postings again")]

    def __str__(self) -> str:
        return str(self.title)  # type: ignore[attr-defined]


class Role(DocumentModel):
    """Admin model of an entry of the table of roles."""

    document = documents.RoleDocument

    class Meta:
        verbose_name = "job role"  # In the admin, "Roles" are the permission groups of staff.
        ordering = ("name", "pk")
