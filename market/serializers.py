"""What the endpoints under /market and /countries, and those of gaps and roles, take and answer."""

from typing import Any

from rest_framework import serializers

from career_navigator.api.fields import BoundedInteger, BoundedNumber, StrictCharField
from career_navigator.api.serializers import QuerySerializer, SuccessSerializer
from market.gaps import DEFAULT_THRESHOLD, MAX_THRESHOLD, MIN_THRESHOLD
from market.trends import MAX_LOCATIONS, MAX_SKILLS, MAX_WINDOW_DAYS
from skills.serializers import CHANGE_IN_POINTS, GROWTH, PREVIOUS_PERCENTAGE, CategoryOfField, DisplayNameField

MAX_SEARCH_LENGTH = 100
MAX_ROLE_LENGTH = 100


# As of a collection's searches; `finished` also when it found nothing, `none` where nobody has asked for it yet.
COLLECTION_STATUSES = ("queued", "running", "waiting", "finished", "failed", "none")


class CollectionSerializer(serializers.Serializer[Any]):
    """Whether what has no data is being collected."""

    status = serializers.ChoiceField(
        COLLECTION_STATUSES,
        help_text="While `queued`, `running` or `waiting` (for a rate limit) it is being collected: ask again after as"
        " many seconds as Retry-After says. `finished` found nothing, `failed` broke off, `none` was never begun.",
    )
    url = serializers.CharField(
        allow_null=True,
        help_text="Where to ask how it stands: the user's own run, else what was asked just now. Null otherwise.",
    )
    collected_at = serializers.DateTimeField(allow_null=True, help_text="When it was last collected to the end.")


class CollectionOfRoleSerializer(serializers.Serializer[Any]):
    role = serializers.CharField()
    collection = CollectionSerializer()


class TrendingQuery(QuerySerializer):
    days = BoundedInteger(minimum=1, maximum=MAX_WINDOW_DAYS, default=30, help_text="Days up to and including today.")
    skills_limit = BoundedInteger(minimum=1, maximum=MAX_SKILLS, default=15)
    locations_limit = BoundedInteger(minimum=1, maximum=MAX_LOCATIONS, default=10)


class TrendingSkillSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField()
    count = serializers.IntegerField(help_text="Postings of the window that ask for the skill.")
    percentage = serializers.FloatField(help_text="Of all postings of the window.")
    previous_count = serializers.IntegerField(
        allow_null=True, help_text="In the window before; null where either window has fewer than 20 postings."
    )
    previous_percentage = serializers.FloatField(allow_null=True, help_text=PREVIOUS_PERCENTAGE)
    change_in_points = serializers.FloatField(allow_null=True, help_text=CHANGE_IN_POINTS)
    growth_percentage = serializers.FloatField(allow_null=True, help_text=GROWTH)


class TrendingLocationSerializer(serializers.Serializer[Any]):
    location = serializers.CharField()
    count = serializers.IntegerField()


class TechnologyTrendSerializer(serializers.Serializer[Any]):
    technology = serializers.CharField()
    count = serializers.IntegerField(help_text="Postings whose source names the technology.")


class SalaryTrendSerializer(serializers.Serializer[Any]):
    location = serializers.CharField()
    avg_min = serializers.IntegerField(help_text="USD a year.")
    avg_max = serializers.IntegerField(help_text="USD a year.")
    count = serializers.IntegerField(help_text="Postings with a usable salary.")


class SalaryQuartilesSerializer(serializers.Serializer[Any]):
    lower = serializers.IntegerField(allow_null=True, help_text="USD a year, of the middle of minimum and maximum.")
    median = serializers.IntegerField(allow_null=True)
    upper = serializers.IntegerField(allow_null=True)
    sample_size = serializers.IntegerField()


class RemoteCountSerializer(serializers.Serializer[Any]):
    remote = serializers.BooleanField()
    count = serializers.IntegerField()


class TrendingSerializer(serializers.Serializer[Any]):
    top_skills = TrendingSkillSerializer(many=True)
    top_locations = TrendingLocationSerializer(many=True)
    technology_trends = TechnologyTrendSerializer(many=True)
    salary_trends = SalaryTrendSerializer(many=True)
    salary_quartiles = SalaryQuartilesSerializer()
    remote_distribution = RemoteCountSerializer(many=True)
    remote_unknown = serializers.IntegerField(help_text="Postings that do not say whether the work is remote.")
    total_jobs_analyzed = serializers.IntegerField()
    generated_at = serializers.DateTimeField()
    window_days = serializers.IntegerField()
    collection = CollectionSerializer(
        required=False, help_text="Where the window has no postings and some are being collected."
    )


class CountriesQuery(QuerySerializer):
    search = StrictCharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=MAX_SEARCH_LENGTH,
        help_text="Part of a name, or a code of two or three letters.",
    )


class CountrySerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="ISO 3166 alpha-2.")
    name = serializers.CharField()


class CountriesSerializer(SuccessSerializer):
    countries = CountrySerializer(many=True, help_text="By name.")


class GapQuery(QuerySerializer):
    role = StrictCharField(
        max_length=MAX_ROLE_LENGTH, help_text="One of the current user's target roles, in any spelling."
    )
    days = BoundedInteger(minimum=1, maximum=MAX_WINDOW_DAYS, default=30, help_text="Days up to and including today.")
    threshold = BoundedNumber(
        minimum=MIN_THRESHOLD,
        maximum=MAX_THRESHOLD,
        default=DEFAULT_THRESHOLD,
        help_text="The share of postings that has to ask for a skill.",
    )


class IntervalSerializer(serializers.Serializer[Any]):
    low = serializers.FloatField()
    high = serializers.FloatField()


class RequiredSkillSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField(source="name")
    display_name = DisplayNameField(source="name")
    category = CategoryOfField(source="name")
    required_percentage = serializers.FloatField(
        source="percentage", help_text="Of the role's postings, those that ask for the skill."
    )
    user_has = serializers.BooleanField(source="held")
    confidence_interval = IntervalSerializer(help_text="Wilson's, at 95 %, in percent.")
    salary_median_with = serializers.IntegerField(
        source="salary_medians.with_skill",
        allow_null=True,
        help_text="USD a year, of the middle of the pay of postings that ask for it; null of fewer than 20 that say.",
    )
    salary_median_without = serializers.IntegerField(
        source="salary_medians.without_skill", allow_null=True, help_text="Likewise of those that do not."
    )
    previous_percentage = serializers.FloatField(
        source="comparison.previous_percentage", allow_null=True, help_text=PREVIOUS_PERCENTAGE
    )
    change_in_points = serializers.FloatField(
        source="comparison.change_in_points", allow_null=True, help_text=CHANGE_IN_POINTS
    )
    growth_percentage = serializers.FloatField(source="comparison.growth_percentage", allow_null=True, help_text=GROWTH)


class NextSkillSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField(source="name")
    display_name = DisplayNameField(source="name")
    reachable_percentage = serializers.FloatField(
        help_text="Of the postings that name a skill, those within reach once this and the skills before it are held."
    )


class GapSerializer(serializers.Serializer[Any]):
    """The gaps, beside the role and the window that they are of."""

    role = serializers.CharField(help_text="As the current user's profile has it.")
    total_postings_analyzed = serializers.IntegerField(source="gaps.postings")
    required_skills = RequiredSkillSerializer(source="gaps.required", many=True, help_text="In order of demand.")
    missing_skills = serializers.ListField(
        source="gaps.missing", child=serializers.CharField(), help_text="In order of demand."
    )
    coverage_percentage = serializers.FloatField(
        source="gaps.coverage.percentage", help_text="Skills held of skills required."
    )
    weighted_coverage_percentage = serializers.FloatField(
        source="gaps.coverage.weighted_percentage", help_text="The same, each skill counting by its demand."
    )
    skill_match_count = serializers.IntegerField(source="gaps.coverage.held")
    total_required_skills = serializers.IntegerField(source="gaps.coverage.required")
    reachable_percentage = serializers.FloatField(
        source="gaps.learning_order.reachable_percentage",
        help_text="Of the postings that name a skill, those of whose skills the current user holds at least 70 %.",
    )
    learn_next = NextSkillSerializer(
        source="gaps.learning_order.next_skills",
        many=True,
        help_text="Up to five, the one that brings most within reach first.",
    )
    window_days = serializers.IntegerField()
    computed_at = serializers.DateTimeField(help_text="When the newest of the figures was computed.")


class NoPostingsSerializer(serializers.Serializer[Any]):
    message = serializers.CharField()
    suggestions = serializers.ListField(child=serializers.CharField())
    alternatives = serializers.ListField(
        child=serializers.CharField(), help_text="The roles most like it that have postings, most alike first."
    )


class NoPostingsAnswerSerializer(serializers.Serializer[Any]):
    detail = NoPostingsSerializer()
    collection = CollectionSerializer()
    code = serializers.ChoiceField(["role_without_jobs"])


class RoleSerializer(serializers.Serializer[Any]):
    role = serializers.CharField()
    postings = serializers.IntegerField(help_text="Of the window.")
    total_required_skills = serializers.IntegerField(
        source="required", help_text="Skills that a quarter of the postings asks for."
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
