"""Document models of the shared modules for the admin."""

from career_navigator import documents
from career_navigator.document_admin.models import DocumentModel


class TaskRun(DocumentModel):
    """Document model of a task run, which the schedule or a staff member started."""

    document = documents.TaskRunDocument

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = "maintenance task"
        default_permissions = ("view",)
        permissions = [("run_task", "Can start maintenance tasks")]


class FailedLogin(DocumentModel):
    """Document model of the failed admin logins of an account."""

    document = documents.FailedLogin

    class Meta:
        ordering = ("-last_at", "-pk")
        verbose_name = "failed staff login"
        default_permissions = ("view",)
