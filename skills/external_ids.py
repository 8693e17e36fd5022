"""Parse the ids of skills in public classifications (ESCO and O*NET). Pure."""

import re
from dataclasses import dataclass

ESCO, ONET = "esco", "onet"
SCHEMES = (ESCO, ONET)
EXACT, BROADER = "exact", "broader"
MATCHES = (EXACT, BROADER)
_PATTERNS = {
    ESCO: (re.compile(r"http://data\.europa\.eu/esco/skill/[0-9a-f-]{36}"), "a URI of an ESCO skill"),
    ONET: (re.compile("[0-9]{8}"), "a commodity code of eight digits"),
}


class InvalidExternalId(ValueError):
    """Raised for text that is not an external id. The message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalId:
    """A skill's id in a classification.

    In ESCO, `id` is the URI of the skill and `label` its preferred label. O*NET has no ids of technologies: `id` is the
    UNSPSC commodity code, and `label` the name of the technology. `match` is `broader` if the classification's entry
    covers more than the skill.
    """

    match: str
    scheme: str
    id: str
    label: str

    @classmethod
    def parse(cls, text: str) -> "ExternalId":
        """Parse a match, scheme, id and label, separated by spaces.

        Raises:
            InvalidExternalId: The text does not have this format.
        """
        match, scheme, identifier, label = [*text.split(maxsplit=3), *[""] * 4][:4]
        if match not in MATCHES or scheme not in SCHEMES:
            raise InvalidExternalId(
                f"{text!r} must begin with {' or '.join(MATCHES)}, then {' or '.join(SCHEMES)}, such as"
                " 'exact onet 43232304 Apache Kafka'"
            )
        pattern, description = _PATTERNS[scheme]
        if not pattern.fullmatch(identifier):
            raise InvalidExternalId(f"{text!r}: {identifier!r} is not {description}")
        if not label.strip():
            raise InvalidExternalId(f"{text!r} must end with the label that the classification uses")
        return cls(match=match, scheme=scheme, id=identifier, label=label.strip())
