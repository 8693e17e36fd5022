"""What the API's endpoints share: paths, query parameters, paging, the documented shape of errors."""

from collections.abc import Callable
from copy import copy
from functools import cache
from math import isnan
from typing import Any, TypeVar, cast

from django.core.validators import BaseValidator
from django.http.response import HttpResponseBase
from django.urls import URLPattern
from django.urls.resolvers import RoutePattern
from mongoengine import QuerySet
from rest_framework import serializers
from rest_framework.request import Request


class _EitherSlashPattern(RoutePattern):
    def match(self, path: str) -> Any:
        return super().match(path.removesuffix("/"))


def route(path: str, view: Callable[..., HttpResponseBase], *, name: str) -> URLPattern:
    """A URL pattern that answers with and without a trailing slash, for every method.

    `path` is written whole, without slashes at its ends ("jobs/<str:job_id>"); the patterns of an app are included
    under the empty prefix.
    """
    return URLPattern(_EitherSlashPattern(path, name=name, is_endpoint=True), view, {}, name)


class BoundedInteger(serializers.IntegerField):
    """A whole number from `minimum` to `maximum`, refused by one sentence that names the field and both bounds."""

    def __init__(self, *, minimum: int, maximum: int, **options: Any) -> None:
        super().__init__(min_value=minimum, max_value=maximum, **options)
        self._bounds = (minimum, maximum)

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        _name_bounds(self, *self._bounds)


class BoundedNumber(serializers.FloatField):
    """A number from `minimum` to `maximum`, refused by one sentence that names the field and both bounds."""

    def __init__(self, *, minimum: float, maximum: float, **options: Any) -> None:
        super().__init__(min_value=minimum, max_value=maximum, **options)
        self._bounds = (minimum, maximum)

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        _name_bounds(self, *self._bounds)

    def to_internal_value(self, data: Any) -> float:
        # Python takes a truth value for 1 or 0.
        if isinstance(data, bool):
            self.fail("invalid")
        number = super().to_internal_value(data)
        # Not a number is neither below a bound nor above one.
        if isnan(number):
            self.fail("invalid")
        return number


def _name_bounds(field: serializers.Field[Any, Any, Any, Any], minimum: float, maximum: float) -> None:
    sentence = f"{field.field_name} must be between {minimum} and {maximum}."
    for code in ("invalid", "max_string_length", "null", "overflow"):
        field.error_messages[code] = sentence
    # The bounds themselves are among the validators, so that the schema states them.
    for validator in field.validators:
        if isinstance(validator, BaseValidator):
            validator.message = sentence


_Shape = TypeVar("_Shape", bound=serializers.Serializer[Any])


class QuerySerializer(serializers.Serializer[Any]):
    """The query parameters of an endpoint. Unknown ones are ignored; a bad value of a known one is answered 400.

    A parameter that may be repeated is a ListField.
    """

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """The parameters, validated, with defaults filled in.

        Raises ValidationError.
        """
        # A plain dictionary, since DRF takes an empty value in a QueryDict for an absent one.
        given: dict[str, Any] = request.query_params.dict()
        parameters = _built(cls)
        for name, field in parameters.fields.items():
            if name in given and isinstance(field, serializers.ListField):
                given[name] = request.query_params.getlist(name)
        validated: dict[str, Any] = parameters.run_validation(given)
        return validated


@cache
def _built(shape: type[_Shape]) -> _Shape:
    # Making one copies every field, which takes longer than reading with them; reading leaves nothing behind in them.
    built = shape()
    # Copied when they are first asked for, which is to be once.
    _ = built.fields
    return built


class LimitOffset(QuerySerializer):
    """Paging by `limit` and `offset`; a subclass adds its endpoint's filters and may redeclare `limit`."""

    limit = BoundedInteger(minimum=1, maximum=100, default=20)
    offset = BoundedInteger(minimum=0, maximum=10_000, default=0)


def read_body(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body in the given shape. Raises ValidationError."""
    validated: dict[str, Any] = read_as(shape, request.data).validated_data
    return validated


def read_as(shape: type[_Shape], data: Any) -> _Shape:
    """A serializer of the shape that has read `data`. Raises ValidationError."""
    # It shares its fields with all others of the shape; what it has read is its own.
    given = copy(cast(_Shape, _built(shape)))
    given.initial_data = data
    given.is_valid(raise_exception=True)
    return given


def success(**content: Any) -> dict[str, Any]:
    """An answer of the job-search family: its content beside `messages`, which says that it went well."""
    return {"messages": "success", **content}


def page_of(*, queryset: QuerySet, limit: int, offset: int) -> list[Any]:
    """The documents of one page. The queryset, which a view may keep, is cloned: a MongoEngine queryset caches."""
    return list(queryset.clone().skip(offset).limit(limit))
