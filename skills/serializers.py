"""What the endpoints under /skills take and answer."""

from typing import Any

from rest_framework import serializers

from career_navigator.api.fields import BoundedList, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import QuerySerializer
from skills.selectors import get_vocabulary
from skills.vocabulary import CATEGORIES

MAX_NAME_LENGTH = 100
MAX_TEXT_BYTES = 100_000
MAX_NAMES = 500


class Category(StrictChoiceField):
    """A category, in capitals or not."""

    def to_internal_value(self, data: Any) -> Any:
        written = {category.casefold(): category for category in CATEGORIES}
        return super().to_internal_value(written.get(data.casefold(), data) if isinstance(data, str) else data)


class DisplayNameField(serializers.CharField):
    """The name that people read, of a canonical one."""

    def to_representation(self, value: str) -> str:
        return get_vocabulary().display_name(value)


class CategoryOfField(serializers.ChoiceField):
    """The category of a canonical name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CATEGORIES, **options)

    def to_representation(self, value: str) -> str:
        return get_vocabulary().category(value)


class SkillsQuery(QuerySerializer):
    query = StrictCharField(
        default="",
        allow_blank=True,
        max_length=MAX_NAME_LENGTH,
        help_text="What the name, an alias or a word of them begins with; case, hyphens and dots do not matter.",
    )
    category = Category(choices=CATEGORIES, required=False)
    subcategory = StrictCharField(required=False, max_length=MAX_NAME_LENGTH)


class SkillSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The canonical name.")
    display_name = serializers.CharField()
    category = serializers.ChoiceField(CATEGORIES)
    subcategory = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    prerequisites = serializers.ListField(child=serializers.CharField(), help_text="Canonical names.")


PREVIOUS_PERCENTAGE = "Likewise in the window before; null where either window has fewer than 20 postings."
CHANGE_IN_POINTS = "Of the share, in percentage points: it does not depend on how much is collected."
GROWTH = (
    "Change of the count against the window before; null also where none of the earlier postings asks for it, and where"
    " one window has more than twice the other's postings, which were not collected alike then."
)


class SkillShareSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Postings of the window that ask for the skill.")
    total_postings = serializers.IntegerField(source="postings")
    percentage = serializers.FloatField(help_text="Of all postings of the window.")
    previous_percentage = serializers.FloatField(
        source="comparison.previous_percentage", allow_null=True, help_text=PREVIOUS_PERCENTAGE
    )
    change_in_points = serializers.FloatField(
        source="comparison.change_in_points", allow_null=True, help_text=CHANGE_IN_POINTS
    )
    growth_percentage = serializers.FloatField(source="comparison.growth_percentage", allow_null=True, help_text=GROWTH)
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
        child=StrictCharField(allow_blank=True, trim_whitespace=False, max_length=MAX_NAME_LENGTH),
        max_length=MAX_NAMES,
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
    text = StrictCharField(
        allow_blank=True, trim_whitespace=False, help_text=f"At most {MAX_TEXT_BYTES:,} bytes in UTF-8."
    )

    def validate_text(self, text: str) -> str:
        if len(text.encode()) > MAX_TEXT_BYTES:
            raise serializers.ValidationError(f"This field has to be at most {MAX_TEXT_BYTES} bytes long.")
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
