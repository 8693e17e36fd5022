"""Serializers of the read-only endpoints under /jobs."""

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
from skills.vocabulary import get_spelling_key

MAX_TEXT_LENGTH = 200
MAX_VALUES = 100
# The highest offset for paging. Clients reach postings beyond it with a narrower filter.
MAX_OFFSET = 1_000_000
SENIORITIES = ("junior", "mid_level", "senior", "staff", "c_level")
MAX_SALARY = 1_000_000_000


class StrictBooleanField(serializers.BooleanField):
    """A JSON boolean. Strings and numbers are rejected, unlike in DRF's BooleanField."""

    default_error_messages = {"invalid": "This field must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return bool(data)


class RoleTitleField(StrictCharField):
    """A role to search for in titles. The value is not changed, but it must contain a word."""

    def to_internal_value(self, data: Any) -> str:
        title = super().to_internal_value(data)
        if not normalize_role(title):
            raise serializers.ValidationError("This field must name a role.")
        return title


class SkillNameField(StrictCharField):
    """A skill in any spelling, converted to its canonical name."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        # `map_technology_slugs` drops unknown names. An unknown skill must stay a criterion that no posting matches.
        return get_vocabulary().get_canonical_name(name) or next(
            iter(get_vocabulary().map_technology_slugs([name])), get_spelling_key(name) or name.lower()
        )


class CountryNameField(StrictCharField):
    """A country given by ISO 3166 alpha-2 code or by name, converted to the code."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        # `find_country` reads "Georgia" as the US state, but this field only takes countries.
        found = {"georgia": "GE"}.get(fold(name)) or find_country(name)
        code = name.upper() if is_country_code(name.upper()) else found
        if code is None:
            raise serializers.ValidationError("This field must be an ISO 3166 alpha-2 country code or a country name.")
        return code


class PlaceNameField(StrictCharField):
    """A place in any spelling, converted to the label that postings have."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        label = normalize_place(label=name)
        if label == UNKNOWN and name != UNKNOWN:
            raise serializers.ValidationError("This field must name a place.")
        return label


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z]{3}$"})
class CurrencyCodeField(StrictCharField):
    """An ISO 4217 currency code in upper or lower case."""

    def to_internal_value(self, data: Any) -> str:
        import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

        code = super().to_internal_value(data).upper()
        if len(code) != 3 or pycountry.currencies.get(alpha_3=code) is None:
            raise serializers.ValidationError("This field must be an ISO 4217 currency code.")
        return code


def _optional_list(child: serializers.Field[Any, Any, Any, Any], help_text: str) -> serializers.ListField:
    return BoundedList(child=child, max_length=MAX_VALUES, required=False, allow_null=True, help_text=help_text)


class JobFilterSerializer(serializers.Serializer[Any]):
    """Serializer for job search criteria. Every field is optional and nullable.

    `job_filter` has the validated criteria, and `ignored_fields` the names of unknown fields in the body.
    """

    titles = _optional_list(
        RoleTitleField(max_length=MAX_TEXT_LENGTH), "At least one is the posting's role or appears in its title."
    )
    text = StrictCharField(
        max_length=MAX_TEXT_LENGTH,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Every word must appear in the title, company or place, or be one of the skills.",
    )
    skills_any = _optional_list(
        SkillNameField(max_length=MAX_TEXT_LENGTH), "The posting requires at least one of the skills."
    )
    skills_all = _optional_list(SkillNameField(max_length=MAX_TEXT_LENGTH), "The posting requires all of the skills.")
    skills_none = _optional_list(SkillNameField(max_length=MAX_TEXT_LENGTH), "The posting requires none of the skills.")
    countries = _optional_list(CountryNameField(max_length=MAX_TEXT_LENGTH), "ISO 3166 alpha-2 codes or names.")
    places = _optional_list(PlaceNameField(max_length=MAX_TEXT_LENGTH), "Cities, states, countries or Remote.")
    remote = StrictBooleanField(required=False, allow_null=True)
    hybrid = StrictBooleanField(required=False, allow_null=True)
    seniorities = _optional_list(StrictChoiceField(SENIORITIES), f"Any of {', '.join(SENIORITIES)}.")
    min_salary = BoundedNumber(
        minimum=0,
        maximum=MAX_SALARY,
        required=False,
        allow_null=True,
        help_text=(
            "Minimum pay per year. The posting's maximum pay must be at least this. Postings that do not state their"
            " pay are left out."
        ),
    )
    currency = CurrencyCodeField(
        max_length=3,
        required=False,
        allow_null=True,
        help_text=(
            "ISO 4217 code of the currency of min_salary; defaults to USD. Only postings that pay in this currency"
            " match. USD also matches postings whose source states the pay in USD. No exchange rates are applied."
        ),
    )
    posted_within_days = BoundedInteger(
        minimum=1,
        maximum=MAX_WINDOW_DAYS,
        required=False,
        allow_null=True,
        help_text="Days up to and including today, in UTC.",
    )
    companies = _optional_list(
        StrictCharField(max_length=MAX_TEXT_LENGTH), "Company names. Case and punctuation are ignored."
    )
    exclude_companies = _optional_list(
        StrictCharField(max_length=MAX_TEXT_LENGTH), "Company names. Case and punctuation are ignored."
    )

    @property
    def job_filter(self) -> JobFilter:
        """The validated criteria, without fields that a subclass adds. Requires `is_valid()` first."""
        criteria: dict[str, Any] = {
            name: tuple(dict.fromkeys(value)) if isinstance(value, list) else value
            for name, value in self.validated_data.items()
            if value is not None and name in JobFilter.__dataclass_fields__
        }
        return JobFilter(**criteria)

    @property
    def ignored_fields(self) -> list[str]:
        """The names of unknown fields in the body, in alphabetical order."""
        return sorted(str(name) for name in self.initial_data if name not in self.fields)


# drf-spectacular appends "Request" to the component name, so the class name would contain it twice.
@extend_schema_serializer(component_name="RelevantJobs")
class RelevantJobsRequestSerializer(JobFilterSerializer):
    """Serializer for the body of a relevant-jobs request: criteria, ordering and page."""

    user_id = OwnUserId()
    ordering = StrictChoiceField(
        ORDERINGS,
        default=ORDERINGS[0],
        help_text="Best match, newest or best paid first. Ties are sorted by date, then by id.",
    )
    limit = BoundedInteger(minimum=1, maximum=100, default=20)
    offset = BoundedInteger(minimum=0, maximum=MAX_OFFSET, default=0)


@extend_schema_field({"type": "null"})
class NoneField(serializers.Field[None, None, None, Any]):
    """A field that is always null."""

    def to_representation(self, value: Any) -> None:
        return None


class JobListingSerializer(serializers.Serializer[Any]):
    """A job posting. Information that the source does not provide is null or empty."""

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
    min_salary = PlainNumber(allow_null=True, help_text="Minimum pay per year in `currency`.")
    max_salary = PlainNumber(allow_null=True, help_text="Maximum pay per year in `currency`.")
    currency = serializers.CharField(allow_null=True, help_text="ISO 4217.")
    country = serializers.CharField(allow_null=True, help_text="The name of the country in `country_code`.")
    country_code = serializers.CharField(allow_null=True, help_text="ISO 3166 alpha-2.")
    seniority = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)
    reposted = serializers.BooleanField(allow_null=True)
    date_reposted = serializers.DateField(allow_null=True)
    job_expired = serializers.BooleanField(
        help_text=f"Whether the job was closed, or last posted more than {EXPIRES_AFTER_DAYS} days ago."
    )
    industry_id = serializers.IntegerField(source="company_industry_id", allow_null=True)
    matching_phrase = serializers.CharField(
        allow_null=True,
        help_text=(
            "In filtered lists: the first title of the filter that is the posting's role or appears in its title."
            " Otherwise the filter's text if it appears in the title."
        ),
    )
    matching_words = serializers.ListField(
        child=serializers.CharField(),
        help_text="In filtered lists: the words and skills of the filter that match the posting.",
    )
    experience = PlainNumber(source="years_asked", allow_null=True, help_text="Required years of experience.")
    key_info = serializers.ListField(child=serializers.CharField(), help_text="Short facts about the job.")
    technologies = serializers.ListField(child=serializers.CharField(), help_text="Display names of the skills.")
    skills = serializers.ListField(child=serializers.CharField(), help_text="Canonical names.")
    nice_to_have = serializers.ListField(
        child=serializers.CharField(), help_text="Canonical names of the skills that are not required."
    )
    hiring_team = NoneField(help_text="Always null: people's names are not stored.")


class JobAnswerSerializer(SuccessSerializer, JobListingSerializer):
    """Response with one job posting."""


class RankedJobSerializer(JobListingSerializer):
    """A job posting with its match score."""

    match_score = serializers.IntegerField(
        allow_null=True, help_text="0 to 100, or null if the current user's profile has nothing to compare."
    )


class FacetValueSerializer(serializers.Serializer[Any]):
    """A facet value and the number of postings that have it."""

    value = serializers.CharField(help_text="The value to filter by.")
    label = serializers.CharField(help_text="The display name.")  # type: ignore[assignment]  # Field has a label too
    count = serializers.IntegerField()


class FacetsSerializer(serializers.Serializer[Any]):
    """Facets of the postings that match a filter."""

    postings = serializers.IntegerField(help_text="The number of postings counted: the newest that match the filter.")
    skills = FacetValueSerializer(many=True)
    countries = FacetValueSerializer(many=True)
    places = FacetValueSerializer(many=True)
    remote = FacetValueSerializer(many=True, help_text="`true`, `false` and `unknown`.")
    seniorities = FacetValueSerializer(many=True)
    companies = FacetValueSerializer(many=True)


class RelevantJobsSerializer(SuccessSerializer):
    """Response with a page of relevant jobs and the facets of all matches."""

    jobs = RankedJobSerializer(many=True)
    total = serializers.IntegerField(
        source="found.total",
        help_text="The number of matches. Counting stops at 10,000 or after a quarter of a second.",
    )
    total_is_exact = serializers.BooleanField(
        source="found.total_is_exact", help_text="False if there may be more matches than `total`."
    )
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    ordered_by = serializers.ChoiceField(ORDERINGS, source="found.ordered_by")
    facets = FacetsSerializer(source="found.facets")
    ignored_fields = serializers.ListField(
        child=serializers.CharField(), help_text="Fields of the request body that are unknown and were ignored."
    )
