"""Compare the admin's list of postings with that of a plain, unmanaged Django model with the same theme.

python -m benchmarks.admin [--postings N] [--keep DIRECTORY]
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks.posting_set import store_generated_postings
from benchmarks.report import Report, Times, format_milliseconds
from benchmarks.servers import start_servers, use_database

ROUNDS = 5
COLUMNS = ("title", "company", "place", "day", "source", "remote", "hidden")
ADMIN_PATH, PLAIN_PATH = "/admin/market/jobposting/", "/admin/market/plainposting/"


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postings", type=int, default=200_000, help="default: %(default)s")
    parser.add_argument(
        "--keep", type=Path, help="keep the data in this directory, so that a second run does not load it again"
    )
    parser.add_argument(
        "--cache-gb", type=float, default=2.0, help="size of MongoDB's cache in GB (default: %(default)s)"
    )
    arguments = parser.parse_args()
    with start_servers(keep=arguments.keep, cache_gb=arguments.cache_gb):
        return compare_lists(arguments.postings).show()


def compare_lists(count: int) -> Report:
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
        store_generated_postings(count=count, now=timezone.now())
    register_plain_admin()
    client = log_in()
    report = Report(f"Admin list of {count:,} postings, compared with a plain ModelAdmin of an unmanaged model")
    role = database().known_roles.find().sort("_id", 1)[0]["_id"]
    last_page = -(-database().job_postings.estimated_document_count() // 50)
    for label, query, plain_query, target in (
        ("the first page", "", "", 20),
        ("the last page", f"?p={last_page}", f"?p={last_page}", 20),
        ("filtered by country", "?country=US", "?country_code=US", 8),
        ("filtered by source", "?source=theirstack", "?source=theirstack", 8),
        ("filtered by remote", "?remote=yes", "?remote__exact=1", 8),
        ("search for a word", "?q=python", "?q=python", 5),
        ("search for two words", "?q=senior+engineer", "?q=senior+engineer", 5),
    ):
        admin_times, plain_times = (
            measure_page(client, ADMIN_PATH + query),
            measure_page(client, PLAIN_PATH + plain_query, rounds=3),
        )
        ratio = plain_times.median / admin_times.median
        report.add_value(f"{label}, plain list", format_milliseconds(plain_times.median))
        report.require_at_least(
            label,
            ratio,
            target,
            measured=f"{format_milliseconds(admin_times.median)} = 1/{ratio:.1f}",
            target_text=f"at most 1/{target}",
        )
    report.add_value(
        f"filtered by role ({role})", format_milliseconds(measure_page(client, f"{ADMIN_PATH}?role={role}").median)
    )
    report.add_value(
        "a page in the middle", format_milliseconds(measure_page(client, f"{ADMIN_PATH}?p={last_page // 2}").median)
    )
    report.add_value(
        "search for a rare word", format_milliseconds(measure_page(client, f"{ADMIN_PATH}?q=kotlin").median)
    )
    return report


def register_plain_admin() -> None:
    """Register the simplest possible admin: a handwritten model with a date hierarchy, filters and a search."""
    from django.contrib import admin
    from django.db import models
    from django_mongodb_backend.fields import ObjectIdAutoField
    from unfold.admin import ModelAdmin

    text_fields = {
        name: models.TextField(null=True) for name in ("title", "company", "place", "source", "country_code")
    }
    datetime_fields = {name: models.DateTimeField(null=True) for name in ("day", "scraped_at")}
    flag_fields = {name: models.BooleanField(null=True) for name in ("remote", "hidden")}
    meta = type("Meta", (), {"managed": False, "db_table": "job_postings", "app_label": "market", "ordering": ["-pk"]})
    fields: dict[str, Any] = {
        "id": ObjectIdAutoField(primary_key=True),
        **text_fields,
        **datetime_fields,
        **flag_fields,
    }
    model = type("PlainPosting", (models.Model,), fields | {"Meta": meta, "__module__": "market.models"})
    options = {
        "list_display": COLUMNS,
        "list_filter": ("source", "remote", "country_code"),
        "search_fields": ("title",),
        "date_hierarchy": "day",
        "list_per_page": 50,
    }
    admin.site.register(model, type("PlainPostingAdmin", (ModelAdmin,), options))


def log_in() -> Any:
    """Return a client that is logged in to the admin."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    user, _ = User.objects.get_or_create(username="benchmark", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    return client


def measure_page(client: Any, path: str, *, rounds: int = ROUNDS) -> Times:
    """Request the page once to warm up, then measure it."""
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code, response.headers)
    times = Times()
    for _ in range(rounds):
        times.measure(lambda: client.get(path))
    return times


if __name__ == "__main__":
    sys.exit(main())
