"""Serializers of queries and bodies, and how serializers are built once and shared."""

from collections.abc import Sized
from copy import copy
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

# A query parameter: the fields that the items of a list are to have, separated by commas.
FIELDS_PARAMETER = "fields"

_Shape = TypeVar("_Shape", bound=serializers.Serializer[Any])


@cache
def build_once(shape: type[_Shape], *, many: bool = False) -> _Shape:
    """Return a serializer to copy, with its fields.

    Making one copies every field, which takes longer than reading or writing with them; neither leaves anything behind
    in them.
    """
    built = shape(many=many)
    # Copied when they are first asked for, which is to be once.
    _ = (built.child if many else built).fields  # type: ignore[attr-defined]
    return built


class QuerySerializer(serializers.Serializer[Any]):
    """The query parameters of an endpoint. Unknown ones are ignored, and named; a bad value of a known one is 400.

    A parameter that may be repeated is a ListField.
    """

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """The parameters, validated, with defaults filled in.

        Raises ValidationError.
        """
        # A plain dictionary, since DRF takes an empty value in a QueryDict for an absent one.
        given: dict[str, Any] = request.query_params.dict()
        parameters = build_once(cls)
        for name, field in parameters.fields.items():
            if name in given and isinstance(field, serializers.ListField):
                given[name] = request.query_params.getlist(name)
        validated: dict[str, Any] = parameters.run_validation(given)
        return validated


def validate_as(shape: type[_Shape], data: Any) -> _Shape:
    """A serializer of the shape that has read `data`. Raises ValidationError."""
    # It shares its fields with all others of the shape; what it has read is its own.
    given = copy(build_once(shape))
    given.initial_data = data
    given.is_valid(raise_exception=True)
    return given


@extend_schema_field({"$ref": "#/components/schemas/ErrorCodeEnum"})
class ErrorCodeField(serializers.CharField):
    """The code of an error."""


@extend_schema_field({"$ref": "#/components/schemas/FieldErrorCodeEnum"})
class FieldCodeField(serializers.CharField):
    """The code of an error of a field."""


class CountField(serializers.IntegerField):
    """How many items the source has."""

    def to_representation(self, value: Sized) -> int:  # type: ignore[override]
        return len(value)


class SuccessField(serializers.ChoiceField):
    """The `messages` of the endpoints of the job-search family: that it went well."""

    def __init__(self, **options: Any) -> None:
        super().__init__(["success"], source="*", **options)

    def to_representation(self, value: Any) -> str:
        return "success"


class SuccessSerializer(serializers.Serializer[Any]):
    """An answer of the job-search family; a subclass adds its content."""

    messages = SuccessField()
