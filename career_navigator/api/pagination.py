"""Limit/offset pagination with the page in an envelope."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from mongoengine import QuerySet
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

from career_navigator.api.fields import BoundedInteger
from career_navigator.api.serializers import QuerySerializer


class EnvelopePagination(LimitOffsetPagination):
    """Pagination that returns `{result_key: [...], "total": ..., "limit": ..., "offset": ...}`.

    Subclasses set the key and the bounds. A limit or offset out of bounds is rejected, not clipped. `has_messages` adds
    `"messages": "success"` at the start, as endpoints under /jobs do. `fields` lists the fields after the list.
    """

    result_key: ClassVar[str] = "results"
    default_limit = 20
    max_limit = 100
    max_offset: ClassVar[int] = 10_000
    has_messages: ClassVar[bool] = False
    fields: ClassVar[Sequence[str]] = ("total", "limit", "offset")

    @classmethod
    @cache
    def query_serializer_class(cls) -> type[QuerySerializer]:
        """Return the serializer class for `limit` and `offset`."""
        bounds: dict[str, Any] = {
            "limit": BoundedInteger(minimum=1, maximum=cls.max_limit, default=cls.default_limit),
            "offset": BoundedInteger(minimum=0, maximum=cls.max_offset, default=0),
        }
        return type(f"{cls.__name__}Query", (QuerySerializer,), bounds)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the items of the page, reading only these items from the queryset or sequence."""
        page = view.query if view is not None else self.query_serializer_class().read(request)
        self.limit, self.offset = page["limit"], page["offset"]
        self.count = self.get_count(queryset)
        # A MongoEngine queryset caches the documents it has read, so slice a clone.
        items = queryset.clone() if isinstance(queryset, QuerySet) else queryset
        return list(items[self.offset : self.offset + self.limit])

    def get_paginated_response(self, data: Any) -> Response:
        envelope: dict[str, Any] = {"messages": "success"} if self.has_messages else {}
        envelope[self.result_key] = data
        values = {"total": self.count, "limit": self.limit, "offset": self.offset}
        return Response(envelope | {name: values[name] for name in self.fields})

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        properties: dict[str, Any] = {"messages": {"type": "string", "enum": ["success"]}} if self.has_messages else {}
        properties[self.result_key] = dict(schema)
        properties |= {name: {"type": "integer"} for name in self.fields}
        return {"type": "object", "required": list(properties), "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        bounds = {"limit": (1, self.max_limit, self.default_limit), "offset": (0, self.max_offset, 0)}
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": {"type": "integer", "minimum": minimum, "maximum": maximum, "default": default},
            }
            for name, (minimum, maximum, default) in bounds.items()
        ]


class CountedPagination(EnvelopePagination):
    """Pagination of job-search endpoints: `{"messages": "success", result_key: [...], "total": ...}`."""

    has_messages = True
    fields = ("total",)
