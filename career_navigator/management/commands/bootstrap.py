"""Make a database ready to serve: tables of the admin, indexes, seed data, migrations, the first staff account."""

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
    help = (
        "Migrates, creates indexes (merging what was stored twice), seeds, applies data migrations, and makes the "
        "staff account 'admin' with a generated password, kept in VAR_DIR/admin-password. Safe to repeat."
    )

    requires_system_checks = (SPENDING,)

    def summarize(self, **options: Any) -> dict[str, Any]:
        finish_restore(database=database())
        call_command("migrate", verbosity=0, interactive=False)
        try:
            merged = create_indexes()
        except IndexesRejected as error:
            raise CommandError(str(error)) from error
        with open(os.devnull, "w") as nowhere:
            call_command("seed", stdout=nowhere)
        return {
            "collections": len(merged),
            "duplicates_merged": {name: count for name, count in merged.items() if count},
            "data_migrations": apply_data_migrations(now=timezone.now()),
            "admin_password": _make_admin(),
        }


def _make_admin() -> str:
    """Where the password of the staff account is kept; makes both when the account is missing."""
    path = get_password_file()
    if admin := User.objects.filter(username=ADMIN).first():
        delete_changed_password(admin)
        return f"as it was; kept in {path}" if path.exists() else "as it was"
    password = secrets.token_urlsafe(15)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_privately(path, password + "\n")
    User.objects.create_superuser(username=ADMIN, email="", password=password)
    return f"kept in {path}"
