"""Views for the activity log, saved jobs, applications and the funnel."""

from datetime import UTC, datetime

from bson import ObjectId
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.applications import serializers
from accounts.applications.documents import Activity, Application
from accounts.applications.reliability import measure_reliability
from accounts.applications.selectors import attach_postings, check_job, list_scored_histories, list_timeline
from accounts.applications.services import AlreadyApplied, record_activity, save_job, set_stage, unsave_job
from accounts.applications.stages import DayRejected, measure_funnel
from accounts.auth_services import Conflict
from accounts.documents import ConcurrentChange
from career_navigator.api.pagination import CountedPagination
from career_navigator.api.permissions import IsSelf
from career_navigator.api.versions import IF_MATCH, build_etag, check_if_match
from career_navigator.api.viewsets import ApiViewSet, DocumentFilterBackend, DocumentViewSet
from career_navigator.throttling import hit_limits


class ActivityPagination(CountedPagination):
    """Pagination of log entries, listed under `activities`."""

    result_key = "activities"


class ActivityViewSet(DocumentViewSet):
    """The current user's activity log, which is append-only."""

    document = Activity
    owner_field = "user"
    permission_classes = [IsAuthenticated, IsSelf]
    filter_fields = {"type": "action_type"}

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=serializers.ActivityInSerializer,
        serializer_class=serializers.ActivityRecordedSerializer,
        success_status=201,
        error_statuses=(404,),
        not_found_code="job_not_found",
    )
    def log(self, request: Request) -> Response:
        """Add an entry to the current user's activity log.

        The time of the entry is the time of the request.
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
        query_serializer_class=serializers.ActivitiesQuery,
        serializer_class=serializers.ActivitySerializer,
        pagination_class=ActivityPagination,
    )
    def user(self, request: Request, user_id: str) -> Response:
        """List the current user's activity log, newest first.

        `type` filters by `action_type`. Saving a job, applying and every change of an application are logged
        automatically.
        """
        activities = self.filter_queryset(self.get_queryset().order_by("-created_at", "-id").as_pymongo())
        page = self.paginate_queryset(activities)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ApplicationPagination(CountedPagination):
    """Pagination of applications, listed under `applications`."""

    result_key = "applications"


class ApplicationViewSet(DocumentViewSet):
    """The current user's saved jobs and applications."""

    document = Application
    owner_field = "user"
    permission_classes = [IsAuthenticated, IsSelf]
    lookup_url_kwarg = "job_id"
    not_found_code = "application_not_found"
    filter_fields = {"stage": "stage"}
    action_options = {
        "unsave": {
            "request_serializer_class": None,
            "success_status": 200,
            "query_serializer_class": serializers.OwnUserQuery,
            "serializer_class": serializers.JobUnsavedSerializer,
            "operation_id": "jobs_unsave",
            "not_found_code": "application_not_found",
            "path_parameters": [IF_MATCH],
            "error_statuses": (409, 412),
        },
        "change_application": {
            "request_serializer_class": serializers.ApplicationChangeSerializer,
            "serializer_class": serializers.ApplicationChangedSerializer,
            "path_parameters": [IF_MATCH],
            "error_statuses": (409, 412),
            "not_found_code": "job_not_found",
        },
    }

    def get_object(self) -> Application:
        """Return the current user's application for the job in the path.

        Raises:
            DoesNotExist: there is no such application.
            InvalidId: the id is malformed.
        """
        return self.get_queryset().get(job=ObjectId(self.kwargs["job_id"]))

    @action(
        detail=False,
        filter_backends=[DocumentFilterBackend],
        query_serializer_class=serializers.SavedJobsQuery,
        serializer_class=serializers.ApplicationSerializer,
        pagination_class=ApplicationPagination,
    )
    def saved(self, request: Request) -> Response:
        """List the current user's saved jobs and applications, most recently saved first.

        `stage` filters by stage. Each application includes its posting, or a snapshot if the posting was deleted.
        """
        applications = self.filter_queryset(self.get_queryset().order_by("-created_at", "-id"))
        page = self.paginate_queryset(applications)
        attach_postings(page, now=timezone.now())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @action(
        detail=True,
        methods=["post"],
        request_serializer_class=serializers.SaveJobSerializer,
        serializer_class=serializers.JobSavedSerializer,
        success_status=(200, 201),
        not_found_code="job_not_found",
    )
    def save(self, request: Request, job_id: str) -> Response:
        """Save a job.

        Saving a job again changes nothing and returns 200.
        """
        body, job, user = self.body, ObjectId(job_id), self.current_user
        # ObjectIds are case-insensitive.
        if body.get("job_id", job_id).lower() != job_id.lower():
            raise ValidationError({"job_id": ["This field must match the job id in the path."]}, "contradiction")
        hit_limits(("activity", user.id))
        outcome = save_job(user_id=user.pk, job_id=job, metadata=body.get("activity_metadata"), now=timezone.now())
        return Response(self.get_serializer(outcome).data, status=201 if outcome.is_new else 200)

    @save.mapping.delete
    def unsave(self, request: Request, job_id: str) -> Response:
        """Remove a saved job.

        Returns 409 if the user has applied for the job.
        """
        _ = self.query  # reject invalid query parameters
        try:
            seen_at = self._get_if_match_version()
            unsave_job(user_id=self.current_user.pk, job_id=ObjectId(job_id), seen_at=seen_at, now=timezone.now())
        except AlreadyApplied as error:
            message = f"The application is at the stage {error.stage}. Move it back to saved first."
            raise Conflict(message, "application_in_progress") from error
        return Response(self.get_serializer({"msg": "Saved job deleted"}).data)

    @action(detail=True, serializer_class=serializers.ApplicationDetailSerializer)
    def application(self, request: Request, job_id: str) -> Response:
        """Return the application for a job, with its timeline.

        `reached` contains the date of each stage, and the timeline every change, oldest first. Returns 404 if the job
        is neither saved nor applied for.
        """
        application = self.get_object()
        attach_postings([application], now=timezone.now())
        timeline = list_timeline(application_id=application.pk)
        content = self.get_serializer({"application": application, "timeline": timeline}).data
        return Response(content, headers=build_etag(application.updated_at))

    @application.mapping.put
    def change_application(self, request: Request, job_id: str) -> Response:
        """Move the application for a job to a stage.

        Any stage can follow any other. Moving back is a correction and removes the dates of later stages. The date must
        not be in the future or before the date of an earlier stage. A request without changes adds nothing to the
        timeline.
        """
        body, now, user = self.body, timezone.now(), self.current_user
        seen_at = self._get_if_match_version()
        hit_limits(("activity", user.id))
        try:
            application = set_stage(
                user_id=user.pk,
                job_id=ObjectId(job_id),
                stage=body["stage"],
                note=body.get("note"),
                date=body.get("date"),
                seen_at=seen_at,
                now=now,
            )
        except DayRejected as error:
            raise ValidationError({"date": [f"This field {error}"]}) from error
        except ConcurrentChange as error:
            raise Conflict("The application was changed by another request. Repeat your change.") from error
        attach_postings([application], now=now)
        content = self.get_serializer({"application": application}).data
        return Response(content, headers=build_etag(application.updated_at))

    def _get_if_match_version(self) -> datetime | None:
        """Return the version from the `If-Match` header, or None if the request has none.

        Raises:
            StaleVersion: the stored application is not that version.
            InvalidId: the id is malformed.
        """
        stored = self.get_queryset().filter(job=ObjectId(self.kwargs["job_id"])).only("updated_at").first()
        return check_if_match(self.request, stored.updated_at if stored is not None else None)


class FunnelViewSet(ApiViewSet):
    """The funnel of the current user's applications."""

    @action(detail=False, query_serializer_class=serializers.FunnelQuery, serializer_class=serializers.FunnelSerializer)
    def funnel(self, request: Request) -> Response:
        """Return the number of the current user's applications that reach each stage, and the time between stages.

        The counts use the recorded dates of the stages, after corrections. An interview, an offer or a rejection
        implies the stage `applied`, even if it was not recorded. `match_scores` shows how often applications led to
        interviews and offers, by the match score of the job.
        """
        today, days = timezone.now().astimezone(UTC).date(), self.query["days"]
        histories = list_scored_histories(user_id=self.current_user.pk)
        funnel = measure_funnel(histories=[scored.history for scored in histories], days=days, today=today)
        reliability = measure_reliability(histories=histories, days=days, today=today)
        return Response(self.get_serializer({"funnel": funnel, "match_scores": reliability}).data)
