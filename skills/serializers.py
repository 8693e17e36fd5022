"""Serializers for the requests and responses of the endpoints under /skills."""

from typing import Any

from rest_framework import serializers

from career_navigator.api.fields import BoundedList, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import QuerySerializer
from career_navigator.external_ids import MATCHES, SKILL_SCHEME_NAMES, SKILL_SCHEMES, ExternalId
from skills.selectors import get_vocabulary
from skills.vocabulary import CATEGORIES, KINDS

MAX_NAME_LENGTH = 100
MAX_TEXT_BYTES = 100_000
MAX_NAMES = 500


class Category(StrictChoiceField):
    """A skill category, matched without regard to case."""

    def to_internal_value(self, data: Any) -> Any:
        by_folded = {category.casefold(): category for category in CATEGORIES}
        return super().to_internal_value(by_folded.get(data.casefold(), data) if isinstance(data, str) else data)


class DisplayNameField(serializers.CharField):
    """A canonical skill name, shown as its display name."""

    def to_representation(self, value: str) -> str:
        return get_vocabulary().get_display_name(value)


class CategoryOfField(serializers.ChoiceField):
    """A canonical skill name, shown as its category."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CATEGORIES, **options)

    def to_representation(self, value: str) -> str:
        return get_vocabulary().get_category(value)


class SkillsQuery(QuerySerializer):
    """Query parameters of the skill search."""

    query = StrictCharField(
        default="",
        allow_blank=True,
        max_length=MAX_NAME_LENGTH,
        help_text=(
            "The beginning of a skill's name, of one of its aliases, or of any word in them. Case, hyphens and dots are"
            " ignored."
        ),
    )
    category = Category(choices=CATEGORIES, required=False)
    subcategory = StrictCharField(required=False, max_length=MAX_NAME_LENGTH)
    kind = StrictChoiceField(choices=KINDS, required=False, help_text="Only skills of this kind.")


class ExternalIdSerializer(serializers.Serializer[Any]):
    """A skill's id in a public classification."""

    scheme = serializers.ChoiceField(SKILL_SCHEME_NAMES)
    id = serializers.CharField(help_text="In `esco`, the URI of the skill. In `onet`, the UNSPSC commodity code.")
    label = serializers.CharField(help_text="The name that the classification uses.")  # type: ignore[assignment]
    match = serializers.ChoiceField(
        MATCHES, help_text="`broader` means that the classification's entry covers more than the skill."
    )

    def to_representation(self, instance: str) -> Any:
        """Return the fields of an external id as the vocabulary stores it."""
        return super().to_representation(ExternalId.parse(instance, schemes=SKILL_SCHEMES))


class SkillSerializer(serializers.Serializer[Any]):
    """A skill in the vocabulary."""

    name = serializers.CharField(help_text="Canonical name.")
    display_name = serializers.CharField()
    category = serializers.ChoiceField(CATEGORIES)
    subcategory = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    prerequisites = serializers.ListField(child=serializers.CharField(), help_text="Canonical names.")
    kind = serializers.ChoiceField(KINDS)
    implies = serializers.ListField(
        child=serializers.CharField(),
        help_text="Canonical names of the skills that a person with this skill also has. Each implies further skills.",
    )
    external_ids = ExternalIdSerializer(many=True, help_text="Ids in ESCO and O*NET, only where a match is certain.")


TRENDS = ("rising", "falling", "unclear")
TREND = (
    "`rising` or `falling` if the 95% confidence interval of the change excludes 0, else `unclear`. Null if either"
    " window has fewer than 20 distinct postings."
)
CHANGE_INTERVAL = (
    "95% confidence interval of the change in percentage points. It accounts for the similarity of one employer's"
    " postings. Null if either window has fewer than 20 distinct postings."
)


class IntervalSerializer(serializers.Serializer[Any]):
    """A confidence interval in percent."""

    low = serializers.FloatField()
    high = serializers.FloatField()


class SampleSerializer(serializers.Serializer[Any]):
    """Mixin: the distinct postings and employers that the shares of a response are computed from."""

    distinct_jobs = serializers.IntegerField(
        source="sample.distinct_jobs",
        help_text="Distinct postings in the window. Copies of an employer's posting, within 60 days of the first, count"
        " once. Shares, intervals and pay are computed from distinct postings.",
    )
    employers = serializers.IntegerField(
        source="sample.employers", allow_null=True, help_text="Employers of the distinct postings."
    )
    top_employer_share = serializers.FloatField(
        source="sample.top_employer_share",
        allow_null=True,
        help_text="Percentage of the distinct postings that belong to the employer with the most postings.",
    )
    warning = serializers.CharField(
        source="sample.warning",
        allow_null=True,
        help_text="A sentence if one employer has more than a fifth of the distinct postings, else null.",
    )
    approximate_before = serializers.DateField(
        source="sample.approximate_before",
        allow_null=True,
        help_text="Days of the window before this date are approximate: their postings were deleted before copies and"
        " employers were counted, so each posting counts as a distinct posting. Null if the window has no such day.",
    )


PREVIOUS_PERCENTAGE = "The same percentage for the previous window. Null if either window has fewer than 20 postings."
CHANGE_IN_POINTS = (
    "Change in percentage points since the previous window. Does not depend on how many postings were collected."
)
GROWTH = (
    "Change in the count since the previous window, in percent. Null if either window has fewer than 20 postings, if no"
    " posting of the previous window requires the skill, or if one window has more than twice as many postings as the"
    " other, because their counts are then not comparable. Kept for compatibility: counts also grow when more postings"
    " are collected, so prefer `trend` and `change_in_points`."
)


class SkillShareSerializer(SampleSerializer):
    """The share of recent postings that require a skill, compared with the previous window."""

    count = serializers.IntegerField(help_text="Number of distinct postings in the window that require the skill.")
    total_postings = serializers.IntegerField(source="postings", help_text="All postings in the window, with copies.")
    percentage = serializers.FloatField(help_text="Percentage of the distinct postings in the window.")
    confidence_interval = IntervalSerializer(help_text="95% confidence interval of the percentage.")
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
    window_days = serializers.IntegerField()


class RelatedSkillSerializer(serializers.Serializer[Any]):
    """A skill that postings often require together with another skill."""

    skill = serializers.CharField(source="name")
    display_name = DisplayNameField(source="name")
    percentage = serializers.FloatField(
        help_text=(
            "Percentage of the newest 500 postings requiring the requested skill that also require this related skill."
        )
    )
    market_percentage = serializers.FloatField(
        help_text="Percentage of all postings in the window that require this related skill."
    )


class SkillInMarketSerializer(SkillSerializer):
    """A skill with its market share and related skills."""

    market = SkillShareSerializer()
    related_skills = RelatedSkillSerializer(
        source="market.related",
        many=True,
        help_text="Skills that are more common in postings requiring this skill than in postings overall.",
    )
    see_also = serializers.ListField(
        source="related",
        child=serializers.CharField(),
        help_text="Canonical names of related skills, chosen by curators.",
    )


class NamesSerializer(serializers.Serializer[Any]):
    """Skill names to normalize."""

    skills = BoundedList(
        child=StrictCharField(allow_blank=True, trim_whitespace=False, max_length=MAX_NAME_LENGTH),
        max_length=MAX_NAMES,
        help_text="Skill names in any spelling. Blank names are ignored.",
    )


class RecognizedNameSerializer(serializers.Serializer[Any]):
    """A submitted name and the skill it was resolved to."""

    given = serializers.CharField()
    skill = serializers.CharField()
    display_name = DisplayNameField(source="skill")


class NormalizedNamesSerializer(serializers.Serializer[Any]):
    """Submitted skill names, sorted into recognized and unrecognized names."""

    skills = serializers.ListField(
        child=serializers.CharField(), help_text="Canonical names in the order submitted, without duplicates."
    )
    recognized = RecognizedNameSerializer(many=True)
    not_skills = serializers.ListField(
        child=serializers.CharField(),
        help_text="Names that are known but are not skills, such as job boards. Spelled as submitted.",
    )
    unrecognized = serializers.ListField(
        child=serializers.CharField(), help_text="Names that the vocabulary does not contain. Spelled as submitted."
    )


class TextSerializer(serializers.Serializer[Any]):
    """A text to extract skills from."""

    text = StrictCharField(
        allow_blank=True, trim_whitespace=False, help_text=f"At most {MAX_TEXT_BYTES:,} bytes in UTF-8."
    )

    def validate_text(self, text: str) -> str:
        if len(text.encode()) > MAX_TEXT_BYTES:
            raise serializers.ValidationError(f"This field must be at most {MAX_TEXT_BYTES} bytes long.")
        return text


class SpanSerializer(serializers.Serializer[Any]):
    """The position of one mention of a skill in a text."""

    start = serializers.IntegerField(help_text="Offset of the first character, in Unicode code points.")
    end = serializers.IntegerField(help_text="Offset after the last character, in Unicode code points.")


class ExtractedSkillSerializer(serializers.Serializer[Any]):
    """A skill found in a text, with the position of every mention."""

    skill = serializers.CharField()
    display_name = DisplayNameField(source="skill")
    spans = SpanSerializer(many=True)


class ExtractionSerializer(serializers.Serializer[Any]):
    """The skills found in a text, grouped by category."""

    skills = serializers.DictField(
        child=ExtractedSkillSerializer(many=True),
        help_text="Skills by category. Within a category, skills are in order of first mention.",
    )
    total = serializers.IntegerField(help_text="Number of distinct skills found.")
