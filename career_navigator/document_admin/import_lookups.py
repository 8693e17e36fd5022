"""What an import looks up: read once, then kept up with the rows that are going to be stored."""

import contextlib
from collections.abc import Iterable
from typing import Any

import mongoengine
import tablib
from django.core.exceptions import ValidationError
from import_export.instance_loaders import ModelInstanceLoader

from career_navigator.document_admin.models import DocumentModel, Lookups, describe_duplicate, unique_names


class ImportLookups(Lookups):
    """Of one import: read once, then kept up with the rows that are going to be stored."""

    EARLIER_ROW = object()

    def __init__(self, document: type[mongoengine.Document]) -> None:
        # The primary key of who has them, or EARLIER_ROW, by values of unique fields.
        self.owners: dict[tuple[str, ...], dict[tuple[Any, ...], Any]] = {
            tuple(names): {} for names in unique_names(document)
        }
        stored_as = {name: document._fields[name].db_field for names in self.owners for name in names}
        for row in document.objects.only(*stored_as).as_pymongo():
            for names, owners in self.owners.items():
                owners[tuple(row.get(stored_as[name]) for name in names)] = row["_id"]

    def get_document(self, model: DocumentModel) -> mongoengine.Document | None:
        return model.document_as_read()

    def name_owner(self, model: DocumentModel, values: dict[str, Any]) -> str:
        owner = self.owners[tuple(values)].get(tuple(values.values()))
        if owner is self.EARLIER_ROW:
            return "an earlier row"
        is_other = owner is not None and (model._state.adding or owner != model.pk)
        return f"another {model._meta.verbose_name}" if is_other else ""

    def spell(self, name: str, value: Any) -> Any:
        """Return the value of a key as the object has it that a row means by it."""
        return value

    def expect(self, keys: Iterable[tuple[Any, ...]]) -> None:
        """Take the keys of all rows, which earlier ones may name already."""

    def find_missing(self, model: DocumentModel) -> str:
        """Say what the object names that its own row would have brought, which was refused; empty for nothing."""
        return ""

    def withdraw(self, model: DocumentModel) -> None:
        """Count a row that was accepted as refused."""

    def accept(self, model: DocumentModel) -> None:
        """Count a row that is going to be stored."""
        for names, owners in self.owners.items():
            owners[tuple(getattr(model, name) for name in names)] = self.EARLIER_ROW


class ImportLoader(ModelInstanceLoader):
    """Finds the objects that a file names, which are read with one query; no two rows may be of one object."""

    def __init__(self, resource: Any, dataset: tablib.Dataset) -> None:
        super().__init__(resource, dataset)
        self.lookups = resource.lookups_class(resource._meta.model.document)
        # Spells keys as they are stored.
        self._speller = resource._meta.model()
        self._speller.lookups = resource.lookups = self.lookups
        self._names = tuple(resource.get_import_id_fields())
        self._keys = self.lookups.owners[self._names]
        keys = [key for row in dataset.dict if (key := self._find_key(row)) is not None]
        self.lookups.expect(keys)
        found = [self._keys[key] for key in keys if key in self._keys]
        self._instances = {instance.pk: instance for instance in self.get_queryset().filter(pk__in=found)}

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
        return tuple(self.lookups.spell(name, self._speller.canonical(name, each)) for name, each in values.items())

    def _find_key(self, row: Any) -> tuple[Any, ...] | None:
        # `get_instance` fails for the same row, which then names what is wrong with its key.
        with contextlib.suppress(LookupError, ValueError, ArithmeticError):
            return self._get_key(row)
        return None
