"""The endpoints under /jobs that read postings. Where the caller's own data is concerned, see accounts."""

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from career_navigator.personal import PersonalViewSet
from market.jobs import serializers as shapes
from market.jobs.listings import job_listing
from market.jobs.selectors import find_job, newest_jobs

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
    def list(self, request: Request) -> Response:
        asked = shapes.JobsQuery.read(request)
        now = timezone.now()
        page = newest_jobs(limit=asked["limit"], offset=asked["offset"])
        return Response(
            {
                "messages": "success",
                "jobs": [job_listing(row, now=now) for row in page.rows],
                "total": page.total,
                "limit": asked["limit"],
                "offset": asked["offset"],
            }
        )

    @extend_schema(
        operation_id="jobs_get",
        summary="One posting",
        parameters=[_ID],
        responses=shapes.JobAnswerSerializer,
        tags=["jobs"],
    )
    def retrieve(self, request: Request, job_id: str) -> Response:
        return Response({"messages": "success", **job_listing(find_job(job_id), now=timezone.now())})
