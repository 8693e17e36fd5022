"""Bodies of bounded size: JSON by orjson, stricter than the standard library, and forms of several parts.

DRF's parser of such forms reads whatever comes, and puts files on the disk. What its other parsers read, Django bounds.
"""

from collections.abc import Mapping
from typing import IO, Any, cast

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, DataAndFiles
from rest_framework.parsers import MultiPartParser as UnboundedParser


class BodyTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"


class JSONParser(BaseParser):
    """Refuses what the standard library lets through and MongoDB or a worker would then choke on: bodies nested
    thousands deep, NaN, half surrogates, and bodies larger than DATA_UPLOAD_MAX_MEMORY_SIZE."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {_explain(error, body)}.") from error


def _explain(error: orjson.JSONDecodeError, body: bytes) -> str:
    try:
        body.decode()
    except UnicodeDecodeError as undecodable:
        return f"byte {undecodable.start} is not UTF-8"
    return str(error)


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
        except ParseError as error:
            raise ParseError(
                "The body is not a valid multipart form; its Content-Type has to name its boundary."
            ) from error


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
