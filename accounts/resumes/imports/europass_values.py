"""Convert the values of Europass documents. Run only inside `extract_worker`: see `sandbox`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from accounts.resumes.files.formats import MAX_CHARACTERS
from accounts.resumes.files.web_page import extract_html
from accounts.resumes.imports.trees import Node, get_text, iterate
from accounts.resumes.imports.values import ImportedResume, drop_empty, parse_date

NATIVE = "Native speaker"
_TAG = re.compile(r"</?[a-z][^>]*>|&\w+;", re.IGNORECASE)
# Parts of the documents that describe the document or the person rather than the career.
_IGNORED = frozenset({"languageCode", "ID", "Attachment", "RenderingInformation", "EmploymentReferences"})


def read_period(entry: Node, name: str) -> dict[str, Any]:
    """Return the start and the end of a period of an entry."""
    return {
        field: parse_date(get_text(entry, name, part, "FormattedDateTime") or get_text(entry, name, part))
        for field, part in (("startDate", "StartDate"), ("endDate", "EndDate"))
    }


def read_html(entry: Node, name: str) -> dict[str, Any]:
    """Return a description as a summary and the items of its lists."""
    lines = list_lines(get_text(entry, name))
    bullets = [line[2:] for line in lines if line.startswith("• ")]
    return {"summary": "\n".join(line for line in lines if not line.startswith("• ")), "highlights": bullets}


def list_lines(text: str) -> list[str]:
    """Return the lines of a text, which is HTML in most Europass files."""
    if not _TAG.search(text):
        return [line.strip() for line in text.split("\n") if line.strip()]
    lines, _ = extract_html(f'<meta charset="utf-8">{text}'.encode(), max_characters=MAX_CHARACTERS)
    return [line.text for line in lines]


def build_location(*, address: str, postal_code: str, city: str, country: str) -> dict[str, Any]:
    """Return a location with the country as an ISO 3166 code."""
    code = country.upper()
    return drop_empty(
        {
            "address": address,
            "postalCode": postal_code,
            "city": city,
            # Europass uses the codes of the European Union for Greece and the United Kingdom.
            "countryCode": {"EL": "GR", "UK": "GB"}.get(code, code if re.fullmatch("[A-Z]{2}", code) else ""),
        }
    )


def name_country(code: str) -> str:
    """Return the name of a country by its code. Other texts are names already."""
    import pycountry  # noqa: PLC0415 - loading its tables takes longer than reading a file without codes

    country = pycountry.countries.get(alpha_2=code.upper()) if len(code) == 2 else None
    return str(country.name) if country is not None else code


def name_language(code: str) -> str:
    """Return the name of a language by its ISO 639 code. Other texts are names already."""
    if not re.fullmatch("[A-Za-z]{2,3}", code):
        return code
    import pycountry  # noqa: PLC0415 - loading its tables takes longer than reading a file without codes

    for field in ("alpha_2",) if len(code) == 2 else ("alpha_3", "bibliographic"):
        if (language := pycountry.languages.get(**{field: code.casefold()})) is not None:
            return str(language.name)
    return code


def describe_levels(levels: Iterable[str]) -> str:
    """Return the lowest and the highest level, such as "B2 to C1"."""
    distinct = sorted({level.upper() for level in levels if level})
    return " to ".join(dict.fromkeys((distinct[0], distinct[-1]))) if distinct else ""


def iterate_values(node: Node) -> list[str]:
    """Return the texts of all parts of an object."""
    return [text for value in node.values() if (text := get_value(value))] if isinstance(node, Mapping) else []


def get_value(node: Node) -> str:
    """Return the text of an element with or without attributes."""
    return get_text({"value": node}, "value")


def iterate_texts(node: Node, *names: str) -> list[str]:
    """Return the texts of the parts at a path of names."""
    return [
        text for each in iterate(node, *names) if (text := get_value(each) or get_text(each, "LicenseTypeCode").upper())
    ]


def list_unread(section: Node, known: frozenset[str], imported: ImportedResume) -> None:
    """Add the texts of the sections that are not imported to `unread`."""
    for name, part in section.items() if isinstance(section, Mapping) else ():
        if name in known or name in _IGNORED:
            continue
        for text in _flatten(part):
            imported.add_unread(name, text)


def _flatten(node: Node) -> list[str]:
    if isinstance(node, Mapping):
        return [text for value in node.values() for text in _flatten(value)]
    if isinstance(node, list):
        return [text for value in node for text in _flatten(value)]
    text = get_value(node)
    return list_lines(text) if text else []
