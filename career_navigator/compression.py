"""Answers over 1 kB are compressed by gzip, for clients that take it."""

import re
from http import HTTPStatus

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

# A smaller one fits into one packet as it is.
MIN_BYTES = 1024
# All else is compressed already: PDF, DOCX, XLSX, pictures, fonts.
_TEXT = re.compile(r"text/|application/(?:[\w.+-]+\+)?(?:json|xml|javascript|yaml)\b|image/svg\+xml")


class CompressionMiddleware(GZipMiddleware):
    """Django's, for texts of `MIN_BYTES` and more, and with the weights that a client gives to encodings.

    Django's adds a random length to each answer, so that a secret in it cannot be guessed by its size (BREACH).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            # It has the headers of what it stands for.
            patch_vary_headers(response, ("Accept-Encoding",))
        if response.streaming or not is_compressible(response) or response.has_header("Content-Encoding"):
            return response
        if not accepts_gzip(request.META.get("HTTP_ACCEPT_ENCODING", "")):
            patch_vary_headers(response, ("Accept-Encoding",))
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed


def is_compressible(response: HttpResponseBase) -> bool:
    """Whether a response that is no stream is a text, and long enough."""
    content: bytes = response.content  # type: ignore[attr-defined]
    return len(content) >= MIN_BYTES and _TEXT.match(response.get("Content-Type", "")) is not None


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding takes gzip (RFC 9110, 12.5.3); one that names it with the weight 0 does not."""
    weights = {}
    for part in header.lower().split(","):
        name, _, parameters = part.partition(";")
        weight = parameters.strip().removeprefix("q=").strip()
        try:
            weights[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0
