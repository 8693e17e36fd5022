"""The endpoints under /learning."""

from datetime import UTC
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_user_skills
from career_navigator.api.current_user import CurrentUser
from career_navigator.api.serializers import read_body
from career_navigator.personal import PersonalViewSet, caller_of
from career_navigator.unchanged import UNCHANGED
from learning import calendars, pages
from learning import serializers as shapes
from learning.advice import WINDOW_DAYS, recommend
from learning.paths import Person, Roadmap, SkillPath
from learning.progress import SKILL_PROGRESS
from learning.selectors import plan_roadmap, resource_catalogue, search_resources
from learning.study_plans import next_monday, plan_study
from market.roles import display_role, normalize_role
from market.services import compute_role_figures
from market.skill_market import skill_market
from projects.progress import PROJECT_PROGRESS
from projects.selectors import idea_catalogue
from skills.selectors import vocabulary

_SKILL = OpenApiParameter(
    "skill", OpenApiTypes.STR, OpenApiParameter.PATH, description="In any spelling; one with a slash, as it is."
)


class RoadmapViewSet(PersonalViewSet):
    """What to learn for a role, in order; in three forms."""

    @extend_schema(
        operation_id="learning_roadmap",
        summary="What to learn for a role, in order",
        parameters=[shapes.RoadmapQuery],
        responses=shapes.RoadmapSerializer,
        tags=["learning"],
    )
    def retrieve(self, request: Request) -> Response:
        roadmap = _roadmap(caller_of(request), shapes.RoadmapQuery.read(request))
        return Response(
            {
                "target_role": roadmap.target_role,
                "skill_paths": [_path(path) for path in roadmap.paths],
                "total_skills": len(roadmap.paths),
                "missing_skills_count": len(roadmap.missing),
                "coverage_percentage": roadmap.coverage_percentage,
                "recommendations": recommend(roadmap=roadmap),
                "total_postings_analyzed": roadmap.postings,
                "estimated_hours": roadmap.estimated_hours,
            }
        )

    @extend_schema(
        operation_id="learning_roadmap_markdown",
        summary="The roadmap as Markdown",
        parameters=[shapes.RoadmapQuery],
        responses={(200, pages.MEDIA_TYPE): OpenApiTypes.STR},
        tags=["learning"],
    )
    def markdown(self, request: Request) -> HttpResponse:
        roadmap = _roadmap(caller_of(request), shapes.RoadmapQuery.read(request))
        page = pages.write_page(roadmap=roadmap, recommendations=recommend(roadmap=roadmap))
        return HttpResponse(page, content_type=f"{pages.MEDIA_TYPE}; charset=utf-8")

    @extend_schema(
        operation_id="learning_roadmap_calendar",
        summary="A study plan of the roadmap, as an iCalendar file",
        parameters=[shapes.CalendarQuery],
        responses={(200, calendars.MEDIA_TYPE): OpenApiTypes.STR},
        tags=["learning"],
    )
    def calendar(self, request: Request) -> HttpResponse:
        asked = shapes.CalendarQuery.read(request)
        caller, now = caller_of(request), timezone.now()
        roadmap = _roadmap(caller, asked)
        first_day = asked.get("start_date") or next_monday(now.astimezone(UTC).date())
        blocks = plan_study(roadmap=roadmap, hours_per_week=asked["hours_per_week"], first_day=first_day)
        content = calendars.write_calendar(blocks=blocks, role=roadmap.target_role, owner=caller.id, now=now)
        headers = {"Content-Disposition": 'attachment; filename="roadmap.ics"'}
        return HttpResponse(content, content_type=f"{calendars.MEDIA_TYPE}; charset=utf-8", headers=headers)


class ResourceViewSet(PersonalViewSet):
    """Where to learn a skill."""

    @extend_schema(
        operation_id="learning_resources",
        summary="The resources for given skills",
        parameters=[shapes.ResourcesQuery],
        responses=shapes.ResourceSerializer(many=True),
        tags=["learning"],
    )
    def list(self, request: Request) -> Response:
        asked = shapes.ResourcesQuery.read(request)
        skills, of_type = vocabulary().map_technology_slugs(asked["skills"]), asked.get("resource_type")
        if asked.get("search"):
            found = search_resources(query=asked["search"], resource_type=of_type, skills=skills)
            return Response(found.resources)
        catalogue = resource_catalogue()
        resources = [resource for skill in skills for resource in catalogue.of(skill)]
        return Response([each for each in resources if of_type is None or each.type == of_type])

    @extend_schema(
        operation_id="learning_resources_search",
        summary="Search all resources",
        parameters=[shapes.ResourceSearchQuery],
        responses=shapes.FoundResourcesSerializer,
        tags=["learning"],
    )
    def search(self, request: Request) -> Response:
        asked = shapes.ResourceSearchQuery.read(request)
        filters: dict[str, Any] = {name: asked.get(name) for name in ("resource_type", "limit", "offset")}
        found = search_resources(query=asked["query"], **filters)
        return Response(
            {
                "resources": found.resources,
                "total_found": found.total,
                "search_query": asked["query"],
                "filters_applied": filters,
            }
        )


class SkillProgressViewSet(PersonalViewSet):
    """How far the caller has come."""

    @extend_schema(
        operation_id="learning_progress",
        summary="How far the caller has come with each skill",
        responses=shapes.SkillProgressListSerializer,
        tags=["learning"],
    )
    def show(self, request: Request) -> Response:
        rows = [_progress(row) for row in SKILL_PROGRESS.of(caller_of(request).id)]
        return Response({"progress": rows, "total": len(rows)})

    @extend_schema(
        operation_id="learning_progress_put",
        summary="Plan, begin or finish a skill",
        description=(
            "A skill that is `done` counts as held in every roadmap, gap analysis and recommendation, as if it were in "
            "the profile, which stays as it is. Any other status, or DELETE, takes that back."
        ),
        parameters=[_SKILL],
        request=shapes.SkillProgressChangeSerializer,
        responses=shapes.SkillProgressSerializer,
        tags=["learning"],
    )
    def update(self, request: Request, skill: str) -> Response:
        name = _known_skill(skill)
        given = read_body(shapes.SkillProgressChangeSerializer, request)
        stored = SKILL_PROGRESS.store(
            user_id=caller_of(request).id,
            subject=name,
            status=given["status"],
            link=given.get("evidence_url", UNCHANGED),
            now=timezone.now(),
        )
        return Response(_progress(stored))

    @extend_schema(
        operation_id="learning_progress_delete",
        summary="Forget the progress with a skill",
        parameters=[_SKILL],
        responses={204: OpenApiResponse(description="Done.")},
        tags=["learning"],
    )
    def destroy(self, request: Request, skill: str) -> Response:
        names = vocabulary().map_technology_slugs([skill])
        if not names or not SKILL_PROGRESS.remove(user_id=caller_of(request).id, subject=names[0]):
            raise NotFound("There is no progress with this skill.")
        return Response(status=204)


def _roadmap(caller: CurrentUser, asked: dict[str, Any]) -> Roadmap:
    now = timezone.now()
    role = _role(caller, asked.get("target_role"))
    figures = None
    if role is not None and asked["include_gap_analysis"]:
        figures = compute_role_figures(role=role, days=WINDOW_DAYS, now=now)
    words, ideas = vocabulary(), idea_catalogue()
    person = Person(
        held=words.map_technology_slugs(get_user_skills(caller)),
        statuses=SKILL_PROGRESS.statuses(caller.id),
        finished_projects=PROJECT_PROGRESS.done_by(caller.id),
    )
    return plan_roadmap(
        role=role,
        with_gap_analysis=asked["include_gap_analysis"],
        person=person,
        exercises=ideas.by_skill,
        figures=figures,
    )


def _role(caller: CurrentUser, asked: str | None) -> str | None:
    """The role that is meant, as the caller's profile has it, or else as titles are written."""
    if asked is None:
        return next(iter(caller.target_roles), None)
    key = normalize_role(asked)
    return next((role for role in caller.target_roles if normalize_role(role) == key), display_role(asked))


def _known_skill(given: str) -> str:
    """The canonical name of a skill of the vocabulary, or of one that postings ask for. Raises NotFound."""
    words = vocabulary()
    names = words.map_technology_slugs([given])
    if not names or (words.get(given) is None and not skill_market(skill=names[0], now=timezone.now()).count):
        raise NotFound("There is no such skill.")
    return names[0]


def _path(path: SkillPath) -> dict[str, Any]:
    return {
        "skill": path.skill,
        "display_name": path.display_name,
        "resources": path.resources,
        "is_missing": path.is_missing,
        "priority_score": path.priority_score,
        "stage": path.stage,
        "prerequisites": path.prerequisites,
        "foundations": path.foundations,
        "foundation_resources": path.foundation_resources,
        "alternative": path.alternative,
        "estimated_hours": path.estimated_hours,
        "projects": [
            {
                "id": practice.exercise.id,
                "title": practice.exercise.title,
                "difficulty": practice.exercise.difficulty,
                "estimated_time": practice.exercise.estimated_time,
                "skills": practice.exercise.skills,
                "new_skills": practice.new_skills,
            }
            for practice in path.projects
        ],
        "status": path.status,
    }


def _progress(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "skill": row["skill"],
        "display_name": vocabulary().display_name(row["skill"]),
        "status": row["status"],
        "evidence_url": row.get("evidence_url"),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "done_at": row.get("done_at"),
    }
