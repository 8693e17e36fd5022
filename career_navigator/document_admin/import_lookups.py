"""Lookups of an import: unique keys and existing objects, loaded in bulk and updated as rows are accepted."""

import contextlib
from collections.abc import Iterable
from typing import Any

import mongoengine
import tablib
from django.core.exceptions import ValidationError
from import_export.instance_loaders import ModelInstanceLoader

from career_navigator.document_admin.models import DocumentModel, Lookups, describe_duplicate, list_unique_keys


class ImportLookups(Lookups):
    """Lookups of a single import, which load the unique keys once and add the keys of accepted rows."""

    EARLIER_ROW = object()

    def __init__(self, document: type[mongoengine.Document]) -> None:
        # Per unique key: the values, mapped to the owner's primary key or to EARLIER_ROW.
        self.owners: dict[tuple[str, ...], dict[tuple[Any, ...], Any]] = {
            tuple(names): {} for names in list_unique_keys(document)
        }
        stored_as = {name: document._fields[name].db_field for names in self.owners for name in names}
        for row in document.objects.only(*stored_as).as_pymongo():
            for names, owners in self.owners.items():
                owners[tuple(row.get(stored_as[name]) for name in names)] = row["_id"]

    def get_document(self, model: DocumentModel) -> mongoengine.Document | None:
        return model.document_as_read()

    def describe_owner(self, model: DocumentModel, values: dict[str, Any]) -> str:
        owner = self.owners[tuple(values)].get(tuple(values.values()))
        if owner is self.EARLIER_ROW:
            return "an earlier row"
        is_other = owner is not None and (model._state.adding or owner != model.pk)
        return f"another {model._meta.verbose_name}" if is_other else ""

    def match_spelling(self, name: str, value: Any) -> Any:
        """Return a row's key in the spelling of the stored object that it refers to."""
        return value

    def expect(self, keys: Iterable[tuple[Any, ...]]) -> None:
        """Register the keys of all rows in the file, so that earlier rows can refer to later ones."""

    def find_missing(self, model: DocumentModel) -> str:
        """Return an error message if the object refers to an object of a rejected row, or an empty string."""
        return ""

    def withdraw(self, model: DocumentModel) -> None:
        """Undo `accept` for a row that is rejected after all."""

    def accept(self, model: DocumentModel) -> None:
        """Register a row that will be stored."""
        for names, owners in self.owners.items():
            owners[tuple(getattr(model, name) for name in names)] = self.EARLIER_ROW


class ImportLoader(ModelInstanceLoader):
    """Instance loader that loads all objects in a file with one query and rejects a second row for the same object."""

    def __init__(self, resource: Any, dataset: tablib.Dataset) -> None:
        super().__init__(resource, dataset)
        self.lookups = resource.lookups_class(resource._meta.model.document)
        # An empty object, whose `canonical` normalizes keys.
        self._normalizer = resource._meta.model()
        self._normalizer.lookups = resource.lookups = self.lookups
        self._names = tuple(resource.get_import_id_fields())
        self._keys = self.lookups.owners[self._names]
        keys = [key for row in dataset.dict if (key := self._find_key(row)) is not None]
        self.lookups.expect(keys)
        existing = [self._keys[key] for key in keys if key in self._keys]
        self._instances = {instance.pk: instance for instance in self.get_queryset().filter(pk__in=existing)}

    def get_instance(self, row: Any) -> Any:
        key = self._keys.get(self._get_key(row))
        if key is None:
            return None
        if key not in self._instances:
            name, message = describe_duplicate(self.resource._meta.model, self._names, "an earlier row")
            raise ValidationError({name: message})
        return self._instances.pop(key)

    def _get_key(self, row: Any) -> tuple[Any, ...]:
        values = {name: self.resource.fields[name].clean(row) for name in self._names}
        return tuple(
            self.lookups.match_spelling(name, self._normalizer.canonical(name, each)) for name, each in values.items()
        )

    def _find_key(self, row: Any) -> tuple[Any, ...] | None:
        # `get_instance` raises the same error again and reports it for the row.
        with contextlib.suppress(LookupError, ValueError, ArithmeticError):
            return self._get_key(row)
        return None
