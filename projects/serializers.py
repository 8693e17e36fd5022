"""What the endpoints under /projects take and answer."""

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


def _skill_list(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=StrictCharField(max_length=MAX_NAME_LENGTH), max_length=MAX_SKILLS, min_length=1, **options
    )


class RecommendationsQuery(QuerySerializer):
    difficulty = StrictChoiceField(choices=DIFFICULTIES, required=False)
    skill_focus = _skill_list(
        required=False, help_text="Only projects with one of these skills, in any spelling; those with more come first."
    )
    limit = BoundedInteger(minimum=1, maximum=50, default=10)
    target_role = StrictCharField(
        required=False,
        max_length=MAX_NAME_LENGTH,
        help_text=(
            "Only projects for this role, where there are any. Without it, projects for the user's first target role "
            "come first."
        ),
    )

    def validate_target_role(self, role: str) -> str:
        if not normalize_role(role):
            raise serializers.ValidationError("target_role has to name a role.")
        return role


class SkillBuildingQuery(QuerySerializer):
    skills = _skill_list(help_text="In any spelling; a project has to exercise one of them.")
    difficulty = StrictChoiceField(choices=DIFFICULTIES, required=False)
    limit = BoundedInteger(minimum=1, maximum=50, default=10)


class ProjectSearchQuery(QuerySerializer):
    limit = BoundedInteger(minimum=1, maximum=100, default=20)
    offset = BoundedInteger(minimum=0, maximum=MAX_OFFSET, default=0)
    query = StrictCharField(
        max_length=MAX_QUERY_LENGTH, help_text="Words of title, skills, features or description; the beginning will do."
    )
    skills = _skill_list(required=False, help_text="In any spelling; a project has to have one of them.")
    difficulty = StrictChoiceField(choices=DIFFICULTIES, required=False)


class AllProjectsQuery(QuerySerializer):
    limit = BoundedInteger(minimum=1, maximum=100, default=50)
    offset = BoundedInteger(minimum=0, maximum=MAX_OFFSET, default=0)
    difficulty = StrictChoiceField(choices=DIFFICULTIES, required=False)


class ProjectSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="idea.id")
    title = serializers.CharField(source="idea.title")
    description = serializers.CharField(source="idea.description")
    difficulty = serializers.ChoiceField(DIFFICULTIES, source="idea.difficulty")
    estimated_time = serializers.CharField(source="idea.estimated_time")
    skills = serializers.ListField(source="idea.skills", child=serializers.CharField(), help_text="Canonical names.")
    features = serializers.ListField(source="idea.features", child=serializers.CharField())
    roles = serializers.ListField(source="idea.roles", child=serializers.CharField(), help_text="Whom it suits.")
    outcome = serializers.CharField(source="idea.outcome", help_text="What it proves.")
    stretch = serializers.ListField(
        source="idea.stretch", child=serializers.CharField(), help_text="How to take it further."
    )
    skill_match_percentage = serializers.FloatField(
        source="percentage", help_text="Skills the user holds of the skills listed."
    )
    missing_skills = serializers.ListField(
        source="missing", child=serializers.CharField(), help_text="Those the user lacks."
    )


class RecommendationFiltersSerializer(serializers.Serializer[Any]):
    difficulty = serializers.ChoiceField(DIFFICULTIES, allow_null=True)
    skill_focus = serializers.ListField(child=serializers.CharField(), allow_null=True)
    limit = serializers.IntegerField()
    target_role = serializers.CharField(allow_null=True)


class RecommendationsSerializer(serializers.Serializer[Any]):
    projects = ProjectSerializer(many=True, help_text="The best next one first; finished ones are left out.")
    total_projects = serializers.IntegerField(help_text="That fit the filters, shown or not.")
    filters_applied = RecommendationFiltersSerializer()
    user_skill_count = serializers.IntegerField(help_text="Skills of the profile and skills learnt.")
    recommendations = serializers.ListField(child=serializers.CharField())


class SearchFiltersSerializer(serializers.Serializer[Any]):
    skills = serializers.ListField(child=serializers.CharField(), allow_null=True)
    difficulty = serializers.ChoiceField(DIFFICULTIES, allow_null=True)
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class FoundProjectsSerializer(serializers.Serializer[Any]):
    projects = ProjectSerializer(many=True, help_text="The most relevant first.")
    total_found = serializers.IntegerField(help_text="In all, on this page or not.")
    search_query = serializers.CharField()
    filters_applied = SearchFiltersSerializer()


class ProjectProgressChangeSerializer(serializers.Serializer[Any]):
    status = StrictChoiceField(choices=STATUSES)
    repository_url = HttpURLField(
        required=False,
        allow_null=True,
        max_length=MAX_URL_LENGTH,
        help_text="Left as it is when not given; null removes it.",
    )


class ProjectTitleField(serializers.CharField):
    """The title of the project with an id."""

    def to_representation(self, value: int) -> str | None:  # type: ignore[override]
        idea = get_idea_catalogue().by_id.get(value)
        return idea.title if idea else None


class ProjectProgressSerializer(serializers.Serializer[Any]):
    project_id = serializers.IntegerField(source="project")
    title = ProjectTitleField(
        source="project", allow_null=True, help_text="Null of a project that is no longer offered."
    )
    status = serializers.ChoiceField(STATUSES)
    repository_url = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ProjectProgressAnswerSerializer(ProjectProgressSerializer):
    offered_skills = serializers.ListField(
        child=serializers.CharField(),
        help_text=(
            "Of a finished project: its skills that the user does not hold yet. None is added by itself; each is "
            "confirmed by PUT /learning/progress/{skill} with the status `done`."
        ),
    )


class ProjectProgressListSerializer(serializers.Serializer[Any]):
    progress = ProjectProgressSerializer(many=True, help_text="By project.")
    total = serializers.IntegerField()
