"""What a resume's content has to be: the JSON Resume format, with bounds of our own. Pure.

Every field may be left out, and no other may be added. Dates are text of a year, a month or a day: "2021", "2021-03",
"2021-03-15". Work without an `endDate` goes on. `meta.writtenFor` is ours: the posting that a resume was written for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

# Some fifty printed pages, which are rendered within two seconds.
MAX_BYTES = 150_000
MAX_TEXTS = 2_000
MAX_LINE_LENGTH = 300
MAX_PARAGRAPH_LENGTH = 10_000
MAX_ENTRIES = 200
_MAX_ERRORS = 20

Schema = dict[str, Any]


class InvalidResume(ValueError):
    """Content that is no resume; `errors` has the sentences of each field by its dotted name, `work.0.startDate`."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{name}: {' '.join(sentences)}" for name, sentences in self.errors.items()))


def _text(longest: int) -> Schema:
    return {"type": "string", "maxLength": longest}


def _pattern(pattern: str, description: str, *, longest: int = MAX_LINE_LENGTH) -> Schema:
    """Text that matches as a whole; the description completes "This field has to be"."""
    # `$` alone would let a line's end follow.
    return _text(longest) | {"pattern": rf"^(?:{pattern})(?![\s\S])", "description": description}


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
_ADDRESS = _pattern(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/]\S*", "an http or https address", longest=2_000)
_MAIL = _pattern(r".+@[^@\s]+", "an e-mail address", longest=320)
_COUNTRY = _pattern(r"[A-Z]{2}", "an ISO 3166 alpha-2 country code")
_SPAN = {"startDate": _DATE, "endDate": _DATE}
_TOLD = {"url": _ADDRESS, "summary": _PARAGRAPH, "highlights": _PARAGRAPHS}

SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Resume",
    **_object(
        basics=_object(
            name=_LINE,
            label=_LINE,
            image=_ADDRESS,
            email=_MAIL,
            phone=_LINE,
            url=_ADDRESS,
            summary=_PARAGRAPH,
            location=_object(address=_LINE, postalCode=_LINE, city=_LINE, countryCode=_COUNTRY, region=_LINE),
            profiles=_list(_object(network=_LINE, username=_LINE, url=_ADDRESS)),
        ),
        work=_list(_object(name=_LINE, position=_LINE, location=_LINE, description=_PARAGRAPH, **_SPAN, **_TOLD)),
        volunteer=_list(_object(organization=_LINE, position=_LINE, **_SPAN, **_TOLD)),
        education=_list(
            _object(institution=_LINE, url=_ADDRESS, area=_LINE, studyType=_LINE, score=_LINE, courses=_LINES, **_SPAN)
        ),
        awards=_list(_object(title=_LINE, date=_DATE, awarder=_LINE, summary=_PARAGRAPH)),
        certificates=_list(_object(name=_LINE, date=_DATE, url=_ADDRESS, issuer=_LINE)),
        publications=_list(_object(name=_LINE, publisher=_LINE, releaseDate=_DATE, url=_ADDRESS, summary=_PARAGRAPH)),
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
                url=_ADDRESS,
                roles=_LINES,
                entity=_LINE,
                type=_LINE,
                **_SPAN,
            )
        ),
        meta=_object(
            canonical=_ADDRESS,
            version=_LINE,
            lastModified=_LINE,
            writtenFor=_object(jobId=_LINE, title=_LINE, company=_LINE, url=_ADDRESS),
        ),
    ),
}

_VALIDATOR = Draft202012Validator(SCHEMA)
_KINDS = {"string": "text", "array": "a list", "object": "an object"}


def check_resume(content: Any) -> None:
    """Raise InvalidResume for content that is not a resume, with the first twenty fields that are wrong."""
    if not isinstance(content, dict):
        raise InvalidResume({"content": ["This field has to be an object."]})
    try:
        size = len(orjson.dumps(content))
    except TypeError as error:
        # Half a surrogate pair, a number of a hundred digits, a nesting without an end: nothing that JSON can have.
        raise InvalidResume({"content": ["This field has to be JSON."]}) from error
    if size > MAX_BYTES:
        raise InvalidResume({"content": [f"This field has at most {MAX_BYTES} bytes."]})
    if _texts(content) > MAX_TEXTS:
        raise InvalidResume({"content": [f"This field has at most {MAX_TEXTS} texts."]})
    errors: dict[str, list[str]] = {}
    for fault in _VALIDATOR.iter_errors(content):
        for name, sentence in _faults(fault):
            if len(errors) < _MAX_ERRORS or name in errors:
                errors.setdefault(name, []).append(sentence)
    if errors:
        raise InvalidResume(errors)


def _texts(part: Any) -> int:
    """How many values there are that hold no others."""
    if isinstance(part, dict | list):
        return sum(map(_texts, part.values() if isinstance(part, dict) else part))
    return 1


def _faults(fault: ValidationError) -> Iterator[tuple[str, str]]:
    path, rule, bound = [str(step) for step in fault.absolute_path], fault.validator, fault.validator_value
    schema: Any = fault.schema
    if rule == "additionalProperties":
        for unknown in sorted(str(key) for key in fault.instance if key not in schema["properties"]):
            yield ".".join([*path, unknown[:MAX_LINE_LENGTH]]), "This field is not one of a resume."
        return
    sentences = {
        "type": f"This field has to be {_KINDS.get(str(bound), bound)}.",
        "maxLength": f"This field has at most {bound} characters.",
        "maxItems": f"This field has at most {bound} entries.",
        "pattern": f"This field has to be {schema.get('description')}.",
    }
    yield ".".join(path), sentences[str(rule)]
