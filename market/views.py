"""The market's endpoints."""

from datetime import datetime, timedelta

import orjson
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from redis.exceptions import RedisError
from rest_framework.request import Request

from career_navigator.api.viewsets import PublicViewSet
from career_navigator.rendered import Rendered
from market.answers import VERSION_KEY, read_answer, render_answer
from market.selectors import day_start
from market.serializers import TrendingQuery, TrendingSerializer

# Nobody but this server keeps an answer: what it keeps, it drops when the data changes.
CACHE_CONTROL = "no-cache, no-store, must-revalidate"


class MarketViewSet(PublicViewSet):
    @extend_schema(
        operation_id="market_trending",
        summary="Which skills, places and salaries the market shows, and how that moved",
        parameters=[TrendingQuery],
        responses=TrendingSerializer,
        tags=["market"],
    )
    def trending(self, request: Request) -> HttpResponse:
        asked = TrendingQuery.read(request)
        now = timezone.now()
        version, whole = _window(asked["days"], now)
        content = _cut(whole, skills=asked["skills_limit"], locations=asked["locations_limit"])
        response = HttpResponse(content, content_type="application/json", headers={"Cache-Control": CACHE_CONTROL})
        if version is None:
            return response
        midnight = day_start(now.date() + timedelta(days=1)).timestamp()
        return Rendered(version_key=VERSION_KEY, version=version, expires_at=midnight).tag(response)


def _window(days: int, now: datetime) -> tuple[bytes | None, bytes]:
    """The window's answer at full length and its version, None where it had to be made just for this request."""
    try:
        found = read_answer(days=days, now=now)
    except RedisError:
        # The figures stand in MongoDB; without Redis they are only slower.
        found = None
    return found or (None, render_answer(days=days, now=now))


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
