"""Role names in the database: membership under other names, stored data of older releases, and curated names."""

import json
from pathlib import Path

import pytest

from career_navigator.cache import reset_caches
from ingestion.collected_roles import canonicalize_collected_roles
from market.documents import RoleDocument
from market.membership import register_role
from market.refresh import check_stats, refresh_stats
from market.role_selectors import canonicalize_role
from market.role_services import migrate_roles, seed_roles
from market.services import compute_role_stats, store_postings
from tests.factories import NOW, CollectedRoleFactory, PostingFactory, days_ago

ENTRIES = json.loads((Path(__file__).parents[2] / "fixtures" / "roles.json").read_text(encoding="utf-8"))
pytestmark = pytest.mark.usefixtures("mongo", "redis")


def store(*titles, role=None, day=0):
    postings = [
        PostingFactory.build(job_id=f"{day}-{title}", title=title, technology_slugs=("go",), date_posted=days_ago(day))
        for title in titles
    ]
    store_postings(postings=postings, role=role, now=NOW)


def count_postings(role):
    stats = compute_role_stats(role=role, days=30, now=NOW)
    return stats.window.demand.postings if stats else 0


@pytest.mark.parametrize("is_registered_first", [True, False])
def test_postings_under_any_name_count_for_every_name(is_registered_first):
    names = ("Backend Developer", "Sr. Back-end Software Engineer", "Software Engineer, Backend", "Backend Programmer")
    if is_registered_first:
        register_role(role="Back End Engineer", now=NOW)
    store(*names, "Frontend Developer", "Backend Recruiter")

    assert {name: count_postings(name) for name in names} == dict.fromkeys(names, 4)


def test_a_search_for_another_name_stores_the_canonical_role(mongo):
    store("Reliability Wizard", role="SRE")

    posting = mongo.job_postings.find_one()
    assert posting["roles"] == posting["search_roles"] == ["site reliability engineer"]
    assert posting["search_keywords"] == "SRE"


def store_like_an_older_release(mongo):
    """Store two postings under the keys that older releases used, with their stats."""
    store("Backend Engineer", "Back-End Developer")
    mongo.known_roles.delete_many({})
    for title, role in (("Backend Engineer", "backend engineer"), ("Back-End Developer", "backend developer")):
        mongo.known_roles.insert_one({"_id": role, "label": title, "known_since": NOW, "given_at": NOW})
        mongo.job_postings.update_one({"title": title}, {"$set": {"roles": [role], "search_roles": [role]}})
    mongo.dirty_days.delete_many({})


@pytest.mark.parametrize("apply", [lambda: migrate_roles(now=NOW), check_stats], ids=["migration", "check"])
def test_postings_of_an_older_release_get_their_canonical_roles(mongo, apply):
    store_like_an_older_release(mongo)

    apply()
    refresh_stats(now=NOW)

    assert [row["roles"] for row in mongo.job_postings.find()] == [["backend developer"]] * 2
    assert mongo.known_roles.distinct("_id") == ["backend developer"]
    assert sorted(mongo.market_figures.distinct("scope")) == ["backend developer", "market"]
    assert count_postings("backend developer") == 2
    assert check_stats().differing == []


def test_migrating_roles_again_changes_nothing(mongo):
    store_like_an_older_release(mongo)

    migrate_roles(now=NOW)

    assert migrate_roles(now=NOW) == 0


def test_the_stats_of_closed_days_move_to_the_canonical_role(mongo):
    row = {"sealed": True, "remote": 0, "on_site": 0, "computed_at": NOW}
    store_like_an_older_release(mongo)
    days = {"first": NOW.replace(year=2025, month=1, day=1, hour=0), "second": NOW.replace(year=2025, month=1, day=2)}
    counts = [("first", "backend engineer", 3), ("second", "backend engineer", 5), ("second", "backend developer", 2)]
    mongo.market_figures.insert_many(
        [row | {"day": days[day], "scope": scope, "postings": postings} for day, scope, postings in counts]
    )

    migrate_roles(now=NOW)

    moved = [(each["scope"], each["postings"]) for each in mongo.market_figures.find({"sealed": True}).sort("day", 1)]
    assert moved == [("backend developer", 3), ("backend developer", 5)]


def test_collection_states_of_one_role_become_the_latest_of_them(mongo):
    for role, day in (("backend engineer", 1), ("backend developer", 3), ("nurse", 2)):
        CollectedRoleFactory(role=role, place="Remote", collected_at=NOW.replace(day=day))

    assert (canonicalize_collected_roles(now=NOW), canonicalize_collected_roles(now=NOW)) == (1, 0)

    states = {row["role"]: row["collected_at"].day for row in mongo.collected_roles.find()}
    assert states == {"backend developer": 3, "nurse": 2}


def test_a_curated_name_counts_from_the_next_check_on(mongo):
    seed_roles(entries=ENTRIES, now=NOW)
    register_role(role="Ropewalk Keeper", now=NOW)
    store("Ropewalk Keeper", "Hemp Warden")
    refresh_stats(now=NOW)

    RoleDocument(name="Rope Maker", names=["Ropewalk Keeper", "Hemp Warden"]).save()
    reset_caches()
    check_stats()
    refresh_stats(now=NOW)

    assert [row["roles"] for row in mongo.job_postings.find()] == [["rope maker"]] * 2
    assert count_postings("Hemp Warden") == 2


def test_seeding_keeps_a_curated_role():
    seed_roles(entries=ENTRIES, now=NOW)
    role = RoleDocument.objects.get(name="Backend Developer")
    role.names.append("Server Whisperer")
    role.save()

    assert seed_roles(entries=ENTRIES, now=NOW).kept == 1
    assert canonicalize_role("Server Whisperer") == "backend developer"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "Rope Maker", "names": ["Backend Engineer"]}, "'Backend Engineer' belongs to Backend Developer"),
        ({"name": "Rope Maker", "near_roles": ["Rope Seller"]}, "the table has no role Rope Seller"),
        ({"name": "Rope Maker", "names": ["–"]}, "at least one word"),
    ],
)
def test_rejects_names_that_are_taken_unknown_or_empty(fields, message):
    seed_roles(entries=ENTRIES, now=NOW)

    with pytest.raises(Exception, match=message):
        RoleDocument(**fields).save()
