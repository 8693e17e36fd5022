"""Queries of document models that can use indexes, and counts that do not read a whole collection."""

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page, Paginator
from django.db import NotSupportedError, models
from django.db.models.sql import Query
from django.utils.functional import cached_property
from django_mongodb_backend.compiler import SQLCompiler
from django_mongodb_backend.query import MongoQuery

# A filtered list is counted up to this limit. Nobody pages through more, and a full count takes seconds.
MAX_COUNTED = 5_000


# Stripped from search words: some of these are operators of a text index, the others are punctuation.
_MARKS = '"\\-.,;:()[]'


class DocumentModelMongoQuery(MongoQuery):
    """Query whose `$sort` stage directly follows its `$match` stage, so that an index can serve both."""

    def get_pipeline(self) -> list[dict[str, Any]]:
        stages: list[dict[str, Any]] = super().get_pipeline()
        condition = self.query.build_match() if isinstance(self.query, DocumentModelQuery) else None
        if condition:
            # MongoDB allows `$text` only in the first stage.
            if stages and "$match" in stages[0]:
                condition = {"$and": [condition, stages.pop(0)["$match"]]}
            stages.insert(0, {"$match": condition})
        names = [next(iter(stage)) for stage in stages]
        if names[names[:1] == ["$match"] :][:2] == ["$project", "$sort"]:
            # Move the projection behind the sort. The result is the same, but the sort can use an index.
            projection = stages.pop(names.index("$project"))
            stages.append(projection)
        return stages


class DocumentModelCompiler(SQLCompiler):
    """Compiler that removes parts of the backend's queries that prevent MongoDB from using an index.

    The backend adds every sort field to the documents under its own name, which has no effect except that MongoDB no
    longer uses an index to sort. It also reads whole documents when `only` selects a few fields.
    """

    query_class = DocumentModelMongoQuery

    def build_query(self, columns: Any = None) -> Any:
        names, deferred = self.query.deferred_loading
        if columns is None and (names or not deferred):
            columns = self.columns
        built = super().build_query(columns)
        if built.extra_fields:
            built.extra_fields = {name: value for name, value in built.extra_fields.items() if value != f"${name}"}
        return built


class DocumentModelQuery(Query):
    """A query with optional search words and MongoDB conditions, compiled by `DocumentModelCompiler`.

    With `by_index`, the collection's text index finds the longest word. Otherwise the documents are scanned in their
    sort order, which is faster if nearly all of them match.
    """

    words: tuple[str, ...] = ()
    words_field = ""
    by_index = True
    conditions: tuple[Mapping[str, Any], ...] = ()

    def build_match(self) -> dict[str, Any]:
        """Build the condition that Django's lookups cannot express, which is empty if there is none."""
        conditions = [condition for condition in (self.build_word_match(), *self.conditions) if condition]
        return {"$and": conditions} if conditions else {}

    def build_word_match(self) -> dict[str, Any]:
        """Build the condition that the field contains every word."""
        if not self.words:
            return {}
        # Search the index for the longest word only. With several words it would return documents with any of them.
        indexed = max(self.words, key=len)
        others = [word for word in self.words if not self.by_index or word != indexed]
        edge = r"[^\p{L}\p{N}]"
        patterns = [rf"(^|{edge}){re.escape(word)}($|{edge})" for word in others]
        conditions: list[dict[str, Any]] = [
            {self.words_field: {"$regex": pattern, "$options": "i"}} for pattern in patterns
        ]
        if self.by_index:
            # Quotes make punctuation significant, but MongoDB must then read every matching document.
            conditions.insert(0, {"$text": {"$search": indexed if indexed.isalnum() else f'"{indexed}"'}})
        return {"$and": conditions}

    def get_compiler(self, using: Any = None, connection: Any = None, elide_empty: bool = True) -> Any:
        compiler = super().get_compiler(using, connection, elide_empty)
        if type(compiler) is SQLCompiler:
            return DocumentModelCompiler(self, compiler.connection, compiler.using, elide_empty)
        return compiler


class DocumentModelQuerySet(models.QuerySet[Any]):
    """Queryset of a document model. It deletes through the documents and rejects writes that would bypass them."""

    def __init__(self, model: Any = None, query: Any = None, using: Any = None, hints: Any = None) -> None:
        super().__init__(model, query if query is not None else DocumentModelQuery(model), using, hints)

    def with_words(self, words: str, *, field: str) -> "DocumentModelQuerySet":
        """Filter for objects whose field contains every word. The field must have a text index."""
        queryset = self.all()
        query: Any = queryset.query
        stripped = (word.strip(_MARKS) for word in words.replace('"', " ").split())
        query.words = tuple(dict.fromkeys(word for word in stripped if word))
        query.words_field = field
        return queryset

    def with_condition(self, condition: Mapping[str, Any]) -> "DocumentModelQuerySet":
        """Filter by a MongoDB condition, which uses the stored field names."""
        queryset = self.all()
        query: Any = queryset.query
        query.conditions = (*query.conditions, condition)
        return queryset

    def without_text_index(self) -> "DocumentModelQuerySet":
        """Return a queryset that finds words by scanning the documents in their sort order."""
        queryset = self.all()
        query: Any = queryset.query
        query.by_index = False
        return queryset

    def count(self) -> int:
        return self.count_up_to(None) if self._result_cache is None and not self.query.is_sliced else super().count()

    def count_up_to(self, limit: int | None) -> int:
        """Count the objects, but stop at `limit` + 1.

        Without a filter, returns MongoDB's estimate from the collection's metadata.
        """
        compiler = self.order_by().query.get_compiler(using=self.db)
        try:
            compiler.pre_sql_setup()
            stages = [stage for stage in compiler.build_query().get_pipeline() if "$project" not in stage]
        except EmptyResultSet:
            return 0
        if not stages:
            return int(compiler.collection.estimated_document_count())
        if [*stages[0]] != ["$match"] or len(stages) > 1:
            return super().count()
        options = {} if limit is None else {"limit": limit + 1}
        return int(compiler.collection.count_documents(stages[0]["$match"], **options))

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete each object through its document."""
        deleted = [obj.delete() for obj in self]
        return len(deleted), {self.model._meta.label: len(deleted)}

    def update(self, **kwargs: Any) -> int:
        raise NotSupportedError("objects of a document model must be saved individually, through their documents")

    def bulk_create(self, *args: Any, **kwargs: Any) -> Any:
        raise NotSupportedError("objects of a document model must be saved individually, through their documents")

    def bulk_update(self, *args: Any, **kwargs: Any) -> Any:
        raise NotSupportedError("objects of a document model must be saved individually, through their documents")


class DocumentPaginator(Paginator):  # type: ignore[type-arg] # not generic at runtime
    """Paginator that counts a filtered list up to a limit and reads the second half of a list backwards."""

    object_list: Any

    @cached_property
    def count(self) -> int:
        counted = self.object_list.count_up_to(MAX_COUNTED)
        query = self.object_list.query
        filtered = query.where or query.words or query.conditions
        return CappedCount(counted) if filtered and counted > MAX_COUNTED else counted

    def page(self, number: Any) -> "Page[Any]":
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        top = min(bottom + self.per_page, self.count)
        if isinstance(self.count, CappedCount):
            return Page(self.object_list.without_text_index()[bottom:top], number, self)
        if bottom <= self.count // 2:
            return super().page(number)
        # The cost of a skip grows with its length, so pages near the end are read in reverse order.
        backwards = self.object_list.reverse()[self.count - top : self.count - bottom]
        return Page([*backwards][::-1], number, self)


class CappedCount(int):
    """A count that stopped at MAX_COUNTED and is displayed as "5,000+"."""

    def __str__(self) -> str:
        return f"{MAX_COUNTED:,}+"
