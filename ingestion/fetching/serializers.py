"""What the endpoints under /jobs/fetch_jobs take and answer."""

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.documents import LONGEST_LOCATION, LONGEST_ROLE, REMOTE_PREFERENCES
from career_navigator.text_fields import Choice, Text
from ingestion.documents import RUN_STATUSES
from ingestion.fetching.selectors import MOST_ANSWERED, MOST_COUNTED
from ingestion.fetching.wishes import MOST_PLACES, MOST_ROLES
from market.jobs.filter_fields import CountryName, RoleTitle
from market.jobs.serializers import JobListingSerializer
from market.place_labels import read_place

LONGEST_ID = 100


@extend_schema_field({"oneOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]})
class Locations(serializers.ListField):
    """A list of places, or one text of several, separated by semicolons or commas.

    Where a comma stands within one place, as in "Austin, TX", the text is that place.
    """

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, str):
            place = read_place(data)
            one = bool(place.city and place.country_code) and data.count(",") == 1
            separator = ";" if one or ";" in data else ","
            data = [part.strip() for part in re.split(separator, data) if part.strip()]
        locations: list[str] = super().to_internal_value(data)
        return locations


class FetchJobsSerializer(serializers.Serializer[Any]):
    """UserProfile. What is given counts instead of the stored profile, for this request; all else is ignored."""

    user_id = Text(max_length=LONGEST_ID, required=False, help_text="The caller's own.")
    desired_job_role = RoleTitle(
        max_length=LONGEST_ROLE,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="The role to fetch jobs for.",
    )
    target_roles = serializers.ListField(
        child=RoleTitle(max_length=LONGEST_ROLE), max_length=MOST_ROLES, required=False, allow_null=True
    )
    preferred_locations = Locations(
        child=Text(max_length=LONGEST_LOCATION),
        max_length=MOST_PLACES,
        required=False,
        allow_null=True,
        help_text=f"Up to {MOST_PLACES} places or country codes: a list, or a text with commas.",
    )
    countries = serializers.ListField(
        child=CountryName(max_length=LONGEST_LOCATION),
        max_length=MOST_PLACES,
        required=False,
        allow_null=True,
        help_text="ISO 3166 alpha-2 codes or names.",
    )
    remote_preference = Choice(choices=REMOTE_PREFERENCES, required=False, allow_null=True)


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
