"""What the admin sees of the market."""

from career_navigator.mirrors.models import Mirror
from market import documents


class JobPosting(Mirror):
    """A posting, as the admin lists it."""

    document = documents.JobPosting
    left_out = ("coordinates",)

    class Meta:
        # As lists of jobs are, whose index it goes by.
        ordering = ("-day", "-pk")
        permissions = [("reread_skills", "Can have the skills of all postings read anew")]

    def __str__(self) -> str:
        return str(self.title)  # type: ignore[attr-defined]
