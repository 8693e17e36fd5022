"""Read a file in a structured format. Run only inside `extract_worker`: see `sandbox`."""

import json
from typing import Any

from accounts.resumes.files.encodings import decode_bytes
from accounts.resumes.files.formats import JSON, XML, FileRejected
from accounts.resumes.imports.json_resume import fit_content, read_json_resume
from accounts.resumes.imports.values import ImportedResume

_SECTIONS = ("basics", "work", "education", "skills", "projects", "volunteer")
_EUROPASS_ROOTS = ("SkillsPassport", "LearnerInfo")


def read_structured(media_type: str, data: bytes) -> ImportedResume:
    """Return the content of a JSON Resume, a Europass file or a LinkedIn export.

    Raises:
        FileRejected: The file is malformed, of another kind, or contains no resume.
    """
    if media_type == JSON:
        imported = _read_json(data)
    else:
        imported = _read_xml(data) if media_type == XML else _read_archive(data)
        fit_content(imported)
    if not any(_has_text(imported.content.get(section)) for section in _SECTIONS):
        raise FileRejected("no_text")
    return imported


def _read_json(data: bytes) -> ImportedResume:
    try:
        document = json.loads(decode_bytes(data))
    except ValueError as error:
        raise FileRejected("malformed") from error
    if not isinstance(document, dict):
        raise FileRejected("unknown_type")
    root = next((root for root in _EUROPASS_ROOTS if root in document), None)
    if root is None:
        return read_json_resume(document)
    from accounts.resumes.imports.europass import read_europass  # noqa: PLC0415 - JSON Resume does not need it

    imported = read_europass(root, document[root])
    fit_content(imported)
    return imported


def _read_xml(data: bytes) -> ImportedResume:
    from accounts.resumes.files.xml_checks import check_xml  # noqa: PLC0415 - only XML needs it
    from accounts.resumes.imports.europass import read_europass  # noqa: PLC0415 - only XML needs it
    from accounts.resumes.imports.trees import parse_xml  # noqa: PLC0415 - only XML needs it

    check_xml(data)
    return read_europass(*parse_xml(data))


def _read_archive(data: bytes) -> ImportedResume:
    from accounts.resumes.imports.linkedin import read_linkedin_export  # noqa: PLC0415 - only archives need it

    return read_linkedin_export(data)


def _has_text(part: Any) -> bool:
    if isinstance(part, dict | list):
        return any(map(_has_text, part.values() if isinstance(part, dict) else part))
    return bool(part)
