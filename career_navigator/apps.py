"""App configs: our shared modules, and Django's own apps fitted to MongoDB, whose primary keys are ObjectIds."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.apps import AuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig
from django_otp.plugins.otp_static.apps import DefaultConfig as StaticCodesConfig
from django_otp.plugins.otp_totp.apps import DefaultConfig as TotpConfig

OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class CareerNavigatorConfig(AppConfig):
    """The shared modules as an app: their commands, and the connection that every document uses."""

    name = "career_navigator"
    verbose_name = "Operations"

    def ready(self) -> None:
        from career_navigator.connection import register_connection

        register_connection()


class MongoAdminConfig(AdminConfig):
    default_auto_field = OBJECT_ID
    default_site = "career_navigator.staff.site.StaffSite"


class MongoAuthConfig(AuthConfig):
    default_auto_field = OBJECT_ID
    verbose_name = "Staff"


class MongoContentTypesConfig(ContentTypesConfig):
    default_auto_field = OBJECT_ID


class MongoTotpConfig(TotpConfig):
    default_auto_field = OBJECT_ID


class MongoStaticCodesConfig(StaticCodesConfig):
    default_auto_field = OBJECT_ID
