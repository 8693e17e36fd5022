"""Creating the indexes that the documents declare."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from mongoengine import Document


def create_indexes() -> list[str]:
    """Create what is missing in every document's collection; names of the collections, sorted.

    A collection that stands with a different index of the same name makes MongoDB refuse, by name.
    """
    for app in apps.get_app_configs():
        if find_spec(f"{app.name}.documents"):
            import_module(f"{app.name}.documents")
    documents = {document._get_collection_name(): document for document in _subclasses(Document)}
    for document in documents.values():
        document.ensure_indexes()
    return sorted(documents)


def _subclasses(document: type[Document]) -> Iterator[type[Document]]:
    for each in document.__subclasses__():
        if not each._meta.get("abstract"):
            yield each
        yield from _subclasses(each)
