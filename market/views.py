"""The endpoints under /market and /countries."""

from datetime import datetime, timedelta

import orjson
from django.http import HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from career_navigator.api.viewsets import PublicViewSet
from career_navigator.cache.responses import Freshness, cache_response
from market import serializers as shapes
from market.answers import VERSION_KEY, read_answer, render_answer
from market.geo.names import search_countries
from market.selectors import day_start

# Nobody but this server keeps an answer: what it keeps, it drops when the data changes.
CACHE_CONTROL = "no-cache, no-store, must-revalidate"
# Countries change once in some years.
COUNTRIES_TTL = 86400


class MarketViewSet(PublicViewSet):
    @action(detail=False, query_serializer_class=shapes.TrendingQuery, serializer_class=shapes.TrendingSerializer)
    def trending(self, request: Request) -> HttpResponse:
        """Return which skills, places and salaries the market shows, and how that moved."""
        now = timezone.now()
        version, whole = _window(self.query["days"], now)
        # Bytes that are rendered ahead: serializing them for each response would take most of its time.
        content = _cut(whole, skills=self.query["skills_limit"], locations=self.query["locations_limit"])
        response = HttpResponse(content, content_type="application/json", headers={"Cache-Control": CACHE_CONTROL})
        if version is None:
            return response
        midnight = day_start(now.date() + timedelta(days=1)).timestamp()
        return cache_response(response, Freshness(version_key=VERSION_KEY, version=version, expires_at=midnight))


@method_decorator(conditional_page, name="dispatch")
class CountryViewSet(PublicViewSet):
    serializer_class = shapes.CountriesSerializer
    query_serializer_class = shapes.CountriesQuery

    @method_decorator(cache_control(public=True, max_age=COUNTRIES_TTL))
    def list(self, request: Request) -> Response:
        """List the ISO 3166 alpha-2 codes of countries, and their names."""
        countries = search_countries(search=self.query["search"])
        return Response(self.get_serializer({"countries": countries}).data)


def _window(days: int, now: datetime) -> tuple[bytes | None, bytes]:
    """The window's answer at full length and its version, None where it had to be made just for this request."""
    # Without Redis, MongoDB's stats give the same, only slower.
    return read_answer(days=days, now=now) or (None, render_answer(days=days, now=now))


def _cut(answer: bytes, *, skills: int, locations: int) -> bytes:
    """The answer with its lists cut to the limits."""
    content = orjson.loads(answer)
    for name, limit in (
        ("top_skills", skills),
        ("technology_trends", skills),
        ("top_locations", locations),
        ("salary_trends", locations),
    ):
        content[name] = content[name][:limit]
    return orjson.dumps(content)
