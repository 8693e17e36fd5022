"""Every operation of the API, the credentials it needs, and a valid request. Add one line per new operation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.urls import URLPattern, get_resolver

from career_navigator.api.routers import describe_route
from career_navigator.observability.metrics import UNKNOWN_PATH
from tests.fixtures.users import NEW_PASSWORD, PASSWORD

OPEN, TOKEN, SIGNATURE = "open", "token", "signature"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A valid request of an operation. `query` and `body` can contain placeholders such as "<user_id>"."""

    needs: str
    query: dict[str, str]
    body: dict[str, Any] | None

    def fill(self, route: str, values: dict[str, str]) -> tuple[str, Any]:
        """Replace the placeholders. Return the path with its query, and the body."""
        path = re.sub(r"<\w+:(\w+)>", lambda name: quote(values[name[1]], safe=""), route)
        query = urlencode(_put_in(self.query, values))
        return f"/{path}" + (f"?{query}" if query else ""), _put_in(self.body, values)

    def names(self, route: str) -> set[str]:
        """Return the names of the placeholders in the path, the query and the body."""
        return {*re.findall(r"<(?:\w+:)?(\w+)>", f"{route} {self.query} {self.body}")}


def _put_in(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _put_in(each, values) for name, each in value.items()}
    if isinstance(value, list):
        return [_put_in(each, values) for each in value]
    return values[value[1:-1]] if isinstance(value, str) and value.startswith("<") else value


def _open(**body: Any) -> Operation:
    return Operation(needs=OPEN, query={}, body=body or None)


def _token(**body: Any) -> Operation:
    return Operation(needs=TOKEN, query={}, body=body or None)


def _asking(**query: str) -> Operation:
    return Operation(needs=TOKEN, query=query, body=None)


_USER, _JOB, _RESUME = "<user_id>", "<job_id>", "<resume_id>"
# Only POST /resumes/apply applies for this job, so that the other one can be removed from the saved jobs.
_OTHER_JOB = "<other_job_id>"

OPERATIONS: dict[str, Operation] = {
    "GET ": _open(),
    "GET health": _open(),
    "GET health/ready": _open(),
    "GET metrics": _open(),
    "GET openapi.json": _open(),
    "GET docs": _open(),
    "GET redoc": _open(),
    "POST auth/register": _open(email="new@example.org", password=PASSWORD, full_name="New"),
    "POST auth/login": _open(email="new@example.org", password=PASSWORD),
    "POST auth/login/form": _open(),
    "POST auth/refresh": _open(refresh_token="none"),
    "POST auth/logout": _open(refresh_token="none"),
    "GET auth/me": _token(),
    "PUT auth/me": _token(location="London"),
    "PATCH auth/me": _token(location="London"),
    # Runs after POST /auth/password.
    "DELETE auth/me": _token(password=NEW_PASSWORD),
    "GET auth/me/export": _token(),
    "POST auth/password": _token(current_password=PASSWORD, new_password=NEW_PASSWORD),
    "POST auth/password/forgot": _open(email="new@example.org"),
    "POST auth/password/reset": _open(token="none", new_password=NEW_PASSWORD),
    "GET auth/email/confirm": _open(),
    "POST auth/email/confirm": _open(),
    "POST auth/email/send": _token(),
    "POST users": _open(email_id="new@example.org", password=PASSWORD, user_name="New"),
    "POST users/login": _open(email="new@example.org", password=PASSWORD),
    "GET users/<str:user_id>": _token(),
    "PUT users/<str:user_id>": _token(location="London"),
    "DELETE users/<str:user_id>": _token(),
    "POST activity/log": _token(user_id=_USER, action_type="view", job_id=_JOB, metadata={"seconds": 3}),
    "GET activity/funnel": _token(),
    "GET activity/user/<str:user_id>": _token(),
    "GET jobs/saved": _token(),
    "GET jobs/searches": _token(),
    "POST jobs/searches": _token(user_id=_USER, name="Python", filter={"skills_any": ["python"]}),
    "GET jobs/searches/unsubscribe": _open(),
    "POST jobs/searches/unsubscribe": _open(),
    "GET jobs/searches/<str:search_id>": _token(),
    "PUT jobs/searches/<str:search_id>": _token(user_id=_USER, name="Java"),
    "DELETE jobs/searches/<str:search_id>": _token(),
    "GET jobs/searches/<str:search_id>/new": _token(),
    "GET jobs/searches/<str:search_id>/digest": _token(),
    "POST jobs/searches/<str:search_id>/seen": _token(job_ids=[_JOB]),
    "POST jobs/<str:job_id>/save": _token(user_id=_USER, activity_metadata={"from": "list"}),
    "DELETE jobs/<str:job_id>/save": _asking(user_id=_USER),
    "GET jobs/<str:job_id>/application": _token(),
    "PUT jobs/<str:job_id>/application": _token(user_id=_USER, stage="saved"),
    "GET jobs/<str:job_id>/match_score": _asking(user_id=_USER),
    "POST jobs/<str:job_id>/analyze": _token(user_id=_USER, score=50),
    "POST resumes/generate": _token(
        user_id=_USER, source="upload", content="Grace Hopper. Skills: Python, Docker", job_id=_JOB
    ),
    "POST resumes/apply": _token(user_id=_USER, job_id=_OTHER_JOB, resume_id=_RESUME),
    "GET resumes/user/<str:user_id>": _token(),
    "POST resumes/<str:resume_id>/check": _token(text="We require Python."),
    "POST resumes/<str:resume_id>/confirm": _token(skills=["python"], fields=[]),
    "GET resumes/<str:resume_id>.pdf": _token(),
    "GET resumes/<str:resume_id>.docx": _token(),
    "GET resumes/<str:resume_id>.html": _token(),
    "GET resumes/<str:resume_id>.json": _token(),
    "GET resumes/<str:resume_id>.md": _token(),
    "GET resumes/<str:resume_id>": _token(),
    "DELETE resumes/<str:resume_id>": _token(),
    "POST ingestion/webhooks/theirstack": Operation(needs=SIGNATURE, query={}, body={"event": "job.new"}),
    "POST jobs/fetch_jobs": _token(user_id=_USER, desired_job_role="Backend Developer"),
    "GET jobs/fetch_jobs/<str:run_id>": _token(),
    "GET market/trending": _open(),
    "GET countries": _open(),
    "GET jobs/list_jobs": _token(),
    "POST jobs/relevant_jobs": _token(text="developer", user_id=_USER),
    "GET jobs/<str:job_id>": _token(),
    "GET skills": _open(),
    "POST skills/normalize": _open(skills=["python"]),
    "POST skills/extract": _open(text="We want Python"),
    "GET skills/gap-analysis": _asking(role="Backend Developer"),
    "GET skills/roles": _open(),
    "GET skills/<path:name>": _open(),
    "GET learning/roadmap": _token(),
    "GET learning/roadmap.md": _token(),
    "GET learning/roadmap.ics": _token(),
    "GET learning/resources": _asking(skills="python"),
    "GET learning/resources/search": _asking(query="python"),
    "GET learning/progress": _token(),
    "PUT learning/progress/<path:skill>": _token(status="done"),
    "DELETE learning/progress/<path:skill>": _token(),
    "GET projects/recommendations": _token(),
    "GET projects/skill-building": _asking(skills="python"),
    "GET projects/search": _asking(query="python"),
    "GET projects/all": _token(),
    "GET projects/progress": _token(),
    "PUT projects/<str:project_id>/progress": _token(status="finished"),
    "DELETE projects/<str:project_id>/progress": _token(),
}


def build_request(name: str, values: dict[str, str]) -> tuple[str, str, Any]:
    """Return the method, path and body of a valid request."""
    method, _, route = name.partition(" ")
    return method, *OPERATIONS[name].fill(route, values)


def list_routed_operations(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    """Yield the operations in the URL configuration. Admin pages are left out because they have their own tests."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + describe_route(str(pattern.pattern))
        if path.startswith("admin") or str(pattern.pattern) == UNKNOWN_PATH:
            continue
        if not isinstance(pattern, URLPattern):
            yield from list_routed_operations(pattern.url_patterns, path)
            continue
        view: Any = pattern.callback
        view_class = getattr(view, "view_class", None) or getattr(view, "cls", None)
        # A viewset adds HEAD to its actions after its first request.
        actions = getattr(view, "actions", None) or {each for each in METHODS if hasattr(view_class, each)} or {"get"}
        yield from (f"{method.upper()} {path}" for method in METHODS if method in actions)


def list_schema_fields(schema: dict[str, Any]) -> dict[str, tuple[list[str], list[tuple[str, ...]]]]:
    """Return the query parameters and the body fields of each operation in an OpenAPI document.

    A nested field is a path such as ("filter", "titles").
    """
    names = {re.sub(r"<\w+:(\w+)>", r"{\1}", name): name for name in OPERATIONS}
    fields = {}
    for path, operations in schema["paths"].items():
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                query = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
                contents = operation.get("requestBody", {}).get("content", {}).values()
                body = {field: None for each in contents for field in _list_fields(each["schema"], schema)}
                fields[names[f"{method.upper()} {path.strip('/')}"]] = (query, list(body))
    return fields


def _list_fields(shape: dict[str, Any], schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for part in shape.get("allOf", [shape]):
        known = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        for name, field in known.get("properties", {}).items():
            yield (name,)
            yield from ((name, *inner) for inner in _list_fields(field, schema))
