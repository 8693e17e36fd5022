"""The endpoints under /skills: the vocabulary, extraction, the gap analysis and the roles it can be asked for."""

from collections.abc import Collection, Sequence
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rapidfuzz import fuzz, process
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from career_navigator.api import read_body
from career_navigator.held_skills import held_skills
from career_navigator.personal import Caller, PersonalViewSet, caller_of
from career_navigator.throttles import Spending, address_of, spend
from ingestion.tasks import queue_refresh
from market.role_windows import role_demands
from market.roles import display_role, normalize_role, spell_out
from market.services import compute_role_figures
from market.skill_market import WINDOW_DAYS, skill_market
from skills import serializers as shapes
from skills.extraction import SkillSpan
from skills.gaps import DEFAULT_THRESHOLD, GapAnalysis, RoleDemand, cover, rank_gaps
from skills.search import find_skills
from skills.selectors import extractor, vocabulary
from skills.vocabulary import DEFAULT_CATEGORY, Skill, Vocabulary

MOST_ALTERNATIVES = 5


class SkillViewSet(ViewSet):
    """The vocabulary; open to everybody."""

    @extend_schema(
        operation_id="skills_list",
        summary="Search the skill vocabulary",
        parameters=[shapes.SkillsQuery],
        responses=shapes.SkillsSerializer,
        tags=["skills"],
    )
    def list(self, request: Request) -> Response:
        asked = shapes.SkillsQuery.read(request)
        limit, offset = asked.pop("limit"), asked.pop("offset")
        found = find_skills(vocabulary=vocabulary(), **asked)
        page = [_entry(skill) for skill in found[offset : offset + limit]]
        return Response({"skills": page, "total": len(found), "limit": limit, "offset": offset})

    @extend_schema(
        operation_id="skills_retrieve",
        summary="One skill, in any spelling, and how it stands in the market",
        responses=shapes.SkillInMarketSerializer,
        tags=["skills"],
    )
    def retrieve(self, request: Request, name: str) -> Response:
        words = vocabulary()
        listed = words.get(name) if len(name) <= shapes.LONGEST_NAME else None
        skill = listed or _unlisted(name, words)
        if skill is None or not skill.is_skill:
            raise NotFound("There is no such skill.")
        market = skill_market(skill=skill.name, now=timezone.now())
        if listed is None and not market.count:
            raise NotFound("There is no such skill.")
        share = {
            "count": market.count,
            "total_postings": market.postings,
            "percentage": market.percentage,
            "growth_percentage": market.growth_percentage,
            "window_days": WINDOW_DAYS,
        }
        related = [
            {
                "skill": each.name,
                "display_name": words.display_name(each.name),
                "percentage": each.percentage,
                "market_percentage": each.market_percentage,
            }
            for each in market.related
        ]
        content = {"market": share, "related_skills": related, "see_also": skill.related}
        return Response(_entry(skill) | content)

    @extend_schema(
        operation_id="skills_normalize",
        summary="Canonical names of skills in any spelling",
        request=shapes.NamesSerializer,
        responses={200: shapes.NormalizedNamesSerializer},
        tags=["skills"],
    )
    def normalize(self, request: Request) -> Response:
        words = vocabulary()
        recognized, not_skills, unrecognized = [], [], []
        for given in filter(str.strip, read_body(shapes.NamesSerializer, request)["skills"]):
            skill = words.get(given)
            if skill is None:
                unrecognized.append(given)
            elif skill.is_skill:
                recognized.append({"given": given, "skill": skill.name, "display_name": skill.display_name})
            else:
                not_skills.append(given)
        content = {"recognized": recognized, "not_skills": not_skills, "unrecognized": unrecognized}
        return Response({"skills": list(dict.fromkeys(each["skill"] for each in recognized)), **content})

    @extend_schema(
        operation_id="skills_extract",
        summary="The skills a text asks for, and where",
        request=shapes.TextSerializer,
        responses={200: shapes.ExtractionSerializer},
        tags=["skills"],
    )
    def extract(self, request: Request) -> Response:
        text = read_body(shapes.TextSerializer, request)["text"]
        # The most processor time that can be asked for without a token: up to 0.3 s.
        spend(Spending(limit="extract_address", name=address_of(request)))
        words = vocabulary()
        by_skill: dict[str, list[SkillSpan]] = {}
        for span in extractor().spans(text):
            by_skill.setdefault(span.skill, []).append(span)
        skills = {
            category: [
                {
                    "skill": name,
                    "display_name": words.display_name(name),
                    "spans": [{"start": span.start, "end": span.end} for span in by_skill[name]],
                }
                for name in names
            ]
            for category, names in words.get_skill_categories(by_skill).items()
        }
        return Response({"skills": skills, "total": len(by_skill)})


class GapViewSet(PersonalViewSet):
    """What a person lacks for a role they aim at."""

    @extend_schema(
        operation_id="skills_gap_analysis",
        summary="What a target role asks for, what of it the caller lacks, and what to learn next",
        parameters=[shapes.GapQuery],
        responses={200: shapes.GapSerializer, 404: shapes.NoPostingsAnswerSerializer},
        tags=["skills"],
    )
    def analyze(self, request: Request) -> Response:
        asked = shapes.GapQuery.read(request)
        caller = caller_of(request)
        label = _target_role(caller, asked["role"])
        days, now = asked["days"], timezone.now()
        figures = compute_role_figures(role=label, days=days, now=now, announce=queue_refresh)
        if figures is None:
            return Response({"detail": _no_postings(label, days)}, status=status.HTTP_404_NOT_FOUND)
        words = vocabulary()
        held = words.map_technology_slugs(held_skills(caller))
        gaps = rank_gaps(window=figures.window, held=held, threshold=asked["threshold"])
        content = {"role": label, **_gaps(gaps, words), "window_days": days, "computed_at": figures.computed_at}
        return Response(content)


class RoleViewSet(PersonalViewSet):
    """The roles that have data: open, and with a token also how much of each the caller covers."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="skills_roles",
        summary="The roles that have postings; with a token, which of them the caller is closest to",
        parameters=[shapes.RolesQuery],
        responses=shapes.RolesSerializer,
        tags=["skills"],
    )
    def list(self, request: Request) -> Response:
        asked = shapes.RolesQuery.read(request)
        limit, offset = asked["limit"], asked["offset"]
        held = vocabulary().map_technology_slugs(held_skills(caller_of(request))) if request.user else None
        demands = role_demands(days=WINDOW_DAYS, now=timezone.now())
        rows = [_role_row(role, demand, held) for role, demand in demands.items()]
        rows.sort(
            key=lambda row: (
                -(row["coverage_percentage"] or 0),
                -(row["weighted_coverage_percentage"] or 0),
                -row["postings"],
                row["role"],
            )
        )
        content = {"roles": rows[offset : offset + limit], "total": len(rows), "limit": limit, "offset": offset}
        return Response(content | {"window_days": WINDOW_DAYS}, headers={"Vary": "Authorization"})


def _entry(skill: Skill) -> dict[str, Any]:
    return {
        "name": skill.name,
        "display_name": skill.display_name,
        "category": skill.category,
        "subcategory": skill.subcategory,
        "aliases": skill.aliases,
        "prerequisites": skill.prerequisites,
    }


def _unlisted(name: str, words: Vocabulary) -> Skill | None:
    """A skill that only the source's slugs name, the way such a slug is written in postings."""
    readable = words.map_technology_slugs([name]) if len(name) <= shapes.LONGEST_NAME else []
    return Skill(name=readable[0], display_name=readable[0], category=DEFAULT_CATEGORY) if readable else None


def _role_row(role: str, demand: RoleDemand, held: Collection[str] | None) -> dict[str, Any]:
    """A role of the list; `held` is None where nobody asks for themselves."""
    required = demand.required(threshold=DEFAULT_THRESHOLD)
    coverage = cover(skills=required, held=held) if held is not None else None
    return {
        "role": display_role(role),
        "postings": demand.postings,
        "total_required_skills": len(required),
        "skill_match_count": coverage and coverage.held,
        "coverage_percentage": coverage and coverage.percentage,
        "weighted_coverage_percentage": coverage and coverage.weighted_percentage,
    }


def _target_role(caller: Caller, asked: str) -> str:
    """The caller's target role that is meant, as they wrote it. Raises ValidationError."""
    roles = caller.target_roles
    if not roles:
        raise ValidationError({"role": ["role must be one of your target roles, and your profile has none yet."]})
    wanted = normalize_role(asked)
    for label in roles:
        if wanted and normalize_role(label) == wanted:
            return label
    raise ValidationError({"role": [f"role must be one of your target roles: {', '.join(roles)}."]})


def _no_postings(label: str, days: int) -> dict[str, Any]:
    suggestions = [
        "Check if the role name is spelled correctly",
        "Consider using a more general role title",
    ]
    if days < shapes.LONGEST_WINDOW_DAYS:
        suggestions.insert(0, f"Try increasing the time window (currently analyzing last {days} days)")
    return {
        "message": f"No job data found for '{label}'",
        "suggestions": suggestions,
        "alternatives": _most_like(label, list(role_demands(days=days, now=timezone.now()))),
    }


def _most_like(label: str, roles: Sequence[str]) -> list[str]:
    found = process.extract(spell_out(label), sorted(roles), scorer=fuzz.WRatio, limit=MOST_ALTERNATIVES)
    return [display_role(role) for role, _, _ in found]


def _gaps(gaps: GapAnalysis, words: Vocabulary) -> dict[str, Any]:
    return {
        "total_postings_analyzed": gaps.postings,
        "required_skills": [
            {
                "skill": skill.name,
                "display_name": words.display_name(skill.name),
                "category": words.category(skill.name),
                "required_percentage": skill.percentage,
                "user_has": skill.held,
                "confidence_interval": {"low": skill.confidence_interval[0], "high": skill.confidence_interval[1]},
                "salary_median_with": skill.salary_medians.with_skill,
                "salary_median_without": skill.salary_medians.without_skill,
                "growth_percentage": skill.growth_percentage,
            }
            for skill in gaps.required
        ],
        "missing_skills": gaps.missing,
        "coverage_percentage": gaps.coverage.percentage,
        "weighted_coverage_percentage": gaps.coverage.weighted_percentage,
        "skill_match_count": gaps.coverage.held,
        "total_required_skills": gaps.coverage.required,
        "reachable_percentage": gaps.learning_order.reachable_percentage,
        "learn_next": [
            {
                "skill": step.name,
                "display_name": words.display_name(step.name),
                "reachable_percentage": step.reachable_percentage,
            }
            for step in gaps.learning_order.next_skills
        ],
    }
