"""GET /countries: which code means which country."""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from career_navigator.api.fields import Text
from career_navigator.api.renderers import dump_json
from career_navigator.api.serializers import QuerySerializer, success
from career_navigator.api.viewsets import PublicViewSet
from market.geo.names import search_countries

# Countries change once in some years.
CACHE_CONTROL = "public, max-age=86400"
LONGEST_SEARCH = 100


class CountriesQuery(QuerySerializer):
    search = Text(
        required=False,
        allow_blank=True,
        default="",
        max_length=LONGEST_SEARCH,
        help_text="Part of a name, or a code of two or three letters.",
    )


class CountrySerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="ISO 3166 alpha-2.")
    name = serializers.CharField()


class CountriesSerializer(serializers.Serializer[Any]):
    messages = serializers.ChoiceField(["success"])
    countries = CountrySerializer(many=True, help_text="By name.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    content: bytes
    etag: str


class CountryViewSet(PublicViewSet):
    @extend_schema(
        operation_id="countries",
        summary="The ISO 3166 alpha-2 codes of countries, and their names",
        parameters=[CountriesQuery],
        responses=CountriesSerializer,
        tags=["countries"],
    )
    def show(self, request: Request) -> HttpResponseBase:
        search = CountriesQuery.read(request)["search"]
        answer = _answer(search) if search else _whole_answer()
        headers = {"Cache-Control": CACHE_CONTROL, "ETag": answer.etag}
        response = HttpResponse(answer.content, content_type="application/json", headers=headers)
        conditional = get_conditional_response(request._request, etag=answer.etag, response=response)
        return conditional or response


@cache
def _whole_answer() -> _Answer:
    """All of them: the same bytes for as long as the process lives."""
    return _answer("")


def _answer(search: str) -> _Answer:
    found = search_countries(search=search)
    content = dump_json(success(countries=[{"code": code, "name": name} for code, name in found]))
    return _Answer(content=content, etag=f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"')
