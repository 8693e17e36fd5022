"""App configs: our shared modules, and Django's own apps fitted to MongoDB, whose primary keys are ObjectIds."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.contrib.auth.apps import AuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig
from django.core import checks
from django.db.models.signals import post_save
from django_otp.plugins.otp_static.apps import DefaultConfig as StaticCodesConfig
from django_otp.plugins.otp_totp.apps import DefaultConfig as TotpConfig

# The tag of checks of what the settings let be spent; `manage.py run` runs these alone.
SPENDING = "spending"
OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class CareerNavigatorConfig(AppConfig):
    """The shared modules as an app: their commands, and the connection that every document uses."""

    name = "career_navigator"
    verbose_name = "Operations"

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

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_admin_pages, checks.Tags.admin)


def _check_admin_pages(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    admin.autodiscover()
    return list(check_admin_app(app_configs, **options))


class MongoAuthConfig(AuthConfig):
    default_auto_field = OBJECT_ID
    verbose_name = "Staff"

    def ready(self) -> None:
        super().ready()
        from career_navigator.admin_site.roles import on_user_saved

        post_save.connect(on_user_saved, sender="auth.User", dispatch_uid="first_password")


class MongoContentTypesConfig(ContentTypesConfig):
    default_auto_field = OBJECT_ID


class MongoTotpConfig(TotpConfig):
    default_auto_field = OBJECT_ID


class MongoStaticCodesConfig(StaticCodesConfig):
    default_auto_field = OBJECT_ID
