"""The service's own pages: what it is, whether it is well, and its OpenAPI document.

`/` says what it is, `/health` that it is alive, `/health/ready` that it can serve.
"""

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
from career_navigator.celery import HEARTBEAT_KEY, HEARTBEAT_TTL
from career_navigator.db.connection import database

# For MongoDB's ping and for each declared check, so that the answer comes within 5 s.
CHECK_TIMEOUT = 1.0
# Whatever the bundled pages would fetch from elsewhere (fonts, a logo) is refused by the browser.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; worker-src blob:; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
)


@dataclass(frozen=True, slots=True)
class Check:
    """Whether one thing that serving depends on works, and a few words on it."""

    ok: bool
    detail: str


def run_readiness_checks() -> dict[str, Check]:
    """Run every check, MongoDB, Redis and the worker first."""
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
        return Check(False, "does not answer")
    return Check(True, "answers")


def _check_broker() -> Check:
    """Check the broker where it is not the Redis that is checked already."""
    from career_navigator.celery import count_waiting_tasks

    try:
        return Check(True, f"{sum(count_waiting_tasks().values())} tasks wait")
    except OperationalError:
        return Check(False, "does not answer")


def _check_redis_and_worker() -> dict[str, Check]:
    try:
        heartbeat = fail_fast_redis().get(HEARTBEAT_KEY)
    except RedisError:
        return {"redis": Check(False, "does not answer"), "worker": Check(False, "unknown without Redis")}
    worker = Check(False, f"no sign of life for {HEARTBEAT_TTL} s")
    if isinstance(heartbeat, bytes):
        worker = Check(True, f"{heartbeat.decode()} was alive")
    return {"redis": Check(True, "answers"), "worker": worker}


class RootSerializer(serializers.Serializer[None]):
    message = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    docs = serializers.CharField()
    redoc = serializers.CharField()
    openapi = serializers.CharField()
    health = serializers.CharField()


class HealthSerializer(serializers.Serializer[None]):
    status = serializers.CharField()
    app = serializers.CharField()
    version = serializers.CharField()


class CheckSerializer(serializers.Serializer[Check]):
    ok = serializers.BooleanField()
    detail = serializers.CharField()


class ReadinessSerializer(serializers.Serializer[None]):
    status = serializers.ChoiceField(["ready", "unavailable"])
    detail = serializers.CharField()
    code = serializers.ChoiceField(["not_ready"], required=False, help_text="Where it is not ready.")
    checks = serializers.DictField(child=CheckSerializer())


class _PublicView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        finished: Response = super().finalize_response(request, response, *args, **kwargs)
        report_ignored(finished, list_ignored(request.query_params, ()))
        return finished


class RootView(_PublicView):
    @extend_schema(
        operation_id="root",
        summary="Name, version and where to go on",
        responses=RootSerializer,
        tags=["health"],
        description="The first thing to ask: it names the pages of this API's documentation.",
    )
    def get(self, request: Request) -> Response:
        name, version = settings.APP_NAME, settings.APP_VERSION
        paths = {"docs": "/docs", "redoc": "/redoc", "openapi": "/openapi.json", "health": "/health"}
        return Response({"message": f"Welcome to {name}", "name": name, "version": version, **paths})


class HealthView(_PublicView):
    throttle_classes = []  # probes ask often, and no matter what else is down

    @extend_schema(
        operation_id="health",
        summary="Whether the process is alive",
        responses=HealthSerializer,
        description="Asks nothing of MongoDB and Redis: for a probe that restarts a process that hangs.",
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "healthy", "app": settings.APP_NAME, "version": settings.APP_VERSION})


class ReadinessView(_PublicView):
    throttle_classes = []  # probes ask often, and no matter what else is down

    @extend_schema(
        operation_id="ready",
        summary="Whether everything that serving depends on is well",
        description="With a line for each check. 503 takes the process out of a load balancer until all are well.",
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
    throttle_classes = []  # the pages load it
    schema = None

    def get(self, request: Request) -> HttpResponse:
        with _generating:
            document = _openapi_document()
        return HttpResponse(document, content_type="application/json")


class _PageView(APIView):
    url_name = "openapi"

    def get_renderers(self) -> Sequence[BaseRenderer]:  # type: ignore[override]
        """Return the page's renderer; what answers other methods than GET is no page."""
        return super().get_renderers() if self.request.method in ("GET", "HEAD") else [JSONRenderer()]

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response["Content-Security-Policy"] = PAGE_POLICY
        return super().finalize_response(request, response, *args, **kwargs)


class SwaggerView(_PageView, SpectacularSwaggerView):
    pass


class RedocView(_PageView, SpectacularRedocView):
    template_name = "career_navigator/redoc.html"


# drf-spectacular loads its extensions while it generates: two threads that begin at once make it fail.
_generating = Lock()


@cache
def _openapi_document() -> bytes:
    """Generated once a process: the endpoints do not change while it runs."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    document: bytes = OpenApiJsonRenderer().render(schema)
    return document
