"""Answers as the source writes them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

# Code, title and text by status, in the source's documented shape. Of the codes, E-020 alone is known for certain.
_ERRORS = {
    400: ("E-001", "Not allowed exception", "The request cannot be processed."),
    401: ("E-001", "Unauthorized", "The API key is missing, expired or not valid."),
    402: ("E-001", "Not enough credits", "The account has no API credits left."),
    403: ("E-020", "Premium functionality limitation", "The plan does not include this."),
    422: ("E-001", "Validation error", "The request lacks a required filter."),
    429: ("E-001", "Too many requests", "The rate limit of the plan is exceeded."),
}
# What a preview masks, in a job and in its company.
_BLURRED = ("description", "url", "final_url", "source_url", "company", "company_domain")
_BLURRED_COMPANY = (
    "name",
    "domain",
    "linkedin_url",
    "linkedin_id",
    "url",
    "long_description",
    "seo_description",
    "possible_domains",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status, a body of JSON, and headers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(value: Any, *, status: int = 200) -> Answer:
    """Return an answer with any value as JSON."""
    return Answer(status=status, body=orjson.dumps(value))


def error_answer(status: int, *, description: str = "") -> Answer:
    """Return an error in the documented shape."""
    code, title, text = _ERRORS.get(status, ("E-001", "Internal error", "Something went wrong on our side."))
    error = {"code": code, "title": title, "description": description or text}
    return json_answer({"request_id": None, "error": error}, status=status)


def detail_answer(status: int, detail: Any) -> Answer:
    """Return an error in the shape of the framework underneath, which answers what the API itself never sees."""
    return json_answer({"detail": detail}, status=status)


def invalid_field_answer(*, field: str, kind: str, message: str) -> Answer:
    """Return the framework's 422 for one field of the body."""
    return detail_answer(422, [{"type": kind, "loc": ["body", field] if field else ["body"], "msg": message}])


def page_answer(*, rows: list[bytes], total_results: int | None, total_companies: int | None, truncated: int) -> Answer:
    """Return a page of jobs that are JSON already; `truncated` counts those withheld for lack of credits."""
    metadata = orjson.dumps(
        {
            "total_results": total_results,
            "truncated_results": truncated,
            "truncated_companies": 0,
            "total_companies": total_companies,
        }
    )
    return Answer(status=200, body=b'{"metadata":' + metadata + b',"data":[' + b",".join(rows) + b"]}")


def blurred(row: bytes, *, job_id: int | None = None) -> bytes:
    """Return a job as a preview shows it, under another id if one is given."""
    job = orjson.loads(row)
    company = job.get("company_object") or {}
    masked_company = company | {name: "***" for name in _BLURRED_COMPANY if company.get(name)}
    masked: dict[str, Any] = {name: "***" for name in _BLURRED if job.get(name)}
    masked |= {"has_blurred_data": True, "company_object": masked_company | {"has_blurred_data": True}}
    return orjson.dumps(job | masked | ({} if job_id is None else {"id": job_id}))
