"""Gzip compression of text responses of at least 1 kB."""

import re
from http import HTTPStatus

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

# A smaller response fits into one packet uncompressed.
MIN_BYTES = 1024
# Other media types are already compressed: PDF, DOCX, XLSX, images and fonts.
_TEXT = re.compile(r"text/|application/(?:[\w.+-]+\+)?(?:json|xml|javascript|yaml)\b|image/svg\+xml")


class CompressionMiddleware(GZipMiddleware):
    """Django's GZipMiddleware, limited to text of at least `MIN_BYTES` and aware of the weights in Accept-Encoding.

    Django's middleware adds random bytes to each response, so that its size does not reveal secrets (BREACH).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            # A 304 response needs the same Vary header as the 200 response.
            patch_vary_headers(response, ("Accept-Encoding",))
        if response.streaming or not is_compressible(response) or response.has_header("Content-Encoding"):
            return response
        if not accepts_gzip(request.META.get("HTTP_ACCEPT_ENCODING", "")):
            patch_vary_headers(response, ("Accept-Encoding",))
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed


def is_compressible(response: HttpResponseBase) -> bool:
    """Return whether a non-streaming response is text of at least `MIN_BYTES`."""
    content: bytes = response.content  # type: ignore[attr-defined]
    return len(content) >= MIN_BYTES and _TEXT.match(response.get("Content-Type", "")) is not None


def accepts_gzip(header: str) -> bool:
    """Return whether an Accept-Encoding header accepts gzip (RFC 9110, section 12.5.3). A weight of 0 excludes it."""
    weights = {}
    for part in header.lower().split(","):
        name, _, parameters = part.partition(";")
        weight = parameters.strip().removeprefix("q=").strip()
        try:
            weights[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0
