"""A resume as a file: /resumes/{id} with the ending of a form."""

import re

import orjson
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from mongoengine import QuerySet
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.resumes.documents import Resume
from accounts.resumes.renderings.docx import write_docx
from accounts.resumes.renderings.html import POLICY, write_html
from accounts.resumes.renderings.markdown import write_markdown
from accounts.resumes.renderings.page import lay_out
from accounts.resumes.renderings.pdf import write_pdf
from accounts.resumes.selectors import shown_resumes
from career_navigator.api.viewsets import DocumentViewSet

_PDF = "application/pdf"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_ID = OpenApiParameter("resume_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The resume's id.")
_PATH = r"(?P<resume_id>[^/]+)\."
_MAX_NAME_LENGTH = 60
_WORD = re.compile(r"[^\W_]+")


class NotReadable(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "not_readable"


class RenderingViewSet(DocumentViewSet):
    """The current user's own resumes, uploaded or written, each in every form."""

    document = Resume
    owner_field = "user"
    lookup_url_kwarg = "resume_id"
    path_parameters = [_ID]
    error_statuses = (409,)

    def get_queryset(self) -> QuerySet:
        return shown_resumes(self.current_user.pk)

    def get_object(self) -> Resume:
        """Return the resume that the path names. Raises Http404, and NotReadable while there is nothing to show."""
        resume: Resume = super().get_object()
        if resume.status == "processing":
            raise NotReadable("The resume is still being read; ask again shortly.")
        if resume.status != "ready":
            raise NotReadable("The file that was uploaded could not be read, so there is nothing to show of it.")
        return resume

    @action(detail=False, url_path=_PATH + "pdf", media_type=_PDF)
    def pdf(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as a PDF.

        The text can be selected. The letters are those of Latin, Greek and Cyrillic scripts.
        """
        resume = self.get_object()
        return self._file(resume, write_pdf(lay_out(resume.content)), ending="pdf")

    @action(detail=False, url_path=_PATH + "docx", media_type=_DOCX)
    def docx(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as a Word document."""
        resume = self.get_object()
        return self._file(resume, write_docx(lay_out(resume.content)), ending="docx")

    @action(detail=False, url_path=_PATH + "html", media_type="text/html")
    def html(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as a web page of its own.

        It needs nothing beside it and runs nothing.
        """
        resume = self.get_object()
        answer = self._file(resume, write_html(lay_out(resume.content)), ending="html")
        answer.headers["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'none'"
        return answer

    @action(detail=False, url_path=_PATH + "md", media_type="text/markdown", operation_id="resumes_markdown")
    def markdown(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as Markdown."""
        resume = self.get_object()
        return self._file(resume, write_markdown(lay_out(resume.content)), ending="md")

    @action(detail=False, url_path=_PATH + "json", media_type="application/json")
    def json(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume in the JSON Resume format."""
        resume = self.get_object()
        content = orjson.dumps(resume.content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        return self._file(resume, content, ending="json")

    def _file(self, resume: Resume, content: bytes, *, ending: str) -> HttpResponse:
        media_type = str(self.media_type)
        name = content_disposition_header(as_attachment=True, filename=_file_name(resume, ending))
        headers = {
            "Cache-Control": "private, no-store",
            "Content-Disposition": name or "attachment",
            "Content-Type": f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type,
            "X-Content-Type-Options": "nosniff",
        }
        return HttpResponse(content, headers=headers)


def _file_name(resume: Resume, ending: str) -> str:
    """Of words alone, so that no system reads a path or a command into it: "Ada-Lovelace-resume-v2.pdf"."""
    name = str(resume.content.get("basics", {}).get("name") or "")
    words = "-".join(_WORD.findall(name))[:_MAX_NAME_LENGTH]
    return "-".join(filter(None, (words, "resume", f"v{resume.version}"))) + f".{ending}"
