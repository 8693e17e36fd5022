"""Request and response serializers for the endpoints under /jobs/searches."""

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
    """A filter in the format of POST /jobs/relevant_jobs. The value is the serializer that validated it."""

    def to_internal_value(self, data: Any) -> JobFilterSerializer:
        return validate_as(JobFilterSerializer, data)

    def to_representation(self, value: Any) -> Any:
        return value


class SavedSearchInSerializer(serializers.Serializer[Any]):
    """A search to save."""

    user_id = OwnUserId()
    name = StrictCharField(max_length=MAX_NAME_LENGTH)
    filter = FilterField()
    digest = StrictChoiceField(
        choices=DIGESTS, required=False, allow_null=True, help_text="Frequency of emails. Null means no emails."
    )


class SavedSearchChangeSerializer(SavedSearchInSerializer):
    """Fields of a saved search to change. Omitted fields are not changed.

    After a change of the filter, only postings collected from then on are new.
    """

    name = StrictCharField(max_length=MAX_NAME_LENGTH, required=False)
    filter = FilterField(required=False)


class SavedSearchSerializer(serializers.Serializer[Any]):
    """A saved search."""

    id = serializers.CharField(source="pk")
    name = serializers.CharField()
    filter = FilterField(
        help_text="The normalized filter: canonical skills, country codes, and places as spelled in postings."
    )
    digest = serializers.ChoiceField(DIGESTS, allow_null=True)
    since = serializers.DateTimeField(help_text="Postings first collected since this time can be new.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SearchAnswerSerializer(SuccessSerializer):
    """A response with one saved search."""

    search = SavedSearchSerializer()


class SearchKeptSerializer(SearchAnswerSerializer):
    """A saved search after a change, with the fields of its filter that were ignored."""

    ignored_fields = serializers.ListField(
        child=serializers.CharField(), help_text="Unknown fields of the filter, which were ignored."
    )


class SearchesSerializer(SuccessSerializer):
    """The saved searches of a user."""

    searches = SavedSearchSerializer(many=True, help_text="In order of creation.")


class SearchDeletedSerializer(SuccessSerializer):
    """The id of a deleted search."""

    search_id = serializers.CharField(source="search.pk")


class DigestPreviewSerializer(serializers.Serializer[Any]):
    """A preview of the next digest email."""

    reason = serializers.ChoiceField(
        sorted(UNSENT_REASONS),
        allow_null=True,
        help_text="Why no email would be sent now. Null if an email would be sent.",
    )
    detail = serializers.CharField(allow_null=True, help_text="The reason as a sentence, with what to do about it.")
    is_example = serializers.BooleanField(
        help_text="True if there are no new postings and the preview shows the newest matching postings instead."
    )
    to = serializers.CharField()
    subject = serializers.CharField()
    text = serializers.CharField()
    html = serializers.CharField()
    jobs = serializers.IntegerField(help_text=f"Number of new postings listed in the email, at most {MAX_MAILED}.")
    total = serializers.IntegerField(help_text="Number of new postings.")


class DigestPreviewAnswerSerializer(SuccessSerializer):
    """A response with a digest preview."""

    digest = DigestPreviewSerializer()


class SeenSerializer(serializers.Serializer[Any]):
    """The postings to mark as seen."""

    job_ids = BoundedList(child=StrictCharField(max_length=MAX_ID_LENGTH), min_length=1, max_length=MAX_SEEN)


class SeenAnswerSerializer(SuccessSerializer):
    """The number of postings marked as seen."""

    seen = serializers.IntegerField(help_text="Number of given ids that are stored postings.")


class TokenQuery(QuerySerializer):
    """Query parameters of an unsubscribe link."""

    token = StrictCharField(max_length=MAX_TOKEN_LENGTH, help_text="The token from the link in the email.")
