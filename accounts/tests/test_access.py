"""Who may do what: every route and method of the project, by nobody, with a token that is none, and by another user."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

# Each route with its methods stands here once, with what it asks for. A new one is one line.
OPEN, TOKEN, SIGNATURE = "open", "token", "signature"
ACCESS = {
    "GET ": OPEN,
    "GET health": OPEN,
    "GET health/ready": OPEN,
    "GET metrics": OPEN,
    "GET openapi.json": OPEN,
    "GET docs": OPEN,
    "GET redoc": OPEN,
    "POST auth/register": OPEN,
    "POST auth/login": OPEN,
    "POST auth/login/form": OPEN,
    "POST auth/refresh": OPEN,
    "POST auth/logout": OPEN,
    "GET auth/me": TOKEN,
    "PUT auth/me": TOKEN,
    "PATCH auth/me": TOKEN,
    "DELETE auth/me": TOKEN,
    "GET auth/me/export": TOKEN,
    "POST auth/password": TOKEN,
    "POST auth/password/forgot": OPEN,
    "POST auth/password/reset": OPEN,
    "POST users": OPEN,
    "POST users/login": OPEN,
    "GET users/<str:user_id>": TOKEN,
    "PUT users/<str:user_id>": TOKEN,
    "DELETE users/<str:user_id>": TOKEN,
    "POST activity/log": TOKEN,
    "GET activity/funnel": TOKEN,
    "GET activity/user/<str:user_id>": TOKEN,
    "GET jobs/saved": TOKEN,
    "GET jobs/searches": TOKEN,
    "POST jobs/searches": TOKEN,
    "GET jobs/searches/unsubscribe": OPEN,
    "POST jobs/searches/unsubscribe": OPEN,
    "GET jobs/searches/<str:search_id>": TOKEN,
    "PUT jobs/searches/<str:search_id>": TOKEN,
    "DELETE jobs/searches/<str:search_id>": TOKEN,
    "GET jobs/searches/<str:search_id>/new": TOKEN,
    "POST jobs/searches/<str:search_id>/seen": TOKEN,
    "POST jobs/<str:job_id>/save": TOKEN,
    "DELETE jobs/<str:job_id>/save": TOKEN,
    "GET jobs/<str:job_id>/application": TOKEN,
    "PUT jobs/<str:job_id>/application": TOKEN,
    "POST resumes/generate": TOKEN,
    "POST resumes/apply": TOKEN,
    "GET resumes/user/<str:user_id>": TOKEN,
    "POST resumes/<str:resume_id>/confirm": TOKEN,
    "GET resumes/<str:resume_id>.pdf": TOKEN,
    "GET resumes/<str:resume_id>.docx": TOKEN,
    "GET resumes/<str:resume_id>.html": TOKEN,
    "GET resumes/<str:resume_id>.json": TOKEN,
    "GET resumes/<str:resume_id>.md": TOKEN,
    "GET resumes/<str:resume_id>": TOKEN,
    "DELETE resumes/<str:resume_id>": TOKEN,
    "POST ingestion/webhooks/theirstack": SIGNATURE,
    "POST jobs/fetch_jobs": TOKEN,
    "GET jobs/fetch_jobs/<str:run_id>": TOKEN,
    "GET market/trending": OPEN,
    "GET countries": OPEN,
    "GET jobs/list_jobs": TOKEN,
    "POST jobs/relevant_jobs": TOKEN,
    "GET jobs/<str:job_id>": TOKEN,
    "GET skills": OPEN,
    "POST skills/normalize": OPEN,
    "POST skills/extract": OPEN,
    "GET skills/gap-analysis": TOKEN,
    "GET skills/roles": OPEN,
    "GET skills/<path:name>": OPEN,
    "GET learning/roadmap": TOKEN,
    "GET learning/roadmap.md": TOKEN,
    "GET learning/roadmap.ics": TOKEN,
    "GET learning/resources": TOKEN,
    "GET learning/resources/search": TOKEN,
    "GET learning/progress": TOKEN,
    "PUT learning/progress/<path:skill>": TOKEN,
    "DELETE learning/progress/<path:skill>": TOKEN,
    "GET projects/recommendations": TOKEN,
    "GET projects/skill-building": TOKEN,
    "GET projects/search": TOKEN,
    "GET projects/all": TOKEN,
    "GET projects/progress": TOKEN,
    "PUT projects/<str:project_id>/progress": TOKEN,
    "DELETE projects/<str:project_id>/progress": TOKEN,
}
METHODS = ("get", "post", "put", "patch", "delete")


def _operations(patterns: Any, prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        # The staff's pages have tests of their own; what is left over is an unknown path.
        if path.startswith(("admin", "^")):
            continue
        if not isinstance(pattern, URLPattern):
            yield from _operations(pattern.url_patterns, path)
            continue
        view: Any = pattern.callback
        view_class = getattr(view, "view_class", None) or getattr(view, "cls", None)
        actions = getattr(view, "actions", None) or [each for each in METHODS if hasattr(view_class, each)] or ["get"]
        yield from (f"{method.upper()} {path}" for method in actions)


def test_knows_every_route_and_method():
    assert set(_operations(get_resolver().url_patterns)) == set(ACCESS)
