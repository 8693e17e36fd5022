"""What the market's endpoints take and answer."""

from typing import Any

from rest_framework import serializers

from career_navigator.api.fields import BoundedInteger, Text
from career_navigator.api.serializers import QuerySerializer, SuccessSerializer
from market.trends import LONGEST_WINDOW_DAYS, MOST_LOCATIONS, MOST_SKILLS

MAX_SEARCH_LENGTH = 100


class TrendingQuery(QuerySerializer):
    days = BoundedInteger(
        minimum=1, maximum=LONGEST_WINDOW_DAYS, default=30, help_text="Days up to and including today."
    )
    skills_limit = BoundedInteger(minimum=1, maximum=MOST_SKILLS, default=15)
    locations_limit = BoundedInteger(minimum=1, maximum=MOST_LOCATIONS, default=10)


class TrendingSkillSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField()
    count = serializers.IntegerField(help_text="Postings of the window that ask for the skill.")
    percentage = serializers.FloatField(help_text="Of all postings of the window.")
    previous_count = serializers.IntegerField(
        allow_null=True, help_text="In the window before; null where either window has fewer than 20 postings."
    )
    previous_percentage = serializers.FloatField(allow_null=True)
    growth_percentage = serializers.FloatField(allow_null=True, help_text="Change of the count against previous_count.")


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


class CountriesQuery(QuerySerializer):
    search = Text(
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
