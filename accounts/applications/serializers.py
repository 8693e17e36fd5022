"""What the endpoints of the activity log, of saved jobs, applications and the funnel take and answer."""

import math
from collections.abc import Mapping
from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.applications.documents import MAX_ACTION_TYPE_LENGTH, MAX_NOTE_LENGTH
from accounts.applications.stages import STAGES
from career_navigator.api.fields import BoundedInteger, OwnUserId, PlainNumber, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import QuerySerializer, SuccessSerializer
from market.jobs.serializers import JobListingSerializer

# Of metadata.
MAX_BYTES = 10_000
MAX_LEVELS = 6
_MAX_INTEGER = 2**63 - 1
# Longer than any id; which ids there are is not told by what is refused.
MAX_ID_LENGTH = 100
MAX_FUNNEL_DAYS = 365


@extend_schema_field(OpenApiTypes.OBJECT)
class Metadata(serializers.Field[Any, Any, Any, Any]):
    """An object that JSON can have, within bounds."""

    default_error_messages = {
        "invalid": "This field has to be an object.",
        "too_large": f"This field must have no more than {MAX_BYTES} bytes as JSON.",
        "too_deep": f"This field must not be nested deeper than {MAX_LEVELS} levels.",
        "bad_key": 'This field must have no key that begins with "$" or holds "." or NUL: {name!r}',
        "infinite": "This field must have no number that is infinite.",
        "too_long": f"This field must have no whole number beyond {_MAX_INTEGER}.",
    }

    def __init__(self, **options: Any) -> None:
        bounds = f"Up to {MAX_BYTES} bytes and {MAX_LEVELS} levels; no key begins with `$` or holds `.`."
        super().__init__(allow_null=True, required=False, help_text=bounds, **options)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        self._check(data, 1)
        if len(orjson.dumps(data)) > MAX_BYTES:
            self.fail("too_large")
        return data

    def to_representation(self, value: Any) -> Any:
        return value

    def _check(self, value: Any, depth: int) -> None:
        """Refuse what MongoDB would not keep as it is."""
        if isinstance(value, dict | list) and depth > MAX_LEVELS:
            self.fail("too_deep")
        if isinstance(value, dict):
            for key, each in value.items():
                if key.startswith("$") or "." in key or "\0" in key:
                    self.fail("bad_key", name=key[:50])
                self._check(each, depth + 1)
        elif isinstance(value, list):
            for each in value:
                self._check(each, depth + 1)
        elif isinstance(value, float) and not math.isfinite(value):
            self.fail("infinite")
        elif isinstance(value, int) and not -_MAX_INTEGER <= value <= _MAX_INTEGER:
            self.fail("too_long")


class ActivityInSerializer(serializers.Serializer[Any]):
    user_id = OwnUserId()
    job_id = StrictCharField(max_length=MAX_ID_LENGTH, allow_null=True, required=False)
    action_type = StrictCharField(max_length=MAX_ACTION_TYPE_LENGTH, help_text="As in `search`, `view` or `apply`.")
    metadata = Metadata()


class ActivityRecordedSerializer(SuccessSerializer):
    activity_id = serializers.CharField()


class ActivitiesQuery(QuerySerializer):
    type = StrictCharField(
        required=False, max_length=MAX_ACTION_TYPE_LENGTH, help_text="Only acts of this `action_type`."
    )


class StoredMetadata(serializers.DictField):
    def get_attribute(self, instance: Mapping[str, Any]) -> Any:
        return instance.get("metadata", {})


class ActivitySerializer(serializers.Serializer[Any]):
    # Of a line as it is stored: making a document of each of a hundred takes longer than all the rest.

    id = serializers.CharField(source="_id")
    user_id = serializers.CharField(source="user")
    job_id = serializers.CharField(source="job", allow_null=True)
    action_type = serializers.CharField()
    metadata = StoredMetadata()
    created_at = serializers.DateTimeField()


class SaveJobSerializer(serializers.Serializer[Any]):
    user_id = OwnUserId()
    job_id = StrictCharField(max_length=MAX_ID_LENGTH, required=False, help_text="That of the path.")
    action_type = StrictCharField(
        max_length=MAX_ACTION_TYPE_LENGTH, required=False, help_text="The log's line is always `save_job`."
    )
    activity_metadata = Metadata()


class JobSavedSerializer(SuccessSerializer):
    activity_id = serializers.CharField(help_text="The act that put the job here, now or earlier.")


class OwnUserQuery(QuerySerializer):
    user_id = OwnUserId()


class JobUnsavedSerializer(SuccessSerializer):
    msg = serializers.ChoiceField(["Saved job deleted"])


class SavedJobsQuery(QuerySerializer):
    stage = StrictChoiceField(choices=STAGES, required=False, help_text="Only those at this stage; else all.")


class ApplicationChangeSerializer(serializers.Serializer[Any]):
    user_id = OwnUserId()
    stage = StrictChoiceField(choices=STAGES)
    note = StrictCharField(
        max_length=MAX_NOTE_LENGTH,
        allow_blank=True,
        allow_null=True,
        required=False,
        help_text="Left as it is when not given or null; empty clears it.",
    )
    date = serializers.DateField(
        allow_null=True,
        required=False,
        help_text="The day on which the stage was reached; by default the one that was noted, else today.",
    )


class ReachedSerializer(serializers.Serializer[Any]):
    saved = serializers.DateField(allow_null=True)
    applied = serializers.DateField(allow_null=True)
    interview = serializers.DateField(allow_null=True)
    offer = serializers.DateField(allow_null=True)
    rejected = serializers.DateField(allow_null=True)
    withdrawn = serializers.DateField(allow_null=True)


class ApplicationSerializer(serializers.Serializer[Any]):
    job_id = serializers.CharField(source="job")
    stage = serializers.ChoiceField(STAGES)
    date = serializers.DateField(source="stage_date", help_text="The day on which the stage was reached.")
    reached = ReachedSerializer(
        source="stage_dates", help_text="The days of all stages that were reached, corrections made."
    )
    note = serializers.CharField(allow_null=True)
    resume_id = serializers.CharField(source="resume", allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    job = JobListingSerializer(
        source="listing",
        help_text="Of a posting that is stored no longer what was kept when the job was put here, and `job_expired`.",
    )


class ApplicationChangedSerializer(SuccessSerializer):
    activity_id = serializers.CharField(source="application.activity")
    application = ApplicationSerializer()


class ApplicationDetailSerializer(SuccessSerializer):
    application = ApplicationSerializer()
    timeline = ActivitySerializer(many=True, help_text="What has become of it, oldest first.")


class FunnelQuery(QuerySerializer):
    days = BoundedInteger(minimum=1, maximum=MAX_FUNNEL_DAYS, default=90, help_text="Days up to and including today.")


class StageCountSerializer(serializers.Serializer[Any]):
    stage = serializers.ChoiceField(STAGES)
    reached = serializers.IntegerField(help_text="Applications that came to the stage within the window.")
    standing = serializers.IntegerField(help_text="All applications that stand there now.")


class StepSerializer(serializers.Serializer[Any]):
    from_stage = serializers.ChoiceField(STAGES)
    to_stage = serializers.ChoiceField(STAGES)
    entered = serializers.IntegerField(help_text="Applications that came to `from_stage` within the window.")
    advanced = serializers.IntegerField(help_text="Those of them that have come to `to_stage` by now.")
    rate = serializers.FloatField(allow_null=True, help_text="In percent; null where none entered.")
    median_days = PlainNumber(
        allow_null=True, help_text="Between the two, of those that advanced; null where it is known of none."
    )


class FunnelSerializer(SuccessSerializer):
    days = serializers.IntegerField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    stages = StageCountSerializer(many=True)
    steps = StepSerializer(many=True)
