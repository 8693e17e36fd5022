"""What the endpoints under /jobs/fetch_jobs and the webhook take and answer."""

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from rest_framework import serializers

from accounts.documents import MAX_LOCATION_LENGTH, MAX_LOCATIONS
from accounts.documents import MAX_ROLES as PROFILE_ROLES
from accounts.profile_fields import RemotePreferenceField, RoleOrRolesField, TargetRoleField, TextOrListField
from career_navigator.api.fields import BoundedList, OwnUserId, StrictCharField
from career_navigator.api.serializers import CountField, SuccessSerializer
from ingestion.documents import RUN_STATUSES
from ingestion.fetching import MAX_ANSWERED, MAX_COUNTED
from market.jobs.serializers import CountryNameField, JobListingSerializer


class WebhookEventSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(required=False)
    type = serializers.CharField(help_text="job.new and job.closed are acted on, others are passed over.")
    payload = serializers.DictField(help_text="The job, in the shape of TheirStack's search results.")


class WebhookAcceptedSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["accepted"])


MAX_ID_LENGTH = 100


class FetchJobsSerializer(serializers.Serializer[Any]):
    """UserProfile, as /users takes it. What is given counts instead of the stored profile, for this request; what is
    not among these is ignored."""

    user_id = OwnUserId()
    desired_job_role = RoleOrRolesField(required=False, allow_null=True, help_text="One role, or a list.")
    target_roles = BoundedList(
        child=TargetRoleField(),
        max_length=PROFILE_ROLES,
        required=False,
        allow_null=True,
        help_text="Besides that one.",
    )
    preferred_locations = TextOrListField(
        child=StrictCharField(max_length=MAX_LOCATION_LENGTH),
        max_length=MAX_LOCATIONS,
        required=False,
        allow_null=True,
        help_text="Places or ISO 3166 alpha-2 codes: a list, or text with commas.",
    )
    countries = BoundedList(
        child=CountryNameField(max_length=MAX_LOCATION_LENGTH),
        max_length=MAX_LOCATIONS,
        required=False,
        allow_null=True,
        help_text="ISO 3166 alpha-2 codes or names.",
    )
    remote_preference = RemotePreferenceField(required=False, allow_null=True)


class RunAddressField(serializers.CharField):
    """The path of a run, given its id."""

    def to_representation(self, value: ObjectId) -> str:  # type: ignore[override]
        return f"/jobs/fetch_jobs/{value}"


class TotalField(serializers.IntegerField):
    """The sum of counts by reason."""

    def to_representation(self, value: Mapping[str, int]) -> int:  # type: ignore[override]
        return sum(value.values())


class FetchRunSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="pk")
    status = serializers.ChoiceField(RUN_STATUSES)
    address = RunAddressField(source="pk", help_text="Where to ask how it stands.")
    roles = serializers.ListField(child=serializers.CharField())
    places = serializers.ListField(child=serializers.CharField())
    pages = serializers.IntegerField()
    collected = serializers.IntegerField(help_text="Postings that were not stored before.")
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    filtered = serializers.IntegerField(help_text="Those that turned out to be another role's.")
    refused = TotalField(help_text="Those that could not be read.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class FetchedJobsSerializer(SuccessSerializer):
    """Jobs, and the run that fetched them."""

    jobs_fetched = CountField(source="jobs", help_text="How many `jobs` there are in this answer.")
    jobs = JobListingSerializer(
        many=True, help_text=f"What is stored for the profile by now: the newest, up to {MAX_ANSWERED}."
    )
    total = serializers.IntegerField(help_text=f"How many are stored for it; counted up to {MAX_COUNTED:,}.")
    run = FetchRunSerializer(allow_null=True, help_text="null where nothing had to be fetched, or nothing could be.")
    notice = serializers.CharField(
        allow_null=True, help_text="A sentence where fetching was not possible or failed, or a place is not known."
    )
