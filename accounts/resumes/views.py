"""The endpoints under /resumes: taking resumes in, writing them, showing them, and applying with one."""

import logging
from typing import Any

import mongoengine
from bson import ObjectId
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.applications.selectors import check_job, find_application
from accounts.applications.services import set_stage
from accounts.documents import ConcurrentChange
from accounts.entrance import Conflict
from accounts.resumes import serializers as shapes
from accounts.resumes.confirmation import NotConfirmable, NotRead, confirm_resume, offered_fields
from accounts.resumes.documents import Resume
from accounts.resumes.files.kinds import MOST_BYTES
from accounts.resumes.files.refusals import REASONS, FileRefused
from accounts.resumes.generation import NotWritten
from accounts.resumes.selectors import describe_resume, find_resume, list_resumes, wait_until_read
from accounts.resumes.services import delete_resume
from accounts.resumes.tasks import read_upload
from accounts.resumes.uploads import MOST_UPLOADS, Taken, TooManyInProgress, TooManyUploads, Upload, take_upload
from accounts.resumes.writing import generate_resume
from career_navigator.api.exceptions import is_server_away
from career_navigator.api.parsers import BodyTooLarge, JSONParser, MultiPartParser
from career_navigator.api.serializers import success
from career_navigator.personal import PersonalViewSet, caller_of, read_own_body, require_own

logger = logging.getLogger(__name__)

# A client that waits this long for its answer is spared the asking.
WAIT_SECONDS = 2.5
# What an application goes on from; an apply that came after it would take it back.
_BEYOND_APPLIED = frozenset({"interview", "offer"})


class UploadParser(MultiPartParser):
    # Beside the file the other fields, and what parts them.
    most_bytes = MOST_BYTES + 100_000


class ResumeMakingViewSet(PersonalViewSet):
    parser_classes = [JSONParser, UploadParser]

    @extend_schema(
        operation_id="resumes_generate",
        summary="Upload a resume, or have one written",
        description=(
            "An upload is text in `content`, or a file: text, PDF with a text layer, or DOCX. Text is read at once, "
            "files by a worker: 201 when that took no more than some seconds, else 202, and the status changes at the "
            "address that is answered. A file that cannot be read is refused with a `reason`. The same upload for the "
            "same job, sent again within minutes, is answered with the resume that it became. The profile changes only "
            "when the caller confirms what was read. `generated` writes a resume from the profile, for the posting if "
            "one is given. `created_at` is the time of the request."
        ),
        request={
            "application/json": shapes.ResumeInSerializer,
            "multipart/form-data": shapes.ResumeUploadSerializer,
        },
        responses={
            201: shapes.ResumeMadeSerializer,
            202: shapes.ResumeMadeSerializer,
            400: OpenApiResponse(shapes.UploadRefusedSerializer, description="The input is invalid, or not read."),
            403: None,
            404: None,
            409: None,
        },
        tags=["resumes"],
    )
    def generate(self, request: Request) -> Response:
        try:
            given = read_own_body(shapes.ResumeUploadSerializer, request)
            job_id = given.get("job_id") or None
            if given["source"] == "generated":
                return _made(_generate(request, job_id=job_id))
            return _upload(request, given, job_id=job_id)
        except BodyTooLarge:
            return _refused("too_large", field=_field_of(request))
        except FileRefused as refused:
            return _refused(refused.reason, field=_field_of(request))
        except ConcurrentChange as error:
            raise Conflict("Too many resumes were stored at the same time; try again.") from error


class ResumeViewSet(PersonalViewSet):
    """The caller's own resumes; another's are answered as if they were not there."""

    @extend_schema(
        operation_id="resumes_user",
        summary="The caller's resumes",
        parameters=[shapes.ResumesQuery],
        responses={200: shapes.ResumesSerializer, 403: None},
        tags=["resumes"],
    )
    def show(self, request: Request, user_id: str) -> Response:
        require_own(request, user_id)
        page = list_resumes(user_id=_caller_id(request), **shapes.ResumesQuery.read(request))
        return Response(success(resumes=page.resumes, total=page.total))

    @extend_schema(
        operation_id="resumes_retrieve",
        summary="A resume, its status, and what was read from it",
        responses=shapes.ResumeAnswerSerializer,
        tags=["resumes"],
    )
    def retrieve(self, request: Request, resume_id: str) -> Response:
        resume = find_resume(user_id=_caller_id(request), resume_id=resume_id)
        told = {"parsed": resume.parsed, "offered_fields": offered_fields(resume)}
        return Response(success(resume=describe_resume(resume) | told))

    @extend_schema(
        operation_id="resumes_delete",
        summary="Delete a resume",
        request=None,
        responses={200: shapes.ResumeIdSerializer},
        tags=["resumes"],
    )
    def destroy(self, request: Request, resume_id: str) -> Response:
        resume = find_resume(user_id=_caller_id(request), resume_id=resume_id)
        delete_resume(user_id=resume.user, resume_id=resume.pk)
        return Response(success(resume_id=str(resume.pk)))

    @extend_schema(
        operation_id="resumes_confirm",
        summary="Take what was read from a resume into the profile",
        description="Only the skills and fields that are picked; the skills are added to those of the profile.",
        request=shapes.ConfirmationSerializer,
        responses={200: shapes.ConfirmedSerializer, 404: None, 409: None},
        tags=["resumes"],
    )
    def confirm(self, request: Request, resume_id: str) -> Response:
        picked = read_own_body(shapes.ConfirmationSerializer, request)
        resume = find_resume(user_id=_caller_id(request), resume_id=resume_id)
        try:
            change = confirm_resume(resume=resume, skills=picked["skills"], fields=picked["fields"], now=timezone.now())
        except NotRead as error:
            raise ValidationError(error.errors) from error
        except NotConfirmable as error:
            raise Conflict("Only an uploaded resume that was read can be confirmed.") from error
        except ConcurrentChange as error:
            raise Conflict from error
        return Response(
            success(resume_id=str(resume.pk), skills=list(change.user.skills), filled=list(picked["fields"]))
        )


class ApplyingViewSet(PersonalViewSet):
    parser_classes = [FormParser, MultiPartParser, JSONParser]

    @extend_schema(
        operation_id="resumes_apply",
        summary="Apply for a job",
        description="Notes that the caller has applied, today, and with which resume. It sends nothing to anybody.",
        request=shapes.ApplySerializer,
        responses={200: shapes.AppliedSerializer, 403: None, 404: None, 409: None},
        tags=["resumes"],
    )
    def apply(self, request: Request) -> Response:
        given = read_own_body(shapes.ApplySerializer, request)
        user_id, job_id, resume_id = _caller_id(request), ObjectId(given["job_id"]), None
        if given.get("resume_id"):
            resume = find_resume(user_id=user_id, resume_id=given["resume_id"])
            if resume.status != "ready":
                raise ValidationError({"resume_id": ["This field names a resume that is not ready."]})
            resume_id = resume.pk
        if (stage := _stage_of(user_id, job_id)) in _BEYOND_APPLIED:
            raise Conflict(f"The application is at the stage {stage} already.")
        try:
            application = set_stage(
                user_id=user_id, job_id=job_id, stage="applied", resume_id=resume_id, now=timezone.now()
            )
        except ConcurrentChange as error:
            raise Conflict("The application was changed at the same time; apply again.") from error
        return Response(success(activity_id=str(application.activity)))


def _generate(request: Request, *, job_id: str | None) -> Resume:
    try:
        return generate_resume(caller=caller_of(request), job_id=job_id, now=timezone.now())
    except NotWritten as error:
        raise Conflict(str(error)) from error


def _upload(request: Request, given: dict[str, Any], *, job_id: str | None) -> Response:
    """Store an upload and answer what has become of it by then. Raises FileRefused and ConcurrentChange."""
    file, text = given.get("file"), given.get("content") or ""
    if (file is None) == (text == ""):
        raise ValidationError({"content": ["This field, or else `file`, has to hold the resume: one of the two."]})
    user_id = _caller_id(request)
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
        if resume.status == "refused":
            if taken.is_new:
                # Told here, so that it need not be kept for who asks later.
                delete_resume(user_id=user_id, resume_id=resume.pk)
            return _refused(resume.refusal, field="file")
        return _made(resume)
    raise Conflict("The upload was deleted at the same time; send it again.")


def _take(user_id: ObjectId, job: ObjectId | None, upload: Upload) -> Taken:
    try:
        return take_upload(user_id=user_id, job_id=job, upload=upload, reader=read_upload, now=timezone.now())
    except TooManyInProgress as error:
        raise Throttled(wait=5) from error
    except TooManyUploads as error:
        sentence = f"This field has to be `generated`: {MOST_UPLOADS} uploaded resumes are kept; delete some first."
        raise ValidationError({"source": [sentence]}) from error


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
        if not is_server_away(error):
            raise
        logger.warning("resume %s is taken, but MongoDB is unavailable: %s", resume.pk, error)
        return resume


def _made(resume: Resume) -> Response:
    """The answer to a request that made a resume: 202 while it is read."""
    address = f"/resumes/{resume.pk}"
    answer = success(
        resume_id=str(resume.pk),
        status=resume.status,
        address=address,
        version=resume.version,
        missing_skills=list(resume.missing_skills),
    )
    return Response(answer, status=201 if resume.status == "ready" else 202, headers={"Location": address})


def _field_of(request: Request) -> str:
    """What the resume came in."""
    is_form = str(request.content_type).startswith("multipart/")
    return "file" if is_form and "content" not in request.data else "content"


def _refused(reason: str, *, field: str) -> Response:
    sentence = REASONS[reason]
    body = {"detail": f"{field}: {sentence}", "errors": {field: [sentence]}, "reason": reason}
    return Response(body, status=400)


def _stage_of(user_id: ObjectId, job_id: ObjectId) -> str | None:
    try:
        return str(find_application(user_id=user_id, job_id=job_id).stage)
    except mongoengine.DoesNotExist:
        return None


def _caller_id(request: Request) -> ObjectId:
    return ObjectId(caller_of(request).id)
