"""Compare the admin's list of postings with a plain list: an unmanaged Django model with the same theme.

python -m benchmarks.admin [--postings N] [--keep DIRECTORY]
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks.posting_set import fill
from benchmarks.report import Report, Times, milliseconds
from benchmarks.servers import own_servers, use_database

ROUNDS = 5
COLUMNS = ("title", "company", "place", "day", "source", "remote", "hidden")
OURS, PLAIN = "/admin/market/jobposting/", "/admin/market/plainposting/"


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postings", type=int, default=200_000, help="default: %(default)s")
    parser.add_argument(
        "--keep", type=Path, help="keep the data in this directory, so that a second run does not load it again"
    )
    parser.add_argument("--cache-gb", type=float, default=2.0, help="MongoDB's cache (default: %(default)s)")
    arguments = parser.parse_args()
    with own_servers(keep=arguments.keep, cache_gb=arguments.cache_gb):
        return compare(arguments.postings).show()


def compare(count: int) -> Report:
    """Load the same pages of both lists alternately."""
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from career_navigator.db.connection import database
    from career_navigator.observability import middleware

    # A page of the plain list can exceed the time limit of a request.
    middleware.DATABASE_SECONDS = 120
    # Migrate before seeding, which writes to Django's tables.
    call_command("migrate", verbosity=0, interactive=False)
    use_database(settings.MONGODB_DATABASE)
    if database().job_postings.estimated_document_count() < count * 0.9:
        database().job_postings.delete_many({})
        fill(count=count, now=timezone.now())
    register_plain()
    client = logged_in()
    report = Report(f"Pages of the admin's list over {count:,} postings, compared with a plain unmanaged ModelAdmin")
    role = database().known_roles.find().sort("_id", 1)[0]["_id"]
    last = -(-database().job_postings.estimated_document_count() // 50)
    for what, ours, plain, bar in (
        ("the first page", "", "", 20),
        ("the last page", f"?p={last}", f"?p={last}", 20),
        ("filtered by country", "?country=US", "?country_code=US", 8),
        ("filtered by source", "?source=theirstack", "?source=theirstack", 8),
        ("filtered by remote", "?remote=yes", "?remote__exact=1", 8),
        ("search for a word", "?q=python", "?q=python", 5),
        ("search for two words", "?q=senior+engineer", "?q=senior+engineer", 5),
    ):
        quick, slow = times(client, OURS + ours), times(client, PLAIN + plain, rounds=3)
        ratio = slow.median / quick.median
        report.at_least(
            what,
            ratio,
            bar,
            measured=f"{milliseconds(quick.median)} against {milliseconds(slow.median)}: 1/{ratio:.1f}",
            bar_text=f"at most 1/{bar}",
        )
    report.note(f"filtered by role ({role})", milliseconds(times(client, f"{OURS}?role={role}").median))
    report.note("a page in the middle", milliseconds(times(client, f"{OURS}?p={last // 2}").median))
    report.note("search for a rare word", milliseconds(times(client, f"{OURS}?q=kotlin").median))
    return report


def register_plain() -> None:
    """Register the simplest possible admin: a handwritten model with a date hierarchy, filters and a search."""
    from django.contrib import admin
    from django.db import models
    from django_mongodb_backend.fields import ObjectIdAutoField
    from unfold.admin import ModelAdmin

    text = {name: models.TextField(null=True) for name in ("title", "company", "place", "source", "country_code")}
    times_of = {name: models.DateTimeField(null=True) for name in ("day", "scraped_at")}
    flags = {name: models.BooleanField(null=True) for name in ("remote", "hidden")}
    meta = type("Meta", (), {"managed": False, "db_table": "job_postings", "app_label": "market", "ordering": ["-pk"]})
    fields: dict[str, Any] = {"id": ObjectIdAutoField(primary_key=True), **text, **times_of, **flags}
    model = type("PlainPosting", (models.Model,), fields | {"Meta": meta, "__module__": "market.models"})
    options = {
        "list_display": COLUMNS,
        "list_filter": ("source", "remote", "country_code"),
        "search_fields": ("title",),
        "date_hierarchy": "day",
        "list_per_page": 50,
    }
    admin.site.register(model, type("PlainPostingAdmin", (ModelAdmin,), options))


def logged_in() -> Any:
    """Return a client that is logged in to the admin."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    user, _ = User.objects.get_or_create(username="benchmark", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    return client


def times(client: Any, address: str, *, rounds: int = ROUNDS) -> Times:
    """Request the page once to warm up, then measure it."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code, answer.headers)
    measured = Times()
    for _ in range(rounds):
        measured.measure(lambda: client.get(address))
    return measured


if __name__ == "__main__":
    sys.exit(main())
