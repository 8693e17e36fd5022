"""Base classes of the API's viewsets."""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, ClassVar, cast

from bson import ObjectId
from bson.errors import InvalidId
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter
from mongoengine import Document, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import APIException, Throttled, ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.metadata import SimpleMetadata
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from career_navigator.api.ignored import list_body_names, list_ignored, report_ignored
from career_navigator.api.pagination import EnvelopePagination
from career_navigator.api.permissions import CurrentUser
from career_navigator.api.serializers import FIELDS_PARAMETER, QuerySerializer, build_once, validate_as


class DocumentFilterBackend(BaseFilterBackend):
    """A filter backend that filters MongoEngine documents by query parameters.

    The view's `filter_fields` maps each parameter to a MongoEngine lookup. Its `query_serializer_class` validates and
    documents the parameters.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        filters = {lookup: view.query.get(name) for name, lookup in view.filter_fields.items()}
        return queryset.filter(**{lookup: value for lookup, value in filters.items() if value is not None})


MAX_QUOTED_LENGTH = 60

Serializer = serializers.Serializer[Any]
SerializerClass = type[Serializer]
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class ViewMetadata(SimpleMetadata):
    """Metadata for OPTIONS requests, without the fields of bodies, which are in the OpenAPI document."""

    def determine_actions(self, request: Request, view: Any) -> dict[str, Any]:
        """Return no actions, because checking their permissions would require reading the object."""
        return {}


class ApiViewSet(GenericViewSet[Any]):
    """Base class of viewsets that require an access token.

    Actions read the validated `query` and `body`, and return `get_serializer(...).data`. To set the class attributes
    below for one action, pass them to `@action`. For standard actions, set `action_options`, as in
    `{"list": {"serializer_class": SkillSerializer}}`.
    """

    serializer_class: SerializerClass | None = None
    request_serializer_class: SerializerClass | None = None
    query_serializer_class: type[QuerySerializer] | None = None
    pagination_class: type[EnvelopePagination] | None = None
    filter_backends: Sequence[Any] = ()
    metadata_class = ViewMetadata
    lookup_value_regex = "[^/]+"
    throttle_scope: str | None = None
    # Name of the list in the response whose items `?fields=` applies to, or "" if the response itself is the list.
    # Paginated actions need no `item_list`.
    item_list: str | None = None
    # Whether the body is cached or rendered in advance, so that ignored names are reported in the header only.
    has_prebuilt_body: bool = False
    action_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    # For the OpenAPI document, if the attributes above do not determine it.
    operation_id: str | None = None
    success_status: int | Sequence[int] | None = None
    media_type: str | None = None  # of an action that returns no serializer data, such as a file
    error_statuses: Sequence[int] = ()
    # Error code of the 404 response for an unknown id.
    not_found_code: str = "not_found"
    path_parameters: Sequence[OpenApiParameter] = ()

    @property
    def current_user(self) -> CurrentUser:
        return cast(CurrentUser, self.request.user)

    @cached_property
    def query(self) -> dict[str, Any]:
        """The validated query parameters with defaults, including `limit` and `offset`. Raises ValidationError."""
        page = self.pagination_class.query_serializer_class() if self.pagination_class and self.is_paginated() else None
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for serializer_class in filter(None, (page, self.get_query_serializer_class())):
            try:
                values |= serializer_class.read(self.request)
            except ValidationError as error:
                errors |= cast(dict[str, Any], error.detail)
        if errors:
            raise ValidationError(errors)
        return values

    @cached_property
    def selected_fields(self) -> frozenset[str]:
        """The names of the fields to return for list items; empty means all fields. Raises ValidationError."""
        item, values = self.get_item_serializer(), self.request.query_params.getlist(FIELDS_PARAMETER)
        names = [name.strip() for value in values for name in value.split(",") if name.strip()]
        if item is None or not names:
            return frozenset()
        unknown = [name[:MAX_QUOTED_LENGTH] for name in dict.fromkeys(names) if name not in item.fields]
        if unknown:
            allowed = ", ".join(item.fields)
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            raise ValidationError(
                {FIELDS_PARAMETER: [f"Unknown field {unknown[0]!r}{more}. The available fields are {allowed}."]}
            )
        return frozenset(names)

    def get_item_serializer(self) -> Any:
        """Return the serializer of the items of the response's list, or None if there is no list."""
        name = "" if self.is_paginated() else self.get_action_option("item_list")
        if name is None:
            return None
        serializer = build_once(self.get_serializer_class())
        return serializer.fields[name].child if name else serializer

    def get_item_list(self) -> str | None:
        """Return the name of the list in the response, "" if the response is the list, or None without a list."""
        if self.pagination_class is not None and self.is_paginated():
            return self.pagination_class.result_key
        name: str | None = self.get_action_option("item_list")
        return name

    @cached_property
    def body_serializer(self) -> Any:
        """The serializer that has validated the body. Raises ValidationError."""
        return validate_as(self.get_request_serializer_class(), self.request.data)

    @property
    def body(self) -> dict[str, Any]:
        """The validated body. Raises ValidationError."""
        body: dict[str, Any] = self.body_serializer.validated_data
        return body

    def get_serializer(self, instance: Any = None, *, many: bool = False, **options: Any) -> Any:
        """Return a response serializer. It shares its fields, because copying them takes longer than serializing."""
        if options:
            return super().get_serializer(instance, many=many, **options)
        serializer = copy(build_once(self.get_serializer_class(), many=many))
        serializer.instance = instance
        serializer._context = self.get_serializer_context()
        return serializer

    def filter_queryset(self, queryset: Any) -> Any:
        """Apply the filter backends to a queryset, or to any other collection that they support."""
        return super().filter_queryset(queryset)

    def paginate_queryset(self, queryset: Any) -> Any:
        """Return the page of a queryset, or of any other collection that can be counted and sliced."""
        return super().paginate_queryset(queryset)

    def get_serializer_class(self) -> Any:
        return self.get_action_option("serializer_class")

    def get_request_serializer_class(self) -> Any:
        return self.get_action_option("request_serializer_class")

    def get_query_serializer_class(self) -> Any:
        return self.get_action_option("query_serializer_class")

    def get_action_option(self, name: str) -> Any:
        """Return the value of a class attribute for the current action."""
        return self.action_options.get(self.action or "", {}).get(name, getattr(self, name))

    def is_paginated(self) -> bool:
        """Return whether the action is paginated: `list`, or an `@action` with its own `pagination_class`."""
        if self.pagination_class is None or self.action is None:
            return False
        return self.action == "list" or "pagination_class" in getattr(getattr(self, self.action), "kwargs", {})

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Apply rate limits to every request, including rejected ones, before a permission reads the body."""
        self._is_counted = False
        try:
            super().initial(request, *args, **kwargs)
        except Throttled:
            raise
        except APIException:
            self.check_throttles(request)
            raise
        if self._selects_fields(request):
            # Validate the parameter before the action changes anything.
            _ = self.selected_fields

    def check_permissions(self, request: Request) -> None:
        self.check_throttles(request)
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        if not self._is_counted:
            self._is_counted = True
            super().check_throttles(request)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        if response.status_code < 300 and isinstance(response, Response) and self._selects_fields(request):
            response.data = self._select_fields(response.data)
        finished: Response = super().finalize_response(request, response, *args, **kwargs)
        if self.authentication_classes:
            finished.headers.setdefault("Cache-Control", "private")
        report_ignored(finished, self._list_ignored(finished.status_code))
        return finished

    def _selects_fields(self, request: Request) -> bool:
        # Most requests have no query string, so skip parsing it.
        if not request.META.get("QUERY_STRING"):
            return False
        return FIELDS_PARAMETER in request.query_params and self.action not in (None, "metadata")

    def _select_fields(self, data: Any) -> Any:
        """Return the response data with only the selected fields of the list items."""
        names = self.selected_fields
        if not names:
            return data
        name = self.get_item_list()
        items = data[name] if name else data
        selected = [{key: value for key, value in item.items() if key in names} for item in items]
        return {**data, name: selected} if name else selected

    def list_known_parameters(self) -> set[str]:
        """Return the names of the query parameters that the action accepts."""
        serializer_class = self.get_query_serializer_class()
        known = set(build_once(serializer_class).fields) if serializer_class else set()
        if self.pagination_class is not None and self.is_paginated():
            known |= set(build_once(self.pagination_class.query_serializer_class()).fields)
        if self._selects_fields(self.request) and self.get_item_serializer() is not None:
            known.add(FIELDS_PARAMETER)
        return known

    def _list_ignored(self, status_code: int) -> list[str]:
        if self.action in (None, "metadata"):  # an unsupported method, or OPTIONS
            return []
        ignored = []
        if self.request.META.get("QUERY_STRING"):
            ignored = list_ignored(self.request.query_params, self.list_known_parameters())
        # With other statuses the body may be unread, and must stay so, for example after 413 or 429.
        if self.request.method in _WITH_BODY and (status_code < 300 or status_code == 400):
            serializer_class = self.get_request_serializer_class()
            known = build_once(serializer_class).fields if serializer_class else ()
            names = list_body_names(self.request, is_declared=serializer_class is not None)
            unknown = [name for name in names if name not in known]
            if unknown:
                readable, data = self.get_readable_fields(), cast(Any, self.request.data)
                unknown = [name for name in unknown if name not in readable or readable[name] != data[name]]
            ignored = list_ignored([*ignored, *unknown], ())
        return ignored

    def get_readable_fields(self) -> Mapping[str, Any]:
        """Return the resource as clients read it. A field sent back unchanged is not reported as ignored."""
        return {}


class PublicViewSet(ApiViewSet):
    """Base class of viewsets without authentication. Access tokens are ignored, even invalid ones."""

    authentication_classes = []
    permission_classes = [AllowAny]


class DocumentViewSet(ApiViewSet):
    """Base class of viewsets for MongoEngine documents.

    With `owner_field`, only the current user's documents are visible, and other ids return 404.
    """

    document: ClassVar[type[Document]]
    owner_field: ClassVar[str | None] = None

    def get_queryset(self) -> QuerySet:
        documents = self.document.objects.clone()
        return documents.filter(**{self.owner_field: self.current_user.pk}) if self.owner_field else documents

    def get_object(self) -> Any:
        """Return the document with the id in the path. Raises Http404 if the id is malformed or unknown."""
        try:
            matches = self.get_queryset().filter(pk=ObjectId(self.kwargs[self.lookup_url_kwarg or self.lookup_field]))
        except InvalidId as error:
            raise Http404 from error
        document = matches.first()
        if document is None:
            raise Http404
        self.check_object_permissions(self.request, document)
        return document
