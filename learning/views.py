"""The endpoints under /learning."""

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
from learning import serializers as shapes
from learning.documents import SKILL_PROGRESS
from learning.renderers import (
    CALENDAR_MEDIA_TYPE,
    MARKDOWN_MEDIA_TYPE,
    WINDOW_DAYS,
    build_recommendations,
    get_next_monday,
    plan_study,
    render_calendar,
    render_page,
)
from learning.roadmaps import Learner, Roadmap, RoadmapSource
from learning.selectors import get_resource_catalogue, plan_roadmap, search_resources
from market.roles import get_display_role, normalize_role
from market.selectors import get_skill_market
from market.services import compute_role_stats
from projects.documents import PROJECT_PROGRESS
from projects.selectors import get_idea_catalogue
from skills.selectors import get_vocabulary


class RoadmapViewSet(ApiViewSet):
    """What to learn for a role, in order; in three forms."""

    query_serializer_class = shapes.RoadmapQuery

    @action(detail=False, serializer_class=shapes.RoadmapSerializer, item_list="skill_paths")
    def roadmap(self, request: Request) -> Response:
        """List what to learn for a role, in order.

        What a skill builds on comes before it; within a stage what is missing comes first, by how many postings ask for
        it. Each has resources, hours and projects that exercise it. Without `target_role` it is for the first target
        role of the profile.
        """
        roadmap = self._plan_roadmap()
        answer: dict[str, Any] = {"roadmap": roadmap, "recommendations": build_recommendations(roadmap=roadmap)}
        headers = {}
        if roadmap.basis is RoadmapSource.NO_POSTINGS:
            collection = get_collection_state(
                role=roadmap.target_role,
                user_id=self.current_user.id,
                path=request.get_full_path(),
                now=timezone.now(),
            )
            answer, headers = answer | {"collection": collection}, collection.headers
        return Response(self.get_serializer(answer).data, headers=headers)

    @action(
        detail=False,
        url_path=r"roadmap\.md",
        operation_id="learning_roadmap_markdown",
        media_type=MARKDOWN_MEDIA_TYPE,
    )
    def markdown(self, request: Request) -> HttpResponse:
        """Return the roadmap as Markdown.

        For reading and printing: each skill with its hours, resources and projects.
        """
        roadmap = self._plan_roadmap()
        page = render_page(roadmap=roadmap, recommendations=build_recommendations(roadmap=roadmap))
        return HttpResponse(page, content_type=f"{MARKDOWN_MEDIA_TYPE}; charset=utf-8")

    @action(
        detail=False,
        url_path=r"roadmap\.ics",
        query_serializer_class=shapes.CalendarQuery,
        operation_id="learning_roadmap_calendar",
        media_type=CALENDAR_MEDIA_TYPE,
    )
    def calendar(self, request: Request) -> HttpResponse:
        """Return a study plan of the roadmap, as an iCalendar file.

        The roadmap's hours spread over weeks of `hours_per_week` from `start_date` on, for a calendar to import.
        """
        now, roadmap = timezone.now(), self._plan_roadmap()
        first_day = self.query.get("start_date") or get_next_monday(now.astimezone(UTC).date())
        blocks = plan_study(roadmap=roadmap, hours_per_week=self.query["hours_per_week"], first_day=first_day)
        content = render_calendar(blocks=blocks, role=roadmap.target_role, owner=self.current_user.id, now=now)
        headers = {"Content-Disposition": 'attachment; filename="roadmap.ics"'}
        return HttpResponse(content, content_type=f"{CALENDAR_MEDIA_TYPE}; charset=utf-8", headers=headers)

    def _plan_roadmap(self) -> Roadmap:
        user, role, by_postings = self.current_user, self._role(), self.query["include_gap_analysis"]
        stats = None
        if role is not None and by_postings:
            stats = compute_role_stats(role=role, days=WINDOW_DAYS, now=timezone.now())
        person = Learner(
            held=get_vocabulary().map_technology_slugs(get_user_skills(user)),
            statuses=SKILL_PROGRESS.statuses(user.id),
            completed_projects=PROJECT_PROGRESS.list_done(user.id),
        )
        return plan_roadmap(
            role=role,
            with_gap_analysis=by_postings,
            person=person,
            project_options=get_idea_catalogue().by_skill,
            stats=stats,
        )

    def _role(self) -> str | None:
        """Return the role that is meant, as the user's profile has it, or else as titles are written."""
        asked, roles = self.query.get("target_role"), self.current_user.target_roles
        if asked is None:
            return next(iter(roles), None)
        key = normalize_role(asked)
        return next((role for role in roles if normalize_role(role) == key), get_display_role(asked))


class ResourceViewSet(ApiViewSet):
    """Where to learn a skill."""

    serializer_class = shapes.ResourceSerializer
    action_options = {"list": {"query_serializer_class": shapes.ResourcesQuery, "item_list": ""}}

    @extend_schema(responses=shapes.ResourceSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List the resources for given skills.

        Repeat `skills` for several, in any spelling. The easiest of each skill come first; links that were found broken
        are left out.
        """
        skills, of_type = get_vocabulary().map_technology_slugs(self.query["skills"]), self.query.get("resource_type")
        if self.query.get("search"):
            found = search_resources(query=self.query["search"], resource_type=of_type, skills=skills).items
        else:
            catalogue = get_resource_catalogue()
            found = [each for skill in skills for each in catalogue.of(skill) if of_type in (None, each.type)]
        return Response(self.get_serializer(found, many=True).data)

    @action(
        detail=False,
        query_serializer_class=shapes.ResourceSearchQuery,
        serializer_class=shapes.FoundResourcesSerializer,
        item_list="resources",
    )
    def search(self, request: Request) -> Response:
        """Search all resources.

        By words of title, skill or description, the most relevant first.
        """
        found = search_resources(
            query=self.query["query"],
            resource_type=self.query.get("resource_type"),
            limit=self.query["limit"],
            offset=self.query["offset"],
        )
        answer = {
            "resources": found.items,
            "total_found": found.total,
            "search_query": self.query["query"],
            "filters_applied": self.query,
        }
        return Response(self.get_serializer(answer).data)


_SKILL = OpenApiParameter(
    "skill", OpenApiTypes.STR, OpenApiParameter.PATH, description="In any spelling; one with a slash, as it is."
)


class SkillProgressViewSet(ApiViewSet):
    """How far the current user has come."""

    action_options = {
        "list": {"serializer_class": shapes.SkillProgressListSerializer, "path_parameters": ()},
        "update": {
            "request_serializer_class": shapes.SkillProgressChangeSerializer,
            "serializer_class": shapes.SkillProgressSerializer,
            "path_parameters": [_SKILL, IF_MATCH],
            "error_statuses": (412,),
        },
        "destroy": {"path_parameters": [_SKILL, IF_MATCH], "error_statuses": (412,)},
    }
    lookup_url_kwarg = "skill"
    # A name may have a slash in it: "ci/cd".
    lookup_value_regex = ".+?"
    path_parameters = [_SKILL]

    def list(self, request: Request) -> Response:
        """List how far the current user has come with each skill.

        By skill: what is planned, being learnt, or done.
        """
        rows = SKILL_PROGRESS.of(self.current_user.id)
        return Response(self.get_serializer({"progress": rows, "total": len(rows)}).data)

    def update(self, request: Request, skill: str) -> Response:
        """Plan, begin or finish a skill.

        A skill that is `done` counts as held in every roadmap, gap analysis and recommendation, as if it were in the
        profile, which stays as it is. Any other status, or DELETE, takes that back.
        """
        name = _get_skill(skill)
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

        The skill then counts as held only if the profile names it. 404 where there is no progress with it.
        """
        names = get_vocabulary().map_technology_slugs([skill])
        user_id = self.current_user.id
        if not names or not SKILL_PROGRESS.remove(
            user_id=user_id, subject=names[0], seen_at=self._check_version(names[0])
        ):
            raise NotFound("There is no progress with this skill.", "progress_not_found")
        return Response(status=204)

    def _check_version(self, name: str) -> datetime | None:
        """Return the version that the change is made from, if it names one. Raises StaleVersion."""
        stored_at = SKILL_PROGRESS.get_version(user_id=self.current_user.id, subject=name)
        return check_if_match(self.request, stored_at)


def _get_skill(given: str) -> str:
    """Return the canonical name of a skill of the vocabulary, or of one that postings ask for. Raises NotFound."""
    words = get_vocabulary()
    names = words.map_technology_slugs([given])
    if not names or (words.get(given) is None and not get_skill_market(skill=names[0], now=timezone.now()).count):
        raise NotFound("There is no such skill.", "skill_not_found")
    return names[0]
