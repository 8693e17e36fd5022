"""Values of TheirStack's jobs: which are read, and which are treated as missing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ingestion.sources.theirstack.transform import transform_job
from ingestion.tests.theirstack_job import FULL_JOB

MINIMAL_JOB = {"id": 7, "job_title": "Data Engineer"}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (12, "12"),
        ("12", "12"),
        (" 12 ", "12"),
        (12.0, "12"),
        (12.5, None),
        (1e300, None),
        (True, None),
        (0, "0"),
        (10**50, None),
        ("", None),
        ("a" * 200, "a" * 200),
        ("a" * 201, None),
        ([12], None),
    ],
)
def test_reads_an_id_as_text(value, read):
    assert transform_job(FULL_JOB | {"id": value}).job_id == read


VALUES: dict[str, list[tuple[Any, ...]]] = {
    "discovered_at": [
        ("2024-01-01T00:00:00", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2026-05-23T00:29:36.893000Z", datetime(2026, 5, 23, 0, 29, 36, 893000, tzinfo=UTC)),
        ("2024-01-01T01:00:00+02:00", datetime(2023, 12, 31, 23, tzinfo=UTC)),
        ("2024-01-01", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01 10:00:00", datetime(2024, 1, 1, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        ("2024-13-01", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("1969-12-31", None),
        (1704067200, None),
        (None, None),
    ],
    "min_annual_salary_usd": [
        (100000, 100000),
        (99999.6, 100000),
        ("100000", 100000),
        ("100000.4", 100000),
        (1, 1),
        (0.2, None),
        (0, None),
        (-5, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        (1e15, None),
        (True, None),
        ("much", None),
        ([1], None),
        ({}, None),
    ],
    "remote": [
        (True, True),
        (False, False),
        (None, None),
        ("true", True),
        ("False", False),
        ("maybe", None),
        (1, None),
        ([], None),
    ],
    "final_url": [
        ("https://a.example/x?y=1#z", "https://a.example/x?y=1#z"),
        (" http://a.example ", "http://a.example"),
        ("HTTPS://A.example/", "HTTPS://A.example/"),
        ("javascript:alert(1)", None),
        ("ftp://a.example", None),
        ("//a.example", None),
        ("a.example", None),
        ("https://", None),
        ("https://a.example/with space", None),
        ("https://a.example/\x00", None),
        ("https://a.example/\ud800", None),
        ("https://a.example/" + "x" * 2000, None),
        (7, None),
    ],
    "technology_slugs": [(value, ()) for value in ("python", {"python": 1}, 5, None, True)],
}


@pytest.mark.parametrize(
    ("field", "value", "read"), [(field, *case) for field, cases in VALUES.items() for case in cases]
)
def test_reads_a_value_by_the_type_of_its_field_and_drops_invalid_ones(field, value, read):
    found = getattr(transform_job(MINIMAL_JOB | {field: value}), field)

    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"country_codes": [], "country_code": "US"}, ("US",)),
        ({"country_codes": ["us", "US", "usa", 5, None, "F1"], "country_code": None}, ("US",)),
        ({"locations": [{"country_code": "DE"}, {"country_code": "AT"}]}, ("DE", "AT")),
        ({"country": "Germany"}, ("DE",)),
        ({"country": "Nowhere", "country_codes": "US", "locations": {"country_code": "DE"}}, ()),
    ],
)
def test_gathers_the_countries_from_every_field_that_names_them(changes, codes):
    posting = transform_job(MINIMAL_JOB | changes)

    assert posting.country_codes == codes
    assert posting.country_code == (codes[0] if codes else None)


SAO_PAULO = {"name": "São Paulo", "type": "city", "country_code": "BR"}
LISBON = {"name": "Lisbon", "type": "city", "country_code": "PT"}


@pytest.mark.parametrize(
    ("label", "changes", "codes"),
    [
        ("Poland", {"locations": [SAO_PAULO]}, ("PL",)),
        ("Poland", {"country_code": "BR", "country_codes": ["BR"]}, ("PL",)),
        ("Krakow, Poland", {"country_code": "BR", "country_codes": ["BR"], "locations": [SAO_PAULO]}, ("PL",)),
        ("Torrance, CA", {"locations": [SAO_PAULO]}, ("US",)),
        ("Texas", {"locations": [SAO_PAULO]}, ("US",)),
        ("Remote (Germany)", {"country_code": "BR"}, ("DE",)),
        # Countries that another location or the label itself names are kept.
        ("Poland", {"locations": [SAO_PAULO, LISBON]}, ("PL", "PT")),
        ("Poland", {"country_code": "BR", "country_codes": ["BR", "PT"]}, ("PL", "PT")),
        ("Poland", {"country_code": "BR", "country_codes": ["BR", "PL"]}, ("PL", "BR")),
        ("Remote (Spain, Portugal)", {"locations": [LISBON]}, ("ES", "PT")),
        # No contradiction: the label is ambiguous, or names no country.
        ("London", {"country_code": "CA"}, ("CA",)),
        ("London", {"locations": [{"name": "London", "country_code": "CA"}]}, ("CA",)),
        ("Georgia", {"country_code": "US", "state_code": "GA"}, ("US",)),
        ("Remote", {"country_code": "BR"}, ("BR",)),
        ("EMEA", {"country_code": "BR"}, ("BR",)),
        ("São Paulo", {"locations": [SAO_PAULO, LISBON]}, ("BR", "PT")),
        ("Acme Campus", {"locations": [SAO_PAULO]}, ("BR",)),
    ],
)
def test_prefers_the_country_of_the_label_to_that_of_the_address(label, changes, codes):
    posting = transform_job(MINIMAL_JOB | {"location": label} | changes)

    assert posting.country_codes == codes
    assert posting.country_code == codes[0]


@pytest.mark.parametrize(
    ("changes", "location"),
    [
        ({"location": "Paris", "long_location": "Paris, France"}, "Paris"),
        ({"location": "", "short_location": "Tulsa, OK"}, "Tulsa, OK"),
        ({"locations": [{"display_name": "Live Oak, California, United States", "name": "Live Oak"}]}, "Live Oak, "),
        ({"locations": [{"name": "Live Oak"}]}, "Live Oak"),
        ({"locations": [None, 5, "Berlin", "Rome"]}, "Berlin"),
        ({"locations": "Berlin"}, ""),
        ({}, ""),
    ],
)
def test_keeps_the_wording_of_the_location(changes, location):
    assert transform_job(MINIMAL_JOB | changes).location.startswith(location)


@pytest.mark.parametrize(
    ("changes", "coordinates"),
    [
        ({"latitude": 1, "longitude": "2.5"}, (1.0, 2.5)),
        ({"latitude": 1}, (None, None)),
        ({"latitude": 91, "longitude": 0}, (None, None)),
        ({"latitude": 1, "locations": [{"latitude": 5, "longitude": 6}]}, (5.0, 6.0)),
    ],
)
def test_reads_coordinates_only_as_a_pair(changes, coordinates):
    posting = transform_job(MINIMAL_JOB | changes)

    assert (posting.latitude, posting.longitude) == coordinates


def test_keeps_distinct_slugs_as_written():
    slugs = ["gitHub-copilot", "react", "react", " sql ", "", None, 5, ["x"], "y" * 500]

    posting = transform_job(MINIMAL_JOB | {"technology_slugs": slugs})

    assert posting.technology_slugs == ("gitHub-copilot", "react", "sql")


def test_truncates_long_values():
    job = {
        "id": 1,
        "job_title": "Engineer " * 1000,
        "company": "é" * 10_000,
        "description": "é" * 500_000,
        "technology_slugs": [f"slug-{number}" for number in range(10_000)],
        "location": "x" * 10_000,
        "locations": [{"name": "x" * 10_000}] * 10_000,
    }

    posting = transform_job(job)

    assert (len(posting.title), len(posting.company), len(posting.location)) == (500, 300, 500)
    assert len(posting.description.encode()) == 100_000
    assert len(posting.technology_slugs) == 300


def test_drops_unstorable_characters_and_keeps_the_lines_of_a_description():
    job = {
        "id": 1,
        "job_title": "Data\x00 Engineer\r\n\t(m/w/d) \ud83d",
        "description": "One\r\ntwo\x00\x1f\ud800\rthree\tfour 🎉",
    }

    posting = transform_job(job)

    assert posting.title == "Data Engineer (m/w/d)"
    assert posting.description == "One\ntwo\nthree\tfour 🎉"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("R&amp;D Engineer", "R&D Engineer"),
        ("R&D Engineer", "R&D Engineer"),
        ("AT&amp;amp;T", "AT&amp;T"),
        ("&amp;lt;", "&lt;"),
        ("Caf&eacute; &#8211; M&#xFC;ller", "Café – Müller"),
        ("Head&nbsp;of&#160;IT", "Head of IT"),
        ("Sales&reg &copy=2 &notanentity; &; &#;", "Sales&reg &copy=2 &notanentity; &; &#;"),
        ("&#0;&#xD800;&#99999999;x", "\ufffd\ufffd&#99999999;x"),
        ("A&#10;B&Tab;C", "A B C"),
        ("&amp;" * 600, "&" * 500),
    ],
)
def test_decodes_html_entities_once(written, read):
    assert read_job(job_title=written).title == read
    assert read_job(company=written).company == read[:300]


def test_decodes_the_entities_of_a_description_once_and_keeps_its_lines():
    description = read_job(description="&lt;p&gt;R&amp;D\n&amp;lt;b&amp;gt;&#x2022; Caf&eacute;").description

    assert description == "<p>R&D\n&lt;b&gt;• Café"


def test_decodes_entities_of_places_slugs_and_urls_and_leaves_ids_alone():
    posting = read_job(
        id="a&amp;b",
        url="https://jobs.example.com/?id=8&amp;copy=2&copy;=3",
        location="S&atilde;o Paulo, Brazil",
        locations=[{"name": "Caf&eacute; City", "type": "city", "country_code": "DE"}],
        technology_slugs=["r&amp;d"],
    )

    assert posting.job_id == "a&amp;b"
    assert posting.url == "https://jobs.example.com/?id=8&copy=2&copy;=3"
    assert posting.location == "São Paulo, Brazil"
    assert posting.technology_slugs == ("r&d",)
    assert read_job(location="", locations=[{"name": "K&ouml;ln", "country_code": "DE"}]).place == "Cologne, Germany"


def read_job(**fields):
    return transform_job({"id": 1, "job_title": "Developer", "company": "Acme", **fields})
