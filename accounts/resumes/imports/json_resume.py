"""Read JSON Resume files: our own, and those of other programs, which are often not valid. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from accounts.resumes.files.formats import FileRejected
from accounts.resumes.imports.values import ImportedResume, build_url, clean_text, parse_date
from accounts.resumes.json_resume import SCHEMA, InvalidResume, check_resume

_SECTIONS = SCHEMA["properties"]
# Objects that wrap a resume in the responses of this API and of other programs.
_WRAPPERS = ("resume", "content", "jsonresume", "json_resume", "data")
_MAX_WRAPPERS = 3
# Names in earlier versions of the format and in other programs, by the name of the section or object.
_OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "": {"certifications": "certificates", "experience": "work", "employment": "work", "volunteering": "volunteer"},
    "basics": {"picture": "image", "website": "url", "title": "label", "headline": "label", "tel": "phone"},
    "work": {"company": "name", "employer": "name", "title": "position", "role": "position", "website": "url"},
    "volunteer": {"website": "url", "company": "organization", "name": "organization"},
    "education": {"gpa": "score", "degree": "studyType", "school": "institution", "major": "area", "website": "url"},
    "publications": {"website": "url", "title": "name"},
    "projects": {"title": "name", "website": "url", "summary": "description"},
    "awards": {"name": "title"},
    "certificates": {"title": "name", "authority": "issuer"},
    "languages": {"name": "language", "level": "fluency"},
    "profiles": {"name": "network", "website": "url"},
    "location": {"country": "countryCode", "zip": "postalCode", "state": "region"},
}
_OTHER_DATE_NAMES = {"start": "startDate", "from": "startDate", "end": "endDate", "to": "endDate"}
# The field that a text stands for where an object is expected.
_MAIN_FIELDS = {
    "skills": "name",
    "languages": "language",
    "interests": "name",
    "awards": "title",
    "certificates": "name",
    "projects": "name",
    "publications": "name",
    "references": "reference",
    "profiles": "url",
    "location": "address",
}
_PRESENT = frozenset({"present", "current", "now", "today", "ongoing", "heute", "actualidad", "présent"})


def read_json_resume(data: Any) -> ImportedResume:
    """Return the content of a JSON Resume. Valid content is returned unchanged.

    Nulls and empty values are left out, and other values are converted if possible. Values that do not fit are listed
    in `unread`.

    Raises:
        FileRejected: The data is no resume.
    """
    resume = _unwrap(data)
    if resume is None:
        raise FileRejected("unknown_type")
    resume = {name: _clean(value) for name, value in resume.items() if not name.startswith("$")}
    try:
        check_resume(resume)
    except InvalidResume:
        imported = ImportedResume(resume)
        fit_content(imported)
        return imported
    return ImportedResume(resume)


def fit_content(imported: ImportedResume) -> None:
    """Convert the content to a valid resume. Values that do not fit are added to `unread`."""
    imported.content = _fit_object(imported.content, SCHEMA, "", "", imported) or {}


def _unwrap(data: Any) -> dict[str, Any] | None:
    for _ in range(_MAX_WRAPPERS + 1):
        if not isinstance(data, dict):
            return None
        names = {*_SECTIONS, *_OTHER_NAMES[""]} - {"meta"}
        if any(isinstance(data.get(name), dict | list) for name in names):
            return data
        data = next((data[name] for name in _WRAPPERS if isinstance(data.get(name), dict)), None)
    return None


def _clean(value: Any) -> Any:
    """Remove control characters from all texts."""
    if isinstance(value, str):
        # Content of our own has surrounding spaces only if its owner typed them.
        return value if clean_text(value) == value.strip() else clean_text(value)
    if isinstance(value, dict):
        return {name: _clean(part) for name, part in value.items()}
    return [_clean(part) for part in value] if isinstance(value, list) else value


def _fit(value: Any, schema: Mapping[str, Any], path: str, section: str, imported: ImportedResume) -> Any | None:
    """Return a value that fits the schema, or None. `section` is the name of the nearest object or list."""
    if value in (None, "", [], {}):
        return None
    if schema["type"] == "object":
        return _fit_object(value, schema, path, section, imported)
    if schema["type"] == "array":
        return _fit_list(value, schema, path, section, imported)
    return _fit_text(value, schema, path, imported)


def _fit_object(
    value: Any, schema: Mapping[str, Any], path: str, section: str, imported: ImportedResume
) -> dict[str, Any] | None:
    if isinstance(value, str) and section in _MAIN_FIELDS:
        value = {_MAIN_FIELDS[section]: value}
    if not isinstance(value, dict):
        imported.add_unread(path, value)
        return None
    properties, other_names = schema["properties"], _OTHER_NAMES.get(section, {})
    result: dict[str, Any] = {}
    for key, part in value.items():
        name = key
        if key not in properties:
            name = other_names.get(key) or _OTHER_DATE_NAMES.get(key, key)
        part_path = f"{path}.{key}".lstrip(".")
        if name not in properties or name in result:
            if part not in (None, "", [], {}):
                imported.add_unread(part_path, part)
            continue
        fitted = _fit(part, properties[name], part_path, name, imported)
        if fitted is not None:
            result[name] = fitted
    return result or None


def _fit_list(
    value: Any, schema: Mapping[str, Any], path: str, section: str, imported: ImportedResume
) -> list[Any] | None:
    if isinstance(value, str):
        value = [line.strip().removeprefix("-").strip() for line in value.splitlines()]
    elif isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        imported.add_unread(path, value)
        return None
    fitted = [_fit(part, schema["items"], f"{path}.{number}", section, imported) for number, part in enumerate(value)]
    kept = [part for part in fitted if part is not None]
    for number in range(schema["maxItems"], len(kept)):
        imported.add_unread(f"{path}.{number}", kept[number])
    return kept[: schema["maxItems"]] or None


def _fit_text(value: Any, schema: Mapping[str, Any], path: str, imported: ImportedResume) -> str | None:
    if isinstance(value, dict):
        # A place is often an object where the format has a text.
        value = ", ".join(part for part in value.values() if isinstance(part, str) and part)
    elif isinstance(value, list):
        value = "\n".join(part for part in value if isinstance(part, str))
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        imported.add_unread(path, value)
        return None
    text = str(value).strip()
    description = schema.get("description", "")
    if description.startswith("a date"):
        text, original = parse_date(text) or "", text
        if not text and original.casefold() not in _PRESENT:
            imported.add_unread(path, original)
    elif description.endswith("URL"):
        text, original = build_url(text) or "", text
        if not text:
            imported.add_unread(path, original)
    elif description.endswith("country code"):
        text = text.upper()
    elif description.startswith("an email"):
        text = text.removeprefix("mailto:")
    if text and (len(text) > schema["maxLength"] or not _matches(text, schema)):
        imported.add_unread(path, text)
        return text[: schema["maxLength"]].rstrip() if "pattern" not in schema else None
    return text or None


def _matches(text: str, schema: Mapping[str, Any]) -> bool:
    return "pattern" not in schema or re.search(schema["pattern"], text) is not None
