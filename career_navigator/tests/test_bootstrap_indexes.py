"""`manage.py bootstrap` creates all indexes. It runs in a separate process, which imports only what it needs."""

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


class BootstrapRunner:
    """Runs the command on a separate, empty database."""

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
def runner(tmp_path: Path) -> Iterator[BootstrapRunner]:
    name = f"{urlsplit(settings.MONGODB_URI).path.strip('/')}_prepared"
    with MongoClient[dict[str, Any]](settings.MONGODB_URI, tz_aware=True) as client:
        client.drop_database(name)
        yield BootstrapRunner(client, name, tmp_path)
        client.drop_database(name)


@pytest.fixture
def documents() -> list[type[Document]]:
    """Return all documents of the project, found by searching the source files."""
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


def list_declared_indexes(document: type[Document]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the options of a document's declared indexes by key, in MongoDB's format."""
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


def list_stored_indexes(
    database: "Database[dict[str, Any]]", document: type[Document]
) -> dict[tuple[Any, ...], dict[str, Any]]:
    information = database[document._get_collection_name()].index_information()
    return {
        tuple(index["key"]): {
            name: index[name] for name in (*OPTIONS, "weights") if index.get(name) not in (None, False)
        }
        for index in information.values()
    }


def assert_all_indexed(runner: BootstrapRunner, documents: list[type[Document]]) -> None:
    for document in documents:
        expected = list_declared_indexes(document)
        # MongoDB does not create a collection for a document that declares no indexes.
        if expected.keys() != {(("_id", 1),)}:
            assert list_stored_indexes(runner.database, document) == expected, document


def test_creates_all_indexes_in_an_empty_database(runner, documents):
    summary = runner.summary()

    assert summary["collections"] == len({document._get_collection_name() for document in documents}) == 33
    assert summary["duplicates_merged"] == {}
    assert_all_indexed(runner, documents)


def store_duplicates(database: "Database[dict[str, Any]]") -> dict[str, ObjectId]:
    """Store a user's duplicates as an older release without indexes could. Returns ids by short names."""
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
                "updated_at": NOW + timedelta(seconds=5), "note": "By email",
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
        [{"search": ids["search"], "job": ids["job"], "claimed_at": NOW, "told_at": told_at} for told_at in (None, NOW)]
    )
    return ids


def test_merges_duplicates_and_creates_all_indexes(runner, documents):
    ids = store_duplicates(runner.database)

    summary = runner.summary()

    assert summary["duplicates_merged"] == {
        "applications": 1, "match_scores": 1, "resumes": 9, "saved_searches": 2, "told_postings": 1,
    }  # fmt: skip
    assert_all_indexed(runner, documents)
    (application,) = runner.database.applications.find()
    assert (application["_id"], application["stage"], application["note"]) == (ids["kept"], "applied", "By email")
    assert (application["first_activity"], application["activity"]) == (ids["saved"], ids["applied"])
    assert set(runner.database.activities.distinct("application")) == {ids["kept"]}
    assert [row["version"] for row in runner.database.resumes.find().sort("created_at", 1)] == list(range(1, 11))
    assert [row["number"] for row in runner.database.saved_searches.find().sort("_id", 1)] == [0, 3, 1, 2, 4]
    assert [row["told_at"] for row in runner.database.told_postings.find()] == [NOW]


def test_reports_indexes_that_cannot_be_created_and_creates_the_others(runner, documents):
    database = runner.database
    database.users.insert_many([{"email": "ada@example.org"}, {"email": "ada@example.org"}])
    database.skills.insert_many([{"name": "python"}, {"name": "python"}])
    database.password_resets.create_index("expires_at", expireAfterSeconds=60)
    database.activities.create_index("application", name="by_application", sparse=True)

    done = runner.run()

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
    rejected = {"users", "skills", "password_resets", "activities"}
    assert_all_indexed(runner, [each for each in documents if each._get_collection_name() not in rejected])

    database.users.delete_one({})
    database.skills.delete_one({})
    database.password_resets.drop_index("expires_at_1")
    database.activities.drop_index("by_application")
    assert runner.summary()["collections"] == 33
    assert_all_indexed(runner, documents)


@pytest.fixture
def unindexed(mongo: "Database[dict[str, Any]]") -> Iterator[Callable[[], object]]:
    """Drop the unique index and return a function that stores a duplicate application."""
    mongo.applications.drop_indexes()
    row = {"user": ObjectId(), "job": ObjectId(), "stage": "saved", "created_at": NOW, "updated_at": NOW}

    def store() -> None:
        mongo.applications.insert_many([row | {"activity": ObjectId(), "_id": ObjectId()} for _ in range(2)])

    store()
    yield store
    mongo.applications.delete_many({})
    create_indexes()


def test_merges_again_if_duplicates_are_stored_before_the_index_exists(mongo, unindexed, monkeypatch):
    merge, rounds = get_declared("duplicate_mergers")["applications"], []

    def merge_then_store() -> int:
        merged = merge()
        rounds.append(merged)
        if len(rounds) < 3:
            unindexed()
        return merged

    monkeypatch.setitem(get_declared("duplicate_mergers"), "applications", merge_then_store)

    assert create_indexes()["applications"] == sum(rounds) == 5
    assert len(rounds) == 3
    assert mongo.applications.index_information()["user_1_job_1"]["unique"]


def test_reports_the_index_if_new_duplicates_never_stop(unindexed, monkeypatch):
    monkeypatch.setattr(indexes, "MAX_ATTEMPTS", 3)
    monkeypatch.setitem(get_declared("duplicate_mergers"), "applications", lambda: 0)

    with pytest.raises(indexes.IndexesRejected, match="user_1_job_1 of applications cannot be created"):
        create_indexes()
