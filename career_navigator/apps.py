"""App configs of the shared modules and of Django's own apps, and the registry of what all apps declare.

An app extends the shared modules through attributes of its `AppConfig` that map names to dotted paths. The paths are
imported on first use. Importing them in `ready()` would make up a fifth of what every command loads, and few commands
need them.

`staff_roles` maps a staff role to its permissions on the app's models. The permissions are codenames such as
"change_skill", and `*` matches any text. `manage.py seed` creates a group for each role.
"""

from functools import cache
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.contrib.auth.apps import AuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig
from django.core import checks
from django.db.models.signals import post_save
from django.utils.module_loading import import_string
from django_otp.plugins.otp_static.apps import DefaultConfig as StaticCodesConfig
from django_otp.plugins.otp_totp.apps import DefaultConfig as TotpConfig

# The attributes, and the object that each dotted path refers to.
KINDS = {
    "user_exports": "function that takes a user id and returns the user's data as JSON-compatible values",
    "user_erasures": "idempotent function that takes a user id and deletes or anonymizes the user's data",
    "seeds": "function that stores the entries of `fixtures/<name>.json`; raises ValueError for an invalid entry",
    "skill_merges": "idempotent function that takes the source skill's name, the target skill's name and the time",
    "duplicate_mergers": "function that merges duplicates in the collection of that name and returns their number",
    "readiness_checks": "function that returns a `Check` within a second; raising an unavailable error means not ok",
    "metrics": "function that yields metric families with names starting with `career_navigator_`, within a second",
    "dashboard_panels": "function that takes the time and yields cards and charts for the dashboard",
    "attention": "an `Attention`, which the dashboard counts and links to",
    "menu_pages": "a `MenuPage` of the admin, by its route name",
}


@cache
def get_declared(kind: str) -> dict[str, Any]:
    """Return the objects that all apps declare under an attribute, by name and in the order of the apps."""
    return {
        name: import_string(path)
        for config in apps.get_app_configs()
        for name, path in getattr(config, kind, {}).items()
    }


def load_declared() -> None:
    """Import all declared objects. Web servers call this before serving, and workers before forking."""
    for kind in KINDS:
        get_declared(kind)


# Tag of the checks for the spending of credits. `run` and `bootstrap` run only these checks.
SPENDING = "spending"
OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class CareerNavigatorConfig(AppConfig):
    """App config of the shared modules, which registers the MongoDB connection."""

    name = "career_navigator"
    verbose_name = "Operations"
    attention = {
        "failed_tasks": "career_navigator.admin_site.dashboard.FAILED_TASKS",
        "failed_logins": "career_navigator.admin_site.dashboard.FAILED_LOGINS",
    }
    menu_pages = {"schedule": "career_navigator.admin_site.dashboard.SCHEDULE"}

    # Curators can start some tasks, so they can view the outcomes.
    staff_roles = {"curator": ["view_taskrun"], "operator": ["view_*", "run_task"], "auditor": ["view_*"]}

    def ready(self) -> None:
        from career_navigator.db.connection import register_connection  # noqa: PLC0415 - needs configured apps

        register_connection()
        checks.register(_check_credit_budget, SPENDING)


def _check_credit_budget(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    if settings.DEMONSTRATION or settings.THEIR_STACK_CREDIT_BUDGET is not None:
        return []
    return [
        checks.Warning(
            "THEIR_STACK_API_KEY is set and THEIR_STACK_CREDIT_BUDGET is not: collections can spend all credits.",
            hint="Set THEIR_STACK_CREDIT_BUDGET to the maximum number of credits per calendar month.",
            id="career_navigator.W001",
        )
    ]


class MongoAdminConfig(SimpleAdminConfig):
    """App config of the admin, which loads the model admins with the URLs instead of in `ready()`.

    Commands, workers and beat do not need them and start in half the time.
    """

    default_auto_field = OBJECT_ID
    default_site = "career_navigator.admin_site.site.StaffSite"
    staff_roles = {"operator": ["view_logentry"], "auditor": ["view_*"]}

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_admin_pages, checks.Tags.admin)


def _check_admin_pages(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    admin.autodiscover()
    return list(check_admin_app(app_configs, **options))


class MongoAuthConfig(AuthConfig):
    """App config of Django's auth app, which names its users and groups staff accounts and roles."""

    default_auto_field = OBJECT_ID
    verbose_name = "Staff"
    staff_roles = {"auditor": ["view_user", "view_group"]}

    def ready(self) -> None:
        super().ready()
        from career_navigator.admin_site.roles import on_user_saved  # noqa: PLC0415 - needs models

        # "User" means a user of the platform, so Django's users get another name on all pages and in the menu.
        # Migrations are not affected, since they read a model's original options.
        for model, name in (("User", "staff account"), ("Group", "role")):
            opts = self.get_model(model)._meta
            opts.verbose_name, opts.verbose_name_plural = name, f"{name}s"

        post_save.connect(on_user_saved, sender="auth.User", dispatch_uid="first_password")


class MongoContentTypesConfig(ContentTypesConfig):
    """App config of Django's content types, with ObjectIds as primary keys."""

    default_auto_field = OBJECT_ID


class MongoTotpConfig(TotpConfig):
    """App config of the TOTP devices, with ObjectIds as primary keys."""

    default_auto_field = OBJECT_ID


class MongoStaticCodesConfig(StaticCodesConfig):
    """App config of the recovery codes, with ObjectIds as primary keys."""

    default_auto_field = OBJECT_ID
