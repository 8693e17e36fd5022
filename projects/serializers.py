"""Serializers for the requests and responses of the endpoints under /projects."""

from typing import Any

from rest_framework import serializers

from career_navigator.api.fields import BoundedInteger, HttpURLField, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import QuerySerializer
from career_navigator.db.catalogues import MAX_QUERY_LENGTH
from market.roles import normalize_role
from projects.documents import MAX_URL_LENGTH, STATUSES
from projects.ideas import DIFFICULTIES
from projects.selectors import get_idea_catalogue

MAX_NAME_LENGTH = 100
MAX_SKILLS = 50
MAX_OFFSET = 10_000


def _build_skill_list(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=StrictCharField(max_length=MAX_NAME_LENGTH), max_length=MAX_SKILLS, min_length=1, **options
    )


class RecommendationsQuery(QuerySerializer):
    """Query parameters of project recommendations."""

    difficulty = StrictChoiceField(choices=DIFFICULTIES, required=False)
    skill_focus = _build_skill_list(
        required=False,
        help_text=(
            "Only return projects with at least one of these skills, in any spelling. Projects with more of them come"
            " first."
        ),
    )
    limit = BoundedInteger(minimum=1, maximum=50, default=10)
    target_role = StrictCharField(
        required=False,
        max_length=MAX_NAME_LENGTH,
        help_text=(
            "Only return projects for this role, if there are any. Without this parameter, projects for the user's"
            " first target role come first."
        ),
    )

    def validate_target_role(self, role: str) -> str:
        if not normalize_role(role):
            raise serializers.ValidationError("target_role must name a role.")
        return role


class SkillBuildingQuery(QuerySerializer):
    """Query parameters for projects that practice given skills."""

    skills = _build_skill_list(
        help_text="Skill names in any spelling. A project must practice at least one of these skills."
    )
    difficulty = StrictChoiceField(choices=DIFFICULTIES, required=False)
    limit = BoundedInteger(minimum=1, maximum=50, default=10)


class ProjectSearchQuery(QuerySerializer):
    """Query parameters of the project search."""

    limit = BoundedInteger(minimum=1, maximum=100, default=20)
    offset = BoundedInteger(minimum=0, maximum=MAX_OFFSET, default=0)
    query = StrictCharField(
        max_length=MAX_QUERY_LENGTH,
        help_text=(
            "Names of skills in any spelling, fields such as `web`, or words. Words are found in any inflection, as"
            " beginnings of words and through related words."
        ),
    )
    skills = _build_skill_list(
        required=False,
        help_text=(
            "Skill names in any spelling. A project must have at least one of these skills, or a skill that implies it."
        ),
    )
    difficulty = StrictChoiceField(choices=DIFFICULTIES, required=False)


class AllProjectsQuery(QuerySerializer):
    """Query parameters of the project list."""

    limit = BoundedInteger(minimum=1, maximum=100, default=50)
    offset = BoundedInteger(minimum=0, maximum=MAX_OFFSET, default=0)
    difficulty = StrictChoiceField(choices=DIFFICULTIES, required=False)


class ProjectSerializer(serializers.Serializer[Any]):
    """A project idea, compared with the user's skills."""

    id = serializers.IntegerField(source="idea.id")
    title = serializers.CharField(source="idea.title")
    description = serializers.CharField(source="idea.description")
    difficulty = serializers.ChoiceField(DIFFICULTIES, source="idea.difficulty")
    estimated_time = serializers.CharField(source="idea.estimated_time")
    skills = serializers.ListField(source="idea.skills", child=serializers.CharField(), help_text="Canonical names.")
    features = serializers.ListField(source="idea.features", child=serializers.CharField())
    roles = serializers.ListField(
        source="idea.roles", child=serializers.CharField(), help_text="Roles the project suits."
    )
    outcome = serializers.CharField(source="idea.outcome", help_text="What the finished project demonstrates.")
    stretch = serializers.ListField(
        source="idea.stretch", child=serializers.CharField(), help_text="Ideas for extending the project."
    )
    skill_match_percentage = serializers.FloatField(
        source="percentage", help_text="Percentage of the project's skills that the user has."
    )
    missing_skills = serializers.ListField(
        source="missing", child=serializers.CharField(), help_text="Skills of the project that the user does not have."
    )


class RecommendationFiltersSerializer(serializers.Serializer[Any]):
    """The filters that were applied to project recommendations."""

    difficulty = serializers.ChoiceField(DIFFICULTIES, allow_null=True)
    skill_focus = serializers.ListField(child=serializers.CharField(), allow_null=True)
    limit = serializers.IntegerField()
    target_role = serializers.CharField(allow_null=True)


class RecommendationsSerializer(serializers.Serializer[Any]):
    """Recommended projects, with sentences that explain them."""

    projects = ProjectSerializer(many=True, help_text="Projects, best first. Finished projects are left out.")
    total_projects = serializers.IntegerField(
        help_text="Number of projects that match the filters, including projects beyond `limit`."
    )
    filters_applied = RecommendationFiltersSerializer()
    user_skill_count = serializers.IntegerField(help_text="Number of skills in the profile plus skills marked as done.")
    recommendations = serializers.ListField(child=serializers.CharField())


class SearchFiltersSerializer(serializers.Serializer[Any]):
    """The filters that were applied to a project search."""

    skills = serializers.ListField(child=serializers.CharField(), allow_null=True)
    difficulty = serializers.ChoiceField(DIFFICULTIES, allow_null=True)
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class FoundProjectsSerializer(serializers.Serializer[Any]):
    """A page of projects found by a search."""

    projects = ProjectSerializer(many=True, help_text="Projects on this page, most relevant first.")
    total_found = serializers.IntegerField(help_text="Number of projects found on all pages.")
    message = serializers.CharField(
        allow_null=True, help_text="Why nothing was found, and which filter to leave out. Null if anything was found."
    )
    search_query = serializers.CharField()
    filters_applied = SearchFiltersSerializer()


class ProjectProgressChangeSerializer(serializers.Serializer[Any]):
    """A change to the progress with a project."""

    status = StrictChoiceField(choices=STATUSES)
    repository_url = HttpURLField(
        required=False,
        allow_null=True,
        max_length=MAX_URL_LENGTH,
        help_text="URL of the project's repository. Unchanged if omitted. Null removes it.",
    )


class ProjectTitleField(serializers.CharField):
    """A project id, shown as the title of the project."""

    def to_representation(self, value: int) -> str | None:  # type: ignore[override]
        idea = get_idea_catalogue().by_id.get(value)
        return idea.title if idea else None


class ProjectProgressSerializer(serializers.Serializer[Any]):
    """The user's progress with a project."""

    project_id = serializers.IntegerField(source="project")
    title = ProjectTitleField(
        source="project", allow_null=True, help_text="Title of the project. Null if the project is no longer available."
    )
    status = serializers.ChoiceField(STATUSES)
    repository_url = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ProjectProgressAnswerSerializer(ProjectProgressSerializer):
    """The stored progress with a project, and the skills the user can confirm."""

    offered_skills = serializers.ListField(
        child=serializers.CharField(),
        help_text=(
            "Skills of a finished project that the user does not have yet. They are not added automatically. To confirm"
            " a skill, use PUT /learning/progress/{skill} with the status `done`."
        ),
    )


class ProjectProgressListSerializer(serializers.Serializer[Any]):
    """The user's progress with all projects."""

    progress = ProjectProgressSerializer(many=True, help_text="Progress entries, sorted by project.")
    total = serializers.IntegerField()
