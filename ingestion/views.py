"""Views of the endpoints under /jobs/fetch_jobs and of the TheirStack webhook."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from mongoengine import QuerySet
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from career_navigator.api.exceptions import QueueUnavailable
from career_navigator.api.permissions import IsSelf
from career_navigator.api.viewsets import DocumentViewSet, PublicViewSet
from career_navigator.cache.client import is_available
from career_navigator.celery import enqueue
from career_navigator.observability.middleware import with_fresh_deadline
from career_navigator.throttling import rate_limited
from ingestion import serializers
from ingestion.documents import OPEN_RUN_STATUSES, CollectionRunDocument
from ingestion.fetching import (
    NO_CREDIT,
    FetchCriteria,
    build_criteria,
    find_stored_jobs,
    get_filter,
    get_notice,
    is_fresh,
    start_fetch,
    wait_for_first_page,
)
from ingestion.runs import cancel_run, find_open_run
from ingestion.source import BudgetSpentError, CollectionHaltedError
from ingestion.tasks import queue_run, receive_webhook_event
from ingestion.webhooks import EventRejected, is_signed, parse_event
from market.jobs.filters import JobFilter
from market.jobs.listings import JobListing

SIGNATURE_HEADER = "X-TheirStack-Signature-256"
# A job with a long description takes about 20 kB.
MAX_EVENT_BYTES = 2_000_000


class WebhookViewSet(PublicViewSet):
    """Receiver of TheirStack's webhook events."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                SIGNATURE_HEADER,
                location=OpenApiParameter.HEADER,
                required=True,
                description="`sha256=` and the body's HMAC-SHA256 with THEIR_STACK_WEBHOOK_SECRET, in hexadecimal.",
            )
        ]
    )
    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=serializers.WebhookEventSerializer,
        serializer_class=serializers.WebhookAcceptedSerializer,
        operation_id="theirstack_webhook",
        success_status=202,
        error_statuses=(403, 404),
    )
    def theirstack(self, request: Request) -> Response:
        """Accept a new or closed job from TheirStack.

        Only TheirStack can use this endpoint, because the signature must match the body. Returns 404 unless
        THEIR_STACK_WEBHOOK_SECRET is set. A worker stores the job after the response.
        """
        if not settings.THEIR_STACK_WEBHOOK_SECRET:
            raise NotFound("Webhooks are disabled because THEIR_STACK_WEBHOOK_SECRET is not set.", "webhooks_off")
        # The signature covers the raw body, so the body is read before anything parses it. Django rejects bodies above
        # DATA_UPLOAD_MAX_MEMORY_SIZE.
        body = request._request.body
        if len(body) > MAX_EVENT_BYTES:
            raise ValidationError({"payload": [f"The event must have at most {MAX_EVENT_BYTES} bytes."]}, "too_large")
        signature = request.headers.get(SIGNATURE_HEADER, "")
        if not is_signed(body=body, signature=signature, secret=settings.THEIR_STACK_WEBHOOK_SECRET):
            raise PermissionDenied(f"{SIGNATURE_HEADER} does not match the body.", "signature_invalid")
        self.body_serializer.is_valid(raise_exception=True)
        try:
            parse_event(body)
        except EventRejected as error:
            raise ValidationError({"payload": [str(error)]}) from error
        # The event is queued as text, because the serializers on its way to the worker (JSON, pickle) have nesting
        # limits of their own.
        if not enqueue(receive_webhook_event, body.decode()):
            raise QueueUnavailable("The event cannot be queued at the moment. Try again shortly.")
        return Response(self.get_serializer({"status": "accepted"}).data, status=202)


_QUEUE_UNAVAILABLE = "Jobs cannot be fetched at the moment. Try again shortly."


class FetchJobsViewSet(DocumentViewSet):
    """Viewset that fetches jobs from TheirStack for the current user."""

    document = CollectionRunDocument
    permission_classes = [IsAuthenticated, IsSelf]
    serializer_class = serializers.FetchedJobsSerializer
    item_list = "jobs"
    action_options = {
        "create": {
            "request_serializer_class": serializers.FetchJobsSerializer,
            "operation_id": "jobs_fetch",
            "success_status": (200, 202),
        },
        "retrieve": {"operation_id": "jobs_fetch_run"},
    }
    lookup_url_kwarg = "run_id"
    not_found_code = "run_not_found"

    def get_queryset(self) -> QuerySet:
        return super().get_queryset().filter(requested_by=self.current_user.id)

    def create(self, request: Request) -> Response:
        """Fetch jobs for a profile.

        Collects the profile's first 3 roles in its first 5 places, unless that was done within a day, and returns the
        stored jobs. Returns 202 if no page was stored in time: poll the run's `address` for its state and the jobs.
        """
        criteria = build_criteria(user=self.current_user, overrides=self.body)
        if not criteria.roles:
            message = "Enter at least one role, because the profile has none."
            raise ValidationError({"desired_job_role": [message]}, "no_target_roles")
        now = timezone.now()
        if is_fresh(criteria=criteria, now=now):
            return self._respond(criteria.job_filter, notice=criteria.notice, now=now)
        try:
            run = self._get_or_start_run(criteria, now=now)
        except (BudgetSpentError, CollectionHaltedError):
            return self._respond(criteria.job_filter, notice=NO_CREDIT, now=now)
        run = wait_for_first_page(run=run, seconds=settings.FETCH_JOBS_WAIT_SECONDS)
        response = with_fresh_deadline(
            lambda: self._respond(criteria.job_filter, run=run, notice=criteria.notice, now=timezone.now())
        )
        if not run.pages and run.status in OPEN_RUN_STATUSES:
            response.status_code = 202
            response["Location"] = response.data["run"]["address"]
        return response

    def retrieve(self, request: Request, run_id: str) -> Response:
        """Return the state of a run, and the jobs stored so far.

        Only the user who requested the run can see it.
        """
        run = self.get_object()
        return self._respond(get_filter(run=run), run=run, now=timezone.now())

    def _get_or_start_run(self, criteria: FetchCriteria, *, now: datetime) -> CollectionRunDocument:
        """Return the user's open run for the criteria, or start and queue a new one.

        Raises CollectionHaltedError, BudgetSpentError, QueueUnavailable and Throttled.
        """
        user_id = self.current_user.pk
        # Repeating a request does not start another run.
        run = find_open_run(requested_by=str(user_id), roles=criteria.roles, places=criteria.places)
        if run is not None:
            return run
        if not is_available():
            raise QueueUnavailable(_QUEUE_UNAVAILABLE)
        with rate_limited(("fetch_jobs", str(user_id))):
            fetch = start_fetch(criteria=criteria, user_id=user_id, now=now)
            if fetch.is_new and not queue_run(run=fetch.run):
                # The client gets an error and must repeat the request, so the run must not stay open.
                cancel_run(run_id=fetch.run.pk, now=now)
                raise QueueUnavailable(_QUEUE_UNAVAILABLE)
        return fetch.run

    def _respond(
        self,
        job_filter: JobFilter,
        *,
        run: CollectionRunDocument | None = None,
        notice: str | None = None,
        now: datetime,
    ) -> Response:
        stored = find_stored_jobs(job_filter=job_filter, now=now)
        content = {
            "jobs": [JobListing(row, now=now, job_filter=job_filter) for row in stored.rows],
            "total": stored.total,
            "run": run,
            "notice": (get_notice(run=run) if run is not None else None) or notice,
        }
        return Response(self.get_serializer(content).data)
