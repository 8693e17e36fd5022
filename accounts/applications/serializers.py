"""What the endpoints of saved jobs, applications and the funnel take and answer."""

from typing import Any

from rest_framework import serializers

from accounts.activity.documents import LONGEST_ACTION_TYPE
from accounts.activity.serializers import LONGEST_ID, ActivitySerializer, Metadata
from accounts.applications.documents import LONGEST_NOTE
from accounts.applications.stages import STAGES
from career_navigator.api.fields import BoundedInteger, Choice, Number, Text
from career_navigator.api.serializers import QuerySerializer, SuccessSerializer
from market.jobs.serializers import JobListingSerializer

LONGEST_FUNNEL_DAYS = 365
_OWN = "The caller's own."


class SaveJobSerializer(serializers.Serializer[Any]):
    user_id = Text(max_length=LONGEST_ID, required=False, help_text=_OWN)
    job_id = Text(max_length=LONGEST_ID, required=False, help_text="That of the path.")
    action_type = Text(max_length=LONGEST_ACTION_TYPE, required=False, help_text="The log's line is always `save_job`.")
    activity_metadata = Metadata()


class JobSavedSerializer(SuccessSerializer):
    activity_id = serializers.CharField(help_text="The act that put the job here, now or earlier.")


class UnsaveQuery(QuerySerializer):
    user_id = Text(max_length=LONGEST_ID, required=False, help_text=_OWN)


class JobUnsavedSerializer(SuccessSerializer):
    msg = serializers.ChoiceField(["Saved job deleted"])


class SavedJobsQuery(QuerySerializer):
    stage = Choice(choices=STAGES, required=False, help_text="Only those at this stage; else all.")


class ApplicationChangeSerializer(serializers.Serializer[Any]):
    user_id = Text(max_length=LONGEST_ID, required=False, help_text=_OWN)
    stage = Choice(choices=STAGES)
    note = Text(
        max_length=LONGEST_NOTE,
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
    days = BoundedInteger(
        minimum=1, maximum=LONGEST_FUNNEL_DAYS, default=90, help_text="Days up to and including today."
    )


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
    median_days = Number(
        allow_null=True, help_text="Between the two, of those that advanced; null where it is known of none."
    )


class FunnelSerializer(SuccessSerializer):
    days = serializers.IntegerField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    stages = StageCountSerializer(many=True)
    steps = StepSerializer(many=True)
