"""Job filters: which postings they match, what they reject, and that input is never a pattern or an operator."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.documents import JobPostingDocument
from market.jobs.filters import JobFilter, build_job_query, parse_search_text
from market.jobs.listings import JobListing
from market.jobs.selectors import NEWEST_FIRST
from market.jobs.serializers import JobFilterSerializer, JobListingSerializer
from market.services import store_postings
from market.tests.filtered_postings import POSTINGS, find_job_ids, find_rows, parse_filter, store
from tests.factories import NOW, PostingFactory, days_ago

ALL = set(POSTINGS)


pytestmark = pytest.mark.usefixtures("redis")


@pytest.fixture
def stored(mongo, store_once):
    store_once(store)
    return mongo


def render_listing(row, *, now=NOW, job_filter=None):
    return JobListingSerializer(JobListing(row, now=now, job_filter=job_filter)).data


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ALL),
        (dict.fromkeys(JobFilter.__dataclass_fields__), ALL),
        ({"titles": ["backend developer"]}, {"austin"}),
        ({"titles": ["BACK END  developer", "data-engineer"]}, {"austin", "berlin"}),
        # The words must be adjacent, so React Native does not match React.
        ({"titles": ["react developer"]}, {"web"}),
        ({"titles": ["developer"]}, {"austin", "mobile", "web"}),
        ({"titles": ["c++ engineer"]}, {"remote"}),
        ({"titles": ["develop"]}, set()),
        ({"text": "developer react"}, {"web", "mobile"}),
        ({"text": "react native"}, {"mobile"}),
        ({"text": "node.js"}, {"austin"}),
        ({"text": "python engineer"}, {"berlin"}),
        ({"text": "engineer in Berlin"}, {"berlin"}),
        ({"text": "acme"}, {"austin", "berlin"}),
        ({"text": "the"}, set()),
        ({"text": "  "}, ALL),
        ({"text": "!!!"}, set()),
        ({"skills_any": ["Python", "CPP"]}, {"austin", "berlin", "remote"}),
        ({"skills_all": ["NodeJS", "python"]}, {"austin"}),
        ({"skills_none": ["python"]}, {"remote", "mobile", "web"}),
        ({"skills_any": ["python"], "skills_none": ["node-js"]}, {"berlin"}),
        ({"skills_any": ["greenhouse"]}, set()),
        ({"skills_any": []}, ALL),
        ({"countries": ["de"]}, {"berlin"}),
        ({"countries": ["Germany", "Canada"]}, {"berlin", "mobile"}),
        ({"countries": ["Georgia"]}, set()),
        ({"places": ["berlin"]}, {"berlin"}),
        ({"places": ["Austin, Texas"]}, {"austin"}),
        ({"places": ["Germany"]}, {"berlin"}),
        ({"places": ["California", "TX"]}, {"austin", "mobile", "web"}),
        ({"places": ["remote"]}, {"remote"}),
        ({"places": ["Atlantis"]}, set()),
        ({"remote": True}, {"remote"}),
        ({"remote": False}, {"mobile"}),
        ({"hybrid": True}, {"berlin"}),
        ({"seniorities": ["senior", "junior"]}, {"austin", "mobile"}),
        ({"min_salary": 80_000, "currency": "eur"}, {"berlin"}),
        ({"min_salary": 80_001, "currency": "EUR"}, set()),
        ({"min_salary": 87_000}, {"berlin", "mobile", "web"}),
        ({"min_salary": 100_001, "currency": "USD"}, {"mobile"}),
        ({"min_salary": 1, "currency": "GBP"}, set()),
        ({"posted_within_days": 1}, {"austin"}),
        ({"posted_within_days": 7}, ALL - {"web"}),
        ({"companies": ["acme"]}, {"austin"}),
        ({"companies": ["acme INC", "ÄDLER & söhne"]}, {"berlin", "remote"}),
        ({"exclude_companies": ["Acme", "acme inc"]}, {"remote", "mobile", "web"}),
    ],
)
def test_matches_the_expected_postings(stored, body, expected):
    assert find_job_ids(stored, body) == expected


def test_all_conditions_must_match(stored):
    assert find_job_ids(stored, {"countries": ["US"], "text": "developer", "seniorities": ["junior"]}) == {"mobile"}
    assert find_job_ids(stored, {"countries": ["US"], "text": "developer", "seniorities": ["staff"]}) == set()


PATTERNS = ["$where", ".*", "^", "[", "(?i)a", "{'$gt': ''}", "$gt", "a|b", "\\", '"', "$title"]


@pytest.mark.parametrize("field", ["text", "titles", "skills_any", "skills_all", "places", "companies"])
def test_text_is_never_a_pattern_or_an_operator(stored, field):
    for value in PATTERNS:
        body = {field: value if field == "text" else [value]}
        # A company has this name, and a text search finds it by the word "where".
        expected = {"$where": {"mobile"}, ".*": {"web"}}.get(value, set()) if field == "companies" else set()
        expected = {"mobile"} if (field, value) == ("text", "$where") else expected

        assert not JobFilterSerializer(data=body).is_valid() or find_job_ids(stored, body) == expected, body


def test_an_excluded_company_is_never_a_pattern(stored):
    for value in PATTERNS:
        matches = {"$where": {"mobile"}, ".*": {"web"}}.get(value, set())

        assert find_job_ids(stored, {"exclude_companies": [value]}) == ALL - matches


@pytest.mark.parametrize("field", sorted(JobFilter.__dataclass_fields__))
def test_rejects_values_of_other_types_and_names_the_field(mongo, field):
    for value in ({"$gt": ""}, [{"$gt": ""}], [["a"]], {"$regex": ".*"}, [None], 1e400, "\x00"):
        serializer = JobFilterSerializer(data={field: value})

        assert not serializer.is_valid()
        assert set(serializer.errors) == {field}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"titles": "backend"}, "titles"),
        ({"titles": ["!!!"]}, "titles"),
        ({"titles": [""]}, "titles"),
        ({"text": "a" * 201}, "text"),
        ({"text": 7}, "text"),
        ({"skills_any": ["a"] * 101}, "skills_any"),
        ({"countries": ["Narnia"]}, "countries"),
        ({"countries": ["XX"]}, "countries"),
        ({"places": ["!!!"]}, "places"),
        ({"remote": "yes"}, "remote"),
        ({"hybrid": 1}, "hybrid"),
        ({"seniorities": ["boss"]}, "seniorities"),
        ({"min_salary": -1}, "min_salary"),
        ({"min_salary": "much"}, "min_salary"),
        ({"currency": "dollars"}, "currency"),
        ({"currency": "XXQ"}, "currency"),
        ({"posted_within_days": 0}, "posted_within_days"),
        ({"posted_within_days": 366}, "posted_within_days"),
    ],
)
def test_rejects_invalid_values_and_names_the_field(mongo, body, field):
    serializer = JobFilterSerializer(data=body)

    assert not serializer.is_valid()
    assert set(serializer.errors) == {field}


def test_lists_unknown_fields(mongo):
    serializer = JobFilterSerializer(data={"titel": "x", "$where": "sleep(1000)", "text": "python"})

    assert serializer.is_valid()
    assert serializer.ignored_fields == ["$where", "titel"]
    assert serializer.job_filter == JobFilter(text="python")


def test_a_saved_filter_parses_to_the_same_filter(stored):
    job_filter = parse_filter(
        {
            "titles": ["Data Engineer"],
            "skills_any": ["NodeJS"],
            "countries": ["germany"],
            "places": ["TX"],
            "remote": False,
        }
    )

    assert job_filter.as_body() == {
        "titles": ["Data Engineer"],
        "skills_any": ["nodejs"],
        "countries": ["DE"],
        "places": ["Texas, United States"],
        "remote": False,
    }
    assert parse_filter(job_filter.as_body()) == job_filter


@pytest.mark.parametrize(
    ("body", "name", "phrase", "words"),
    [
        ({}, "austin", None, []),
        ({"titles": ["Data Engineer", "Backend Developer"]}, "austin", "Backend Developer", ["backend", "developer"]),
        ({"text": "senior python"}, "austin", None, ["senior", "python"]),
        ({"text": "react developer"}, "web", "react developer", ["react", "developer"]),
        ({"skills_all": ["Python"], "skills_any": ["node.js", "react"]}, "austin", None, ["python", "nodejs"]),
        ({"companies": ["Acme"]}, "austin", None, []),
    ],
)
def test_reports_the_phrase_and_words_that_match(stored, body, name, phrase, words):
    row = stored.job_postings.find_one({"job_id": name})

    listing = render_listing(row, job_filter=parse_filter(body))

    assert (listing["matching_phrase"], listing["matching_words"]) == (phrase, words)


def test_a_posting_with_a_role_matches_the_role(stored):
    store_postings(postings=[PostingFactory.build(job_id="web", title="UI Wizard")], role="Frontend Developer", now=NOW)

    (row,) = find_rows(stored, {"titles": ["front-end developer"]})

    assert row["title"] == "UI Wizard"
    assert render_listing(row, job_filter=parse_filter({"titles": ["front-end developer"]}))["matching_phrase"] == (
        "front-end developer"
    )


def test_finds_the_longest_skills_in_a_text(stored):
    terms = parse_search_text("React Native and C++ wizard")

    assert [(term.words, term.skill) for term in terms] == [
        (("react", "native"), "react native"),
        (("c++",), "c++"),
        (("wizard",), None),
    ]


FILTERS = [
    {},
    {"titles": ["data engineer", "nurse"]},
    {"text": "python engineer"},
    {"skills_any": ["python", "react"]},
    {"skills_all": ["python", "nodejs"]},
    {"skills_none": ["python"]},
    {"countries": ["DE"]},
    {"places": ["Berlin", "California"]},
    {"remote": True, "seniorities": ["staff"]},
    {"min_salary": 1_000},
    {"posted_within_days": 7},
    {"companies": ["Acme"]},
    {"exclude_companies": ["Acme"]},
]


@pytest.mark.parametrize("body", FILTERS)
def test_every_filter_uses_an_index(stored, body):
    find = {
        "find": JobPostingDocument._get_collection_name(),
        "filter": build_job_query(parse_filter(body), now=NOW),
        "sort": dict(NEWEST_FIRST),
        "limit": 20,
    }

    plan = str(stored.command("explain", find, verbosity="queryPlanner")["queryPlanner"]["winningPlan"])

    assert "IXSCAN" in plan
    assert "COLLSCAN" not in plan


@pytest.mark.parametrize(
    ("body", "max_examined"),
    [
        ({"skills_any": ["react"]}, 3),
        ({"countries": ["DE"]}, 3),
        ({"places": ["berlin"]}, 3),
        ({"companies": ["acme inc"]}, 3),
        ({"text": "react native"}, 3),
        ({"titles": ["data engineer"]}, 3),
    ],
)
def test_finds_a_rare_value_without_reading_other_postings(stored, body, max_examined):
    store_postings(
        postings=[
            PostingFactory.build(title="Nurse", date_posted=days_ago(n % 30), technology_slugs=()) for n in range(200)
        ],
        now=NOW,
    )
    find = {
        "find": JobPostingDocument._get_collection_name(),
        "filter": build_job_query(parse_filter(body), now=NOW),
        "sort": dict(NEWEST_FIRST),
        "limit": 20,
    }

    stats = stored.command("explain", find, verbosity="executionStats")["executionStats"]

    assert stats["nReturned"] >= 1
    assert stats["totalDocsExamined"] <= max_examined


text = st.text(max_size=30)


@settings(suppress_health_check=list(HealthCheck))
@given(
    body=st.fixed_dictionaries(
        {"text": text, "titles": st.lists(text, max_size=2), "places": st.lists(text, max_size=2)}
    )
)
def test_any_text_is_accepted_or_rejected(stored, body):
    serializer = JobFilterSerializer(data=body)

    if serializer.is_valid():
        assert isinstance(find_job_ids(stored, body), set)


def test_old_postings_are_outside_the_window(stored):
    query = build_job_query(JobFilter(posted_within_days=7), now=NOW + timedelta(days=7))

    assert stored.job_postings.count_documents(query) == 0
