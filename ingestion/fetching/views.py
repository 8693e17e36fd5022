"""The endpoints under /jobs/fetch_jobs."""

from datetime import datetime
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from career_navigator.api.exceptions import QueueAway
from career_navigator.api.serializers import success
from career_navigator.cache.client import is_available
from career_navigator.observability.middleware import with_time_anew
from career_navigator.personal import PersonalViewSet, caller_of, read_own_body
from career_navigator.throttling import hit_limits
from ingestion.credits import BudgetSpentError
from ingestion.documents import OPEN_RUN_STATUSES, CollectionRun
from ingestion.fetching import serializers as shapes
from ingestion.fetching.selectors import NO_CREDIT, describe_run, filter_of, find_run, notice_of, stored_jobs
from ingestion.fetching.services import is_fresh, open_run, start_fetch, wait_for_first_page
from ingestion.fetching.wishes import MOST_PLACES, MOST_ROLES, Wish, read_wish
from ingestion.runs import cancel_run
from ingestion.source import CollectionHaltedError
from ingestion.tasks import queue_run
from market.jobs.filters import JobFilter
from market.jobs.serializers import job_listing

_QUEUE_AWAY = "Jobs cannot be fetched just now; try again shortly."


class FetchJobsViewSet(PersonalViewSet):
    """Jobs fetched from TheirStack for the caller."""

    @extend_schema(
        operation_id="jobs_fetch",
        summary="Fetch the jobs of a profile",
        description=(
            f"Collects the profile's roles in its places, the first {MOST_ROLES} and {MOST_PLACES} of them, unless "
            "that was done within a day, and answers what is then stored. 202 when no page has come in time: the run's "
            "address tells how it goes on, and has the jobs."
        ),
        request=shapes.FetchJobsSerializer,
        responses={200: shapes.FetchedJobsSerializer, 202: shapes.FetchedJobsSerializer, 403: None},
        tags=["jobs"],
    )
    def fetch(self, request: Request) -> Response:
        given = read_own_body(shapes.FetchJobsSerializer, request)
        wish = read_wish(caller=caller_of(request), given=given)
        if not wish.roles:
            raise ValidationError({"desired_job_role": ["This field has to name a role: the profile has none."]})
        now = timezone.now()
        if is_fresh(wish=wish, now=now):
            return _answer(wish.job_filter, now=now)
        try:
            run = _running(request, wish, now=now)
        except (BudgetSpentError, CollectionHaltedError):
            return _answer(wish.job_filter, notice=NO_CREDIT, now=now)
        run = wait_for_first_page(run=run, seconds=settings.FETCH_JOBS_WAIT_SECONDS)
        return with_time_anew(lambda: _answer(wish.job_filter, run=run, now=timezone.now()))

    @extend_schema(
        operation_id="jobs_fetch_run",
        summary="How the fetching of jobs stands, and what is stored by now",
        description="Of a run that the caller has asked for.",
        responses={200: shapes.FetchedJobsSerializer, 404: None},
        tags=["jobs"],
    )
    def retrieve(self, request: Request, run_id: str) -> Response:
        run = find_run(user_id=ObjectId(caller_of(request).id), run_id=run_id)
        return _answer(filter_of(run=run), run=run, now=timezone.now(), is_poll=True)


def _running(request: Request, wish: Wish, *, now: datetime) -> CollectionRun:
    """The caller's run for the wish: the one that goes on already, or a new one, queued.

    Raises CollectionHaltedError, BudgetSpentError, QueueAway and Throttled.
    """
    user_id = ObjectId(caller_of(request).id)
    run = open_run(wish=wish, user_id=user_id)
    if run is not None:
        return run
    if not is_available():
        raise QueueAway(_QUEUE_AWAY)
    hit_limits(("fetch_jobs", str(user_id)))
    fetch = start_fetch(wish=wish, user_id=user_id, now=now)
    run = fetch.run
    if not fetch.is_new:
        return run
    if not queue_run(run=run):
        # Nobody waits for it any more: the client has to ask again.
        cancel_run(run_id=run.pk, now=now)
        raise QueueAway(_QUEUE_AWAY)
    return run


def _answer(
    job_filter: JobFilter,
    *,
    run: CollectionRun | None = None,
    notice: str | None = None,
    now: datetime,
    is_poll: bool = False,
) -> Response:
    stored = stored_jobs(job_filter=job_filter, now=now)
    jobs = [job_listing(row, now=now, job_filter=job_filter) for row in stored.rows]
    told: dict[str, Any] | None = describe_run(run=run) if run is not None else None
    body = success(
        jobs_fetched=len(jobs),
        jobs=jobs,
        total=stored.total,
        run=told,
        notice=notice_of(run=run) if run is not None else notice,
    )
    if run is None or told is None or is_poll or run.pages or run.status not in OPEN_RUN_STATUSES:
        return Response(body)
    return Response(body, status=202, headers={"Location": told["address"]})
