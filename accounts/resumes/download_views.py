"""Downloads of resumes: /resumes/{resume_id}.pdf and the other forms."""

import re
from collections.abc import Callable

import orjson
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from mongoengine import QuerySet
from rest_framework.decorators import action
from rest_framework.request import Request

from accounts.auth_services import Conflict
from accounts.resumes import serializers as shapes
from accounts.resumes.documents import Resume
from accounts.resumes.files.sandbox import DOCX, PDF
from accounts.resumes.renderers.docx import render_docx
from accounts.resumes.renderers.html import get_policy, render_html
from accounts.resumes.renderers.layout import ResumeLayout, build_layout
from accounts.resumes.renderers.markdown import render_markdown
from accounts.resumes.renderers.pdf import render_pdf
from accounts.resumes.selectors import list_shown_resumes
from career_navigator.api.viewsets import DocumentViewSet

_ID = OpenApiParameter("resume_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The resume's id.")
_PATH = r"(?P<resume_id>[^/]+)\."
_MAX_NAME_LENGTH = 60
_WORD = re.compile(r"[^\W_]+")


class ResumeFileViewSet(DocumentViewSet):
    """The current user's own resumes, uploaded or written, each in every form."""

    document = Resume
    owner_field = "user"
    lookup_url_kwarg = "resume_id"
    not_found_code = "resume_not_found"
    path_parameters = [_ID]
    error_statuses = (409,)

    def get_queryset(self) -> QuerySet:
        return list_shown_resumes(self.current_user.pk)

    def get_object(self) -> Resume:
        """Return the resume that the path names. Raises Http404, and Conflict while there is nothing to show."""
        resume: Resume = super().get_object()
        if resume.status == "processing":
            raise Conflict("The resume is still being read; ask again shortly.", "resume_processing")
        if resume.status != "ready":
            sentence = "The file that was uploaded could not be read, so there is nothing to show of it."
            raise Conflict(sentence, "resume_unreadable")
        return resume

    @action(detail=False, url_path=_PATH + "pdf", media_type=PDF)
    def pdf(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as a PDF.

        The text can be selected. The letters are those of Latin, Greek and Cyrillic scripts.
        """
        return self._render("pdf", render_pdf)

    @action(detail=False, url_path=_PATH + "docx", media_type=DOCX)
    def docx(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as a Word document.

        For editing it further.
        """
        return self._render("docx", render_docx)

    @action(detail=False, url_path=_PATH + "html", media_type="text/html")
    def html(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as a web page of its own.

        It needs nothing beside it and runs nothing.
        """
        answer = self._render("html", render_html)
        answer.headers["Content-Security-Policy"] = f"{get_policy()}; frame-ancestors 'none'"
        return answer

    @action(detail=False, url_path=_PATH + "md", media_type="text/markdown", operation_id="resumes_markdown")
    def markdown(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as Markdown.

        The same content as the other forms, for editors and version control.
        """
        return self._render("md", render_markdown)

    @extend_schema(responses={200: {"$ref": f"#/components/schemas/{shapes.JSONResumeField.schema_name}"}, 409: None})
    @action(detail=False, url_path=_PATH + "json", media_type="application/json")
    def json(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume in the JSON Resume format.

        As other tools that know jsonresume.org take it. Only the parts that the resume has are there.
        """
        resume = self.get_object()
        content = orjson.dumps(resume.content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        return self._build_file(resume, content, ending="json")

    def _render(self, ending: str, write: Callable[[ResumeLayout], bytes]) -> HttpResponse:
        resume = self.get_object()
        return self._build_file(resume, write(build_layout(resume.content)), ending=ending)

    def _build_file(self, resume: Resume, content: bytes, *, ending: str) -> HttpResponse:
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
