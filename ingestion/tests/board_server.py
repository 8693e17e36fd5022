"""A local HTTP server with boards of all sources. Its responses have the form of the sources' recorded responses."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

POSTED = "2026-11-20T09:30:00-04:00"
REQUIREMENTS = "<p>What you bring</p><ul><li>Python and <b>Django</b></li><li>PostgreSQL</li></ul>"


def build_greenhouse_job(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "internal_job_id": number + 1,
        "title": f"Backend Engineer {number}",
        "company_name": "Acme",
        "absolute_url": f"https://job-boards.greenhouse.io/acme/jobs/{number}",
        "location": {"name": "Hybrid - London"},
        "offices": [{"id": 1, "name": "London", "location": "London, United Kingdom"}],
        "metadata": None,
        "first_published": POSTED,
        "updated_at": "2026-11-26T00:00:00-04:00",
        "content": REQUIREMENTS.replace("<", "&lt;").replace(">", "&gt;"),
    } | changes


def build_lever_job(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "text": f"Data Engineer {number}",
        "hostedUrl": f"https://jobs.lever.co/acme/{number}",
        "categories": {"location": "Berlin", "allLocations": ["Berlin", "Munich"], "commitment": "Full-time"},
        "country": "DE",
        "workplaceType": "hybrid",
        "createdAt": 1_763_640_000_000,
        "description": "<div>We build pipelines.</div>",
        "lists": [{"text": "Requirements", "content": "<li>Apache Spark</li><li>Python</li>"}],
        "additional": "<div>Write to jobs@acme.example or call +49 30 1234 5678.</div>",
        "salaryRange": {"currency": "EUR", "interval": "per-month-salary", "min": 5_000, "max": 6_000},
    } | changes


def build_ashby_job(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"10000000-0000-4000-8000-{number:012d}",
        "title": f"Site Reliability Engineer {number}",
        "employmentType": "FullTime",
        "location": "Remote - US",
        "secondaryLocations": [{"location": "Canada", "address": {"postalAddress": {"addressCountry": "Canada"}}}],
        "address": {"postalAddress": {"addressCountry": "United States", "addressLocality": "New York"}},
        "isRemote": True,
        "workplaceType": "Remote",
        "isListed": True,
        "publishedAt": "2026-11-20T21:59:21.001+00:00",
        "jobUrl": f"https://jobs.ashbyhq.com/acme/{number}",
        "descriptionHtml": REQUIREMENTS,
        "compensation": {
            "compensationTierSummary": "$60 – $80 per hour • Offers Equity",
            "summaryComponents": [
                {
                    "compensationType": "Salary",
                    "interval": "1 HOUR",
                    "currencyCode": "USD",
                    "minValue": 60,
                    "maxValue": 80,
                },
                {"compensationType": "EquityPercentage", "interval": "NONE", "minValue": None, "maxValue": None},
            ],
        },
    } | changes


def build_recruitee_job(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": f"Frontend Developer {number}",
        "company_name": "Acme",
        "status": "published",
        "careers_url": f"https://jobs.acme.example/o/{number}",
        "description": "<p>Join us.</p>",
        "requirements": "<ul><li>React</li><li>TypeScript</li></ul>",
        "location": "Utrecht, Netherlands",
        "country_code": "NL",
        "country": "Netherlands",
        "locations": [{"name": "Utrecht", "city": "Utrecht", "country_code": "NL", "state_code": "UT"}],
        "remote": False,
        "hybrid": True,
        "employment_type_code": "fulltime_fixed_term",
        "experience_code": "mid_level",
        "salary": {"min": "3750", "max": "5250", "period": "month", "currency": "EUR"},
        "published_at": "2026-11-20 12:55:59 UTC",
        "mailbox_email": "job.1@acme.recruitee.example",
    } | changes


def build_personio_feed(*numbers: int, description: str = "<p>Java und Spring Boot</p>") -> str:
    positions = "".join(
        f"<position><id>{number}</id><name>Java Entwickler {number}</name><office>München</office>"
        "<additionalOffices><office>Berlin</office></additionalOffices>"
        "<jobDescriptions><jobDescription><name>Dein Profil</name>"
        f"<value><![CDATA[{description}]]></value></jobDescription></jobDescriptions>"
        "<employmentType>permanent</employmentType><schedule>full-or-part-time</schedule>"
        "<seniority>entry-level</seniority><createdAt>2026-11-20T14:10:41+00:00</createdAt></position>"
        for number in numbers
    )
    return f"<?xml version='1.0' encoding='UTF-8'?><workzag-jobs>{positions}</workzag-jobs>"


def build_arbeitnow_page(*numbers: int, next_page: int | None = None) -> dict[str, Any]:
    return {
        "data": [
            {
                "slug": f"python-engineer-{number}",
                "title": f"Python Engineer {number}",
                "company_name": f"Company {number}",
                "url": f"https://www.arbeitnow.com/jobs/{number}",
                "description": "&lt;p&gt;Python und Kubernetes&lt;/p&gt;",
                "remote": False,
                "location": "Leipzig, Sachsen",
                "job_types": ["Vollzeit", "Experienced"],
                "created_at": 1_763_640_000,
            }
            for number in numbers
        ],
        "links": {"next": f"https://elsewhere.example/?page={next_page}" if next_page else None},
    }


def build_himalayas_page(*numbers: int, cursor: str | None = None) -> dict[str, Any]:
    return {
        "jobs": [
            {
                "guid": f"https://himalayas.app/jobs/{number}",
                "applicationLink": f"https://himalayas.app/jobs/{number}",
                "title": f"ML Engineer {number}",
                "companyName": "name",
                "companySlug": "acme",
                "employmentType": "Full Time",
                "minSalary": 100_000,
                "maxSalary": 120_000.5,
                "salaryPeriod": "annual",
                "currency": "USD",
                "seniority": ["Senior"],
                "locationRestrictions": ["United States", {"name": "Canada"}],
                "description": "<p>PyTorch</p><p>Originally posted on Himalayas</p>",
                "pubDate": 1_763_640_000,
            }
            for number in numbers
        ],
        "nextCursor": cursor,
    }


def build_jobicy_page(*numbers: int, **changes: Any) -> dict[str, Any]:
    jobs = [
        {
            "id": number,
            "url": f"https://jobicy.com/jobs/{number}",
            "jobTitle": f"Platform Engineer {number}",
            "companyName": "Acme &amp; Sons",
            "jobType": ["Full-Time"],
            "jobGeo": "Canada,  USA",
            "jobLevel": "Midweight",
            "jobDescription": "<p>Terraform</p>",
            "pubDate": "2026-11-20T20:54:07+00:00",
            "salaryMin": 100_000,
            "salaryMax": 150_000,
            "salaryCurrency": "USD",
            "salaryPeriod": "yearly",
        }
        for number in numbers
    ]
    return {"jobs": jobs, "success": True, "statusCode": 200} | changes


@dataclass
class BoardResponse:
    """A response for a path. Bodies other than text are sent as JSON. `drops` closes the connection instead."""

    body: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drops: bool = False


class BoardServer(ThreadingHTTPServer):
    """The server. `responses` has a response, or a list of responses to use one after another, for each path."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.responses: dict[str, BoardResponse | list[BoardResponse]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def serve(self, path: str, body: Any, **changes: Any) -> None:
        """Serve one response for a path, with an ETag."""
        self.responses[path] = BoardResponse(body, **changes)

    def list_requested(self) -> list[str]:
        """Return the requested paths, without those of robots rules."""
        return [path for path, _ in self.requests if path != "/robots.txt"]


class _Handler(BaseHTTPRequestHandler):
    server: BoardServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers)))
        found = self.server.responses.get(self.path) or self.server.responses.get(urlsplit(self.path).path)
        response = found.pop(0) if isinstance(found, list) else found
        if response is None:
            response = BoardResponse({"ok": False, "error": "Document not found"}, status=404)
        if response.drops:
            self.close_connection = True
            return
        body = response.body if isinstance(response.body, str) else json.dumps(response.body)
        etag = f'W/"{hashlib.blake2b(body.encode(), digest_size=8).hexdigest()}"'
        not_modified = response.status == 200 and self.headers.get("If-None-Match") == etag
        content = b"" if not_modified else body.encode()
        self.send_response(304 if not_modified else response.status)
        for name, value in ({"ETag": etag} | response.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


@contextlib.contextmanager
def running_board_server() -> Iterator[BoardServer]:
    server = BoardServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
