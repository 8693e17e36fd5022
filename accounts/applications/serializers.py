"""Request and response serializers for the activity log, saved jobs, applications and the funnel."""

import math
from collections.abc import Mapping
from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.applications.documents import MAX_ACTION_TYPE_LENGTH, MAX_NOTE_LENGTH
from accounts.applications.reliability import MIN_APPLICATIONS
from accounts.applications.stages import STAGES
from career_navigator.api.fields import BoundedInteger, OwnUserId, PlainNumber, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import QuerySerializer, SuccessSerializer
from market.jobs.serializers import JobListingSerializer
from skills.serializers import IntervalSerializer

MAX_METADATA_BYTES = 10_000
MAX_METADATA_DEPTH = 6
# The range of a 64-bit integer in BSON.
_MAX_INTEGER = 2**63 - 1
# Longer than any id, so that an error does not reveal which ids exist.
MAX_ID_LENGTH = 100
MAX_FUNNEL_DAYS = 365


@extend_schema_field(OpenApiTypes.OBJECT)
class Metadata(serializers.Field[Any, Any, Any, Any]):
    """A JSON object that is small enough to store and has only keys and numbers that MongoDB supports."""

    default_error_messages = {
        "invalid": "This field must be an object.",
        "too_large": f"This field must have at most {MAX_METADATA_BYTES} bytes as JSON.",
        "too_deep": f"This field must not be nested deeper than {MAX_METADATA_DEPTH} levels.",
        "bad_key": 'This field must not have keys that start with "$" or contain "." or NUL: {name!r}',
        "infinite": "This field must not contain infinite numbers.",
        "too_long": f"This field must not contain integers beyond {_MAX_INTEGER}.",
    }

    def __init__(self, **options: Any) -> None:
        limits = (
            f"At most {MAX_METADATA_BYTES} bytes and {MAX_METADATA_DEPTH} levels. "
            "Keys must not start with `$` or contain `.`."
        )
        super().__init__(allow_null=True, required=False, help_text=limits, **options)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        self._check(data, 1)
        if len(orjson.dumps(data)) > MAX_METADATA_BYTES:
            self.fail("too_large")
        return data

    def to_representation(self, value: Any) -> Any:
        return value

    def _check(self, value: Any, depth: int) -> None:
        """Reject values that MongoDB would not store unchanged."""
        if isinstance(value, dict | list) and depth > MAX_METADATA_DEPTH:
            self.fail("too_deep")
        if isinstance(value, dict):
            for key, item in value.items():
                if key.startswith("$") or "." in key or "\0" in key:
                    self.fail("bad_key", name=key[:50])
                self._check(item, depth + 1)
        elif isinstance(value, list):
            for item in value:
                self._check(item, depth + 1)
        elif isinstance(value, float) and not math.isfinite(value):
            self.fail("infinite")
        elif isinstance(value, int) and not -_MAX_INTEGER <= value <= _MAX_INTEGER:
            self.fail("too_long")


class ActivityInSerializer(serializers.Serializer[Any]):
    """An entry to add to the activity log."""

    user_id = OwnUserId()
    job_id = StrictCharField(max_length=MAX_ID_LENGTH, allow_null=True, required=False)
    action_type = StrictCharField(max_length=MAX_ACTION_TYPE_LENGTH, help_text="For example `search`, `view`, `apply`.")
    metadata = Metadata()


class ActivityRecordedSerializer(SuccessSerializer):
    """The id of a new entry in the activity log."""

    activity_id = serializers.CharField()


class ActivitiesQuery(QuerySerializer):
    """Query parameters of the activity log."""

    type = StrictCharField(
        required=False, max_length=MAX_ACTION_TYPE_LENGTH, help_text="Return only entries with this `action_type`."
    )


class StoredMetadata(serializers.DictField):
    """The metadata of a log entry, or an empty object if it has none."""

    def get_attribute(self, instance: Mapping[str, Any]) -> Any:
        return instance.get("metadata", {})


class ActivitySerializer(serializers.Serializer[Any]):
    """An entry of the activity log.

    Serializes raw MongoDB documents. Building a MongoEngine document for each of a hundred entries would take longer
    than the rest of the request.
    """

    id = serializers.CharField(source="_id")
    user_id = serializers.CharField(source="user")
    job_id = serializers.CharField(source="job", allow_null=True)
    action_type = serializers.CharField()
    metadata = StoredMetadata()
    created_at = serializers.DateTimeField()


class SaveJobSerializer(serializers.Serializer[Any]):
    """A job to save. All fields are optional."""

    user_id = OwnUserId()
    job_id = StrictCharField(max_length=MAX_ID_LENGTH, required=False, help_text="Must match the id in the path.")
    action_type = StrictCharField(
        max_length=MAX_ACTION_TYPE_LENGTH,
        required=False,
        help_text="Ignored. The log entry always has the type `save_job`.",
    )
    activity_metadata = Metadata()


class JobSavedSerializer(SuccessSerializer):
    """The log entry of a saved job."""

    activity_id = serializers.CharField(help_text="The log entry of the request that first saved the job.")


class OwnUserQuery(QuerySerializer):
    """Query parameters of endpoints that accept the current user's id."""

    user_id = OwnUserId()


class JobUnsavedSerializer(SuccessSerializer):
    """A confirmation that a saved job was deleted."""

    msg = serializers.ChoiceField(["Saved job deleted"])


class SavedJobsQuery(QuerySerializer):
    """Query parameters of the list of saved jobs."""

    stage = StrictChoiceField(choices=STAGES, required=False, help_text="Return only applications at this stage.")


class ApplicationChangeSerializer(serializers.Serializer[Any]):
    """A stage to move an application to, with an optional date and note."""

    user_id = OwnUserId()
    stage = StrictChoiceField(choices=STAGES)
    note = StrictCharField(
        max_length=MAX_NOTE_LENGTH,
        allow_blank=True,
        allow_null=True,
        required=False,
        help_text="Omit or send null to leave the note unchanged. Empty text clears it.",
    )
    date = serializers.DateField(
        allow_null=True,
        required=False,
        help_text="Date on which the stage was reached. Defaults to the recorded date, or else today.",
    )


class ReachedSerializer(serializers.Serializer[Any]):
    """The date of each stage, or null if it was not reached."""

    saved = serializers.DateField(allow_null=True)
    applied = serializers.DateField(allow_null=True)
    interview = serializers.DateField(allow_null=True)
    offer = serializers.DateField(allow_null=True)
    rejected = serializers.DateField(allow_null=True)
    withdrawn = serializers.DateField(allow_null=True)


class ApplicationSerializer(serializers.Serializer[Any]):
    """A saved job or an application for a job."""

    job_id = serializers.CharField(source="job")
    stage = serializers.ChoiceField(STAGES)
    date = serializers.DateField(source="stage_date", help_text="Date on which the current stage was reached.")
    reached = ReachedSerializer(source="stage_dates", help_text="Dates of all reached stages, after corrections.")
    note = serializers.CharField(allow_null=True)
    resume_id = serializers.CharField(source="resume", allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    job = JobListingSerializer(
        source="listing",
        help_text="The posting. If it was deleted, a snapshot from when the job was saved, with `job_expired` set.",
    )


class ApplicationChangedSerializer(SuccessSerializer):
    """An application after a change, with the log entry of the change."""

    activity_id = serializers.CharField(source="application.activity")
    application = ApplicationSerializer()


class ApplicationDetailSerializer(SuccessSerializer):
    """An application with its timeline."""

    application = ApplicationSerializer()
    timeline = ActivitySerializer(many=True, help_text="All changes of the application, oldest first.")


class FunnelQuery(QuerySerializer):
    """Query parameters of the funnel."""

    days = BoundedInteger(
        minimum=1, maximum=MAX_FUNNEL_DAYS, default=90, help_text="Length of the window, up to and including today."
    )


class StageCountSerializer(serializers.Serializer[Any]):
    """Application counts of a stage."""

    stage = serializers.ChoiceField(STAGES)
    reached = serializers.IntegerField(help_text="Applications that reached the stage within the window.")
    standing = serializers.IntegerField(help_text="All applications that are at the stage now.")


class StepSerializer(serializers.Serializer[Any]):
    """The conversion from one stage to another."""

    from_stage = serializers.ChoiceField(STAGES)
    to_stage = serializers.ChoiceField(STAGES)
    entered = serializers.IntegerField(help_text="Applications that reached `from_stage` within the window.")
    advanced = serializers.IntegerField(help_text="Applications of `entered` that have reached `to_stage` by now.")
    rate = serializers.FloatField(allow_null=True, help_text="Percentage. Null if no application entered.")
    median_days = PlainNumber(
        allow_null=True,
        help_text="Median number of days between the stages. Null if no application has both dates.",
    )


class OutcomeRateSerializer(serializers.Serializer[Any]):
    """How many applications had an outcome."""

    count = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True, help_text="Percentage. Null if there are no applications.")
    interval = IntervalSerializer(allow_null=True, help_text="95% Wilson score interval of the rate.")


class ScoreBandSerializer(serializers.Serializer[Any]):
    """The outcomes of applications with similar match scores."""

    min_score = serializers.IntegerField()
    max_score = serializers.IntegerField()
    applications = serializers.IntegerField()
    interviews = OutcomeRateSerializer(help_text="Applications that led to an interview or an offer.")
    offers = OutcomeRateSerializer(help_text="Applications that led to an offer.")
    is_small = serializers.BooleanField(
        help_text=f"True if there are fewer than {MIN_APPLICATIONS} applications, too few to compare the rates."
    )


class ReliabilitySerializer(serializers.Serializer[Any]):
    """The reliability table of match scores."""

    bands = ScoreBandSerializer(many=True, help_text="In ascending order of scores.")
    scored_applications = serializers.IntegerField(source="scored")
    unscored_applications = serializers.IntegerField(
        source="unscored", help_text="Applications for whose job no match score of the present formula is stored."
    )
    note = serializers.CharField(help_text="What the counts allow to conclude.")


class FunnelSerializer(SuccessSerializer):
    """The application funnel of the current user."""

    days = serializers.IntegerField(source="funnel.days")
    first_day = serializers.DateField(source="funnel.first_day")
    last_day = serializers.DateField(source="funnel.last_day")
    stages = StageCountSerializer(source="funnel.stages", many=True)
    steps = StepSerializer(source="funnel.steps", many=True)
    match_scores = ReliabilitySerializer(
        help_text="Outcomes of the applications of the window, by match score. Applications without a score are counted"
        " separately."
    )
