"""Role membership of postings by title and by searches, regardless of the order of events."""

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market import membership, services
from market.jobs.services import reindex_postings
from market.membership import register_role
from market.refresh import check_stats, refresh_stats
from market.services import compute_role_stats, store_postings
from tests.factories import NOW, TODAY, PostingFactory, days_ago

pytestmark = pytest.mark.usefixtures("mongo", "redis")

# Titles on which MongoDB's text search and the project's own tokenization differ.
TITLES = (
    "Data Engineer",
    "開発（部）Data Engineer",
    "Senior/Data-Engineer",
    "Ingenieur·Data Engineer",
    "Data_Engineer (m/f/d)",
    "ＤＡＴＡ ｅｎｇｉｎｅｅｒ",
    "Data, Engineer",
    "Engineer, Data",
    "Dataengineer",
    "C++ Developer",
    "C/C++ Developer",
    "C# Developer",
    ".NET Developer",
    "ASP.NET Developer",
    "Fullstack-Developer",
    "Full Stack  Developer",
    "Back End Developer",
    "Straße Developer",
    "STRASSE developer",
    "Dev",
)
ROLES = (
    *("Data Engineer", "Full-Stack Developer", "C++ Developer", "C# Developer", ".NET Developer", "Net Developer"),
    *("Backend Developer", "Strasse Developer", "C", "Engineer", "dev"),
)


def list_roles(mongo):
    return {row.get("job_id"): row["roles"] for row in mongo.job_postings.find()}


def list_daily_stats(mongo):
    """Refresh, and return all stats rows without the time of their computation."""
    refresh_stats(now=NOW)
    rows = mongo.market_figures.find({}, {"_id": 0, "computed_at": 0})
    return sorted((row["scope"], row["day"], repr(sorted(row.items()))) for row in rows)


def build_posting(number: int, title: str):
    return PostingFactory(
        job_id=str(number), title=title, technology_slugs=(f"s{number % 5}",), date_posted=days_ago(number % 3)
    )


# Two adverts with one URL, and the first one again without its id.
SHARED = {"url": "https://jobs.example.com/careers"}
POSTINGS = (
    *(build_posting(number, title) for number, title in enumerate(TITLES)),
    PostingFactory(job_id="first", title="Data Engineer", **SHARED),
    PostingFactory(job_id="second", title="Net Developer", **SHARED),
    PostingFactory(job_id=None, title="Data Engineer", **SHARED),
)
_events = st.one_of(
    st.tuples(st.just("import"), st.lists(st.sampled_from(POSTINGS), max_size=8)),
    st.tuples(st.just("register"), st.sampled_from(ROLES)),
    st.tuples(st.just("search"), st.sampled_from(ROLES), st.lists(st.sampled_from(POSTINGS), max_size=3)),
    st.tuples(st.just("refresh")),
    st.tuples(st.just("rekey")),
    st.tuples(st.just("ask"), st.sampled_from(ROLES)),
)


def apply(event) -> None:
    match event:
        case ("import", postings):
            store_postings(postings=postings, now=NOW)
        case ("register", role):
            register_role(role=role, now=NOW)
        case ("search", role, postings):
            register_role(role=role, now=NOW)
            store_postings(postings=postings, role=role, now=NOW)
        case ("refresh",):
            refresh_stats(now=NOW)
        case ("rekey",):
            reindex_postings(now=NOW)
        case ("ask", role):
            compute_role_stats(role=role, days=30, now=NOW)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(_events, min_size=2, max_size=8), data=st.data())
def test_daily_stats_do_not_depend_on_the_order_and_repetition_of_events(empty_mongo, events, data):
    mongo = empty_mongo()
    for event in events:
        apply(event)
    expected, roles = list_daily_stats(mongo), list_roles(mongo)
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=3))
    other_order = data.draw(st.permutations([*events, *repeated]))

    mongo = empty_mongo()
    for event in other_order:
        apply(event)

    assert (list_roles(mongo), list_daily_stats(mongo)) == (roles, expected)
    assert check_stats().differing == []


@pytest.mark.parametrize("role", ROLES)
def test_importing_the_same_postings_again_changes_nothing(mongo, role):
    store_postings(postings=POSTINGS, now=NOW)
    register_role(role=role, now=NOW)
    before = list_daily_stats(mongo)

    outcome = store_postings(postings=POSTINGS, now=NOW)

    assert outcome.unchanged == len(POSTINGS)
    assert list_daily_stats(mongo) == before


def test_a_title_in_another_script_names_the_role_before_and_after_registration(mongo):
    titles = ("{R}", "開発（部）{R}", "Fullstack-{R}", "Senior/{R}", "Ingenieur·{R}")
    postings = [build_posting(number, title.replace("{R}", "Zorblax Smith")) for number, title in enumerate(titles)]
    store_postings(postings=postings[:3], now=NOW)

    register_role(role="Zorblax Smith", now=NOW)
    store_postings(postings=postings, now=NOW)

    assert list(list_roles(mongo).values()) == [["zorblax smith"]] * 5


def test_changing_a_title_changes_the_roles_it_names(mongo):
    for role in ("Data Engineer", "Backend Developer"):
        register_role(role=role, now=NOW)
    first = build_posting(1, "Data Engineer")
    store_postings(postings=[first], now=NOW)

    store_postings(postings=[dataclasses.replace(first, title="Backend Developer")], now=NOW)

    assert list_roles(mongo) == {"1": ["backend developer"]}
    refresh_stats(now=NOW)
    assert mongo.market_figures.distinct("scope") == ["backend developer", "market"]


def test_changing_a_title_keeps_the_search_roles(mongo):
    first = build_posting(1, "Data Engineer")
    store_postings(postings=[first], role="Data Engineer", now=NOW)

    store_postings(postings=[dataclasses.replace(first, title="Data Wizard", seniority="$set")], now=NOW)

    assert list_roles(mongo) == {"1": ["data engineer"]}
    assert mongo.job_postings.find_one()["seniority"] == "$set"


def test_a_posting_of_an_older_release_keeps_its_search_roles(mongo):
    register_role(role="Data Engineer", now=NOW)
    stored = build_posting(1, "Data Engineer")
    store_postings(postings=[stored], role="Data Wizard", now=NOW)
    mongo.job_postings.update_many({}, {"$unset": {"search_roles": ""}})
    assert check_stats().differing == []

    store_postings(postings=[dataclasses.replace(stored, title="Nurse")], now=NOW)

    assert list_roles(mongo) == {"1": ["data wizard"]}


def test_a_role_registered_during_storing_gets_the_posting(mongo, monkeypatch):
    write = services._execute_writes

    def register_and_write(writes):
        register_role(role="Data Engineer", now=NOW)
        return write(writes)

    monkeypatch.setattr(services, "_execute_writes", register_and_write)

    store_postings(postings=[build_posting(1, "Data Engineer"), build_posting(2, "Nurse")], now=NOW)

    assert list_roles(mongo) == {"1": ["data engineer"], "2": []}


def test_a_title_that_changes_during_registration_does_not_get_the_role(mongo, monkeypatch):
    first = build_posting(1, "Data Engineer")
    store_postings(postings=[first], now=NOW)
    add_role = membership.add_role

    def change_title_and_add_role(**arguments):
        store_postings(postings=[dataclasses.replace(first, title="Nurse")], now=NOW)
        add_role(**arguments)

    monkeypatch.setattr(membership, "add_role", change_title_and_add_role)

    register_role(role="Data Engineer", now=NOW)

    assert list_roles(mongo) == {"1": []}


@pytest.mark.parametrize("wrong_roles", [[], ["nurse"], ["data engineer", "nurse"]])
def test_the_check_repairs_postings_with_wrong_roles(mongo, wrong_roles):
    for role in ("Data Engineer", "Nurse"):
        register_role(role=role, now=NOW)
    store_postings(postings=[build_posting(3, "Data Engineer")], now=NOW)
    mongo.job_postings.update_many({}, {"$set": {"roles": wrong_roles}})
    refresh_stats(now=NOW)

    check = check_stats()

    assert (check.differing, check.postings) == ([TODAY], 1)
    refresh_stats(now=NOW)
    assert check_stats().differing == []
    assert list_roles(mongo) == {"3": ["data engineer"]}
    assert mongo.market_figures.distinct("scope") == ["data engineer", "market"]


def test_the_check_completes_an_interrupted_registration(mongo):
    store_postings(postings=[build_posting(3, "Data Engineer")], now=NOW)
    refresh_stats(now=NOW)
    mongo.known_roles.insert_one({"_id": "data engineer", "label": "Data Engineer", "known_since": NOW})

    check_stats()

    refresh_stats(now=NOW)
    assert mongo.market_figures.distinct("scope") == ["data engineer", "market"]


def test_a_role_without_words_is_never_registered(mongo):
    assert not register_role(role=" - ", now=NOW)
    assert mongo.known_roles.count_documents({}) == 0
