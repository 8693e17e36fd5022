"""Reads of document models: queries that indexes can serve, and counts that do not read a whole collection."""

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

# Filtered lists are counted up to here: what is beyond nobody pages through, and counting it takes seconds.
MAX_COUNTED = 5_000


# Around a word these mean something to a text index, or nothing to anybody.
_MARKS = '"\\-.,;:()[]'


class DocumentModelMongoQuery(MongoQuery):
    """A pipeline whose `$sort` directly follows its `$match`, so that an index can serve both."""

    def get_pipeline(self) -> list[dict[str, Any]]:
        stages: list[dict[str, Any]] = super().get_pipeline()
        wanted = self.query.match_first() if isinstance(self.query, DocumentModelQuery) else None
        if wanted:
            # MongoDB takes words in the first stage alone.
            if stages and "$match" in stages[0]:
                wanted = {"$and": [wanted, stages.pop(0)["$match"]]}
            stages.insert(0, {"$match": wanted})
        names = [next(iter(stage)) for stage in stages]
        if names[names[:1] == ["$match"] :][:2] == ["$project", "$sort"]:
            # Sorting by stored fields and only then leaving some out is the same, and reads an index.
            projection = stages.pop(names.index("$project"))
            stages.append(projection)
        return stages


class DocumentModelCompiler(SQLCompiler):
    """Leaves out what stands between the backend's queries and an index.

    The backend adds every field it sorts by to the document under its own name, which changes nothing but hides from
    MongoDB that an index holds the order. It also reads whole documents where `only` asks for a few fields.
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
    """A query that is compiled by `DocumentModelCompiler` and may look for words, or by a condition of MongoDB's own.

    With `by_index` the collection's text index finds one of them; without, the documents are gone through in their
    order, which is quicker where nearly every one is a hit.
    """

    words: tuple[str, ...] = ()
    words_field = ""
    by_index = True
    conditions: tuple[Mapping[str, Any], ...] = ()

    def match_first(self) -> dict[str, Any]:
        """What Django's own conditions cannot say."""
        conditions = [each for each in (self.match_words(), *self.conditions) if each]
        return {"$and": conditions} if conditions else {}

    def match_words(self) -> dict[str, Any]:
        """The condition that every word is in the field."""
        if not self.words:
            return {}
        # The index would join the documents of all words, to sort out most of them again.
        indexed = max(self.words, key=len)
        others = [word for word in self.words if not self.by_index or word != indexed]
        edge = r"[^\p{L}\p{N}]"
        patterns = [rf"(^|{edge}){re.escape(word)}($|{edge})" for word in others]
        conditions: list[dict[str, Any]] = [
            {self.words_field: {"$regex": pattern, "$options": "i"}} for pattern in patterns
        ]
        if self.by_index:
            # Within quotes marks count too, which costs reading every document.
            conditions.insert(0, {"$text": {"$search": indexed if indexed.isalnum() else f'"{indexed}"'}})
        return {"$and": conditions}

    def get_compiler(self, using: Any = None, connection: Any = None, elide_empty: bool = True) -> Any:
        found = super().get_compiler(using, connection, elide_empty)
        if type(found) is SQLCompiler:
            return DocumentModelCompiler(self, found.connection, found.using, elide_empty)
        return found


class DocumentModelQuerySet(models.QuerySet[Any]):
    """Reads through the ORM; what would write past the documents is refused or goes through them."""

    def __init__(self, model: Any = None, query: Any = None, using: Any = None, hints: Any = None) -> None:
        super().__init__(model, query if query is not None else DocumentModelQuery(model), using, hints)

    def with_words(self, words: str, *, field: str) -> "DocumentModelQuerySet":
        """Those that have every one of the words in the field, which a text index covers; without a word, all."""
        found = self.all()
        query: Any = found.query
        plain = (word.strip(_MARKS) for word in words.replace('"', " ").split())
        query.words = tuple(dict.fromkeys(word for word in plain if word))
        query.words_field = field
        return found

    def with_condition(self, condition: Mapping[str, Any]) -> "DocumentModelQuerySet":
        """Those that a condition of MongoDB's own matches; its fields are named as they are stored."""
        found = self.all()
        query: Any = found.query
        query.conditions = (*query.conditions, condition)
        return found

    def iterate(self) -> "DocumentModelQuerySet":
        """The same, found by going through the documents in their order."""
        found = self.all()
        query: Any = found.query
        query.by_index = False
        return found

    def count(self) -> int:
        return self.count_up_to(None) if self._result_cache is None and not self.query.is_sliced else super().count()

    def count_up_to(self, most: int | None) -> int:
        """How many there are; `most` + 1 where there are more. Without a filter, from the collection's own count."""
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
        limit = {} if most is None else {"limit": most + 1}
        return int(compiler.collection.count_documents(stages[0]["$match"], **limit))

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete each through its document."""
        deleted = [each.delete() for each in self]
        return len(deleted), {self.model._meta.label: len(deleted)}

    def update(self, **kwargs: Any) -> int:
        raise NotSupportedError("a document model is written one by one, through its document")

    def bulk_create(self, *args: Any, **kwargs: Any) -> Any:
        raise NotSupportedError("a document model is written one by one, through its document")

    def bulk_update(self, *args: Any, **kwargs: Any) -> Any:
        raise NotSupportedError("a document model is written one by one, through its document")


class DocumentPaginator(Paginator):
    """Counts filtered lists up to a limit, and reads the later half of a list from its end."""

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
            return Page(self.object_list.iterate()[bottom:top], number, self)
        if bottom <= self.count // 2:
            return super().page(number)
        # A skip costs by its length, so what is near the end is skipped to from there.
        backwards = self.object_list.reverse()[self.count - top : self.count - bottom]
        return Page([*backwards][::-1], number, self)


class CappedCount(int):
    """A count that stopped at the limit, and says so where it is shown."""

    def __str__(self) -> str:
        return f"{MAX_COUNTED:,}+"
