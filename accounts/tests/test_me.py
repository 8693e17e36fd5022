"""GET, PUT and PATCH /auth/me."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.authentication import load_profile
from accounts.documents import PROFILE_CACHE, ConcurrentChange, UnknownProfileField, User
from accounts.selectors import get_career_goals, get_target_roles
from tests.fixtures.users import PROFILE

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_returns_the_profile(ada):
    response = ada.get("/auth/me")

    assert response.status_code == 200
    assert response["Cache-Control"] == "private"
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert body == PROFILE | {
        "id": ada.id,
        "email_confirmed": True,
        "created_at": body["created_at"],
        "updated_at": body["updated_at"],
    }


def test_returns_the_same_from_redis_as_from_mongodb(ada):
    responses = [ada.get("/auth/me").content for _ in range(3)]

    assert responses == [responses[0]] * 3


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_changes_only_the_given_fields(ada, method):
    before = ada.get("/auth/me").json()

    response = ada.send(method, "/auth/me", {"full_name": "Ada King", "skills": ["Rust"]})

    assert response.status_code == 200
    assert response["Cache-Control"] == "private"
    after = response.json()
    assert after["updated_at"] > before["updated_at"]
    assert after == before | {"full_name": "Ada King", "skills": ["rust"], "updated_at": after["updated_at"]}
    assert ada.get("/auth/me").json() == after


def test_changes_every_field(ada):
    fields = {
        "full_name": "John Smith",
        "skills": ["Python", "MongoDB"],
        "target_roles": ["Full Stack Developer"],
        "experience_level": "3rd Year",
        "location": "New York, NY",
        "phone_number": "+1 (212) 555-0100",
        "experience": "Three years of back ends.",
        "experience_years": 3.5,
        "preferred_locations": ["Berlin", "Remote"],
        "remote_preference": "hybrid",
        "professional_summary": "I keep services running.",
        "expected_salary": 90000.0,
        "expected_salary_currency": "EUR",
    }

    after = ada.put("/auth/me", fields).json()

    assert {name: after[name] for name in fields} == fields | {"skills": ["python", "mongodb"]}


@pytest.mark.parametrize(
    ("field", "value", "empty"),
    [
        ("skills", ["Python"], []),
        ("target_roles", ["Analyst"], []),
        ("experience_level", "1st Year", None),
        ("location", "Rome", None),
        ("phone_number", "030 1234567", None),
        ("experience", "Some", None),
        ("experience_years", 0, None),
        ("preferred_locations", ["Rome"], []),
        ("remote_preference", "any", None),
        ("professional_summary", "Short.", None),
        ("expected_salary", 0, None),
        ("expected_salary_currency", "usd", None),
    ],
)
def test_clears_a_field_sent_as_null(ada, field, value, empty):
    assert ada.put("/auth/me", {field: value}).json()[field] != empty

    response = ada.put("/auth/me", {field: None})

    assert response.status_code == 200
    assert response.json()[field] == empty
    assert ada.get("/auth/me").json()[field] == empty


def test_changes_the_profile_if_the_version_matches(ada):
    version = ada.get("/auth/me")["ETag"]

    response = ada.send("PATCH", "/auth/me", {"location": "Paris"}, **{"If-Match": version})

    assert response.status_code == 200
    assert response["ETag"] == ada.get("/auth/me")["ETag"] != version


def test_rejects_a_change_of_an_older_version(ada):
    version = ada.get("/auth/me")["ETag"]
    ada.put("/auth/me", {"location": "Paris"})

    response = ada.send("PUT", "/auth/me", {"location": "Rome"}, **{"If-Match": version})

    assert response.status_code == 412
    assert ada.get("/auth/me").json()["location"] == "Paris"
    assert ada.send("PUT", "/auth/me", {"location": "Rome"}, **{"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize("version", ["x", '"2026"x', '""', '"2026-13-01T00:00:00Z"', '"0001-01-01T00:00:00+14:00"'])
def test_rejects_a_malformed_version(ada, version):
    response = ada.send("PUT", "/auth/me", {"location": "Rome"}, **{"If-Match": version})

    assert response.status_code == 400
    assert "If-Match" in response.json()["detail"]


def test_joins_lines_and_rejects_control_characters_in_names_and_places(ada):
    response = ada.put("/auth/me", {"full_name": "Ada\r\n\tLovelace", "location": " New\nYork "})

    assert (response.json()["full_name"], response.json()["location"]) == ("Ada Lovelace", "New York")
    assert ada.put("/auth/me", {"full_name": "Ada\x1b[2J"}).json()["detail"] == (
        "full_name must not contain control characters."
    )


def test_does_not_clear_the_name(ada):
    response = ada.put("/auth/me", {"full_name": None})

    assert response.status_code == 400
    assert response.json()["detail"] == "full_name must not be null."


def test_changes_nothing_without_fields(ada):
    before = ada.get("/auth/me").json()

    response = ada.put("/auth/me", {})

    assert response.status_code == 200
    assert response.json() == before


def test_ignores_read_only_fields(ada):
    before = ada.get("/auth/me").json()

    ada.put("/auth/me", {"id": "1", "email": "eve@example.org", "is_active": False, "created_at": "2000-01-01"})

    assert ada.get("/auth/me").json() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("experience_level", "Senior"),
        ("experience_level", ""),
        ("skills", "Python"),
        ("skills", [None]),
        ("target_roles", [7]),
        ("full_name", "   "),
        ("full_name", 1),
        ("location", {"city": "Rome"}),
        ("phone_number", "call me"),
        ("phone_number", "123"),
        ("phone_number", "+999 1234567"),
        ("phone_number", "+1 212 555 01001"),
        ("phone_number", 493012345),
        ("experience", 5),
        ("experience", "x" * 2001),
        ("experience_years", -1),
        ("experience_years", 70.5),
        ("experience_years", "5"),
        ("experience_years", True),
        ("preferred_locations", "Rome"),
        ("preferred_locations", ["Rome"] * 21),
        ("preferred_locations", ["x" * 201]),
        ("remote_preference", "sometimes"),
        ("remote_preference", True),
        ("professional_summary", "x" * 5001),
        ("expected_salary", -0.01),
        ("expected_salary", "90k"),
        ("expected_salary", 1e13),
        ("expected_salary_currency", "XYZ"),
        ("expected_salary_currency", "Euro"),
    ],
)
def test_names_the_invalid_field_and_changes_nothing(ada, field, value):
    before = ada.get("/auth/me").json()

    response = ada.put("/auth/me", {field: value, "skills" if field != "skills" else "location": None})

    assert response.status_code == 400
    assert response.json()["detail"].startswith(field)
    assert "000.0" not in response.json()["detail"]
    assert ada.get("/auth/me").json() == before


def test_shows_each_change_in_the_next_response(ada):
    for number in range(50):
        ada.put("/auth/me", {"full_name": f"Ada {number}"})
        assert ada.get("/auth/me").json()["full_name"] == f"Ada {number}"


def test_never_returns_an_older_profile_to_concurrent_readers(ada):
    done = threading.Event()

    def read():
        while not done.is_set():
            ada.get("/auth/me")

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        seen = []
        for number in range(40):
            ada.put("/auth/me", {"full_name": f"Ada {number}"})
            seen.append(ada.get("/auth/me").json()["full_name"])
        done.set()

    assert seen == [f"Ada {number}" for number in range(40)]
    assert all(reader.exception() is None for reader in readers)


def test_reads_mongodb_during_a_write(ada, mongo):
    ada.get("/auth/me")
    user = User.objects.get()

    with PROFILE_CACHE.invalidate(user_id=user.id):
        mongo.users.update_one({}, {"$set": {"full_name": "Half Written"}})
        during = ada.get("/auth/me").json()["full_name"]
        mongo.users.update_one({}, {"$set": {"full_name": "Written"}})
        after = ada.get("/auth/me").json()["full_name"]

    assert (during, after) == ("Half Written", "Written")


def test_returns_the_cached_profile_without_a_query(ada, mongo):
    load_profile(user_id=User.objects.get().id)
    mongo.users.update_one({}, {"$set": {"full_name": "Changed Behind Its Back"}})

    assert ada.get("/auth/me").json()["full_name"] == "Ada Lovelace"


def test_shows_a_change_made_by_saving_the_document(ada):
    ada.get("/auth/me")
    user = User.objects.get()
    before = user.updated_at
    user.full_name = "Edited By Staff"
    user.save()

    response = ada.get("/auth/me").json()

    assert response["full_name"] == "Edited By Staff"
    assert User.objects.get().updated_at > before


def test_returns_409_for_a_concurrent_change(ada):
    responses: list[Any] = []
    barrier = threading.Barrier(8)

    def change(number):
        barrier.wait()
        return ada.put("/auth/me", {"full_name": f"Ada {number}"})

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            responses += pool.map(change, range(8))

    statuses = {response.status_code for response in responses}
    assert statuses <= {200, 409}
    assert 409 in statuses
    conflict = next(response for response in responses if response.status_code == 409)
    assert conflict.json()["detail"].startswith("The account was changed by another request")


def test_loses_no_accepted_concurrent_change(ada):
    """Two writers change different fields. Every change that returned 200 is stored afterwards."""
    barrier = threading.Barrier(2)

    def change(fields):
        barrier.wait()
        return ada.put("/auth/me", fields).status_code

    for number in range(15):
        fields = [{"location": f"Place {number}"}, {"full_name": f"Ada {number}"}]
        with ThreadPoolExecutor(2) as pool:
            statuses = list(pool.map(change, fields))
        profile = ada.get("/auth/me").json()
        for status, each in zip(statuses, fields, strict=True):
            if status == 200:
                assert each.items() <= profile.items()


def test_does_not_overwrite_a_newer_version(ada):
    stale, fresh = User.objects.get(), User.objects.get()
    fresh.update_profile(full_name="First")

    with pytest.raises(ConcurrentChange):
        stale.update_profile(full_name="Second")

    assert User.objects.get().full_name == "First"


def test_does_not_restore_an_erased_user(ada):
    stale = User.objects.get()
    User.objects.get().delete()

    with pytest.raises(ConcurrentChange):
        stale.update_profile(full_name="Back")

    assert User.objects.count() == 0


def test_increases_updated_at_even_if_the_clock_does_not_advance(ada):
    user = User.objects.get()

    user.update_profile(full_name="First", now=NOW)
    user.update_profile(full_name="Second", now=NOW)
    user.update_timestamp(now=NOW - timedelta(days=1))

    assert user.updated_at == NOW + timedelta(milliseconds=2)


def test_rejects_unknown_profile_fields(ada):
    with pytest.raises(UnknownProfileField, match="hashed_password"):
        User.objects.get().update_profile(hashed_password="x")


def test_excludes_the_password(ada):
    fields = User.objects.get().dict_exclude_password()

    assert "hashed_password" not in fields
    assert "pbkdf2" not in str(fields)


def test_finds_the_goals_of_a_user(ada):
    goals = get_career_goals(user_id=ada.id)

    assert goals is not None
    assert goals.roles == ("Software Engineer",)
    assert goals.location == "San Francisco, CA"


@pytest.mark.parametrize("user_id", ["", "x", "507f1f77bcf86cd799439011"])
def test_returns_no_goals_for_an_unknown_user(user_id, mongo):
    assert get_career_goals(user_id=user_id) is None


def test_lists_each_target_role_once(register):
    register(target_roles=["Data Engineer", "Full-Stack Developer"])
    register(email="grace@example.org", target_roles=["full stack developer", "Analyst"])
    register(email="gone@example.org", target_roles=["Astronaut"])
    inactive = User.objects.get(email="gone@example.org")
    inactive.is_active = False
    inactive.save()

    assert get_target_roles() == ["Analyst", "Data Engineer", "Full-Stack Developer"]


def test_queues_the_collection_of_only_new_roles(ada, queued):
    ada.put("/auth/me", {"target_roles": ["software-engineer", "Data Scientist"]})
    ada.put("/auth/me", {"skills": ["Go"]})

    assert queued() == [("ingestion.tasks.collect_for_user", [ada.id, ["Data Scientist"]])]


def test_drops_invalid_skills_and_saves_the_rest(register):
    member = register()

    response = member.put("/auth/me", {"skills": ["Python", "!!", " ", "x" * 200, "Go"], "location": "Lisbon"})

    assert response.status_code == 200
    assert response.json()["ignored_skills"] == ["!!", " ", "x" * 200]
    assert (response.json()["skills"], response.json()["location"]) == (["python", "go"], "Lisbon")
    assert "ignored_skills" not in member.put("/auth/me", {"skills": ["Python"]}).json()
    assert member.put("/auth/me", {"skills": ["Python", 7]}).status_code == 400


def test_names_the_invalid_value_and_rejects_a_name_of_one_letter(register):
    member = register()

    assert "not ''" in member.put("/auth/me", {"experience_level": ""}).json()["detail"]
    assert "'!!'" in member.put("/auth/me", {"skills": ["!!"]}).json()["detail"]
    assert "'!!'" in member.put("/auth/me", {"target_roles": ["Data Engineer", "!!"]}).json()["detail"]
    assert member.put("/auth/me", {"full_name": "A"}).status_code == 400
    assert member.put("/auth/me", {"full_name": "Al"}).status_code == 200
