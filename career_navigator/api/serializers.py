"""Base serializers for queries and responses, and helpers to build each serializer only once."""

from collections.abc import Sized
from copy import copy
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

# Name of the query parameter that selects the fields of list items, separated by commas.
FIELDS_PARAMETER = "fields"

_Shape = TypeVar("_Shape", bound=serializers.Serializer[Any])


@cache
def build_once(shape: type[_Shape], *, many: bool = False) -> _Shape:
    """Return a shared serializer with its fields, to be copied before use.

    A new serializer deep-copies every field, which takes longer than using the fields. The fields hold no state of a
    request, so copies can share them.
    """
    built = shape(many=many)
    # DRF copies the fields on first access.
    _ = (built.child if many else built).fields  # type: ignore[attr-defined]
    return built


class QuerySerializer(serializers.Serializer[Any]):
    """The query parameters of an endpoint.

    Unknown parameters are ignored and reported in `Ignored-Fields`. Declare repeatable parameters as ListField.
    """

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """Return the validated parameters with defaults filled in.

        Raises:
            ValidationError: A parameter has an invalid value.
        """
        # DRF treats an empty value in a QueryDict as absent, so use a plain dictionary.
        values: dict[str, Any] = request.query_params.dict()
        parameters = build_once(cls)
        for name, field in parameters.fields.items():
            if name in values and isinstance(field, serializers.ListField):
                values[name] = request.query_params.getlist(name)
        validated: dict[str, Any] = parameters.run_validation(values)
        return validated


def validate_as(shape: type[_Shape], data: Any) -> _Shape:
    """Return a serializer of the class `shape` that has validated `data`.

    Raises:
        ValidationError: `data` is invalid.
    """
    # The copy shares its fields with all other copies, but has its own data and result.
    serializer: _Shape = copy(build_once(shape))
    serializer.initial_data = data
    serializer.is_valid(raise_exception=True)
    return serializer


@extend_schema_field({"$ref": "#/components/schemas/ErrorCodeEnum"})
class ErrorCodeField(serializers.CharField):
    """A field for a code from `ERROR_CODES`."""


@extend_schema_field({"$ref": "#/components/schemas/FieldErrorCodeEnum"})
class FieldCodeField(serializers.CharField):
    """A field for a code from `FIELD_CODES`."""


class CountField(serializers.IntegerField):
    """A read-only field that returns the number of items of its source."""

    def to_representation(self, value: Sized) -> int:  # type: ignore[override]
        return len(value)


class SuccessField(serializers.ChoiceField):
    """The constant field `messages` of job-search responses."""

    def __init__(self, **options: Any) -> None:
        super().__init__(["success"], source="*", **options)

    def to_representation(self, value: Any) -> str:
        return "success"


class SuccessSerializer(serializers.Serializer[Any]):
    """Base serializer of job-search responses. Subclasses add their content."""

    messages = SuccessField()
