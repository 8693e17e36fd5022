"""A model generated from a document of every kind of field."""

from datetime import UTC, datetime

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


@pytest.fixture
def stored(admin_tables: None, mongo: Database) -> Database:
    content = {"t": "One", "size": 3, "share": 0.5, "at": AT, "owner": ObjectId(), "tags": ["a", "b"]}
    more = {"extra": {"at": AT, "n": 1}, "parts": [{"name": "x"}], "raw": b"1", "foreign": {"kept": [1]}}
    mongo.test_things.insert_one({"_id": "one"} | content | more)
    return mongo


def test_reads_every_kind_of_field(stored: Database) -> None:
    thing = Thing.objects.get(tags="b")

    assert (thing.pk, thing.title, thing.size, thing.share, thing.good) == ("one", "One", 3, 0.5, None)
    assert (thing.at, thing.tags, thing.parts) == (AT, ["a", "b"], [{"name": "x"}])
    assert not hasattr(thing, "raw")


def test_writes_what_changed_and_nothing_else(stored: Database) -> None:
    before = stored.test_things.find_one()
    thing = Thing.objects.get()

    thing.title = "Two"
    thing.full_clean()
    thing.save()

    assert stored.test_things.find_one() == before | {"t": "Two"}


def test_brings_structures_through_a_form(stored: Database) -> None:
    thing = Thing.objects.get()
    form_class = modelform_factory(Thing, form=DocumentForm, fields=["title", "tags", "extra", "parts"])
    sent = {field.name: field.value() for field in form_class(instance=thing)}

    form = form_class(sent | {"parts": '[{"name": "x"}, {"name": "y"}]'}, instance=thing)

    assert form.is_valid(), form.errors
    assert form.changed_data == ["parts"]
    form.save()
    row = stored.test_things.find_one()
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
def test_refuses_at_the_field(stored: Database, name: str, value: object) -> None:
    thing = Thing.objects.get()
    setattr(thing, name, value)

    with pytest.raises(ValidationError) as refused:
        thing.full_clean()

    assert [*refused.value.message_dict] == [name]


def test_tells_that_it_is_gone(stored: Database) -> None:
    thing = Thing.objects.get()
    stored.test_things.delete_many({})
    thing.title = "Two"

    with pytest.raises(ConcurrentChangeError):
        thing.save()


def test_is_written_by_documents_alone(stored: Database) -> None:
    with pytest.raises(NotSupportedError):
        Thing.objects.update(title="x")
    with pytest.raises(NotSupportedError):
        Thing.objects.bulk_create([])

    assert Thing.objects.all().delete() == (1, {"career_navigator.Thing": 1})
    assert stored.test_things.count_documents({}) == 0
