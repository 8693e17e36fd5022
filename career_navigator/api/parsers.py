"""Parsers that limit the body size: strict JSON parsing with orjson, and multipart forms.

DRF's MultiPartParser reads bodies of any size and stores files on disk. Django limits the bodies that DRF's other
parsers read.
"""

import json
import re
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

# The integers that orjson reads exactly. It reads other integers as floats, which changes their value.
_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**64 - 1
_LONG_NUMBER = re.compile(rb"\d{19}")


class BodyTooLarge(APIException):
    """The request body exceeds the limit of its parser."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"


class JSONParser(BaseParser):
    """A JSON parser that rejects values MongoDB or a worker cannot process.

    These are bodies nested thousands of levels deep, NaN and unpaired surrogates, which the standard library accepts,
    and integers of more than 64 bits.
    Bodies larger than DATA_UPLOAD_MAX_MEMORY_SIZE are rejected too.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.")
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {_explain(error, body)}.") from error
        if _LONG_NUMBER.search(body):
            _check_integers(body)
        return data


def _check_integers(body: bytes) -> None:
    """Raise ParseError if valid JSON contains an integer that orjson would read as a float."""
    try:
        json.loads(body, parse_int=_check_integer)
    except RecursionError as error:
        raise ParseError("The body is nested too deeply.") from error


def _check_integer(literal: str) -> None:
    # int() rejects literals of more than 4,300 digits. No valid integer has more than 20.
    if len(literal) > len(str(_MIN_INTEGER)) or not _MIN_INTEGER <= int(literal) <= _MAX_INTEGER:
        shown = literal if len(literal) <= 30 else f"{literal[:30]}..."
        raise ParseError(f"The integer {shown} has more than 64 bits. Send it as a string.")


def _explain(error: orjson.JSONDecodeError, body: bytes) -> str:
    try:
        body.decode()
    except UnicodeDecodeError as decode_error:
        return f"byte {decode_error.start} is not UTF-8"
    return str(error)


class MultiPartParser(UnboundedParser):
    """A multipart parser that keeps uploaded files in memory.

    It raises BodyTooLarge if the body exceeds `max_bytes`, which defaults to DATA_UPLOAD_MAX_MEMORY_SIZE.
    """

    max_bytes: int | None = None

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "DataAndFiles[Any, Any]":
        request = cast(Any, (parser_context or {})["request"])
        limit = self.max_bytes or settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        # Django reads at most CONTENT_LENGTH bytes, and nothing if the header is missing.
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if length.isdecimal() and int(length) > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.")
        request.upload_handlers = [_InMemory(request)]
        try:
            return super().parse(stream, media_type, parser_context)
        except RequestDataTooBig as error:
            limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            raise BodyTooLarge(f"The form fields other than the file are larger than {limit} bytes.") from error
        except ParseError as error:
            raise ParseError(
                "The body is not a valid multipart form. Its Content-Type must include the boundary."
            ) from error


class _InMemory(MemoryFileUploadHandler):
    """Django's in-memory upload handler, used for every size, because the parser has already checked the size."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Mapping[str, Any],  # noqa: N803 - Django's parameter name
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        self.activated = True
