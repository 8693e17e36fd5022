"""What the admin sees of the shared modules."""

from career_navigator import documents
from career_navigator.mirrors.models import Mirror


class ChoreRun(Mirror):
    """A chore that staff started."""

    document = documents.ChoreRun

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = "chore"
        default_permissions = ("view",)
        permissions = [("run_chore", "Can start chores")]
