"""Tests of the base classes of the apps' endpoints."""

import re
from itertools import permutations
from typing import Any

import pytest
from bson import ObjectId
from django.http import Http404
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.searches.documents import SavedSearch
from career_navigator.api.fields import StrictCharField
from career_navigator.api.pagination import EnvelopePagination
from career_navigator.api.permissions import IsSelf
from career_navigator.api.routers import OptionalSlashRouter, describe_route
from career_navigator.api.serializers import QuerySerializer
from career_navigator.api.viewsets import ApiViewSet, DocumentFilterBackend, DocumentViewSet, PublicViewSet
from career_navigator.urls import handler400, handler403, handler404, handler500
from skills.documents import SkillDocument
from skills.serializers import SkillSerializer
from skills.vocabulary import CATEGORIES
from tests.api.inventory import list_routed_operations
from tests.factories import SavedSearchFactory, SkillFactory
from tests.fixtures.user_data import register_with_word
from tests.fixtures.users import API, Member

__all__ = ["handler400", "handler403", "handler404", "handler500"]


class _SkillsQuery(QuerySerializer):
    category = StrictCharField(required=False)


class _SkillPagination(EnvelopePagination):
    result_key = "skills"
    has_messages = True
    default_limit = 3
    max_offset = 5


class _SkillViewSet(ListModelMixin, RetrieveModelMixin, DocumentViewSet):
    authentication_classes = []
    permission_classes = []
    document = SkillDocument
    serializer_class = SkillSerializer
    query_serializer_class = _SkillsQuery
    pagination_class = _SkillPagination
    filter_backends = [DocumentFilterBackend]
    filter_fields = {"category": "category"}

    def get_queryset(self) -> Any:
        return super().get_queryset().order_by("name")


class _Body(QuerySerializer):
    user_id = StrictCharField(required=False, max_length=30)


class _OwnViewSet(ApiViewSet):
    permission_classes = [IsAuthenticated, IsSelf]
    lookup_url_kwarg = "user_id"

    def retrieve(self, request: Request, user_id: str) -> Response:
        return Response({})

    @action(detail=False, methods=["get"], query_serializer_class=_Body)
    def search(self, request: Request) -> Response:
        return Response(self.query)

    @action(detail=False, methods=["post"], request_serializer_class=_Body)
    def submit(self, request: Request) -> Response:
        return Response(self.body)


class _WordsViewSet(PublicViewSet):
    lookup_url_kwarg = "name"
    lookup_value_regex = ".*?[^/]"

    def retrieve(self, request: Request, name: str) -> Response:
        return Response(name)


class _FixedViewSet(PublicViewSet):
    def list(self, request: Request) -> Response:
        return Response("fixed")

    @action(detail=False, url_path="deep/er")
    def deeper(self, request: Request) -> Response:
        return Response("deeper")


def _build_router(*registrations: tuple[str, type[ApiViewSet]]) -> OptionalSlashRouter:
    router = OptionalSlashRouter()
    for number, (prefix, viewset) in enumerate(registrations):
        router.register(prefix, viewset, basename=str(number))
    return router


urlpatterns = [path("", include(_build_router(("documents", _SkillViewSet), ("own", _OwnViewSet)).urls))]


@pytest.fixture
def paths() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.fixture
def member(mongo: Any, redis: Any) -> Member:
    return register_with_word("Grace")


@pytest.fixture
def documents(mongo: Any, redis: Any, paths: Any) -> None:
    for number in range(8):
        SkillFactory(name=f"skill {number}", category=CATEGORIES[number % 2], updated_at=timezone.now())


@pytest.mark.parametrize("order", list(permutations((("words", _WordsViewSet), ("words/fixed", _FixedViewSet)))))
def test_routes_fixed_segments_before_parameters_in_any_order(order: Any) -> None:
    patterns = _build_router(*order).urls

    def get(route: str) -> Any:
        match = next(match for pattern in patterns if (match := pattern.resolve(route)))
        return match.func(RequestFactory().get(f"/{route}"), **match.kwargs).data

    for slash in ("", "/"):
        assert get(f"words/fixed{slash}") == "fixed"
        assert get(f"words/fixed/deep/er{slash}") == "deeper"
        assert get(f"words/ci/cd{slash}") == "ci/cd"


@pytest.mark.parametrize(
    ("route", "description"),
    [
        (r"^jobs/(?P<job_id>[^/]+)/save/?$", "jobs/<str:job_id>/save"),
        (r"^skills/(?P<name>.*?[^/])/?$", "skills/<path:name>"),
        (r"^resumes/(?P<resume_id>[^/]+)\.pdf/?$", "resumes/<str:resume_id>.pdf"),
        ("users/<str:user_id>", "users/<str:user_id>"),
    ],
)
def test_describes_a_route_as_a_path(route: str, description: str) -> None:
    assert describe_route(route) == description


def test_responds_to_options_for_every_operation(member: Member) -> None:
    routes = {name.partition(" ")[2] for name in list_routed_operations()} - {"metrics"}
    responses = {route: member.send("OPTIONS", "/" + re.sub(r"<\w+:\w+>", "0" * 24, route)) for route in routes}

    results = {route: (response.status_code, response["Content-Type"]) for route, response in responses.items()}
    assert {route: each for route, each in results.items() if each != (200, "application/json")} == {}


def test_returns_a_page_in_an_envelope(documents: None, commands: list[str]) -> None:
    commands.clear()
    body = Client().get("/documents?offset=1").json()

    assert list(body) == ["messages", "skills", "total", "limit", "offset"]
    assert [skill["name"] for skill in body["skills"]] == ["skill 1", "skill 2", "skill 3"]
    assert (body["total"], body["limit"], body["offset"]) == (8, 3, 1)
    assert sorted(commands) == ["count", "find"]


def test_filters_documents_by_query_parameters(documents: None) -> None:
    body = Client().get("/documents", {"category": CATEGORIES[1], "limit": "100"}).json()

    assert [skill["name"] for skill in body["skills"]] == ["skill 1", "skill 3", "skill 5", "skill 7"]


def test_reports_invalid_paging_and_invalid_filters_together(documents: None) -> None:
    response = Client().get("/documents", {"limit": "101", "offset": "6", "category": ""})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["limit", "offset", "category"]


@pytest.mark.parametrize("document_id", ["0123456789abcdef01234567", "nothing", "0"])
def test_returns_404_for_an_unknown_or_malformed_document_id(documents: None, document_id: str) -> None:
    assert Client().get(f"/documents/{document_id}").status_code == 404


def test_hides_documents_of_other_users(member: Member) -> None:
    class Own(DocumentViewSet):
        document = SavedSearch
        owner_field = "user"

    def build_view(user_id: str) -> DocumentViewSet:
        request = Request(RequestFactory().get("/"))
        request.user = type("User", (), {"pk": ObjectId(user_id)})()
        return Own(request=request, kwargs={"pk": str(search.pk)}, action="retrieve")

    search = SavedSearchFactory.create(user=ObjectId(member.id))

    assert build_view(member.id).get_object().pk == search.pk
    with pytest.raises(Http404):
        build_view(str(ObjectId())).get_object()


@pytest.mark.parametrize("is_upper_case", [False, True])
def test_allows_the_id_of_the_current_user_in_any_case(member: Member, paths: None, is_upper_case: bool) -> None:
    user_id = member.id.upper() if is_upper_case else member.id

    assert member.get(f"/own/{user_id}").status_code == 200
    assert member.get(f"/own/search?user_id={user_id}").status_code == 200
    assert member.post("/own/submit", {"user_id": f" {user_id} "}).status_code == 200
    assert member.post("/own/submit", {}).status_code == 200


@pytest.mark.parametrize("user_id", ["0" * 24, "nobody"])
def test_rejects_the_id_of_another_user(member: Member, paths: None, user_id: str) -> None:
    for response in (
        member.get(f"/own/{user_id}"),
        member.get(f"/own/search?user_id={user_id}"),
        member.post("/own/submit", {"user_id": user_id}),
    ):
        assert response.status_code == 403
        assert response.json() == {"detail": "You do not have access to this user.", "code": "other_user"}
    assert API().get(f"/own/{user_id}").status_code == 401


def test_treats_options_and_unsupported_methods_the_same_for_every_user_id(member: Member, paths: None) -> None:
    other = "0" * 24

    assert member.put(f"/own/{other}", {}).status_code == 405
    assert member.put("/own/submit", {"user_id": other}).status_code == 405
    assert member.send("PUT", "/own/submit", b"{").status_code == 405
    assert member.send("OPTIONS", f"/own/{other}").status_code == 200


@pytest.mark.parametrize("user_id", [5, None, "", "x" * 31, ["a"]])
def test_leaves_a_malformed_user_id_to_its_field(member: Member, paths: None, user_id: Any) -> None:
    response = member.post("/own/submit", {"user_id": user_id})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["user_id"]
