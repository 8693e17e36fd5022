"""Serializers of the endpoints for trends, countries, gap analyses and roles."""

from typing import Any

from rest_framework import serializers

from career_navigator.api.fields import BoundedInteger, BoundedNumber, StrictCharField
from career_navigator.api.serializers import QuerySerializer, SuccessSerializer
from career_navigator.external_ids import MATCHES, ROLE_SCHEME_NAMES, ROLE_SCHEMES, ExternalId
from market.gaps import DEFAULT_THRESHOLD, MAX_THRESHOLD, MIN_THRESHOLD
from market.trends import MAX_LOCATIONS, MAX_SKILLS, MAX_WINDOW_DAYS, TRENDS
from skills.serializers import (
    CHANGE_IN_POINTS,
    CHANGE_INTERVAL,
    GROWTH,
    PREVIOUS_PERCENTAGE,
    TREND,
    CategoryOfField,
    DisplayNameField,
    IntervalSerializer,
    SampleSerializer,
)
from skills.vocabulary import KINDS

MAX_SEARCH_LENGTH = 100
MAX_ROLE_LENGTH = 100


# The statuses of a collection's searches, plus `none` if no collection was requested.
COLLECTION_STATUSES = ("queued", "running", "waiting", "finished", "failed", "none")


class CollectionSerializer(serializers.Serializer[Any]):
    """The state of collecting postings for a role or window without data."""

    status = serializers.ChoiceField(
        COLLECTION_STATUSES,
        help_text="`queued`, `running` and `waiting` (for a rate limit) mean that a collection is in progress. Retry"
        " after the number of seconds in Retry-After. `finished` means that no postings were found, `failed` that the"
        " collection stopped with an error, and `none` that no collection was requested.",
    )
    url = serializers.CharField(
        allow_null=True,
        help_text="The URL to poll: the user's own collection run, or else the URL of this request. Null if no"
        " collection is in progress.",
    )
    collected_at = serializers.DateTimeField(allow_null=True, help_text="When the last collection finished.")


class CollectionOfRoleSerializer(serializers.Serializer[Any]):
    """A target role without postings and the state of its collection."""

    role = serializers.CharField()
    collection = CollectionSerializer()


class TrendingQuery(QuerySerializer):
    """Query parameters of market trends."""

    days = BoundedInteger(
        minimum=1, maximum=MAX_WINDOW_DAYS, default=30, help_text="Number of days, up to and including today."
    )
    skills_limit = BoundedInteger(minimum=1, maximum=MAX_SKILLS, default=15)
    locations_limit = BoundedInteger(minimum=1, maximum=MAX_LOCATIONS, default=10)


class TrendingSkillSerializer(serializers.Serializer[Any]):
    """A skill's demand in the window, compared with the previous window."""

    skill = serializers.CharField()
    count = serializers.IntegerField(help_text="Distinct postings in the window that require the skill.")
    percentage = serializers.FloatField(help_text="Percentage of the distinct postings in the window.")
    previous_count = serializers.IntegerField(
        allow_null=True,
        help_text="The count in the previous window, or null if either window has fewer than 20 distinct postings.",
    )
    previous_percentage = serializers.FloatField(allow_null=True, help_text=PREVIOUS_PERCENTAGE)
    change_in_points = serializers.FloatField(allow_null=True, help_text=CHANGE_IN_POINTS)
    growth_percentage = serializers.FloatField(allow_null=True, help_text=GROWTH)
    change_interval = IntervalSerializer(allow_null=True, help_text=CHANGE_INTERVAL)
    trend = serializers.ChoiceField(TRENDS, allow_null=True, help_text=TREND)


class TrendingLocationSerializer(serializers.Serializer[Any]):
    """A place and the number of postings there."""

    location = serializers.CharField()
    count = serializers.IntegerField()


class TechnologyTrendSerializer(serializers.Serializer[Any]):
    """A technology and the number of postings that were tagged with it."""

    technology = serializers.CharField()
    count = serializers.IntegerField(help_text="Postings that the job source tagged with the technology.")


class SalaryTrendSerializer(serializers.Serializer[Any]):
    """Average pay at a place."""

    location = serializers.CharField()
    avg_min = serializers.IntegerField(help_text="Mean minimum pay, USD per year.")
    avg_max = serializers.IntegerField(help_text="Mean maximum pay, USD per year.")
    count = serializers.IntegerField(help_text="Postings with a usable salary.")


class SalaryQuartilesSerializer(serializers.Serializer[Any]):
    """Quartiles of pay. A posting's pay is the midpoint of its minimum and maximum."""

    lower = serializers.IntegerField(allow_null=True, help_text="First quartile, USD per year.")
    median = serializers.IntegerField(allow_null=True, help_text="Median, USD per year.")
    upper = serializers.IntegerField(allow_null=True, help_text="Third quartile, USD per year.")
    sample_size = serializers.IntegerField(help_text="Postings with a usable salary.")


class RemoteCountSerializer(serializers.Serializer[Any]):
    """The number of remote or on-site postings."""

    remote = serializers.BooleanField()
    count = serializers.IntegerField()


class TrendingSerializer(SampleSerializer):
    """Market trends of a window."""

    top_skills = TrendingSkillSerializer(many=True)
    top_locations = TrendingLocationSerializer(many=True)
    technology_trends = TechnologyTrendSerializer(many=True)
    salary_trends = SalaryTrendSerializer(many=True)
    salary_quartiles = SalaryQuartilesSerializer()
    remote_distribution = RemoteCountSerializer(many=True)
    remote_unknown = serializers.IntegerField(help_text="Postings that do not say whether the work is remote.")
    total_jobs_analyzed = serializers.IntegerField(help_text="All postings in the window, with copies.")
    generated_at = serializers.DateTimeField()
    window_days = serializers.IntegerField()
    collection = CollectionSerializer(
        required=False, help_text="Present only if the window has no postings and a collection is in progress."
    )


class CountriesQuery(QuerySerializer):
    """Query parameters of the list of countries."""

    search = StrictCharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=MAX_SEARCH_LENGTH,
        help_text="The beginning of a word of a name, or a two- or three-letter code.",
    )


class CountrySerializer(serializers.Serializer[Any]):
    """A country's code and English name."""

    code = serializers.CharField(help_text="ISO 3166 alpha-2 code.")
    name = serializers.CharField()


class CountriesSerializer(SuccessSerializer):
    """Response with a list of countries."""

    countries = CountrySerializer(many=True, help_text="Sorted by name.")


class GapQuery(QuerySerializer):
    """Query parameters of a gap analysis."""

    role = StrictCharField(
        max_length=MAX_ROLE_LENGTH, help_text="One of the current user's target roles, in any spelling."
    )
    days = BoundedInteger(
        minimum=1, maximum=MAX_WINDOW_DAYS, default=30, help_text="Number of days, up to and including today."
    )
    threshold = BoundedNumber(
        minimum=MIN_THRESHOLD,
        maximum=MAX_THRESHOLD,
        default=DEFAULT_THRESHOLD,
        help_text="Minimum share of postings that must require a skill for it to be listed.",
    )


class RequiredSkillSerializer(serializers.Serializer[Any]):
    """A skill that a role requires, with its demand and its effect on pay."""

    skill = serializers.CharField(source="name")
    display_name = DisplayNameField(source="name")
    category = CategoryOfField(source="name")
    required_percentage = serializers.FloatField(
        source="percentage", help_text="Percentage of the role's distinct postings that require the skill."
    )
    user_has = serializers.BooleanField(
        source="held", help_text="Whether the user has the skill or one that implies it."
    )
    held_through = serializers.CharField(
        allow_null=True,
        help_text="The skill of the user that implies this one. Null if the user names the skill or does not have it.",
    )
    kind = serializers.ChoiceField(KINDS)
    confidence_interval = IntervalSerializer(
        help_text="95% Wilson score interval of the percentage, for the effective sample size."
    )
    salary_median_with = serializers.IntegerField(
        source="salary_medians.with_skill",
        allow_null=True,
        help_text="Median pay of postings that require the skill, USD per year. Null if fewer than 20 of them state"
        " their pay.",
    )
    salary_median_without = serializers.IntegerField(
        source="salary_medians.without_skill",
        allow_null=True,
        help_text="Median pay of postings that do not require the skill, USD per year. Null if fewer than 20 of them"
        " state their pay.",
    )
    previous_percentage = serializers.FloatField(
        source="comparison.previous_percentage", allow_null=True, help_text=PREVIOUS_PERCENTAGE
    )
    change_in_points = serializers.FloatField(
        source="comparison.change_in_points", allow_null=True, help_text=CHANGE_IN_POINTS
    )
    growth_percentage = serializers.FloatField(source="comparison.growth_percentage", allow_null=True, help_text=GROWTH)
    change_interval = IntervalSerializer(
        source="comparison.change_interval", allow_null=True, help_text=CHANGE_INTERVAL
    )
    trend = serializers.ChoiceField(TRENDS, source="comparison.trend", allow_null=True, help_text=TREND)


class NextSkillSerializer(serializers.Serializer[Any]):
    """A step of learning: up to five skills to learn together."""

    skill = serializers.CharField(source="name", help_text="The first skill of the step.")
    display_name = DisplayNameField(source="name")
    skills = serializers.ListField(
        child=serializers.CharField(), help_text="All skills of the step, in the order to learn them."
    )
    hours = serializers.IntegerField(help_text="Estimated hours for the step.")
    reachable_percentage = serializers.FloatField(
        help_text="Percentage of postings within reach after this step and the ones before it. If only more than five"
        " skills bring a posting within reach, they are divided into several steps, and only the last one raises this."
    )
    coverage_percentage = serializers.FloatField(
        help_text="Percentage of the required skills that the user has after this step and the ones before it."
    )


class NearRoleSerializer(serializers.Serializer[Any]):
    """A role near the requested one."""

    role = serializers.CharField()
    postings = serializers.IntegerField(help_text="Postings in the window.")


class GapSerializer(SampleSerializer):
    """A gap analysis of a role and a window."""

    role = serializers.CharField(help_text="The role as written in the current user's profile.")
    total_postings_analyzed = serializers.IntegerField(source="gaps.postings", help_text="All postings, with copies.")
    required_skills = RequiredSkillSerializer(
        source="gaps.required",
        many=True,
        help_text="In order of demand, without soft skills and spoken languages, which are listed separately.",
    )
    soft_skills = RequiredSkillSerializer(
        source="gaps.soft_skills",
        many=True,
        help_text="Required soft skills. They count neither in coverage nor in reach.",
    )
    spoken_languages = RequiredSkillSerializer(
        source="gaps.spoken_languages",
        many=True,
        help_text="Required spoken languages. They count neither in coverage nor in reach.",
    )
    missing_skills = serializers.ListField(
        source="gaps.missing", child=serializers.CharField(), help_text="In order of demand."
    )
    coverage_percentage = serializers.FloatField(
        source="gaps.coverage.percentage", help_text="Percentage of the required skills that the user has."
    )
    weighted_coverage_percentage = serializers.FloatField(
        source="gaps.coverage.weighted_percentage",
        help_text="The same percentage with each skill weighted by its demand.",
    )
    skill_match_count = serializers.IntegerField(source="gaps.coverage.held")
    total_required_skills = serializers.IntegerField(source="gaps.coverage.required")
    reachable_percentage = serializers.FloatField(
        source="gaps.learning_order.reachable_percentage",
        help_text="Percentage of postings within reach, of which the current user has at least 70% of the skills."
        " Soft skills, spoken languages and postings without other skills are not counted.",
    )
    learn_next = NextSkillSerializer(
        source="gaps.learning_order.next_skills",
        many=True,
        help_text="Up to five steps of up to five skills that bring the most additional postings within reach per hour."
        " Steps that would bring none, and lead to none that does, are not listed, except the first step of a user with"
        " none of the role's technologies.",
    )
    alternatives = NearRoleSerializer(
        many=True, help_text="Near roles that have postings in the window, most postings first."
    )
    window_days = serializers.IntegerField()
    computed_at = serializers.DateTimeField(help_text="When the newest stats in the window were computed.")


class NoPostingsSerializer(serializers.Serializer[Any]):
    """Why a role has no gap analysis, and what the client can try instead."""

    message = serializers.CharField()
    suggestions = serializers.ListField(child=serializers.CharField())
    alternatives = serializers.ListField(
        child=serializers.CharField(), help_text="Similar roles that have postings, most similar first."
    )


class NoPostingsAnswerSerializer(serializers.Serializer[Any]):
    """Error response for a role without postings."""

    detail = NoPostingsSerializer()
    collection = CollectionSerializer()
    code = serializers.ChoiceField(["role_without_jobs"])
    alternatives = NearRoleSerializer(
        many=True, help_text="Near roles that have postings in the window, most postings first."
    )


class RoleExternalIdSerializer(serializers.Serializer[Any]):
    """A role's id in a public classification."""

    scheme = serializers.ChoiceField(ROLE_SCHEME_NAMES)
    id = serializers.CharField(help_text="In `esco`, the URI of the occupation. In `soc`, the O*NET-SOC code.")
    label = serializers.CharField(help_text="The name that the classification uses.")  # type: ignore[assignment]
    match = serializers.ChoiceField(
        MATCHES, help_text="`broader` means that the classification's occupation covers more than the role."
    )

    def to_representation(self, instance: str) -> Any:
        """Return the fields of an external id as the table of roles stores it."""
        return super().to_representation(ExternalId.parse(instance, schemes=ROLE_SCHEMES))


class RoleSerializer(serializers.Serializer[Any]):
    """A role with postings and, with a token, how much of it the current user covers."""

    role = serializers.CharField()
    postings = serializers.IntegerField(help_text="Postings in the window.")
    total_required_skills = serializers.IntegerField(
        source="required", help_text="Skills that at least a quarter of the postings require."
    )
    skill_match_count = serializers.IntegerField(
        source="coverage.held", allow_null=True, help_text="Null without a token."
    )
    coverage_percentage = serializers.FloatField(
        source="coverage.percentage", allow_null=True, help_text="Null without a token."
    )
    weighted_coverage_percentage = serializers.FloatField(
        source="coverage.weighted_percentage", allow_null=True, help_text="Null without a token."
    )
    external_ids = RoleExternalIdSerializer(
        many=True, help_text="Ids in ESCO and SOC. Empty for a role that the table of roles does not contain."
    )
