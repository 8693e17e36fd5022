"""Views of the service itself: name and version at `/`, health checks, and the OpenAPI document."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from threading import Lock
from typing import Any

import pymongo
from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView
from kombu.exceptions import OperationalError
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from career_navigator.api.exceptions import RETRY_AFTER_SECONDS
from career_navigator.api.ignored import list_ignored, report_ignored
from career_navigator.api.renderers import JSONRenderer
from career_navigator.apps import get_declared
from career_navigator.cache.client import fail_fast_redis
from career_navigator.celery import HEARTBEAT_KEY, HEARTBEAT_TTL, count_waiting_tasks
from career_navigator.db.connection import database

# Seconds for MongoDB's ping and for each declared check, so that a response takes at most 5 s.
CHECK_TIMEOUT = 1.0
# This makes browsers block the fonts and the logo that the bundled pages would load from other hosts.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; worker-src blob:; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
)


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one readiness check, with a short explanation."""

    ok: bool
    detail: str


def run_readiness_checks() -> dict[str, Check]:
    """Run all readiness checks: MongoDB, Redis, the workers, the broker, and the checks declared by apps."""
    checks = {"mongodb": _check_mongodb(), **_check_redis_and_worker()}
    if settings.BROKER_ADDRESS != settings.REDIS_URL:
        checks["broker"] = _check_broker()
    for name, check in get_declared("readiness_checks").items():
        try:
            with pymongo.timeout(CHECK_TIMEOUT):
                checks[name] = check()
        except (PyMongoError, RedisError):
            checks[name] = Check(False, "could not be read")
    return checks


def _check_mongodb() -> Check:
    try:
        with pymongo.timeout(CHECK_TIMEOUT):
            database().command("ping")
    except PyMongoError:
        return Check(False, "does not respond")
    return Check(True, "responds")


def _check_broker() -> Check:
    try:
        return Check(True, f"{sum(count_waiting_tasks().values())} tasks are waiting")
    except OperationalError:
        return Check(False, "does not respond")


def _check_redis_and_worker() -> dict[str, Check]:
    try:
        heartbeat = fail_fast_redis().get(HEARTBEAT_KEY)
    except RedisError:
        return {"redis": Check(False, "does not respond"), "worker": Check(False, "unknown without Redis")}
    worker = Check(False, f"no heartbeat for {HEARTBEAT_TTL} s")
    if isinstance(heartbeat, bytes):
        worker = Check(True, f"last heartbeat: {heartbeat.decode()}")
    return {"redis": Check(True, "responds"), "worker": worker}


class RootSerializer(serializers.Serializer[None]):
    """The name, version and main paths of the service."""

    message = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    docs = serializers.CharField()
    redoc = serializers.CharField()
    openapi = serializers.CharField()
    health = serializers.CharField()


class HealthSerializer(serializers.Serializer[None]):
    """The result of the liveness probe."""

    status = serializers.CharField()
    app = serializers.CharField()
    version = serializers.CharField()


class CheckSerializer(serializers.Serializer[Check]):
    """The result of one readiness check."""

    ok = serializers.BooleanField()
    detail = serializers.CharField()


class ReadinessSerializer(serializers.Serializer[None]):
    """The results of all readiness checks."""

    status = serializers.ChoiceField(["ready", "unavailable"])
    detail = serializers.CharField()
    code = serializers.ChoiceField(["not_ready"], required=False, help_text="Present if the service is not ready.")
    checks = serializers.DictField(child=CheckSerializer())


class _PublicView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        finished: Response = super().finalize_response(request, response, *args, **kwargs)
        report_ignored(finished, list_ignored(request.query_params, ()))
        return finished


class RootView(_PublicView):
    """Name, version and links of the service at `/`."""

    @extend_schema(
        operation_id="root",
        summary="Show the service's name, version and links",
        responses=RootSerializer,
        tags=["health"],
        description="Start here: the response contains the paths of the API documentation and of the health check.",
    )
    def get(self, request: Request) -> Response:
        name, version = settings.APP_NAME, settings.APP_VERSION
        paths = {"docs": "/docs", "redoc": "/redoc", "openapi": "/openapi.json", "health": "/health"}
        return Response({"message": f"Welcome to {name}", "name": name, "version": version, **paths})


class HealthView(_PublicView):
    """The liveness probe at `/health`."""

    throttle_classes = []  # probes are frequent, and must work without Redis

    @extend_schema(
        operation_id="health",
        summary="Check that the process is alive",
        responses=HealthSerializer,
        description="Use this as a liveness probe, which restarts a process that hangs. It does not query MongoDB or "
        "Redis.",
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "healthy", "app": settings.APP_NAME, "version": settings.APP_VERSION})


class ReadinessView(_PublicView):
    """The readiness probe at `/health/ready`."""

    throttle_classes = []  # probes are frequent, and must work without Redis

    @extend_schema(
        operation_id="ready",
        summary="Check that all dependencies work",
        description="Use this as a readiness probe. The response has one entry per check. 503 tells a load balancer to "
        "send no requests to this process until all checks succeed.",
        responses={200: ReadinessSerializer, 503: ReadinessSerializer},
    )
    def get(self, request: Request) -> Response:
        checks = run_readiness_checks()
        failed = [name for name, check in checks.items() if not check.ok]
        body = {
            "status": "unavailable" if failed else "ready",
            "detail": f"Not ready: {', '.join(failed)}." if failed else "Ready.",
            "checks": {name: asdict(check) for name, check in checks.items()},
        }
        if failed:
            body["code"] = "not_ready"
            return Response(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        return Response(body)


class OpenApiView(_PublicView):
    """The OpenAPI document at `/openapi.json`."""

    throttle_classes = []  # the documentation pages load this document
    schema = None

    def get(self, request: Request) -> HttpResponse:
        with _openapi_lock:
            document = _render_openapi_document()
        return HttpResponse(document, content_type="application/json")


class _PageView(APIView):
    url_name = "openapi"

    def get_renderers(self) -> Sequence[BaseRenderer]:  # type: ignore[override]
        """Return the renderer of the page, or the JSON renderer for methods other than GET and HEAD."""
        return super().get_renderers() if self.request.method in ("GET", "HEAD") else [JSONRenderer()]

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response["Content-Security-Policy"] = PAGE_POLICY
        return super().finalize_response(request, response, *args, **kwargs)


class SwaggerView(_PageView, SpectacularSwaggerView):
    """Swagger UI at `/docs`."""


class RedocView(_PageView, SpectacularRedocView):
    """ReDoc at `/redoc`."""

    template_name = "career_navigator/redoc.html"


# drf-spectacular loads its extensions while it generates the document, and fails if two threads do this concurrently.
_openapi_lock = Lock()


@cache
def _render_openapi_document() -> bytes:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    document: bytes = OpenApiJsonRenderer().render(schema)
    return document
