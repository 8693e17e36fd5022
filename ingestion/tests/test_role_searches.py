"""Searches for roles: titles asked for, titles kept out, and the request's body."""

from datetime import UTC, datetime, timedelta, timezone

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
    load_role_variations,
)
from market.roles import normalize_role

# One word that names a trade by itself.
ACRONYMS = {"sde", "sre", "dba", "sdet", "sysadmin"}
KNOWN_ROLES = [variations[0] for variations in load_role_variations().values()]


def build_payload(**changes):
    asked = {
        "role": "Data Scientist",
        "place": "United States",
        "max_age_days": 14,
        "limit": 100,
        "page": 0,
        "discovered_since": None,
    }
    return build_search_payload(**(asked | changes))


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
def test_a_role_is_searched_for_under_its_documented_names(role, included):
    assert included <= set(list_role_variations(role))


def test_every_variation_is_a_phrase_that_names_a_role():
    bare = {
        variation
        for role in KNOWN_ROLES
        for variation in list_role_variations(role)
        if len(normalize_role(variation).split()) < 2 and normalize_role(variation) not in ACRONYMS
    }

    assert bare == set()


def test_the_table_knows_many_roles_and_the_default_ones():
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
def test_variations_begin_with_the_role_as_given_and_are_distinct(role):
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
def test_only_an_exclusion_keeps_a_returned_posting_out(role, title, belongs):
    assert belongs_to_search(role=role, title=title) is belongs


@given(st.sampled_from(KNOWN_ROLES))
def test_a_role_never_excludes_its_own_name(role):
    assert belongs_to_search(role=role, title=role)


def test_excluded_phrases_are_those_of_the_words_in_the_role():
    assert list_excluded_title_phrases("Senior React Developer") == ("react native",)
    assert list_excluded_title_phrases("React Native Developer") == ()
    assert list_excluded_title_phrases("Data Scientist") == ()


def test_a_first_search_asks_for_titles_dates_page_and_country():
    payload = build_payload()

    assert payload == {
        "job_title_or": list(list_role_variations("Data Scientist")),
        "posted_at_max_age_days": 14,
        "limit": 100,
        "page": 0,
        "job_country_code_or": ["US"],
    }


def test_a_later_search_asks_from_the_last_discovery_in_utc_and_keeps_the_date_filter():
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

    asked = {"remote", "job_country_code_or", "job_location_pattern_or"}
    assert {name: value for name, value in payload.items() if name in asked} == filters


@pytest.mark.parametrize(
    ("role", "left_out"),
    [
        ("React Developer", ["react native"]),
        ("Go Developer", ["go to market"]),
        # In any order these words are also in titles of the role's own.
        ("Product Manager", None),
        ("Data Engineer", None),
        ("Java Developer", None),
    ],
)
def test_the_source_is_asked_to_leave_out_what_cannot_be_the_role(role, left_out):
    assert build_payload(role=role).get("job_title_not") == left_out


def test_a_role_without_words_is_refused():
    with pytest.raises(ValueError, match="at least one word"):
        build_payload(role=" - ")


def test_a_moment_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="aware"):
        build_payload(discovered_since=datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None))


def test_a_moment_at_the_second_is_sent_as_it_is():
    payload = build_payload(discovered_since=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))

    assert payload["discovered_at_gte"] == "2025-01-02T03:04:05Z"


@given(st.text(max_size=60))
def test_any_place_makes_a_search(place):
    payload = build_payload(place=place)

    assert payload["posted_at_max_age_days"] == 14
    assert all(payload.get("job_location_pattern_or", ["x"]))
