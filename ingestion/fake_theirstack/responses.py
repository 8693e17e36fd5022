"""Responses as TheirStack writes them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import ValidationError

# Code, title and description by status, in the documented shape. Of the codes, E-020 alone is known for certain.
_ERRORS = {
    401: ("E-001", "Unauthorized", "The API key is missing, expired or not valid."),
    402: ("E-001", "Not enough credits", "The account has no API credits left."),
    403: ("E-020", "Premium functionality limitation", "The plan does not include this."),
    422: ("E-001", "Validation error", "The request lacks a required filter."),
    429: ("E-001", "Too many requests", "The rate limit of the plan is exceeded."),
    400: ("E-001", "Not allowed exception", "The request cannot be processed."),
}
_INTERNAL_ERROR = ("E-001", "Internal error", "Something went wrong on our side.")
# What a preview masks, in a job and in its company.
_MASKED = ("description", "url", "final_url", "source_url", "company", "company_domain")
_MASKED_COMPANY = (
    *("name", "domain", "linkedin_url", "linkedin_id", "url"),
    *("long_description", "seo_description", "possible_domains"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A status, a body of JSON, and headers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def render_json(value: Any, *, status: int = 200) -> Response:
    """Return any value as JSON."""
    return Response(status=status, body=orjson.dumps(value))


def render_error(status: int, *, description: str = "") -> Response:
    """Return an error in the documented shape."""
    code, title, text = _ERRORS.get(status, _INTERNAL_ERROR)
    error = {"code": code, "title": title, "description": description or text}
    return render_json({"request_id": None, "error": error}, status=status)


def render_detail(status: int, detail: Any) -> Response:
    """Return an error in the shape of the framework underneath, which answers what the API itself never sees."""
    return render_json({"detail": detail}, status=status)


def render_invalid(error: ValidationError) -> Response:
    """Return the framework's 422, which names the fields of the body."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return render_detail(422, [problem | {"loc": ["body", *problem["loc"][:1]]} for problem in problems])


def mask_job(row: bytes, *, job_id: int | None = None) -> bytes:
    """Return a job as a preview shows it, under another id if one is given."""
    job = orjson.loads(row)
    company = job.get("company_object") or {}
    company |= {name: "***" for name in _MASKED_COMPANY if company.get(name)} | {"has_blurred_data": True}
    job |= {name: "***" for name in _MASKED if job.get(name)}
    job |= {"has_blurred_data": True, "company_object": company} | ({} if job_id is None else {"id": job_id})
    return orjson.dumps(job)
