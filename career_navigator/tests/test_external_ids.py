"""Parsing of ids in public classifications."""

import pytest

from career_navigator.external_ids import (
    BROADER,
    ESCO,
    EXACT,
    ONET,
    ROLE_SCHEMES,
    SKILL_SCHEMES,
    SOC,
    ExternalId,
    IdSchemes,
    InvalidExternalId,
)

SKILL = "http://data.europa.eu/esco/skill/ccd0a1d9-afda-43d9-b901-96344886e14d"
OCCUPATION = "http://data.europa.eu/esco/occupation/f2b15a0e-e65a-438a-affb-29b9d50b77d1"


@pytest.mark.parametrize(
    ("text", "schemes", "expected"),
    [
        (f"exact esco {SKILL} Python (computer)", SKILL_SCHEMES, (EXACT, ESCO, SKILL, "Python (computer)")),
        ("broader onet 43232304  Apache Kafka ", SKILL_SCHEMES, (BROADER, ONET, "43232304", "Apache Kafka")),
        (f"exact esco {OCCUPATION} software developer", ROLE_SCHEMES, (EXACT, ESCO, OCCUPATION, "software developer")),
        (
            "broader soc 15-1252.00 Software Developers",
            ROLE_SCHEMES,
            (BROADER, SOC, "15-1252.00", "Software Developers"),
        ),
    ],
)
def test_reads_an_external_id(text: str, schemes: IdSchemes, expected: tuple[str, ...]) -> None:
    parsed = ExternalId.parse(text, schemes=schemes)

    assert (parsed.match, parsed.scheme, parsed.id, parsed.label) == expected


@pytest.mark.parametrize(
    ("text", "schemes", "message"),
    [
        ("", SKILL_SCHEMES, "must begin with exact or broader, then esco or onet"),
        ("sure onet 43232304 Kafka", SKILL_SCHEMES, "must begin with exact or broader"),
        ("exact soc 15-1252.00 Developers", SKILL_SCHEMES, "then esco or onet"),
        ("exact onet 4323 Kafka", SKILL_SCHEMES, "'4323' is not a commodity code of eight digits"),
        ("exact onet ４３２３２３０４ Kafka", SKILL_SCHEMES, "is not a commodity code"),
        (f"exact esco {OCCUPATION} Python", SKILL_SCHEMES, "is not a URI of an ESCO skill"),
        ("exact onet 43232304", SKILL_SCHEMES, "must end with the label"),
        ("exact onet 43232304 Kafka", ROLE_SCHEMES, "then esco or soc, such as 'exact soc 15-1252.00 Software Dev"),
        (f"exact esco {SKILL} developer", ROLE_SCHEMES, "is not a URI of an ESCO occupation"),
        ("exact soc 15-1252 Developers", ROLE_SCHEMES, "'15-1252' is not a code such as 15-1252.00"),
        ("exact soc 15-1252.00 ", ROLE_SCHEMES, "must end with the label"),
    ],
)
def test_says_what_is_wrong_with_an_external_id(text: str, schemes: IdSchemes, message: str) -> None:
    with pytest.raises(InvalidExternalId, match=message):
        ExternalId.parse(text, schemes=schemes)
