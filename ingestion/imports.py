"""Reading postings from files in TheirStack's shape: JSON, JSON lines, CSV, each also gzipped."""

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import orjson

from ingestion.theirstack_jobs import posting_from_job
from market.posting import Posting, RefusedPosting
from market.refresh import refresh_figures
from market.services import store_postings

BATCH = 500
# A CSV cell may hold a whole advert.
LONGEST_CELL_CHARACTERS = 10_000_000
FORMATS = (".json", ".jsonl", ".ndjson", ".csv")
MOST_PROBLEMS_KEPT = 100


class UnreadableFileError(ValueError):
    """A file that cannot be imported at all. `reason` is stable: `format`, `missing`, `damaged` or `shape`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(slots=True, kw_only=True)
class ImportSummary:
    """Rows read and what became of them; `problems` holds the first refusals, each with its line number."""

    rows: int = 0
    collected: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def refuse(self, line: int, reason: str, message: str) -> None:
        self.refused[reason] += 1
        if len(self.problems) < MOST_PROBLEMS_KEPT:
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
        outcome = store_postings(postings=batch, now=now())
        summary.collected += outcome.collected
        summary.updated += outcome.updated
        summary.unchanged += outcome.unchanged
        summary.refused += outcome.refused
        batch.clear()

    try:
        for line, row in read_rows(path=path, on_read=on_read):
            summary.rows += 1
            if isinstance(row, RefusedPosting):
                summary.refuse(line, row.reason, str(row))
                continue
            try:
                batch.append(posting_from_job(row))
            except RefusedPosting as error:
                summary.refuse(line, error.reason, str(error))
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
                yield from _csv_rows(file)
            else:
                yield from _json_line_rows(file)
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


def _json_line_rows(file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            yield number, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield number, RefusedPosting("not_json", f"not JSON: {error}")


def _json_rows(file: IO[bytes], path: Path) -> Iterator[tuple[int, Any]]:
    """A list of jobs, or an answer of the API with them under `data`."""
    try:
        content = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise UnreadableFileError("damaged", f"{path.name} is not JSON: {error}") from error
    if isinstance(content, dict):
        content = content.get("data")
    if not isinstance(content, list):
        raise UnreadableFileError("shape", f'{path.name} holds neither a list of jobs nor an object with "data"')
    yield from enumerate(content, start=1)


def _csv_rows(file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """Columns are fields of the job object; lists and objects are cells in JSON, or lists separated by `;`."""
    csv.field_size_limit(LONGEST_CELL_CHARACTERS)
    text = io.StringIO(file.read().decode("utf-8-sig"), newline="")
    reader = csv.DictReader(text)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, RefusedPosting("not_csv", f"not CSV: {error}")
            continue
        if None in row:
            yield reader.line_num, RefusedPosting("not_csv", "more cells than the header has columns")
            continue
        yield reader.line_num, {name: _cell(name, value) for name, value in row.items() if value}


# Columns of the job object that are no text.
_LISTS = frozenset({"technology_slugs", "keyword_slugs", "country_codes", "countries", "cities", "employment_statuses"})
_FLAGS = frozenset({"remote", "hybrid", "reposted", "easy_apply", "has_blurred_data"})
_NUMBERS = frozenset(
    {
        "latitude",
        "longitude",
        "min_annual_salary",
        "max_annual_salary",
        "min_annual_salary_usd",
        "max_annual_salary_usd",
    }
)


def _cell(name: str, value: str) -> Any:
    text = value.strip()
    if text[:1] in "[{" and name in _LISTS | {"locations", "company_object"}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    if name in _LISTS:
        return [part.strip() for part in text.split(";") if part.strip()]
    if name in _FLAGS:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower())
    if name in _NUMBERS:
        try:
            return float(text)
        except ValueError:
            return None
    return text
