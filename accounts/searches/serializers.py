"""What the endpoints under /jobs/searches take and answer."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.applications.serializers import MAX_ID_LENGTH
from accounts.searches.documents import DIGESTS, MAX_NAME_LENGTH
from accounts.searches.services import MAX_MAILED, UNSENT_REASONS
from career_navigator.api.fields import BoundedList, OwnUserId, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import QuerySerializer, SuccessSerializer, validate_as
from market.jobs.serializers import JobFilterSerializer

MAX_TOKEN_LENGTH = 200
MAX_SEEN = 100


@extend_schema_field(JobFilterSerializer)
class FilterField(serializers.Field[Any, Any, Any, Any]):
    """A filter as POST /jobs/relevant_jobs takes it; read as the serializer that has read it."""

    def to_internal_value(self, data: Any) -> JobFilterSerializer:
        return validate_as(JobFilterSerializer, data)

    def to_representation(self, value: Any) -> Any:
        return value


class SavedSearchInSerializer(serializers.Serializer[Any]):
    user_id = OwnUserId()
    name = StrictCharField(max_length=MAX_NAME_LENGTH)
    filter = FilterField()
    digest = StrictChoiceField(
        choices=DIGESTS, required=False, allow_null=True, help_text="How often mails come; null for never."
    )


class SavedSearchChangeSerializer(SavedSearchInSerializer):
    """What is not given stays. Another filter begins again: what was collected until then is not new."""

    name = StrictCharField(max_length=MAX_NAME_LENGTH, required=False)
    filter = FilterField(required=False)


class SavedSearchSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="pk")
    name = serializers.CharField()
    filter = FilterField(help_text="As it was read: canonical skills, country codes, places as postings have them.")
    digest = serializers.ChoiceField(DIGESTS, allow_null=True)
    since = serializers.DateTimeField(help_text="What was first collected from then on can be new.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SearchAnswerSerializer(SuccessSerializer):
    search = SavedSearchSerializer()


class SearchKeptSerializer(SearchAnswerSerializer):
    ignored_fields = serializers.ListField(
        child=serializers.CharField(), help_text="What the filter has besides, which was not looked at."
    )


class SearchesSerializer(SuccessSerializer):
    searches = SavedSearchSerializer(many=True, help_text="In the order in which they were made.")


class SearchDeletedSerializer(SuccessSerializer):
    search_id = serializers.CharField(source="search.pk")


class DigestPreviewSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(
        sorted(UNSENT_REASONS), allow_null=True, help_text="Why no mail would be sent now; null where one would."
    )
    detail = serializers.CharField(allow_null=True, help_text="The reason in a sentence that says what to do.")
    is_example = serializers.BooleanField(
        help_text="Whether nothing is new, and the newest postings of the search serve as an example."
    )
    to = serializers.CharField()
    subject = serializers.CharField()
    text = serializers.CharField()
    html = serializers.CharField()
    jobs = serializers.IntegerField(help_text=f"How many new postings the mail lists, up to {MAX_MAILED}.")
    total = serializers.IntegerField(help_text="How many are new.")


class DigestPreviewAnswerSerializer(SuccessSerializer):
    digest = DigestPreviewSerializer()


class SeenSerializer(serializers.Serializer[Any]):
    job_ids = BoundedList(child=StrictCharField(max_length=MAX_ID_LENGTH), min_length=1, max_length=MAX_SEEN)


class SeenAnswerSerializer(SuccessSerializer):
    seen = serializers.IntegerField(help_text="How many of them are stored postings.")


class TokenQuery(QuerySerializer):
    token = StrictCharField(max_length=MAX_TOKEN_LENGTH, help_text="As in the mail's link.")
