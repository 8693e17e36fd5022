"""Downloads of resumes as PDF, DOCX, HTML, Markdown and JSON: /resumes/{resume_id}.pdf and so on."""

import re
import unicodedata
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
from accounts.resumes.files.formats import DOCX, PDF
from accounts.resumes.renderers.docx import render_docx
from accounts.resumes.renderers.html import get_policy, render_html
from accounts.resumes.renderers.layout import ResumeLayout, build_layout
from accounts.resumes.renderers.markdown import render_markdown
from accounts.resumes.renderers.pdf import render_pdf
from accounts.resumes.renderers.scripts import split_clusters
from accounts.resumes.selectors import list_resumes
from career_navigator.api.viewsets import DocumentViewSet

_ID = OpenApiParameter("resume_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The resume's id.")
_PATH = r"(?P<resume_id>[^/]+)\."
_MAX_NAME_LENGTH = 60
# Joiners inside words of Persian and Indian languages. File names do not need them.
_JOINERS = re.compile("[\u200c\u200d]")


class ResumeFileViewSet(DocumentViewSet):
    """The current user's resumes as files, both uploaded and generated ones."""

    document = Resume
    owner_field = "user"
    lookup_url_kwarg = "resume_id"
    not_found_code = "resume_not_found"
    path_parameters = [_ID]
    error_statuses = (409,)

    def get_queryset(self) -> QuerySet:
        return list_resumes(self.current_user.pk)

    def get_object(self) -> Resume:
        """Return the requested resume.

        Raises:
            Http404: The current user has no such resume.
            Conflict: The uploaded file is still being processed, or was rejected.
        """
        resume: Resume = super().get_object()
        if resume.status == "processing":
            raise Conflict("The resume is still being processed. Try again shortly.", "resume_processing")
        if resume.status != "ready":
            message = "The uploaded file could not be read, so this resume has no content."
            raise Conflict(message, "resume_unreadable")
        return resume

    @action(detail=False, url_path=_PATH + "pdf", media_type=PDF)
    def pdf(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as a PDF.

        The text can be selected and searched, and its headings are tagged. The fonts cover Latin, Greek, Cyrillic,
        Arabic, Hebrew, Devanagari, Thai, Chinese, Japanese and Korean. Characters of other scripts appear as boxes.
        """
        return self._render("pdf", render_pdf)

    @action(detail=False, url_path=_PATH + "docx", media_type=DOCX)
    def docx(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as a Word document.

        The document has plain paragraphs and lists, so its owner can edit it.
        """
        return self._render("docx", render_docx)

    @action(detail=False, url_path=_PATH + "html", media_type="text/html")
    def html(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as a self-contained web page.

        The page loads no external files and runs no scripts.
        """
        response = self._render("html", render_html)
        response.headers["Content-Security-Policy"] = f"{get_policy()}; frame-ancestors 'none'"
        return response

    @action(detail=False, url_path=_PATH + "md", media_type="text/markdown", operation_id="resumes_markdown")
    def markdown(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume as Markdown.

        The content is the same as in the other formats.
        """
        return self._render("md", render_markdown)

    @extend_schema(responses={200: {"$ref": f"#/components/schemas/{shapes.JSONResumeField.schema_name}"}, 409: None})
    @action(detail=False, url_path=_PATH + "json", media_type="application/json")
    def json(self, request: Request, resume_id: str) -> HttpResponse:
        """Return a resume in the JSON Resume format.

        Tools that support jsonresume.org can import it. Empty sections are omitted.
        """
        resume = self.get_object()
        content = orjson.dumps(resume.content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        return self._build_file_response(resume, content, extension="json")

    def _render(self, extension: str, render: Callable[[ResumeLayout], bytes]) -> HttpResponse:
        resume = self.get_object()
        return self._build_file_response(resume, render(build_layout(resume.content)), extension=extension)

    def _build_file_response(self, resume: Resume, content: bytes, *, extension: str) -> HttpResponse:
        media_type = str(self.media_type)
        disposition = content_disposition_header(as_attachment=True, filename=_build_file_name(resume, extension))
        headers = {
            "Cache-Control": "private, no-store",
            "Content-Disposition": disposition or "attachment",
            "Content-Type": f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type,
            "X-Content-Type-Options": "nosniff",
        }
        return HttpResponse(content, headers=headers)


def _build_file_name(resume: Resume, extension: str) -> str:
    """Return a file name such as "Ada-Lovelace-resume-v2.pdf".

    The owner's name is reduced to letters with their marks, digits and hyphens, so the file name cannot contain a path
    or a command.
    """
    name = str(resume.content.get("basics", {}).get("name") or "")
    words = _cut_clusters("-".join(_list_words(name)))
    return "-".join(filter(None, (words, "resume", f"v{resume.version}"))) + f".{extension}"


def _list_words(name: str) -> list[str]:
    """Return the words of a name: letters and digits with the marks that belong to them."""
    plain = _JOINERS.sub("", unicodedata.normalize("NFC", name))
    words = "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in plain).split()
    return [word for word in words if any(map(str.isalnum, word))]


def _cut_clusters(text: str) -> str:
    """Cut a text to the maximum length, without separating a letter from its marks."""
    cut = ""
    for cluster in split_clusters(text):
        if len(cut) + len(cluster) > _MAX_NAME_LENGTH:
            break
        cut += cluster
    return cut
