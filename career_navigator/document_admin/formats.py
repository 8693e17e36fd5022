"""File formats for import and export: CSV, JSON and XLSX, with limits that are checked before a file is parsed."""

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import Any
from xml.parsers import expat

import openpyxl
import tablib
from import_export.formats import base_formats

from career_navigator.plain_text import decode_text, split_off_delimiter

MAX_BYTES = 2_000_000
# An XLSX file with MAX_ROWS rows unpacks to a few megabytes.
MAX_UNPACKED_BYTES = 20_000_000
MAX_PARTS = 200
# XML elements in all parts. Each cell has two elements, and two more for its text in the shared strings.
MAX_ELEMENTS = 400_000
# XML elements that are not cells, such as styles. A style costs about 30 µs and 1 kB, and an empty file has about 100.
MAX_OTHER_ELEMENTS = 20_000
_EBCDIC_XML = "<?xm".encode("cp037")
_CELL_ELEMENTS = frozenset({"row", "c", "v", "f", "is", "si", "t"})
# The export of the whole vocabulary has 2,200 rows.
MAX_ROWS = 3_000
MAX_COLUMNS = 100
# Maximum nesting of a JSON value. A list of texts has one level.
MAX_CELL_LEVELS = 5
_ENCRYPTED_FLAG = 0x1


# Value of a cell whose key is missing from a row of a JSON file but present in other rows.
ABSENT = object()


class ImportRejected(ValueError):
    """The file cannot be imported.

    `reason` is too_large, too_many_rows, too_many_columns, columns, not_this_format or empty.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_size(size: int) -> None:
    """Raise ImportRejected if a file is larger than MAX_BYTES."""
    if size > MAX_BYTES:
        raise ImportRejected("too_large", f"The file is larger than {MAX_BYTES // 1_000_000} MB. Split it.")


# First characters, including full-width ones, that make a spreadsheet program interpret a cell as a formula or command.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _SpreadsheetMixin:
    """Mixin that puts an apostrophe before text that looks like a formula. The import removes the apostrophe."""

    def _escape_formulae(self, dataset: tablib.Dataset) -> None:
        _change_cells(dataset, lambda text: f"'{text}" if text.startswith(_FORMULA_SIGNS) else text)


def _restore_formulae(dataset: tablib.Dataset) -> tablib.Dataset:
    _change_cells(dataset, lambda text: text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA_SIGNS) else text)
    return dataset


def _change_cells(dataset: tablib.Dataset, change: Callable[[str], str]) -> None:
    for _ in range(dataset.height):
        dataset.append([change(cell) if isinstance(cell, str) else cell for cell in dataset.lpop()])


class CSV(_SpreadsheetMixin, base_formats.CSV):
    """CSV in any common encoding and with any common delimiter. Exports are UTF-8 with a byte order mark."""

    CONTENT_TYPE = "text/csv; charset=utf-8"

    def create_dataset(self, in_stream: str | bytes, **kwargs: Any) -> tablib.Dataset:
        check_size(len(in_stream))
        try:
            text = decode_text(in_stream) if isinstance(in_stream, bytes) else in_stream
        except UnicodeDecodeError as error:
            message = "The file's encoding is unknown. Save it as CSV in UTF-8."
            raise ImportRejected("not_this_format", message) from error
        delimiter, text, _ = split_off_delimiter(text)
        try:
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            return _restore_formulae(_build_dataset(rows))
        except csv.Error as error:
            raise ImportRejected("not_this_format", f"The file is not valid CSV: {error}.") from error

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> str:
        # Excel needs the byte order mark to recognize UTF-8.
        return f"\ufeff{super().export_data(dataset, **kwargs)}"


class JSON(base_formats.JSON):
    """A JSON array of objects, one per row, which may omit keys."""

    def _escape_formulae(self, dataset: tablib.Dataset) -> None:
        """Do nothing, since spreadsheet programs do not open JSON files."""

    def create_dataset(self, in_stream: str | bytes, **kwargs: Any) -> tablib.Dataset:
        check_size(len(in_stream))
        text = in_stream.decode(self.encoding or "utf-8-sig") if isinstance(in_stream, bytes) else in_stream
        try:
            rows = json.loads(text)
            json.dumps(rows, ensure_ascii=False).encode()  # fails for a lone surrogate, which no page can contain
        except (ValueError, RecursionError) as error:
            raise ImportRejected("not_this_format", f"The file is not valid JSON: {error}.") from error
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ImportRejected("not_this_format", "The file must be a list of objects, one per row.")
        if any(_is_nested(cell, MAX_CELL_LEVELS) for row in rows for cell in row.values()):
            raise ImportRejected("not_this_format", f"A value is nested deeper than {MAX_CELL_LEVELS} levels.")
        for _ in _check_limits(([], *rows)):
            pass
        # Objects may omit keys and list them in any order.
        names = list(dict.fromkeys(name for row in rows for name in row))
        dataset = tablib.Dataset(headers=names or None)
        for row in rows if names else ():
            dataset.append([row.get(name, ABSENT) for name in names])
        dataset.row_numbers = [*range(1, dataset.height + 1)]
        return dataset


class XLSX(_SpreadsheetMixin, base_formats.XLSX):
    """The active sheet of an Excel workbook."""

    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        check_size(len(in_stream))
        # `read_only` reads row by row. `data_only` reads the values instead of the formulas.
        book = openpyxl.load_workbook(_unpack(in_stream), read_only=True, data_only=True)
        try:
            return _restore_formulae(_read_sheet(book.active))
        finally:
            book.close()


def _unpack(data: bytes) -> io.BytesIO:
    """Return the archive with its parts stored uncompressed.

    Raises ImportRejected if the parts would be too large, or if a part is larger than the archive states. No program
    writes such a part, and `ZipFile.read`, which openpyxl uses, would unpack all of it.
    """
    unpacked = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(unpacked, "w") as checked:
            entries = archive.infolist()
            _check_entries(entries)
            parts = []
            for entry in entries:
                probe = copy(entry)
                # `ZipFile` truncates a part to its stated size, so ask for one byte more to detect a larger part.
                probe.file_size += 1
                with archive.open(probe) as opened:
                    parts.append(opened.read(probe.file_size))
                if len(parts[-1]) > entry.file_size:
                    raise zipfile.BadZipFile(entry.filename)
                checked.writestr(entry.filename, parts[-1])
            _check_elements(parts)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ImportRejected("not_this_format", "The file is not an XLSX file.") from error
    return unpacked


def _check_entries(entries: Sequence[zipfile.ZipInfo]) -> None:
    if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
        raise ImportRejected("not_this_format", "The file is encrypted. Save it without a password.")
    # `ZipFile` unpacks other compression types as a whole, despite the size limit. XLSX files do not use them.
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise ImportRejected("not_this_format", "The file is not an XLSX file.")
    if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise ImportRejected("too_large", f"The file unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB.")


def _check_elements(parts: Iterable[bytes]) -> None:
    """Raise ImportRejected for a file with too many XML elements, which openpyxl would take long to load."""
    count = others = 0

    def count_element(name: str, attributes: Any) -> None:
        nonlocal count, others
        count += 1
        others += name.rpartition(":")[2] not in _CELL_ELEMENTS
        if count > MAX_ELEMENTS or others > MAX_OTHER_ELEMENTS:
            raise ImportRejected(
                "too_large", "The file has too many cells or styles. Save it without formatting, or split it."
            )

    def reject_doctype(*_: Any) -> None:
        raise ImportRejected("not_this_format", "The file has a document type declaration, which XLSX does not allow.")

    for part in parts:
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.StartDoctypeDeclHandler = count_element, reject_doctype
        try:
            parser.Parse(part, True)
        except ImportRejected:
            raise
        except (expat.ExpatError, ValueError, LookupError) as error:
            # Ignore parts such as pictures. A part that looks like XML is rejected even if only its encoding is unknown
            # to this parser, because openpyxl's parser may support it and load the part unchecked.
            if b"<" in part[:8] or part.startswith(_EBCDIC_XML):
                raise ImportRejected("not_this_format", f"A part of the file is damaged: {error}.") from error


def _read_sheet(sheet: Any) -> tablib.Dataset:
    # A sheet can state the largest possible dimensions, and openpyxl would pad each row to that width.
    sheet.reset_dimensions()
    return _build_dataset(sheet.iter_rows(values_only=True))


def _build_dataset(rows: Iterable[Sequence[Any]]) -> tablib.Dataset:
    """Return the rows below the header, with the row numbers that a spreadsheet program shows."""
    checked = _check_limits(rows)
    header = [str(name).strip() if name is not None else "" for name in next(checked, ())]
    if not any(header):
        raise ImportRejected("empty", "The file has no rows.")
    named = [index for index, name in enumerate(header) if name]
    if duplicates := {header[index] for index in named if header.count(header[index]) > 1}:
        raise ImportRejected("columns", f"The first row has duplicate columns: {', '.join(sorted(duplicates))}.")
    dataset = tablib.Dataset(headers=[header[index] for index in named])
    dataset.row_numbers = []
    for number, row in enumerate(checked, 2):
        filled = [index for index, cell in enumerate(row) if cell is not None and str(cell).strip()]
        if filled and filled[-1] >= len(header):
            raise ImportRejected("too_many_columns", f"Row {number} has more cells than the header has columns.")
        for index in filled:
            if not header[index]:
                raise ImportRejected("columns", f"Row {number} has a value in column {index + 1}, which has no name.")
        if row:
            dataset.append([row[index] if index < len(row) else None for index in named])
            dataset.row_numbers.append(number)
    return dataset


def _is_nested(value: Any, levels: int) -> bool:
    """Return whether a JSON value has more than `levels` levels of lists or objects."""
    if not isinstance(value, dict | list):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_nested(item, levels - 1) for item in items)


def _check_limits(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the header and the rows. Raises ImportRejected after MAX_ROWS rows, or for a row with too many cells."""
    for number, row in enumerate(rows, 1):
        if number > MAX_ROWS + 1:
            raise ImportRejected("too_many_rows", f"The file has more than {MAX_ROWS:,} rows. Split it.")
        if len(row) > MAX_COLUMNS:
            raise ImportRejected("too_many_columns", f"Row {number} has more than {MAX_COLUMNS} cells.")
        yield row
