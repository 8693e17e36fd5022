"""Serializers of the TheirStack webhook and of the endpoints under /jobs/fetch_jobs."""

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
from ingestion.fetching import MAX_COUNTED, MAX_RETURNED_JOBS
from market.jobs.serializers import CountryNameField, JobListingSerializer


class WebhookEventSerializer(serializers.Serializer[Any]):
    """A TheirStack webhook event, for the API schema. `ingestion.webhooks` parses the body itself."""

    id = serializers.IntegerField(required=False)
    type = serializers.CharField(help_text="`job.new` and `job.closed` are processed. Other types are ignored.")
    payload = serializers.DictField(help_text="The job, in the format of TheirStack's search results.")


class WebhookAcceptedSerializer(serializers.Serializer[Any]):
    """Response to an event that was queued or ignored."""

    status = serializers.ChoiceField(["accepted"])


MAX_ID_LENGTH = 100


class FetchJobsSerializer(serializers.Serializer[Any]):
    """Search criteria of one request, named as in the user's profile on /users.

    A field in the request overrides the stored profile for this request only. Unknown fields are ignored.
    """

    user_id = OwnUserId()
    desired_job_role = RoleOrRolesField(required=False, allow_null=True, help_text="One role or a list of roles.")
    target_roles = BoundedList(
        child=TargetRoleField(),
        max_length=PROFILE_ROLES,
        required=False,
        allow_null=True,
        help_text="Further roles, in addition to `desired_job_role`.",
    )
    preferred_locations = TextOrListField(
        child=StrictCharField(max_length=MAX_LOCATION_LENGTH),
        max_length=MAX_LOCATIONS,
        required=False,
        allow_null=True,
        help_text="Places or ISO 3166 alpha-2 country codes, as a list or as comma-separated text.",
    )
    countries = BoundedList(
        child=CountryNameField(max_length=MAX_LOCATION_LENGTH),
        max_length=MAX_LOCATIONS,
        required=False,
        allow_null=True,
        help_text="Countries, as ISO 3166 alpha-2 codes or names.",
    )
    remote_preference = RemotePreferenceField(required=False, allow_null=True)


class RunAddressField(serializers.CharField):
    """Field that renders a run's id as the path of the run."""

    def to_representation(self, value: ObjectId) -> str:  # type: ignore[override]
        return f"/jobs/fetch_jobs/{value}"


class TotalField(serializers.IntegerField):
    """Field that renders counts by reason as their sum."""

    def to_representation(self, value: Mapping[str, int]) -> int:  # type: ignore[override]
        return sum(value.values())


class FetchRunSerializer(serializers.Serializer[Any]):
    """A collection run as the user who requested it sees it."""

    id = serializers.CharField(source="pk")
    status = serializers.ChoiceField(RUN_STATUSES)
    address = RunAddressField(source="pk", help_text="Path to poll for the state of the run.")
    roles = serializers.ListField(child=serializers.CharField())
    places = serializers.ListField(child=serializers.CharField())
    pages = serializers.IntegerField()
    collected = serializers.IntegerField(help_text="Postings that were stored for the first time.")
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    filtered = serializers.IntegerField(help_text="Jobs that were skipped because their title names another role.")
    refused = TotalField(help_text="Jobs that were rejected because they could not be read.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class FetchedJobsSerializer(SuccessSerializer):
    """Stored jobs that meet the criteria, and the run that fetches more of them."""

    jobs_fetched = CountField(source="jobs", help_text="Number of `jobs` in this response.")
    jobs = JobListingSerializer(
        many=True, help_text=f"Stored jobs that meet the criteria, newest first. At most {MAX_RETURNED_JOBS}."
    )
    total = serializers.IntegerField(help_text=f"Number of stored jobs that match, at most {MAX_COUNTED:,}.")
    run = FetchRunSerializer(allow_null=True, help_text="null if no run was needed or none could be started.")
    notice = serializers.CharField(
        allow_null=True, help_text="Explains why fetching was not possible, why it failed, or which place is unknown."
    )
