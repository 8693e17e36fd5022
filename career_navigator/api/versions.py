"""ETags, which name the version of a resource, and `If-Match`, which brings one back with a change of it."""

from datetime import UTC, datetime

from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from career_navigator.documents import StaleVersion

HEADER = "If-Match"
IF_MATCH = OpenApiParameter(
    HEADER,
    # As `build_etag` writes it; behind what compresses answers it may begin with W/.
    type={
        "type": "string",
        "pattern": r'^(\*|(W/)?"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}'
        r'(\.[0-9]{1,6})?Z")$',
    },
    location=OpenApiParameter.HEADER,
    description=(
        "The ETag that the change is made from, which is `updated_at` in quotes: where another version is stored by "
        "now, the answer is 412, and nothing changes. `*` stands for any version."
    ),
)


def build_etag(version: datetime) -> dict[str, str]:
    """Return the header that names a version of a resource: the time of its last change."""
    return {"ETag": f'"{version.isoformat().replace("+00:00", "Z")}"'}


def check_if_match(request: Request, version: datetime | None) -> datetime | None:
    """Return the version that the change has to be made from; None where the request does not ask for one.

    `version` is the stored one, None where there is nothing stored. Raises StaleVersion where `If-Match` names others,
    and ValidationError where it names none.
    """
    given = request.headers.get(HEADER)
    if given is None:
        return None
    # One that comes without its quotes is understood too.
    tags = parse_etags(given) or [given.strip()]
    if version is None:
        raise StaleVersion("nothing is stored that it could be a change of")
    if tags == ["*"]:
        return version
    if version not in {_read_tag(tag) for tag in tags}:
        raise StaleVersion("another version is stored by now")
    return version


def _read_tag(tag: str) -> datetime:
    try:
        return datetime.fromisoformat(tag.removeprefix("W/").strip('"')).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        sentence = "This header has to be the ETag of what is changed, as an answer has it."
        raise ValidationError({HEADER: [sentence]}) from error
