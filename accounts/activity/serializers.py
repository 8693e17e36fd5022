"""What the endpoints under /activity take and answer."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.activity.documents import LONGEST_ACTION_TYPE
from accounts.activity.metadata import DEEPEST, MOST_BYTES, MetadataRefused, check_metadata
from career_navigator.api.fields import Text
from career_navigator.api.serializers import QuerySerializer, SuccessSerializer

# Longer than any id; which ids there are is not told by what is refused.
LONGEST_ID = 100


@extend_schema_field(OpenApiTypes.OBJECT)
class Metadata(serializers.Field[Any, Any, Any, Any]):
    """An object that JSON can have, within bounds."""

    default_error_messages = {"invalid": "This field has to be an object."}

    def __init__(self, **options: Any) -> None:
        bounds = f"Up to {MOST_BYTES} bytes and {DEEPEST} levels; no key begins with `$` or holds `.`."
        super().__init__(allow_null=True, required=False, help_text=bounds, **options)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        try:
            check_metadata(data)
        except MetadataRefused as error:
            raise serializers.ValidationError(f"This field {error}") from error
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class ActivityInSerializer(serializers.Serializer[Any]):
    user_id = Text(max_length=LONGEST_ID, help_text="The caller's own.")
    job_id = Text(max_length=LONGEST_ID, allow_null=True, required=False)
    action_type = Text(max_length=LONGEST_ACTION_TYPE, help_text="As in `search`, `view` or `apply`.")
    metadata = Metadata()


class ActivityRecordedSerializer(SuccessSerializer):
    activity_id = serializers.CharField()


class ActivitiesQuery(QuerySerializer):
    type = Text(required=False, max_length=LONGEST_ACTION_TYPE, help_text="Only acts of this `action_type`.")


class StoredMetadata(serializers.DictField):
    def get_attribute(self, instance: Mapping[str, Any]) -> Any:
        return instance.get("metadata", {})


class ActivitySerializer(serializers.Serializer[Any]):
    """A line as it is stored: making a document of each of a hundred takes longer than all the rest."""

    id = serializers.CharField(source="_id")
    user_id = serializers.CharField(source="user")
    job_id = serializers.CharField(source="job", allow_null=True)
    action_type = serializers.CharField()
    metadata = StoredMetadata()
    created_at = serializers.DateTimeField()
