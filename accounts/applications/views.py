"""The endpoints of saved jobs and applications, and the funnel that these make."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.activity.selectors import timeline_of
from accounts.applications import serializers as shapes
from accounts.applications.documents import Application
from accounts.applications.funnel import measure_funnel
from accounts.applications.selectors import courses_of, find_application, list_applications
from accounts.applications.services import BeyondSaved, save_job, set_stage, unsave_job
from accounts.applications.stages import STAGES, DayRefused
from accounts.documents import ConcurrentChange
from accounts.entrance import Conflict
from career_navigator.api.serializers import success
from career_navigator.personal import PersonalViewSet, caller_of, read_own_body, require_own
from career_navigator.throttling import hit_limits
from market.jobs.selectors import rows_of
from market.jobs.serializers import job_listing


class SavedJobViewSet(PersonalViewSet):
    """The jobs that the caller keeps, applied for or not."""

    @extend_schema(
        operation_id="jobs_save",
        summary="Save a job",
        description="Saving a job again changes nothing and answers 200.",
        request=shapes.SaveJobSerializer,
        responses={200: shapes.JobSavedSerializer, 201: shapes.JobSavedSerializer, 403: None, 404: None},
        tags=["jobs"],
    )
    def save(self, request: Request, job_id: str) -> Response:
        given = read_own_body(shapes.SaveJobSerializer, request)
        job = ObjectId(job_id)
        # Case is of no account in an id.
        if given.get("job_id", job_id).lower() != job_id.lower():
            raise ValidationError({"job_id": ["This field must be the job's of the path."]})
        hit_limits(("activity", caller_of(request).id))
        saving = save_job(
            user_id=_caller_id(request), job_id=job, metadata=given.get("activity_metadata"), now=timezone.now()
        )
        return Response(success(activity_id=str(saving.activity_id)), status=201 if saving.is_new else 200)

    @extend_schema(
        operation_id="jobs_unsave",
        summary="Take a job from the saved ones",
        description="One that is applied for stays: 409.",
        parameters=[shapes.UnsaveQuery],
        responses={200: shapes.JobUnsavedSerializer, 403: None, 404: None, 409: None},
        tags=["jobs"],
    )
    def destroy(self, request: Request, job_id: str) -> Response:
        asked = shapes.UnsaveQuery.read(request)
        if "user_id" in asked:
            require_own(request, asked["user_id"])
        try:
            unsave_job(user_id=_caller_id(request), job_id=ObjectId(job_id), now=timezone.now())
        except BeyondSaved as error:
            sentence = f"The application is at the stage {error.stage}: put it back to saved first."
            raise Conflict(sentence) from error
        return Response(success(msg="Saved job deleted"))

    @extend_schema(
        operation_id="jobs_saved",
        summary="The caller's saved jobs and applications",
        parameters=[shapes.SavedJobsQuery],
        responses=shapes.ApplicationsSerializer,
        tags=["jobs"],
    )
    def show(self, request: Request) -> Response:
        asked, now = shapes.SavedJobsQuery.read(request), timezone.now()
        page = list_applications(user_id=_caller_id(request), **asked)
        applications = [_application(each, page.postings.get(each.job), now=now) for each in page.applications]
        return Response(success(applications=applications, total=page.total))


class ApplicationViewSet(PersonalViewSet):
    """The stages of the caller's application for a job."""

    @extend_schema(
        operation_id="jobs_application_put",
        summary="Put the application for a job at a stage",
        description=(
            "Every stage may follow every other. Going back is a correction: what was reached further on is taken back "
            "with it. A day before that of an earlier stage, or after today, is refused. What changes nothing adds "
            "nothing to the timeline."
        ),
        request=shapes.ApplicationChangeSerializer,
        responses={200: shapes.ApplicationChangedSerializer, 403: None, 404: None, 409: None},
        tags=["jobs"],
    )
    def update(self, request: Request, job_id: str) -> Response:
        given, now = read_own_body(shapes.ApplicationChangeSerializer, request), timezone.now()
        hit_limits(("activity", caller_of(request).id))
        try:
            application = set_stage(
                user_id=_caller_id(request),
                job_id=ObjectId(job_id),
                stage=given["stage"],
                note=given.get("note"),
                date=given.get("date"),
                now=now,
            )
        except DayRefused as error:
            raise ValidationError({"date": [f"This field {error}"]}) from error
        except ConcurrentChange as error:
            raise Conflict("The application was changed at the same time; repeat the change.") from error
        posting = next(iter(rows_of([application.job])), None)
        answer = _application(application, posting, now=now)
        return Response(success(activity_id=str(application.activity), application=answer))

    @extend_schema(
        operation_id="jobs_application",
        summary="The application for a job, with its timeline",
        responses={200: shapes.ApplicationDetailSerializer, 404: None},
        tags=["jobs"],
    )
    def retrieve(self, request: Request, job_id: str) -> Response:
        application = find_application(user_id=_caller_id(request), job_id=ObjectId(job_id))
        posting = next(iter(rows_of([application.job])), None)
        answer = _application(application, posting, now=timezone.now())
        return Response(success(application=answer, timeline=timeline_of(application_id=application.pk)))


class FunnelViewSet(PersonalViewSet):
    """How far the caller's applications come."""

    @extend_schema(
        operation_id="activity_funnel",
        summary="How many of the caller's applications come to each stage, and how fast",
        description=(
            "By the days that were given for the stages, corrections made. Whoever was invited, had an offer or was "
            "rejected has applied, whether or not that was noted."
        ),
        parameters=[shapes.FunnelQuery],
        responses=shapes.FunnelSerializer,
        tags=["activity"],
    )
    def retrieve(self, request: Request) -> Response:
        asked = shapes.FunnelQuery.read(request)
        today = timezone.now().astimezone(UTC).date()
        funnel = measure_funnel(courses=courses_of(user_id=_caller_id(request)), days=asked["days"], today=today)
        return Response(success(days=asked["days"], **asdict(funnel)))


def _caller_id(request: Request) -> ObjectId:
    return ObjectId(caller_of(request).id)


def _application(application: Application, posting: Mapping[str, Any] | None, *, now: datetime) -> dict[str, Any]:
    days = {stage: application.reached.get(stage) for stage in STAGES}
    reached = {stage: day.date() if day is not None else None for stage, day in days.items()}
    return {
        "job_id": str(application.job),
        "stage": application.stage,
        "date": reached[application.stage],
        "reached": reached,
        "note": application.note,
        "resume_id": str(application.resume) if application.resume else None,
        "created_at": application.created_at,
        "updated_at": application.updated_at,
        "job": job_listing(posting or application.posting_as_it_was(), now=now),
    }
