"""Measure in-process roadmaps and project recommendations, and compare them with plain Python on the fixtures.

python -m benchmarks.roadmap [--postings N]

The plain version only filters the parsed fixtures. It shows the cost of the responses without a database.
"""

import argparse
import io
import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.report import Report, Times, format_milliseconds
from benchmarks.servers import start_servers, use_database

SMALL_COUNT = 2_000
ROLE = "Backend Developer"
HELD_SKILLS = ["python", "git", "html"]
ROUNDS = 400
WARM_UP = 20
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--postings", type=int, default=50_000, help="postings in the larger database (default: %(default)s)"
    )
    parser.add_argument(
        "--keep", type=Path, help="keep the data in this directory, so that a second run does not load it again"
    )
    arguments = parser.parse_args()
    with start_servers(keep=arguments.keep):
        return compare(arguments.postings).show()


@dataclass(slots=True, kw_only=True)
class Measurements:
    """In-process response times with warm caches, except `first_roadmap`, and the size of the roadmap."""

    roadmap: Times
    recommendations: Times
    search: Times
    profile: Times
    first_roadmap: Times
    roadmap_bytes: int
    skills: int


def compare(count: int) -> Report:
    """Measure a small and a large database, and the plain version."""
    report = Report(f"Roadmap and recommendations, {SMALL_COUNT:,} and {count:,} postings of 400 days")
    # Alternate, so that noise affects both, and use the better of two rounds.
    rounds = [(measure(SMALL_COUNT), measure(count)) for _ in range(2)]
    small = min((pair[0] for pair in rounds), key=lambda measurements: measurements.roadmap.median)
    large = min((pair[1] for pair in rounds), key=lambda measurements: measurements.roadmap.median)
    plain_roadmap_times, plain_recommendation_times = measure_plain()
    report.add_value("roadmap: skills; size", f"{large.skills}; {large.roadmap_bytes:,} B")
    for label, times, target in (
        ("roadmap", large.roadmap, 0.015),
        ("recommendations", large.recommendations, 0.005),
    ):
        report.require_at_most(
            f"{label}, whole request",
            times.median,
            target,
            measured=format_milliseconds(times.median),
            target_text=f"<= {target * 1000:.0f} ms",
        )
        report.add_value("  p99", format_milliseconds(times.p99))
    report.add_value("resource search, whole request", format_milliseconds(large.search.median))
    report.add_value("the user's profile, as the base cost of a request", format_milliseconds(large.profile.median))
    report.add_value("first roadmap after a refresh", format_milliseconds(large.first_roadmap.median))
    for label, plain_times, service_times in (
        ("roadmap", plain_roadmap_times, large.roadmap),
        ("recommendations", plain_recommendation_times, large.recommendations),
    ):
        comparison = f"{format_milliseconds(plain_times.median)} = x {plain_times.median / service_times.median:.2f}"
        report.add_value(f"{label} in plain Python over the fixtures", comparison)
    for label, small_times, large_times in (
        ("roadmap", small.roadmap, large.roadmap),
        ("recommendations", small.recommendations, large.recommendations),
    ):
        growth = large_times.median / small_times.median
        report.require_at_most(
            f"{label}, {SMALL_COUNT:,} to {count:,} postings",
            growth,
            1.25,
            measured=f"{format_milliseconds(small_times.median)} x {growth:.2f}",
            target_text="<= x 1.25",
        )
    return report


def measure(count: int) -> Measurements:
    """Measure requests against a database of `count` postings."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.utils import timezone

    from accounts.authentication import start_session
    from accounts.services import register_user
    from benchmarks.posting_set import store_generated_postings
    from career_navigator.cache import reset_caches
    from career_navigator.db.connection import database
    from market.daily_stats import day_start
    from market.membership import register_role
    from market.refresh import refresh_stats
    from market.stats_rows import mark_dirty

    use_database(f"roadmap_{count}")
    reset_caches()
    now = timezone.now()
    if not database().job_postings.estimated_document_count():
        register_role(role=ROLE, now=now)
        store_generated_postings(count=count, now=now)
    refresh_stats(now=now)
    database().users.delete_many({})
    user = register_user(
        email="bench@example.org",
        password=f"Aa1{secrets.token_hex(8)}",
        full_name="Bench",
        skills=HELD_SKILLS,
        target_roles=[ROLE],
        now=now,
    ).user
    token = start_session(user_id=user.pk, now=now).access_token
    application = WSGIHandler()

    def send_get(path: str, query: str = "") -> bytes:
        return send_request(application, token, path, query)

    roadmap = orjson.loads(send_get("/learning/roadmap"))
    measurements = Measurements(
        roadmap=Times(),
        recommendations=Times(),
        search=Times(),
        profile=Times(),
        first_roadmap=Times(),
        roadmap_bytes=len(send_get("/learning/roadmap")),
        skills=roadmap["total_skills"],
    )
    for times, path, query in (
        (measurements.roadmap, "/learning/roadmap", ""),
        (measurements.recommendations, "/projects/recommendations", "skill_focus=python&skill_focus=docker&limit=10"),
        (measurements.search, "/learning/resources/search", "query=python"),
        (measurements.profile, "/auth/me", ""),
    ):
        for _ in range(WARM_UP):
            send_get(path, query)
        for _ in range(ROUNDS):
            times.measure(lambda path=path, query=query: send_get(path, query))
    for _ in range(5):
        mark_dirty(days=[day_start(now.date())])
        refresh_stats(now=timezone.now())
        measurements.first_roadmap.measure(lambda: send_get("/learning/roadmap"))
    return measurements


def send_request(application: Callable[..., Any], token: str, path: str, query: str) -> bytes:
    """Send a request through the complete WSGI application and return the body."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
    }
    statuses: list[str] = []
    response = application(environ, lambda status, headers, exc_info=None: statuses.append(status))
    body = b"".join(response)
    response.close()
    if not statuses[0].startswith("200"):
        raise RuntimeError(f"{path} answered {statuses[0]}: {body[:200]!r}")
    return body


def measure_plain() -> tuple[Times, Times]:
    """Measure filtering lists of dictionaries, without authentication, skill demand or ordering of skills."""
    resources = json.loads((FIXTURES / "learning_resources.json").read_text(encoding="utf-8"))
    ideas = json.loads((FIXTURES / "project_ideas.json").read_text(encoding="utf-8"))
    planned_skills = list(dict.fromkeys(resource["skill"] for resource in resources))[:25]
    roadmap, recommendations = Times(), Times()
    for _ in range(ROUNDS):
        roadmap.measure(lambda: build_plain_roadmap(planned_skills, resources, ideas))
        recommendations.measure(lambda: build_plain_recommendations(ideas, {"python", "docker"}))
    return roadmap, recommendations


def build_plain_roadmap(
    planned_skills: list[str], resources: list[dict[str, Any]], ideas: list[dict[str, Any]]
) -> bytes:
    """Build a roadmap from the parsed fixtures."""
    paths = []
    for skill in planned_skills:
        projects = [idea for idea in ideas if skill in idea["skills"]][:2]
        paths.append(
            {
                "skill": skill,
                "resources": [resource for resource in resources if resource["skill"] == skill],
                "is_missing": skill not in HELD_SKILLS,
                "projects": [{"id": idea["id"], "title": idea["title"]} for idea in projects],
            }
        )
    return orjson.dumps({"skill_paths": paths})


def build_plain_recommendations(ideas: list[dict[str, Any]], focus: set[str]) -> bytes:
    """Build recommendations from the parsed fixtures."""
    matches = []
    for idea in ideas:
        if focus & set(idea["skills"]):
            missing = [skill for skill in idea["skills"] if skill not in HELD_SKILLS]
            share = round(100 * (len(idea["skills"]) - len(missing)) / len(idea["skills"]), 1)
            matches.append(idea | {"skill_match_percentage": share, "missing_skills": missing})
    matches.sort(key=lambda idea: (-idea["skill_match_percentage"], idea["id"]))
    return orjson.dumps({"projects": matches[:10], "total_projects": len(matches)})


if __name__ == "__main__":
    sys.exit(main())
