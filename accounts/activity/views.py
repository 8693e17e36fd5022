"""The endpoints under /activity that keep the log."""

from bson import ObjectId
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.activity import serializers as shapes
from accounts.activity.selectors import list_activities
from accounts.activity.services import record_activity
from accounts.applications.selectors import check_job
from career_navigator.api.serializers import success
from career_navigator.personal import PersonalViewSet, caller_of, read_own_body, require_own
from career_navigator.throttling import hit_limits


class ActivityViewSet(PersonalViewSet):
    """What the caller has done; lines are added, and never changed."""

    @extend_schema(
        operation_id="activity_log",
        summary="Add to the caller's activity log",
        description="When it happened is the time of the request.",
        request=shapes.ActivityInSerializer,
        responses={201: shapes.ActivityRecordedSerializer, 403: None, 404: None},
        tags=["activity"],
    )
    def log(self, request: Request) -> Response:
        fields = read_own_body(shapes.ActivityInSerializer, request)
        hit_limits(("activity", caller_of(request).id))
        user_id = ObjectId(caller_of(request).id)
        job_id = ObjectId(fields["job_id"]) if fields.get("job_id") else None
        if job_id is not None:
            check_job(user_id=user_id, job_id=job_id)
        activity_id = record_activity(
            user_id=user_id,
            action_type=fields["action_type"],
            job_id=job_id,
            metadata=fields.get("metadata"),
            now=timezone.now(),
        )
        return Response(success(activity_id=str(activity_id)), status=201)

    @extend_schema(
        operation_id="activity_user",
        summary="What the caller has done",
        parameters=[shapes.ActivitiesQuery],
        responses={200: shapes.ActivitiesSerializer, 403: None},
        tags=["activity"],
    )
    def show(self, request: Request, user_id: str) -> Response:
        require_own(request, user_id)
        asked = shapes.ActivitiesQuery.read(request)
        page = list_activities(
            user_id=ObjectId(caller_of(request).id),
            action_type=asked.get("type"),
            limit=asked["limit"],
            offset=asked["offset"],
        )
        return Response(success(activities=page.activities, total=page.total))
