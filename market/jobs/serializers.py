"""What the endpoints under /jobs that only read take and answer."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from career_navigator.api.fields import (
    BoundedInteger,
    BoundedList,
    BoundedNumber,
    OwnUserId,
    PlainNumber,
    StrictCharField,
    StrictChoiceField,
)
from career_navigator.api.serializers import SuccessSerializer
from market.geo.names import UNKNOWN, find_country, fold, is_country_code
from market.geo.places import normalize_place
from market.jobs.filters import JobFilter
from market.jobs.listings import EXPIRES_AFTER_DAYS
from market.jobs.selectors import ORDERINGS
from market.roles import normalize_role
from market.trends import MAX_WINDOW_DAYS
from skills.selectors import get_vocabulary
from skills.vocabulary import spelling_key

MAX_TEXT_LENGTH = 200
MAX_VALUES = 100
# As far as anybody can page; what lies beyond is found by a narrower filter.
MAX_OFFSET = 1_000_000
SENIORITIES = ("junior", "mid_level", "senior", "staff", "c_level")
MAX_SALARY = 1_000_000_000


class StrictBooleanField(serializers.BooleanField):
    """true or false, and no word or number for them."""

    default_error_messages = {"invalid": "This field has to be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return bool(data)


class RoleTitleField(StrictCharField):
    """A title to look for, as it was given."""

    def to_internal_value(self, data: Any) -> str:
        title = super().to_internal_value(data)
        if not normalize_role(title):
            raise serializers.ValidationError("This field has to name a role.")
        return title


class SkillNameField(StrictCharField):
    """A skill in any spelling; read as its canonical name."""

    def to_internal_value(self, data: Any) -> str:
        given = super().to_internal_value(data)
        # Not by `map_technology_slugs` alone, which drops a name that means no skill: no posting asks for it.
        return get_vocabulary().canonical(given) or next(
            iter(get_vocabulary().map_technology_slugs([given])), spelling_key(given) or given.lower()
        )


class CountryNameField(StrictCharField):
    """A country by its ISO 3166 alpha-2 code or its name; read as the code."""

    def to_internal_value(self, data: Any) -> str:
        given = super().to_internal_value(data)
        # As a place's name "Georgia" is the state; as a country's it is not.
        known = {"georgia": "GE"}.get(fold(given)) or find_country(given)
        code = given.upper() if is_country_code(given.upper()) else known
        if code is None:
            raise serializers.ValidationError("This field has to be a country's ISO 3166 alpha-2 code or its name.")
        return code


class PlaceNameField(StrictCharField):
    """A place as people write it; read as the label that postings have."""

    def to_internal_value(self, data: Any) -> str:
        given = super().to_internal_value(data)
        label = normalize_place(label=given)
        if label == UNKNOWN and given != UNKNOWN:
            raise serializers.ValidationError("This field has to name a place.")
        return label


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z]{3}$"})
class CurrencyCodeField(StrictCharField):
    """An ISO 4217 code, in any case."""

    def to_internal_value(self, data: Any) -> str:
        import pycountry  # its tables are read at the first question, not at import

        code = super().to_internal_value(data).upper()
        if len(code) != 3 or pycountry.currencies.get(alpha_3=code) is None:
            raise serializers.ValidationError("This field has to be an ISO 4217 currency code.")
        return code


def _many(child: serializers.Field[Any, Any, Any, Any], help_text: str) -> serializers.ListField:
    return BoundedList(child=child, max_length=MAX_VALUES, required=False, allow_null=True, help_text=help_text)


class JobFilterSerializer(serializers.Serializer[Any]):
    """JobFilterRequest: every field may be left out or null. `job_filter` is what was read.

    `ignored_fields` names what the body has besides.
    """

    titles = _many(
        RoleTitleField(max_length=MAX_TEXT_LENGTH), "One of them is the posting's role, or is named in its title."
    )
    text = StrictCharField(
        max_length=MAX_TEXT_LENGTH,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Every word has to be in the title, the company or the place, or be one of the skills.",
    )
    skills_any = _many(SkillNameField(max_length=MAX_TEXT_LENGTH), "One of them is asked for.")
    skills_all = _many(SkillNameField(max_length=MAX_TEXT_LENGTH), "All of them are asked for.")
    skills_none = _many(SkillNameField(max_length=MAX_TEXT_LENGTH), "None of them is asked for.")
    countries = _many(CountryNameField(max_length=MAX_TEXT_LENGTH), "ISO 3166 alpha-2 codes or names.")
    places = _many(PlaceNameField(max_length=MAX_TEXT_LENGTH), "Cities, states, countries, or Remote.")
    remote = StrictBooleanField(required=False, allow_null=True)
    hybrid = StrictBooleanField(required=False, allow_null=True)
    seniorities = _many(StrictChoiceField(SENIORITIES), f"Of {', '.join(SENIORITIES)}.")
    min_salary = BoundedNumber(
        minimum=0,
        maximum=MAX_SALARY,
        required=False,
        allow_null=True,
        help_text=(
            "A year's pay that the upper end of the posting's has to reach. Postings that do not say are left out."
        ),
    )
    currency = CurrencyCodeField(
        max_length=3,
        required=False,
        allow_null=True,
        help_text=(
            "ISO 4217, of min_salary; USD without one. Compared with what pays in this currency; USD is compared with "
            "every posting that says what it pays in USD. Nothing is converted by rates."
        ),
    )
    posted_within_days = BoundedInteger(
        minimum=1,
        maximum=MAX_WINDOW_DAYS,
        required=False,
        allow_null=True,
        help_text="Days up to and including today, in UTC.",
    )
    companies = _many(StrictCharField(max_length=MAX_TEXT_LENGTH), "In any case and punctuation.")
    exclude_companies = _many(StrictCharField(max_length=MAX_TEXT_LENGTH), "In any case and punctuation.")

    @property
    def job_filter(self) -> JobFilter:
        """What was read; after `is_valid`. A field of a subclass is passed over."""
        given: dict[str, Any] = {
            name: tuple(dict.fromkeys(value)) if isinstance(value, list) else value
            for name, value in self.validated_data.items()
            if value is not None and name in JobFilter.__dataclass_fields__
        }
        return JobFilter(**given)

    @property
    def ignored_fields(self) -> list[str]:
        """The names in the body that mean nothing here, in their order in the alphabet."""
        return sorted(str(name) for name in self.initial_data if name not in self.fields)


# Else "Request" would be in the component's name twice.
@extend_schema_serializer(component_name="RelevantJobs")
class RelevantJobsRequestSerializer(JobFilterSerializer):
    user_id = OwnUserId()
    ordering = StrictChoiceField(
        ORDERINGS,
        default=ORDERINGS[0],
        help_text="The best match, the newest or the best paid first; equals by date, then by id.",
    )
    limit = BoundedInteger(minimum=1, maximum=100, default=20)
    offset = BoundedInteger(minimum=0, maximum=MAX_OFFSET, default=0)


@extend_schema_field({"type": "null"})
class NoneField(serializers.Field[None, None, None, Any]):
    def to_representation(self, value: Any) -> None:
        return None


class JobListingSerializer(serializers.Serializer[Any]):
    """What the posting's source does not say is null or empty."""

    id = serializers.CharField(source="_id")
    job_title = serializers.CharField(source="title")
    url = serializers.CharField(allow_null=True)
    date_posted = serializers.DateField(allow_null=True)
    company = serializers.CharField()
    company_domain = serializers.CharField(allow_null=True)
    location = serializers.CharField(allow_null=True)
    remote = serializers.BooleanField(allow_null=True)
    hybrid = serializers.BooleanField(allow_null=True)
    salary_string = serializers.CharField(allow_null=True)
    min_salary = PlainNumber(allow_null=True, help_text="A year's pay, in the currency.")
    max_salary = PlainNumber(allow_null=True, help_text="A year's pay, in the currency.")
    currency = serializers.CharField(allow_null=True, help_text="ISO 4217.")
    country = serializers.CharField(allow_null=True, help_text="The name of the code.")
    country_code = serializers.CharField(allow_null=True, help_text="ISO 3166 alpha-2.")
    seniority = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)
    reposted = serializers.BooleanField(allow_null=True)
    date_reposted = serializers.DateField(allow_null=True)
    job_expired = serializers.BooleanField(
        help_text=f"Closed, or posted the last time more than {EXPIRES_AFTER_DAYS} days ago."
    )
    industry_id = serializers.IntegerField(source="company_industry_id", allow_null=True)
    matching_phrase = serializers.CharField(
        allow_null=True,
        help_text=(
            "Of filtered lists: the filter's first title that is the posting's role or is named in its title; else the "
            "filter's text, where the title has it."
        ),
    )
    matching_words = serializers.ListField(
        child=serializers.CharField(), help_text="Of filtered lists: the filter's words and skills that it has."
    )
    experience = PlainNumber(source="years_asked", allow_null=True, help_text="Years that the posting asks for.")
    key_info = serializers.ListField(child=serializers.CharField(), help_text="Short facts.")
    technologies = serializers.ListField(child=serializers.CharField(), help_text="The skills as they are written.")
    skills = serializers.ListField(child=serializers.CharField(), help_text="Canonical names.")
    nice_to_have = serializers.ListField(
        child=serializers.CharField(), help_text="Those of the skills that the posting does not insist on."
    )
    hiring_team = NoneField(help_text="Always null: people's names are not stored.")


class JobAnswerSerializer(SuccessSerializer, JobListingSerializer):
    """One posting."""


class RankedJobSerializer(JobListingSerializer):
    match_score = serializers.IntegerField(
        allow_null=True, help_text="0 to 100; null where the current user's profile has nothing to compare."
    )


class FacetValueSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="What the filter takes.")
    label = serializers.CharField(help_text="How it is shown.")  # type: ignore[assignment]  # Field has a label too
    count = serializers.IntegerField()


class FacetsSerializer(serializers.Serializer[Any]):
    postings = serializers.IntegerField(help_text="How many were counted: the newest of those found.")
    skills = FacetValueSerializer(many=True)
    countries = FacetValueSerializer(many=True)
    places = FacetValueSerializer(many=True)
    remote = FacetValueSerializer(many=True, help_text="true and false for the filter's truth values, and unknown.")
    seniorities = FacetValueSerializer(many=True)
    companies = FacetValueSerializer(many=True)


class RelevantJobsSerializer(SuccessSerializer):
    """A page of the relevant jobs."""

    jobs = RankedJobSerializer(many=True)
    total = serializers.IntegerField(
        source="found.total", help_text="How many were found; counted to 10,000 or for a quarter of a second."
    )
    total_is_exact = serializers.BooleanField(
        source="found.total_is_exact", help_text="Whether there are no more than that."
    )
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    ordered_by = serializers.ChoiceField(ORDERINGS, source="found.ordered_by")
    facets = FacetsSerializer(source="found.facets")
    ignored_fields = serializers.ListField(
        child=serializers.CharField(), help_text="What the body had besides, which was not looked at."
    )
