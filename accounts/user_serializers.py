"""Request and response serializers for the endpoints under /users, which rename some fields of the account."""

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
    accepts_one_of,
)
from accounts.profile_parsing import EXPERIENCE_LEVELS, REMOTE_PREFERENCES
from accounts.resumes.documents import Resume
from accounts.serializers import IgnoredSkillsField, NewPasswordField, NewSessionSerializer, TokenPairSerializer
from career_navigator.api.fields import SingleLineCharField, StrictCharField, StrictChoiceField
from career_navigator.api.permissions import CurrentUser
from career_navigator.api.serializers import SuccessSerializer


class ProfileInput(serializers.Serializer[Any]):
    """The writable profile fields. `validated_data` uses the field names of `User`."""

    user_name = SingleLineCharField(max_length=MAX_NAME_LENGTH, source="full_name")
    phone_number = PhoneNumberField(allow_null=True, allow_blank=True, required=False)
    desired_job_role = RoleOrRolesField(
        allow_null=True,
        required=False,
        help_text="Text replaces the first target role. A list replaces all target roles.",
    )
    skills = SkillsOrTextField(max_length=MAX_SKILLS, allow_null=True, required=False)
    experience = ExperienceField(
        allow_null=True,
        required=False,
        help_text='Text, or a number of years. Text such as "5 years" also sets `experience_years`.',
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
        help_text=f"One of {', '.join(REMOTE_PREFERENCES)}. True means remote, false means any.",
    )
    professional_summary = StrictCharField(
        max_length=MAX_SUMMARY_LENGTH, allow_null=True, allow_blank=True, required=False
    )
    expected_salary = ExpectedSalaryField(
        allow_null=True,
        required=False,
        help_text='Salary per year: a number, or text such as "$120,000" or "90k EUR".',
    )
    expected_salary_currency = CurrencyField(allow_null=True, allow_blank=True, required=False)
    languages = TextOrListField(
        child=SingleLineCharField(max_length=MAX_LANGUAGE_LENGTH),
        max_length=MAX_LANGUAGES,
        allow_null=True,
        required=False,
        help_text="Spoken languages.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fields = dict(attrs)
        for name, second in (("experience", "experience_years"), ("expected_salary", "expected_salary_currency")):
            if name in fields:
                parsed = fields.pop(name)
                # Null clears both fields.
                both = parsed if parsed is not None else {name: None, second: None}
                # An explicit value of the second field takes precedence over the value parsed from the first.
                fields = both | fields
        if "desired_job_role" in fields:
            fields |= fields.pop("desired_job_role") or {"target_roles": None}
        self._validate_currency(attrs)
        return fields

    def _validate_currency(self, attrs: dict[str, Any]) -> None:
        """Raise ValidationError if the salary text and the currency field name different currencies."""
        parsed = (attrs.get("expected_salary") or {}).get("expected_salary_currency")
        explicit = attrs.get("expected_salary_currency")
        if parsed and explicit and parsed != explicit:
            message = "This field must match the currency in expected_salary."
            raise serializers.ValidationError({"expected_salary_currency": [message]}, "contradiction")


class UserRegistrationSerializer(ProfileInput):
    """The email address, password and profile of a new account."""

    email_id = NewEmailField(source="email")
    password = NewPasswordField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fields = super().validate(attrs)
        if "first_role" in fields:
            fields["target_roles"] = [fields.pop("first_role")]
        return fields


class UserChangeSerializer(ProfileInput):
    """Profile fields to change. Omitted fields are not changed, and null clears an optional field."""

    user_name = SingleLineCharField(max_length=MAX_NAME_LENGTH, source="full_name", required=False)
    email_id = EmailField(required=False, help_text="Must be the account's address, which cannot be changed.")

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and "password" in data:
            message = "This field cannot be changed here. Use POST /auth/password."
            raise serializers.ValidationError({"password": [message]}, "read_only")
        return super().to_internal_value(data)


class UserIdSerializer(SuccessSerializer):
    """The id of the user."""

    user_id = serializers.CharField(source="pk")


class SavedUserIdSerializer(IgnoredSkillsField, UserIdSerializer):
    """The id of the changed user, with the skills that were dropped."""


class RegisteredUserIdSerializer(NewSessionSerializer, SavedUserIdSerializer):
    """The id of a new user, with tokens if the registration requested a login."""


class UserLoginAnswerSerializer(UserIdSerializer, TokenPairSerializer):
    """The tokens of a new session and the user's id."""

    user_id = serializers.CharField(source="user.pk")


@accepts_one_of(TEXT, NUMBER)
class GivenExperienceField(serializers.Field[Any, Any, Any, Any]):
    """A user's experience as entered: the text, or the number of years if there is no text."""

    def to_representation(self, value: CurrentUser) -> str | float | None:
        return value.experience or value.experience_years


class FirstRoleField(serializers.CharField):
    """The first of a list of roles, or null if the list is empty."""

    def to_representation(self, value: Sequence[str]) -> str | None:  # type: ignore[override]
        return next(iter(value), None)


class NewestResumeField(serializers.CharField):
    """The id of the user's newest resume, or null if there is none. Rejected files do not count."""

    def to_representation(self, value: ObjectId) -> str | None:  # type: ignore[override]
        newest = Resume.objects(user=value, status__ne="refused").order_by("-created_at", "-id").only("id").first()
        return str(newest.pk) if newest is not None else None


class UserProfileSerializer(SuccessSerializer):
    """The profile of a user, with the field names of /users."""

    id = serializers.CharField()
    user_name = serializers.CharField(source="full_name")
    email_id = serializers.EmailField(source="email")
    desired_job_role = FirstRoleField(source="target_roles", allow_null=True, help_text="The first of `target_roles`.")
    experience = GivenExperienceField(source="*", allow_null=True, help_text="As entered: text, or a number of years.")
    resume = NewestResumeField(source="pk", allow_null=True, help_text="The id of the newest resume.")
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
    expected_salary = serializers.FloatField(allow_null=True, help_text="Salary per year.")
    expected_salary_currency = serializers.CharField(allow_null=True, help_text="ISO 4217 code. Null means USD.")
    languages = serializers.ListField(child=serializers.CharField(), help_text="Spoken languages.")
