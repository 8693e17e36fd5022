"""The endpoints under /resumes: taking resumes in, writing them, showing them as files, and applying with one."""

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
from accounts.resumes.builder import NotEnoughContent
from accounts.resumes.documents import Resume
from accounts.resumes.files.sandbox import MAX_BYTES, REASONS, FileRejected
from accounts.resumes.selectors import find_resume, list_shown_resumes, wait_until_read
from accounts.resumes.services import NotConfirmable, NotRead, confirm_resume, delete_resume, generate_resume
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

# A client that waits this long for its answer is spared the asking.
WAIT_SECONDS = 2.5
# What an application goes on from; an apply that came after it would take it back.
_BEYOND_APPLIED = frozenset({"interview", "offer"})
_ID = OpenApiParameter("resume_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The resume's id.")
# The codes of why no resume was written, by the reason.
_NOT_WRITTEN = {"empty_profile": "profile_empty", "too_many": "too_many_resumes", "too_long": "resume_too_long"}


class UploadParser(MultiPartParser):
    # Beside the file the other fields, and what parts them.
    max_bytes = MAX_BYTES + 100_000


class ResumePagination(CountedPagination):
    result_key = "resumes"


class ResumeViewSet(DocumentViewSet):
    """The current user's own resumes; another's are answered as if they were not there."""

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
        return list_shown_resumes(self.current_user.pk)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer an upload that is refused with the reason by name; IsSelf reads the body before the action runs."""
        if self.action == "generate" and isinstance(exc, BodyTooLarge | FileRejected):
            reason = exc.reason if isinstance(exc, FileRejected) else "too_large"
            return _rejected(reason, field=_get_field(self.request))
        return super().handle_exception(exc)

    def retrieve(self, request: Request, resume_id: str) -> Response:
        """Return a resume, its status, and what was read from it.

        While the status is `processing` the file is still being read: ask again shortly. `parsed` has each part with
        its confidence, `offered_fields` what a confirmation can take into the profile.
        """
        resume = self.get_object()
        return Response(self.get_serializer({"resume": resume}).data, headers=build_etag(resume.changed_at))

    def destroy(self, request: Request, resume_id: str) -> Response:
        """Delete a resume.

        Applications that named it stay, and name none.
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

        Uploaded and written ones, without what was read from them; GET /resumes/{resume_id} has that.
        """
        resumes = self.get_queryset().exclude("parsed").order_by("-created_at", "-id")
        page = self.paginate_queryset(resumes)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        responses={
            201: shapes.ResumeMadeSerializer,
            202: shapes.ResumeMadeSerializer,
            400: OpenApiResponse(shapes.UploadRefusedSerializer, description="The input is invalid, or not read."),
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
        """Upload a resume, or have one written.

        An upload is text in `content`, or a file: text, PDF with a text layer, or DOCX. Text is read at once, files by
        a worker: 201 when that took no more than some seconds, else 202, and the status changes at the address that is
        answered. A file that cannot be read is refused with a `reason`. The same upload for the same job, sent again
        within minutes, is answered with the resume that it became. The profile changes only when the current user
        confirms what was read. `generated` writes a resume from the profile, for the posting if one is given.
        `created_at` is the time of the request.
        """
        job_id = self.body.get("job_id") or None
        try:
            resume = self._write(job_id) if self.body["source"] == "generated" else self._upload(job_id)
        except ConcurrentChange as error:
            raise Conflict("Too many resumes were stored at the same time; try again.") from error
        if resume.status == "refused":
            return _rejected(resume.refusal, field="file")
        # It is still being read where it is not ready.
        status, address = 201 if resume.status == "ready" else 202, resume.get_absolute_url()
        return Response(self.get_serializer(resume).data, status=status, headers={"Location": address})

    @action(
        detail=True,
        methods=["post"],
        request_serializer_class=shapes.ConfirmationSerializer,
        serializer_class=shapes.ConfirmedSerializer,
        path_parameters=[_ID, IF_MATCH],
        error_statuses=(409, 412),
    )
    def confirm(self, request: Request, resume_id: str) -> Response:
        """Take what was read from a resume into the profile.

        Only the skills and fields that are picked, and at least one of them. Skills, languages and target roles are
        added to those of the profile; other fields are replaced.
        """
        picked, resume = self.body, self.get_object()
        check_if_match(request, resume.changed_at)
        try:
            change = confirm_resume(resume=resume, skills=picked["skills"], fields=picked["fields"], now=timezone.now())
        except NotRead as error:
            errors = {
                name: [ErrorDetail(sentence, code) for sentence, code in told] for name, told in error.errors.items()
            }
            raise ValidationError(errors) from error
        except NotConfirmable as error:
            sentence = "Only an uploaded resume that was read can be confirmed."
            raise Conflict(sentence, "resume_not_confirmable") from error
        except ConcurrentChange as error:
            raise Conflict from error
        queue_collection(change)
        confirmed = {"resume": resume, "skills": change.user.skills, "filled": picked["fields"]}
        return Response(self.get_serializer(confirmed).data)

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
        """Apply for a job.

        Notes that the current user has applied, today, and with which resume. It sends nothing to anybody.
        """
        given, user_id, resume_id = self.body, self.current_user.pk, None
        job_id = ObjectId(given["job_id"])
        if given.get("resume_id"):
            try:
                resume = find_resume(user_id=user_id, resume_id=given["resume_id"])
            except (DoesNotExist, InvalidId) as error:
                raise NotFound("You have no resume with this id.", "resume_not_found") from error
            if resume.status != "ready":
                raise ValidationError({"resume_id": ["This field names a resume that is not ready."]}, "not_ready")
            resume_id = resume.pk
        if (stage := find_stage(user_id=user_id, job_id=job_id)) in _BEYOND_APPLIED:
            raise Conflict(f"The application is at the stage {stage} already.", "application_in_progress")
        try:
            application = set_stage(
                user_id=user_id, job_id=job_id, stage="applied", resume_id=resume_id, now=timezone.now()
            )
        except ConcurrentChange as error:
            raise Conflict("The application was changed at the same time; apply again.") from error
        return Response(self.get_serializer(application).data)

    def _write(self, job_id: str | None) -> Resume:
        """Write a resume from the profile. Raises Conflict, ConcurrentChange and DoesNotExist."""
        try:
            return generate_resume(current_user=self.current_user, job_id=job_id, now=timezone.now())
        except NotEnoughContent as error:
            raise Conflict(str(error), _NOT_WRITTEN[error.reason]) from error

    def _upload(self, job_id: str | None) -> Resume:
        """Store an upload; return what has become of it by then. Raises FileRejected and ConcurrentChange."""
        file, text = self.body.get("file"), self.body.get("content") or ""
        if (file is None) == (text == ""):
            sentence = "This field, or else `file`, has to hold the resume: one of the two."
            raise ValidationError({"content": [sentence]}, "required" if file is None else "contradiction")
        user_id = self.current_user.pk
        job = ObjectId(job_id) if job_id is not None else None
        if job is not None:
            check_job(user_id=user_id, job_id=job)
        upload = Upload(data=text) if file is None else Upload(data=file.read(), file_name=file.name)
        for wait_seconds in (WAIT_SECONDS, 0):
            taken = _take(user_id, job, upload)
            resume = _await_reading(taken.resume, seconds=wait_seconds)
            if resume is None:
                # The same upload, sent at the same time, was refused and told so: this one is read for itself.
                continue
            if resume.status == "refused" and taken.is_new:
                # Told here, so that it need not be kept for who asks later.
                delete_resume(user_id=user_id, resume_id=resume.pk)
            return resume
        raise Conflict("The upload was deleted at the same time; send it again.")


def _take(user_id: ObjectId, job: ObjectId | None, upload: Upload) -> UploadOutcome:
    try:
        return accept_upload(user_id=user_id, job_id=job, upload=upload, reader=read_upload, now=timezone.now())
    except TooManyInProgress as error:
        raise Throttled(wait=5, detail="Too many of your uploads are still being read.") from error
    except TooManyUploads as error:
        sentence = f"This field has to be `generated`: {MAX_UPLOADS} uploaded resumes are kept; delete some first."
        raise ValidationError({"source": [sentence]}, "too_many") from error


def _await_reading(resume: Resume, *, seconds: float) -> Resume | None:
    """Return the resume once its file was read, or as it is after that time; None where it was deleted.

    It is stored, so a MongoDB that becomes unavailable while this waits is no reason to refuse it.
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
        logger.warning("resume %s is taken, but MongoDB is unavailable: %s", resume.pk, error)
        return resume


def _get_field(request: Request) -> str:
    """What the resume came in."""
    is_form = str(request.content_type).startswith("multipart/")
    return "file" if is_form and "content" not in request.data else "content"


def _rejected(reason: str, *, field: str) -> Response:
    sentence = REASONS[reason]
    problem = build_problem("upload_refused", f"{field}: {sentence}")
    named = {"errors": {field: [sentence]}, "error_codes": {field: [reason]}, "reason": reason}
    return Response(shapes.UploadRefusedSerializer(problem.body | named).data, status=problem.status)
