"""Views of market trends, countries, gap analyses and roles."""

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
from learning.hours import build_hours_estimate
from market import serializers
from market.daily_stats import day_start
from market.gaps import DEFAULT_THRESHOLD, Coverage, compute_coverage, rank_gaps
from market.geo.names import search_countries
from market.near_roles import list_near_roles
from market.role_selectors import canonicalize_role, get_role_table
from market.roles import expand_abbreviations
from market.selectors import VERSION_KEY, WINDOW_DAYS, get_role_demands, read_response, render_response
from market.services import compute_role_stats
from market.trends import MAX_WINDOW_DAYS
from skills.selectors import get_vocabulary

MAX_ALTERNATIVES = 5
MAX_ROLES = 100
# Responses are cached only on this server, where they are invalidated when the data changes.
CACHE_CONTROL = "no-cache, no-store, must-revalidate"
# Seconds.
EMPTY_TTL = 5
# Seconds. The list of countries changes once in several years.
COUNTRIES_TTL = 86400


class MarketViewSet(PublicViewSet):
    """Endpoints for market trends."""

    @action(
        detail=False,
        query_serializer_class=serializers.TrendingQuery,
        serializer_class=serializers.TrendingSerializer,
        has_prebuilt_body=True,
    )
    def trending(self, request: Request) -> HttpResponse:
        """Return the market's skills, places and salaries, and how the demand for skills changed.

        The window covers the postings of the last `days` and is compared with the previous window of the same length.
        Compare percentages rather than counts, because counts also grow when more postings are collected.
        """
        now = timezone.now()
        version, rendered = _get_window(self.query["days"], now)
        # The window is rendered in advance, because serializing it would take most of the response time.
        content = _truncate(rendered, skills=self.query["skills_limit"], locations=self.query["locations_limit"])
        is_empty = not content["total_jobs_analyzed"]
        collection_headers = self._add_collection(content, now) if is_empty else {}
        headers = {"Cache-Control": CACHE_CONTROL, **collection_headers}
        response = HttpResponse(orjson.dumps(content), content_type="application/json", headers=headers)
        if version is None or collection_headers:
            return response
        expires_at = day_start(now.date() + timedelta(days=1)).timestamp()
        if is_empty:
            # A collection may start at any time.
            expires_at = min(expires_at, now.timestamp() + EMPTY_TTL)
        return cache_response(response, Freshness(version_key=VERSION_KEY, version=version, expires_at=expires_at))

    def _add_collection(self, content: dict[str, Any], now: datetime) -> dict[str, str]:
        """Add the state of a collection in progress to the content. Return its headers, such as Retry-After."""
        collection = get_collection_state(role=None, user_id=None, path=self.request.get_full_path(), now=now)
        if collection.retry_after is not None:
            content["collection"] = serializers.CollectionSerializer(collection).data
        return collection.headers


@method_decorator(conditional_page, name="dispatch")
class CountryViewSet(PublicViewSet):
    """Endpoint to list and search countries."""

    serializer_class = serializers.CountriesSerializer
    query_serializer_class = serializers.CountriesQuery

    @method_decorator(cache_control(public=True, max_age=COUNTRIES_TTL))
    def list(self, request: Request) -> Response:
        """List countries by name, with their ISO 3166 alpha-2 codes.

        `search` filters the list to countries with this code or with a word in their name that begins with it.
        """
        countries = search_countries(search=self.query["search"])
        return Response(self.get_serializer({"countries": countries}).data)


class GapViewSet(ApiViewSet):
    """Endpoint for the gap analysis of a target role."""

    @extend_schema(responses={200: serializers.GapSerializer, 404: serializers.NoPostingsAnswerSerializer})
    @action(
        detail=False,
        url_path="gap-analysis",
        query_serializer_class=serializers.GapQuery,
        serializer_class=serializers.GapSerializer,
    )
    def gap_analysis(self, request: Request) -> Response:
        """Return the skills a target role requires, the ones the current user lacks, and what to learn next.

        The role must be one of the target roles in the user's profile, in any spelling. `required_skills` are the
        skills that at least the share `threshold` of the role's postings require. A skill also counts as held if a
        skill of the user implies it: PostgreSQL implies SQL. Returns 404 with similar roles if the role has no
        postings.
        """
        label, days, now = self._get_target_role(), self.query["days"], timezone.now()
        stats = compute_role_stats(role=label, days=days, now=now)
        if stats is None:
            return self._build_not_found(label, days, now)
        vocabulary = get_vocabulary()
        held = vocabulary.get_held_skills(get_user_skills(self.current_user))
        gaps = rank_gaps(
            window=stats.window,
            held=held,
            threshold=self.query["threshold"],
            vocabulary=vocabulary,
            hours=build_hours_estimate(vocabulary=vocabulary, held=held.names),
        )
        analysis = {
            "role": label,
            "gaps": gaps,
            "sample": gaps.sample,
            "alternatives": list_near_roles(role=label, days=days, now=now),
            "window_days": days,
            "computed_at": stats.computed_at,
        }
        return Response(self.get_serializer(analysis).data)

    def _build_not_found(self, label: str, days: int, now: datetime) -> Response:
        collection = get_collection_state(
            role=label, user_id=self.current_user.id, path=self.request.get_full_path(), now=now
        )
        content = {
            "detail": _describe_no_postings(label, days),
            "code": "role_without_jobs",
            "alternatives": list_near_roles(role=label, days=days, now=now),
            "collection": collection,
        }
        return Response(
            serializers.NoPostingsAnswerSerializer(content).data,
            status=status.HTTP_404_NOT_FOUND,
            headers=collection.headers,
        )

    def _get_target_role(self) -> str:
        """Return the target role that matches the query, as written in the user's profile.

        Raises:
            ValidationError: If the user has no such target role.
        """
        role, roles = canonicalize_role(self.query["role"]), self.current_user.target_roles
        if not roles:
            sentence = "role must be one of your target roles, but your profile has none yet."
            raise ValidationError({"role": [sentence]}, "no_target_roles")
        for label in roles:
            if role and canonicalize_role(label) == role:
                return label
        sentence = f"role must be one of your target roles: {', '.join(roles)}."
        raise ValidationError({"role": [sentence]}, "not_a_target_role")


class RolePagination(EnvelopePagination):
    """Pagination of roles. The envelope also has the number of days of the window."""

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
            "description": "With a token: the user's target roles that have no postings in the window.",
        }
        return described


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCoverage:
    """A role with postings. `coverage` is None for anonymous requests."""

    role: str
    postings: int
    required: int
    coverage: Coverage | None
    external_ids: tuple[str, ...]


class RoleViewSet(ListModelMixin, ApiViewSet):
    """Public endpoint to list the roles with postings and, with a token, the user's coverage of each."""

    permission_classes = [AllowAny]
    serializer_class = serializers.RoleSerializer
    pagination_class = RolePagination

    def get_queryset(self) -> Any:
        """Return the roles with postings, sorted by the user's coverage or by number of postings."""
        user = self.request.user and self.current_user
        vocabulary = get_vocabulary()
        held = vocabulary.get_held_skills(get_user_skills(user)).names if user else None
        roles, table = [], get_role_table()
        for role, demand in get_role_demands(days=WINDOW_DAYS, now=timezone.now()).items():
            required = demand.list_required(threshold=DEFAULT_THRESHOLD)
            coverage = compute_coverage(skills=required, held=held or (), vocabulary=vocabulary)
            roles.append(
                RoleCoverage(
                    role=table.get_display_name(role),
                    postings=demand.postings,
                    required=coverage.required,
                    coverage=coverage if held is not None else None,
                    external_ids=entry.external_ids if (entry := table.get(role)) else (),
                )
            )
        return sorted(roles, key=_get_sort_key)

    def list(self, request: Request) -> Response:
        """List the roles that have postings.

        With a token, roles are sorted by how much of each the current user covers, highest first. Without a token they
        are sorted by number of postings and their coverage is null.
        """
        response = super().list(request)
        response["Vary"] = "Authorization"
        if self.request.user:
            self._add_roles_without_postings(response)
        return response

    def _add_roles_without_postings(self, response: Response) -> None:
        """Add the user's target roles without postings and the states of their collections."""
        now, demands = timezone.now(), get_role_demands(days=WINDOW_DAYS, now=timezone.now())
        roles = [role for role in self.current_user.target_roles if canonicalize_role(role) not in demands]
        if not roles:
            return
        path = self.request.get_full_path()
        states = get_collection_states(roles=roles, user_id=self.current_user.id, path=path, now=now)
        rows = [{"role": role, "collection": state} for role, state in zip(roles, states, strict=True)]
        response.data["without_postings"] = serializers.CollectionOfRoleSerializer(rows, many=True).data
        retry_delays = [state.retry_after for state in states if state.retry_after is not None]
        if retry_delays:
            response["Retry-After"] = str(min(retry_delays))


def _get_sort_key(role: RoleCoverage) -> tuple[float, float, int, str]:
    covered = (role.coverage.percentage, role.coverage.weighted_percentage) if role.coverage else (0.0, 0.0)
    return -covered[0], -covered[1], -role.postings, role.role


def _get_window(days: int, now: datetime) -> tuple[bytes | None, bytes]:
    """Return the version and the full response of a window.

    Falls back to rendering the response from the stored stats. The version is then None.
    """
    return read_response(days=days, now=now) or (None, render_response(days=days, now=now))


def _truncate(rendered: bytes, *, skills: int, locations: int) -> dict[str, Any]:
    """Parse a rendered response and cut its lists to the limits."""
    content: dict[str, Any] = orjson.loads(rendered)
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
        "Check that the role name is spelled correctly",
        "Try a more general role title",
    ]
    if days < MAX_WINDOW_DAYS:
        suggestions.insert(0, f"Try a longer time window (currently the last {days} days)")
    return {
        "message": f"No job data found for '{label}'",
        "suggestions": suggestions,
        "alternatives": _find_most_similar(label, list(get_role_demands(days=days, now=timezone.now()))),
    }


def _find_most_similar(label: str, roles: Sequence[str]) -> list[str]:
    table = get_role_table()
    near = [role for role in table.list_near(label) if role in roles]
    expanded = {role: expand_abbreviations(role) for role in sorted(roles)}
    matches = process.extract(expand_abbreviations(label), expanded, scorer=fuzz.WRatio, limit=MAX_ALTERNATIVES)
    similar = list(dict.fromkeys([*near, *(role for _, _, role in matches)]))
    return [table.get_display_name(role) for role in similar[:MAX_ALTERNATIVES]]
