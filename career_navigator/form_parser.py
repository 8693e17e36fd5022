"""Forms of several parts, as files come in, of bounded size and read into memory.

DRF's parser reads whatever comes, and puts it on the disk. What its other parsers read, Django bounds.
"""

from collections.abc import Mapping
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler
from rest_framework.parsers import DataAndFiles
from rest_framework.parsers import MultiPartParser as UnboundedParser

from career_navigator.rendering import BodyTooLarge


class MultiPartParser(UnboundedParser):
    """Raises BodyTooLarge beyond `most_bytes`, in a subclass, or DATA_UPLOAD_MAX_MEMORY_SIZE."""

    most_bytes: int | None = None

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "DataAndFiles[Any, Any]":
        request = cast(Any, (parser_context or {})["request"])
        most = self.most_bytes or settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        # Never more than this is read: of a body without a length nothing is.
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if length.isdecimal() and int(length) > most:
            raise BodyTooLarge(f"The body is larger than {most} bytes.")
        request.upload_handlers = [_InMemory(request)]
        try:
            return super().parse(stream, media_type, parser_context)
        except RequestDataTooBig as error:
            most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            raise BodyTooLarge(f"The fields beside a file are larger than {most} bytes.") from error


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
