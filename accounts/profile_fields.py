"""Serializer fields of what people say of themselves; each refuses by a sentence that names its rule."""

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
from skills.vocabulary import spelling_key

# Seven to fifteen digits, as E.164 allows, with what people put between them.
_PHONE_NUMBER = re.compile(r"\+?(?:[\s().\-/]*\d){7,15}[\s)]*", re.ASCII)
MAX_LIST_LENGTH = 10_000
MAX_SALARY_LENGTH = 60

TEXT = {"type": "string"}
NUMBER = {"type": "number", "minimum": 0}
TEXTS = {"type": "array", "items": {"type": "string"}}


class EmailField(StrictCharField):
    """An e-mail address that an account may have."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_EMAIL_LENGTH, **options)
        self.validators.append(EmailValidator(message="This field has to be an e-mail address."))

    def to_internal_value(self, data: Any) -> str:
        return fold_email(super().to_internal_value(data))


class NewEmailField(EmailField):
    """An e-mail address for a new account; read in the form it is stored in."""

    default_error_messages = {"not_public": "This field has to be an e-mail address at a public domain."}

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text="At a public domain.", **options)

    def to_internal_value(self, data: Any) -> str:
        return normalize_email(super().to_internal_value(data))

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if not is_public_email(value):
            self.fail("not_public")


class SkillField(SingleLineCharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_SKILL_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        # Names in other scripts have no key, but letters.
        if not spelling_key(name) and not any(character.isalnum() for character in name):
            raise serializers.ValidationError(f"{name!r} does not name a skill.")
        return name


class SkillListField(BoundedList):
    """A list of skills. Texts that name none are left out, so that one of them does not spoil the rest of a save."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=SkillField(), **options)

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list):
            # Reading a list that no account could have would keep a processor busy.
            if len(data) > 2 * MAX_SKILLS:
                self.fail("max_length", max_length=self.max_length)
            # Where there is no rest to save, it is refused by the text at fault.
            data = [each for each in data if not _is_no_skill(each)] or data
        return super().to_internal_value(data)


def list_ignored_skills(data: Any) -> list[str]:
    """List the texts among the `skills` of a body that `Skills` leaves out."""
    skills = data.get("skills") if isinstance(data, Mapping) else None
    if isinstance(skills, str):
        skills = split_skills(skills)
    return [each for each in skills if _is_no_skill(each)] if isinstance(skills, list) else []


def split_skills(text: str) -> list[str]:
    """The parts of a text that lists skills: commas, semicolons and new lines part them, as no name holds one."""
    return [part.strip() for part in re.split("[,;\n]", text) if part.strip()]


def _is_no_skill(text: Any) -> bool:
    if not isinstance(text, str):
        return False
    try:
        SkillField().run_validation(text)
    except serializers.ValidationError:
        return True
    return False


class TargetRoleField(SingleLineCharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_ROLE_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        role = super().to_internal_value(data)
        if not normalize_role(role):
            raise serializers.ValidationError(f"{role!r} does not name a role.")
        return role


class PhoneNumberField(StrictCharField):
    """A telephone number, kept as it was written.

    Without its country a number is only known to be possible somewhere. One that begins with + has to begin with a
    country's code, and must not be longer than that country's numbers are.
    """

    default_error_messages = {"no_number": "This field has to be a telephone number."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_PHONE_NUMBER_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        number = super().to_internal_value(data)
        if number and not _is_possible(number):
            self.fail("no_number")
        return number


def _is_possible(number: str) -> bool:
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
    """A currency by its code of ISO 4217."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=3, help_text="ISO 4217; USD where none is given.", **options)

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data).upper()
        if code and not _is_currency(code):
            raise serializers.ValidationError("This field has to be the code of a currency (ISO 4217), such as EUR.")
        return code


class StrictNumberField(BoundedNumber):
    """A number, given as a number: text is refused."""

    def to_internal_value(self, data: Any) -> float:
        if not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)


def either(*types: dict[str, Any]) -> Callable[[type[Any]], type[Any]]:
    return extend_schema_field({"oneOf": list(types)})


@either(TEXTS, TEXT)
class TextOrListField(BoundedList):
    """A list, or text that lists it with commas (or with semicolons, where a part holds commas)."""

    default_error_messages = {"not_a_list": "This field has to be a list, or text with commas."}

    def to_internal_value(self, data: Any) -> list[Any]:
        if _is_short_text(data):
            data = split_list(data)
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)


@either(TEXTS, TEXT)
class SkillsOrTextField(SkillListField):
    """A list, or text that lists it."""

    default_error_messages = {"not_a_list": TextOrListField.default_error_messages["not_a_list"]}

    def to_internal_value(self, data: Any) -> list[Any]:
        return super().to_internal_value(split_skills(data) if _is_short_text(data) else data)


@either(TEXT, TEXTS)
class RoleOrRolesField(serializers.Field[Any, Any, Any, Any]):
    """Text, which is the first target role, or a list, which is all of them. Read as `first_role` or `target_roles`."""

    default_error_messages = {"invalid": "This field has to be text, or a list of texts."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str):
            # Nothing is the same as null.
            return {"first_role": TargetRoleField().run_validation(data)} if data.strip() else {"target_roles": None}
        if not isinstance(data, list):
            self.fail("invalid")
        roles = BoundedList(child=TargetRoleField(), max_length=MAX_ROLES)
        return {"target_roles": roles.run_validation(data)}


@either(TEXT, {"type": "boolean"})
class RemotePreferenceField(StrictCharField):
    """One of the preferences, or a truth value: true is remote, false is any."""

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


@either(TEXT, NUMBER)
class ExperienceField(serializers.Field[Any, Any, Any, Any]):
    """Free text, or a number of years. Read as the profile's two fields."""

    default_error_messages = {"invalid": "This field has to be text, or a number of years."}

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


@either(NUMBER, TEXT)
class ExpectedSalaryField(serializers.Field[Any, Any, Any, Any]):
    """A year's pay: a number, or text that may name a currency. Read as the profile's two fields."""

    default_error_messages = {
        "invalid": 'This field has to be a number, or text such as "$120,000" or "90k EUR".',
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
    import pycountry  # its tables are read at the first question, not at import

    return pycountry.currencies.get(alpha_3=code) is not None
