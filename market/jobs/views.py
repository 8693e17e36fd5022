"""The endpoints under /jobs that read postings. Where the user's own data is concerned, see accounts."""

from typing import Any

from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.filters import BaseFilterBackend
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_user_skills
from career_navigator.api.pagination import EnvelopePagination
from career_navigator.api.permissions import IsSelf
from career_navigator.api.viewsets import ApiViewSet
from market.jobs import serializers as shapes
from market.jobs.listings import JobListing
from market.jobs.selectors import NewestJobs, RankedJobs, build_candidate_profile, find_job
from skills.selectors import get_vocabulary


class JobPagination(EnvelopePagination):
    result_key = "jobs"
    has_messages = True
    max_offset = shapes.MAX_OFFSET


class JobFilterBackend(BaseFilterBackend):
    """Filter postings by the body."""

    def filter_queryset(self, request: Request, queryset: RankedJobs, view: Any) -> RankedJobs:  # type: ignore[override]
        return queryset.filter(view.body_serializer.job_filter)


class JobViewSet(RetrieveModelMixin, ApiViewSet):
    """Postings for people to look at."""

    serializer_class = shapes.JobAnswerSerializer
    lookup_url_kwarg = "job_id"
    not_found_code = "job_not_found"
    action_options = {"retrieve": {"operation_id": "jobs_get"}}

    def get_object(self) -> JobListing:
        return JobListing(find_job(self.kwargs["job_id"]), now=timezone.now())

    def retrieve(self, request: Request, job_id: str) -> Response:
        """Return one posting.

        With the skills that were read from it, by their canonical names, and whether it has expired.
        """
        return super().retrieve(request)

    @action(
        detail=False,
        serializer_class=shapes.JobListingSerializer,
        pagination_class=JobPagination,
        operation_id="jobs_list",
    )
    def list_jobs(self, request: Request) -> Response:
        """List all postings, newest first.

        Of every role and place; POST /jobs/relevant_jobs filters and ranks them.
        """
        now = timezone.now()
        page = [JobListing(row, now=now) for row in self.paginate_queryset(NewestJobs()) or ()]
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @action(
        detail=False,
        methods=["post"],
        permission_classes=[IsAuthenticated, IsSelf],
        filter_backends=[JobFilterBackend],
        request_serializer_class=shapes.RelevantJobsRequestSerializer,
        serializer_class=shapes.RelevantJobsSerializer,
        item_list="jobs",
        operation_id="jobs_relevant",
    )
    def relevant_jobs(self, request: Request) -> Response:
        """Find the postings of a filter, those that fit the current user best first.

        Every field may be left out. Closed and old postings are found too, marked by `job_expired`. `ordering` says
        what comes first, equals by date, then by id, so that pages neither repeat nor skip a posting: with `match` the
        highest `match_score`, for a user whose profile can be compared with postings (else the order is by date); with
        `date` the newest; with `pay` the highest upper or only end of a year's pay, as far as the posting says it in
        USD, and then those that do not. `ordered_by` is the order of the answer. By match, where more than 2,000 are
        found, the newest 2,000 are scored, and of the newest 3,000 of the user's roles, as of those that ask for one of
        the user's skills, up to 500 each; all others follow, newest first. `facets` count the newest 2,000 that were
        found, or all where those are fewer (`facets.postings`).
        """
        now, held = timezone.now(), get_vocabulary().map_technology_slugs(get_user_skills(self.current_user))
        jobs = self.filter_queryset(RankedJobs(candidate=build_candidate_profile(self.current_user, held), now=now))
        page = {name: self.body[name] for name in ("limit", "offset")}
        found = jobs.get_page(ordering=self.body["ordering"], **page)
        listings = [
            JobListing(row, now=now, job_filter=jobs.job_filter, match_score=found.scores[row["_id"]])
            for row in found.rows
        ]
        answer = {"jobs": listings, "found": found, **page, "ignored_fields": self.body_serializer.ignored_fields}
        return Response(self.get_serializer(answer).data)
