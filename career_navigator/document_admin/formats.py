"""The files that curators exchange: CSV, JSON and XLSX, bounded before they are read."""

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
# What an XLSX of that many rows unpacks to is a few megabytes; the archive itself says how much it would be.
MAX_UNPACKED_BYTES = 20_000_000
MAX_PARTS = 200
# Elements of all parts: each cell has two, and one for its text in the list of texts that cells share has two more.
MAX_ELEMENTS = 400_000
# Of them those that hold no cell: a style costs some 30 microseconds and 1 kB, and an empty file has a hundred.
MAX_OTHER_ELEMENTS = 20_000
_EBCDIC_XML = "<?xm".encode("cp037")
_CELL_ELEMENTS = frozenset({"row", "c", "v", "f", "is", "si", "t"})
# The whole vocabulary, exported, is 2,200 rows.
MAX_ROWS = 3_000
MAX_COLUMNS = 100
# Of a value in JSON: lists of texts have one.
MAX_CELL_LEVELS = 5
_ENCRYPTED_FLAG = 0x1


# What a row of JSON has for a key that it leaves out, as other rows do not.
ABSENT = object()


class ImportRejected(ValueError):
    """A file that is not read.

    `reason`: too_large, too_many_rows, too_many_columns, columns, not_this_format, empty.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_size(size: int) -> None:
    """Raise ImportRejected for a file of more than MAX_BYTES."""
    if size > MAX_BYTES:
        raise ImportRejected("too_large", f"The file is larger than {MAX_BYTES // 1_000_000} MB; split it.")


# What a spreadsheet takes a cell for a formula by, also in full width, and a command by its first line.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _SpreadsheetMixin:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front, which importing takes off again."""

    def _escape_formulae(self, dataset: tablib.Dataset) -> None:
        _change_cells(dataset, lambda text: f"'{text}" if text.startswith(_FORMULA_SIGNS) else text)


def _restore_formulae(dataset: tablib.Dataset) -> tablib.Dataset:
    _change_cells(dataset, lambda text: text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA_SIGNS) else text)
    return dataset


def _change_cells(dataset: tablib.Dataset, change: Callable[[str], str]) -> None:
    for _ in range(dataset.height):
        dataset.append([change(cell) if isinstance(cell, str) else cell for cell in dataset.lpop()])


class CSV(_SpreadsheetMixin, base_formats.CSV):
    CONTENT_TYPE = "text/csv; charset=utf-8"

    def create_dataset(self, in_stream: str | bytes, **kwargs: Any) -> tablib.Dataset:
        check_size(len(in_stream))
        try:
            text = decode_text(in_stream) if isinstance(in_stream, bytes) else in_stream
        except UnicodeDecodeError as error:
            message = "The file's encoding is not known; save it as CSV in UTF-8."
            raise ImportRejected("not_this_format", message) from error
        delimiter, text, _ = split_off_delimiter(text)
        try:
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            return _restore_formulae(_build_dataset(rows))
        except csv.Error as error:
            raise ImportRejected("not_this_format", f"The file is not valid CSV: {error}.") from error

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> str:
        # By its mark Excel reads UTF-8.
        return f"\ufeff{super().export_data(dataset, **kwargs)}"


class JSON(base_formats.JSON):
    def _escape_formulae(self, dataset: tablib.Dataset) -> None:
        """Change nothing: no spreadsheet reads JSON as it is."""

    def create_dataset(self, in_stream: str | bytes, **kwargs: Any) -> tablib.Dataset:
        check_size(len(in_stream))
        text = in_stream.decode(self.encoding or "utf-8-sig") if isinstance(in_stream, bytes) else in_stream
        try:
            rows = json.loads(text)
            json.dumps(rows, ensure_ascii=False).encode()  # half a surrogate pair can be written into no page
        except (ValueError, RecursionError) as error:
            raise ImportRejected("not_this_format", f"The file is not valid JSON: {error}.") from error
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ImportRejected("not_this_format", "The file has to be a list of objects, one per row.")
        if any(_is_nested(cell, MAX_CELL_LEVELS) for row in rows for cell in row.values()):
            raise ImportRejected("not_this_format", f"A value is nested deeper than {MAX_CELL_LEVELS} levels.")
        for _ in _bounded(([], *rows)):
            pass
        # Objects may leave keys out, and have them in any order.
        names = list(dict.fromkeys(name for row in rows for name in row))
        dataset = tablib.Dataset(headers=names or None)
        for row in rows if names else ():
            dataset.append([row.get(name, ABSENT) for name in names])
        dataset.row_numbers = [*range(1, dataset.height + 1)]
        return dataset


class XLSX(_SpreadsheetMixin, base_formats.XLSX):
    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        check_size(len(in_stream))
        # Values instead of formulas; row by row.
        book = openpyxl.load_workbook(_unpack(in_stream), read_only=True, data_only=True)
        try:
            return _restore_formulae(_read_sheet(book.active))
        finally:
            book.close()


def _unpack(data: bytes) -> io.BytesIO:
    """Return the archive with its parts unpacked. Raises ImportRejected for one that would unpack to too much.

    One that holds more than its size states is no file that a program wrote; `ZipFile.read`, which openpyxl uses, would
    unpack it whole.
    """
    unpacked = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(unpacked, "w") as checked:
            entries = archive.infolist()
            _check_entries(entries)
            parts = []
            for entry in entries:
                probe = copy(entry)
                # By its stated size `ZipFile` cuts what it has unpacked, and would not show that there is more.
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
        raise ImportRejected("not_this_format", "The file is encrypted; save it without a password.")
    # The formats that no program writes into an XLSX file are unpacked as a whole, however little is asked for.
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise ImportRejected("not_this_format", "The file is not an XLSX file.")
    if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise ImportRejected("too_large", f"The file unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB.")


def _check_elements(parts: Iterable[bytes]) -> None:
    """Raise ImportRejected for what would take long to make objects of: styles, names, rows of a million cells."""
    count = others = 0

    def begin(name: str, attributes: Any) -> None:
        nonlocal count, others
        count += 1
        others += name.rpartition(":")[2] not in _CELL_ELEMENTS
        if count > MAX_ELEMENTS or others > MAX_OTHER_ELEMENTS:
            raise ImportRejected(
                "too_large", "The file has too many cells or styles; save its values alone, or split it."
            )

    def refuse(*_: Any) -> None:
        raise ImportRejected("not_this_format", "The file declares a document type, which no XLSX file does.")

    for part in parts:
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.StartDoctypeDeclHandler = begin, refuse
        try:
            parser.Parse(part, True)
        except ImportRejected:
            raise
        except (expat.ExpatError, ValueError, LookupError) as error:
            # Pictures and the like are no XML. Of encodings that this parser lacks openpyxl's reads some.
            if b"<" in part[:8] or part.startswith(_EBCDIC_XML):
                raise ImportRejected("not_this_format", f"A part of the file is damaged: {error}.") from error


def _read_sheet(sheet: Any) -> tablib.Dataset:
    # The size that a sheet claims may be that of the largest one there can be, and each row would be filled up to it.
    sheet.reset_dimensions()
    return _build_dataset(sheet.iter_rows(values_only=True))


def _build_dataset(rows: Iterable[Sequence[Any]]) -> tablib.Dataset:
    """Return the rows below the header, with the numbers that a spreadsheet shows beside them."""
    bounded = _bounded(rows)
    header = [str(name).strip() if name is not None else "" for name in next(bounded, ())]
    if not any(header):
        raise ImportRejected("empty", "The file has no row.")
    named = [index for index, name in enumerate(header) if name]
    if twice := {header[index] for index in named if header.count(header[index]) > 1}:
        raise ImportRejected("columns", f"The first row names a column twice: {', '.join(sorted(twice))}.")
    dataset = tablib.Dataset(headers=[header[index] for index in named])
    dataset.row_numbers = []
    for number, row in enumerate(bounded, 2):
        filled = [index for index, cell in enumerate(row) if cell is not None and str(cell).strip()]
        if filled and filled[-1] >= len(header):
            raise ImportRejected("too_many_columns", f"Row {number} has more cells than the first row has names.")
        for index in filled:
            if not header[index]:
                raise ImportRejected("columns", f"Row {number} has a value in column {index + 1}, which has no name.")
        if row:
            dataset.append([row[index] if index < len(row) else None for index in named])
            dataset.row_numbers.append(number)
    return dataset


def _is_nested(value: Any, levels: int) -> bool:
    """Return whether a value of JSON holds lists or objects in more levels than given."""
    if not isinstance(value, dict | list):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_nested(item, levels - 1) for item in items)


def _bounded(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the first line and up to MAX_ROWS rows. Raises ImportRejected for more, or for a row of too many cells."""
    for number, row in enumerate(rows, 1):
        if number > MAX_ROWS + 1:
            raise ImportRejected("too_many_rows", f"The file has more than {MAX_ROWS:,} rows; split it.")
        if len(row) > MAX_COLUMNS:
            raise ImportRejected("too_many_columns", f"Row {number} has more than {MAX_COLUMNS} cells.")
        yield row
