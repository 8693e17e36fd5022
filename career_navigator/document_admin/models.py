"""The model generated from a document: read by Django, validated and stored by the document."""

import copy
import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any, ClassVar

import bson
import mongoengine
from bson import json_util
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models.base import ModelBase
from mongoengine.base import BaseDocument
from mongoengine.errors import FieldDoesNotExist, NotUniqueError, SaveConditionError
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from career_navigator.document_admin.fields import build_model_field
from career_navigator.document_admin.queries import DocumentModelQuerySet

_DUPLICATE_KEY = 11000


class ConcurrentChangeError(RuntimeError):
    """The object was changed or deleted since it was read; nothing was written."""

    reason = "changed_meanwhile"


class Duplicate(RuntimeError):
    """Another object took the same unique value at the same moment; nothing was written."""

    reason = "duplicate"


class Lookups:
    """What judging an object asks of what is stored: here with a query each time."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Lookups":
        # Copies of an object ask the same.
        return self

    def get_document(self, model: "DocumentModel") -> mongoengine.Document | None:
        """Return the document as it is stored, without what was changed here; None when it is gone."""
        found: mongoengine.Document | None = model.document.objects(pk=model.pk).first()
        return found

    def name_owner(self, model: "DocumentModel", values: dict[str, Any]) -> str:
        """Say what else has these values, which only one may have; empty where nothing has."""
        others = model.document.objects(**values)
        if not model._state.adding:
            others = others.filter(pk__ne=model.pk)
        return f"another {model._meta.verbose_name}" if others.only("pk").first() is not None else ""

    def prepare(self, document: mongoengine.Document) -> None:
        """Give a document what its own validation would look up."""


class DocumentModelBase(ModelBase):
    """Adds the fields of `document` to a model that names one."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        document = attrs.get("document")
        if document is not None:
            left_out = attrs.get("left_out", ())
            for field in document._fields.values():
                if field.name not in left_out:
                    attrs.setdefault(field.name, build_model_field(field))
            meta = attrs.setdefault("Meta", type("Meta", (), {}))
            meta.managed = False
            meta.db_table = document._get_collection_name()
            if not hasattr(meta, "ordering"):
                meta.ordering = ("pk",)
        return super().__new__(mcs, name, bases, attrs, **kwargs)


class DocumentModel(models.Model, metaclass=DocumentModelBase):
    """A document as Django sees it. A subclass names its `document`, and in `left_out` fields that are never shown."""

    document: ClassVar[type[mongoengine.Document]]
    left_out: ClassVar[Collection[str]] = ()
    # An import gives its objects one that has read everything before.
    lookups = Lookups()

    objects: Any = DocumentModelQuerySet.as_manager()

    class Meta:
        abstract = True
        managed = False

    @classmethod
    def from_db(cls, db: Any, field_names: Collection[str], values: Collection[Any], **kwargs: Any) -> "DocumentModel":
        model: DocumentModel = super().from_db(db, field_names, values, **kwargs)
        model._as_read = copy.deepcopy(model._present_values())
        return model

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._as_read = copy.deepcopy(self._present_values())

    def __str__(self) -> str:
        return str(self._document_of(self._present_values()))

    def canonical(self, name: str, value: Any) -> Any:
        """Return a value of a field as it is spelled when stored. A subclass knows what else means the same."""
        return value

    def clean(self) -> None:
        """Spell what changed as it is stored."""
        for name in self.changed_names():
            setattr(self, name, self.canonical(name, getattr(self, name)))

    def fingerprint(self, *, names: Iterable[str]) -> str:
        """A hash of these fields, as they were read: whether what a form showed is still what is stored."""
        read = self._as_read_values()
        content = json_util.dumps([[name, read.get(name)] for name in sorted(names)])
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def full_clean(
        self, exclude: Iterable[str] | None = None, validate_unique: bool = True, validate_constraints: bool = True
    ) -> None:
        """Let the document judge, after Django judged the values' forms. Raises ValidationError, by field.

        Of a field whose form is wrong already the document is told nothing; it judges the others all the same.
        """
        excluded = set(exclude or ())
        errors: dict[str, list[Any]] = {}
        try:
            self.clean_fields(exclude=excluded)
            self.clean()
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        malformed = set(errors)
        try:
            document = self._changed_document(without=malformed)
        except ValidationError as error:
            raise ValidationError(error.update_error_dict(errors)) from error
        self.lookups.prepare(document)
        for name, message in document_errors(document).items():
            if name not in excluded | malformed:
                errors.setdefault(name, []).append(message)
        if not malformed:
            # What the document brought into its canonical form is what is stored and shown.
            for name in self._field_names() - excluded:
                setattr(self, name, _plain(getattr(document, name)))
        if not errors and validate_unique:
            errors = self._unique_errors()
        if errors:
            raise ValidationError(errors)

    def validate_unique(self, exclude: Iterable[str] | None = None) -> None:
        errors = self._unique_errors()
        if errors:
            raise ValidationError(errors)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write what changed, through the document.

        Raises ConcurrentChangeError when a field that is written, or the object, is no longer as it was read;
        Duplicate; mongoengine's ValidationError for what `full_clean` would have refused.
        """
        changed = self.changed_names()
        if not self._state.adding and not changed:
            return
        document = self._changed_document()
        try:
            if self._state.adding:
                document.save(force_insert=True)
            else:
                document.save(save_condition={"__raw__": self._unchanged_since_read(changed)})
        except SaveConditionError as error:
            raise ConcurrentChangeError(f"{self._meta.verbose_name} {self.pk}") from error
        except NotUniqueError as error:
            raise Duplicate(str(error)) from error
        self._take_over(document)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete through the document; nothing when it is gone already."""
        document = self.document.objects(pk=self.pk).first()
        if document is None:
            return 0, {}
        document.delete()
        return 1, {self._meta.label: 1}

    def changed_names(self) -> set[str]:
        """The fields whose values are not those that were read."""
        read = self._as_read_values()
        present = self._present_values()
        return {name for name, value in present.items() if name not in read or read[name] != value}

    def _field_names(self) -> set[str]:
        return {field.name for field in self._meta.concrete_fields} - self.get_deferred_fields()

    def _present_values(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self._field_names()}

    def _as_read_values(self) -> dict[str, Any]:
        return getattr(self, "_as_read", {})

    def _take_over(self, document: mongoengine.Document) -> None:
        """Be as the document, which has just been written."""
        self.pk = document.pk
        self._state.adding, self._state.db = False, "default"
        for name in self._field_names():
            setattr(self, name, _plain(getattr(document, name)))
        self._as_read = copy.deepcopy(self._present_values())

    def _changed_document(self, without: Collection[str] = ()) -> mongoengine.Document:
        """The document as it is stored, with what was changed here but in some fields.

        Raises ConcurrentChangeError when it is gone, and ValidationError for a structure of another shape.
        """
        if self._state.adding:
            values = self._present_values()
            return self._document_of({name: value for name, value in values.items() if name not in without})
        document = self.lookups.get_document(self)
        if document is None:
            raise ConcurrentChangeError(f"{self._meta.verbose_name} {self.pk} was deleted")
        for name in self.changed_names() - set(without):
            setattr(document, name, self._document_value(name, getattr(self, name)))
        return document

    def _document_of(self, values: dict[str, Any]) -> mongoengine.Document:
        given = {name: value for name, value in values.items() if value is not None}
        return self.document(**{name: self._document_value(name, value) for name, value in given.items()})

    def _document_value(self, name: str, value: Any) -> Any:
        """A value as the document takes it. Raises ValidationError for a structure of another shape."""
        try:
            return None if value is None else self.document._fields[name].to_python(value)
        except (FieldDoesNotExist, mongoengine.ValidationError) as error:
            raise ValidationError({name: str(error)}) from error

    def document_as_read(self) -> mongoengine.Document:
        """Return the document as it was when this was read."""
        fields = self.document._fields
        read = self._as_read_values().items()
        return self.document._from_son({fields[name].db_field: value for name, value in read if value is not None})

    def _unchanged_since_read(self, names: Iterable[str]) -> dict[str, Any]:
        """The condition under which fields are written: that they are stored as they were read."""
        read = self._as_read_values()
        conditions = []
        for name in sorted(names):
            stored, value = self.document._fields[name].db_field, read.get(name)
            # A field that was never written reads as empty.
            alternatives = [value] if value else [value, None, [], ""]
            default = self.document._fields[name].default
            if value == (default() if callable(default) else default):
                alternatives.append(None)
            conditions.append({"$or": [{stored: {"$eq": each}} for each in alternatives]})
        return {"$and": conditions}

    def _unique_errors(self) -> dict[str, list[Any]]:
        """What another object already has, of what only one may have; looked up through the unique indexes."""
        errors: dict[str, list[Any]] = {}
        changed = self.changed_names()
        for names in unique_names(self.document):
            if not self._state.adding and changed.isdisjoint(names):
                continue
            values = {name: getattr(self, name, None) for name in names}
            if any(value in (None, "") for value in values.values()):
                continue
            if owner := self.lookups.name_owner(self, values):
                name, message = describe_duplicate(type(self), names, owner)
                errors.setdefault(name, []).append(message)
        return errors


def describe_duplicate(model: type[DocumentModel], names: Sequence[str], owner: str) -> tuple[str, str]:
    """Return the field to show it at, and the sentence, that `owner` has these values already."""
    shown = " and ".join(str(getattr(model._meta.get_field(name), "verbose_name", name)) for name in names)
    return (names[0] if len(names) == 1 else NON_FIELD_ERRORS), f"There is {owner} with this {shown}."


def insert_many(objects: Sequence[DocumentModel]) -> dict[int, Exception]:
    """Insert objects of one model that `full_clean` has accepted; return by index why some were not: Duplicate."""
    documents = [each._changed_document() for each in objects]
    rows = [document.to_mongo() for document in documents]
    refused: dict[int, Exception] = {}
    try:
        documents[0]._get_collection().insert_many(rows, ordered=False)
    except BulkWriteError as error:
        failures = error.details["writeErrors"]
        if error.details["writeConcernErrors"] or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
            raise
        refused = {failure["index"]: Duplicate(failure["errmsg"]) for failure in failures}
    for index, (each, document, row) in enumerate(zip(objects, documents, rows, strict=True)):
        if index not in refused:
            document.pk = row["_id"]
            each._take_over(document)
    return refused


def update_many(objects: Sequence[DocumentModel]) -> dict[int, Exception]:
    """Write what changed of objects of one model that `full_clean` has accepted.

    Returns by index why some were not written: ConcurrentChangeError, as `save` raises it.
    """
    documents = [each._changed_document() for each in objects]
    changes = [dict(zip(("$set", "$unset"), document._delta(), strict=True)) for document in documents]
    collection = documents[0]._get_collection()
    written = collection.bulk_write(
        [
            UpdateOne(
                {"_id": each.pk, **each._unchanged_since_read(each.changed_names())},
                {operator: dict(values) for operator, values in change.items() if values},
            )
            for each, change in zip(objects, changes, strict=True)
        ],
        ordered=False,
    )
    refused: dict[int, Exception] = {}
    if written.matched_count < len(objects):
        # How many were not found is all that is answered.
        stored = {row["_id"]: row for row in collection.find({"_id": {"$in": [each.pk for each in objects]}})}
        for index, (each, change) in enumerate(zip(objects, changes, strict=True)):
            wanted = bson.decode(bson.encode(change["$set"]), codec_options=collection.codec_options)
            row = stored.get(each.pk, {})
            if any(row.get(name) != value for name, value in wanted.items()) or any(map(row.get, change["$unset"])):
                refused[index] = ConcurrentChangeError(f"{each._meta.verbose_name} {each.pk}")
    for index, (each, document) in enumerate(zip(objects, documents, strict=True)):
        if index not in refused:
            each._take_over(document)
    return refused


def document_errors(document: mongoengine.Document) -> dict[str, str]:
    """What the document refuses about itself, by field; what is about no field under Django's name for that."""
    try:
        document.validate(clean=True)
    except mongoengine.ValidationError as refused:
        found = refused.to_dict() or {NON_FIELD_ERRORS: refused.message}
        # What `clean` says about single fields comes nested.
        nested = found.get(NON_FIELD_ERRORS)
        found |= nested if isinstance(nested, dict) else {}
        return {
            name if name in document._fields else NON_FIELD_ERRORS: _sentence(message)
            for name, message in found.items()
            if not (name == NON_FIELD_ERRORS and isinstance(message, dict))
        }
    return {}


def _sentence(message: Any) -> str:
    if isinstance(message, dict):
        return "; ".join(f"{key}: {_sentence(value)}" for key, value in message.items())
    text = str(message)
    return text if text.endswith(".") else f"{text}."


def unique_names(document: type[mongoengine.Document]) -> list[list[str]]:
    """The fields of each unique key, the primary one first."""
    keys = [[document._meta["id_field"]]]
    keys += [[field.name] for field in document._fields.values() if field.unique and not field.primary_key]
    for index in document._meta.get("indexes", ()):
        if isinstance(index, dict) and index.get("unique"):
            keys.append([name.lstrip("+-") for name in index["fields"]])
    return keys


def _plain(value: Any) -> Any:
    """A value of a document without MongoEngine's wrappers."""
    if isinstance(value, BaseDocument):
        return value.to_mongo().to_dict()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value
