"""A resume as a file: /resumes/{id} with the ending of a form."""

import re

import orjson
from bson import ObjectId
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.resumes.documents import Resume
from accounts.resumes.renderings.docx import write_docx
from accounts.resumes.renderings.html import POLICY, write_html
from accounts.resumes.renderings.markdown import write_markdown
from accounts.resumes.renderings.page import lay_out
from accounts.resumes.renderings.pdf import write_pdf
from accounts.resumes.selectors import find_resume
from career_navigator.personal import PersonalViewSet, caller_of

_PDF = "application/pdf"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_ID = OpenApiParameter("resume_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The resume's id.")
_LONGEST_NAME = 60
_WORD = re.compile(r"[^\W_]+")


class NotReadable(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "not_readable"


class RenderingViewSet(PersonalViewSet):
    """The caller's own resumes, uploaded or written, each in every form."""

    @extend_schema(
        operation_id="resumes_pdf",
        summary="A resume as a PDF",
        description="The text can be selected. The letters are those of Latin, Greek and Cyrillic scripts.",
        parameters=[_ID],
        responses={(200, _PDF): OpenApiTypes.BINARY, 409: None},
        tags=["resumes"],
    )
    def pdf(self, request: Request, resume_id: str) -> HttpResponse:
        resume = _readable(request, resume_id)
        return _file(resume, write_pdf(lay_out(resume.content)), ending="pdf", media_type=_PDF)

    @extend_schema(
        operation_id="resumes_docx",
        summary="A resume as a Word document",
        parameters=[_ID],
        responses={(200, _DOCX): OpenApiTypes.BINARY, 409: None},
        tags=["resumes"],
    )
    def docx(self, request: Request, resume_id: str) -> HttpResponse:
        resume = _readable(request, resume_id)
        return _file(resume, write_docx(lay_out(resume.content)), ending="docx", media_type=_DOCX)

    @extend_schema(
        operation_id="resumes_html",
        summary="A resume as a web page of its own",
        description="It needs nothing beside it and runs nothing.",
        parameters=[_ID],
        responses={(200, "text/html"): OpenApiTypes.STR, 409: None},
        tags=["resumes"],
    )
    def html(self, request: Request, resume_id: str) -> HttpResponse:
        resume = _readable(request, resume_id)
        answer = _file(resume, write_html(lay_out(resume.content)), ending="html", media_type="text/html")
        answer.headers["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'none'"
        return answer

    @extend_schema(
        operation_id="resumes_markdown",
        summary="A resume as Markdown",
        parameters=[_ID],
        responses={(200, "text/markdown"): OpenApiTypes.STR, 409: None},
        tags=["resumes"],
    )
    def markdown(self, request: Request, resume_id: str) -> HttpResponse:
        resume = _readable(request, resume_id)
        return _file(resume, write_markdown(lay_out(resume.content)), ending="md", media_type="text/markdown")

    @extend_schema(
        operation_id="resumes_json",
        summary="A resume in the JSON Resume format",
        parameters=[_ID],
        responses={(200, "application/json"): OpenApiTypes.OBJECT, 409: None},
        tags=["resumes"],
    )
    def json(self, request: Request, resume_id: str) -> HttpResponse:
        resume = _readable(request, resume_id)
        content = orjson.dumps(resume.content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        return _file(resume, content, ending="json", media_type="application/json")


def _readable(request: Request, resume_id: str) -> Resume:
    """The caller's resume. Raises DoesNotExist, and NotReadable while there is nothing in it to be shown."""
    resume = find_resume(user_id=ObjectId(caller_of(request).id), resume_id=resume_id)
    if resume.status == "processing":
        raise NotReadable("The resume is still being read; ask again shortly.")
    if resume.status != "ready":
        raise NotReadable("The file that was uploaded could not be read, so there is nothing to show of it.")
    return resume


def _file(resume: Resume, content: bytes, *, ending: str, media_type: str) -> HttpResponse:
    content_type = f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
    name = content_disposition_header(as_attachment=True, filename=_file_name(resume, ending))
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": name or "attachment",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type=content_type, headers=headers)


def _file_name(resume: Resume, ending: str) -> str:
    """Of words alone, so that no system reads a path or a command into it: "Ada-Lovelace-resume-v2.pdf"."""
    name = str(resume.content.get("basics", {}).get("name") or "")
    words = "-".join(_WORD.findall(name))[:_LONGEST_NAME]
    return "-".join(filter(None, (words, "resume", f"v{resume.version}"))) + f".{ending}"
