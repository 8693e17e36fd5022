"""What the admin sees of the accounts."""

from accounts import documents, mails
from career_navigator.document_admin.models import DocumentModel


class Person(DocumentModel):
    """A user of the platform. The staff of the admin are `django.contrib.auth` users, hence the other name."""

    document = documents.User
    left_out = ("hashed_password",)

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = "user"
        default_permissions = ("view",)
        permissions = [
            ("deactivate_person", "Can deactivate and reactivate users"),
            ("send_reset", "Can send users a message to set a new password"),
            ("export_person", "Can export all that is stored about a user"),
            ("erase_person", "Can erase a user and all that is theirs"),
        ]


class Mail(DocumentModel):
    """A mail to a user."""

    document = mails.Mail

    class Meta:
        ordering = ("-at", "-pk")
        default_permissions = ("view",)
