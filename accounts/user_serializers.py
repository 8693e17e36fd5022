"""The account's fields by the names of the endpoints under /users."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from rest_framework import serializers

from accounts.documents import (
    MAX_LANGUAGE_LENGTH,
    MAX_LANGUAGES,
    MAX_LOCATION_LENGTH,
    MAX_LOCATIONS,
    MAX_NAME_LENGTH,
    MAX_SKILLS,
    MAX_SUMMARY_LENGTH,
    MAX_YEARS,
)
from accounts.profile_fields import (
    NUMBER,
    TEXT,
    CurrencyField,
    EmailField,
    ExpectedSalaryField,
    ExperienceField,
    NewEmailField,
    PhoneNumberField,
    RemotePreferenceField,
    RoleOrRolesField,
    SkillsOrTextField,
    StrictNumberField,
    TextOrListField,
    either,
)
from accounts.profile_parsing import EXPERIENCE_LEVELS, REMOTE_PREFERENCES
from accounts.resumes.documents import Resume
from accounts.serializers import IgnoredSkillsField, NewPasswordField, NewSessionSerializer, TokenPairSerializer
from career_navigator.api.fields import SingleLineCharField, StrictCharField, StrictChoiceField
from career_navigator.api.permissions import CurrentUser
from career_navigator.api.serializers import SuccessSerializer


class ProfileInput(serializers.Serializer[Any]):
    # `validated_data` has the profile fields by the account's names.

    user_name = SingleLineCharField(max_length=MAX_NAME_LENGTH, source="full_name")
    phone_number = PhoneNumberField(allow_null=True, allow_blank=True, required=False)
    desired_job_role = RoleOrRolesField(
        allow_null=True,
        required=False,
        help_text="Text takes the place of the first target role; a list is all of them.",
    )
    skills = SkillsOrTextField(max_length=MAX_SKILLS, allow_null=True, required=False)
    experience = ExperienceField(
        allow_null=True, required=False, help_text='Text, or a number of years; "5 years" counts as five.'
    )
    experience_years = StrictNumberField(minimum=0, maximum=MAX_YEARS, allow_null=True, required=False)
    experience_level = StrictChoiceField(choices=EXPERIENCE_LEVELS, allow_null=True, required=False)
    location = SingleLineCharField(max_length=MAX_LOCATION_LENGTH, allow_null=True, allow_blank=True, required=False)
    preferred_locations = TextOrListField(
        child=SingleLineCharField(max_length=MAX_LOCATION_LENGTH),
        max_length=MAX_LOCATIONS,
        allow_null=True,
        required=False,
    )
    remote_preference = RemotePreferenceField(
        allow_null=True,
        required=False,
        help_text=f"One of {', '.join(REMOTE_PREFERENCES)}; true is remote, false is any.",
    )
    professional_summary = StrictCharField(
        max_length=MAX_SUMMARY_LENGTH, allow_null=True, allow_blank=True, required=False
    )
    expected_salary = ExpectedSalaryField(
        allow_null=True, required=False, help_text='For a year: a number, or text such as "$120,000" or "90k EUR".'
    )
    expected_salary_currency = CurrencyField(allow_null=True, allow_blank=True, required=False)
    languages = TextOrListField(
        child=SingleLineCharField(max_length=MAX_LANGUAGE_LENGTH),
        max_length=MAX_LANGUAGES,
        allow_null=True,
        required=False,
        help_text="Those that are spoken.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fields = dict(attrs)
        for name, second in (("experience", "experience_years"), ("expected_salary", "expected_salary_currency")):
            if name in fields:
                read = fields.pop(name)
                # Null empties both.
                together = read if read is not None else {name: None, second: None}
                # What is said of the second by itself goes before what the text says of it.
                fields = together | fields
        if "desired_job_role" in fields:
            fields |= fields.pop("desired_job_role") or {"target_roles": None}
        self._refuse_contradiction(attrs)
        return fields

    def _refuse_contradiction(self, given: dict[str, Any]) -> None:
        written = (given.get("expected_salary") or {}).get("expected_salary_currency")
        stated = given.get("expected_salary_currency")
        if written and stated and written != stated:
            sentence = "This field must be the currency that expected_salary names."
            raise serializers.ValidationError({"expected_salary_currency": [sentence]}, "contradiction")


class UserRegistrationSerializer(ProfileInput):
    email_id = NewEmailField(source="email")
    password = NewPasswordField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fields = super().validate(attrs)
        if "first_role" in fields:
            fields["target_roles"] = [fields.pop("first_role")]
        return fields


class UserChangeSerializer(ProfileInput):
    """What is not given stays; null clears what may be empty."""

    user_name = SingleLineCharField(max_length=MAX_NAME_LENGTH, source="full_name", required=False)
    email_id = EmailField(required=False, help_text="The account's own; it cannot be changed.")

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and "password" in data:
            sentence = "This field is changed at POST /auth/password alone."
            raise serializers.ValidationError({"password": [sentence]}, "read_only")
        return super().to_internal_value(data)


class UserIdSerializer(SuccessSerializer):
    """Of a user, the id."""

    user_id = serializers.CharField(source="pk")


class SavedUserIdSerializer(IgnoredSkillsField, UserIdSerializer):
    pass


class RegisteredUserIdSerializer(NewSessionSerializer, SavedUserIdSerializer):
    pass


class UserLoginAnswerSerializer(UserIdSerializer, TokenPairSerializer):
    user_id = serializers.CharField(source="user.pk")


@either(TEXT, NUMBER)
class GivenExperienceField(serializers.Field[Any, Any, Any, Any]):
    """A user's experience in the kind it was given: who gave a number of years has no text."""

    def to_representation(self, value: CurrentUser) -> str | float | None:
        return value.experience or value.experience_years


class FirstRoleField(serializers.CharField):
    def to_representation(self, value: Sequence[str]) -> str | None:  # type: ignore[override]
        return next(iter(value), None)


class NewestResumeField(serializers.CharField):
    """The id of the newest resume, rejected files excepted, of a user's id; null without one."""

    def to_representation(self, value: ObjectId) -> str | None:  # type: ignore[override]
        newest = Resume.objects(user=value, status__ne="refused").order_by("-created_at", "-id").only("id").first()
        return str(newest.pk) if newest is not None else None


class UserProfileSerializer(SuccessSerializer):
    id = serializers.CharField()
    user_name = serializers.CharField(source="full_name")
    email_id = serializers.EmailField(source="email")
    desired_job_role = FirstRoleField(source="target_roles", allow_null=True, help_text="The first of `target_roles`.")
    experience = GivenExperienceField(
        source="*", allow_null=True, help_text="In the kind it was given: text, or a number of years."
    )
    resume = NewestResumeField(source="pk", allow_null=True, help_text="The id of the newest resume under /resumes.")
    joined_date = serializers.DateTimeField(source="fields.created_at")
    phone_number = serializers.CharField(allow_null=True)
    target_roles = serializers.ListField(child=serializers.CharField())
    skills = serializers.ListField(child=serializers.CharField(), help_text="Canonical names.")
    experience_years = serializers.FloatField(allow_null=True)
    experience_level = serializers.ChoiceField(EXPERIENCE_LEVELS, allow_null=True)
    location = serializers.CharField(allow_null=True)
    preferred_locations = serializers.ListField(child=serializers.CharField())
    remote_preference = serializers.ChoiceField(REMOTE_PREFERENCES, allow_null=True)
    professional_summary = serializers.CharField(allow_null=True)
    email_confirmed = serializers.BooleanField(source="fields.email_confirmed")
    expected_salary = serializers.FloatField(allow_null=True, help_text="A year's pay.")
    expected_salary_currency = serializers.CharField(allow_null=True, help_text="ISO 4217; USD where none is given.")
    languages = serializers.ListField(child=serializers.CharField(), help_text="Those that are spoken.")
