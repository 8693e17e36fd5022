"""`manage.py bootstrap` in a process of its own, which imports no more than the command does, makes every index."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from bson import ObjectId
from django.apps import apps
from django.conf import settings
from mongoengine import Document
from pymongo import MongoClient
from pymongo.database import Database

from career_navigator.apps import get_declared
from career_navigator.db import bootstrap as indexes
from career_navigator.db.bootstrap import create_indexes
from career_navigator.environment import BASE_DIR

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
OPTIONS = ("unique", "sparse", "expireAfterSeconds", "partialFilterExpression", "default_language")


class Prepared:
    """An empty database of its own, and the command on it."""

    def __init__(self, client: "MongoClient[dict[str, Any]]", name: str, var: Path) -> None:
        self.database: Database[dict[str, Any]] = client[name]
        self.environment = os.environ | {
            "MONGODB_URI": urlsplit(settings.MONGODB_URI)._replace(path=f"/{name}").geturl(),
            "VAR_DIR": str(var),
        }

    def run(self) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "manage.py", "bootstrap", "--json"]
        return subprocess.run(command, cwd=BASE_DIR, env=self.environment, capture_output=True, text=True, check=False)

    def summary(self) -> dict[str, Any]:
        done = self.run()
        assert done.returncode == 0, done.stderr
        summary: dict[str, Any] = json.loads(done.stdout)
        return summary


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Prepared]:
    name = f"{urlsplit(settings.MONGODB_URI).path.strip('/')}_prepared"
    with MongoClient[dict[str, Any]](settings.MONGODB_URI, tz_aware=True) as client:
        client.drop_database(name)
        yield Prepared(client, name, tmp_path)
        client.drop_database(name)


@pytest.fixture
def documents() -> list[type[Document]]:
    """Every document that any module of ours declares, which is looked for in its text."""
    indexes._import_documents()
    found = list(list_documents(Document))
    modules = [
        path
        for app in apps.get_app_configs()
        if Path(app.path).parent == BASE_DIR
        for path in Path(app.path).rglob("*.py")
        if "tests" not in path.parts
    ]
    names = {name for path in modules for name in re.findall(r'"collection": "(\w+)"', path.read_text())}
    assert {document._get_collection_name() for document in found} == names
    return found


def list_documents(document: type[Document]) -> Iterator[type[Document]]:
    for each in document.__subclasses__():
        if not each._meta.get("abstract") and ".tests." not in each.__module__:
            yield each
        yield from list_documents(each)


def declared(document: type[Document]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The options of a document's indexes by their keys, as MongoDB tells them."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {(("_id", 1),): {}}
    for spec in document._meta["index_specs"]:
        key = tuple(spec["fields"])
        options = {name: spec[name] for name in OPTIONS if spec.get(name) not in (None, False)}
        if any(kind == "text" for _, kind in key):
            options["weights"] = spec.get("weights") or {name: 1 for name, _ in key}
            options.setdefault("default_language", "english")
            key = (("_fts", "text"), ("_ftsx", 1))
        found[key] = options
    return found


def stored(database: "Database[dict[str, Any]]", document: type[Document]) -> dict[tuple[Any, ...], dict[str, Any]]:
    information = database[document._get_collection_name()].index_information()
    return {
        tuple(index["key"]): {
            name: index[name] for name in (*OPTIONS, "weights") if index.get(name) not in (None, False)
        }
        for index in information.values()
    }


def assert_all_indexed(prepared: Prepared, documents: list[type[Document]]) -> None:
    for document in documents:
        expected = declared(document)
        # MongoDB makes no collection for a document without an index of its own.
        if expected.keys() != {(("_id", 1),)}:
            assert stored(prepared.database, document) == expected, document


def test_makes_every_index_of_every_document_on_an_empty_database(prepared, documents):
    summary = prepared.summary()

    assert summary["collections"] == len({document._get_collection_name() for document in documents}) == 29
    assert summary["duplicates_merged"] == {}
    assert_all_indexed(prepared, documents)


def store_duplicates(database: "Database[dict[str, Any]]") -> dict[str, ObjectId]:
    """What an older release stored of one user without any index, by short names."""
    ids = {name: ObjectId() for name in ("user", "job", "kept", "other", "saved", "applied", "search")}
    owner = {"user": ids["user"], "job": ids["job"]}
    application = owner | {"title": "Engineer", "company": "Acme"}
    database.applications.insert_many(
        [
            application | {
                "_id": ids["kept"], "stage": "saved", "reached": {"saved": NOW}, "activity": ids["saved"],
                "first_activity": ids["saved"], "created_at": NOW, "updated_at": NOW,
            },
            application | {
                "_id": ids["other"], "stage": "applied", "reached": {"applied": NOW}, "activity": ids["applied"],
                "first_activity": ids["applied"], "created_at": NOW + timedelta(milliseconds=1),
                "updated_at": NOW + timedelta(seconds=5), "note": "By mail",
            },
        ]
    )  # fmt: skip
    database.activities.insert_many(
        [
            {"_id": ids["saved"], "application": ids["kept"], "user": ids["user"], "created_at": NOW},
            {"_id": ids["applied"], "application": ids["other"], "user": ids["user"], "created_at": NOW},
        ]
    )
    database.match_scores.insert_many([owner | {"computed_at": NOW, "fingerprint": text} for text in "ab"])
    database.resumes.insert_many(
        [
            {"user": ids["user"], "source": "upload", "version": version, "created_at": NOW + timedelta(seconds=second)}
            for second, version in enumerate((1, 1, 1, 2, 3, 4, 4, 4, 5, 6))
        ]
    )
    database.saved_searches.insert_many([{"user": ids["user"], "number": number} for number in (0, 0, 1, 2, 2)])
    database.told_postings.insert_many(
        [{"search": ids["search"], "job": ids["job"], "claimed_at": NOW, "told_at": told} for told in (None, NOW)]
    )
    return ids


def test_merges_what_is_stored_twice_and_makes_every_index_all_the_same(prepared, documents):
    ids = store_duplicates(prepared.database)

    summary = prepared.summary()

    assert summary["duplicates_merged"] == {
        "applications": 1, "match_scores": 1, "resumes": 9, "saved_searches": 2, "told_postings": 1,
    }  # fmt: skip
    assert_all_indexed(prepared, documents)
    (application,) = prepared.database.applications.find()
    assert (application["_id"], application["stage"], application["note"]) == (ids["kept"], "applied", "By mail")
    assert (application["first_activity"], application["activity"]) == (ids["saved"], ids["applied"])
    assert set(prepared.database.activities.distinct("application")) == {ids["kept"]}
    assert [row["version"] for row in prepared.database.resumes.find().sort("created_at", 1)] == list(range(1, 11))
    assert [row["number"] for row in prepared.database.saved_searches.find().sort("_id", 1)] == [0, 3, 1, 2, 4]
    assert [row["told_at"] for row in prepared.database.told_postings.find()] == [NOW]


def test_names_what_keeps_an_index_from_being_made_and_makes_all_others(prepared, documents):
    database = prepared.database
    database.users.insert_many([{"email": "ada@example.org"}, {"email": "ada@example.org"}])
    database.skills.insert_many([{"name": "python"}, {"name": "python"}])
    database.password_resets.create_index("expires_at", expireAfterSeconds=60)
    database.activities.create_index("application", name="by_application", sparse=True)

    done = prepared.run()

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for sentence in (
        "The unique index email_1 of users cannot be created: several documents have email='ada@example.org'.",
        "The unique index name_1 of skills cannot be created: several documents have name='python'.",
        "An index of password_resets cannot be created: expires_at_1 exists with other options",
        'Drop it with db.password_resets.dropIndex("expires_at_1") and run this command again.',
        'Drop it with db.activities.dropIndex("by_application") and run this command again.',
    ):
        assert sentence in done.stderr
    refused = {"users", "skills", "password_resets", "activities"}
    assert_all_indexed(prepared, [each for each in documents if each._get_collection_name() not in refused])

    database.users.delete_one({})
    database.skills.delete_one({})
    database.password_resets.drop_index("expires_at_1")
    database.activities.drop_index("by_application")
    assert prepared.summary()["collections"] == 29
    assert_all_indexed(prepared, documents)


@pytest.fixture
def unindexed(mongo: "Database[dict[str, Any]]") -> Iterator[Callable[[], object]]:
    """Stores an application twice, which nothing forbids."""
    mongo.applications.drop_indexes()
    row = {"user": ObjectId(), "job": ObjectId(), "stage": "saved", "created_at": NOW, "updated_at": NOW}

    def store() -> None:
        mongo.applications.insert_many([row | {"activity": ObjectId(), "_id": ObjectId()} for _ in range(2)])

    store()
    yield store
    mongo.applications.delete_many({})
    create_indexes()


def test_merges_again_what_is_stored_twice_between_merging_and_making_the_index(mongo, unindexed, monkeypatch):
    merge, rounds = get_declared("duplicate_mergers")["applications"], []

    def meanwhile() -> int:
        merged = merge()
        rounds.append(merged)
        if len(rounds) < 3:
            unindexed()
        return merged

    monkeypatch.setitem(get_declared("duplicate_mergers"), "applications", meanwhile)

    assert create_indexes()["applications"] == sum(rounds) == 5
    assert len(rounds) == 3
    assert mongo.applications.index_information()["user_1_job_1"]["unique"]


def test_gives_up_by_name_where_duplicates_are_stored_all_the_time(unindexed, monkeypatch):
    monkeypatch.setattr(indexes, "MAX_ATTEMPTS", 3)
    monkeypatch.setitem(get_declared("duplicate_mergers"), "applications", lambda: 0)

    with pytest.raises(indexes.IndexesRejected, match="user_1_job_1 of applications cannot be created"):
        create_indexes()
