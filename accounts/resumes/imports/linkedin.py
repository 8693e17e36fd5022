"""Read the archive of CSV files that LinkedIn exports for a member. Run only inside `extract_worker`: see `sandbox`."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from accounts.resumes.files.encodings import decode_bytes
from accounts.resumes.files.formats import FileRejected
from accounts.resumes.imports.values import (
    ImportedResume,
    build_url,
    clean_text,
    drop_empty,
    drop_empty_entries,
    parse_date,
)

MAX_FILES = 1_000
# A list of skills or positions has a few kilobytes. Messages and connections are larger and are not read.
MAX_FILE_BYTES = 2_000_000
MAX_ROWS = 500
_ENCRYPTED_FLAG = 0x1
_WEBSITE = re.compile(r"(?:[A-Z_]+:)?([^\s,\[\]]+)")

Row = Mapping[str, str]


def read_linkedin_export(data: bytes) -> ImportedResume:
    """Return the content of a LinkedIn export. Columns without a place in a resume are listed in `unread`.

    Raises:
        FileRejected: The archive is encrypted, exceeds a limit or has none of the known files.
    """
    imported = ImportedResume({})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if len(archive.infolist()) > MAX_FILES:
            raise FileRejected("too_complex")
        files = {entry.filename.rpartition("/")[2].casefold(): entry for entry in archive.infolist()}
        tables = {name: _read_table(archive, files[name]) for name in _KNOWN_FILES if name in files}
    if not tables:
        raise FileRejected("unknown_type")
    imported.content = _build_content(tables, imported)
    for name, rows in tables.items():
        used = _KNOWN_FILES[name]
        for number, row in enumerate(rows):
            for column, value in row.items():
                if value and column not in used:
                    imported.add_unread(f"{name} {number + 1} {column}", value)
    return imported


def _read_table(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> list[Row]:
    """Return the rows of a CSV file with the names of their columns in lower case."""
    if entry.flag_bits & _ENCRYPTED_FLAG:
        raise FileRejected("encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileRejected("malformed")
    with archive.open(entry) as opened:
        content = opened.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise FileRejected("too_complex")
    rows = list(csv.reader(io.StringIO(decode_bytes(content), newline="")))
    # Some files begin with notes above the header.
    header = next((index for index, row in enumerate(rows) if _is_header(row)), None)
    if header is None:
        return []
    names = [name.strip().casefold() for name in rows[header]]
    return [
        {name: clean_text(value) for name, value in zip(names, row, strict=False)}
        for row in rows[header + 1 : header + 1 + MAX_ROWS]
        if any(row)
    ]


def _is_header(row: list[str]) -> bool:
    columns = {name.strip().casefold() for name in row}
    return any(columns & set(used) for used in _KNOWN_FILES.values())


def _build_content(tables: Mapping[str, list[Row]], imported: ImportedResume) -> dict[str, Any]:
    def convert(name: str, build: Callable[[Row], Mapping[str, Any]]) -> list[dict[str, Any]]:
        return drop_empty_entries(build(row) for row in tables.get(name, ()))

    def read_date(row: Row, column: str) -> str | None:
        date = parse_date(row.get(column, ""))
        if date is None and row.get(column):
            imported.add_unread(column, row[column])
        return date

    def read_period(row: Row) -> dict[str, Any]:
        return {"startDate": read_date(row, "started on"), "endDate": read_date(row, "finished on")}

    return drop_empty(
        {
            "basics": _build_basics(tables),
            "work": convert(
                "positions.csv",
                lambda row: {
                    "name": row.get("company name"),
                    "position": row.get("title"),
                    "location": row.get("location"),
                    **read_period(row),
                    **_split_description(row.get("description", "")),
                },
            ),
            "volunteer": convert(
                "volunteering.csv",
                lambda row: {
                    "organization": row.get("company name"),
                    "position": row.get("role"),
                    **read_period(row),
                    **_split_description(row.get("description", "")),
                },
            ),
            "education": convert(
                "education.csv",
                lambda row: {
                    "institution": row.get("school name"),
                    "studyType": row.get("degree name"),
                    "startDate": read_date(row, "start date"),
                    "endDate": read_date(row, "end date"),
                    "courses": [line for line in row.get("notes", "").split("\n") if line],
                },
            ),
            "skills": convert("skills.csv", lambda row: {"name": row.get("name")}),
            "languages": convert(
                "languages.csv", lambda row: {"language": row.get("name"), "fluency": row.get("proficiency")}
            ),
            "certificates": convert(
                "certifications.csv",
                lambda row: {
                    "name": row.get("name"),
                    "issuer": row.get("authority"),
                    "url": build_url(row.get("url", "")),
                    "date": read_date(row, "started on"),
                },
            ),
            "projects": convert(
                "projects.csv",
                lambda row: {
                    "name": row.get("title"),
                    "description": row.get("description"),
                    "url": build_url(row.get("url", "")),
                    **read_period(row),
                },
            ),
            "awards": convert(
                "honors.csv",
                lambda row: {
                    "title": row.get("title"),
                    "summary": row.get("description"),
                    "date": read_date(row, "issued on"),
                },
            ),
            "publications": convert(
                "publications.csv",
                lambda row: {
                    "name": row.get("name"),
                    "publisher": row.get("publisher"),
                    "summary": row.get("description"),
                    "url": build_url(row.get("url", "")),
                    "releaseDate": read_date(row, "published on"),
                },
            ),
        }
    )


def _build_basics(tables: Mapping[str, list[Row]]) -> dict[str, Any]:
    profile = next(iter(tables.get("profile.csv", ())), {})
    emails = tables.get("email addresses.csv", [])
    primary = next((row for row in emails if row.get("primary", "").casefold() == "yes"), next(iter(emails), {}))
    phones = [row["number"] for row in tables.get("phonenumbers.csv", ()) if row.get("number")]
    websites = [build_url(site) for site in _WEBSITE.findall(profile.get("websites", ""))]
    handles = _WEBSITE.findall(profile.get("twitter handles", ""))
    return drop_empty(
        {
            "name": " ".join(filter(None, (profile.get("first name"), profile.get("last name")))),
            "label": profile.get("headline"),
            "summary": profile.get("summary"),
            "email": primary.get("email address"),
            "phone": next(iter(phones), None),
            "url": next(filter(None, websites), None),
            "location": drop_empty(
                {
                    "address": profile.get("address"),
                    "city": profile.get("geo location"),
                    "postalCode": profile.get("zip code"),
                }
            ),
            "profiles": [{"network": "X", "username": handle, "url": f"https://x.com/{handle}"} for handle in handles],
        }
    )


def _split_description(text: str) -> dict[str, Any]:
    """Split a description into its text and the lines that begin with a bullet."""
    lines = [line.strip() for line in text.split("\n")]
    bullets = [line for line in lines if line[:1] in ("•", "-", "*", "–", "·", "▪")]
    return {
        "summary": "\n".join(line for line in lines if line and line not in bullets),
        "highlights": [line[1:].strip() for line in bullets if line[1:].strip()],
    }


# The files that are read, each with the columns that are imported or have no meaning outside LinkedIn.
_PERIOD = ("started on", "finished on")
_KNOWN_FILES: Mapping[str, tuple[str, ...]] = {
    "profile.csv": (
        *("first name", "last name", "headline", "summary", "address", "zip code", "geo location", "websites"),
        *("twitter handles", "birth date", "maiden name"),
    ),
    "positions.csv": ("company name", "title", "description", "location", *_PERIOD),
    "volunteering.csv": ("company name", "role", "description", *_PERIOD),
    "education.csv": ("school name", "degree name", "start date", "end date", "notes"),
    "skills.csv": ("name",),
    "languages.csv": ("name", "proficiency"),
    "certifications.csv": ("name", "url", "authority", "started on"),
    "projects.csv": ("title", "description", "url", *_PERIOD),
    "honors.csv": ("title", "description", "issued on"),
    "publications.csv": ("name", "published on", "description", "publisher", "url"),
    "email addresses.csv": ("email address", "confirmed", "primary", "updated on"),
    "phonenumbers.csv": ("extension", "number", "type"),
}
