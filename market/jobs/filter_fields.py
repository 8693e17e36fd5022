"""Serializer fields of a filter of jobs: names as people write them, read as postings have them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from career_navigator.api.fields import Text
from market.geo.names import UNKNOWN, find_country, fold, is_country_code
from market.geo.places import normalize_place
from market.roles import normalize_role
from skills.names import spelling_key
from skills.selectors import vocabulary


class Truth(serializers.BooleanField):
    """true or false, and no word or number for them."""

    default_error_messages = {"invalid": "This field has to be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return bool(data)


class RoleTitle(Text):
    """A title to look for, as it was given."""

    def to_internal_value(self, data: Any) -> str:
        title = super().to_internal_value(data)
        if not normalize_role(title):
            raise serializers.ValidationError("This field has to name a role.")
        return title


class SkillName(Text):
    """A skill in any spelling; read as its canonical name."""

    def to_internal_value(self, data: Any) -> str:
        given = super().to_internal_value(data)
        # Not by `map_technology_slugs` alone, which drops a name that means no skill: no posting asks for it.
        return vocabulary().canonical(given) or next(
            iter(vocabulary().map_technology_slugs([given])), spelling_key(given) or given.lower()
        )


class CountryName(Text):
    """A country by its ISO 3166 alpha-2 code or its name; read as the code."""

    def to_internal_value(self, data: Any) -> str:
        given = super().to_internal_value(data)
        # As a place's name "Georgia" is the state; as a country's it is not.
        known = {"georgia": "GE"}.get(fold(given)) or find_country(given)
        code = given.upper() if is_country_code(given.upper()) else known
        if code is None:
            raise serializers.ValidationError("This field has to be a country's ISO 3166 alpha-2 code or its name.")
        return code


class PlaceName(Text):
    """A place as people write it; read as the label that postings have."""

    def to_internal_value(self, data: Any) -> str:
        given = super().to_internal_value(data)
        label = normalize_place(label=given)
        if label == UNKNOWN and given != UNKNOWN:
            raise serializers.ValidationError("This field has to name a place.")
        return label


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z]{3}$"})
class Currency(Text):
    """An ISO 4217 code, in any case."""

    def to_internal_value(self, data: Any) -> str:
        import pycountry  # its tables are read at the first question, not at import

        code = super().to_internal_value(data).upper()
        if len(code) != 3 or pycountry.currencies.get(alpha_3=code) is None:
            raise serializers.ValidationError("This field has to be an ISO 4217 currency code.")
        return code
