"""What the endpoints under /learning take and answer."""

from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from career_navigator.api.fields import BoundedInteger, HttpURLField, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import CountField, QuerySerializer
from career_navigator.db.catalogues import MAX_QUERY_LENGTH
from learning.documents import MAX_URL_LENGTH, STATUSES
from learning.renderers import MAX_HOURS, MIN_HOURS, USUAL_HOURS
from learning.resources import LEVELS, TYPES
from learning.roadmaps import HELD, OPEN
from market.roles import normalize_role
from market.serializers import CollectionSerializer
from skills.serializers import DisplayNameField

MAX_NAME_LENGTH = 100
MAX_SKILLS = 100
PATH_STATUSES = (OPEN, *STATUSES, HELD)
# Dates beyond these are slips of the pen, and the last ones a calendar knows leave no room for a plan.
FIRST_START, LAST_START = date(2000, 1, 1), date(2100, 12, 31)


class RoadmapQuery(QuerySerializer):
    target_role = StrictCharField(
        required=False,
        max_length=MAX_NAME_LENGTH,
        help_text="Any role; by default the first of the user's target roles.",
    )
    include_gap_analysis = serializers.BooleanField(
        default=True,
        help_text="Whether the roadmap goes by what the role's postings ask for; else by the user's own skills.",
    )

    def validate_target_role(self, role: str) -> str:
        if not normalize_role(role):
            raise serializers.ValidationError("target_role has to name a role.")
        return role


# A format has no bounds in OpenAPI.
@extend_schema_field({"type": "string", "format": "date", "pattern": "^(20[0-9]{2}|2100)-[0-9]{2}-[0-9]{2}$"})
class StartDate(serializers.DateField):
    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        if not FIRST_START <= day <= LAST_START:
            raise serializers.ValidationError(f"start_date must be between {FIRST_START} and {LAST_START}.")
        return day


class CalendarQuery(RoadmapQuery):
    hours_per_week = BoundedInteger(minimum=MIN_HOURS, maximum=MAX_HOURS, default=USUAL_HOURS)
    start_date = StartDate(required=False, help_text=f"From {FIRST_START} to {LAST_START}; by default the next Monday.")


class ResourcesQuery(QuerySerializer):
    skills = serializers.ListField(
        child=StrictCharField(max_length=MAX_NAME_LENGTH),
        min_length=1,
        max_length=MAX_SKILLS,
        help_text="In any spelling; a skill that only looks alike is not meant.",
    )
    resource_type = StrictChoiceField(choices=TYPES, required=False)
    search = StrictCharField(
        required=False,
        allow_blank=True,
        max_length=MAX_QUERY_LENGTH,
        help_text="Keeps those with words that begin so, the most relevant first.",
    )


class ResourceSearchQuery(QuerySerializer):
    limit = BoundedInteger(minimum=1, maximum=100, default=20)
    offset = BoundedInteger(minimum=0, maximum=10_000, default=0)
    query = StrictCharField(
        max_length=MAX_QUERY_LENGTH, help_text="Words of title, skill or description; the beginning of a word will do."
    )
    resource_type = StrictChoiceField(choices=TYPES, required=False)


class ResourceSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(TYPES)
    title = serializers.CharField()
    url = serializers.URLField()
    description = serializers.CharField()
    skill = serializers.CharField(help_text="The canonical name.")
    level = serializers.ChoiceField(LEVELS)
    free = serializers.BooleanField()
    language = serializers.CharField(help_text="As in `en`.")
    provider = serializers.CharField()


class RoadmapProjectSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="exercise.id")
    title = serializers.CharField(source="exercise.title")
    difficulty = serializers.ChoiceField(LEVELS, source="exercise.difficulty")
    estimated_time = serializers.CharField(source="exercise.estimated_time")
    skills = serializers.ListField(source="exercise.skills", child=serializers.CharField())
    new_skills = serializers.ListField(
        child=serializers.CharField(),
        help_text="Those of them that are neither held nor learnt by then; three at most.",
    )


class SkillPathSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField(help_text="The canonical name.")
    display_name = serializers.CharField()
    resources = ResourceSerializer(many=True, help_text="The easiest first; none where none is known.")
    is_missing = serializers.BooleanField()
    priority_score = serializers.FloatField(
        allow_null=True,
        help_text="The share of the role's postings that ask for it, in percent; null without them.",
    )
    stage = serializers.IntegerField(help_text="What a stage's skills build on is in the stages before.")
    prerequisites = serializers.ListField(
        child=serializers.CharField(), help_text="What it builds on directly, in the roadmap or not."
    )
    foundations = serializers.ListField(
        child=serializers.CharField(),
        help_text="All below it that is neither in the roadmap nor held: to be learnt first, and in the hours.",
    )
    foundation_resources = ResourceSerializer(many=True, help_text="The easiest for each of them that has one.")
    alternative = serializers.CharField(
        allow_null=True, help_text="A skill of the roadmap that replaces this missing one, which comes last."
    )
    estimated_hours = serializers.IntegerField(
        help_text="A rule of thumb; 0 for a skill that is held or has an alternative."
    )
    projects = RoadmapProjectSerializer(many=True, help_text="Up to two that exercise it with what is learnt by then.")
    status = serializers.ChoiceField(
        PATH_STATUSES, help_text="`held` is in the profile, `open` is neither held nor planned."
    )


class RoadmapSerializer(serializers.Serializer[Any]):
    target_role = serializers.CharField(source="roadmap.target_role", allow_null=True)
    skill_paths = SkillPathSerializer(
        source="roadmap.paths",
        many=True,
        help_text="In the order to learn them: by stage, in it what is missing first, then by priority.",
    )
    total_skills = CountField(source="roadmap.paths")
    missing_skills_count = CountField(source="roadmap.missing")
    coverage_percentage = serializers.FloatField(
        source="roadmap.coverage_percentage",
        allow_null=True,
        help_text="Skills held of all skills of the roadmap; null where it goes by no postings.",
    )
    recommendations = serializers.ListField(child=serializers.CharField())
    total_postings_analyzed = serializers.IntegerField(source="roadmap.postings")
    estimated_hours = serializers.IntegerField(
        source="roadmap.estimated_hours", help_text="For all that is to be learnt."
    )
    collection = CollectionSerializer(required=False, help_text="Where the role has no postings.")


class ResourceFiltersSerializer(serializers.Serializer[Any]):
    resource_type = serializers.ChoiceField(TYPES, allow_null=True)
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class FoundResourcesSerializer(serializers.Serializer[Any]):
    resources = ResourceSerializer(many=True, help_text="The most relevant first.")
    total_found = serializers.IntegerField(help_text="In all, on this page or not.")
    search_query = serializers.CharField()
    filters_applied = ResourceFiltersSerializer()


class SkillProgressChangeSerializer(serializers.Serializer[Any]):
    status = StrictChoiceField(choices=STATUSES)
    evidence_url = HttpURLField(
        required=False,
        allow_null=True,
        max_length=MAX_URL_LENGTH,
        help_text="What shows it; left as it is when not given, null removes it.",
    )


class SkillProgressSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField(help_text="The canonical name.")
    display_name = DisplayNameField(source="skill")
    status = serializers.ChoiceField(STATUSES)
    evidence_url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)


class SkillProgressListSerializer(serializers.Serializer[Any]):
    progress = SkillProgressSerializer(many=True, help_text="By skill.")
    total = serializers.IntegerField()
