"""What the endpoints under /auth take and answer."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from accounts.documents import (
    LONGEST_ADDRESS,
    LONGEST_EXPERIENCE,
    LONGEST_LOCATION,
    LONGEST_NAME,
    LONGEST_SUMMARY,
    MOST_LOCATIONS,
    MOST_ROLES,
    MOST_SALARY,
    MOST_SKILLS,
    MOST_YEARS,
    REMOTE_PREFERENCES,
)
from accounts.experience import LEVELS
from accounts.passwords import (
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    PASSWORD_HELP_TEXT,
)
from accounts.profile_fields import (
    Address,
    Currency,
    NewAddress,
    Number,
    PhoneNumber,
    Skills,
    TargetRole,
    list_ignored_skills,
)
from career_navigator.api.fields import BoundedList, Choice, Line, Text
from career_navigator.api.serializers import QuerySerializer

MIN_NAME_LENGTH = 2
# No token of ours is half as long.
LONGEST_OPAQUE_TOKEN = 200


class Password(Text):
    """A password as it is typed, space and all."""

    def __init__(self, **options: Any) -> None:
        # In NFD one character of the stored form is up to four.
        super().__init__(trim_whitespace=False, max_length=4 * MAX_PASSWORD_LENGTH, **options)


class NewPassword(Text):
    """A password to be set."""

    def __init__(self, **options: Any) -> None:
        # The lengths are for the schema: the password policy rejects what breaks them before, in one sentence.
        super().__init__(
            trim_whitespace=False,
            help_text=PASSWORD_HELP_TEXT,
            min_length=MIN_PASSWORD_LENGTH,
            max_length=MAX_PASSWORD_LENGTH,
            **options,
        )
        self.error_messages["max_length"] = f"This field must have at most {MAX_PASSWORD_LENGTH} characters."

    def to_internal_value(self, data: Any) -> str:
        password = super().to_internal_value(data)
        try:
            validate_password(password)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from error
        return password


class ProfileFields(serializers.Serializer[Any]):
    full_name = Line(min_length=MIN_NAME_LENGTH, max_length=LONGEST_NAME)
    skills = Skills(max_length=MOST_SKILLS, allow_null=True, required=False)
    target_roles = BoundedList(child=TargetRole(), max_length=MOST_ROLES, allow_null=True, required=False)
    experience_level = Choice(choices=LEVELS, allow_null=True, required=False)
    location = Line(max_length=LONGEST_LOCATION, allow_null=True, allow_blank=True, required=False)
    phone_number = PhoneNumber(allow_null=True, allow_blank=True, required=False)
    experience = Text(max_length=LONGEST_EXPERIENCE, allow_null=True, allow_blank=True, required=False)
    experience_years = Number(minimum=0, maximum=MOST_YEARS, allow_null=True, required=False)
    preferred_locations = BoundedList(
        child=Line(max_length=LONGEST_LOCATION), max_length=MOST_LOCATIONS, allow_null=True, required=False
    )
    remote_preference = Choice(choices=REMOTE_PREFERENCES, allow_null=True, required=False)
    professional_summary = Text(max_length=LONGEST_SUMMARY, allow_null=True, allow_blank=True, required=False)
    expected_salary = Number(minimum=0, maximum=MOST_SALARY, allow_null=True, required=False, help_text="A year's pay.")
    expected_salary_currency = Currency(allow_null=True, allow_blank=True, required=False)


class RegistrationSerializer(ProfileFields):
    email = NewAddress()
    password = NewPassword()


class ProfileChangeSerializer(ProfileFields):
    """What is not given stays; null clears what may be empty."""

    full_name = Line(min_length=MIN_NAME_LENGTH, max_length=LONGEST_NAME, required=False)


class UserSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    email = serializers.EmailField()
    email_confirmed = serializers.BooleanField(help_text="Digests of saved searches go to a confirmed address alone.")
    full_name = serializers.CharField()
    skills = serializers.ListField(child=serializers.CharField(), help_text="Canonical names.")
    target_roles = serializers.ListField(child=serializers.CharField())
    experience_level = serializers.CharField(allow_null=True, help_text=f"One of {', '.join(LEVELS)}.")
    location = serializers.CharField(allow_null=True)
    phone_number = serializers.CharField(allow_null=True)
    experience = serializers.CharField(allow_null=True, help_text="In the user's own words.")
    experience_years = serializers.FloatField(allow_null=True)
    preferred_locations = serializers.ListField(child=serializers.CharField())
    remote_preference = serializers.CharField(allow_null=True, help_text=f"One of {', '.join(REMOTE_PREFERENCES)}.")
    professional_summary = serializers.CharField(allow_null=True)
    expected_salary = serializers.FloatField(allow_null=True, help_text="A year's pay.")
    expected_salary_currency = serializers.CharField(allow_null=True, help_text="ISO 4217; USD where none is given.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class IgnoredSkills(serializers.Serializer[Any]):
    """An answer to a request that gives skills, with what of them `Skills` leaves out."""

    ignored_skills = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="What of the skills given names none; if there is any."
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        ignored = list_ignored_skills(self.context["request"].data)
        return shown | ({"ignored_skills": ignored} if ignored else {})


class SavedUserSerializer(IgnoredSkills, UserSerializer):
    pass


class LoginSerializer(serializers.Serializer[Any]):
    email = Address()
    password = Password()


class LoginFormSerializer(serializers.Serializer[Any]):
    """The form of an OAuth2 password grant; its other fields mean nothing here."""

    username = Text(source="email", max_length=LONGEST_ADDRESS, help_text="The e-mail address.")
    password = Password()


class TokenPairSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField(help_text="For POST /auth/refresh, once and for some seconds more.")
    token_type = serializers.ChoiceField(["bearer"])


class LoginAnswerSerializer(TokenPairSerializer):
    """A `Login`."""

    user = UserSerializer()


class RefreshTokenSerializer(serializers.Serializer[Any]):
    refresh_token = Text(max_length=LONGEST_OPAQUE_TOKEN)


class PasswordChangeSerializer(serializers.Serializer[Any]):
    current_password = Password()
    new_password = NewPassword()


class ForgottenPasswordSerializer(serializers.Serializer[Any]):
    email = Address()


class AcceptedSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()


class PasswordResetSerializer(serializers.Serializer[Any]):
    token = Text(max_length=LONGEST_OPAQUE_TOKEN)
    new_password = NewPassword()


class ConfirmationQuery(QuerySerializer):
    token = Text(max_length=LONGEST_OPAQUE_TOKEN, help_text="The token in the link of the message.")


class ErasureSerializer(serializers.Serializer[Any]):
    password = Password()


class ExportedUserSerializer(UserSerializer):
    is_active = serializers.BooleanField()
    password_changed_at = serializers.DateTimeField(allow_null=True)


class ExportSerializer(serializers.Serializer[Any]):
    """Besides these, an entry for each kind of data that is stored about users."""

    exported_at = serializers.DateTimeField()
    user = ExportedUserSerializer()
    sessions = serializers.ListField(child=serializers.DictField())
    password_resets = serializers.ListField(child=serializers.DictField())

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        return instance | super().to_representation(instance)
