"""Views that read job postings under /jobs. Views of the user's own jobs are in `accounts`."""

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
from market.jobs import serializers
from market.jobs.listings import JobListing
from market.jobs.selectors import NewestJobs, RankedJobs, build_candidate_profile, find_job
from skills.selectors import get_vocabulary


class JobPagination(EnvelopePagination):
    """Pagination of job lists, up to the offset `MAX_OFFSET`."""

    result_key = "jobs"
    has_messages = True
    max_offset = serializers.MAX_OFFSET


class JobFilterBackend(BaseFilterBackend):
    """Filter backend that applies the criteria in the request body."""

    def filter_queryset(self, request: Request, queryset: RankedJobs, view: Any) -> RankedJobs:  # type: ignore[override]
        return queryset.filter(view.body_serializer.job_filter)


class JobViewSet(RetrieveModelMixin, ApiViewSet):
    """Endpoints to get, list and search job postings."""

    serializer_class = serializers.JobAnswerSerializer
    lookup_url_kwarg = "job_id"
    not_found_code = "job_not_found"
    action_options = {"retrieve": {"operation_id": "jobs_get"}}

    def get_object(self) -> JobListing:
        return JobListing(find_job(self.kwargs["job_id"]), now=timezone.now())

    def retrieve(self, request: Request, job_id: str) -> Response:
        """Return one posting.

        The response includes the canonical names of the posting's skills and whether the posting has expired.
        """
        return super().retrieve(request)

    @action(
        detail=False,
        serializer_class=serializers.JobListingSerializer,
        pagination_class=JobPagination,
        operation_id="jobs_list",
    )
    def list_jobs(self, request: Request) -> Response:
        """List all postings, newest first.

        To filter and rank postings, use POST /jobs/relevant_jobs.
        """
        now = timezone.now()
        page = [JobListing(row, now=now) for row in self.paginate_queryset(NewestJobs()) or ()]
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @action(
        detail=False,
        methods=["post"],
        permission_classes=[IsAuthenticated, IsSelf],
        filter_backends=[JobFilterBackend],
        request_serializer_class=serializers.RelevantJobsRequestSerializer,
        serializer_class=serializers.RelevantJobsSerializer,
        item_list="jobs",
        operation_id="jobs_relevant",
    )
    def relevant_jobs(self, request: Request) -> Response:
        """Search postings and rank them for the current user.

        Every field of the body is optional. The results include closed and old postings, which have `job_expired` set.

        `ordering` can be `match`, `date` or `pay`. `match` sorts by `match_score`, highest first. If the user's profile
        has nothing to compare, it falls back to `date`. `date` sorts newest first. `pay` sorts by the maximum (or only
        stated) pay per year in USD, highest first, and postings without pay in USD come last. Ties are sorted by date,
        then by id, so that pages neither repeat nor skip a posting. `ordered_by` is the order that was applied.

        If more than 2,000 postings match, `match` scores only some of them: the newest 2,000, up to 500 of the newest
        3,000 postings of the user's roles, and up to 500 of the newest 3,000 postings that require one of the user's
        skills. All other matches follow, newest first.

        `facets` count the newest 2,000 matches, or all if there are fewer. `facets.postings` is the number counted.
        """
        now, held = timezone.now(), get_vocabulary().get_held_skills(get_user_skills(self.current_user))
        jobs = self.filter_queryset(RankedJobs(candidate=build_candidate_profile(self.current_user, held), now=now))
        page = {name: self.body[name] for name in ("limit", "offset")}
        found = jobs.get_page(ordering=self.body["ordering"], **page)
        listings = [
            JobListing(row, now=now, job_filter=jobs.job_filter, match_score=found.scores[row["_id"]])
            for row in found.rows
        ]
        content = {"jobs": listings, "found": found, **page, "ignored_fields": self.body_serializer.ignored_fields}
        return Response(self.get_serializer(content).data)
