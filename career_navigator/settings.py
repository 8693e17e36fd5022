"""Django settings. Only this module reads the environment; `.env.example` documents each variable."""

import hashlib
import hmac
import os
from typing import Any
from urllib.parse import urlsplit

from celery.schedules import crontab
from corsheaders.defaults import default_headers
from kombu import Exchange, Queue

from career_navigator.admin_site.theme import TEMPLATES_DIR, build_theme
from career_navigator.api.openapi_settings import OPENAPI_SETTINGS
from career_navigator.db.connection import build_client_options
from career_navigator.environment import (
    BOARD_SOURCES,
    THEIRSTACK,
    get_development_secret,
    parse_collection_schedule,
    read_environment,
    read_running_services,
)
from career_navigator.observability.logging_settings import build_logging_settings
from career_navigator.redis_urls import build_broker_options, build_broker_url

_env = read_environment()
VAR_DIR = _env.var_dir
_services = read_running_services(VAR_DIR)

APP_NAME = _env.app_name
APP_VERSION = _env.app_version
DEBUG = _env.debug
HOST = _env.host
PORT = _env.port
WEB_WORKERS = _env.web_workers
# More threads than this only wait for each other.
WEB_THREADS = _env.web_threads or max(4, 2 * (os.cpu_count() or 1) + 1)
REQUEST_BODY_TIMEOUT_SECONDS = _env.request_body_timeout_seconds
WORKER_PROCESSES = _env.worker_processes
METRICS_TOKEN = _env.metrics_token.get_secret_value()
# prometheus_client reads this variable on import. With it, the processes of a web server share metrics through files.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(VAR_DIR / "metrics"))

# Servers. The environment takes precedence, then the servers that `manage.py run` started, then the default URLs.
EMBEDDED_MONGODB = _env.mongodb_uri is None
EMBEDDED_REDIS = _env.redis_url is None
EMBEDDED_MONGODB_CACHE_GB = _env.embedded_mongodb_cache_gb
MONGODB_URI = _env.mongodb_uri or _services.get("mongodb_uri", "mongodb://localhost:27017/career_navigator")
REDIS_URL = _env.redis_url or _services.get("redis_url", "redis://localhost:6379/0")
MONGODB_DATABASE = urlsplit(MONGODB_URI).path.strip("/") or "career_navigator"
# Every response takes at most 5 s, so an unavailable server must be detected sooner.
MONGODB_TIMEOUT_SECONDS = 3
REDIS_TIMEOUT_SECONDS = 3

# Tokens
JWT_ALGORITHM = _env.jwt_algorithm
JWT_SECRET_KEY = _env.jwt_secret_key.get_secret_value() or get_development_secret(VAR_DIR, algorithm=JWT_ALGORITHM)
JWT_FORMER_KEYS = [key.get_secret_value() for key in _env.jwt_former_keys]
JWT_ACCESS_TOKEN_EXPIRE_MINUTES = _env.jwt_access_token_expire_minutes
JWT_REFRESH_TOKEN_EXPIRE_DAYS = _env.jwt_refresh_token_expire_days
JWT_REFRESH_GRACE_SECONDS = _env.jwt_refresh_grace_seconds
# One secret is enough: Django's secret key is derived from it by default.
SECRET_KEY = (
    _env.django_secret_key.get_secret_value()
    or hmac.new(JWT_SECRET_KEY.encode(), b"django", hashlib.sha512).hexdigest()
)

# Email. Without a mail server, development prints messages to the console. Production discards them, because they
# contain tokens.
EMAIL_HOST = _env.email_host
EMAIL_PORT = _env.email_port
EMAIL_HOST_USER = _env.email_host_user
EMAIL_HOST_PASSWORD = _env.email_host_password.get_secret_value()
EMAIL_USE_TLS = _env.email_use_tls
EMAIL_USE_SSL = _env.email_use_ssl
EMAIL_TIMEOUT = 15
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console' if DEBUG else 'dummy'}.EmailBackend"
DEFAULT_FROM_EMAIL = _env.default_from_email
PASSWORD_RESET_URL = _env.password_reset_url
PUBLIC_URL = _env.public_url or _services.get("public_url", "http://localhost:8000")

# Rate limits by scope; None means unlimited.
THROTTLES = {name.removeprefix("throttle_"): rate for name, rate in _env if name.startswith("throttle_")}
# Staff logins have the same rates, but are counted separately.
THROTTLES |= {f"staff_{name}": THROTTLES[name] for name in ("login_account", "login_address")}
TRUST_PROXY_HEADERS = _env.trust_proxy_headers

# TheirStack. Without an API key, requests go only to the fake TheirStack of `manage.py run`, never to the real API.
THEIR_STACK_API_KEY = _env.their_stack_api_key.get_secret_value()
# Free sources, by the names of their packages. SOURCE_BASE_URL replaces the hosts of all of them in tests.
SOURCES = ([THEIRSTACK] if THEIR_STACK_API_KEY else []) if _env.sources is None else _env.sources
INSTALLED_SOURCES = BOARD_SOURCES
SOURCE_CONTACT = _env.source_contact
SOURCE_BASE_URL = _env.source_base_url
DEMONSTRATION = not THEIR_STACK_API_KEY and not SOURCES
if DEMONSTRATION:
    THEIR_STACK_API_KEY = _services.get("stand_in_api_key", "")
    THEIR_STACK_BASE_URL = _services.get("stand_in_url", "")
else:
    THEIR_STACK_BASE_URL = _env.their_stack_base_url
THEIR_STACK_TIMEOUT = _env.their_stack_timeout
THEIR_STACK_MAX_RETRIES = _env.their_stack_max_retries
THEIR_STACK_RATE_LIMIT = _env.their_stack_rate_limit
THEIR_STACK_CREDIT_BUDGET = _env.their_stack_credit_budget
THEIR_STACK_WEBHOOK_SECRET = _env.their_stack_webhook_secret.get_secret_value()

# Collection
MAX_JOBS_PER_SEARCH = _env.max_jobs_per_search
JOB_DATA_RETENTION_DAYS = _env.job_data_retention_days
COLLECTION_LEASE_SECONDS = _env.collection_lease_seconds
FETCH_JOBS_WAIT_SECONDS = _env.fetch_jobs_wait_seconds

ALLOWED_HOSTS = _env.allowed_hosts
HTTPS_ONLY = (not DEBUG) if _env.https_only is None else _env.https_only
SECURE_SSL_REDIRECT = HTTPS_ONLY
# Probes and metrics scrapers use plain HTTP inside the network.
SECURE_REDIRECT_EXEMPT = [r"^health", r"^metrics/?$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS_ONLY
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY_HEADERS else None
CORS_ALLOWED_ORIGINS = _env.allowed_origins
# Front-end development servers use any free port, and some use a name under localhost. Apps in a web view have their
# own URL schemes.
CORS_ALLOWED_ORIGIN_REGEXES = (
    [
        r"https?://(([a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?\Z",
        r"(capacitor|ionic|tauri)://localhost\Z",
    ]
    if DEBUG
    else []
)
# The API uses tokens. Only the admin uses cookies, and no other origin may read the admin.
CORS_URLS_REGEX = r"^/(?!admin)"
CORS_ALLOW_HEADERS = [*default_headers, "if-match", "if-none-match", "x-request-id"]
CORS_EXPOSE_HEADERS = [
    *("Content-Disposition", "ETag", "Ignored-Fields", "Location", "Retry-After", "WWW-Authenticate", "X-Request-ID")
]

INSTALLED_APPS = [
    # The theme must precede the admin, because it overrides the admin's templates. The site class is our own.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "import_export",
    "career_navigator.apps.MongoAdminConfig",
    "career_navigator.apps.MongoAuthConfig",
    "career_navigator.apps.MongoContentTypesConfig",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_otp",
    "career_navigator.apps.MongoTotpConfig",
    "career_navigator.apps.MongoStaticCodesConfig",
    "rest_framework",
    "corsheaders",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "career_navigator.apps.CareerNavigatorConfig",
    "skills",
    "market",
    "accounts",
    "learning",
    "projects",
    "ingestion",
]

# Every request pays for each middleware, so AdminMiddleware runs the admin's middleware only for the admin's paths.
MIDDLEWARE = [
    "career_navigator.observability.middleware.RequestMiddleware",
    "career_navigator.compression.CompressionMiddleware",
    "career_navigator.cache.responses.ResponseCacheMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "career_navigator.admin_site.middleware.AdminMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "career_navigator.urls"
WSGI_APPLICATION = "career_navigator.wsgi.application"
APPEND_SLASH = False  # routes accept paths with and without a trailing slash

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [TEMPLATES_DIR],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                *("django.template.context_processors.request", "django.contrib.auth.context_processors.auth"),
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Django's own tables are in MongoDB too, through MongoDB's official Django backend.
DATABASES = {
    "default": {
        "ENGINE": "career_navigator.db.backend",
        "HOST": MONGODB_URI,
        "NAME": MONGODB_DATABASE,
        "OPTIONS": build_client_options(uri=MONGODB_URI, timeout_seconds=MONGODB_TIMEOUT_SECONDS),
    }
}
DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
DATABASE_ROUTERS = ["django_mongodb_backend.routers.MongoRouter"]
MIGRATION_MODULES = {
    app: f"career_navigator.db.migrations.{app}" for app in ("admin", "auth", "contenttypes", "otp_static", "otp_totp")
}
SILENCED_SYSTEM_CHECKS = [
    "admin.E408",  # AdminMiddleware runs the authentication, message and session middleware
    "admin.E409",
    "admin.E410",
    "security.W003",  # only the admin has forms, and AdminMiddleware checks CSRF tokens; the API uses no cookies
    "security.W019",  # XFrameOptionsMiddleware blocks all frames, because X_FRAME_OPTIONS defaults to DENY
]

# `manage.py bootstrap` runs each migration once, in this order, and records its name. Append new migrations at the end.
DATA_MIGRATIONS = {
    "0001_email_domains": "accounts.migrations.normalize_emails",
    "0002_experience_levels": "accounts.migrations.map_experience_levels",
    "0003_posting_keys": "market.jobs.services.reindex_postings",
    "0004_task_runs": "career_navigator.db.bootstrap.migrate_task_runs",
    "0005_vocabulary_version": "skills.services.drop_vocabulary_counter",
    "0006_posting_pay": "market.jobs.services.reindex_postings",
    "0007_canonical_roles": "market.role_services.migrate_roles",
    "0008_collected_roles": "ingestion.collected_roles.canonicalize_collected_roles",
    "0009_near_copies": "market.copy_groups.group_stored_postings",
    "0010_role_external_ids": "market.role_services.add_external_ids",
}

CACHES = {
    "default": {
        "BACKEND": "career_navigator.db.connection.SharedRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"serializer": "career_navigator.db.connection.JSONCacheSerializer"},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
SESSION_COOKIE_PATH = "/admin"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_PATH = "/admin"
# Redirect target after a login whose `next` is not a page of this site.
LOGIN_REDIRECT_URL = "/admin/"
CSRF_FAILURE_VIEW = "career_navigator.api.exceptions.csrf_failure"
PASSWORD_HASHERS = ["career_navigator.throttling.PasswordHasher"]
AUTHENTICATION_BACKENDS = ["career_navigator.admin_site.roles.StaffBackend"]
# The last two validators check only staff accounts.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.credentials.StrengthValidator"},
    {"NAME": "accounts.credentials.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

# Two-factor authentication of staff
ADMIN_REQUIRE_TOTP = _env.admin_require_totp
OTP_TOTP_ISSUER = APP_NAME

UNFOLD = build_theme(title=APP_NAME.removesuffix(" API"))

# Import and export of curated data. An uploaded file is stored in the cache, where every web process can read it, until
# the import is confirmed.
IMPORT_EXPORT_TMP_STORAGE_CLASS = "import_export.tmp_storages.CacheStorage"
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"

REST_FRAMEWORK = {
    # A public endpoint sets `authentication_classes = []` and `permission_classes = [AllowAny]`.
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["career_navigator.throttling.RequestThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["career_navigator.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["career_navigator.api.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "career_navigator.api.renderers.JSONNegotiation",
    "DEFAULT_SCHEMA_CLASS": "career_navigator.api.openapi.ViewSchema",
    "EXCEPTION_HANDLER": "career_navigator.api.exceptions.exception_handler",
    "UNAUTHENTICATED_USER": None,
    # Serializers return datetimes and dates, and the renderer formats them.
    "DATETIME_FORMAT": None,
    "DATE_FORMAT": None,
}

SPECTACULAR_SETTINGS = {"TITLE": APP_NAME, "VERSION": APP_VERSION, **OPENAPI_SETTINGS}

# Celery. career_navigator/celery.py reads all settings with the prefix CELERY_.
BROKER_ADDRESS = _env.celery_broker_url or REDIS_URL
CELERY_BROKER_URL = build_broker_url(BROKER_ADDRESS)
CELERY_TASK_DEFAULT_QUEUE = "default"
# Collecting a role takes minutes, as do some maintenance tasks. Emails and uploads must not wait for them, so another
# worker consumes `collect` and `maintenance`. Tasks queued by an earlier release are in `celery`, which is consumed for
# one more release.
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name), name) for name in ("mail", "default", "collect", "maintenance", "celery")
]
CELERY_TASK_ROUTES = {
    "ingestion.tasks.collect_role": {"queue": "collect"},
    "ingestion.tasks.collect_board": {"queue": "collect"},
    "ingestion.tasks.clean_up": {"queue": "maintenance"},
    "learning.tasks.check_links": {"queue": "maintenance"},
    "market.tasks.check_daily_stats": {"queue": "maintenance"},
    "market.tasks.reread_skills": {"queue": "maintenance"},
    "accounts.tasks.send_*": {"queue": "mail"},
    "career_navigator.tasks.send_*": {"queue": "mail"},
    "accounts.searches.tasks.send_digest": {"queue": "mail"},
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 25 * 60
CELERY_TASK_TIME_LIMIT = 30 * 60
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **build_broker_options(BROKER_ADDRESS, timeout_seconds=REDIS_TIMEOUT_SECONDS),
    # Redis only: seconds after which an unacknowledged task is redelivered. Must exceed CELERY_TASK_TIME_LIMIT.
    "visibility_timeout": 60 * 60,
    # A request that queues a task fails soon if the broker is unavailable.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}
# Workers and beat retry to connect to the broker without a limit, also on startup.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A task survives a lost connection. `worker_consumer` acknowledges the task over the next connection, and counts it as
# prefetched. Celery's own reduction of the prefetch count would count it a second time.
CELERY_WORKER_CONSUMER = "career_navigator.worker_consumer:Consumer"
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = False
CELERY_TIMEZONE = _env.time_zone
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
# Times are in the TIME_ZONE of the environment. A task that is due at most daily runs once to catch up on missed runs.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "collect the target roles of users": {
        "task": "ingestion.tasks.collect_daily",
        "schedule": parse_collection_schedule(_env.job_collection_schedule),
    },
    "collect boards that are due": {"task": "ingestion.tasks.collect_boards", "schedule": crontab(minute="40")},
    "delete postings past retention on Sunday": {
        "task": "ingestion.tasks.clean_up",
        "schedule": crontab(minute="0", hour="3", day_of_week="sun"),
    },
    "check the daily stats against the postings": {
        "task": "market.tasks.check_daily_stats",
        "schedule": crontab(minute="30", hour="4"),
    },
    "check the links of resources on Monday": {
        "task": "learning.tasks.check_links",
        "schedule": crontab(minute="0", hour="5", day_of_week="mon"),
    },
    # This runs after the daily collection. Weekly digests are due from Monday, so they are sent on Monday, or on the
    # first later day on which this task runs.
    "send saved-search digests": {
        "task": "accounts.searches.tasks.queue_digests",
        "schedule": crontab(minute="0", hour="7"),
    },
    # The UTC offset of every time zone is a multiple of 15 minutes. So in every zone one run is at midnight UTC, when
    # the windows move by one day. The other runs process days that a crash left unfinished.
    "refresh the daily stats": {"task": "market.tasks.refresh_daily_stats", "schedule": crontab(minute="*/15")},
    "finish interrupted erasures": {"task": "accounts.tasks.finish_erasures", "schedule": crontab(minute="17")},
    "retry interrupted uploads": {"task": "accounts.resumes.tasks.take_up_lost_uploads", "schedule": crontab("*/5")},
    "run missed tasks": {
        "task": "career_navigator.tasks.run_missed_tasks",
        "schedule": crontab(minute="*/5"),
        # The next run replaces this one.
        "options": {"expires": 5 * 60},
    },
    "resume interrupted runs": {"task": "ingestion.tasks.resume_runs", "schedule": crontab()},
}
for _entry in CELERY_BEAT_SCHEDULE.values():
    # `background.Task` records runs that have this header.
    _entry.setdefault("options", {})["headers"] = {"scheduled": True}

# Times are stored and computed in UTC. Only the task schedule uses the TIME_ZONE of the environment.
TIME_ZONE = "UTC"
USE_I18N = False
FORMAT_MODULE_PATH = "career_navigator.formats"

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"

LOG_LEVEL = _env.log_level
LOG_FORMAT = _env.log_format
LOGGING = build_logging_settings(level=LOG_LEVEL, log_format=LOG_FORMAT)
