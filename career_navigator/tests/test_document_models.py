"""A document model with a field of every kind."""

from datetime import UTC, datetime
from typing import Any

import mongoengine as me
import pytest
from bson import ObjectId
from django.core.exceptions import ValidationError
from django.db import NotSupportedError
from django.forms import modelform_factory
from pymongo.database import Database

from career_navigator.document_admin.admin import DocumentForm
from career_navigator.document_admin.models import ConcurrentChangeError, DocumentModel

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


class Part(me.EmbeddedDocument):
    name = me.StringField(required=True)


class ThingDocument(me.Document):
    code = me.StringField(primary_key=True)
    title = me.StringField(required=True, max_length=20, db_field="t")
    size = me.IntField(min_value=1, max_value=9)
    share = me.FloatField()
    good = me.BooleanField(default=True)
    at = me.DateTimeField()
    owner = me.ObjectIdField()
    tags = me.ListField(me.StringField(max_length=5))
    extra = me.DictField()
    parts = me.EmbeddedDocumentListField(Part)
    raw = me.BinaryField()

    meta = {"collection": "test_things", "auto_create_index": False, "strict": False}


class Thing(DocumentModel):
    document = ThingDocument
    left_out = ("raw",)

    class Meta:
        app_label = "career_navigator"


# Type checkers do not know fields that come from a document.
things: Any = Thing.objects


@pytest.fixture
def thing_collection(admin_tables: None, mongo: Database) -> Database:
    content = {"t": "One", "size": 3, "share": 0.5, "at": AT, "owner": ObjectId(), "tags": ["a", "b"]}
    more = {"extra": {"at": AT, "n": 1}, "parts": [{"name": "x"}], "raw": b"1", "foreign": {"kept": [1]}}
    mongo.test_things.insert_one({"_id": "one"} | content | more)
    return mongo


def test_reads_every_kind_of_field(thing_collection: Database) -> None:
    thing: Any = things.get(tags="b")

    assert (thing.pk, thing.title, thing.size, thing.share, thing.good) == ("one", "One", 3, 0.5, None)
    assert (thing.at, thing.tags, thing.parts) == (AT, ["a", "b"], [{"name": "x"}])
    assert not hasattr(thing, "raw")


def test_writes_only_changed_fields(thing_collection: Database) -> None:
    before = thing_collection.test_things.find()[0]
    thing: Any = things.get()

    thing.title = "Two"
    thing.full_clean()
    thing.save()

    assert thing_collection.test_things.find_one() == before | {"t": "Two"}


def test_form_round_trip_preserves_structures(thing_collection: Database) -> None:
    thing: Any = things.get()
    form_class = modelform_factory(Thing, form=DocumentForm, fields=["title", "tags", "extra", "parts"])
    sent = {field.name: field.value() for field in form_class(instance=thing)}

    form = form_class(sent | {"parts": '[{"name": "x"}, {"name": "y"}]'}, instance=thing)

    assert form.is_valid(), form.errors
    assert form.changed_data == ["parts"]
    form.save()
    row = thing_collection.test_things.find()[0]
    assert row["parts"] == [{"name": "x"}, {"name": "y"}]
    assert row["extra"]["n"] == 1
    assert row["foreign"] == {"kept": [1]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "x" * 21),
        ("size", 10),
        ("size", "many"),
        ("at", "yesterday"),
        ("tags", ["toolong"]),
        ("parts", [{"other": 1}]),
    ],
)
def test_reports_errors_at_the_field(thing_collection: Database, name: str, value: object) -> None:
    thing: Any = things.get()
    setattr(thing, name, value)

    with pytest.raises(ValidationError) as rejected:
        thing.full_clean()

    assert [*rejected.value.message_dict] == [name]


def test_reports_a_deleted_object(thing_collection: Database) -> None:
    thing: Any = things.get()
    thing_collection.test_things.delete_many({})
    thing.title = "Two"

    with pytest.raises(ConcurrentChangeError):
        thing.save()


def test_rejects_bulk_writes_that_bypass_documents(thing_collection: Database) -> None:
    with pytest.raises(NotSupportedError):
        things.update(title="x")
    with pytest.raises(NotSupportedError):
        things.bulk_create([])

    assert things.all().delete() == (1, {"career_navigator.Thing": 1})
    assert thing_collection.test_things.count_documents({}) == 0
