"""Serializer fields for profile input. Each error message names the violated rule."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import phonenumbers
from django.core.validators import EmailValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.documents import (
    MAX_EMAIL_LENGTH,
    MAX_EXPERIENCE_LENGTH,
    MAX_PHONE_NUMBER_LENGTH,
    MAX_ROLE_LENGTH,
    MAX_ROLES,
    MAX_SALARY,
    MAX_SKILL_LENGTH,
    MAX_SKILLS,
    MAX_YEARS,
)
from accounts.profile_parsing import (
    REMOTE_PREFERENCES,
    UnparsableValue,
    fold_email,
    is_public_email,
    normalize_email,
    parse_remote_preference,
    parse_salary,
    parse_years,
    split_list,
)
from career_navigator.api.fields import BoundedList, BoundedNumber, SingleLineCharField, StrictCharField
from market.roles import normalize_role
from skills.vocabulary import get_spelling_key

# Seven to fifteen digits (E.164) with common separators.
_PHONE_NUMBER = re.compile(r"\+?(?:[\s().\-/]*\d){7,15}[\s)]*", re.ASCII)
MAX_LIST_LENGTH = 10_000
MAX_SALARY_LENGTH = 60

TEXT = {"type": "string"}
NUMBER = {"type": "number", "minimum": 0}
TEXTS = {"type": "array", "items": {"type": "string"}}


class EmailField(StrictCharField):
    """An email address in NFKC and lower case."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_EMAIL_LENGTH, **options)
        self.validators.append(EmailValidator(message="This field must be an email address."))

    def to_internal_value(self, data: Any) -> str:
        return fold_email(super().to_internal_value(data))


class NewEmailField(EmailField):
    """An email address for a new account, normalized to its stored form."""

    default_error_messages = {"not_public": "This field must be an email address at a public domain."}

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text="Must be at a public domain.", **options)

    def to_internal_value(self, data: Any) -> str:
        return normalize_email(super().to_internal_value(data))

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if not is_public_email(value):
            self.fail("not_public")


class SkillField(SingleLineCharField):
    """The name of a skill."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_SKILL_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        # Names in other scripts have no spelling key, so accept them if they contain a letter or digit.
        if not get_spelling_key(name) and not any(character.isalnum() for character in name):
            raise serializers.ValidationError(f"{name!r} does not name a skill.")
        return name


class SkillListField(BoundedList):
    """A list of skills. Invalid names are dropped, so that one of them does not make the whole request fail."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=SkillField(), **options)

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list):
            # Reject far too long lists before spending CPU time on validating each item.
            if len(data) > 2 * MAX_SKILLS:
                self.fail("max_length", max_length=self.max_length)
            # If no valid name remains, validate the original list, so that the error names the invalid items.
            data = [skill for skill in data if not _is_invalid_skill(skill)] or data
        return super().to_internal_value(data)


def list_ignored_skills(data: Any) -> list[str]:
    """Return the `skills` of a request body that `SkillListField` drops."""
    skills = data.get("skills") if isinstance(data, Mapping) else None
    if isinstance(skills, str):
        skills = split_skills(skills)
    return [skill for skill in skills if _is_invalid_skill(skill)] if isinstance(skills, list) else []


def split_skills(text: str) -> list[str]:
    """Split a text at commas, semicolons and newlines. No skill name contains any of them."""
    return [part.strip() for part in re.split("[,;\n]", text) if part.strip()]


def _is_invalid_skill(text: Any) -> bool:
    if not isinstance(text, str):
        return False
    try:
        SkillField().run_validation(text)
    except serializers.ValidationError:
        return True
    return False


class TargetRoleField(SingleLineCharField):
    """The name of a role."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_ROLE_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        role = super().to_internal_value(data)
        if not normalize_role(role):
            raise serializers.ValidationError(f"{role!r} does not name a role.")
        return role


class PhoneNumberField(StrictCharField):
    """A telephone number, stored as entered.

    A number without a country code is only checked for its length. A number with a leading + must start with a country
    code and must not exceed the length of numbers in that country.
    """

    default_error_messages = {"no_number": "This field must be a telephone number."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_PHONE_NUMBER_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        number = super().to_internal_value(data)
        if number and not _is_possible_number(number):
            self.fail("no_number")
        return number


def _is_possible_number(number: str) -> bool:
    if not _PHONE_NUMBER.fullmatch(number):
        return False
    if not number.startswith("+"):
        return True
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.TOO_LONG


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z]{3}$"})
class CurrencyField(StrictCharField):
    """An ISO 4217 currency code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=3, help_text="ISO 4217 code. Defaults to USD.", **options)

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data).upper()
        if code and not _is_currency(code):
            raise serializers.ValidationError("This field must be an ISO 4217 currency code, such as EUR.")
        return code


class StrictNumberField(BoundedNumber):
    """A number. Text is rejected, even if it contains a number."""

    def to_internal_value(self, data: Any) -> float:
        if not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)


def accepts_one_of(*types: dict[str, Any]) -> Callable[[type[Any]], type[Any]]:
    """Declare in the OpenAPI schema that a field accepts any of these types."""
    return extend_schema_field({"oneOf": list(types)})


@accepts_one_of(TEXTS, TEXT)
class TextOrListField(BoundedList):
    """A list, or text with commas as separators (or semicolons, if an item contains commas)."""

    default_error_messages = {"not_a_list": "This field must be a list, or text with commas."}

    def to_internal_value(self, data: Any) -> list[Any]:
        if _is_short_text(data):
            data = split_list(data)
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)


@accepts_one_of(TEXTS, TEXT)
class SkillsOrTextField(SkillListField):
    """A list of skills, or text with commas, semicolons or newlines as separators."""

    default_error_messages = {"not_a_list": TextOrListField.default_error_messages["not_a_list"]}

    def to_internal_value(self, data: Any) -> list[Any]:
        return super().to_internal_value(split_skills(data) if _is_short_text(data) else data)


@accepts_one_of(TEXT, TEXTS)
class RoleOrRolesField(serializers.Field[Any, Any, Any, Any]):
    """The first target role as text, or all target roles as a list. Parsed to `first_role` or `target_roles`."""

    default_error_messages = {"invalid": "This field must be text, or a list of texts."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str):
            # Empty text is equivalent to null.
            return {"first_role": TargetRoleField().run_validation(data)} if data.strip() else {"target_roles": None}
        if not isinstance(data, list):
            self.fail("invalid")
        roles = BoundedList(child=TargetRoleField(), max_length=MAX_ROLES)
        return {"target_roles": roles.run_validation(data)}


@accepts_one_of(TEXT, {"type": "boolean"})
class RemotePreferenceField(StrictCharField):
    """One of the remote preferences, or a boolean: true means remote, false means any."""

    default_error_messages = {
        "invalid": f"This field must be one of {', '.join(REMOTE_PREFERENCES)}, or true or false.",
    }

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool):
            return "remote" if data else "any"
        try:
            return parse_remote_preference(super().to_internal_value(data))
        except UnparsableValue:
            self.fail("invalid")


@accepts_one_of(TEXT, NUMBER)
class ExperienceField(serializers.Field[Any, Any, Any, Any]):
    """Free text, or a number of years. Parsed to `experience` and `experience_years`."""

    default_error_messages = {"invalid": "This field must be text, or a number of years."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str):
            text = StrictCharField(max_length=MAX_EXPERIENCE_LENGTH, allow_blank=True).run_validation(data)
            if not text:
                return {"experience": None, "experience_years": None}
            years = parse_years(text)
            fields: dict[str, Any] = {"experience": text}
            return fields | ({"experience_years": years} if years is not None and years <= MAX_YEARS else {})
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        if not 0 <= data <= MAX_YEARS:
            raise serializers.ValidationError(f"This field must be between 0 and {MAX_YEARS}.")
        return {"experience": None, "experience_years": float(data)}


@accepts_one_of(NUMBER, TEXT)
class ExpectedSalaryField(serializers.Field[Any, Any, Any, Any]):
    """A salary per year: a number, or text with an optional currency.

    Parsed to `expected_salary` and `expected_salary_currency`.
    """

    default_error_messages = {
        "invalid": 'This field must be a number, or text such as "$120,000" or "90k EUR".',
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        fields: dict[str, Any]
        if isinstance(data, str) and len(data) <= MAX_SALARY_LENGTH:
            try:
                salary = parse_salary(data, is_currency=_is_currency)
            except UnparsableValue:
                self.fail("invalid")
            fields = {"expected_salary": salary.amount}
            if salary.currency is not None:
                fields["expected_salary_currency"] = salary.currency
        elif isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        else:
            fields = {"expected_salary": float(data)}
        if not 0 <= fields["expected_salary"] <= MAX_SALARY:
            raise serializers.ValidationError(f"This field must be between 0 and {MAX_SALARY:.0f}.")
        return fields


def _is_short_text(data: Any) -> bool:
    return isinstance(data, str) and len(data) <= MAX_LIST_LENGTH


def _is_currency(code: str) -> bool:
    import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

    return pycountry.currencies.get(alpha_3=code) is not None
