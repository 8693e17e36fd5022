"""What the endpoints under /users take and answer."""

from collections.abc import Callable, Sequence
from typing import Any

from bson import ObjectId
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.documents import (
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
from accounts.profile_fields import (
    Address,
    Currency,
    NewAddress,
    Number,
    PhoneNumber,
    Skills,
    TargetRole,
    split_skills,
)
from accounts.resumes.documents import Resume
from accounts.serializers import IgnoredSkills, NewPassword, TokenPairSerializer
from accounts.users.wordings import Unreadable, read_remote_preference, read_salary, read_years, split_list
from career_navigator.api.current_user import CurrentUser
from career_navigator.api.fields import BoundedList, Choice, Line, Text
from career_navigator.api.serializers import SuccessSerializer

LONGEST_LIST = 10_000
LONGEST_SALARY = 60


def _either(*types: dict[str, Any]) -> Callable[[type[Any]], type[Any]]:
    return extend_schema_field({"oneOf": list(types)})


_TEXT = {"type": "string"}
_NUMBER = {"type": "number", "minimum": 0}
_TEXTS = {"type": "array", "items": {"type": "string"}}


@_either(_TEXTS, _TEXT)
class TextOrList(BoundedList):
    """A list, or text that lists it with commas (or with semicolons, where a part holds commas)."""

    default_error_messages = {"not_a_list": "This field has to be a list, or text with commas."}

    def to_internal_value(self, data: Any) -> list[Any]:
        if _is_short_text(data):
            data = split_list(data)
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)


@_either(_TEXTS, _TEXT)
class SkillsOrText(Skills):
    """A list, or text that lists it."""

    default_error_messages = {"not_a_list": TextOrList.default_error_messages["not_a_list"]}

    def to_internal_value(self, data: Any) -> list[Any]:
        return super().to_internal_value(split_skills(data) if _is_short_text(data) else data)


@_either(_TEXT, _TEXTS)
class RoleOrRoles(serializers.Field[Any, Any, Any, Any]):
    """Text, which is the first target role, or a list, which is all of them. Read as `first_role` or `target_roles`."""

    default_error_messages = {"invalid": "This field has to be text, or a list of texts."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str):
            # Nothing is the same as null.
            return {"first_role": TargetRole().run_validation(data)} if data.strip() else {"target_roles": None}
        if not isinstance(data, list):
            self.fail("invalid")
        roles = BoundedList(child=TargetRole(), max_length=MOST_ROLES)
        return {"target_roles": roles.run_validation(data)}


@_either(_TEXT, {"type": "boolean"})
class RemotePreference(Text):
    """One of the preferences, or a truth value: true is remote, false is any."""

    default_error_messages = {
        "invalid": f"This field must be one of {', '.join(REMOTE_PREFERENCES)}, or true or false.",
    }

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool):
            return "remote" if data else "any"
        try:
            return read_remote_preference(super().to_internal_value(data))
        except Unreadable:
            self.fail("invalid")


@_either(_TEXT, _NUMBER)
class Experience(serializers.Field[Any, Any, Any, Any]):
    """Free text, or a number of years. Read as the profile's two fields."""

    default_error_messages = {"invalid": "This field has to be text, or a number of years."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str):
            text = Text(max_length=LONGEST_EXPERIENCE, allow_blank=True).run_validation(data)
            if not text:
                return {"experience": None, "experience_years": None}
            years = read_years(text)
            fields: dict[str, Any] = {"experience": text}
            return fields | ({"experience_years": years} if years is not None and years <= MOST_YEARS else {})
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        if not 0 <= data <= MOST_YEARS:
            raise serializers.ValidationError(f"This field must be between 0 and {MOST_YEARS}.")
        return {"experience": None, "experience_years": float(data)}


@_either(_NUMBER, _TEXT)
class ExpectedSalary(serializers.Field[Any, Any, Any, Any]):
    """A year's pay: a number, or text that may name a currency. Read as the profile's two fields."""

    default_error_messages = {
        "invalid": 'This field has to be a number, or text such as "$120,000" or "90k EUR".',
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        fields: dict[str, Any]
        if isinstance(data, str) and len(data) <= LONGEST_SALARY:
            try:
                salary = read_salary(data, is_currency=_is_currency)
            except Unreadable:
                self.fail("invalid")
            fields = {"expected_salary": salary.amount}
            if salary.currency is not None:
                fields["expected_salary_currency"] = salary.currency
        elif isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        else:
            fields = {"expected_salary": float(data)}
        if not 0 <= fields["expected_salary"] <= MOST_SALARY:
            raise serializers.ValidationError(f"This field must be between 0 and {MOST_SALARY:.0f}.")
        return fields


class ProfileInput(serializers.Serializer[Any]):
    """Profile fields by the family's names; `validated_data` has them by the account's."""

    user_name = Line(max_length=LONGEST_NAME, source="full_name")
    phone_number = PhoneNumber(allow_null=True, allow_blank=True, required=False)
    desired_job_role = RoleOrRoles(
        allow_null=True,
        required=False,
        help_text="Text takes the place of the first target role; a list is all of them.",
    )
    skills = SkillsOrText(max_length=MOST_SKILLS, allow_null=True, required=False)
    experience = Experience(
        allow_null=True, required=False, help_text='Text, or a number of years; "5 years" counts as five.'
    )
    experience_years = Number(minimum=0, maximum=MOST_YEARS, allow_null=True, required=False)
    experience_level = Choice(choices=LEVELS, allow_null=True, required=False)
    location = Line(max_length=LONGEST_LOCATION, allow_null=True, allow_blank=True, required=False)
    preferred_locations = TextOrList(
        child=Line(max_length=LONGEST_LOCATION), max_length=MOST_LOCATIONS, allow_null=True, required=False
    )
    remote_preference = RemotePreference(
        allow_null=True,
        required=False,
        help_text=f"One of {', '.join(REMOTE_PREFERENCES)}; true is remote, false is any.",
    )
    professional_summary = Text(max_length=LONGEST_SUMMARY, allow_null=True, allow_blank=True, required=False)
    expected_salary = ExpectedSalary(
        allow_null=True, required=False, help_text='For a year: a number, or text such as "$120,000" or "90k EUR".'
    )
    expected_salary_currency = Currency(allow_null=True, allow_blank=True, required=False)

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
            raise serializers.ValidationError({"expected_salary_currency": [sentence]})


class UserRegistrationSerializer(ProfileInput):
    email_id = NewAddress(source="email")
    password = NewPassword()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fields = super().validate(attrs)
        if "first_role" in fields:
            fields["target_roles"] = [fields.pop("first_role")]
        return fields


class UserChangeSerializer(ProfileInput):
    """What is not given stays; null clears what may be empty."""

    user_name = Line(max_length=LONGEST_NAME, source="full_name", required=False)
    email_id = Address(required=False, help_text="The account's own; it cannot be changed.")

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and "password" in data:
            sentence = "This field is changed at POST /auth/password alone."
            raise serializers.ValidationError({"password": [sentence]})
        return super().to_internal_value(data)


class UserIdSerializer(SuccessSerializer):
    """Of a user, the id."""

    user_id = serializers.CharField(source="pk")


class SavedUserIdSerializer(IgnoredSkills, UserIdSerializer):
    pass


class UserLoginAnswerSerializer(UserIdSerializer, TokenPairSerializer):
    """A `Login`."""

    user_id = serializers.CharField(source="user.pk")


@_either(_TEXT, _NUMBER)
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
    """A `CurrentUser`."""

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
    experience_level = serializers.CharField(allow_null=True)
    location = serializers.CharField(allow_null=True)
    preferred_locations = serializers.ListField(child=serializers.CharField())
    remote_preference = serializers.CharField(allow_null=True, help_text=f"One of {', '.join(REMOTE_PREFERENCES)}.")
    professional_summary = serializers.CharField(allow_null=True)
    email_confirmed = serializers.BooleanField(source="fields.email_confirmed")
    expected_salary = serializers.FloatField(allow_null=True, help_text="A year's pay.")
    expected_salary_currency = serializers.CharField(allow_null=True, help_text="ISO 4217; USD where none is given.")


def _is_short_text(data: Any) -> bool:
    return isinstance(data, str) and len(data) <= LONGEST_LIST


def _is_currency(code: str) -> bool:
    import pycountry  # its tables are read at the first question, not at import

    return pycountry.currencies.get(alpha_3=code) is not None
