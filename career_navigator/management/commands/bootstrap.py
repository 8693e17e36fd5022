"""Prepare a database for service: migrations, indexes, seed data and the first staff account."""

import os
import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from career_navigator.admin_site.roles import ADMIN, delete_changed_password, get_password_file
from career_navigator.apps import SPENDING
from career_navigator.commands import SummaryCommand
from career_navigator.db.backup import finish_restore
from career_navigator.db.bootstrap import IndexesRejected, apply_data_migrations, create_indexes
from career_navigator.db.connection import database
from career_navigator.devserver.private_files import write_privately


class Command(SummaryCommand):
    """Command that prepares a database for service."""

    help = (
        "Runs Django's migrations, creates indexes (merging duplicates), loads seed data, applies data migrations, and "
        "creates the staff account 'admin' with a generated password in VAR_DIR/admin-password. Safe to repeat."
    )

    requires_system_checks = (SPENDING,)

    def summarize(self, **options: Any) -> dict[str, Any]:
        finish_restore(database=database())
        call_command("migrate", verbosity=0, interactive=False)
        try:
            merged = create_indexes()
        except IndexesRejected as error:
            raise CommandError(str(error)) from error
        with open(os.devnull, "w") as devnull:
            call_command("seed", stdout=devnull)
        return {
            "collections": len(merged),
            "duplicates_merged": {name: count for name, count in merged.items() if count},
            "data_migrations": apply_data_migrations(now=timezone.now()),
            "admin_password": _create_admin(),
        }


def _create_admin() -> str:
    """Create the first staff account if it is missing. Returns a description of where its password is stored."""
    path = get_password_file()
    if admin := User.objects.filter(username=ADMIN).first():
        delete_changed_password(admin)
        return f"unchanged, stored in {path}" if path.exists() else "unchanged"
    password = secrets.token_urlsafe(15)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_privately(path, password + "\n")
    User.objects.create_superuser(username=ADMIN, email="", password=password)
    return f"stored in {path}"
