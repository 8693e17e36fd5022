"""The endpoints under /jobs that read postings. Where the caller's own data is concerned, see accounts."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from career_navigator.api.serializers import read_as, success
from career_navigator.held_skills import held_skills
from career_navigator.personal import PersonalViewSet, caller_of, require_own
from market.jobs import serializers as shapes
from market.jobs.listings import job_listing
from market.jobs.ranking import relevant_jobs
from market.jobs.seekers import seeker_of
from market.jobs.selectors import find_job, newest_jobs
from skills.selectors import vocabulary

_ID = OpenApiParameter("job_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The posting's id.")


class JobViewSet(PersonalViewSet):
    """Postings for people to look at."""

    @extend_schema(
        operation_id="jobs_list",
        summary="All postings, newest first",
        parameters=[shapes.JobsQuery],
        responses=shapes.JobListSerializer,
        tags=["jobs"],
    )
    def newest(self, request: Request) -> Response:
        asked = shapes.JobsQuery.read(request)
        now = timezone.now()
        page = newest_jobs(limit=asked["limit"], offset=asked["offset"])
        return Response(
            success(
                jobs=[job_listing(row, now=now) for row in page.rows],
                total=page.total,
                limit=asked["limit"],
                offset=asked["offset"],
            )
        )

    @extend_schema(
        operation_id="jobs_relevant",
        summary="The postings that a filter finds, those that fit the caller best first",
        description=(
            "Every field may be left out. Closed and old postings are found too, marked by `job_expired`. For a caller "
            "whose profile can be compared with postings the order is by `match_score`, then by date. Where more than "
            "2,000 are found, the newest 2,000 are scored, and of the newest 3,000 of the caller's roles, as of those "
            "that ask for one of the caller's skills, up to 500 each; all others follow, newest first. `facets` "
            "count the newest 2,000 that were found, or all where those are fewer (`facets.postings`)."
        ),
        request=shapes.RelevantJobsRequestSerializer,
        responses={200: shapes.RelevantJobsSerializer, 403: None},
        tags=["jobs"],
    )
    def relevant(self, request: Request) -> Response:
        given = read_as(shapes.RelevantJobsRequestSerializer, request.data)
        if "user_id" in given.validated_data:
            require_own(request, given.validated_data["user_id"])
        limit, offset = given.validated_data["limit"], given.validated_data["offset"]
        caller, now, job_filter = caller_of(request), timezone.now(), given.job_filter
        seeker = seeker_of(caller, vocabulary().map_technology_slugs(held_skills(caller)))
        found = relevant_jobs(job_filter=job_filter, seeker=seeker, limit=limit, offset=offset, now=now)
        jobs: list[dict[str, Any]] = [
            job_listing(row, now=now, job_filter=job_filter) | {"match_score": found.scores[row["_id"]]}
            for row in found.rows
        ]
        return Response(
            success(
                jobs=jobs,
                total=found.total,
                total_is_exact=found.total_is_exact,
                limit=limit,
                offset=offset,
                ordered_by="match" if found.ranked else "date",
                facets=found.facets,
                ignored_fields=given.ignored_fields,
            )
        )

    @extend_schema(
        operation_id="jobs_get",
        summary="One posting",
        parameters=[_ID],
        responses=shapes.JobAnswerSerializer,
        tags=["jobs"],
    )
    def retrieve(self, request: Request, job_id: str) -> Response:
        return Response(success(**job_listing(find_job(job_id), now=timezone.now())))
