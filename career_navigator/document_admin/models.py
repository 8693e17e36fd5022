"""Base class for Django models that are generated from documents, which validate and store the objects."""

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
    """The object was changed or deleted after it was read. Nothing was written."""

    reason = "changed_meanwhile"


class Duplicate(RuntimeError):
    """A concurrent write stored an object with the same unique value. Nothing was written."""

    reason = "duplicate"


class Lookups:
    """Database reads for validating an object, here with one query per lookup."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Lookups":
        # Copies of an object share its lookups.
        return self

    def get_document(self, model: "DocumentModel") -> mongoengine.Document | None:
        """Return the stored document without the model's changes, or None if it was deleted."""
        document: mongoengine.Document | None = model.document.objects(pk=model.pk).first()
        return document

    def describe_owner(self, model: "DocumentModel", values: dict[str, Any]) -> str:
        """Describe the other object that has these unique values. Returns an empty string if there is none."""
        others = model.document.objects(**values)
        if not model._state.adding:
            others = others.filter(pk__ne=model.pk)
        return f"another {model._meta.verbose_name}" if others.only("pk").first() is not None else ""

    def prepare(self, document: mongoengine.Document) -> None:
        """Preload the data that the document's own validation would otherwise look up."""


class DocumentModelBase(ModelBase):
    """Metaclass that adds the fields of `document` to the model."""

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


class DocumentModelManager(models.Manager[Any]):
    """Manager of document models.

    A class of its own instead of `DocumentModelQuerySet.as_manager()`: the plugin of django-stubs types generated
    managers, although it does not know the fields of the documents.
    """

    def get_queryset(self) -> DocumentModelQuerySet:
        return DocumentModelQuerySet(self.model, using=self._db)


class DocumentModel(models.Model, metaclass=DocumentModelBase):
    """Base class for document models.

    A subclass sets `document`, and `left_out` for the fields that the model does not have.
    """

    document: ClassVar[type[mongoengine.Document]]
    left_out: ClassVar[Collection[str]] = ()
    # An import sets preloaded lookups on its objects.
    lookups = Lookups()

    # `Any`, because type checkers do not know the fields that come from a document.
    objects: Any = DocumentModelManager()

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
        return str(self._build_document(self._present_values()))

    def canonical(self, name: str, value: Any) -> Any:
        """Return a field's value in its canonical form. Subclasses override this for fields with synonyms."""
        return value

    def clean(self) -> None:
        """Convert changed values to their canonical form."""
        for name in self.changed_names():
            setattr(self, name, self.canonical(name, getattr(self, name)))

    def fingerprint(self, *, names: Iterable[str]) -> str:
        """Return a hash of these fields as they were read, to detect whether they changed since a form was shown."""
        read = self._as_read_values()
        content = json_util.dumps([[name, read.get(name)] for name in sorted(names)])
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def full_clean(
        self, exclude: Iterable[str] | None = None, validate_unique: bool = True, validate_constraints: bool = True
    ) -> None:
        """Validate the fields with Django, then the whole object with the document.

        Fields that fail Django's validation are left out of the document's validation, so that all other errors are
        reported too.

        Raises:
            ValidationError: The errors by field.
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
        for name, message in validate_document(document).items():
            if name not in excluded | malformed:
                errors.setdefault(name, []).append(message)
        if not malformed:
            # The document's validation may have normalized values.
            for name in self._field_names() - excluded:
                setattr(self, name, _unwrap(getattr(document, name)))
        if not errors and validate_unique:
            errors = self._find_duplicates()
        if errors:
            raise ValidationError(errors)

    def validate_unique(self, exclude: Iterable[str] | None = None) -> None:
        errors = self._find_duplicates()
        if errors:
            raise ValidationError(errors)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the changed fields through the document.

        Raises:
            ConcurrentChangeError: A changed field has another stored value than the one that was read, or the object
                was deleted.
            Duplicate: Another object has the same unique value.
            mongoengine.ValidationError: The object is invalid and `full_clean` was not called.
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
        self._copy_written(document)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the object through the document. Does nothing if it was already deleted."""
        document = self.document.objects(pk=self.pk).first()
        if document is None:
            return 0, {}
        document.delete()
        return 1, {self._meta.label: 1}

    def changed_names(self) -> set[str]:
        """Return the names of the fields whose values have changed since the object was read."""
        read = self._as_read_values()
        present = self._present_values()
        return {name for name, value in present.items() if name not in read or read[name] != value}

    def _field_names(self) -> set[str]:
        return {field.name for field in self._meta.concrete_fields} - self.get_deferred_fields()

    def _present_values(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self._field_names()}

    def _as_read_values(self) -> dict[str, Any]:
        return getattr(self, "_as_read", {})

    def _copy_written(self, document: mongoengine.Document) -> None:
        """Copy the values of a document that has just been written."""
        self.pk = document.pk
        self._state.adding, self._state.db = False, "default"
        for name in self._field_names():
            setattr(self, name, _unwrap(getattr(document, name)))
        self._as_read = copy.deepcopy(self._present_values())

    def _changed_document(self, without: Collection[str] = ()) -> mongoengine.Document:
        """Return the stored document with the model's changes, except those to the fields `without`.

        Raises:
            ConcurrentChangeError: The document was deleted.
            ValidationError: The document does not accept a value's structure.
        """
        if self._state.adding:
            values = self._present_values()
            return self._build_document({name: value for name, value in values.items() if name not in without})
        document = self.lookups.get_document(self)
        if document is None:
            raise ConcurrentChangeError(f"{self._meta.verbose_name} {self.pk} was deleted")
        for name in self.changed_names() - set(without):
            setattr(document, name, self._to_document_value(name, getattr(self, name)))
        return document

    def _build_document(self, values: dict[str, Any]) -> mongoengine.Document:
        present = {name: value for name, value in values.items() if value is not None}
        return self.document(**{name: self._to_document_value(name, value) for name, value in present.items()})

    def _to_document_value(self, name: str, value: Any) -> Any:
        """Convert a value for the document. Raises ValidationError if its structure does not fit the field."""
        try:
            return None if value is None else self.document._fields[name].to_python(value)
        except (FieldDoesNotExist, mongoengine.ValidationError) as error:
            raise ValidationError({name: str(error)}) from error

    def document_as_read(self) -> mongoengine.Document:
        """Return a document with the values that were read, without a query."""
        fields = self.document._fields
        read = self._as_read_values().items()
        return self.document._from_son({fields[name].db_field: value for name, value in read if value is not None})

    def _unchanged_since_read(self, names: Iterable[str]) -> dict[str, Any]:
        """Return the query condition that these fields still have the values that were read."""
        read = self._as_read_values()
        conditions = []
        for name in sorted(names):
            stored, value = self.document._fields[name].db_field, read.get(name)
            # An absent field reads as empty.
            alternatives = [value] if value else [value, None, [], ""]
            default = self.document._fields[name].default
            if value == (default() if callable(default) else default):
                alternatives.append(None)
            conditions.append({"$or": [{stored: {"$eq": each}} for each in alternatives]})
        return {"$and": conditions}

    def _find_duplicates(self) -> dict[str, list[Any]]:
        """Return an error per unique key whose values another object already has, using the unique indexes."""
        errors: dict[str, list[Any]] = {}
        changed = self.changed_names()
        for names in list_unique_keys(self.document):
            if not self._state.adding and changed.isdisjoint(names):
                continue
            values = {name: getattr(self, name, None) for name in names}
            if any(value in (None, "") for value in values.values()):
                continue
            if owner := self.lookups.describe_owner(self, values):
                name, message = describe_duplicate(type(self), names, owner)
                errors.setdefault(name, []).append(message)
        return errors


def describe_duplicate(model: type[DocumentModel], names: Sequence[str], owner: str) -> tuple[str, str]:
    """Return the field and the message of the error that `owner` already has the values of these fields."""
    labels = " and ".join(str(getattr(model._meta.get_field(name), "verbose_name", name)) for name in names)
    return (names[0] if len(names) == 1 else NON_FIELD_ERRORS), f"There is {owner} with this {labels}."


def insert_many(objects: Sequence[DocumentModel]) -> dict[int, Exception]:
    """Insert validated objects of one model. Returns a Duplicate error per index of an object that was not inserted."""
    documents = [obj._changed_document() for obj in objects]
    rows = [document.to_mongo() for document in documents]
    rejected: dict[int, Exception] = {}
    try:
        documents[0]._get_collection().insert_many(rows, ordered=False)
    except BulkWriteError as error:
        failures = error.details["writeErrors"]
        if error.details["writeConcernErrors"] or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
            raise
        rejected = {failure["index"]: Duplicate(failure["errmsg"]) for failure in failures}
    for index, (obj, document, row) in enumerate(zip(objects, documents, rows, strict=True)):
        if index not in rejected:
            document.pk = row["_id"]
            obj._copy_written(document)
    return rejected


def update_many(objects: Sequence[DocumentModel]) -> dict[int, Exception]:
    """Write the changed fields of validated objects of one model.

    Returns a ConcurrentChangeError, as `save` raises it, per index of an object that was not written.
    """
    documents = [obj._changed_document() for obj in objects]
    changes = [dict(zip(("$set", "$unset"), document._delta(), strict=True)) for document in documents]
    collection = documents[0]._get_collection()
    written = collection.bulk_write(
        [
            UpdateOne(
                {"_id": obj.pk, **obj._unchanged_since_read(obj.changed_names())},
                {operator: dict(values) for operator, values in change.items() if values},
            )
            for obj, change in zip(objects, changes, strict=True)
        ],
        ordered=False,
    )
    rejected: dict[int, Exception] = {}
    if written.matched_count < len(objects):
        # The result of a bulk write does not say which objects were not matched, so read them back and compare.
        stored = {row["_id"]: row for row in collection.find({"_id": {"$in": [obj.pk for obj in objects]}})}
        for index, (obj, change) in enumerate(zip(objects, changes, strict=True)):
            expected = bson.decode(bson.encode(change["$set"]), codec_options=collection.codec_options)
            row = stored.get(obj.pk, {})
            if any(row.get(name) != value for name, value in expected.items()) or any(map(row.get, change["$unset"])):
                rejected[index] = ConcurrentChangeError(f"{obj._meta.verbose_name} {obj.pk}")
    for index, (obj, document) in enumerate(zip(objects, documents, strict=True)):
        if index not in rejected:
            obj._copy_written(document)
    return rejected


def validate_document(document: mongoengine.Document) -> dict[str, str]:
    """Validate the document and return its errors by field, or under NON_FIELD_ERRORS if they concern no field."""
    try:
        document.validate(clean=True)
    except mongoengine.ValidationError as error:
        errors = error.to_dict() or {NON_FIELD_ERRORS: error.message}
        # Field errors that the document's `clean` raises are nested under NON_FIELD_ERRORS.
        nested = errors.get(NON_FIELD_ERRORS)
        errors |= nested if isinstance(nested, dict) else {}
        return {
            name if name in document._fields else NON_FIELD_ERRORS: _format_sentence(message)
            for name, message in errors.items()
            if not (name == NON_FIELD_ERRORS and isinstance(message, dict))
        }
    return {}


def _format_sentence(message: Any) -> str:
    if isinstance(message, dict):
        return "; ".join(f"{key}: {_format_sentence(value)}" for key, value in message.items())
    text = str(message)
    return text if text.endswith(".") else f"{text}."


def list_unique_keys(document: type[mongoengine.Document]) -> list[list[str]]:
    """Return the field names of each unique key, primary key first."""
    keys = [[document._meta["id_field"]]]
    keys += [[field.name] for field in document._fields.values() if field.unique and not field.primary_key]
    for index in document._meta.get("indexes", ()):
        if isinstance(index, dict) and index.get("unique"):
            keys.append([name.lstrip("+-") for name in index["fields"]])
    return keys


def _unwrap(value: Any) -> Any:
    """Return a document's value without MongoEngine's wrappers."""
    if isinstance(value, BaseDocument):
        return value.to_mongo().to_dict()
    if isinstance(value, list | tuple):
        return [_unwrap(each) for each in value]
    if isinstance(value, dict):
        return {key: _unwrap(each) for key, each in value.items()}
    return value
