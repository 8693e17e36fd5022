"""Data export and erasure."""

from datetime import timedelta

import pytest

from accounts.credentials import send_reset_message
from accounts.documents import User
from accounts.services import finish_erasures
from career_navigator.apps import get_declared
from ingestion.documents import CollectionRunDocument
from ingestion.tasks import collect_for_user
from tests.factories import CollectedRoleFactory
from tests.fixtures.users import API, PASSWORD


@pytest.fixture
def declare(monkeypatch):
    """Register a further kind of user data for the test."""

    def make(*, name, export, erase):
        monkeypatch.setitem(get_declared("user_exports"), name, export)
        monkeypatch.setitem(get_declared("user_erasures"), name, erase)

    return make


@pytest.fixture
def notes(declare, mongo):
    """Declare user data of another app."""
    declare(
        name="notes",
        export=lambda user_id: [note["text"] for note in mongo.notes.find({"user": user_id})],
        erase=lambda user_id: mongo.notes.delete_many({"user": user_id}),
    )
    return mongo.notes


def _erase(member, password=PASSWORD):
    return member.delete("/auth/me", {"password": password})


def test_exports_all_stored_data(ada, notes):
    notes.insert_one({"user": User.objects.get().id, "text": "to do"})

    response = ada.get("/auth/me/export")

    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    assert "attachment" in response["Content-Disposition"]
    body = response.json()
    assert body["user"] == ada.get("/auth/me").json() | {"is_active": True, "password_changed_at": None}
    assert len(body["sessions"]) == 1
    assert body["password_resets"] == []
    assert body["collection_runs"] == []
    assert body["notes"] == ["to do"]


def test_exports_no_secrets(ada, mongo):
    text = ada.get("/auth/me/export").content.decode()

    assert "pbkdf2" not in text
    assert all(token["_id"] not in text for token in mongo.refresh_tokens.find())
    assert ada.refresh_token not in text


def test_exports_nothing_of_other_users(ada, register, notes):
    grace = register(email="grace@example.org", full_name="Grace Hopper")
    notes.insert_one({"user": User.objects.get(email="grace@example.org").id, "text": "hers"})

    assert "hers" not in ada.get("/auth/me/export").content.decode()
    assert grace.get("/auth/me/export").json()["notes"] == ["hers"]


def test_erases_the_user_and_all_their_data(ada, notes, mongo, now):
    user_id = User.objects.get().id
    notes.insert_one({"user": user_id, "text": "to do"})
    send_reset_message(email="ada@example.org", now=now)
    collect_for_user(ada.id, ["Software Engineer"])

    response = _erase(ada)

    assert response.status_code == 204
    remaining = {
        name: list(mongo[name].find())
        for name in mongo.list_collection_names()
        if str(user_id) in str(list(mongo[name].find())) or "ada@example.org" in str(list(mongo[name].find()))
    }
    assert remaining == {}
    assert CollectionRunDocument.objects.get().requested_by is None


def test_rejects_tokens_of_an_erased_user(ada):
    assert ada.get("/auth/me").status_code == 200

    _erase(ada)

    assert ada.get("/auth/me").status_code == 401
    assert API().post("/auth/refresh", {"refresh_token": ada.refresh_token}).status_code == 401
    assert API().post("/auth/login", {"email": "ada@example.org", "password": PASSWORD}).status_code == 401
    assert _erase(ada).status_code == 401


def test_does_not_affect_other_users(ada, register):
    grace = register(email="grace@example.org")

    _erase(ada)

    assert grace.get("/auth/me").status_code == 200
    assert API().post("/auth/refresh", {"refresh_token": grace.refresh_token}).status_code == 200


def test_frees_the_address(ada, register):
    _erase(ada)

    assert register().get("/auth/me").status_code == 200


@pytest.mark.parametrize(
    "body", [{"password": "Wrong-Pass-123"}, {}, {"password": None}, {"password": ""}, {"password": 3}, []]
)
def test_erases_nothing_without_the_password(ada, body):
    response = ada.delete("/auth/me", body)

    assert response.status_code == 400
    assert ada.get("/auth/me").status_code == 200


def test_completes_an_interrupted_erasure(ada, notes, declare, monkeypatch, now):
    def fail(user_id):
        raise RuntimeError("broken")

    declare(name="notes", export=lambda user_id: [], erase=fail)
    assert _erase(ada).status_code == 500
    assert ada.get("/auth/me").status_code == 401
    assert finish_erasures(now=now) == 0
    monkeypatch.delitem(get_declared("user_erasures"), "notes")

    assert finish_erasures(now=now + timedelta(hours=1)) == 1
    assert User.objects.count() == 0


def test_erases_data_stored_by_a_concurrent_request(ada, notes, declare):
    user_id = User.objects.get().id
    # This kind is erased after the notes. Its erasure simulates a concurrent request that stores another note.
    declare(
        name="zealous request",
        export=lambda user_id: [],
        erase=lambda user_id: User.objects(id=user_id) and notes.insert_one({"user": user_id, "text": "late"}),
    )

    assert _erase(ada).status_code == 204

    assert notes.count_documents({"user": user_id}) == 0


def test_rejects_tokens_once_the_erasure_has_begun(ada, notes, declare):
    statuses = []
    declare(
        name="watcher",
        export=lambda user_id: [],
        erase=lambda user_id: statuses.append(ada.get("/auth/me").status_code),
    )

    _erase(ada)

    assert set(statuses) == {401}


def test_starts_no_run_for_an_erased_user(ada):
    _erase(ada)

    collect_for_user(ada.id, ["Software Engineer"])

    assert CollectionRunDocument.objects.count() == 0


def test_collects_only_stale_new_roles(register, now):
    roles = ["Data Engineer", "Data Scientist", "Analyst"]
    ada = register(target_roles=roles, location="Berlin")
    for role, age_days in (("data engineer", 29), ("data scientist", 31)):
        CollectedRoleFactory(role=role, place="Berlin", collected_at=now - timedelta(days=age_days))

    collect_for_user(ada.id, roles[:2])

    run = CollectionRunDocument.objects.get()
    assert run.requested_by == ada.id
    assert [(search.role, search.status) for search in run.searches] == [
        ("Data Engineer", "skipped"),
        ("Data Scientist", "queued"),
    ]
