"""Who may ask for what."""

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

# Stands for the current user's id in paths.
CURRENT_USER = "me"


class IsSelf(BasePermission):
    """Permit what names nobody but the current user: in the path, the query or the body, as `user_id`.

    It follows IsAuthenticated. Another's id is refused whether or not it is anybody's. The query and the body are
    looked at where the view's serializers have the field; a value that the field itself refuses is left to them.
    Null is as good as leaving it out, and `me` in the path is the current user. Methods that no action serves are left
    to the view too, which answers 405, and OPTIONS shows nobody's data.
    """

    message = "This user's data is not yours."

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.action in (None, "metadata"):
            return True
        # Case does not matter in an id.
        return all(user_id.lower() == request.user.id for user_id in _named_users(request, view))  # type: ignore[union-attr]


def _named_users(request: Request, view: Any) -> Iterator[str]:
    if view.kwargs.get("user_id", CURRENT_USER) != CURRENT_USER:
        yield view.kwargs["user_id"]
    given = (
        (view.get_query_serializer_class(), lambda: request.query_params.dict()),
        (view.get_request_serializer_class(), lambda: request.data),
    )
    for serializer_class, read in given:
        field = getattr(serializer_class, "_declared_fields", {}).get("user_id")
        if field is None:
            continue
        values = read()
        if not isinstance(values, Mapping) or "user_id" not in values:
            continue
        try:
            user_id = field.run_validation(values["user_id"])
        except ValidationError:
            continue
        if user_id is not None:
            yield user_id
