"""Ranked relevant jobs with facets for one user among 100,000 postings, and pages of the list of all jobs.

python -m benchmarks.ranking [--postings N] [--keep DIRECTORY]
"""

import argparse
import io
import secrets
import sys
from pathlib import Path
from typing import Any

import orjson

from benchmarks.report import Report, Times, format_milliseconds
from benchmarks.servers import start_servers, use_database
from benchmarks.trending import load_database

ROUNDS = 9
MAX_SECONDS = 1.0
MIN_SCORES_PER_SECOND = 5_000
SKILLS = ("Python", "SQL", "Docker", "Kubernetes", "PostgreSQL", "Linux", "Git", "React", "TypeScript", "AWS")
PROFILE: dict[str, Any] = {
    "skills": list(SKILLS),
    "target_roles": ["Backend Developer", "Data Engineer"],
    "location": "Berlin, Germany",
}

FILTERS: dict[str, dict[str, Any]] = {
    "no filter": {},
    "a role": {"titles": ["Backend Developer"]},
    "words that many titles have": {"text": "engineer"},
    "a skill and a word": {"text": "senior python"},
    "skills, country, remote": {"skills_any": ["Python", "Go"], "countries": ["US"], "remote": True},
    "a state and pay": {"places": ["California"], "min_salary": 150_000},
    "seniority of few": {"seniorities": ["c_level"], "remote": True, "posted_within_days": 365},
    "a company": {"companies": ["no such company"]},
    "nothing fits": {"text": "zookeeper", "remote": True},
}


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postings", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument(
        "--keep", type=Path, help="keep the data in this directory, so that a second run does not load it again"
    )
    parser.add_argument(
        "--cache-gb", type=float, default=1.0, help="size of MongoDB's cache in GB (default: %(default)s)"
    )
    arguments = parser.parse_args()
    with start_servers(keep=arguments.keep, cache_gb=arguments.cache_gb):
        return measure(arguments.postings).show()


def measure(count: int) -> Report:
    """Measure filters, deep pages and scores over `count` postings."""
    use_database(f"postings_{count}")
    load_database(count)
    report = Report(f"Relevant jobs among {count:,} postings of 400 days, whole requests")
    client = Client()
    measure_filters(report, client)
    measure_deep_pages(report, client, count)
    measure_scores(report)
    return report


def measure_filters(report: Report, client: "Client") -> None:
    """Measure the first page of each filter."""
    for name, body in FILTERS.items():
        times = Times()
        response = client.search_jobs(body)
        for _ in range(ROUNDS):
            times.measure(lambda body=body: client.search_jobs(body))
        result_count = f"{response['total']:,}{'' if response['total_is_exact'] else '+'} found"
        longest = format_milliseconds(max(times.seconds))
        report.require_at_most(
            f"first page, {name}",
            times.median,
            MAX_SECONDS,
            measured=f"{format_milliseconds(times.median)}; longest {longest}; {result_count}",
            target_text="<= 1 s",
        )


def measure_deep_pages(report: Report, client: "Client", count: int) -> None:
    """Measure pages beyond the ranked candidates, and pages of the list of all jobs."""
    for label, send in (
        ("page of relevant jobs beyond the candidates", lambda: client.search_jobs({"offset": count // 2})),
        ("list of all jobs, first page", lambda: client.send_request("GET", "/jobs/list_jobs", "limit=20")),
        (
            "list of all jobs, last page",
            lambda: client.send_request("GET", "/jobs/list_jobs", f"limit=20&offset={count - 20}"),
        ),
    ):
        times = Times()
        send()
        for _ in range(ROUNDS):
            times.measure(send)
        report.require_at_most(
            label, times.median, MAX_SECONDS, measured=format_milliseconds(times.median), target_text="<= 1 s"
        )


def measure_scores(report: Report) -> None:
    """Measure the scoring function without a server, over the newest postings."""
    from django.utils import timezone

    from career_navigator.db.connection import database
    from market.jobs.match_profiles import JOB_PROFILE_FIELDS, CandidateProfile, build_job_profile
    from market.jobs.match_score import score_match
    from market.selectors import get_role_demand

    result_count = database().job_postings.find({}, dict(JOB_PROFILE_FIELDS)).sort("day", -1).limit(2_000)
    job_profiles = [build_job_profile(row) for row in result_count]
    roles = tuple(PROFILE["target_roles"])
    candidate = CandidateProfile(skills=frozenset(skill.lower() for skill in SKILLS), desired_roles=roles)
    demand = get_role_demand(role=roles[0], now=timezone.now())
    times = Times()
    for _ in range(ROUNDS):
        times.measure(
            lambda: [
                score_match(candidate=candidate, job_profile=job_profile, demand=demand) for job_profile in job_profiles
            ]
        )
    rate = len(job_profiles) / times.median
    report.require_at_least(
        "match scores", rate, MIN_SCORES_PER_SECOND, measured=f"{rate:,.0f}/s", target_text=">= 5,000/s"
    )


class Client:
    """A registered user who sends requests through the complete WSGI application."""

    def __init__(self) -> None:
        from django.core.handlers.wsgi import WSGIHandler
        from django.utils import timezone

        from accounts.authentication import start_session
        from accounts.documents import User
        from accounts.services import register_user

        User.objects.delete()
        now = timezone.now()
        password = f"Aa1-{secrets.token_urlsafe()}"
        user = register_user(email="ada@example.org", password=password, full_name="Ada", now=now, **PROFILE).user
        self._token = start_session(user_id=user.pk, now=now).access_token
        self._application: Any = WSGIHandler()

    def search_jobs(self, body: dict[str, Any]) -> dict[str, Any]:
        return self.send_request("POST", "/jobs/relevant_jobs", "", body)

    def send_request(self, method: str, path: str, query: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        content = orjson.dumps(body) if body is not None else b""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(content)),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "HTTP_HOST": "127.0.0.1:8000",
            "HTTP_AUTHORIZATION": f"Bearer {self._token}",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(content),
        }
        statuses: list[str] = []
        response = self._application(environ, lambda status, headers, exc_info=None: statuses.append(status))
        content = b"".join(response)
        response.close()
        if not statuses[0].startswith("200"):
            raise RuntimeError(f"{method} {path} {body} answered {statuses[0]}: {content[:200]!r}")
        result: dict[str, Any] = orjson.loads(content)
        return result


if __name__ == "__main__":
    sys.exit(main())
