"""Endpoints under /resumes: upload, generate, list, confirm and delete resumes, and apply for a job with one."""

import logging

from bson import ObjectId
from bson.errors import InvalidId
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from mongoengine import DoesNotExist, QuerySet
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, NotFound, Throttled, ValidationError
from rest_framework.parsers import FormParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.applications.selectors import check_job, find_stage
from accounts.applications.services import set_stage
from accounts.auth_services import Conflict, queue_collection
from accounts.documents import ConcurrentChange
from accounts.resumes import serializers as shapes
from accounts.resumes.builder import CannotBuildResume
from accounts.resumes.check_serializers import CheckedPostingSerializer, ResumeCheckSerializer
from accounts.resumes.checks import PostingKeywords, StillProcessing, assess_resume
from accounts.resumes.documents import Resume
from accounts.resumes.files.formats import MAX_BYTES, REASONS, FileRejected
from accounts.resumes.selectors import find_resume, list_resumes, wait_until_read
from accounts.resumes.services import NotConfirmable, SelectionRejected, confirm_resume, delete_resume, generate_resume
from accounts.resumes.tasks import read_upload
from accounts.resumes.uploads import (
    MAX_UPLOADS,
    TooManyInProgress,
    TooManyUploads,
    Upload,
    UploadOutcome,
    accept_upload,
)
from career_navigator.api.exceptions import build_problem, is_server_unavailable
from career_navigator.api.pagination import CountedPagination
from career_navigator.api.parsers import BodyTooLarge, JSONParser, MultiPartParser
from career_navigator.api.permissions import IsSelf
from career_navigator.api.versions import IF_MATCH, build_etag, check_if_match
from career_navigator.api.viewsets import DocumentViewSet

logger = logging.getLogger(__name__)

# Maximum time to wait for the worker. Most files are read within it, so that clients do not have to poll.
WAIT_SECONDS = 2.5
# Applying again at one of these stages would move the application backwards.
_BEYOND_APPLIED = frozenset({"interview", "offer"})
_ID = OpenApiParameter("resume_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The resume's id.")
# Error codes by the reason of CannotBuildResume.
_BUILD_ERROR_CODES = {"empty_profile": "profile_empty", "too_many": "too_many_resumes", "too_long": "resume_too_long"}


class UploadParser(MultiPartParser):
    """Parser for uploads. It leaves room for the other form fields and the multipart boundaries."""

    max_bytes = MAX_BYTES + 100_000


class ResumePagination(CountedPagination):
    """Pages of resumes with a total count."""

    result_key = "resumes"


class ResumeViewSet(DocumentViewSet):
    """The current user's resumes. Requests for another user's resume return 404."""

    document = Resume
    owner_field = "user"
    permission_classes = [IsAuthenticated, IsSelf]
    lookup_url_kwarg = "resume_id"
    not_found_code = "resume_not_found"
    action_options = {
        "retrieve": {"serializer_class": shapes.ResumeAnswerSerializer},
        "destroy": {
            "serializer_class": shapes.ResumeIdSerializer,
            "path_parameters": [_ID, IF_MATCH],
            "error_statuses": (412,),
        },
    }

    def get_queryset(self) -> QuerySet:
        return list_resumes(self.current_user.pk)

    def handle_exception(self, exc: Exception) -> Response:
        """Add the reason to the response for a rejected upload.

        The action cannot catch these exceptions itself, because `IsSelf` parses the body before the action runs.
        """
        if self.action == "generate" and isinstance(exc, BodyTooLarge | FileRejected):
            reason = exc.reason if isinstance(exc, FileRejected) else "too_large"
            return _build_rejection(reason, field=_get_upload_field(self.request))
        return super().handle_exception(exc)

    def retrieve(self, request: Request, resume_id: str) -> Response:
        """Return a resume with its status and the values parsed from it.

        While `status` is `processing`, the file is still being read. Try again shortly. `parsed` contains each value
        with its confidence. `offered_fields` contains the profile fields that a confirmation can fill.
        """
        resume = self.get_object()
        return Response(self.get_serializer({"resume": resume}).data, headers=build_etag(resume.changed_at))

    def destroy(self, request: Request, resume_id: str) -> Response:
        """Delete a resume.

        Applications that used the resume are kept without it.
        """
        resume = self.get_object()
        check_if_match(request, resume.changed_at)
        delete_resume(user_id=resume.user, resume_id=resume.pk)
        return Response(self.get_serializer({"resume": resume}).data)

    @action(
        detail=False,
        url_path="user/(?P<user_id>[^/]+)",
        serializer_class=shapes.ResumeSerializer,
        pagination_class=ResumePagination,
    )
    def user(self, request: Request, user_id: str) -> Response:
        """List the current user's resumes, newest first.

        The list contains uploaded and generated resumes without `parsed`, which GET /resumes/{resume_id} returns.
        """
        resumes = self.get_queryset().exclude("parsed").order_by("-created_at", "-id")
        page = self.paginate_queryset(resumes)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        responses={
            201: shapes.ResumeMadeSerializer,
            202: shapes.ResumeMadeSerializer,
            400: OpenApiResponse(
                shapes.UploadRefusedSerializer, description="The input is invalid, or the file was rejected."
            ),
            404: None,
            409: None,
        },
    )
    @action(
        detail=False,
        methods=["post"],
        parser_classes=[UploadParser, JSONParser],
        request_serializer_class=shapes.ResumeUploadSerializer,
        serializer_class=shapes.ResumeMadeSerializer,
        not_found_code="job_not_found",
    )
    def generate(self, request: Request) -> Response:
        """Upload a resume, or generate one from the profile.

        An upload (`source` is `upload`) is text in `content` or a `file`: text, Markdown, HTML, DOCX, PDF with a text
        layer, JSON Resume, Europass, or LinkedIn's export. Text and Markdown are read immediately. Other formats are
        read by a worker: the response is 201 if this takes at most a few seconds, and 202 otherwise. The fields of
        JSON Resume, Europass and LinkedIn are taken over as they are, and `parsed.unread` lists values that have no
        field here. After a 202, poll `address` until `status` changes. A file that cannot be read is rejected
        with a `reason`. If the same upload for the same job is repeated within minutes, the response contains the
        resume that is already stored. The profile changes only when the current user confirms parsed values.

        If `source` is `generated`, a resume is built from the profile, tailored to the job if `job_id` is given.
        """
        job_id = self.body.get("job_id") or None
        try:
            resume = self._generate(job_id) if self.body["source"] == "generated" else self._upload(job_id)
        except ConcurrentChange as error:
            raise Conflict("Too many resumes were stored at the same time. Try again.") from error
        if resume.status == "refused":
            return _build_rejection(resume.refusal, field="file")
        status, path = 201 if resume.status == "ready" else 202, resume.get_absolute_url()
        return Response(self.get_serializer(resume).data, status=status, headers={"Location": path})

    @action(
        detail=True,
        methods=["post"],
        request_serializer_class=shapes.ConfirmationSerializer,
        serializer_class=shapes.ConfirmedSerializer,
        path_parameters=[_ID, IF_MATCH],
        error_statuses=(409, 412),
    )
    def confirm(self, request: Request, resume_id: str) -> Response:
        """Copy parsed values of a resume into the profile.

        Select at least one skill or field. Skills, languages and target roles are added to those in the profile. Other
        fields are replaced.
        """
        selection, resume = self.body, self.get_object()
        check_if_match(request, resume.changed_at)
        try:
            change = confirm_resume(
                resume=resume, skills=selection["skills"], fields=selection["fields"], now=timezone.now()
            )
        except SelectionRejected as error:
            errors = {
                name: [ErrorDetail(message, code) for message, code in messages]
                for name, messages in error.errors.items()
            }
            raise ValidationError(errors) from error
        except NotConfirmable as error:
            message = "Only an uploaded resume that was read successfully can be confirmed."
            raise Conflict(message, "resume_not_confirmable") from error
        except ConcurrentChange as error:
            raise Conflict from error
        queue_collection(change)
        confirmed = {"resume": resume, "skills": change.user.skills, "filled": selection["fields"]}
        return Response(self.get_serializer(confirmed).data)

    @action(
        detail=True,
        methods=["post"],
        request_serializer_class=CheckedPostingSerializer,
        serializer_class=ResumeCheckSerializer,
        success_status=200,
        error_statuses=(409,),
        throttle_scope="check_resume",
    )
    def check(self, request: Request, resume_id: str) -> Response:
        """Check how well applicant-tracking systems can read a resume, and whether it has a posting's keywords.

        The reasons come from reading the resume: values that were not found or are uncertain, dates and lines that were
        not understood, and columns, pictures and text boxes in the file. If `job_id` or `text` names a posting, its
        skills are sorted into those that the resume shows in a position, a project or a degree, those that it only
        claims, and those that are missing. Nothing is stored.
        """
        body, resume = self.body, self.get_object()
        try:
            posting = PostingKeywords.from_job(body["job_id"]) if body.get("job_id") else None
        except DoesNotExist as error:
            raise NotFound("There is no job with this id.", "job_not_found") from error
        if body.get("text"):
            posting = PostingKeywords.from_text(body["text"])
        try:
            checked = assess_resume(resume=resume, posting=posting, now=timezone.now())
        except StillProcessing as error:
            message = "The resume is still being processed. Try again shortly."
            raise Conflict(message, "resume_processing") from error
        return Response(self.get_serializer(checked).data)

    @action(
        detail=False,
        methods=["post"],
        parser_classes=[JSONParser, FormParser, MultiPartParser],
        request_serializer_class=shapes.ApplySerializer,
        serializer_class=shapes.AppliedSerializer,
        success_status=200,
        error_statuses=(404, 409),
        not_found_code="job_not_found",
    )
    def apply(self, request: Request) -> Response:
        """Record an application for a job.

        Records that the current user applied today, and with which resume. Nothing is sent to the employer.
        """
        body, user_id, resume_id = self.body, self.current_user.pk, None
        job_id = ObjectId(body["job_id"])
        if body.get("resume_id"):
            try:
                resume = find_resume(user_id=user_id, resume_id=body["resume_id"])
            except (DoesNotExist, InvalidId) as error:
                raise NotFound("You have no resume with this id.", "resume_not_found") from error
            if resume.status != "ready":
                raise ValidationError({"resume_id": ["This resume is not ready."]}, "not_ready")
            resume_id = resume.pk
        if (stage := find_stage(user_id=user_id, job_id=job_id)) in _BEYOND_APPLIED:
            raise Conflict(f"The application is already at the {stage} stage.", "application_in_progress")
        try:
            application = set_stage(
                user_id=user_id, job_id=job_id, stage="applied", resume_id=resume_id, now=timezone.now()
            )
        except ConcurrentChange as error:
            raise Conflict("The application was changed at the same time. Try again.") from error
        return Response(self.get_serializer(application).data)

    def _generate(self, job_id: str | None) -> Resume:
        try:
            return generate_resume(current_user=self.current_user, job_id=job_id, now=timezone.now())
        except CannotBuildResume as error:
            raise Conflict(str(error), _BUILD_ERROR_CODES[error.reason]) from error

    def _upload(self, job_id: str | None) -> Resume:
        """Store an upload, and wait briefly for its file to be read. Return the resume in its current state.

        Raises:
            FileRejected: The text or file was rejected before it was stored.
            ConcurrentChange: Concurrent requests prevented the upload from being stored.
        """
        file, text = self.body.get("file"), self.body.get("content") or ""
        if (file is None) == (text == ""):
            message = "Send the resume in either `content` or `file`."
            raise ValidationError({"content": [message]}, "required" if file is None else "contradiction")
        user_id = self.current_user.pk
        job = ObjectId(job_id) if job_id is not None else None
        if job is not None:
            check_job(user_id=user_id, job_id=job)
        upload = Upload(data=text) if file is None else Upload(data=file.read(), file_name=file.name)
        for wait_seconds in (WAIT_SECONDS, 0):
            outcome = _accept_upload(user_id, job, upload)
            resume = _await_reading(outcome.resume, seconds=wait_seconds)
            if resume is None:
                # A concurrent request with the same upload was rejected and deleted the resume. Store it again.
                continue
            if resume.status == "refused" and outcome.is_new:
                # This response reports the reason, so the rejected resume is no longer needed.
                delete_resume(user_id=user_id, resume_id=resume.pk)
            return resume
        raise Conflict("The upload was deleted at the same time. Upload it again.")


def _accept_upload(user_id: ObjectId, job: ObjectId | None, upload: Upload) -> UploadOutcome:
    try:
        return accept_upload(user_id=user_id, job_id=job, upload=upload, reader=read_upload, now=timezone.now())
    except TooManyInProgress as error:
        raise Throttled(wait=5, detail="Too many of your uploads are still being processed.") from error
    except TooManyUploads as error:
        message = f"You can keep up to {MAX_UPLOADS} uploaded resumes. Delete one before uploading another."
        raise ValidationError({"source": [message]}, "too_many") from error


def _await_reading(resume: Resume, *, seconds: float) -> Resume | None:
    """Wait for a file to be read and return its resume, or None if the resume was deleted.

    After `seconds`, the resume is returned as it is. If MongoDB becomes unavailable meanwhile, the unchanged resume is
    returned: the upload is stored, so the request has succeeded.
    """
    if resume.status != "processing" or resume.queued_at is None:
        return resume
    try:
        wait_until_read(resume_id=resume.pk, seconds=seconds)
        return find_resume(user_id=resume.user, resume_id=str(resume.pk))
    except Resume.DoesNotExist:
        return None
    except Exception as error:
        if not is_server_unavailable(error):
            raise
        logger.warning("resume %s is stored, but MongoDB became unavailable: %s", resume.pk, error)
        return resume


def _get_upload_field(request: Request) -> str:
    """Return the name of the request field that contains the resume."""
    is_form = str(request.content_type).startswith("multipart/")
    return "file" if is_form and "content" not in request.data else "content"


def _build_rejection(reason: str, *, field: str) -> Response:
    message = REASONS[reason]
    problem = build_problem("upload_refused", f"{field}: {message}")
    details = {"errors": {field: [message]}, "error_codes": {field: [reason]}, "reason": reason}
    return Response(shapes.UploadRefusedSerializer(problem.body | details).data, status=problem.status)
