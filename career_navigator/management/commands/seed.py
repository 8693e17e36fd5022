"""Load the curated seed data into the database."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from career_navigator.admin_site.roles import make_roles
from career_navigator.apps import get_declared
from career_navigator.commands import SummaryCommand

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"


class Command(SummaryCommand):
    """Command that loads the seed data and creates the staff roles."""

    help = (
        "Loads skills, learning resources, blueprints, project ideas and staff roles. Safe to repeat: "
        "entries that curators have edited are not changed."
    )

    def summarize(self, **options: Any) -> dict[str, Any]:
        summary: dict[str, Any] = {}
        for name, seed in get_declared("seeds").items():
            path = FIXTURES / f"{name}.json"
            entries = json.loads(path.read_text(encoding="utf-8"))
            try:
                summary[name] = asdict(seed(entries=entries, now=timezone.now()))
            except ValueError as error:
                raise CommandError(f"{path.name}: {error}") from error
        return summary | {"staff_roles": make_roles()}
