"""Import of postings from JSON, JSON Lines and CSV files, optionally gzipped. `import_columns` defines the columns."""

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
from ingestion.sources.theirstack.transform import transform_job
from ingestion.table_values import read_columns
from market.posting import Posting, PostingRejected, build_url_key
from market.refresh import refresh_stats
from market.services import StoreOutcome, store_postings

BATCH_SIZE = 500
# A CSV cell may contain the full text of a posting.
MAX_CELL_CHARACTERS = 10_000_000
FORMATS = (".json", ".jsonl", ".ndjson", ".csv")
MAX_PROBLEMS = 100
# Maximum decompressed size of files that are read as a whole. JSON Lines files are streamed and may have any size.
MAX_FILE_BYTES = 512 * 2**20


class UnreadableFileError(ValueError):
    """A file that cannot be imported at all.

    `reason` is stable: `format`, `missing`, `damaged`, `shape` or `too_large`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(slots=True, kw_only=True)
class UnreadColumn:
    """A column that was ignored: the first line with a value in it, and the number of such rows."""

    first_line: int
    rows: int = 0


@dataclass(slots=True, kw_only=True)
class ImportSummary:
    """Counts of the rows read and their outcomes.

    `problems` lists the first rejections and unread values with their line numbers. An unread value is one that could
    not be parsed, so the posting was stored without it. `unread_values_by_column` counts these by the file's column
    names. `unread_columns` are columns that are unknown, or that contradict another column with the same meaning.
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
        """Add the outcome of storing a batch."""
        self.collected += outcome.collected
        self.updated += outcome.updated
        self.unchanged += outcome.unchanged
        self.refused += outcome.refused

    def reject(self, line: int, reason: str, message: str) -> None:
        """Count a rejected row and report it as a problem."""
        self.refused[reason] += 1
        self._add_problem(line, message)

    def report_unread_value(self, line: int, column: str, message: str) -> None:
        """Count a value that could not be parsed and report it as a problem."""
        self.unread_values += 1
        self.unread_values_by_column[column] += 1
        self._add_problem(line, f"{column} {message}")

    def count_unread_column(self, line: int, name: str) -> None:
        """Count a row that has a value in an ignored column."""
        # JSON objects may have any number of different keys, so the number of columns is limited.
        if name in self.unread_columns or len(self.unread_columns) < MAX_PROBLEMS:
            column = self.unread_columns.setdefault(name, UnreadColumn(first_line=line))
            column.rows += 1

    def _add_problem(self, line: int, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"line {line}: {message}")


def import_postings(
    *,
    path: Path,
    now: Callable[[], datetime],
    on_read: Callable[[int], object] | None = None,
    dry_run: bool = False,
) -> ImportSummary:
    """Store the postings of a file in batches of 500, and refresh the daily stats.

    Rows that cannot become postings are rejected by line number, or by position in a JSON list, and the import
    continues. `on_read` is called with the number of bytes read since its last call. With `dry_run`, nothing is stored
    and the summary reports what an import would do. Raises `UnreadableFileError`.
    """
    summary = ImportSummary(dry_run=dry_run)
    batch: list[Posting] = []
    seen = _SeenPostings()

    def store() -> None:
        summary.add(store_postings(postings=batch, now=now(), dry_run=dry_run))
        batch.clear()
        seen.begin_batch()

    try:
        for line, row in read_rows(path=path, on_read=on_read):
            summary.rows += 1
            if isinstance(row, PostingRejected):
                summary.reject(line, row.reason, str(row))
                continue
            posting = _read_posting(line, row, summary)
            if posting is None:
                continue
            if dry_run and (outcome := seen.compare(posting)):
                summary.add(outcome)
                continue
            batch.append(posting)
            if len(batch) == BATCH_SIZE:
                store()
    finally:
        # If the file turns out to be damaged, the rows before the damage are still stored.
        store()
        if not dry_run:
            refresh_stats(now=now())
    return summary


def _read_posting(line: int, row: Any, summary: ImportSummary) -> Posting | None:
    """Return the posting of a row and report its unread values. Return None if the row is rejected."""
    read = read_row(row) if isinstance(row, dict) else None
    try:
        posting = with_country(transform_job(read.job if read else row))
    except PostingRejected as error:
        summary.reject(line, error.reason, str(error))
        return None
    if read:
        for name in read.unread:
            summary.count_unread_column(line, name)
        for name, message in find_unread_values(row=row, read=read, posting=posting):
            summary.report_unread_value(line, name, message)
    return posting


class _SeenPostings:
    """The postings that a dry run has read. They reveal repeated postings, since a dry run stores nothing."""

    def __init__(self) -> None:
        self._hashes: dict[str, int] = {}
        self._batch: set[str] = set()

    def begin_batch(self) -> None:
        self._batch.clear()

    def compare(self, posting: Posting) -> StoreOutcome | None:
        """Return the outcome of storing the posting after the earlier batches, or None if none of them contains it.

        If a posting occurs twice in one batch, an import stores only the last one, and a dry run counts accordingly.
        """
        identity = posting.job_id or build_url_key(posting.url or "")
        before, self._hashes[identity] = self._hashes.get(identity), hash(posting)
        if before is None or identity in self._batch:
            self._batch.add(identity)
            return None
        return StoreOutcome(unchanged=1) if before == hash(posting) else StoreOutcome(updated=1)


def read_rows(*, path: Path, on_read: Callable[[int], object] | None = None) -> Iterator[tuple[int, Any]]:
    """Yield (line number, job object), or (line number, PostingRejected) for lines that cannot be parsed.

    Raises `UnreadableFileError`.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    is_compressed = suffixes[-1:] == [".gz"]
    extension = "".join((suffixes[:-1] if is_compressed else suffixes)[-1:])
    if extension not in FORMATS:
        raise UnreadableFileError("format", f"{path.name}: use one of {', '.join(FORMATS)}, optionally with .gz")
    try:
        with path.open("rb") as raw, _decompress(_CountingFile(raw, on_read), is_compressed=is_compressed) as file:
            if extension == ".json":
                yield from _read_json(file, path)
            elif extension == ".csv":
                yield from _read_csv(file, path)
            else:
                yield from _read_json_lines(file, path)
    except (gzip.BadGzipFile, zlib.error, EOFError, UnicodeDecodeError) as error:
        raise UnreadableFileError("damaged", f"{path.name} is damaged: {error}") from error
    except OSError as error:
        raise UnreadableFileError("missing", f"{path}: {error.strerror}") from error


def _decompress(file: "_CountingFile", *, is_compressed: bool) -> AbstractContextManager[Any]:
    return gzip.GzipFile(fileobj=cast(BinaryIO, file)) if is_compressed else nullcontext(file)


class _CountingFile:
    """A file that reports how many bytes were read from it."""

    def __init__(self, file: IO[bytes], on_read: Callable[[int], object] | None) -> None:
        self._file = file
        self._on_read = on_read

    def read(self, size: int = -1) -> bytes:
        return self._report(self._file.read(size))

    def __iter__(self) -> Iterator[bytes]:
        return (self._report(line) for line in self._file)

    def _report(self, data: bytes) -> bytes:
        if self._on_read:
            self._on_read(len(data))
        return data


def _read_json_lines(file: IO[bytes], path: Path) -> Iterator[tuple[int, Any]]:
    for number, whole_line in enumerate(file, start=1):
        line = whole_line.removeprefix(codecs.BOM_UTF8) if number == 1 else whole_line
        if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UnreadableFileError("damaged", f"{path.name} is in UTF-16; JSON Lines files must be in UTF-8")
        if not line.strip():
            continue
        try:
            yield number, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield number, PostingRejected("not_json", f"not JSON: {error}")


def _read_json(file: IO[bytes], path: Path) -> Iterator[tuple[int, Any]]:
    """Yield jobs from a list, or from a response of TheirStack or of this API, which has them in `data` or `jobs`."""
    try:
        content = orjson.loads(decode_text(_read_whole(file, path)))
    except orjson.JSONDecodeError as error:
        raise UnreadableFileError("damaged", f"{path.name} is not JSON: {error}") from error
    if isinstance(content, dict):
        content = content.get("data", content.get("jobs"))
    if not isinstance(content, list):
        message = f'{path.name} contains neither a list of jobs nor an object with "data" or "jobs"'
        raise UnreadableFileError("shape", message)
    yield from enumerate(content, start=1)


def _read_csv(file: IO[bytes], path: Path) -> Iterator[tuple[int, Any]]:
    """Yield a job object per row. Cells hold lists and objects in JSON, or lists separated by `;`."""
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
            rejection = PostingRejected("not_csv", "more cells than the header has columns")
            rows.append((reader.line_num + skipped, rejection))
            continue
        cells = {name: _parse_cell(name, value, delimiter) for name, value in row.items() if value}
        rows.append((reader.line_num + skipped, cells))
    read_columns([row for _, row in rows if isinstance(row, dict)], get_kind=_get_kind)
    yield from rows


def _read_whole(file: IO[bytes], path: Path) -> bytes:
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableFileError(
            "too_large",
            f"{path.name} decompresses to more than {MAX_FILE_BYTES // 2**20} MiB; use JSON Lines or split the file",
        )
    return content


def _name_columns(header: list[str]) -> list[str]:
    """Return distinct column names. Columns without a name or with a repeated name are named by their number."""
    names: list[str] = []
    for number, name in enumerate((cell.strip() for cell in header), start=1):
        names.append(name if name and name not in names else f"{name} (column {number})".strip())
    return names


def _parse_cell(name: str, value: str, delimiter: str) -> Any:
    text = value.strip()
    kind = _get_kind(name)
    if text[:1] in "[{" and kind in ("list", "JSON"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    if kind == "list":
        return [part.strip() for part in re.split(";" if delimiter == "," else "[;,]", text) if part.strip()]
    return text


def _get_kind(name: str) -> str:
    column = find_column(name)
    return column.kind if column else ""
