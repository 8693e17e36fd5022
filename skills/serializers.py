"""What the endpoints under /skills take and answer."""

from typing import Any

from rest_framework import serializers

from career_navigator.api.fields import BoundedInteger, BoundedList, BoundedNumber, Choice, Text
from career_navigator.api.serializers import QuerySerializer
from skills.gaps import DEFAULT_THRESHOLD, HIGHEST_THRESHOLD, LOWEST_THRESHOLD
from skills.selectors import vocabulary
from skills.vocabulary import CATEGORIES

LONGEST_NAME = 100
LONGEST_ROLE = 100
LONGEST_WINDOW_DAYS = 365
LARGEST_TEXT_BYTES = 100_000
MOST_NAMES = 500


class Category(Choice):
    """A category, in capitals or not."""

    def to_internal_value(self, data: Any) -> Any:
        written = {category.casefold(): category for category in CATEGORIES}
        return super().to_internal_value(written.get(data.casefold(), data) if isinstance(data, str) else data)


class DisplayNameField(serializers.CharField):
    """The name that people read, of a canonical one."""

    def to_representation(self, value: str) -> str:
        return vocabulary().display_name(value)


class CategoryOfField(serializers.ChoiceField):
    """The category of a canonical name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CATEGORIES, **options)

    def to_representation(self, value: str) -> str:
        return vocabulary().category(value)


class SkillsQuery(QuerySerializer):
    query = Text(
        default="",
        allow_blank=True,
        max_length=LONGEST_NAME,
        help_text="What the name, an alias or a word of them begins with; case, hyphens and dots do not matter.",
    )
    category = Category(choices=CATEGORIES, required=False)
    subcategory = Text(required=False, max_length=LONGEST_NAME)


class SkillSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The canonical name.")
    display_name = serializers.CharField()
    category = serializers.ChoiceField(CATEGORIES)
    subcategory = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    prerequisites = serializers.ListField(child=serializers.CharField(), help_text="Canonical names.")


class SkillShareSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Postings of the window that ask for the skill.")
    total_postings = serializers.IntegerField(source="postings")
    percentage = serializers.FloatField(help_text="Of all postings of the window.")
    growth_percentage = serializers.FloatField(
        allow_null=True,
        help_text=(
            "Change of the count against the window before; null where either has fewer than 20 postings, or none of"
            " the earlier ones asks for it."
        ),
    )
    window_days = serializers.IntegerField()


class RelatedSkillSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField(source="name")
    display_name = DisplayNameField(source="name")
    percentage = serializers.FloatField(
        help_text="Of the newest 500 postings that ask for the skill, those that ask for this one too."
    )
    market_percentage = serializers.FloatField(help_text="Of all postings of the window.")


class SkillInMarketSerializer(SkillSerializer):
    """The fields of a skill beside its `market`."""

    market = SkillShareSerializer()
    related_skills = RelatedSkillSerializer(
        source="market.related", many=True, help_text="Asked for together oftener than apart."
    )
    see_also = serializers.ListField(
        source="related", child=serializers.CharField(), help_text="Canonical names that curators relate."
    )


class NamesSerializer(serializers.Serializer[Any]):
    skills = BoundedList(
        child=Text(allow_blank=True, trim_whitespace=False, max_length=LONGEST_NAME),
        max_length=MOST_NAMES,
        help_text="In any spelling; blank ones are passed over.",
    )


class RecognizedNameSerializer(serializers.Serializer[Any]):
    given = serializers.CharField()
    skill = serializers.CharField()
    display_name = DisplayNameField(source="skill")


class NormalizedNamesSerializer(serializers.Serializer[Any]):
    skills = serializers.ListField(
        child=serializers.CharField(), help_text="Canonical names, in the order given, each once."
    )
    recognized = RecognizedNameSerializer(many=True)
    not_skills = serializers.ListField(
        child=serializers.CharField(), help_text="Known, but nothing that one learns, such as job boards; as given."
    )
    unrecognized = serializers.ListField(child=serializers.CharField(), help_text="As they were given.")


class TextSerializer(serializers.Serializer[Any]):
    text = Text(allow_blank=True, trim_whitespace=False, help_text=f"At most {LARGEST_TEXT_BYTES:,} bytes in UTF-8.")

    def validate_text(self, text: str) -> str:
        if len(text.encode()) > LARGEST_TEXT_BYTES:
            raise serializers.ValidationError(f"This field has to be at most {LARGEST_TEXT_BYTES} bytes long.")
        return text


class SpanSerializer(serializers.Serializer[Any]):
    start = serializers.IntegerField(help_text="In characters (Unicode code points).")
    end = serializers.IntegerField(help_text="The first character after it.")


class ExtractedSkillSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField()
    display_name = DisplayNameField(source="skill")
    spans = SpanSerializer(many=True)


class ExtractionSerializer(serializers.Serializer[Any]):
    skills = serializers.DictField(
        child=ExtractedSkillSerializer(many=True), help_text="By category; in each in order of first mention."
    )
    total = serializers.IntegerField(help_text="How many skills were found, however often each.")


class GapQuery(QuerySerializer):
    role = Text(max_length=LONGEST_ROLE, help_text="One of the caller's target roles, in any spelling.")
    days = BoundedInteger(
        minimum=1, maximum=LONGEST_WINDOW_DAYS, default=30, help_text="Days up to and including today."
    )
    threshold = BoundedNumber(
        minimum=LOWEST_THRESHOLD,
        maximum=HIGHEST_THRESHOLD,
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
    growth_percentage = serializers.FloatField(
        allow_null=True,
        help_text=(
            "Change of the count against the window before; null where either has fewer than 20 postings, or none of"
            " the earlier ones asks for it."
        ),
    )


class NextSkillSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField(source="name")
    display_name = DisplayNameField(source="name")
    reachable_percentage = serializers.FloatField(
        help_text="Of the postings that name a skill, those within reach once this and the skills before it are held."
    )


class GapSerializer(serializers.Serializer[Any]):
    """A `GapAnalysis` as `gaps`, beside the role and the window that it is of."""

    role = serializers.CharField(help_text="As the caller's profile has it.")
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
        help_text="Of the postings that name a skill, those of whose skills the caller holds at least 70 %.",
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
