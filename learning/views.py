"""Endpoints under /learning: roadmaps, resources and progress with skills."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_user_skills
from career_navigator.api.versions import IF_MATCH, build_etag, check_if_match
from career_navigator.api.viewsets import ApiViewSet
from career_navigator.db.catalogues import UNSET
from ingestion.selectors import get_collection_state
from learning import serializers
from learning.documents import SKILL_PROGRESS
from learning.renderers import (
    CALENDAR_MEDIA_TYPE,
    MARKDOWN_MEDIA_TYPE,
    build_recommendations,
    get_next_monday,
    plan_study,
    render_calendar,
    render_page,
)
from learning.roadmaps import Learner, Roadmap, RoadmapSource
from learning.selectors import get_resource_catalogue, plan_roadmap, search_resources
from market.near_roles import list_near_roles
from market.role_selectors import canonicalize_role
from market.roles import get_display_role
from market.selectors import get_skill_market
from market.services import compute_role_stats
from projects.documents import PROJECT_PROGRESS
from projects.selectors import get_idea_catalogue
from skills.selectors import get_vocabulary


class RoadmapViewSet(ApiViewSet):
    """Endpoints for the roadmap of a role as JSON, Markdown and iCalendar."""

    query_serializer_class = serializers.RoadmapQuery

    @action(detail=False, serializer_class=serializers.RoadmapSerializer, item_list="skill_paths")
    def roadmap(self, request: Request) -> Response:
        """List the skills to learn for a role, in order.

        A skill comes after its prerequisites. Within a stage, missing skills come first, ordered by the share of
        postings that require them. Each skill has resources, estimated hours and suggested projects. `target_role`
        defaults to the first target role in the profile.
        """
        roadmap, now = self._plan_roadmap(), timezone.now()
        data: dict[str, Any] = {
            "roadmap": roadmap,
            "sample": roadmap.sample,
            "recommendations": build_recommendations(roadmap=roadmap),
            "alternatives": list_near_roles(role=roadmap.target_role or "", days=roadmap.days, now=now),
        }
        headers = {}
        if roadmap.source is RoadmapSource.NO_POSTINGS:
            collection = get_collection_state(
                role=roadmap.target_role,
                user_id=self.current_user.id,
                path=request.get_full_path(),
                now=now,
            )
            data, headers = data | {"collection": collection}, collection.headers
        return Response(self.get_serializer(data).data, headers=headers)

    @action(
        detail=False,
        url_path=r"roadmap\.md",
        operation_id="learning_roadmap_markdown",
        media_type=MARKDOWN_MEDIA_TYPE,
    )
    def markdown(self, request: Request) -> HttpResponse:
        """Return the roadmap as Markdown.

        The page lists each skill with its hours, resources and projects.
        """
        roadmap = self._plan_roadmap()
        page = render_page(roadmap=roadmap, recommendations=build_recommendations(roadmap=roadmap))
        return HttpResponse(page, content_type=f"{MARKDOWN_MEDIA_TYPE}; charset=utf-8")

    @action(
        detail=False,
        url_path=r"roadmap\.ics",
        query_serializer_class=serializers.CalendarQuery,
        operation_id="learning_roadmap_calendar",
        media_type=CALENDAR_MEDIA_TYPE,
    )
    def calendar(self, request: Request) -> HttpResponse:
        """Return a study plan for the roadmap as an iCalendar file.

        The plan starts at `start_date` and schedules `hours_per_week` hours per week until all skills are learned.
        """
        now, roadmap = timezone.now(), self._plan_roadmap()
        first_day = self.query.get("start_date") or get_next_monday(now.astimezone(UTC).date())
        blocks = plan_study(roadmap=roadmap, hours_per_week=self.query["hours_per_week"], first_day=first_day)
        content = render_calendar(blocks=blocks, role=roadmap.target_role, owner=self.current_user.id, now=now)
        headers = {"Content-Disposition": 'attachment; filename="roadmap.ics"'}
        return HttpResponse(content, content_type=f"{CALENDAR_MEDIA_TYPE}; charset=utf-8", headers=headers)

    def _plan_roadmap(self) -> Roadmap:
        user, role, with_gap_analysis = self.current_user, self._get_role(), self.query["include_gap_analysis"]
        stats, days, now = None, self.query["days"], timezone.now()
        if role is not None and with_gap_analysis:
            stats = compute_role_stats(role=role, days=days, now=now)
        held = get_vocabulary().get_held_skills(get_user_skills(user))
        learner = Learner(
            named_skills=held.named,
            held_through=held.through,
            statuses=SKILL_PROGRESS.get_statuses(user.id),
            completed_projects=PROJECT_PROGRESS.list_done(user.id),
        )
        return plan_roadmap(
            role=role,
            with_gap_analysis=with_gap_analysis,
            learner=learner,
            project_options=get_idea_catalogue().by_skill,
            stats=stats,
            days=days,
            now=now,
        )

    def _get_role(self) -> str | None:
        """Return the requested role as spelled in the user's profile or, if it is not there, in title case."""
        requested, roles = self.query.get("target_role"), self.current_user.target_roles
        if requested is None:
            return next(iter(roles), None)
        key = canonicalize_role(requested)
        return next((role for role in roles if canonicalize_role(role) == key), get_display_role(requested))


class ResourceViewSet(ApiViewSet):
    """Endpoints for learning resources."""

    serializer_class = serializers.ResourceSerializer
    action_options = {"list": {"query_serializer_class": serializers.ResourcesQuery, "item_list": ""}}

    @extend_schema(responses=serializers.ResourceSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List the resources for given skills.

        Repeat `skills` for several skills, in any spelling. For each skill, the easiest resources come first. Broken
        links are left out.
        """
        skills = get_vocabulary().map_technology_slugs(self.query["skills"])
        resource_type = self.query.get("resource_type")
        if self.query.get("search"):
            resources = search_resources(query=self.query["search"], resource_type=resource_type, skills=skills).items
        else:
            catalogue = get_resource_catalogue()
            resources = [
                resource
                for skill in skills
                for resource in catalogue.list_for_skill(skill)
                if resource_type in (None, resource.type)
            ]
        return Response(self.get_serializer(resources, many=True).data)

    @action(
        detail=False,
        query_serializer_class=serializers.ResourceSearchQuery,
        serializer_class=serializers.FoundResourcesSerializer,
        item_list="resources",
    )
    def search(self, request: Request) -> Response:
        """Search all resources.

        The search covers titles, skills and descriptions. The most relevant resources come first.
        """
        found = search_resources(
            query=self.query["query"],
            resource_type=self.query.get("resource_type"),
            limit=self.query["limit"],
            offset=self.query["offset"],
        )
        data = {
            "resources": found.items,
            "total_found": found.total,
            "search_query": self.query["query"],
            "filters_applied": self.query,
        }
        return Response(self.get_serializer(data).data)


_SKILL = OpenApiParameter(
    "skill",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description="Skill name in any spelling. A slash in the name does not need to be encoded.",
)


class SkillProgressViewSet(ApiViewSet):
    """Endpoints for the current user's progress with skills."""

    action_options = {
        "list": {"serializer_class": serializers.SkillProgressListSerializer, "path_parameters": ()},
        "update": {
            "request_serializer_class": serializers.SkillProgressChangeSerializer,
            "serializer_class": serializers.SkillProgressSerializer,
            "path_parameters": [_SKILL, IF_MATCH],
            "error_statuses": (412,),
        },
        "destroy": {"path_parameters": [_SKILL, IF_MATCH], "error_statuses": (412,)},
    }
    lookup_url_kwarg = "skill"
    # A skill name can contain a slash, as in "ci/cd".
    lookup_value_regex = ".+?"
    path_parameters = [_SKILL]

    def list(self, request: Request) -> Response:
        """List the current user's progress with skills.

        The list is sorted by skill. The status of a skill is `planned`, `learning` or `done`.
        """
        rows = SKILL_PROGRESS.list_rows(self.current_user.id)
        return Response(self.get_serializer({"progress": rows, "total": len(rows)}).data)

    def update(self, request: Request, skill: str) -> Response:
        """Store the progress with a skill.

        A skill with the status `done` counts as part of the profile in every roadmap, gap analysis and recommendation.
        The profile itself does not change. Setting another status, or DELETE, reverts this.
        """
        name = _resolve_skill(skill)
        stored = SKILL_PROGRESS.store(
            user_id=self.current_user.id,
            subject=name,
            status=self.body["status"],
            link=self.body.get("evidence_url", UNSET),
            seen_at=self._check_version(name),
            now=timezone.now(),
        )
        return Response(self.get_serializer(stored).data, headers=build_etag(stored["updated_at"]))

    def destroy(self, request: Request, skill: str) -> Response:
        """Delete the progress with a skill.

        The skill then counts as held only if it is in the profile. Returns 404 if no progress is stored.
        """
        names = get_vocabulary().map_technology_slugs([skill])
        user_id = self.current_user.id
        if not names or not SKILL_PROGRESS.remove(
            user_id=user_id, subject=names[0], seen_at=self._check_version(names[0])
        ):
            raise NotFound("No progress is stored for this skill.", "progress_not_found")
        return Response(status=204)

    def _check_version(self, name: str) -> datetime | None:
        """Return the version in the If-Match header, if any. Raises `StaleVersion` if it is not the stored version."""
        stored_at = SKILL_PROGRESS.get_version(user_id=self.current_user.id, subject=name)
        return check_if_match(self.request, stored_at)


def _resolve_skill(spelling: str) -> str:
    """Return the canonical name of a skill.

    Raises:
        NotFound: Neither the vocabulary nor a recent posting contains the skill.
    """
    vocabulary = get_vocabulary()
    names = vocabulary.map_technology_slugs([spelling])
    is_listed = vocabulary.get(spelling) is not None
    if not names or (not is_listed and not get_skill_market(skill=names[0], now=timezone.now()).count):
        raise NotFound("This skill does not exist.", "skill_not_found")
    return names[0]
