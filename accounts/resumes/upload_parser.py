"""Reading a multipart body of at most one resume's size into memory: no part of it ever becomes a file on disk."""

from collections.abc import Mapping
from typing import IO, Any

from django.core.files.uploadhandler import MemoryFileUploadHandler
from rest_framework.parsers import DataAndFiles, MultiPartParser

from accounts.resumes.files.kinds import MOST_BYTES
from accounts.resumes.files.refusals import FileRefused

# The other fields, and what parts them.
_BESIDE_FILE = 100_000


class _InMemory(MemoryFileUploadHandler):
    """Django's, whatever the size: how much there may be was settled before."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Mapping[str, Any],  # noqa: N803 - as Django calls it
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        self.activated = True


class UploadParser(MultiPartParser):
    """Raises FileRefused before it reads a body that is too large."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "DataAndFiles[Any, Any]":
        request = (parser_context or {})["request"]
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if length > MOST_BYTES + _BESIDE_FILE:
            raise FileRefused("too_large")
        request.upload_handlers = [_InMemory(request)]
        return super().parse(stream, media_type, parser_context)
