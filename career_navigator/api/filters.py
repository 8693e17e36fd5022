"""Filters of lists."""

from typing import Any

from mongoengine import QuerySet
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request


class DocumentFilterBackend(BaseFilterBackend):
    """Filter documents by query parameters: the view's `filter_fields` maps each to the lookup of MongoEngine.

    The view's `query_serializer_class` validates and documents the parameters.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        given = {lookup: view.query.get(name) for name, lookup in view.filter_fields.items()}
        return queryset.filter(**{lookup: value for lookup, value in given.items() if value is not None})
