"""The schema of resume content: the JSON Resume format with size limits. Pure.

Every field is optional, and unknown fields are invalid. A date is a year, a month or a day: "2021", "2021-03",
"2021-03-15". Work without an `endDate` is ongoing. `meta.writtenFor` extends the format with the posting that a resume
was generated for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

# About fifty printed pages, which render within two seconds.
MAX_BYTES = 150_000
MAX_VALUES = 2_000
MAX_LINE_LENGTH = 300
MAX_PARAGRAPH_LENGTH = 10_000
MAX_ENTRIES = 200
_MAX_ERRORS = 20

Schema = dict[str, Any]


class InvalidResume(ValueError):
    """Raised for invalid content. `errors` maps dotted field names, such as `work.0.startDate`, to messages."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{name}: {' '.join(messages)}" for name, messages in self.errors.items()))


def _text(max_length: int) -> Schema:
    return {"type": "string", "maxLength": max_length}


def _pattern(pattern: str, description: str, *, max_length: int = MAX_LINE_LENGTH) -> Schema:
    """Define text that matches the whole pattern. The description completes the message "This field must be"."""
    # `$` would also match before a trailing newline.
    return _text(max_length) | {"pattern": rf"^(?:{pattern})(?![\s\S])", "description": description}


def _list(items: Schema) -> Schema:
    return {"type": "array", "maxItems": MAX_ENTRIES, "items": items}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


_LINE = _text(MAX_LINE_LENGTH)
_PARAGRAPH = _text(MAX_PARAGRAPH_LENGTH)
_LINES = _list(_LINE)
_PARAGRAPHS = _list(_PARAGRAPH)
_DATE = _pattern(
    r"[12][0-9]{3}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?",
    "a date: YYYY, YYYY-MM or YYYY-MM-DD",
)
_URL = _pattern(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/]\S*", "an http or https URL", max_length=2_000)
_EMAIL = _pattern(r".+@[^@\s]+", "an email address", max_length=320)
_COUNTRY = _pattern(r"[A-Z]{2}", "an ISO 3166 alpha-2 country code")
_PERIOD = {"startDate": _DATE, "endDate": _DATE}
_DETAILS = {"url": _URL, "summary": _PARAGRAPH, "highlights": _PARAGRAPHS}

SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Resume",
    **_object(
        basics=_object(
            name=_LINE,
            label=_LINE,
            image=_URL,
            email=_EMAIL,
            phone=_LINE,
            url=_URL,
            summary=_PARAGRAPH,
            location=_object(address=_LINE, postalCode=_LINE, city=_LINE, countryCode=_COUNTRY, region=_LINE),
            profiles=_list(_object(network=_LINE, username=_LINE, url=_URL)),
        ),
        work=_list(_object(name=_LINE, position=_LINE, location=_LINE, description=_PARAGRAPH, **_PERIOD, **_DETAILS)),
        volunteer=_list(_object(organization=_LINE, position=_LINE, **_PERIOD, **_DETAILS)),
        education=_list(
            _object(institution=_LINE, url=_URL, area=_LINE, studyType=_LINE, score=_LINE, courses=_LINES, **_PERIOD)
        ),
        awards=_list(_object(title=_LINE, date=_DATE, awarder=_LINE, summary=_PARAGRAPH)),
        certificates=_list(_object(name=_LINE, date=_DATE, url=_URL, issuer=_LINE)),
        publications=_list(_object(name=_LINE, publisher=_LINE, releaseDate=_DATE, url=_URL, summary=_PARAGRAPH)),
        skills=_list(_object(name=_LINE, level=_LINE, keywords=_LINES)),
        languages=_list(_object(language=_LINE, fluency=_LINE)),
        interests=_list(_object(name=_LINE, keywords=_LINES)),
        references=_list(_object(name=_LINE, reference=_PARAGRAPH)),
        projects=_list(
            _object(
                name=_LINE,
                description=_PARAGRAPH,
                highlights=_PARAGRAPHS,
                keywords=_LINES,
                url=_URL,
                roles=_LINES,
                entity=_LINE,
                type=_LINE,
                **_PERIOD,
            )
        ),
        meta=_object(
            canonical=_URL,
            version=_LINE,
            lastModified=_LINE,
            writtenFor=_object(jobId=_LINE, title=_LINE, company=_LINE, url=_URL),
        ),
    ),
}

_VALIDATOR = Draft202012Validator(SCHEMA)
_TYPE_NAMES = {"string": "text", "array": "a list", "object": "an object"}


def check_resume(content: Any) -> None:
    """Check that content is a valid resume.

    Raises:
        InvalidResume: The content is invalid. The exception lists the first 20 invalid fields.
    """
    if not isinstance(content, dict):
        raise InvalidResume({"content": ["This field must be an object."]})
    try:
        size = len(orjson.dumps(content))
    except TypeError as error:
        # For example, a lone surrogate, an integer of more than 64 bits, or nesting that is too deep.
        raise InvalidResume({"content": ["This field must be valid JSON."]}) from error
    if size > MAX_BYTES:
        raise InvalidResume({"content": [f"This field must have at most {MAX_BYTES} bytes."]})
    if _count_values(content) > MAX_VALUES:
        raise InvalidResume({"content": [f"This field must have at most {MAX_VALUES} values."]})
    errors: dict[str, list[str]] = {}
    for violation in _VALIDATOR.iter_errors(content):
        for name, message in _describe_violation(violation):
            if len(errors) < _MAX_ERRORS or name in errors:
                errors.setdefault(name, []).append(message)
    if errors:
        raise InvalidResume(errors)


def _count_values(part: Any) -> int:
    """Count the values that are neither objects nor lists."""
    if isinstance(part, dict | list):
        return sum(map(_count_values, part.values() if isinstance(part, dict) else part))
    return 1


def _describe_violation(violation: ValidationError) -> Iterator[tuple[str, str]]:
    """Yield the dotted name of each invalid field with a message."""
    path = [str(step) for step in violation.absolute_path]
    rule, expected = violation.validator, violation.validator_value
    schema: Any = violation.schema
    if rule == "additionalProperties":
        for unknown in sorted(str(key) for key in violation.instance if key not in schema["properties"]):
            yield ".".join([*path, unknown[:MAX_LINE_LENGTH]]), "This field is not part of the JSON Resume format."
        return
    messages = {
        "type": f"This field must be {_TYPE_NAMES.get(str(expected), expected)}.",
        "maxLength": f"This field must have at most {expected} characters.",
        "maxItems": f"This field must have at most {expected} entries.",
        "pattern": f"This field must be {schema.get('description')}.",
    }
    yield ".".join(path), messages[str(rule)]
