"""The generated password of the first staff account, on disk until another one is chosen."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User

ADMIN = "admin"


def get_password_file() -> Path:
    path: Path = settings.VAR_DIR / "admin-password"
    return path


def delete_changed_password(admin: User) -> None:
    """Delete the file when the password in it is no longer that of the account."""
    path = get_password_file()
    if path.exists() and not check_password(path.read_text().strip(), admin.password):
        path.unlink(missing_ok=True)


def on_user_saved(*, instance: User, created: bool, update_fields: Any, **_: Any) -> None:
    """Receive `post_save` of staff accounts. A login saves the time alone, and a new account has its file already."""
    if instance.username == ADMIN and not created and (update_fields is None or "password" in update_fields):
        delete_changed_password(instance)
