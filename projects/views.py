"""The endpoints under /projects."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_user_skills
from career_navigator.api.serializers import read_body
from career_navigator.personal import PersonalViewSet, caller_of
from career_navigator.unchanged import UNCHANGED
from market.roles import display_role, normalize_role
from projects import serializers as shapes
from projects.advice import recommend
from projects.ideas import Idea, Match, Wish, filter_ideas, level_of, order_for_building, order_recommended
from projects.progress import PROJECT_PROGRESS
from projects.selectors import idea_catalogue, role_demand, search_ideas
from skills.selectors import vocabulary

_ID = OpenApiParameter("project_id", OpenApiTypes.INT, OpenApiParameter.PATH, description="The project's id.")


class ProjectViewSet(PersonalViewSet):
    """Ideas for projects, each with how much of it the caller holds."""

    @extend_schema(
        operation_id="projects_recommendations",
        summary="The best next projects for the caller",
        parameters=[shapes.RecommendationsQuery],
        responses=shapes.RecommendationsSerializer,
        tags=["projects"],
    )
    def recommendations(self, request: Request) -> Response:
        asked = shapes.RecommendationsQuery.read(request)
        caller, words, catalogue = caller_of(request), vocabulary(), idea_catalogue()
        held = _held(request)
        role_key = normalize_role(asked.get("target_role") or next(iter(caller.target_roles), ""))
        role_is_known = role_key in catalogue.role_keys
        wish = Wish(
            difficulty=asked.get("difficulty"),
            focus=frozenset(words.map_technology_slugs(asked.get("skill_focus", ()))),
            role_key=role_key,
            only_role="target_role" in asked and role_is_known,
        )
        finished = frozenset(PROJECT_PROGRESS.done_by(caller.id))
        fitting = filter_ideas(ideas=(idea for idea in catalogue.ideas if idea.id not in finished), wish=wish)
        demand = role_demand(role_key=role_key, now=timezone.now())
        level = level_of(skills=len(held), experience_level=caller.experience_level)
        ordered = order_recommended(ideas=fitting, held=held, wish=wish, demand=demand, level=level)
        shown = [Match.of(idea, held) for idea in islice(ordered, asked["limit"])]
        sentences = recommend(
            shown=shown,
            total=len(fitting),
            role=display_role(role_key) if role_key else None,
            role_is_known=role_is_known,
            demand=demand,
            names={skill: words.display_name(skill) for match in shown for skill in match.missing},
        )
        return Response(
            {
                "projects": [_project(match) for match in shown],
                "total_projects": len(fitting),
                "filters_applied": {
                    "difficulty": asked.get("difficulty"),
                    "skill_focus": asked.get("skill_focus"),
                    "limit": asked["limit"],
                    "target_role": asked.get("target_role"),
                },
                "user_skill_count": len(held),
                "recommendations": sentences,
            }
        )

    @extend_schema(
        operation_id="projects_skill_building",
        summary="Projects that exercise given skills",
        parameters=[shapes.SkillBuildingQuery],
        responses=shapes.ProjectSerializer(many=True),
        tags=["projects"],
    )
    def skill_building(self, request: Request) -> Response:
        asked = shapes.SkillBuildingQuery.read(request)
        skills = vocabulary().map_technology_slugs(asked["skills"])
        if not skills:
            return Response([])
        wish = Wish(difficulty=asked.get("difficulty"), focus=frozenset(skills))
        ideas = filter_ideas(ideas=idea_catalogue().ideas, wish=wish)
        matches = order_for_building(ideas=ideas, held=_held(request), skills=skills)
        return Response([_project(match) for match in matches[: asked["limit"]]])

    @extend_schema(
        operation_id="projects_search",
        summary="Search projects",
        parameters=[shapes.ProjectSearchQuery],
        responses=shapes.FoundProjectsSerializer,
        tags=["projects"],
    )
    def search(self, request: Request) -> Response:
        asked = shapes.ProjectSearchQuery.read(request)
        given = asked.get("skills")
        found = search_ideas(
            query=asked["query"],
            difficulty=asked.get("difficulty"),
            skills=vocabulary().map_technology_slugs(given) if given is not None else None,
            limit=asked["limit"],
            offset=asked["offset"],
        )
        return Response(
            {
                "projects": _matched(found.ideas, _held(request)),
                "total_found": found.total,
                "search_query": asked["query"],
                "filters_applied": {
                    "skills": given,
                    "difficulty": asked.get("difficulty"),
                    "limit": asked["limit"],
                    "offset": asked["offset"],
                },
            }
        )

    @extend_schema(
        operation_id="projects_all",
        summary="All projects, by id",
        parameters=[shapes.AllProjectsQuery],
        responses=shapes.ProjectSerializer(many=True),
        tags=["projects"],
    )
    def everything(self, request: Request) -> Response:
        asked = shapes.AllProjectsQuery.read(request)
        ideas = filter_ideas(ideas=idea_catalogue().ideas, wish=Wish(difficulty=asked.get("difficulty")))
        page = ideas[asked["offset"] : asked["offset"] + asked["limit"]]
        return Response(_matched(page, _held(request)))


class ProjectProgressViewSet(PersonalViewSet):
    """What the caller has begun and finished."""

    @extend_schema(
        operation_id="projects_progress",
        summary="The projects that the caller has begun and finished",
        responses=shapes.ProjectProgressListSerializer,
        tags=["projects"],
    )
    def show(self, request: Request) -> Response:
        rows = [_progress(row) for row in PROJECT_PROGRESS.of(caller_of(request).id)]
        return Response({"progress": rows, "total": len(rows)})

    @extend_schema(
        operation_id="projects_progress_put",
        summary="Begin or finish a project",
        description=(
            "Finishing offers the project's skills. None of them is added by itself: confirm each that you have "
            "learnt by `PUT /learning/progress/{skill}` with the status `done`, and it counts as held everywhere."
        ),
        parameters=[_ID],
        request=shapes.ProjectProgressChangeSerializer,
        responses=shapes.ProjectProgressAnswerSerializer,
        tags=["projects"],
    )
    def update(self, request: Request, project_id: str) -> Response:
        idea = _idea(project_id)
        given = read_body(shapes.ProjectProgressChangeSerializer, request)
        stored = PROJECT_PROGRESS.store(
            user_id=caller_of(request).id,
            subject=idea.id,
            status=given["status"],
            link=given.get("repository_url", UNCHANGED),
            now=timezone.now(),
        )
        offered = Match.of(idea, _held(request)).missing if stored["status"] == "finished" else ()
        return Response(_progress(stored) | {"offered_skills": offered})

    @extend_schema(
        operation_id="projects_progress_delete",
        summary="Forget the progress with a project",
        parameters=[_ID],
        responses={204: OpenApiResponse(description="Done.")},
        tags=["projects"],
    )
    def destroy(self, request: Request, project_id: str) -> Response:
        if not _is_id(project_id) or not PROJECT_PROGRESS.remove(
            user_id=caller_of(request).id, subject=int(project_id)
        ):
            raise NotFound("There is no progress with this project.")
        return Response(status=204)


def _held(request: Request) -> frozenset[str]:
    return frozenset(vocabulary().map_technology_slugs(get_user_skills(caller_of(request))))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _idea(project_id: str) -> Idea:
    idea = idea_catalogue().by_id.get(int(project_id)) if _is_id(project_id) else None
    if idea is None:
        raise NotFound("There is no such project.")
    return idea


def _matched(ideas: Iterable[Idea], held: frozenset[str]) -> list[dict[str, Any]]:
    return [_project(Match.of(idea, held)) for idea in ideas]


def _project(match: Match) -> dict[str, Any]:
    idea = match.idea
    return {
        "id": idea.id,
        "title": idea.title,
        "description": idea.description,
        "difficulty": idea.difficulty,
        "estimated_time": idea.estimated_time,
        "skills": idea.skills,
        "features": idea.features,
        "roles": idea.roles,
        "outcome": idea.outcome,
        "stretch": idea.stretch,
        "skill_match_percentage": match.percentage,
        "missing_skills": match.missing,
    }


def _progress(row: dict[str, Any]) -> dict[str, Any]:
    idea = idea_catalogue().by_id.get(row["project"])
    return {
        "project_id": row["project"],
        "title": idea.title if idea else None,
        "status": row["status"],
        "repository_url": row.get("repository_url"),
        "started_at": row["started_at"],
        "updated_at": row["updated_at"],
        "finished_at": row.get("finished_at"),
    }
