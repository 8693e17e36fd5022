"""What the admin sees of the market."""

from career_navigator.document_admin.models import DocumentModel
from market import documents


class JobPosting(DocumentModel):
    """A posting, as the admin lists it."""

    document = documents.JobPostingDocument
    left_out = ("coordinates",)

    class Meta:
        # As lists of jobs are, whose index it goes by.
        ordering = ("-day", "-pk")
        permissions = [("reread_skills", "Can have the skills of all postings read again")]

    def __str__(self) -> str:
        return str(self.title)  # type: ignore[attr-defined]
