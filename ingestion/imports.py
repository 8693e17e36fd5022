"""Reading postings from files in TheirStack's shape: JSON, JSON lines, CSV, each also gzipped."""

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import orjson

from career_navigator.plain_text import decode_text, split_off_delimiter
from ingestion.table_values import AMOUNTS, COORDINATES, DATES, FLAGS, has_two_readings, read_columns
from ingestion.theirstack_jobs import posting_from_job
from market.posting import Posting, RefusedPosting
from market.refresh import refresh_figures
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
class ImportSummary:
    """Rows read and what became of them.

    `problems` holds the first refusals and unread values, each with its line number. An unread value is one that its
    posting was stored without.
    """

    rows: int = 0
    collected: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unread_values: int = 0
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

    def tell_unread(self, line: int, message: str) -> None:
        self.unread_values += 1
        self._add_problem(line, message)

    def _add_problem(self, line: int, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS_KEPT:
            self.problems.append(f"line {line}: {message}")


def import_postings(
    *, path: Path, now: Callable[[], datetime], on_read: Callable[[int], object] | None = None
) -> ImportSummary:
    """Store the postings of a file, 500 at a time, and bring the figures up to date.

    A row that cannot be a posting is refused by its line (of a JSON list: by its place in the list) and the rest goes
    on. `on_read` is told how many bytes of the file were read since it was last called. Raises `UnreadableFileError`.
    """
    summary = ImportSummary()
    batch: list[Posting] = []

    def store() -> None:
        summary.add(store_postings(postings=batch, now=now()))
        batch.clear()

    try:
        for line, row in read_rows(path=path, on_read=on_read):
            summary.rows += 1
            if isinstance(row, RefusedPosting):
                summary.refuse(line, row.reason, str(row))
                continue
            try:
                posting = posting_from_job(row)
            except RefusedPosting as error:
                summary.refuse(line, error.reason, str(error))
                continue
            batch.append(posting)
            for unread in _unread_values(row, posting):
                summary.tell_unread(line, unread)
            if len(batch) == BATCH:
                store()
    finally:
        # What was read before a file turned out to be damaged counts.
        store()
        refresh_figures(now=now())
    return summary


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
    """A file that tells how much of it was read."""

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
            yield number, RefusedPosting("not_json", f"not JSON: {error}")


def _json_rows(file: IO[bytes], path: Path) -> Iterator[tuple[int, Any]]:
    """A list of jobs, or an answer of the API with them under `data`."""
    try:
        content = orjson.loads(decode_text(_read_whole(file, path)))
    except orjson.JSONDecodeError as error:
        raise UnreadableFileError("damaged", f"{path.name} is not JSON: {error}") from error
    if isinstance(content, dict):
        content = content.get("data")
    if not isinstance(content, list):
        raise UnreadableFileError("shape", f'{path.name} holds neither a list of jobs nor an object with "data"')
    yield from enumerate(content, start=1)


def _csv_rows(file: IO[bytes], path: Path) -> Iterator[tuple[int, Any]]:
    """Columns are fields of the job object; lists and objects are cells in JSON, or lists separated by `;`."""
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    delimiter, text, skipped = split_off_delimiter(decode_text(_read_whole(file, path)), columns=_FIELDS)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    rows: list[tuple[int, Any]] = []
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            rows.append((reader.line_num + skipped, RefusedPosting("not_csv", f"not CSV: {error}")))
            continue
        if None in row:
            refused = RefusedPosting("not_csv", "more cells than the header has columns")
            rows.append((reader.line_num + skipped, refused))
            continue
        cells = {name: _cell(name, value, delimiter) for name, value in row.items() if value}
        rows.append((reader.line_num + skipped, cells))
    read_columns([row for _, row in rows if isinstance(row, dict)])
    yield from rows


def _read_whole(file: IO[bytes], path: Path) -> bytes:
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableFileError(
            "too_large", f"{path.name} unpacks to more than {MAX_FILE_BYTES // 2**20} MiB; use JSON lines, or split it"
        )
    return content


# Columns of the job object that are no text.
_LISTS = frozenset({"technology_slugs", "keyword_slugs", "country_codes", "countries", "cities", "employment_statuses"})
_OBJECTS = frozenset({"locations", "company_object"})
_TEXTS = frozenset(
    {
        *("id", "job_id", "job_title", "title", "url", "job_url", "company", "company_name", "description"),
        *("location", "country", "country_code", "state_code", "salary_currency", "salary_string", "seniority"),
        *("company_domain", "final_url", "source_url"),
    }
)
_FIELDS = _LISTS | _OBJECTS | DATES | FLAGS | AMOUNTS | COORDINATES | _TEXTS


def _cell(name: str, value: str, delimiter: str) -> Any:
    text = value.strip()
    if text[:1] in "[{" and name in _LISTS | _OBJECTS:
        try:
            return json.loads(text)
        except ValueError:
            return text
    if name in _LISTS:
        return [part.strip() for part in re.split(";" if delimiter == "," else "[;,]", text) if part.strip()]
    return text


# Fields of a job object, and what of a posting holds what they say.
_READ_AS = {
    **{name: name for name in (DATES | FLAGS | AMOUNTS | COORDINATES) - {"posted_at", "has_blurred_data"}},
    "posted_at": "date_posted",
    "salary_currency": "salary_currency",
    "url": "url",
    "final_url": "final_url",
    "source_url": "source_url",
    "country_code": "country_code",
    **{name: name for name in ("technology_slugs", "keyword_slugs", "country_codes", "employment_statuses")},
}


def _unread_values(row: Mapping[str, Any], posting: Posting) -> Iterator[str]:
    """Say which values of a job object are there and are not in its posting."""
    for name, field_name in _READ_AS.items():
        value = row.get(name)
        # No pay is given as 0 too.
        if value in (None, "", 0, [], "0") or (isinstance(value, str) and not value.strip()):
            continue
        if getattr(posting, field_name) in (None, ()):
            yield f"{name} {_shorten(value)} {'has two readings' if _is_twofold(name, value) else 'cannot be read'}"
    for name in _OBJECTS & row.keys():
        if isinstance(row[name], str) and row[name].strip():
            yield f"{name} {_shorten(row[name])} cannot be read"


def _is_twofold(name: str, value: Any) -> bool:
    return name in DATES and isinstance(value, str) and has_two_readings(value)


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
