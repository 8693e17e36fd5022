"""Parse the ids of skills and roles in public classifications: ESCO, O*NET and SOC. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

ESCO, ONET, SOC = "esco", "onet", "soc"
EXACT, BROADER = "exact", "broader"
MATCHES = (EXACT, BROADER)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdSchemes:
    """The supported classifications, each with the pattern and the description of its ids."""

    formats: Mapping[str, tuple[re.Pattern[str], str]]
    example: str


SKILL_SCHEMES = IdSchemes(
    formats={
        ESCO: (re.compile(r"http://data\.europa\.eu/esco/skill/[0-9a-f-]{36}"), "a URI of an ESCO skill"),
        ONET: (re.compile("[0-9]{8}"), "a commodity code of eight digits"),
    },
    example="exact onet 43232304 Apache Kafka",
)
ROLE_SCHEMES = IdSchemes(
    formats={
        ESCO: (re.compile(r"http://data\.europa\.eu/esco/occupation/[0-9a-f-]{36}"), "a URI of an ESCO occupation"),
        SOC: (re.compile(r"[0-9]{2}-[0-9]{4}\.[0-9]{2}"), "a code such as 15-1252.00"),
    },
    example="exact soc 15-1252.00 Software Developers",
)
SKILL_SCHEME_NAMES, ROLE_SCHEME_NAMES = tuple(SKILL_SCHEMES.formats), tuple(ROLE_SCHEMES.formats)


class InvalidExternalId(ValueError):
    """Raised for text that is not an external id. The message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalId:
    """The id of a skill or role in a classification.

    In ESCO, `id` is the URI of the skill or occupation and `label` its preferred label. O*NET has no ids of
    technologies: `id` is the UNSPSC commodity code, and `label` the name of the technology. In SOC, `id` is the
    O*NET-SOC code and `label` the title of the occupation. `match` is `broader` if the classification's entry covers
    more than the skill or role.
    """

    match: str
    scheme: str
    id: str
    label: str

    @classmethod
    def parse(cls, text: str, *, schemes: IdSchemes) -> "ExternalId":
        """Parse a match, scheme, id and label, separated by spaces.

        Raises:
            InvalidExternalId: The text does not have this format.
        """
        match, scheme, identifier, label = [*text.split(maxsplit=3), *[""] * 4][:4]
        if match not in MATCHES or scheme not in schemes.formats:
            raise InvalidExternalId(
                f"{text!r} must begin with {' or '.join(MATCHES)}, then {' or '.join(schemes.formats)}, such as"
                f" '{schemes.example}'"
            )
        pattern, description = schemes.formats[scheme]
        if not pattern.fullmatch(identifier):
            raise InvalidExternalId(f"{text!r}: {identifier!r} is not {description}")
        if not label.strip():
            raise InvalidExternalId(f"{text!r} must end with the label that the classification uses")
        return cls(match=match, scheme=scheme, id=identifier, label=label.strip())
