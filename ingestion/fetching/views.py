"""The endpoints under /jobs/fetch_jobs."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from mongoengine import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from career_navigator.api.exceptions import QueueAway
from career_navigator.api.permissions import IsSelf
from career_navigator.api.viewsets import DocumentViewSet
from career_navigator.cache.client import is_available
from career_navigator.observability.middleware import with_time_anew
from career_navigator.throttling import hit_limits
from ingestion.credits import BudgetSpentError
from ingestion.documents import OPEN_RUN_STATUSES, CollectionRun
from ingestion.fetching import serializers as shapes
from ingestion.fetching.criteria import FetchCriteria, read_criteria
from ingestion.fetching.services import (
    NO_CREDIT,
    find_open_run,
    find_stored_jobs,
    get_filter,
    get_notice,
    is_fresh,
    start_fetch,
    wait_for_first_page,
)
from ingestion.runs import cancel_run
from ingestion.source import CollectionHaltedError
from ingestion.tasks import queue_run
from market.jobs.filters import JobFilter
from market.jobs.listings import JobListing

_QUEUE_AWAY = "Jobs cannot be fetched just now; try again shortly."


class FetchJobsViewSet(DocumentViewSet):
    """Jobs fetched from TheirStack for the current user."""

    document = CollectionRun
    permission_classes = [IsAuthenticated, IsSelf]
    serializer_class = shapes.FetchedJobsSerializer
    action_options = {
        "create": {
            "request_serializer_class": shapes.FetchJobsSerializer,
            "operation_id": "jobs_fetch",
            "success_status": (200, 202),
        },
        "retrieve": {"operation_id": "jobs_fetch_run"},
    }
    lookup_url_kwarg = "run_id"

    def get_queryset(self) -> QuerySet:
        return super().get_queryset().filter(requested_by=self.current_user.id)

    def create(self, request: Request) -> Response:
        """Fetch the jobs of a profile.

        Collects the profile's roles in its places, the first 3 and 5 of them, unless that was done within a day, and
        answers what is then stored. 202 when no page has come in time: the run's address tells how it goes on, and has
        the jobs.
        """
        criteria = read_criteria(user=self.current_user, given=self.body)
        if not criteria.roles:
            raise ValidationError({"desired_job_role": ["This field has to name a role: the profile has none."]})
        now = timezone.now()
        if is_fresh(criteria=criteria, now=now):
            return self._answer(criteria.job_filter, now=now)
        try:
            run = self._get_or_start_run(criteria, now=now)
        except (BudgetSpentError, CollectionHaltedError):
            return self._answer(criteria.job_filter, notice=NO_CREDIT, now=now)
        run = wait_for_first_page(run=run, seconds=settings.FETCH_JOBS_WAIT_SECONDS)
        response = with_time_anew(lambda: self._answer(criteria.job_filter, run=run, now=timezone.now()))
        if not run.pages and run.status in OPEN_RUN_STATUSES:
            response.status_code = 202
            response["Location"] = response.data["run"]["address"]
        return response

    def retrieve(self, request: Request, run_id: str) -> Response:
        """Return how the fetching of jobs stands, and what is stored by now.

        Of a run that the current user has asked for.
        """
        run = self.get_object()
        return self._answer(get_filter(run=run), run=run, now=timezone.now())

    def _get_or_start_run(self, criteria: FetchCriteria, *, now: datetime) -> CollectionRun:
        """Return the user's run for the criteria: the one that goes on already, or a new one, queued.

        Raises CollectionHaltedError, BudgetSpentError, QueueAway and Throttled.
        """
        user_id = self.current_user.pk
        run = find_open_run(criteria=criteria, user_id=user_id)
        if run is not None:
            return run
        if not is_available():
            raise QueueAway(_QUEUE_AWAY)
        hit_limits(("fetch_jobs", str(user_id)))
        fetch = start_fetch(criteria=criteria, user_id=user_id, now=now)
        run = fetch.run
        if fetch.is_new and not queue_run(run=run):
            # Nobody waits for it any more: the client has to ask again.
            cancel_run(run_id=run.pk, now=now)
            raise QueueAway(_QUEUE_AWAY)
        return run

    def _answer(
        self, job_filter: JobFilter, *, run: CollectionRun | None = None, notice: str | None = None, now: datetime
    ) -> Response:
        stored = find_stored_jobs(job_filter=job_filter, now=now)
        answer = {
            "jobs": [JobListing(row, now=now, job_filter=job_filter) for row in stored.rows],
            "total": stored.total,
            "run": run,
            "notice": get_notice(run=run) if run is not None else notice,
        }
        return Response(self.get_serializer(answer).data)
