"""Resumes in structured formats: JSON Resume, Europass and LinkedIn's export. The files were made for these tests."""

import io
import zipfile
from datetime import date

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.resumes.files.formats import FileRejected
from accounts.resumes.files.sandbox import extract_text
from accounts.resumes.imports.json_resume import read_json_resume
from accounts.resumes.imports.parsed import build_parsed
from accounts.resumes.imports.reader import read_structured
from accounts.resumes.imports.values import build_url, parse_date
from accounts.resumes.json_resume import SCHEMA, check_resume


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def _build_strategy(schema):
    """Return a strategy for content that is valid according to our schema."""
    if schema["type"] == "object":
        parts = {name: _build_strategy(part) for name, part in schema["properties"].items()}
        return st.fixed_dictionaries({}, optional=parts)
    if schema["type"] == "array":
        return st.lists(_build_strategy(schema["items"]), max_size=2)
    description = schema.get("description", "")
    if description.startswith("a date"):
        return st.sampled_from(["2019", "2019-03", "2019-03-31"])
    if description.endswith("URL"):
        return st.sampled_from(["https://example.org", "HTTP://example.org/ä?b=c#d"])
    if description.endswith("country code"):
        return st.sampled_from(["NO", "DE"])
    if description.startswith("an email"):
        return st.sampled_from(["mona@example.org", "o'brien+x@bücher.example"])
    return st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20) | st.just("a\nb\tc")


@given(content=_build_strategy(SCHEMA).map(lambda content: content | {"basics": {"name": "Mona Vale"}}))
def test_reads_our_own_export_back_unchanged(content):
    check_resume(content)

    imported = read_structured("application/json", orjson.dumps(content, option=orjson.OPT_INDENT_2))

    assert imported.content == content
    assert imported.unread == []


@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda children: (
            st.lists(children, max_size=3)
            | st.dictionaries(
                st.sampled_from([*SCHEMA["properties"], "name", "url", "startDate", "$schema"]), children, max_size=4
            )
        ),
        max_leaves=20,
    )
)
def test_reads_valid_content_from_any_data_or_rejects_it(data):
    try:
        imported = read_json_resume({"basics": {"name": "Mona"}, "work": data})
    except FileRejected:
        return
    check_resume(imported.content)


def test_leaves_out_nulls_and_converts_what_other_programs_write():
    imported = read_json_resume(
        {
            "$schema": "https://example.org/schema.json",
            "basics": {
                "name": "Mona Vale",
                "label": None,
                "phone": 4722555010,
                "website": "example.org/mona",
                "url": "",
                "location": "Oslo",
                "profiles": [None, {"network": "GitHub", "url": None}],
                "picture": "data:x",
            },
            "work": [
                {
                    "company": "Crust Ltd",
                    "title": "Baker",
                    "startDate": "May 2019",
                    "endDate": "Present",
                    "highlights": None,
                },
                {
                    "name": "Dough plc",
                    "startDate": "2015-01-31T00:00:00Z",
                    "endDate": "soon",
                    "location": {"city": "Oslo"},
                },
                {},
            ],
            "education": {"school": "Baking School", "gpa": 1.5, "startDate": 2012, "x": None},
            "skills": ["Rye", {"name": "Wheat", "keywords": "Spelt"}],
            "languages": [{"name": "Norse", "level": "fluent"}],
            "experience": [],
            "meta": {"theme": "elegant", "version": "v1.0.0"},
        }
    )

    assert imported.content == {
        "basics": {
            "name": "Mona Vale",
            "phone": "4722555010",
            "url": "https://example.org/mona",
            "location": {"address": "Oslo"},
            "profiles": [{"network": "GitHub"}],
        },
        "work": [
            {"name": "Crust Ltd", "position": "Baker", "startDate": "2019-05"},
            {"name": "Dough plc", "startDate": "2015-01-31", "location": "Oslo"},
        ],
        "education": [{"institution": "Baking School", "score": "1.5", "startDate": "2012"}],
        "skills": [{"name": "Rye"}, {"name": "Wheat", "keywords": ["Spelt"]}],
        "languages": [{"language": "Norse", "fluency": "fluent"}],
        "meta": {"version": "v1.0.0"},
    }
    assert imported.unread == ["basics.picture: data:x", "work.1.endDate: soon", "meta.theme: elegant"]


def test_cuts_texts_that_are_too_long_and_lists_them():
    imported = read_json_resume({"basics": {"name": "M" * 400}, "work": [{"summary": "W", "url": 5}]})

    assert imported.content["basics"]["name"] == "M" * 300
    assert [text.partition(":")[0] for text in imported.unread] == ["basics.name", "work.0.url"]


@pytest.mark.parametrize("wrap", [lambda resume: {"resume": {"content": resume}}, lambda resume: {"content": resume}])
def test_reads_a_resume_within_a_response(wrap):
    assert read_json_resume(wrap({"basics": {"name": "Mona"}})).content == {"basics": {"name": "Mona"}}


def test_removes_control_characters():
    assert read_json_resume({"basics": {"name": "Mo\x00na\x1b"}}).content == {"basics": {"name": "Mona"}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(
            ("2019", "2019"),
            (2019, "2019"),
            ("2019-3", "2019-03"),
            ("2019/03/01", "2019-03-01"),
            ("03/2019", "2019-03"),
        ),
        *(
            ("Mar 2019", "2019-03"),
            ("March 5, 2019", "2019-03-05"),
            ("5 March 2019", "2019-03-05"),
            ("Sept. 2019", "2019-09"),
        ),
        *(("2019-13", None), ("Foo 2019", None), ("soon", None), ("", None), ("2019-03-01T10:00:00Z", "2019-03-01")),
    ],
)
def test_reads_the_dates_of_other_programs(value, expected):
    assert parse_date(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(
            ("example.org", "https://example.org"),
            ("//example.org/x", "https://example.org/x"),
            ("HTTPS://x.y", "HTTPS://x.y"),
        ),
        *(
            ("mailto:a@b.c", None),
            ("javascript:x.y", None),
            ("no address", None),
            ("", None),
            ("x.y:80/z", "https://x.y:80/z"),
        ),
    ],
)
def test_completes_web_addresses(text, expected):
    assert build_url(text) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"basics": ', "malformed"),
        (b'{"basics": {]}', "malformed"),
        (b'{"name": "Mona Vale", "jobs": []}', "unknown_type"),
        (b'{"basics": {}, "work": [{}]}', "no_text"),
        (b'{"basics": ' + b'{"x": ' * 5_000 + b"1" + b"}" * 5_001, "too_complex"),
        (b"<?xml version='1.0'?><note>Mona Vale bakes bread</note>", "unknown_type"),
        (b"<Candidate><CandidatePerson></Candidate>", "malformed"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e 'ha'>]><Candidate>&e;</Candidate>", "malformed"),
        (b"<Candidate/>", "no_text"),
        (b"<Candidate>" + b"<a>" * 300 + b"</a>" * 300 + b"</Candidate>", "too_complex"),
    ],
)
def test_rejects_other_data_with_a_reason(data, reason):
    with pytest.raises(FileRejected) as error:
        extract_text(data)

    assert error.value.reason == reason


def _zip(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"Basic_LinkedInDataExport_11-29-2026/{name.replace('_', ' ')}.csv", content)
    return out.getvalue()


LINKEDIN = {
    "Profile": (
        "First Name,Last Name,Maiden Name,Address,Birth Date,Headline,Summary,Industry,Zip Code,Geo Location,"
        "Twitter Handles,Websites,Instant Messengers\r\n"
        'Mona,Vale,,,,Baker,"Bakes.\n\nSells.",Food,0150,"Oslo, Norway",[monavale],[PERSONAL:https://example.org/mona],\r\n'
    ),
    "Positions": (
        "\ufeffCompany Name,Title,Description,Location,Started On,Finished On\r\n"
        'Crust Ltd,Baker,"Ran the bakery.\n• Baked bread\n- Sold bread",Oslo,May 2019,\r\n'
        "Dough plc,Helper,,,2015,Apr 2019\r\n"
    ),
    "Education": (
        "School Name,Start Date,End Date,Notes,Degree Name,Activities\r\nBaking School,2012,2015,,BSc,Choir\r\n"
    ),
    "Skills": "Name\r\nRye\r\nWheat\r\n",
    "Languages": "Name,Proficiency\r\nNorse,Native or bilingual proficiency\r\n",
    "Email_Addresses": (
        "Email Address,Confirmed,Primary,Updated On\r\nold@example.org,Yes,No,\r\nmona@example.org,Yes,Yes,\r\n"
    ),
    "PhoneNumbers": "Extension,Number,Type\r\n,+47 22 55 50 10,Mobile\r\n",
    "Certifications": (
        "Name,Url,Authority,Started On,Finished On,License Number\r\nOven,https://example.org/o,Guild,Jun 2016,,X1\r\n"
    ),
    "Projects": "Title,Description,Url,Started On,Finished On\r\nLoaf,A loaf,,Jan 2020,Feb 2020\r\n",
    "Connections": 'Notes:\r\n"A note"\r\n\r\nFirst Name,Last Name,Company\r\nUdo,Bern,Rye AG\r\n',
}


def test_reads_a_linkedin_export_field_by_field():
    file = extract_text(_zip(**LINKEDIN))

    assert file.content == {
        "basics": {
            "name": "Mona Vale",
            "label": "Baker",
            "summary": "Bakes.\n\nSells.",
            "email": "mona@example.org",
            "phone": "+47 22 55 50 10",
            "url": "https://example.org/mona",
            "location": {"city": "Oslo, Norway", "postalCode": "0150"},
            "profiles": [{"network": "X", "username": "monavale", "url": "https://x.com/monavale"}],
        },
        "work": [
            {
                "name": "Crust Ltd",
                "position": "Baker",
                "location": "Oslo",
                "startDate": "2019-05",
                "summary": "Ran the bakery.",
                "highlights": ["Baked bread", "Sold bread"],
            },
            {"name": "Dough plc", "position": "Helper", "startDate": "2015", "endDate": "2019-04"},
        ],
        "education": [{"institution": "Baking School", "studyType": "BSc", "startDate": "2012", "endDate": "2015"}],
        "skills": [{"name": "Rye"}, {"name": "Wheat"}],
        "languages": [{"language": "Norse", "fluency": "Native or bilingual proficiency"}],
        "certificates": [{"name": "Oven", "issuer": "Guild", "url": "https://example.org/o", "date": "2016-06"}],
        "projects": [{"name": "Loaf", "description": "A loaf", "startDate": "2020-01", "endDate": "2020-02"}],
    }
    assert file.unread == (
        *(
            "profile.csv 1 industry: Food",
            "education.csv 1 activities: Choir",
            "certifications.csv 1 license number: X1",
        ),
    )


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"Connections": LINKEDIN["Connections"]}, "unknown_type"),
        ({"Skills": ""}, "no_text"),
        ({"Skills": "Name\r\n" + "x" * 2_100_000}, "too_complex"),
    ],
)
def test_rejects_other_archives(files, reason):
    with pytest.raises(FileRejected) as error:
        extract_text(_zip(**files))

    assert error.value.reason == reason


def test_lists_the_values_of_content_with_full_confidence():
    content = {
        "basics": {"name": "Mona", "url": "https://example.org", "location": {"city": "Oslo", "countryCode": "NO"}},
        "work": [
            {"position": "Baker", "startDate": "2019-05-01"},
            {"name": "Crust", "startDate": "2018", "endDate": "2019-08"},
            {"name": "Undated"},
        ],
        "languages": [{"language": "Norse"}, {"fluency": "good"}],
    }

    parsed = build_parsed(
        content, find_spans=lambda text: [], get_display_name=str, unread=["x: y"], now=date(2020, 4, 30)
    )

    assert parsed["contact"]["name"] == {"value": "Mona", "confidence": 1}
    assert parsed["contact"]["place"]["value"] == "Oslo, Norway"
    assert [entry["start_date"] for entry in parsed["experience"]] == ["2019-05-01", "2018", None]
    # July 2018 to August 2019, then until April 2020.
    assert parsed["experience_years"]["value"] == 1.8
    assert [spoken["language"]["value"] for spoken in parsed["languages"]] == ["Norse"]
    assert [line["text"] for line in parsed["unread"]] == ["x: y"]
