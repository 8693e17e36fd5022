"""Ingestion's one endpoint: events that TheirStack sends."""

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from career_navigator.api.exceptions import QueueAway
from career_navigator.api.viewsets import PublicViewSet
from career_navigator.queueing import enqueue
from ingestion.serializers import WebhookAcceptedSerializer, WebhookEventSerializer
from ingestion.tasks import receive_webhook_event
from ingestion.webhooks import EventRejected, is_signed, parse_event

SIGNATURE_HEADER = "X-TheirStack-Signature-256"
# A job with a long description is some 20 kB.
MAX_EVENT_BYTES = 2_000_000


class WebhookViewSet(PublicViewSet):
    @extend_schema(
        parameters=[
            OpenApiParameter(
                SIGNATURE_HEADER,
                location=OpenApiParameter.HEADER,
                required=True,
                description="sha256= and the HMAC-SHA256 of the body under THEIR_STACK_WEBHOOK_SECRET, in hex.",
            )
        ]
    )
    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=WebhookEventSerializer,
        serializer_class=WebhookAcceptedSerializer,
        operation_id="theirstack_webhook",
        success_status=202,
        error_statuses=(403, 404),
    )
    def theirstack(self, request: Request) -> Response:
        """Accept a job that TheirStack has found or seen closed."""
        if not settings.THEIR_STACK_WEBHOOK_SECRET:
            raise NotFound("Webhooks are off: THEIR_STACK_WEBHOOK_SECRET is not set.")
        # The signature is over the body as it came, so it is read before anything parses it. Django refuses to read
        # more than DATA_UPLOAD_MAX_MEMORY_SIZE.
        body = request._request.body
        if len(body) > MAX_EVENT_BYTES:
            raise ValidationError({"payload": [f"The event is larger than {MAX_EVENT_BYTES} bytes."]})
        signature = request.headers.get(SIGNATURE_HEADER, "")
        if not is_signed(body=body, signature=signature, secret=settings.THEIR_STACK_WEBHOOK_SECRET):
            raise PermissionDenied(f"{SIGNATURE_HEADER} does not fit the body.")
        self.body_serializer.is_valid(raise_exception=True)
        try:
            parse_event(body)
        except EventRejected as error:
            raise ValidationError({"payload": [str(error)]}) from error
        # A worker stores it, so that the answer comes at once. As text: what stands between this and the task (JSON,
        # pickle) has limits of depth of its own.
        if not enqueue(receive_webhook_event, body.decode()):
            raise QueueAway("A server this depends on is not available; try again shortly.")
        return Response(self.get_serializer({"status": "accepted"}).data, status=202)
