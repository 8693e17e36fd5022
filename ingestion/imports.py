"""Reading postings from files: JSON, JSON lines, CSV, each also gzipped; see `import_columns` for what is in them."""

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import orjson

from career_navigator.plain_text import decode_text, split_off_delimiter
from ingestion.import_columns import find_column
from ingestion.import_rows import find_unread_values, read_row, with_country
from ingestion.table_values import read_columns
from ingestion.theirstack_jobs import posting_from_job
from market.posting import Posting, PostingRejected, build_url_key
from market.refresh import refresh_stats
from market.services import StoreOutcome, store_postings

BATCH = 500
# A CSV cell may hold a whole advert.
MAX_CELL_CHARACTERS = 10_000_000
FORMATS = (".json", ".jsonl", ".ndjson", ".csv")
MAX_PROBLEMS_KEPT = 100
# Of a file that is read as a whole, unpacked: that of JSON lines may be of any size.
MAX_FILE_BYTES = 512 * 2**20


class UnreadableFileError(ValueError):
    """A file that cannot be imported at all. `reason` is stable: `format`, `missing`, `damaged`,
    `shape` or `too_large`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(slots=True, kw_only=True)
class UnreadColumn:
    """In how many rows a column that is not read has a value, and the first of them."""

    first_line: int
    rows: int = 0


@dataclass(slots=True, kw_only=True)
class ImportSummary:
    """Rows read and what became of them.

    `problems` holds the first refusals and unread values, each with its line number. An unread value is one that its
    posting was stored without; `unread_values_by_column` counts them by the column's name in the file.
    `unread_columns` has the columns that mean nothing here, or say in other words what another one says.
    """

    dry_run: bool = False

    rows: int = 0
    collected: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unread_values: int = 0
    unread_values_by_column: Counter[str] = field(default_factory=Counter)
    unread_columns: dict[str, UnreadColumn] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, outcome: StoreOutcome) -> None:
        """Count what came of a batch."""
        self.collected += outcome.collected
        self.updated += outcome.updated
        self.unchanged += outcome.unchanged
        self.refused += outcome.refused

    def refuse(self, line: int, reason: str, message: str) -> None:
        self.refused[reason] += 1
        self._add_problem(line, message)

    def report_unread_value(self, line: int, column: str, message: str) -> None:
        self.unread_values += 1
        self.unread_values_by_column[column] += 1
        self._add_problem(line, f"{column} {message}")

    def count_unread_column(self, line: int, name: str) -> None:
        # Objects in JSON may have any keys.
        if name in self.unread_columns or len(self.unread_columns) < MAX_PROBLEMS_KEPT:
            column = self.unread_columns.setdefault(name, UnreadColumn(first_line=line))
            column.rows += 1

    def _add_problem(self, line: int, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS_KEPT:
            self.problems.append(f"line {line}: {message}")


def import_postings(
    *,
    path: Path,
    now: Callable[[], datetime],
    on_read: Callable[[int], object] | None = None,
    dry_run: bool = False,
) -> ImportSummary:
    """Store the postings of a file, 500 at a time, and bring the stats up to date.

    A row that cannot be a posting is refused by its line (of a JSON list: by its place in the list) and the rest goes
    on. `on_read` is told how many bytes of the file were read since it was last called. With `dry_run` nothing is
    stored, and the summary says what would be. Raises `UnreadableFileError`.
    """
    summary = ImportSummary(dry_run=dry_run)
    batch: list[Posting] = []
    seen = _Seen()

    def store() -> None:
        summary.add(store_postings(postings=batch, now=now(), dry_run=dry_run))
        batch.clear()
        seen.begin_batch()

    try:
        for line, row in read_rows(path=path, on_read=on_read):
            summary.rows += 1
            if isinstance(row, PostingRejected):
                summary.refuse(line, row.reason, str(row))
                continue
            posting = _read_posting(line, row, summary)
            if posting is None:
                continue
            if dry_run and (outcome := seen.compare(posting)):
                summary.add(outcome)
                continue
            batch.append(posting)
            if len(batch) == BATCH:
                store()
    finally:
        # What was read before a file turned out to be damaged counts.
        store()
        if not dry_run:
            refresh_stats(now=now())
    return summary


def _read_posting(line: int, row: Any, summary: ImportSummary) -> Posting | None:
    """Return the posting of a row, and report what it was read without; None where the row is refused."""
    read = read_row(row) if isinstance(row, dict) else None
    try:
        posting = with_country(posting_from_job(read.job if read else row))
    except PostingRejected as error:
        summary.refuse(line, error.reason, str(error))
        return None
    if read:
        for name in read.unread:
            summary.count_unread_column(line, name)
        for name, message in find_unread_values(row=row, read=read, posting=posting):
            summary.report_unread_value(line, name, message)
    return posting


class _Seen:
    """The adverts that a trial has met: a file may have one twice, and nothing is stored to compare the second with."""

    def __init__(self) -> None:
        self._hashes: dict[str, int] = {}
        self._batch: set[str] = set()

    def begin_batch(self) -> None:
        self._batch.clear()

    def compare(self, posting: Posting) -> StoreOutcome | None:
        """Return what storing the posting after the earlier batches would be; None where none of them has the advert.

        Of an advert that is twice in one batch the last one alone is stored, a trial or not.
        """
        identity = posting.job_id or build_url_key(posting.url or "")
        before, self._hashes[identity] = self._hashes.get(identity), hash(posting)
        if before is None or identity in self._batch:
            self._batch.add(identity)
            return None
        return StoreOutcome(unchanged=1) if before == hash(posting) else StoreOutcome(updated=1)


def read_rows(*, path: Path, on_read: Callable[[int], object] | None = None) -> Iterator[tuple[int, Any]]:
    """Yield (line number, job object) of a file, or (line number, RefusedPosting) for a line that is none.

    Raises `UnreadableFileError`.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compressed = suffixes[-1:] == [".gz"]
    form = (suffixes[:-1] if compressed else suffixes)[-1:]
    if not form or form[0] not in FORMATS:
        raise UnreadableFileError("format", f"{path.name}: accepted are {', '.join(FORMATS)}, each also with .gz")
    try:
        with path.open("rb") as raw, _opened(_Counted(raw, on_read), compressed=compressed) as file:
            if form[0] == ".json":
                yield from _json_rows(file, path)
            elif form[0] == ".csv":
                yield from _csv_rows(file, path)
            else:
                yield from _json_line_rows(file, path)
    except (gzip.BadGzipFile, zlib.error, EOFError, UnicodeDecodeError) as error:
        raise UnreadableFileError("damaged", f"{path.name} is damaged: {error}") from error
    except OSError as error:
        raise UnreadableFileError("missing", f"{path}: {error.strerror}") from error


def _opened(file: "_Counted", *, compressed: bool) -> AbstractContextManager[Any]:
    return gzip.GzipFile(fileobj=cast(BinaryIO, file)) if compressed else nullcontext(file)


class _Counted:
    """A file that counts how much of it was read."""

    def __init__(self, file: IO[bytes], on_read: Callable[[int], object] | None) -> None:
        self._file = file
        self._on_read = on_read

    def read(self, size: int = -1) -> bytes:
        return self._told(self._file.read(size))

    def __iter__(self) -> Iterator[bytes]:
        return (self._told(line) for line in self._file)

    def _told(self, data: bytes) -> bytes:
        if self._on_read:
            self._on_read(len(data))
        return data


def _json_line_rows(file: IO[bytes], path: Path) -> Iterator[tuple[int, Any]]:
    for number, whole_line in enumerate(file, start=1):
        line = whole_line.removeprefix(codecs.BOM_UTF8) if number == 1 else whole_line
        if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UnreadableFileError("damaged", f"{path.name} is in UTF-16; JSON lines have to be in UTF-8")
        if not line.strip():
            continue
        try:
            yield number, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield number, PostingRejected("not_json", f"not JSON: {error}")


def _json_rows(file: IO[bytes], path: Path) -> Iterator[tuple[int, Any]]:
    """A list of jobs, or an answer of TheirStack's API or of our own that has them under `data` or `jobs`."""
    try:
        content = orjson.loads(decode_text(_read_whole(file, path)))
    except orjson.JSONDecodeError as error:
        raise UnreadableFileError("damaged", f"{path.name} is not JSON: {error}") from error
    if isinstance(content, dict):
        content = content.get("data", content.get("jobs"))
    if not isinstance(content, list):
        message = f'{path.name} holds neither a list of jobs nor an object with "data" or "jobs"'
        raise UnreadableFileError("shape", message)
    yield from enumerate(content, start=1)


def _csv_rows(file: IO[bytes], path: Path) -> Iterator[tuple[int, Any]]:
    """Columns are fields of the job object; lists and objects are cells in JSON, or lists separated by `;`."""
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    delimiter, text, skipped = split_off_delimiter(decode_text(_read_whole(file, path)), is_column=find_column)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    reader.fieldnames = _name_columns([*(reader.fieldnames or ())])
    rows: list[tuple[int, Any]] = []
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            rows.append((reader.line_num + skipped, PostingRejected("not_csv", f"not CSV: {error}")))
            continue
        if None in row:
            refused = PostingRejected("not_csv", "more cells than the header has columns")
            rows.append((reader.line_num + skipped, refused))
            continue
        cells = {name: _cell(name, value, delimiter) for name, value in row.items() if value}
        rows.append((reader.line_num + skipped, cells))
    read_columns([row for _, row in rows if isinstance(row, dict)], kind_of=_kind_of)
    yield from rows


def _read_whole(file: IO[bytes], path: Path) -> bytes:
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableFileError(
            "too_large", f"{path.name} unpacks to more than {MAX_FILE_BYTES // 2**20} MiB; use JSON lines, or split it"
        )
    return content


def _name_columns(header: list[str]) -> list[str]:
    """Return the names of the columns; one without a name of its own, or that is there already, is called by number."""
    names: list[str] = []
    for number, name in enumerate((each.strip() for each in header), start=1):
        names.append(name if name and name not in names else f"{name} (column {number})".strip())
    return names


def _cell(name: str, value: str, delimiter: str) -> Any:
    text = value.strip()
    kind = _kind_of(name)
    if text[:1] in "[{" and kind in ("list", "JSON"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    if kind == "list":
        return [part.strip() for part in re.split(";" if delimiter == "," else "[;,]", text) if part.strip()]
    return text


def _kind_of(name: str) -> str:
    column = find_column(name)
    return column.kind if column else ""
