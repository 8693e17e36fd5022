"""Optimistic locking with `ETag` and `If-Match`. A resource's version is the time of its last change."""

from datetime import UTC, datetime

from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from career_navigator.documents import StaleVersion

HEADER = "If-Match"
IF_MATCH = OpenApiParameter(
    HEADER,
    # The format of `build_etag`. A proxy that compresses responses may make the ETag weak, with the prefix W/.
    type={
        "type": "string",
        "pattern": r'^(\*|(W/)?"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}'
        r'(\.[0-9]{1,6})?Z")$',
    },
    location=OpenApiParameter.HEADER,
    description=(
        "ETag of the version that you read: its `updated_at` in quotes. If the stored version differs, the request "
        "returns 412 and changes nothing. `*` matches any version."
    ),
)


def build_etag(version: datetime) -> dict[str, str]:
    """Return the ETag header of a resource that was last changed at `version`."""
    return {"ETag": f'"{version.isoformat().replace("+00:00", "Z")}"'}


def check_if_match(request: Request, version: datetime | None) -> datetime | None:
    """Return the stored version if it satisfies the request's `If-Match`, and None if there is no such header.

    Args:
        request: The request that changes the resource.
        version: The stored version, or None if the resource does not exist.

    Raises:
        StaleVersion: The header does not match the stored version, or the resource does not exist.
        ValidationError: The header is not an ETag of this API.
    """
    header = request.headers.get(HEADER)
    if header is None:
        return None
    # Also accept an ETag without quotes.
    tags = parse_etags(header) or [header.strip()]
    if version is None:
        raise StaleVersion("the resource does not exist")
    if tags == ["*"]:
        return version
    if version not in {_parse_tag(tag) for tag in tags}:
        raise StaleVersion("the stored version differs")
    return version


def _parse_tag(tag: str) -> datetime:
    try:
        return datetime.fromisoformat(tag.removeprefix("W/").strip('"')).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = "This header must be the ETag of the resource, as returned when you read it."
        raise ValidationError({HEADER: [message]}) from error
