"""Admin models for users and the emails sent to them."""

from accounts import documents, mails
from career_navigator.document_admin.models import DocumentModel


class Person(DocumentModel):
    """A user of the platform. The name differs from `django.contrib.auth`'s `User`, which represents staff."""

    document = documents.User
    left_out = ("hashed_password",)

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = "user"
        default_permissions = ("view",)
        permissions = [
            ("deactivate_person", "Can deactivate and reactivate users"),
            ("send_reset", "Can send users a password reset message"),
            ("export_person", "Can export all data stored about a user"),
            ("erase_person", "Can erase a user and all data stored about the user"),
        ]


class Mail(DocumentModel):
    """An email to a user, with its delivery status."""

    document = mails.Mail

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = "email"
        default_permissions = ("view",)
