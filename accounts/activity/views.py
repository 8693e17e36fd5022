"""The endpoints under /activity that keep the log."""

from bson import ObjectId
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.activity import serializers as shapes
from accounts.activity.documents import Activity
from accounts.activity.services import record_activity
from accounts.applications.selectors import check_job
from career_navigator.api.filters import DocumentFilterBackend
from career_navigator.api.pagination import EnvelopePagination
from career_navigator.api.permissions import IsSelf
from career_navigator.api.viewsets import DocumentViewSet
from career_navigator.throttling import hit_limits


class ActivityPagination(EnvelopePagination):
    result_key = "activities"
    has_messages = True
    fields = ("total",)


class ActivityViewSet(DocumentViewSet):
    """What the current user has done; lines are added, and never changed."""

    document = Activity
    owner_field = "user"
    permission_classes = [IsAuthenticated, IsSelf]
    filter_fields = {"type": "action_type"}

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.ActivityInSerializer,
        serializer_class=shapes.ActivityRecordedSerializer,
        success_status=201,
        error_statuses=(404,),
    )
    def log(self, request: Request) -> Response:
        """Add to the current user's activity log.

        When it happened is the time of the request.
        """
        fields, user = self.body, self.current_user
        hit_limits(("activity", user.id))
        job_id = ObjectId(fields["job_id"]) if fields.get("job_id") else None
        if job_id is not None:
            check_job(user_id=user.pk, job_id=job_id)
        activity_id = record_activity(
            user_id=user.pk,
            action_type=fields["action_type"],
            job_id=job_id,
            metadata=fields.get("metadata"),
            now=timezone.now(),
        )
        return Response(self.get_serializer({"activity_id": activity_id}).data, status=201)

    @action(
        detail=False,
        url_path="user/(?P<user_id>[^/]+)",
        filter_backends=[DocumentFilterBackend],
        query_serializer_class=shapes.ActivitiesQuery,
        serializer_class=shapes.ActivitySerializer,
        pagination_class=ActivityPagination,
    )
    def user(self, request: Request, user_id: str) -> Response:
        """List what the current user has done, newest first."""
        activities = self.filter_queryset(self.get_queryset().order_by("-created_at", "-id").as_pymongo())
        page = self.paginate_queryset(activities)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
