"""What tells people and orchestrators how the service is: `/`, `/health` (alive), `/health/ready` (able to serve)."""

from collections.abc import Callable
from dataclasses import dataclass

import pymongo
from django.conf import settings
from drf_spectacular.utils import extend_schema
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from career_navigator import worker_heartbeat
from career_navigator.connection import database, quick_redis_client
from career_navigator.errors import RETRY_AFTER_SECONDS

# MongoDB's ping and each registered check may take this long, so that the answer comes within 5 s.
CHECK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """Whether one thing that serving depends on is well, and a few words on it."""

    ok: bool
    detail: str


_checks: dict[str, Callable[[], Check]] = {}


def register_readiness_check(*, name: str, check: Callable[[], Check]) -> None:
    """Add an app's check to `/health/ready`; called in `AppConfig.ready`.

    `check` takes nothing and reads within CHECK_SECONDS. One that raises because a server is away counts as not ok.
    """
    _checks[name] = check


def run_readiness_checks() -> dict[str, Check]:
    """Every check by name, MongoDB, Redis and the worker first."""
    checks = {"mongodb": _check_mongodb(), **_check_redis_and_worker()}
    for name, check in _checks.items():
        try:
            with pymongo.timeout(CHECK_SECONDS):
                checks[name] = check()
        except (PyMongoError, RedisError):
            checks[name] = Check(False, "could not be read")
    return checks


def _check_mongodb() -> Check:
    try:
        with pymongo.timeout(CHECK_SECONDS):
            database().command("ping")
    except PyMongoError:
        return Check(False, "does not answer")
    return Check(True, "answers")


def _check_redis_and_worker() -> dict[str, Check]:
    try:
        heartbeat = quick_redis_client().get(worker_heartbeat.KEY)
    except RedisError:
        return {"redis": Check(False, "does not answer"), "worker": Check(False, "unknown without Redis")}
    worker = (
        Check(True, f"{heartbeat.decode()} was alive")
        if isinstance(heartbeat, bytes)
        else Check(False, f"no sign of life for {worker_heartbeat.EXPIRY_SECONDS} s")
    )
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
    checks = serializers.DictField(child=CheckSerializer())


class RootView(APIView):
    @extend_schema(operation_id="root", summary="Name, version and where to go on", responses=RootSerializer)
    def get(self, request: Request) -> Response:
        return Response(
            {
                "message": f"Welcome to {settings.APP_NAME}",
                "name": settings.APP_NAME,
                "version": settings.APP_VERSION,
                "docs": "/docs",
                "redoc": "/redoc",
                "openapi": "/openapi.json",
                "health": "/health",
            }
        )


class HealthView(APIView):
    throttle_classes = []  # probes ask often, and whatever else is down

    @extend_schema(operation_id="health", summary="Whether the process is alive", responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        return Response({"status": "healthy", "app": settings.APP_NAME, "version": settings.APP_VERSION})


class ReadinessView(APIView):
    throttle_classes = []  # probes ask often, and whatever else is down

    @extend_schema(
        operation_id="ready",
        summary="Whether everything that serving depends on is well",
        responses={200: ReadinessSerializer, 503: ReadinessSerializer},
    )
    def get(self, request: Request) -> Response:
        checks = run_readiness_checks()
        down = [name for name, check in checks.items() if not check.ok]
        body = {
            "status": "unavailable" if down else "ready",
            "detail": f"Not ready: {', '.join(down)}." if down else "Ready.",
            "checks": {name: {"ok": check.ok, "detail": check.detail} for name, check in checks.items()},
        }
        if down:
            return Response(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        return Response(body)
