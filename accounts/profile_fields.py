"""Serializer fields of what people say of themselves; each refuses by a sentence that names its rule."""

import re
from collections.abc import Mapping
from typing import Any

import phonenumbers
from django.core.validators import EmailValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.addresses import fold_address, is_public, normalize_address
from accounts.documents import LONGEST_ADDRESS, LONGEST_PHONE_NUMBER, LONGEST_ROLE, LONGEST_SKILL, MOST_SKILLS
from career_navigator.api.fields import BoundedList, BoundedNumber, Line, Text
from market.roles import normalize_role
from skills.vocabulary import spelling_key

# Seven to fifteen digits, as E.164 allows, with what people put between them.
_PHONE_NUMBER = re.compile(r"\+?(?:[\s().\-/]*\d){7,15}[\s)]*", re.ASCII)


class Address(Text):
    """An e-mail address that an account may have."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_ADDRESS, **options)
        self.validators.append(EmailValidator(message="This field has to be an e-mail address."))

    def to_internal_value(self, data: Any) -> str:
        return fold_address(super().to_internal_value(data))


class NewAddress(Address):
    """An e-mail address for a new account; read in the form it is stored in."""

    default_error_messages = {"not_public": "This field has to be an e-mail address at a public domain."}

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text="At a public domain.", **options)

    def to_internal_value(self, data: Any) -> str:
        return normalize_address(super().to_internal_value(data))

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if not is_public(value):
            self.fail("not_public")


class Skill(Line):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_SKILL, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        # Names in other scripts have no key, but letters.
        if not spelling_key(name) and not any(character.isalnum() for character in name):
            raise serializers.ValidationError(f"{name!r} does not name a skill.")
        return name


class Skills(BoundedList):
    """A list of skills. Texts that name none are left out, so that one of them does not spoil the rest of a save."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Skill(), **options)

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list):
            # Reading a list that no account could have would keep a processor busy.
            if len(data) > 2 * MOST_SKILLS:
                self.fail("max_length", max_length=self.max_length)
            # Where there is no rest to save, it is refused by the text at fault.
            data = [each for each in data if not _names_no_skill(each)] or data
        return super().to_internal_value(data)


def list_ignored_skills(data: Any) -> list[str]:
    """List the texts among the `skills` of a body that `Skills` leaves out."""
    skills = data.get("skills") if isinstance(data, Mapping) else None
    if isinstance(skills, str):
        skills = split_skills(skills)
    return [each for each in skills if _names_no_skill(each)] if isinstance(skills, list) else []


def split_skills(text: str) -> list[str]:
    """The parts of a text that lists skills: commas, semicolons and new lines part them, as no name holds one."""
    return [part.strip() for part in re.split("[,;\n]", text) if part.strip()]


def _names_no_skill(text: Any) -> bool:
    if not isinstance(text, str):
        return False
    try:
        Skill().run_validation(text)
    except serializers.ValidationError:
        return True
    return False


class TargetRole(Line):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_ROLE, **options)

    def to_internal_value(self, data: Any) -> str:
        role = super().to_internal_value(data)
        if not normalize_role(role):
            raise serializers.ValidationError(f"{role!r} does not name a role.")
        return role


class PhoneNumber(Text):
    """A telephone number, kept as it was written.

    Without its country a number is only known to be possible somewhere. One that begins with + has to begin with a
    country's code, and must not be longer than that country's numbers are.
    """

    default_error_messages = {"no_number": "This field has to be a telephone number."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_PHONE_NUMBER, **options)

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
class Currency(Text):
    """A currency by its code of ISO 4217."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=3, help_text="ISO 4217; USD where none is given.", **options)

    def to_internal_value(self, data: Any) -> str:
        import pycountry  # its tables are read at the first question, not at import

        code = super().to_internal_value(data).upper()
        if code and pycountry.currencies.get(alpha_3=code) is None:
            raise serializers.ValidationError("This field has to be the code of a currency (ISO 4217), such as EUR.")
        return code


class Number(BoundedNumber):
    """A number, given as a number: text is refused."""

    def to_internal_value(self, data: Any) -> float:
        if not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)
