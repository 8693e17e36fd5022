import dataclasses
import gzip
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingestion.tests.real_postings import REAL_POSTINGS, needs_real_postings
from ingestion.theirstack_jobs import posting_from_job
from market.posting import Posting, RefusedPosting

SMALLEST = {"id": 7, "job_title": "Data Engineer"}

# As the API answers; the values are made up.
REAL = {
    "id": 81234567890123,
    "job_title": "Senior Data Engineer",
    "normalized_title": "data engineer",
    "url": "https://jobs.example.com/7",
    "final_url": "https://acme.example.com/careers/7",
    "source_url": "https://board.example.com/view/7",
    "date_posted": "2026-04-30",
    "discovered_at": "2026-05-01T00:29:36.893000Z",
    "closed_at": None,
    "reposted": True,
    "date_reposted": "2026-05-01",
    "has_blurred_data": False,
    "company": "Acme",
    "company_domain": "acme.example.com",
    "company_object": {
        "id": "acme",
        "name": "Acme Inc",
        "industry": "internet",
        "industry_id": 6,
        "employee_count": 7543,
        "country_code": "us",
        "logo": "https://acme.example.com/logo.png",
        "linkedin_url": "http://www.linkedin.com/company/acme",
        "technology_slugs": ["kafka"] * 3000,
        "technology_names": ["Kafka"],
        "keyword_slugs": ["streaming"],
    },
    "location": "Tulsa, OK",
    "state_code": "OK",
    "country": "United States",
    "country_code": "US",
    "country_codes": ["US", "CA"],
    "cities": ["Tulsa"],
    "latitude": 36.15,
    "longitude": -95.99,
    "locations": [
        {"name": "Tulsa", "type": "city", "state_code": "OK", "country_code": "US"},
        {"name": "Paris", "type": "city", "country_code": "FR"},
    ],
    "remote": False,
    "hybrid": True,
    "salary_string": "$100,000 - $120,000",
    "salary_currency": "USD",
    "min_annual_salary": 100000,
    "max_annual_salary": 120000.5,
    "min_annual_salary_usd": 100000,
    "max_annual_salary_usd": 120000.5,
    "seniority": "senior",
    "employment_statuses": ["full_time"],
    "easy_apply": False,
    "hiring_team": [{"full_name": "Jo Person", "linkedin_url": "https://www.linkedin.com/in/jo-person"}],
    "technology_slugs": ["postgresql", "gitHub-copilot"],
    "keyword_slugs": ["etl"],
    "description": "Build **pipelines**.\n\n- SQL\n",
    "something_new": {"a": 1},
}


def test_reads_every_field_of_the_api():
    posting = posting_from_job(REAL)

    assert posting == Posting(
        source="theirstack",
        job_id="81234567890123",
        url="https://jobs.example.com/7",
        title="Senior Data Engineer",
        company="Acme",
        description="Build **pipelines**.\n\n- SQL",
        normalized_title="data engineer",
        final_url="https://acme.example.com/careers/7",
        source_url="https://board.example.com/view/7",
        company_domain="acme.example.com",
        company_industry="internet",
        company_industry_id=6,
        company_employee_count=7543,
        company_country_code="US",
        company_logo="https://acme.example.com/logo.png",
        company_linkedin_url="http://www.linkedin.com/company/acme",
        location="Tulsa, OK",
        place="Tulsa, OK",
        country_code="US",
        country_codes=("US", "CA", "FR"),
        latitude=36.15,
        longitude=-95.99,
        remote=False,
        hybrid=True,
        technology_slugs=("postgresql", "gitHub-copilot"),
        keyword_slugs=("etl",),
        date_posted=date(2026, 4, 30),
        discovered_at=datetime(2026, 5, 1, 0, 29, 36, 893000, tzinfo=UTC),
        closed_at=None,
        reposted=True,
        date_reposted=date(2026, 5, 1),
        salary_string="$100,000 - $120,000",
        salary_currency="USD",
        min_annual_salary=100000.0,
        max_annual_salary=120000.5,
        min_annual_salary_usd=100000,
        max_annual_salary_usd=120000,
        seniority="senior",
        employment_statuses=("full_time",),
        easy_apply=False,
    )


def test_reads_the_older_names_of_the_fields():
    job = {
        "job_id": "123456",
        "title": "Senior Software Engineer",
        "company_object": {"name": "Tech Corp", "domain": "techcorp.example"},
        "locations": ["San Francisco, CA"],
        "description": "...",
        "technology_slugs": ["python", "react", "aws"],
        "job_url": "https://jobs.example.com/123456",
        "posted_at": "2025-10-20T23:30:00-02:00",
        "min_annual_salary_usd": 120000,
        "remote": True,
    }

    posting = posting_from_job(job)

    assert (posting.job_id, posting.url) == ("123456", "https://jobs.example.com/123456")
    assert (posting.title, posting.company) == ("Senior Software Engineer", "Tech Corp")
    assert posting.company_domain == "techcorp.example"
    assert (posting.location, posting.place) == ("San Francisco, CA", "San Francisco, CA")
    assert posting.date_posted == date(2025, 10, 21)
    assert posting.technology_slugs == ("python", "react", "aws")
    assert (posting.min_annual_salary_usd, posting.remote) == (120000, True)


def test_prefers_the_names_of_the_api_to_the_older_ones():
    older = {"job_id": "9", "title": "Cook", "job_url": "https://old.example", "posted_at": "2020-01-01"}

    posting = posting_from_job(REAL | older | {"company_object": {"name": "Older"}})

    assert (posting.job_id, posting.title, posting.company) == ("81234567890123", "Senior Data Engineer", "Acme")
    assert (posting.url, posting.date_posted) == ("https://jobs.example.com/7", date(2026, 4, 30))


def test_reads_absent_and_null_alike():
    nulls = dict.fromkeys(REAL)

    assert posting_from_job(nulls | SMALLEST) == posting_from_job(SMALLEST)


def test_makes_a_posting_of_little():
    posting = posting_from_job(SMALLEST, source="import")

    assert (posting.source, posting.job_id, posting.url, posting.company) == ("import", "7", None, "")
    assert (posting.remote, posting.date_posted, posting.technology_slugs) == (None, None, ())


def test_leaves_people_and_the_technologies_of_the_company_behind():
    shown = repr(posting_from_job(REAL))

    for left_behind in ("Jo Person", "jo-person", "kafka", "Kafka", "streaming"):
        assert left_behind not in shown


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (None, "not_an_object"),
        ("job", "not_an_object"),
        ([REAL], "not_an_object"),
        ({}, "no_title"),
        (REAL | {"has_blurred_data": True}, "blurred"),
        (REAL | {"company_object": {"has_blurred_data": True}}, "blurred"),
        ({"has_blurred_data": "true"}, "blurred"),
        (REAL | {"job_title": None}, "no_title"),
        (REAL | {"job_title": " \x00\n\u2003"}, "no_title"),
        (REAL | {"job_title": 5}, "no_title"),
        (REAL | {"job_title": ["Engineer"]}, "no_title"),
        (REAL | {"id": None, "url": None}, "no_id_and_no_url"),
        (REAL | {"id": "", "url": ""}, "no_id_and_no_url"),
        (REAL | {"id": True, "url": "javascript:alert(1)"}, "no_id_and_no_url"),
        (REAL | {"id": {"a": 1}, "url": "jobs/7"}, "no_id_and_no_url"),
        (REAL | {"id": float("nan"), "url": "https://"}, "no_id_and_no_url"),
        (REAL | {"id": "x" * 201, "url": "https://[bad"}, "no_id_and_no_url"),
    ],
)
def test_refuses_by_name_what_cannot_be_a_posting(job, reason):
    with pytest.raises(RefusedPosting) as caught:
        posting_from_job(job)

    assert caught.value.reason == reason
    assert len(str(caught.value)) < 3_000


def test_says_which_job_it_refuses():
    with pytest.raises(RefusedPosting, match="81234567890123"):
        posting_from_job(REAL | {"job_title": ""})


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
    assert posting_from_job(REAL | {"id": value}).job_id == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
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
)
def test_reads_datetimes_with_and_without_zone_as_utc(value, read):
    assert posting_from_job(SMALLEST | {"discovered_at": value}).discovered_at == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
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
)
def test_reads_salaries_as_whole_dollars_and_nonsense_as_absent(value, read):
    assert posting_from_job(SMALLEST | {"min_annual_salary_usd": value}).min_annual_salary_usd == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (True, True),
        (False, False),
        (None, None),
        ("true", True),
        ("False", False),
        ("maybe", None),
        (1, None),
        ([], None),
    ],
)
def test_reads_remote_only_where_it_is_said(value, read):
    assert posting_from_job(SMALLEST | {"remote": value}).remote is read


@pytest.mark.parametrize(
    ("value", "read"),
    [
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
)
def test_takes_only_web_addresses(value, read):
    assert posting_from_job(SMALLEST | {"final_url": value}).final_url == read


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
    posting = posting_from_job(SMALLEST | changes)

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
        # What another location or the label itself names stays.
        ("Poland", {"locations": [SAO_PAULO, LISBON]}, ("PL", "PT")),
        ("Poland", {"country_code": "BR", "country_codes": ["BR", "PT"]}, ("PL", "PT")),
        ("Poland", {"country_code": "BR", "country_codes": ["BR", "PL"]}, ("PL", "BR")),
        ("Remote (Spain, Portugal)", {"locations": [LISBON]}, ("ES", "PT")),
        # Here they do not disagree: the label leaves open what the address says, or says nothing.
        ("London", {"country_code": "CA"}, ("CA",)),
        ("London", {"locations": [{"name": "London", "country_code": "CA"}]}, ("CA",)),
        ("Georgia", {"country_code": "US", "state_code": "GA"}, ("US",)),
        ("Remote", {"country_code": "BR"}, ("BR",)),
        ("EMEA", {"country_code": "BR"}, ("BR",)),
        ("São Paulo", {"locations": [SAO_PAULO, LISBON]}, ("BR", "PT")),
        ("Acme Campus", {"locations": [SAO_PAULO]}, ("BR",)),
    ],
)
def test_counts_a_posting_in_the_country_of_its_label_where_the_address_is_elsewhere(label, changes, codes):
    posting = posting_from_job(SMALLEST | {"location": label} | changes)

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
def test_words_the_location_as_the_source_does(changes, location):
    assert posting_from_job(SMALLEST | changes).location.startswith(location)


@pytest.mark.parametrize(
    ("changes", "coordinates"),
    [
        ({"latitude": 1, "longitude": "2.5"}, (1.0, 2.5)),
        ({"latitude": 1}, (None, None)),
        ({"latitude": 91, "longitude": 0}, (None, None)),
        ({"latitude": 1, "locations": [{"latitude": 5, "longitude": 6}]}, (5.0, 6.0)),
    ],
)
def test_takes_coordinates_as_a_pair_or_not_at_all(changes, coordinates):
    posting = posting_from_job(SMALLEST | changes)

    assert (posting.latitude, posting.longitude) == coordinates


def test_keeps_slugs_as_they_are_written_each_once():
    slugs = ["gitHub-copilot", "react", "react", " sql ", "", None, 5, ["x"], "y" * 500]

    posting = posting_from_job(SMALLEST | {"technology_slugs": slugs})

    assert posting.technology_slugs == ("gitHub-copilot", "react", "sql")


@pytest.mark.parametrize("value", ["python", {"python": 1}, 5, None, True])
def test_reads_slugs_that_are_no_list_as_absent(value):
    assert posting_from_job(SMALLEST | {"technology_slugs": value}).technology_slugs == ()


def test_cuts_what_is_too_long():
    job = {
        "id": 1,
        "job_title": "Engineer " * 1000,
        "company": "é" * 10_000,
        "description": "é" * 500_000,
        "technology_slugs": [f"slug-{number}" for number in range(10_000)],
        "location": "x" * 10_000,
        "locations": [{"name": "x" * 10_000}] * 10_000,
    }

    posting = posting_from_job(job)

    assert (len(posting.title), len(posting.company), len(posting.location)) == (500, 300, 500)
    assert len(posting.description.encode()) == 100_000
    assert len(posting.technology_slugs) == 300


def test_drops_what_no_database_can_store_and_keeps_the_lines_of_a_description():
    job = {
        "id": 1,
        "job_title": "Data\x00 Engineer\r\n\t(m/w/d) \ud83d",
        "description": "One\r\ntwo\x00\x1f\ud800\rthree\tfour 🎉",
    }

    posting = posting_from_job(job)

    assert posting.title == "Data Engineer (m/w/d)"
    assert posting.description == "One\ntwo\nthree\tfour 🎉"


def test_reads_the_same_job_as_an_equal_posting_each_time():
    assert posting_from_job(json.loads(json.dumps(REAL))) == posting_from_job(REAL)


_texts = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    ["true", "2024-01-01", "https://a.example", "US", "Remote", "nan", "-1", "\x00", "\ud800"]
)
_scalars = st.none() | st.booleans() | st.integers() | st.integers(10**300, 10**310) | st.floats() | _texts
_json = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_texts | st.sampled_from(sorted(REAL)), inner, max_size=4)
    ),
    max_leaves=12,
)
_location_objects = st.dictionaries(
    st.sampled_from(["name", "display_name", "type", "state_code", "country_code", "latitude"]), _json
)
_jobs = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys([*REAL, "job_id", "job_url", "title", "posted_at"], _json)
    | {"id": st.integers(), "job_title": _texts, "locations": st.lists(_location_objects | _json, max_size=3)},
)


def _read(job):
    try:
        return posting_from_job(job), None
    except RefusedPosting as refusal:
        return None, refusal.reason


@given(_jobs | _json)
@example(REAL)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_gives_a_storable_posting_or_refuses_by_name_whatever_it_is_sent(job):
    posting, reason = _read(job)

    assert reason in {None, "not_an_object", "blurred", "no_title", "no_id_and_no_url"}
    if posting is None:
        return
    assert posting.title
    assert posting.job_id or posting.url
    for value in dataclasses.asdict(posting).values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, str):
                assert "\x00" not in item
                item.encode()
            if isinstance(item, float):
                assert abs(item) < 1e12
            if isinstance(item, int):
                assert 0 <= item < 2**53
            if isinstance(item, datetime):
                assert item.utcoffset().total_seconds() == 0


@needs_real_postings
def test_reads_every_one_of_the_real_postings():
    with gzip.open(REAL_POSTINGS, "rt") as lines:
        jobs = [json.loads(line) for line in lines]

    postings = [posting_from_job(job) for job in jobs]

    assert len(postings) == 8144
    assert all(
        (posting.job_id, posting.url, posting.remote) == (str(job["id"]), job["url"], job["remote"])
        for posting, job in zip(postings, jobs, strict=True)
    )
    assert all(posting.title and posting.company and posting.place and posting.date_posted for posting in postings)
    assert sum(posting.min_annual_salary_usd is not None for posting in postings) == sum(
        bool(job["min_annual_salary_usd"]) for job in jobs
    )


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
    return posting_from_job({"id": 1, "job_title": "Developer", "company": "Acme", **fields})
