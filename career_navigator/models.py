"""What the admin sees of the shared modules."""

from career_navigator import documents
from career_navigator.document_admin.models import DocumentModel


class TaskRun(DocumentModel):
    """A run of a task, of the schedule or started by staff."""

    document = documents.TaskRunDocument

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = "maintenance task"
        default_permissions = ("view",)
        permissions = [("run_task", "Can start maintenance tasks")]


class FailedLogin(DocumentModel):
    """Failed logins to the admin."""

    document = documents.FailedLogin

    class Meta:
        ordering = ("-last_at", "-pk")
        verbose_name = "failed staff login"
        default_permissions = ("view",)
