"""What the endpoints under /auth and /users take and answer: the same account under two families of names."""

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
# No token of ours is half as long.
MAX_OPAQUE_TOKEN_LENGTH = 200


class PasswordField(StrictCharField):
    """A password as it is typed, space and all."""

    def __init__(self, **options: Any) -> None:
        # In NFD one character of the stored form is up to four.
        super().__init__(trim_whitespace=False, max_length=4 * MAX_PASSWORD_LENGTH, **options)


class NewPasswordField(StrictCharField):
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
            raise serializers.ValidationError(error.messages, "weak_password") from error
        return password


class ProfileFields(serializers.Serializer[Any]):
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
        minimum=0, maximum=MAX_SALARY, allow_null=True, required=False, help_text="A year's pay."
    )
    expected_salary_currency = CurrencyField(allow_null=True, allow_blank=True, required=False)
    languages = BoundedList(
        child=SingleLineCharField(max_length=MAX_LANGUAGE_LENGTH),
        max_length=MAX_LANGUAGES,
        allow_null=True,
        required=False,
        help_text="Those that are spoken.",
    )


class RegistrationSerializer(ProfileFields):
    email = NewEmailField()
    password = NewPasswordField()


class ProfileChangeSerializer(ProfileFields):
    """What is not given stays; null clears what may be empty."""

    full_name = SingleLineCharField(min_length=MIN_NAME_LENGTH, max_length=MAX_NAME_LENGTH, required=False)


class UserSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    email = serializers.EmailField()
    email_confirmed = serializers.BooleanField(help_text="Digests of saved searches go to a confirmed address alone.")
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
    expected_salary = serializers.FloatField(allow_null=True, help_text="A year's pay.")
    expected_salary_currency = serializers.CharField(allow_null=True, help_text="ISO 4217; USD where none is given.")
    languages = serializers.ListField(child=serializers.CharField(), help_text="Those that are spoken.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class IgnoredSkillsField(serializers.Serializer[Any]):
    # Of a response to a request that gives skills: what of them `Skills` leaves out.

    ignored_skills = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="What of the skills given names none; if there is any."
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        ignored = list_ignored_skills(self.context["request"].data)
        return shown | ({"ignored_skills": ignored} if ignored else {})


class SavedUserSerializer(IgnoredSkillsField, UserSerializer):
    pass


class RegistrationQuery(QuerySerializer):
    login = serializers.BooleanField(
        default=False, help_text="With `true` the answer also has the tokens of a new session, as a login has."
    )


class LoginSerializer(serializers.Serializer[Any]):
    email = EmailField()
    password = PasswordField()


class LoginFormSerializer(serializers.Serializer[Any]):
    """The form of an OAuth2 password grant; its other fields mean nothing here."""

    username = StrictCharField(source="email", max_length=MAX_EMAIL_LENGTH, help_text="The e-mail address.")
    password = PasswordField()


class TokenPairSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField(help_text="For POST /auth/refresh, once and for some seconds more.")
    token_type = serializers.ChoiceField(["bearer"])
    expires_in = serializers.IntegerField(help_text="For how many seconds the access token is accepted.")


class LoginAnswerSerializer(TokenPairSerializer):
    user = UserSerializer()


class NewSessionSerializer(serializers.Serializer[Any]):
    # Of a registration that asks for a login; else none of them is there.

    access_token = serializers.CharField(required=False, help_text="With `login=true`.")
    refresh_token = serializers.CharField(required=False, help_text="With `login=true`.")
    token_type = serializers.ChoiceField(["bearer"], required=False, help_text="With `login=true`.")
    expires_in = serializers.IntegerField(required=False, help_text="With `login=true`, in seconds.")


class RegisteredUserSerializer(NewSessionSerializer, SavedUserSerializer):
    pass


class RefreshTokenSerializer(serializers.Serializer[Any]):
    refresh_token = StrictCharField(max_length=MAX_OPAQUE_TOKEN_LENGTH)


class PasswordChangeSerializer(serializers.Serializer[Any]):
    current_password = PasswordField()
    new_password = NewPasswordField()


class ForgottenPasswordSerializer(serializers.Serializer[Any]):
    email = EmailField()


class AcceptedSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()


class PasswordResetSerializer(serializers.Serializer[Any]):
    token = StrictCharField(max_length=MAX_OPAQUE_TOKEN_LENGTH)
    new_password = NewPasswordField()


class ConfirmationQuery(QuerySerializer):
    token = StrictCharField(max_length=MAX_OPAQUE_TOKEN_LENGTH, help_text="The token in the link of the message.")


class ErasureSerializer(serializers.Serializer[Any]):
    password = PasswordField()


class ExportedUserSerializer(UserSerializer):
    is_active = serializers.BooleanField()
    password_changed_at = serializers.DateTimeField(allow_null=True)


class ExportedSessionSerializer(serializers.Serializer[Any]):
    session = serializers.CharField()
    refreshed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class ExportedResetSerializer(serializers.Serializer[Any]):
    requested_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class ExportSerializer(serializers.Serializer[Any]):
    """Besides these, an entry for each kind of data that is stored about users."""

    exported_at = serializers.DateTimeField()
    user = ExportedUserSerializer()
    sessions = ExportedSessionSerializer(many=True)
    password_resets = ExportedResetSerializer(many=True)

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        return instance | super().to_representation(instance)
