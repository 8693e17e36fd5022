"""App configs: our shared modules, Django's own apps fitted to MongoDB, and what the configs of all apps declare.

An app adds to the shared parts by attributes of its `AppConfig` that map names to dotted paths. The paths are imported
when a part first asks. Imported when Django is set up, they would be a fifth of what every command loads, mostly for
nothing.

`staff_roles` maps a role of the staff to the permissions that it has on the models of the app: names such as
"change_skill", with `*` for any text. `manage.py seed` makes a group of each role.
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

# What each attribute leads to.
KINDS = {
    "user_exports": "takes a user's id and returns what is stored about the user, in a form that JSON can have",
    "user_erasures": "takes a user's id and removes that, or what ties it to the user; harmless when called again",
    "seeds": "stores the entries of `fixtures/<name>.json`; raises ValueError for one that cannot be stored",
    "skill_merges": "takes the name of the skill that goes, that of the other one, the time; harmless when repeated",
    "duplicate_mergers": "merges what is stored twice in the collection of that name; returns how many documents",
    "readiness_checks": "returns a `Check`, within a second; one that raises because a server is unavailable is not ok",
    "metrics": "yields metric families whose names begin with `career_navigator_`, within a second",
    "dashboard_panels": "takes the time and yields the cards and charts of the dashboard",
    "attention": "an `Attention`, which the dashboard counts and links to",
    "menu_pages": "a `MenuPage` of the admin, by the name of its route",
}


@cache
def get_declared(kind: str) -> dict[str, Any]:
    """Return what the apps declare under an attribute, by name, in the order of the apps."""
    return {
        name: import_string(path)
        for config in apps.get_app_configs()
        for name, path in getattr(config, kind, {}).items()
    }


def load_declared() -> None:
    """Import all of it: servers and workers do so before they answer or fork."""
    for kind in KINDS:
        get_declared(kind)


# The tag of checks of what the settings let be spent; `manage.py run` runs these alone.
SPENDING = "spending"
OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class CareerNavigatorConfig(AppConfig):
    """The shared modules as an app: their commands, and the connection that every document uses."""

    name = "career_navigator"
    verbose_name = "Operations"
    attention = {
        "failed_tasks": "career_navigator.admin_site.dashboard.FAILED_TASKS",
        "failed_logins": "career_navigator.admin_site.dashboard.FAILED_LOGINS",
    }
    menu_pages = {"schedule": "career_navigator.admin_site.dashboard.SCHEDULE"}

    # A curator sees the outcome of the task that a curator may start.
    staff_roles = {"curator": ["view_taskrun"], "operator": ["view_*", "run_task"], "auditor": ["view_*"]}

    def ready(self) -> None:
        from career_navigator.db.connection import register_connection

        register_connection()
        checks.register(_check_credit_budget, SPENDING)


def _check_credit_budget(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    if settings.DEMONSTRATION or settings.THEIR_STACK_CREDIT_BUDGET is not None:
        return []
    return [
        checks.Warning(
            "THEIR_STACK_API_KEY is set and THEIR_STACK_CREDIT_BUDGET is not: collections may spend every credit.",
            hint="Set THEIR_STACK_CREDIT_BUDGET to the credits of a calendar month.",
            id="career_navigator.W001",
        )
    ]


class MongoAdminConfig(SimpleAdminConfig):
    """The admin, whose pages are loaded with the URLs: commands, workers and beat start in half the time without."""

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
    default_auto_field = OBJECT_ID
    verbose_name = "Staff"
    staff_roles = {"auditor": ["view_user", "view_group"]}

    def ready(self) -> None:
        super().ready()
        from career_navigator.admin_site.roles import on_user_saved

        # Users of the platform are called users; these are others. Every page and the menu take the name from here,
        # and migrations do not: they read the options that a model was written with.
        for model, name in (("User", "staff account"), ("Group", "role")):
            opts = self.get_model(model)._meta
            opts.verbose_name, opts.verbose_name_plural = name, f"{name}s"

        post_save.connect(on_user_saved, sender="auth.User", dispatch_uid="first_password")


class MongoContentTypesConfig(ContentTypesConfig):
    default_auto_field = OBJECT_ID


class MongoTotpConfig(TotpConfig):
    default_auto_field = OBJECT_ID


class MongoStaticCodesConfig(StaticCodesConfig):
    default_auto_field = OBJECT_ID
