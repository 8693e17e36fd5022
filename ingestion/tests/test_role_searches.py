"""Searches for roles: titles to search for, excluded phrases, and the body of the request."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.role_searches import (
    DEFAULT_PLACES,
    DEFAULT_ROLES,
    belongs_to_search,
    build_search_payload,
    list_excluded_title_phrases,
    list_role_variations,
)
from market.role_table import load_default_table
from market.roles import normalize_role

# Single words that name a profession.
ACRONYMS = {"sde", "sre", "dba", "sdet", "sysadmin"}
KNOWN_ROLES = [role.name for role in load_default_table().roles.values()]


def build_payload(**changes):
    arguments: dict[str, Any] = {
        "role": "Data Scientist",
        "place": "United States",
        "max_age_days": 14,
        "limit": 100,
        "page": 0,
        "discovered_since": None,
    }
    return build_search_payload(**(arguments | changes))


@pytest.mark.parametrize(
    ("role", "included"),
    [
        ("Backend Developer", {"Backend Developer", "Back-end Developer", "Backend Engineer"}),
        ("Software Engineer", {"Software Engineer", "Software Developer", "SDE"}),
        (
            "Full Stack Developer",
            {"Full Stack", "Fullstack Developer", "Full-stack Developer", "Full Stack Engineer"},
        ),
        ("AWS Architect", {"Solutions Architect", "Cloud Architect"}),
        ("DevOps Engineer", {"SRE", "Platform Engineer"}),
    ],
)
def test_a_role_is_searched_under_its_documented_titles(role, included):
    assert included <= set(list_role_variations(role))


def test_every_variation_is_a_phrase_that_names_a_role():
    bare = {
        variation
        for role in KNOWN_ROLES
        for variation in list_role_variations(role)
        if len(normalize_role(variation).split()) < 2 and normalize_role(variation) not in ACRONYMS
    }

    assert bare == set()


def test_the_table_contains_many_roles_and_the_default_ones():
    assert len(KNOWN_ROLES) >= 40
    assert set(DEFAULT_ROLES) <= set(KNOWN_ROLES)
    assert DEFAULT_PLACES == ("United States", "Remote")


@pytest.mark.parametrize(
    ("role", "variations"),
    [
        ("Cobol Developer", ("Cobol Developer", "Cobol Engineer")),
        ("  Quantum   engineer ", ("Quantum engineer", "Quantum Developer")),
        ("Engineer", ("Engineer",)),
        ("Chief of Staff", ("Chief of Staff",)),
        ("", ()),
        ("—", ()),
    ],
)
def test_an_unknown_role_gets_only_the_swap_of_developer_and_engineer(role, variations):
    assert list_role_variations(role) == variations


@given(st.one_of(st.text(max_size=30), st.sampled_from(KNOWN_ROLES).map(str.upper)))
def test_variations_start_with_the_role_as_written_and_are_distinct(role):
    variations = list_role_variations(role)

    assert len({variation.casefold() for variation in variations}) == len(variations)
    assert variations[:1] == ((" ".join(role.split()),) if normalize_role(role) else ())


@pytest.mark.parametrize(
    ("role", "title", "belongs"),
    [
        ("React", "Senior React Developer", True),
        ("React", "React Native Developer", False),
        ("React Developer", "React-Native Engineer", False),
        ("React Developer", "React / React Native Developer", True),
        ("React Native Developer", "React Native Developer", True),
        ("Java Developer", "JavaScript Developer", False),
        ("Java Developer", "Senior Java Engineer", True),
        ("Java Developer", "Java / JavaScript Developer", True),
        ("JavaScript Developer", "JavaScript Developer", True),
        ("Product Manager", "Product Marketing Manager", False),
        ("Product Manager", "Product Manager, Marketing Platform", True),
        ("Data Engineer", "Data Center Engineer", False),
        ("Data Engineer", "Engineer II, Data", True),
        ("Software Engineer", "Anything the search returned", True),
    ],
)
def test_filters_a_returned_posting_only_by_an_exclusion(role, title, belongs):
    assert belongs_to_search(role=role, title=title) is belongs


@given(st.sampled_from(KNOWN_ROLES))
def test_a_role_never_excludes_its_own_name(role):
    assert belongs_to_search(role=role, title=role)


def test_lists_excluded_phrases_by_the_words_of_the_role():
    assert list_excluded_title_phrases("Senior React Developer") == ("react native",)
    assert list_excluded_title_phrases("React Native Developer") == ()
    assert list_excluded_title_phrases("Data Scientist") == ()


def test_a_first_search_sends_titles_dates_page_and_country():
    payload = build_payload()

    assert payload == {
        "job_title_or": list(list_role_variations("Data Scientist")),
        "posted_at_max_age_days": 14,
        "limit": 100,
        "page": 0,
        "job_country_code_or": ["US"],
    }


def test_a_later_search_starts_from_the_last_discovery_in_utc():
    since = datetime(2025, 10, 20, 2, 30, 15, 999_999, tzinfo=timezone(timedelta(hours=2)))

    payload = build_payload(discovered_since=since, known_job_ids=(7, 9), page=3)

    assert payload["discovered_at_gte"] == "2025-10-20T00:30:15Z"
    assert payload["job_id_not"] == [7, 9]
    assert payload["posted_at_max_age_days"] == 14
    assert payload["page"] == 3


@pytest.mark.parametrize(
    ("place", "filters"),
    [
        ("United States", {"job_country_code_or": ["US"]}),
        ("Remote", {"remote": True}),
        ("Remote - Canada", {"remote": True, "job_country_code_or": ["CA"]}),
        ("Remote (New York)", {"remote": True, "job_country_code_or": ["US"]}),
        ("Boston, MA", {"job_country_code_or": ["US"], "job_location_pattern_or": ["Boston"]}),
        ("St. Louis, MO", {"job_country_code_or": ["US"], "job_location_pattern_or": [r"St\. Louis", "Saint Louis"]}),
        ("Gurugram", {"job_country_code_or": ["IN"], "job_location_pattern_or": ["Gurugram", "Gurgaon"]}),
        ("Malmö", {"job_country_code_or": ["SE"], "job_location_pattern_or": ["Malmö", "Malmo"]}),
        ("Texas", {"job_country_code_or": ["US"], "job_location_pattern_or": ["Texas"]}),
        ("Ontario, Canada", {"job_country_code_or": ["CA"], "job_location_pattern_or": ["Ontario"]}),
        ("E.re+whon", {"job_location_pattern_or": [r"E\.re\+whon"]}),
        ("", {}),
        ("  ", {}),
    ],
)
def test_a_place_becomes_the_filters_that_find_it(place, filters):
    payload = build_payload(place=place)

    filter_names = {"remote", "job_country_code_or", "job_location_pattern_or"}
    assert {name: value for name, value in payload.items() if name in filter_names} == filters


@pytest.mark.parametrize(
    ("role", "excluded"),
    [
        ("React Developer", ["react native"]),
        ("Go Developer", ["go to market"]),
        # Titles of the role itself contain the excluded words too, in another order.
        ("Product Manager", None),
        ("Data Engineer", None),
        ("Java Developer", None),
    ],
)
def test_the_request_excludes_only_unambiguous_phrases(role, excluded):
    assert build_payload(role=role).get("job_title_not") == excluded


def test_rejects_a_role_without_words():
    with pytest.raises(ValueError, match="at least one word"):
        build_payload(role=" - ")


def test_rejects_a_naive_datetime():
    with pytest.raises(ValueError, match="aware"):
        build_payload(discovered_since=datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None))


def test_sends_a_whole_second_unchanged():
    payload = build_payload(discovered_since=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))

    assert payload["discovered_at_gte"] == "2025-01-02T03:04:05Z"


@given(st.text(max_size=60))
def test_builds_a_search_for_any_place(place):
    payload = build_payload(place=place)

    assert payload["posted_at_max_age_days"] == 14
    assert all(payload.get("job_location_pattern_or", ["x"]))
