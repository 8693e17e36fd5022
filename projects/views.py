"""Endpoints under /projects: recommendations, search and progress with projects."""

from datetime import datetime
from itertools import islice

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
from market.role_selectors import canonicalize_role
from market.roles import get_display_role
from projects import serializers
from projects.documents import PROJECT_PROGRESS
from projects.ideas import (
    Criteria,
    Idea,
    IdeaMatch,
    build_recommendations,
    filter_ideas,
    get_level,
    rank_for_skills,
    rank_recommendations,
)
from projects.selectors import get_idea_catalogue, get_idea_index, get_role_demand
from skills.selectors import get_vocabulary
from skills.vocabulary import HeldSkills

_PROJECT = OpenApiParameter("project_id", OpenApiTypes.INT, OpenApiParameter.PATH, description="Id of the project.")


class ProjectViewSet(ApiViewSet):
    """Endpoints for project ideas, compared with the current user's skills, and for the user's progress."""

    serializer_class = serializers.ProjectSerializer
    action_options = {"delete_progress": {"request_serializer_class": None, "serializer_class": None}}
    lookup_url_kwarg = "project_id"

    def get_object(self) -> Idea:
        """Return the project named in the path. Raises `NotFound`."""
        idea = get_idea_catalogue().by_id.get(_parse_id(self.kwargs["project_id"]))
        if idea is None:
            raise NotFound("This project does not exist.", "project_not_found")
        return idea

    @action(
        detail=False,
        query_serializer_class=serializers.RecommendationsQuery,
        serializer_class=serializers.RecommendationsSerializer,
        item_list="projects",
    )
    def recommendations(self, request: Request) -> Response:
        """Recommend the best next projects for the current user.

        Projects that suit the user's skills and first target role come first. Finished projects are left out.
        """
        user, vocabulary, catalogue = self.current_user, get_vocabulary(), get_idea_catalogue()
        held = self._get_held_skills()
        role_key = canonicalize_role(self.query.get("target_role") or next(iter(user.target_roles), ""))
        has_role_projects = role_key in catalogue.role_keys
        criteria = Criteria(
            difficulty=self.query.get("difficulty"),
            focus=frozenset(vocabulary.map_technology_slugs(self.query.get("skill_focus", ()))),
            role_key=role_key,
            only_role="target_role" in self.query and has_role_projects,
        )
        finished = frozenset(PROJECT_PROGRESS.list_done(user.id))
        ideas = filter_ideas(ideas=(idea for idea in catalogue.ideas if idea.id not in finished), criteria=criteria)
        demand = get_role_demand(role_key=role_key, now=timezone.now())
        level = get_level(skill_count=len(held.named), experience_level=user.experience_level)
        ranked = rank_recommendations(ideas=ideas, held=held.names, criteria=criteria, demand=demand, level=level)
        shown = [IdeaMatch.build(idea, held.names) for idea in islice(ranked, self.query["limit"])]
        sentences = build_recommendations(
            shown_matches=shown,
            total=len(ideas),
            role=get_display_role(role_key) if role_key else None,
            has_role_projects=has_role_projects,
            demand=demand,
            names={skill: vocabulary.get_display_name(skill) for match in shown for skill in match.missing},
        )
        data = {
            "projects": shown,
            "total_projects": len(ideas),
            "filters_applied": self.query,
            "user_skill_count": len(held.named),
            "recommendations": sentences,
        }
        return Response(self.get_serializer(data).data)

    @extend_schema(responses=serializers.ProjectSerializer(many=True))
    @action(
        detail=False, url_path="skill-building", query_serializer_class=serializers.SkillBuildingQuery, item_list=""
    )
    def skill_building(self, request: Request) -> Response:
        """List projects that practice given skills.

        Repeat `skills` for several skills, in any spelling. A project must practice at least one of them.
        """
        skills = get_vocabulary().map_technology_slugs(self.query["skills"])
        matches: list[IdeaMatch] = []
        if skills:
            criteria = Criteria(difficulty=self.query.get("difficulty"), focus=frozenset(skills))
            ideas = filter_ideas(ideas=get_idea_catalogue().ideas, criteria=criteria)
            matches = rank_for_skills(ideas=ideas, held=self._get_held_skills().names, skills=skills)
        return Response(self.get_serializer(matches[: self.query["limit"]], many=True).data)

    @action(
        detail=False,
        query_serializer_class=serializers.ProjectSearchQuery,
        serializer_class=serializers.FoundProjectsSerializer,
        item_list="projects",
    )
    def search(self, request: Request) -> Response:
        """Search projects.

        A project is found by its skills, by the fields that they belong to, and by the words of its title, roles and
        texts. The most relevant projects come first. If nothing is found, `message` says why.
        """
        index, query, difficulty = get_idea_index(), self.query["query"], self.query.get("difficulty")
        spellings = self.query.get("skills")
        skills = get_vocabulary().map_technology_slugs(spellings) if spellings is not None else None
        found = index.search(query=query, difficulty=difficulty, skills=skills)
        held, offset = self._get_held_skills().names, self.query["offset"]
        data = {
            "projects": [IdeaMatch.build(idea, held) for idea in found[offset : offset + self.query["limit"]]],
            "total_found": len(found),
            "message": None if found else index.explain_no_match(query=query, difficulty=difficulty, skills=skills),
            "search_query": query,
            "filters_applied": self.query,
        }
        return Response(self.get_serializer(data).data)

    @extend_schema(responses=serializers.ProjectSerializer(many=True))
    @action(detail=False, url_path="all", query_serializer_class=serializers.AllProjectsQuery, item_list="")
    def list_all(self, request: Request) -> Response:
        """List all projects by id.

        `skill_match_percentage` and `missing_skills` compare each project with the current user's skills.
        """
        ideas = filter_ideas(
            ideas=get_idea_catalogue().ideas, criteria=Criteria(difficulty=self.query.get("difficulty"))
        )
        held, offset = self._get_held_skills().names, self.query["offset"]
        page = [IdeaMatch.build(idea, held) for idea in ideas[offset : offset + self.query["limit"]]]
        return Response(self.get_serializer(page, many=True).data)

    @action(detail=False, serializer_class=serializers.ProjectProgressListSerializer)
    def progress(self, request: Request) -> Response:
        """List the projects that the current user has started or finished.

        The list is sorted by project and includes the URLs of the repositories.
        """
        rows = PROJECT_PROGRESS.list_rows(self.current_user.id)
        return Response(self.get_serializer({"progress": rows, "total": len(rows)}).data)

    @action(
        detail=True,
        methods=["put"],
        url_path="progress",
        request_serializer_class=serializers.ProjectProgressChangeSerializer,
        serializer_class=serializers.ProjectProgressAnswerSerializer,
        path_parameters=[_PROJECT, IF_MATCH],
        error_statuses=(412,),
    )
    def set_progress(self, request: Request, project_id: str) -> Response:
        """Start or finish a project.

        When a project is finished, `offered_skills` lists its skills that the user does not have yet. They are not
        added automatically. To add a skill you have learned, use `PUT /learning/progress/{skill}` with the status
        `done`.
        """
        idea = self.get_object()
        stored = PROJECT_PROGRESS.store(
            user_id=self.current_user.id,
            subject=idea.id,
            status=self.body["status"],
            link=self.body.get("repository_url", UNSET),
            seen_at=self._check_version(idea.id),
            now=timezone.now(),
        )
        is_finished = stored["status"] == "finished"
        offered = IdeaMatch.build(idea, self._get_held_skills().names).missing if is_finished else ()
        data = self.get_serializer(stored | {"offered_skills": offered}).data
        return Response(data, headers=build_etag(stored["updated_at"]))

    @set_progress.mapping.delete
    def delete_progress(self, request: Request, project_id: str) -> Response:
        """Delete the progress with a project.

        Skills that the user has confirmed are kept. Returns 404 if no progress is stored.
        """
        subject = _parse_id(project_id)
        seen_at = self._check_version(subject)
        if not PROJECT_PROGRESS.remove(user_id=self.current_user.id, subject=subject, seen_at=seen_at):
            raise NotFound("No progress is stored for this project.", "progress_not_found")
        return Response(status=204)

    def _check_version(self, project_id: int) -> datetime | None:
        """Return the version in the If-Match header, if any. Raises `StaleVersion` if it is not the stored version."""
        stored_at = PROJECT_PROGRESS.get_version(user_id=self.current_user.id, subject=project_id)
        return check_if_match(self.request, stored_at)

    def _get_held_skills(self) -> HeldSkills:
        return get_vocabulary().get_held_skills(get_user_skills(self.current_user))


def _parse_id(text: str) -> int:
    """Parse a project id. Returns 0, which no project has, if the text is not a valid id."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
