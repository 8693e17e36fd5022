"""What tells people and orchestrators how the service is: `/`, `/health` (alive), `/health/ready` (able to serve)."""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from career_navigator.api.exceptions import RETRY_AFTER_SECONDS
from career_navigator.readiness import Check, run_readiness_checks


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
    authentication_classes = []
    permission_classes = [AllowAny]

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
    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []  # probes ask often, and whatever else is down

    @extend_schema(operation_id="health", summary="Whether the process is alive", responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        return Response({"status": "healthy", "app": settings.APP_NAME, "version": settings.APP_VERSION})


class ReadinessView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]
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
