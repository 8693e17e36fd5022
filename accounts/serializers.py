"""Request and response serializers for the endpoints under /auth, several of which /users shares."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from accounts.credentials import (
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    PASSWORD_HELP_TEXT,
)
from accounts.documents import (
    MAX_EMAIL_LENGTH,
    MAX_EXPERIENCE_LENGTH,
    MAX_LANGUAGE_LENGTH,
    MAX_LANGUAGES,
    MAX_LOCATION_LENGTH,
    MAX_LOCATIONS,
    MAX_NAME_LENGTH,
    MAX_ROLES,
    MAX_SALARY,
    MAX_SKILLS,
    MAX_SUMMARY_LENGTH,
    MAX_YEARS,
)
from accounts.profile_fields import (
    CurrencyField,
    EmailField,
    NewEmailField,
    PhoneNumberField,
    SkillListField,
    StrictNumberField,
    TargetRoleField,
    list_ignored_skills,
)
from accounts.profile_parsing import EXPERIENCE_LEVELS, REMOTE_PREFERENCES
from career_navigator.api.fields import BoundedList, SingleLineCharField, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import QuerySerializer

MIN_NAME_LENGTH = 2
# Issued tokens are less than half as long.
MAX_OPAQUE_TOKEN_LENGTH = 200


class PasswordField(StrictCharField):
    """An existing password, including any surrounding space."""

    def __init__(self, **options: Any) -> None:
        # One NFKC character can take up to four characters in NFD.
        super().__init__(trim_whitespace=False, max_length=4 * MAX_PASSWORD_LENGTH, **options)


class NewPasswordField(StrictCharField):
    """A new password, which must satisfy the password policy."""

    def __init__(self, **options: Any) -> None:
        # The lengths document the schema. The password policy checks them first and reports a single message.
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
            raise serializers.ValidationError(error.messages, "weak_password") from error
        return password


class ProfileFields(serializers.Serializer[Any]):
    """The writable profile fields."""

    full_name = SingleLineCharField(min_length=MIN_NAME_LENGTH, max_length=MAX_NAME_LENGTH)
    skills = SkillListField(max_length=MAX_SKILLS, allow_null=True, required=False)
    target_roles = BoundedList(child=TargetRoleField(), max_length=MAX_ROLES, allow_null=True, required=False)
    experience_level = StrictChoiceField(choices=EXPERIENCE_LEVELS, allow_null=True, required=False)
    location = SingleLineCharField(max_length=MAX_LOCATION_LENGTH, allow_null=True, allow_blank=True, required=False)
    phone_number = PhoneNumberField(allow_null=True, allow_blank=True, required=False)
    experience = StrictCharField(max_length=MAX_EXPERIENCE_LENGTH, allow_null=True, allow_blank=True, required=False)
    experience_years = StrictNumberField(minimum=0, maximum=MAX_YEARS, allow_null=True, required=False)
    preferred_locations = BoundedList(
        child=SingleLineCharField(max_length=MAX_LOCATION_LENGTH),
        max_length=MAX_LOCATIONS,
        allow_null=True,
        required=False,
    )
    remote_preference = StrictChoiceField(choices=REMOTE_PREFERENCES, allow_null=True, required=False)
    professional_summary = StrictCharField(
        max_length=MAX_SUMMARY_LENGTH, allow_null=True, allow_blank=True, required=False
    )
    expected_salary = StrictNumberField(
        minimum=0, maximum=MAX_SALARY, allow_null=True, required=False, help_text="Salary per year."
    )
    expected_salary_currency = CurrencyField(allow_null=True, allow_blank=True, required=False)
    languages = BoundedList(
        child=SingleLineCharField(max_length=MAX_LANGUAGE_LENGTH),
        max_length=MAX_LANGUAGES,
        allow_null=True,
        required=False,
        help_text="Spoken languages.",
    )


class RegistrationSerializer(ProfileFields):
    """The email address, password and profile of a new account."""

    email = NewEmailField()
    password = NewPasswordField()


class ProfileChangeSerializer(ProfileFields):
    """Profile fields to change. Omitted fields are not changed, and null clears an optional field."""

    full_name = SingleLineCharField(min_length=MIN_NAME_LENGTH, max_length=MAX_NAME_LENGTH, required=False)


class UserSerializer(serializers.Serializer[Any]):
    """The profile of a user."""

    id = serializers.CharField()
    email = serializers.EmailField()
    email_confirmed = serializers.BooleanField(
        help_text="Digests of saved searches are sent only to confirmed addresses."
    )
    full_name = serializers.CharField()
    skills = serializers.ListField(child=serializers.CharField(), help_text="Canonical names.")
    target_roles = serializers.ListField(child=serializers.CharField())
    experience_level = serializers.ChoiceField(EXPERIENCE_LEVELS, allow_null=True)
    location = serializers.CharField(allow_null=True)
    phone_number = serializers.CharField(allow_null=True)
    experience = serializers.CharField(allow_null=True, help_text="In the user's own words.")
    experience_years = serializers.FloatField(allow_null=True)
    preferred_locations = serializers.ListField(child=serializers.CharField())
    remote_preference = serializers.ChoiceField(REMOTE_PREFERENCES, allow_null=True)
    professional_summary = serializers.CharField(allow_null=True)
    expected_salary = serializers.FloatField(allow_null=True, help_text="Salary per year.")
    expected_salary_currency = serializers.CharField(allow_null=True, help_text="ISO 4217 code. Null means USD.")
    languages = serializers.ListField(child=serializers.CharField(), help_text="Spoken languages.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class IgnoredSkillsField(serializers.Serializer[Any]):
    """The skills of the request that were dropped as invalid. The field is absent if there are none."""

    ignored_skills = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Skills of the request that are not valid names. Absent if there are none.",
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        fields: dict[str, Any] = super().to_representation(instance)
        ignored = list_ignored_skills(self.context["request"].data)
        return fields | ({"ignored_skills": ignored} if ignored else {})


class SavedUserSerializer(IgnoredSkillsField, UserSerializer):
    """The profile of a user after a change, with the skills that were dropped."""


class RegistrationQuery(QuerySerializer):
    """Query parameters of a registration."""

    login = serializers.BooleanField(
        default=False, help_text="If true, the response also contains the tokens of a new session."
    )


class LoginSerializer(serializers.Serializer[Any]):
    """The credentials for a login."""

    email = EmailField()
    password = PasswordField()


class LoginFormSerializer(serializers.Serializer[Any]):
    """The form of an OAuth2 password grant. Fields other than these are ignored."""

    username = StrictCharField(source="email", max_length=MAX_EMAIL_LENGTH, help_text="The email address.")
    password = PasswordField()


class TokenPairSerializer(serializers.Serializer[Any]):
    """The tokens of a session."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField(
        help_text="For POST /auth/refresh. Works once, and for a few seconds after its first use."
    )
    token_type = serializers.ChoiceField(["bearer"])
    expires_in = serializers.IntegerField(help_text="Lifetime of the access token in seconds.")


class LoginAnswerSerializer(TokenPairSerializer):
    """The tokens of a new session and the user's profile."""

    user = UserSerializer()


class NewSessionSerializer(serializers.Serializer[Any]):
    """The tokens of a new session. The fields are absent unless the registration requested a login."""

    access_token = serializers.CharField(required=False, help_text="Only with `login=true`.")
    refresh_token = serializers.CharField(required=False, help_text="Only with `login=true`.")
    token_type = serializers.ChoiceField(["bearer"], required=False, help_text="Only with `login=true`.")
    expires_in = serializers.IntegerField(
        required=False, help_text="Only with `login=true`. Lifetime of the access token in seconds."
    )


class RegisteredUserSerializer(NewSessionSerializer, SavedUserSerializer):
    """The profile of a new user, with tokens if the registration requested a login."""


class RefreshTokenSerializer(serializers.Serializer[Any]):
    """A refresh token to exchange or to end."""

    refresh_token = StrictCharField(max_length=MAX_OPAQUE_TOKEN_LENGTH)


class PasswordChangeSerializer(serializers.Serializer[Any]):
    """The current and the new password."""

    current_password = PasswordField()
    new_password = NewPasswordField()


class ForgottenPasswordSerializer(serializers.Serializer[Any]):
    """The email address of the account whose password is forgotten."""

    email = EmailField()


class AcceptedSerializer(serializers.Serializer[Any]):
    """A confirmation that the request was accepted."""

    detail = serializers.CharField()


class PasswordResetSerializer(serializers.Serializer[Any]):
    """The token of a password reset message and the new password."""

    token = StrictCharField(max_length=MAX_OPAQUE_TOKEN_LENGTH)
    new_password = NewPasswordField()


class ConfirmationQuery(QuerySerializer):
    """Query parameters of an email confirmation link."""

    token = StrictCharField(max_length=MAX_OPAQUE_TOKEN_LENGTH, help_text="The token from the link in the message.")


class ErasureSerializer(serializers.Serializer[Any]):
    """The password that authorizes the erasure of the account."""

    password = PasswordField()


class ExportedUserSerializer(UserSerializer):
    """The profile and account status in a data export."""

    is_active = serializers.BooleanField()
    password_changed_at = serializers.DateTimeField(allow_null=True)


class ExportedSessionSerializer(serializers.Serializer[Any]):
    """A session in a data export."""

    session = serializers.CharField()
    refreshed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class ExportedResetSerializer(serializers.Serializer[Any]):
    """A pending password reset in a data export."""

    requested_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class ExportSerializer(serializers.Serializer[Any]):
    """All data stored about a user. The response has an entry for each kind of data, in addition to these fields."""

    exported_at = serializers.DateTimeField()
    user = ExportedUserSerializer()
    sessions = ExportedSessionSerializer(many=True)
    password_resets = ExportedResetSerializer(many=True)

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        return instance | super().to_representation(instance)
