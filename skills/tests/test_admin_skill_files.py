"""Tests of the admin's import and export files: formats, limits and formula escaping."""

import html
import io
import json
import tracemalloc
import zipfile
import zlib
from typing import Any

import pytest
import tablib
from django.test import Client

from career_navigator.document_admin.formats import CSV, JSON, XLSX, ImportRejected
from skills.documents import SkillDocument
from skills.tests.admin_pages import LIST, import_file

FIELDS = (
    *("name", "display_name", "category", "subcategory", "kind", "aliases", "slugs"),
    *("prerequisites", "implies", "related", "external_ids", "is_skill"),
)


pytestmark = pytest.mark.usefixtures("python_and_django")


@pytest.mark.parametrize(("number", "kind"), [(0, "csv"), (1, "json"), (2, "xlsx")])
def test_exported_files_can_be_imported(staff_client: Client, number: int, kind: str) -> None:
    form = {"format": str(number), "resource": "0"} | {f"skillresource_{name}": "on" for name in FIELDS}

    response = staff_client.post(f"{LIST}export/", form)

    content: Any = response.content if kind == "xlsx" else response.content.decode("utf-8-sig")
    rows = (
        json.loads(content)
        if kind == "json"
        else tablib.Dataset().load(io.BytesIO(content) if kind == "xlsx" else content, format=kind).dict
    )
    assert [row["name"] for row in rows] == ["django", "python"]
    assert rows[0]["prerequisites"] == "python"
    assert import_file(staff_client, f"skills.{kind}", response.content, number).context["result"].totals["skip"] == 2


def build_xlsx(sheet_xml: str, **parts: bytes) -> bytes:
    """Build an XLSX file with this sheet and with the given parts replaced, as other tools could write it."""
    dataset = tablib.Dataset(["python", "Python"], headers=["name", "display_name"])
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(dataset.export("xlsx"))) as source,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            is_sheet = entry.filename == "xl/worksheets/sheet1.xml"
            part = parts.get(entry.filename.rpartition("/")[2].partition(".")[0])
            target.writestr(entry.filename, sheet_xml.encode() if is_sheet else part or source.read(entry))
    return written.getvalue()


def build_sheet(rows: str, dimension: str = "") -> str:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{main}">{dimension}<sheetData>{rows}</sheetData></worksheet>'


def build_row(number: int, *values: str) -> str:
    cells = "".join(f'<c t="inlineStr"><is><t>{value}</t></is></c>' for value in values)
    return f'<row r="{number}">{cells}</row>'


HEADERS = build_row(1, "name", "display_name")


TOO_MANY_ROWS = "The file has more than 3,000 rows. Split it."


TOO_MANY_CELLS = "The file has too many cells or styles"


STYLES = b'<?xml version="1.0" encoding="utf-8"?><styleSheet><fonts>' + b"<font/>" * 30_000 + b"</fonts></styleSheet>"


@pytest.mark.parametrize(
    ("name", "number", "content", "sentence"),
    [
        ("large.csv", 0, lambda: b"name\n" + b"x" * 2_000_001, "The file is larger than 2 MB. Split it."),
        ("large.json", 1, lambda: b"[" + b" " * 2_000_001 + b"]", "The file is larger than 2 MB. Split it."),
        ("large.xlsx", 2, lambda: b"PK" * 1_000_001, "The file is larger than 2 MB. Split it."),
        ("rows.csv", 0, lambda: b"name\n" + b"x\n" * 3_001, TOO_MANY_ROWS),
        ("rows.json", 1, lambda: json.dumps([{"name": "x"}] * 3_001).encode(), TOO_MANY_ROWS),
        ("blank.csv", 0, lambda: b"name\n" * 300_000, TOO_MANY_ROWS),
        ("objects.json", 1, lambda: b"[" + b"{}," * 600_000 + b"{}]", TOO_MANY_ROWS),
        (
            "bomb.xlsx",
            2,
            lambda: build_xlsx(
                build_sheet(HEADERS + "".join(build_row(n, "a" * 200, "b" * 300) for n in range(2, 140_000)))
            ),
            "The file unpacks to more than 20 MB.",
        ),
        (
            "rows.xlsx",
            2,
            lambda: build_xlsx(build_sheet(HEADERS + "".join(build_row(n, "a", "b") for n in range(2, 3_003)))),
            TOO_MANY_ROWS,
        ),
        ("far.xlsx", 2, lambda: build_xlsx(build_sheet(HEADERS + build_row(1_048_576, "a", "b"))), TOO_MANY_ROWS),
        ("columns.csv", 0, lambda: b"," * 101, "Row 1 has more than 100 cells."),
        (
            "wide.xlsx",
            2,
            lambda: build_xlsx(build_sheet(HEADERS + '<row r="2"><c r="XFD2"><v>1</v></c></row>')),
            "Row 2 has more than 100 cells.",
        ),
        (
            "extra_cell.xlsx",
            2,
            lambda: build_xlsx(build_sheet(HEADERS + build_row(2, "a", "b", "c"))),
            "Row 2 has more cells than the header has columns.",
        ),
        ("cells.xlsx", 2, lambda: build_xlsx(build_sheet(f"{HEADERS}<row>{'<c/>' * 500_000}</row>")), TOO_MANY_CELLS),
        ("styles.xlsx", 2, lambda: build_xlsx(build_sheet(HEADERS), styles=STYLES), TOO_MANY_CELLS),
        (
            "encoded.xlsx",
            2,
            lambda: build_xlsx(build_sheet(HEADERS), styles=STYLES.replace(b"utf-8", b"shift_jis")),
            "A part of the file is damaged",
        ),
        (
            "entities.xlsx",
            2,
            lambda: build_xlsx('<!DOCTYPE x [<!ENTITY a "b">]>' + build_sheet(HEADERS)),
            "The file has a document type declaration",
        ),
        ("empty.xlsx", 2, lambda: build_xlsx(build_sheet("")), "The file has no rows."),
        ("no.xlsx", 2, lambda: b"name,display_name\n", "The file is not an XLSX file."),
        ("deep.json", 1, lambda: b"[" * 100_000, "The file is not valid JSON"),
        (
            "nested.json",
            1,
            lambda: b'[{"name": ' + b"[" * 100 + b"]" * 100 + b"}]",
            "A value is nested deeper than 5 levels.",
        ),
        ("surrogate.json", 1, lambda: rb'[{"name": "\ud800"}]', "The file is not valid JSON"),
        ("object.json", 1, lambda: b'{"name": "x"}', "The file must be a list of objects, one per row."),
        ("numbers.json", 1, lambda: b"[1, 2]", "The file must be a list of objects, one per row."),
    ],
)
def test_rejects_a_file_over_the_limits(
    staff_client: Client, redis: Any, name: str, number: int, content: Any, sentence: str
) -> None:
    response = import_file(staff_client, name, content(), number)

    assert response.status_code == 200
    assert sentence in html.unescape(response.content.decode())
    assert "confirm_form" not in response.context
    assert SkillDocument.objects.count() == 2


def build_xlsx_with_understated_part(size: int, compression: int) -> bytes:
    """Build an XLSX file with a part of this size that the archive's directory declares as one byte long."""
    written = io.BytesIO(build_xlsx(build_sheet(HEADERS + build_row(2, "a", "b"))))
    with zipfile.ZipFile(written, "a", compression) as archive:
        archive.writestr("understated.xml", b" " * size)
    content = bytearray(written.getvalue())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 16 : entry + 20] = zlib.crc32(b" ").to_bytes(4, "little")
    content[entry + 24 : entry + 28] = (1).to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unpacks_at_most_the_declared_size_of_a_part(compression: int) -> None:
    content = build_xlsx_with_understated_part(100_000_000, compression)

    tracemalloc.start()
    with pytest.raises(ImportRejected):
        XLSX().create_dataset(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 10_000_000


def test_accepts_a_sheet_that_declares_the_maximum_dimension(staff_client: Client) -> None:
    rows = HEADERS + build_row(2, "python", "Python 3") + build_row(3, "django")

    response = import_file(
        staff_client, "skills.xlsx", build_xlsx(build_sheet(rows, '<dimension ref="A1:XFD1048576"/>')), 2
    )

    assert response.context["result"].totals["update"] == 1
    assert response.context["result"].total_rows == 2


def test_reads_the_maximum_number_of_rows() -> None:
    rows = "".join(build_row(n, "a", "b") for n in range(2, 3_002))

    datasets = [
        CSV().create_dataset("name,display_name\n" + 'x,"two\nlines"\n' * 3_000),
        JSON().create_dataset(json.dumps([{"name": "x"}] * 3_000)),
        XLSX().create_dataset(build_xlsx(build_sheet(HEADERS + rows))),
    ]

    assert [dataset.height for dataset in datasets] == [3_000] * 3


FORMULAS = ("=1+1", "==cmd|calc!A1", "+SUM(1)", "-2+3", "@evil", "\t=1+1", "\r=1", "＝1+1", "'=1")


@pytest.mark.parametrize("format_class", [CSV, XLSX])
def test_exports_formulas_as_text_and_imports_them_unchanged(settings: Any, format_class: Any) -> None:
    texts = [*FORMULAS, "plain", "it's", "'quoted'", "1 = 1", "-", ""]
    dataset = tablib.Dataset(*([text] for text in texts), headers=["name"])

    content = format_class().export_data(dataset)

    read = (
        tablib.Dataset().load(content if isinstance(content, bytes) else content.removeprefix("\ufeff"), format="csv")
        if format_class is CSV
        else tablib.Dataset().load(io.BytesIO(content), format="xlsx")
    )
    assert not [cell for cell in read["name"] if cell and cell[0] in "=+-@\t\r＝"]
    imported_texts = format_class().create_dataset(content.encode() if isinstance(content, str) else content)["name"]
    assert [cell or "" for cell in imported_texts] == [
        text.removeprefix("'") if text == "'=1" else text for text in texts
    ]


def test_exports_csv_with_a_byte_order_mark(staff_client: Client) -> None:
    forms = [{"format": str(number), "resource": "0", "skillresource_name": "on"} for number in (0, 1)]

    csv_file, json_file = (staff_client.post(f"{LIST}export/", form) for form in forms)

    assert csv_file.content.startswith(b"\xef\xbb\xbfname")
    assert csv_file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert json_file.content.startswith(b"[")
