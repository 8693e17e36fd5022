"""The endpoints under /market and /countries, and those of /skills on gaps and roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import extend_schema
from rapidfuzz import fuzz, process
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_user_skills
from career_navigator.api.pagination import EnvelopePagination
from career_navigator.api.viewsets import ApiViewSet, PublicViewSet
from career_navigator.cache.responses import Freshness, cache_response
from ingestion.selectors import get_collection_state, get_collection_states
from market import serializers as shapes
from market.daily_stats import day_start
from market.gaps import DEFAULT_THRESHOLD, Coverage, cover, rank_gaps
from market.geo.names import search_countries
from market.roles import get_display_role, normalize_role, spell_out
from market.selectors import VERSION_KEY, WINDOW_DAYS, get_role_demands, read_response, render_response
from market.services import compute_role_stats
from market.trends import MAX_WINDOW_DAYS
from skills.selectors import get_vocabulary

MAX_ALTERNATIVES = 5
MAX_ROLES = 100
# Nobody but this server keeps an answer: what it keeps, it drops when the data changes.
CACHE_CONTROL = "no-cache, no-store, must-revalidate"
# Seconds.
EMPTY_TTL = 5
# Countries change once in some years.
COUNTRIES_TTL = 86400


class MarketViewSet(PublicViewSet):
    @action(
        detail=False,
        query_serializer_class=shapes.TrendingQuery,
        serializer_class=shapes.TrendingSerializer,
        has_prebuilt_body=True,
    )
    def trending(self, request: Request) -> HttpResponse:
        """Return which skills, places and salaries the market shows, and how that moved.

        Over the postings of the last `days`, beside the equally long window before. Compare shares rather than counts:
        counts grow when more is collected.
        """
        now = timezone.now()
        version, whole = _window(self.query["days"], now)
        # Bytes that are rendered ahead: serializing them for each response would take most of its time.
        content = _cut(whole, skills=self.query["skills_limit"], locations=self.query["locations_limit"])
        is_empty = not content["total_jobs_analyzed"]
        collecting = self._add_collection(content, now) if is_empty else {}
        headers = {"Cache-Control": CACHE_CONTROL, **collecting}
        response = HttpResponse(orjson.dumps(content), content_type="application/json", headers=headers)
        if version is None or collecting:
            return response
        expires_at = day_start(now.date() + timedelta(days=1)).timestamp()
        if is_empty:
            # A collection may begin at any moment.
            expires_at = min(expires_at, now.timestamp() + EMPTY_TTL)
        return cache_response(response, Freshness(version_key=VERSION_KEY, version=version, expires_at=expires_at))

    def _add_collection(self, content: dict[str, Any], now: datetime) -> dict[str, str]:
        """Add what is being collected, if anything; return the headers that go with it."""
        collection = get_collection_state(role=None, user_id=None, path=self.request.get_full_path(), now=now)
        if collection.retry_after is not None:
            content["collection"] = shapes.CollectionSerializer(collection).data
        return collection.headers


@method_decorator(conditional_page, name="dispatch")
class CountryViewSet(PublicViewSet):
    serializer_class = shapes.CountriesSerializer
    query_serializer_class = shapes.CountriesQuery

    @method_decorator(cache_control(public=True, max_age=COUNTRIES_TTL))
    def list(self, request: Request) -> Response:
        """List the ISO 3166 alpha-2 codes of countries, and their names.

        `search` keeps those whose name contains it, or whose code it is.
        """
        countries = search_countries(search=self.query["search"])
        return Response(self.get_serializer({"countries": countries}).data)


class GapViewSet(ApiViewSet):
    """What a person lacks for a role they aim at."""

    @extend_schema(responses={200: shapes.GapSerializer, 404: shapes.NoPostingsAnswerSerializer})
    @action(
        detail=False,
        url_path="gap-analysis",
        query_serializer_class=shapes.GapQuery,
        serializer_class=shapes.GapSerializer,
    )
    def gap_analysis(self, request: Request) -> Response:
        """Return what a target role asks for, what of it the current user lacks, and what to learn next.

        The role has to be among the target roles of the profile, in any spelling. `required_skills` are those that at
        least the `threshold` share of its postings asks for. A role without postings is 404, with the roles most like
        it.
        """
        label, days, now = self._target_role(), self.query["days"], timezone.now()
        stats = compute_role_stats(role=label, days=days, now=now)
        if stats is None:
            return self._no_postings(label, days, now)
        held = get_vocabulary().map_technology_slugs(get_user_skills(self.current_user))
        gaps = rank_gaps(window=stats.window, held=held, threshold=self.query["threshold"])
        analysis = {"role": label, "gaps": gaps, "window_days": days, "computed_at": stats.computed_at}
        return Response(self.get_serializer(analysis).data)

    def _no_postings(self, label: str, days: int, now: datetime) -> Response:
        collection = get_collection_state(
            role=label, user_id=self.current_user.id, path=self.request.get_full_path(), now=now
        )
        answer = {
            "detail": _describe_no_postings(label, days),
            "code": "role_without_jobs",
            "collection": collection,
        }
        return Response(
            shapes.NoPostingsAnswerSerializer(answer).data, status=status.HTTP_404_NOT_FOUND, headers=collection.headers
        )

    def _target_role(self) -> str:
        """Return the user's target role that is meant, as they wrote it. Raises ValidationError."""
        role, roles = normalize_role(self.query["role"]), self.current_user.target_roles
        if not roles:
            sentence = "role must be one of your target roles, and your profile has none yet."
            raise ValidationError({"role": [sentence]}, "no_target_roles")
        for label in roles:
            if role and normalize_role(label) == role:
                return label
        sentence = f"role must be one of your target roles: {', '.join(roles)}."
        raise ValidationError({"role": [sentence]}, "not_a_target_role")


class RolePagination(EnvelopePagination):
    result_key = "roles"
    default_limit = max_limit = MAX_ROLES

    def get_paginated_response(self, data: Any) -> Response:
        response = super().get_paginated_response(data)
        response.data["window_days"] = WINDOW_DAYS
        return response

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        described = super().get_paginated_response_schema(schema)
        described["properties"]["window_days"] = {"type": "integer"}
        described["required"].append("window_days")
        described["properties"]["without_postings"] = {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["role", "collection"],
                "properties": {"role": {"type": "string"}, "collection": {"$ref": "#/components/schemas/Collection"}},
            },
            "description": "With a token: its target roles that no posting of the window is of.",
        }
        return described


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCoverage:
    """A role, and how much of it a person covers: None where nobody asks for themselves."""

    role: str
    postings: int
    required: int
    coverage: Coverage | None


class RoleViewSet(ListModelMixin, ApiViewSet):
    """The roles that have data: open, and with a token also how much of each the current user covers."""

    permission_classes = [AllowAny]
    serializer_class = shapes.RoleSerializer
    pagination_class = RolePagination

    def get_queryset(self) -> Any:
        """Return the roles with postings: by coverage for a user, without one by postings."""
        user = self.request.user and self.current_user
        held = get_vocabulary().map_technology_slugs(get_user_skills(user)) if user else None
        roles = []
        for role, demand in get_role_demands(days=WINDOW_DAYS, now=timezone.now()).items():
            required = demand.required(threshold=DEFAULT_THRESHOLD)
            coverage = cover(skills=required, held=held) if held is not None else None
            roles.append(
                RoleCoverage(
                    role=get_display_role(role), postings=demand.postings, required=len(required), coverage=coverage
                )
            )
        return sorted(roles, key=_sort_by_closeness)

    def list(self, request: Request) -> Response:
        """List the roles that have postings; with a token, those that the current user is closest to first.

        Without a token they come by their number of postings, and say nothing of coverage.
        """
        response = super().list(request)
        response["Vary"] = "Authorization"
        if self.request.user:
            self._add_roles_without_postings(response)
        return response

    def _add_roles_without_postings(self, response: Response) -> None:
        """Say of the user's target roles that are not listed whether they are being collected."""
        now, demands = timezone.now(), get_role_demands(days=WINDOW_DAYS, now=timezone.now())
        roles = [role for role in self.current_user.target_roles if normalize_role(role) not in demands]
        if not roles:
            return
        path = self.request.get_full_path()
        states = get_collection_states(roles=roles, user_id=self.current_user.id, path=path, now=now)
        rows = [{"role": role, "collection": state} for role, state in zip(roles, states, strict=True)]
        response.data["without_postings"] = shapes.CollectionOfRoleSerializer(rows, many=True).data
        waits = [state.retry_after for state in states if state.retry_after is not None]
        if waits:
            response["Retry-After"] = str(min(waits))


def _sort_by_closeness(role: RoleCoverage) -> tuple[float, float, int, str]:
    covered = (role.coverage.percentage, role.coverage.weighted_percentage) if role.coverage else (0.0, 0.0)
    return -covered[0], -covered[1], -role.postings, role.role


def _window(days: int, now: datetime) -> tuple[bytes | None, bytes]:
    """The window's answer at full length and its version, None where it had to be made just for this request."""
    # Without Redis, MongoDB's stats give the same, only slower.
    return read_response(days=days, now=now) or (None, render_response(days=days, now=now))


def _cut(answer: bytes, *, skills: int, locations: int) -> dict[str, Any]:
    """The answer with its lists cut to the limits."""
    content: dict[str, Any] = orjson.loads(answer)
    for name, limit in (
        ("top_skills", skills),
        ("technology_trends", skills),
        ("top_locations", locations),
        ("salary_trends", locations),
    ):
        content[name] = content[name][:limit]
    return content


def _describe_no_postings(label: str, days: int) -> dict[str, Any]:
    suggestions = [
        "Check if the role name is spelled correctly",
        "Consider using a more general role title",
    ]
    if days < MAX_WINDOW_DAYS:
        suggestions.insert(0, f"Try increasing the time window (currently analyzing last {days} days)")
    return {
        "message": f"No job data found for '{label}'",
        "suggestions": suggestions,
        "alternatives": _find_most_similar(label, list(get_role_demands(days=days, now=timezone.now()))),
    }


def _find_most_similar(label: str, roles: Sequence[str]) -> list[str]:
    found = process.extract(spell_out(label), sorted(roles), scorer=fuzz.WRatio, limit=MAX_ALTERNATIVES)
    return [get_display_role(role) for role, _, _ in found]
