"""Serializers for the requests and responses of the endpoints under /learning."""

from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from career_navigator.api.fields import BoundedInteger, HttpURLField, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import CountField, QuerySerializer
from career_navigator.db.catalogues import MAX_QUERY_LENGTH
from learning.blueprints import Tier
from learning.documents import MAX_URL_LENGTH, STATUSES
from learning.milestones import MILESTONE_BASES, MILESTONES
from learning.renderers import DEFAULT_HOURS, MAX_HOURS, MIN_HOURS
from learning.resources import LEVELS, TYPES
from learning.roadmaps import HELD, OPEN, WINDOW_DAYS, RoadmapSource
from market.roles import normalize_role
from market.serializers import CollectionSerializer, NearRoleSerializer
from market.trends import MAX_WINDOW_DAYS
from skills.serializers import DisplayNameField, SampleSerializer
from skills.vocabulary import KINDS

MAX_NAME_LENGTH = 100
MAX_SKILLS = 100
PATH_STATUSES = (OPEN, *STATUSES, HELD)
# Dates outside this range are typing errors. Dates near the year 9999 would also overflow when a plan is computed.
FIRST_START, LAST_START = date(2000, 1, 1), date(2100, 12, 31)


class RoadmapQuery(QuerySerializer):
    """Query parameters of a roadmap."""

    target_role = StrictCharField(
        required=False,
        max_length=MAX_NAME_LENGTH,
        help_text="Any role. Defaults to the first of the user's target roles.",
    )
    include_gap_analysis = serializers.BooleanField(
        default=True,
        help_text=(
            "If true, the roadmap is based on the skills that the role's postings require. If false, it is based on the"
            " user's own skills."
        ),
    )
    days = BoundedInteger(
        minimum=1,
        maximum=MAX_WINDOW_DAYS,
        default=WINDOW_DAYS,
        help_text="Number of days of postings to count, up to and including today.",
    )

    def validate_target_role(self, role: str) -> str:
        if not normalize_role(role):
            raise serializers.ValidationError("target_role must name a role.")
        return role


# OpenAPI has no bounds for dates, so the schema limits the year with a pattern.
@extend_schema_field({"type": "string", "format": "date", "pattern": "^(20[0-9]{2}|2100)-[0-9]{2}-[0-9]{2}$"})
class StartDate(serializers.DateField):
    """A date between `FIRST_START` and `LAST_START`."""

    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        if not FIRST_START <= day <= LAST_START:
            raise serializers.ValidationError(f"start_date must be between {FIRST_START} and {LAST_START}.")
        return day


class CalendarQuery(RoadmapQuery):
    """Query parameters of a study plan."""

    hours_per_week = BoundedInteger(minimum=MIN_HOURS, maximum=MAX_HOURS, default=DEFAULT_HOURS)
    start_date = StartDate(
        required=False,
        help_text=f"First day of the plan, from {FIRST_START} to {LAST_START}. Defaults to the next Monday.",
    )


class ResourcesQuery(QuerySerializer):
    """Query parameters of the resource list."""

    skills = serializers.ListField(
        child=StrictCharField(max_length=MAX_NAME_LENGTH),
        min_length=1,
        max_length=MAX_SKILLS,
        help_text="Skill names in any spelling. Each must match a skill exactly, not just resemble it.",
    )
    resource_type = StrictChoiceField(choices=TYPES, required=False)
    search = StrictCharField(
        required=False,
        allow_blank=True,
        max_length=MAX_QUERY_LENGTH,
        help_text="Only return resources with words that begin with these terms, most relevant first.",
    )


class ResourceSearchQuery(QuerySerializer):
    """Query parameters of the resource search."""

    limit = BoundedInteger(minimum=1, maximum=100, default=20)
    offset = BoundedInteger(minimum=0, maximum=10_000, default=0)
    query = StrictCharField(
        max_length=MAX_QUERY_LENGTH,
        help_text="Words, or beginnings of words, in the title, skill or description.",
    )
    resource_type = StrictChoiceField(choices=TYPES, required=False)


class ResourceSerializer(serializers.Serializer[Any]):
    """A resource for learning a skill."""

    type = serializers.ChoiceField(TYPES)
    title = serializers.CharField()
    url = serializers.URLField()
    description = serializers.CharField()
    skill = serializers.CharField(help_text="Canonical name.")
    level = serializers.ChoiceField(LEVELS)
    free = serializers.BooleanField()
    language = serializers.CharField(help_text="Language code, such as `en`.")
    provider = serializers.CharField()


class RoadmapProjectSerializer(serializers.Serializer[Any]):
    """A project suggested for practicing a skill."""

    id = serializers.IntegerField(source="project.id")
    title = serializers.CharField(source="project.title")
    difficulty = serializers.ChoiceField(LEVELS, source="project.difficulty")
    estimated_time = serializers.CharField(source="project.estimated_time")
    skills = serializers.ListField(source="project.skills", child=serializers.CharField())
    new_skills = serializers.ListField(
        child=serializers.CharField(),
        help_text="Skills of the project that are not learned at that point of the roadmap. At most three.",
    )


class SkillPathSerializer(serializers.Serializer[Any]):
    """One skill of a roadmap."""

    skill = serializers.CharField(help_text="Canonical name.")
    display_name = serializers.CharField()
    resources = ResourceSerializer(many=True, help_text="Resources for the skill, easiest first. Can be empty.")
    kind = serializers.ChoiceField(KINDS)
    is_missing = serializers.BooleanField()
    priority_score = serializers.FloatField(
        allow_null=True,
        help_text=(
            "Percentage of the role's postings that require the skill. Null if the roadmap is not based on postings."
        ),
    )
    stage = serializers.IntegerField(
        help_text="Stage of the roadmap, starting at 1. The prerequisites of a skill are in earlier stages."
    )
    prerequisites = serializers.ListField(
        child=serializers.CharField(), help_text="Direct prerequisites, including skills that are not in the roadmap."
    )
    foundations = serializers.ListField(
        child=serializers.CharField(),
        help_text=(
            "Technologies and methods to learn first: direct and indirect prerequisites that are neither in the roadmap"
            " nor in the profile. `estimated_hours` includes them."
        ),
    )
    foundation_resources = ResourceSerializer(
        many=True, help_text="The easiest resource for each foundation that has resources."
    )
    alternative = serializers.CharField(
        allow_null=True,
        help_text=(
            "Another skill of the roadmap that replaces this missing skill. Skills with an alternative come last."
        ),
    )
    estimated_hours = serializers.IntegerField(
        help_text="Estimated hours to learn the skill. 0 if the skill is in the profile or has an alternative."
    )
    projects = RoadmapProjectSerializer(
        many=True, help_text="Up to two projects that practice the skill with the skills learned so far."
    )
    status = serializers.ChoiceField(
        PATH_STATUSES,
        help_text="`held`: in the profile, or implied by a skill in the profile. `open`: neither held nor planned.",
    )
    held_through = serializers.CharField(
        allow_null=True,
        help_text="The user's skill that implies this one. Null if the user names the skill or does not have it.",
    )
    tier = serializers.ChoiceField(
        [tier.value for tier in Tier],
        allow_null=True,
        help_text="How much the role depends on the skill. Null if the roadmap is not based on a blueprint.",
    )
    one_of = serializers.ListField(
        child=serializers.CharField(), help_text="Equivalent skills that the blueprint accepts instead of this one."
    )


class RoadmapBlueprintSerializer(serializers.Serializer[Any]):
    """The curated blueprint that a roadmap is based on."""

    role = serializers.CharField(source="blueprint.role", help_text="The role that the blueprint was written for.")
    is_exact = serializers.BooleanField(help_text="False if the blueprint belongs to the nearest role.")


class MilestoneSerializer(serializers.Serializer[Any]):
    """A point of a roadmap at which its first skills are learned."""

    name = serializers.ChoiceField(MILESTONES)
    basis = serializers.ChoiceField(
        MILESTONE_BASES,
        help_text=(
            "`junior_postings`: the skills bring at least half of the junior postings within reach. `blueprint`: the"
            " blueprint determines the skills, because there are too few junior postings, or the roadmap does not bring"
            " half of them within reach in 900 hours."
        ),
    )
    skills = serializers.ListField(child=serializers.CharField(), help_text="Skills up to the milestone, in order.")
    estimated_hours = serializers.IntegerField(help_text="Hours that the user still needs.")
    newcomer_hours = serializers.IntegerField(help_text="Hours that a person who starts without skills needs.")
    junior_postings = serializers.IntegerField(help_text="Number of junior postings that were compared.")
    reachable_percentage = serializers.FloatField(
        allow_null=True,
        help_text=(
            "Percentage of the junior postings within reach after the milestone. A posting is within reach if the user"
            " has 70% of the required skills. Only skills that a tenth of the role's postings require are counted. Null"
            " if there are fewer than 20 junior postings."
        ),
    )


class RoadmapSerializer(SampleSerializer):
    """A roadmap for a role."""

    target_role = serializers.CharField(source="roadmap.target_role", allow_null=True)
    skill_paths = SkillPathSerializer(
        source="roadmap.paths",
        many=True,
        help_text="Skills in the order to learn them: by stage, missing skills first, then by priority.",
    )
    total_skills = CountField(source="roadmap.paths")
    missing_skills_count = CountField(source="roadmap.missing")
    coverage_percentage = serializers.FloatField(
        source="roadmap.coverage_percentage",
        allow_null=True,
        help_text=(
            "Percentage of the roadmap's skills that the user has, without soft skills and spoken languages. Null if"
            " the roadmap is not based on postings."
        ),
    )
    recommendations = serializers.ListField(child=serializers.CharField())
    total_postings_analyzed = serializers.IntegerField(
        source="roadmap.postings",
        help_text="Number of the role's postings in the window, including repeated postings of the same job.",
    )
    window_days = serializers.IntegerField(source="roadmap.days", help_text="Number of days of the window.")
    basis = serializers.ChoiceField(
        [source.name.lower() for source in RoadmapSource],
        source="roadmap.basis",
        help_text=(
            "Data that the roadmap is based on. `postings`: the role's postings and its blueprint, if there is one."
            " `few_postings`: only the blueprint, because the role has fewer than 20 distinct postings or five"
            " employers. `no_postings`: only the blueprint, because the role has no postings. Without a blueprint, both"
            " use the user's own skills. `no_role`, `own_skills`: the user's own skills."
        ),
    )
    blueprint = RoadmapBlueprintSerializer(
        source="roadmap.blueprint", allow_null=True, help_text="Null if the roadmap is not based on a blueprint."
    )
    milestones = MilestoneSerializer(
        source="roadmap.milestones",
        many=True,
        help_text="`enough_to_apply`, then `competitive`. Empty if the roadmap is not based on a blueprint.",
    )
    estimated_hours = serializers.IntegerField(
        source="roadmap.estimated_hours", help_text="Hours to learn all missing skills."
    )
    alternatives = NearRoleSerializer(
        many=True, help_text="Near roles that have postings in the window, most postings first."
    )
    collection = CollectionSerializer(
        required=False, help_text="State of collecting postings for the role. Only present if the role has no postings."
    )


class ResourceFiltersSerializer(serializers.Serializer[Any]):
    """The filters that were applied to a resource search."""

    resource_type = serializers.ChoiceField(TYPES, allow_null=True)
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class FoundResourcesSerializer(serializers.Serializer[Any]):
    """A page of resources found by a search."""

    resources = ResourceSerializer(many=True, help_text="Resources on this page, most relevant first.")
    total_found = serializers.IntegerField(help_text="Number of resources found on all pages.")
    search_query = serializers.CharField()
    filters_applied = ResourceFiltersSerializer()


class SkillProgressChangeSerializer(serializers.Serializer[Any]):
    """A change to the progress with a skill."""

    status = StrictChoiceField(choices=STATUSES)
    evidence_url = HttpURLField(
        required=False,
        allow_null=True,
        max_length=MAX_URL_LENGTH,
        help_text="URL of evidence of the skill. Unchanged if omitted. Null removes it.",
    )


class SkillProgressSerializer(serializers.Serializer[Any]):
    """The user's progress with a skill."""

    skill = serializers.CharField(help_text="Canonical name.")
    display_name = DisplayNameField(source="skill")
    status = serializers.ChoiceField(STATUSES)
    evidence_url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)


class SkillProgressListSerializer(serializers.Serializer[Any]):
    """The user's progress with all skills."""

    progress = SkillProgressSerializer(many=True, help_text="Progress entries, sorted by skill.")
    total = serializers.IntegerField()
