"""What the endpoints under /jobs/fetch_jobs take and answer."""

from typing import Any

from rest_framework import serializers

from accounts.documents import LONGEST_LOCATION, MOST_LOCATIONS
from accounts.documents import MOST_ROLES as PROFILE_ROLES
from accounts.profile_fields import TargetRole
from accounts.users.serializers import RemotePreference, RoleOrRoles, TextOrList
from career_navigator.api.fields import BoundedList, Text
from ingestion.documents import RUN_STATUSES
from ingestion.fetching.selectors import MOST_ANSWERED, MOST_COUNTED
from market.jobs.filter_fields import CountryName
from market.jobs.serializers import JobListingSerializer

LONGEST_ID = 100


class FetchJobsSerializer(serializers.Serializer[Any]):
    """UserProfile, as /users takes it. What is given counts instead of the stored profile, for this request; what is
    not among these is ignored."""

    user_id = Text(max_length=LONGEST_ID, required=False, help_text="The caller's own.")
    desired_job_role = RoleOrRoles(required=False, allow_null=True, help_text="One role, or a list.")
    target_roles = BoundedList(
        child=TargetRole(), max_length=PROFILE_ROLES, required=False, allow_null=True, help_text="Besides that one."
    )
    preferred_locations = TextOrList(
        child=Text(max_length=LONGEST_LOCATION),
        max_length=MOST_LOCATIONS,
        required=False,
        allow_null=True,
        help_text="Places or ISO 3166 alpha-2 codes: a list, or text with commas.",
    )
    countries = BoundedList(
        child=CountryName(max_length=LONGEST_LOCATION),
        max_length=MOST_LOCATIONS,
        required=False,
        allow_null=True,
        help_text="ISO 3166 alpha-2 codes or names.",
    )
    remote_preference = RemotePreference(required=False, allow_null=True)


class FetchRunSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(RUN_STATUSES)
    address = serializers.CharField(help_text="Where to ask how it stands.")
    roles = serializers.ListField(child=serializers.CharField())
    places = serializers.ListField(child=serializers.CharField())
    pages = serializers.IntegerField()
    collected = serializers.IntegerField(help_text="Postings that were not stored before.")
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    filtered = serializers.IntegerField(help_text="Those that turned out to be another role's.")
    refused = serializers.IntegerField(help_text="Those that could not be read.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class FetchedJobsSerializer(serializers.Serializer[Any]):
    messages = serializers.ChoiceField(["success"])
    jobs_fetched = serializers.IntegerField(help_text="How many `jobs` there are in this answer.")
    jobs = JobListingSerializer(
        many=True, help_text=f"What is stored for the profile by now: the newest, up to {MOST_ANSWERED}."
    )
    total = serializers.IntegerField(help_text=f"How many are stored for it; counted up to {MOST_COUNTED:,}.")
    run = FetchRunSerializer(allow_null=True, help_text="null where nothing had to be fetched, or nothing could be.")
    notice = serializers.CharField(allow_null=True, help_text="Where fetching was not possible or failed, a sentence.")
