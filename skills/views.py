"""The endpoints under /skills: the vocabulary, extraction, the gap analysis and the roles it can be asked for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rapidfuzz import fuzz, process
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_user_skills
from career_navigator.api.pagination import EnvelopePagination
from career_navigator.api.viewsets import ApiViewSet, PublicViewSet
from market.role_windows import role_demands
from market.roles import display_role, normalize_role, spell_out
from market.services import compute_role_figures
from market.skill_market import WINDOW_DAYS, skill_market
from skills import serializers as shapes
from skills.extraction import SkillSpan
from skills.gaps import DEFAULT_THRESHOLD, Coverage, cover, rank_gaps
from skills.selectors import extractor, vocabulary
from skills.vocabulary import DEFAULT_CATEGORY, Skill, Vocabulary, find_skills

MAX_ALTERNATIVES = 5
MAX_ROLES = 100


class SkillPagination(EnvelopePagination):
    result_key = "skills"


class SkillFilterBackend(BaseFilterBackend):
    """Search the vocabulary."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        asked = {name: view.query[name] for name in ("query", "category", "subcategory") if name in view.query}
        return find_skills(vocabulary=queryset, **asked)


class SkillViewSet(ListModelMixin, RetrieveModelMixin, PublicViewSet):
    """The vocabulary; open to everybody."""

    serializer_class = shapes.SkillSerializer
    action_options = {
        "list": {"operation_id": "skills_list", "query_serializer_class": shapes.SkillsQuery},
        "retrieve": {"serializer_class": shapes.SkillInMarketSerializer},
    }
    pagination_class = SkillPagination
    filter_backends = [SkillFilterBackend]
    lookup_url_kwarg = "name"
    # A name may have a slash in it: "ci/cd".
    lookup_value_regex = ".*?[^/]"

    def get_queryset(self) -> Any:
        return vocabulary()

    def get_object(self) -> dict[str, Any]:
        """Return the skill of the path, in any spelling, with its market. Raises NotFound."""
        words, name = vocabulary(), self.kwargs["name"]
        listed = words.get(name) if len(name) <= shapes.LONGEST_NAME else None
        skill = listed or _unlisted(name, words)
        if skill is None or not skill.is_skill:
            raise NotFound("There is no such skill.")
        market = skill_market(skill=skill.name, now=timezone.now())
        if listed is None and not market.count:
            raise NotFound("There is no such skill.")
        return asdict(skill) | {"market": market}

    def list(self, request: Request) -> Response:
        """Search the skill vocabulary."""
        return super().list(request)

    def retrieve(self, request: Request, name: str) -> Response:
        """Return one skill, in any spelling, and its share of the market."""
        return super().retrieve(request)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.NamesSerializer,
        serializer_class=shapes.NormalizedNamesSerializer,
    )
    def normalize(self, request: Request) -> Response:
        """Return the canonical names of skills in any spelling."""
        words = vocabulary()
        recognized, not_skills, unrecognized = [], [], []
        for given in filter(str.strip, self.body["skills"]):
            skill = words.get(given)
            if skill is None:
                unrecognized.append(given)
            elif skill.is_skill:
                recognized.append({"given": given, "skill": skill.name})
            else:
                not_skills.append(given)
        names = {
            "skills": list(dict.fromkeys(each["skill"] for each in recognized)),
            "recognized": recognized,
            "not_skills": not_skills,
            "unrecognized": unrecognized,
        }
        return Response(self.get_serializer(names).data)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.TextSerializer,
        serializer_class=shapes.ExtractionSerializer,
        # The most processor time that can be asked for without a token: up to 0.3 s.
        throttle_scope="extract_address",
    )
    def extract(self, request: Request) -> Response:
        """Find the skills that a text asks for, and where."""
        text = self.body["text"]
        by_skill: dict[str, list[SkillSpan]] = {}
        for span in extractor().spans(text):
            by_skill.setdefault(span.skill, []).append(span)
        skills = {
            category: [{"skill": name, "spans": by_skill[name]} for name in names]
            for category, names in vocabulary().get_skill_categories(by_skill).items()
        }
        return Response(self.get_serializer({"skills": skills, "total": len(by_skill)}).data)


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
        """Return what a target role asks for, what of it the caller lacks, and what to learn next."""
        label, days, now = self._target_role(), self.query["days"], timezone.now()
        figures = compute_role_figures(role=label, days=days, now=now)
        if figures is None:
            return Response(_no_postings(label, days), status=status.HTTP_404_NOT_FOUND)
        held = vocabulary().map_technology_slugs(get_user_skills(self.current_user))
        gaps = rank_gaps(window=figures.window, held=held, threshold=self.query["threshold"])
        analysis = {"role": label, "gaps": gaps, "window_days": days, "computed_at": figures.computed_at}
        return Response(self.get_serializer(analysis).data)

    def _target_role(self) -> str:
        """Return the user's target role that is meant, as they wrote it. Raises ValidationError."""
        role, roles = normalize_role(self.query["role"]), self.current_user.target_roles
        if not roles:
            raise ValidationError({"role": ["role must be one of your target roles, and your profile has none yet."]})
        for label in roles:
            if role and normalize_role(label) == role:
                return label
        raise ValidationError({"role": [f"role must be one of your target roles: {', '.join(roles)}."]})


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
        return described


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCoverage:
    """A role, and how much of it a person covers: None where nobody asks for themselves."""

    role: str
    postings: int
    required: int
    coverage: Coverage | None


class RoleViewSet(ListModelMixin, ApiViewSet):
    """The roles that have data: open, and with a token also how much of each the caller covers."""

    permission_classes = [AllowAny]
    serializer_class = shapes.RoleSerializer
    pagination_class = RolePagination

    def get_queryset(self) -> Any:
        """Return the roles with postings: by coverage for a user, without one by postings."""
        user = self.request.user and self.current_user
        held = vocabulary().map_technology_slugs(get_user_skills(user)) if user else None
        roles = []
        for role, demand in role_demands(days=WINDOW_DAYS, now=timezone.now()).items():
            required = demand.required(threshold=DEFAULT_THRESHOLD)
            coverage = cover(skills=required, held=held) if held is not None else None
            roles.append(
                RoleCoverage(
                    role=display_role(role), postings=demand.postings, required=len(required), coverage=coverage
                )
            )
        return sorted(roles, key=_closest_first)

    def list(self, request: Request) -> Response:
        """List the roles that have postings; with a token, those that the caller is closest to first."""
        response = super().list(request)
        response["Vary"] = "Authorization"
        return response


def _closest_first(role: RoleCoverage) -> tuple[float, float, int, str]:
    covered = (role.coverage.percentage, role.coverage.weighted_percentage) if role.coverage else (0.0, 0.0)
    return -covered[0], -covered[1], -role.postings, role.role


def _unlisted(name: str, words: Vocabulary) -> Skill | None:
    """A skill that only the source's slugs name, the way such a slug is written in postings."""
    readable = words.map_technology_slugs([name]) if len(name) <= shapes.LONGEST_NAME else []
    return Skill(name=readable[0], display_name=readable[0], category=DEFAULT_CATEGORY) if readable else None


def _no_postings(label: str, days: int) -> Any:
    suggestions = [
        "Check if the role name is spelled correctly",
        "Consider using a more general role title",
    ]
    if days < shapes.LONGEST_WINDOW_DAYS:
        suggestions.insert(0, f"Try increasing the time window (currently analyzing last {days} days)")
    detail = {
        "message": f"No job data found for '{label}'",
        "suggestions": suggestions,
        "alternatives": _most_like(label, list(role_demands(days=days, now=timezone.now()))),
    }
    return shapes.NoPostingsAnswerSerializer({"detail": detail}).data


def _most_like(label: str, roles: Sequence[str]) -> list[str]:
    found = process.extract(spell_out(label), sorted(roles), scorer=fuzz.WRatio, limit=MAX_ALTERNATIVES)
    return [display_role(role) for role, _, _ in found]
