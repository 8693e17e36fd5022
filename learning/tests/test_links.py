"""Tests of the link check against local servers."""

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from career_navigator.background import TaskFailed
from learning import services as links
from learning import tasks
from learning.documents import LearningResourceDocument
from learning.selectors import get_resource_catalogue
from learning.services import NetworkDown, check_links, seed_resources
from tests.fixtures.catalogues import resource

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
LATER = NOW + timedelta(days=7)


@dataclass
class Load:
    """The number of concurrent requests to all sites together."""

    current: int = 0
    peak: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self):
        with self.lock:
            self.current += 1
            self.peak = max(self.peak, self.current)

    def __exit__(self, *_):
        with self.lock:
            self.current -= 1


class Site(ThreadingHTTPServer):
    """A web server with configurable responses.

    `responses` maps paths to a status or a list of successive statuses. None closes the connection. Other paths return
    404.
    """

    daemon_threads = True
    block_on_close = False
    load = Load()

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.responses: dict[str, Any] = {}
        self.requests: list[tuple[str, str]] = []

    def url(self, path=""):
        return f"http://127.0.0.1:{self.server_port}/{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def _answer(self):
        path = self.path.lstrip("/")
        with self.server.load:
            self.server.requests.append((self.command, path))
            response = self.server.responses.get(f"{self.command} {path}", self.server.responses.get(path, 404))
            if isinstance(response, list):
                response = response.pop(0) if len(response) > 1 else response[0]
            # Long enough for concurrent requests to overlap.
            threading.Event().wait(0.02)
        if response is None:
            self.close_connection = True
            return
        self.send_response(int(str(response)[:3]))
        if str(response)[3:]:
            self.send_header("Location", str(response)[3:])
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET = _answer  # noqa: N815  (names required by the base class)

    def log_message(self, *_):
        pass


@pytest.fixture
def other_site(monkeypatch):
    monkeypatch.setattr(links, "_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(Site, "load", Load())
    servers = []

    def start():
        servers.append(Site())
        threading.Thread(target=servers[-1].serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def site(other_site):
    return other_site()


@pytest.fixture
def store(mongo):
    def make(*urls, skill="python"):
        entries = [resource(skill, "Course", f"{skill} {number}", url=url) for number, url in enumerate(urls)]
        seed_resources(entries=entries, now=NOW)

    return make


def get_stored(url):
    return LearningResourceDocument.objects(url=url).first()


def test_marks_missing_pages_as_broken_and_removes_them_from_the_catalogue(site, store):
    site.responses = {"there": 200}
    store(site.url("there"), site.url("gone"))
    assert len(get_resource_catalogue().list_for_skill("python")) == 2

    report = check_links(now=NOW)

    assert (report.checked, report.answering) == (2, 1)
    assert [(link.url, link.because) for link in report.broken] == [(site.url("gone"), "404")]
    assert report.newly_broken == [site.url("gone")]
    assert get_stored(site.url("gone")).broken_since == NOW
    assert get_stored(site.url("there")).broken_since is None
    assert {row.checked_at for row in LearningResourceDocument.objects} == {NOW}


def test_keeps_the_first_broken_time_until_the_link_works_again(site, store):
    store(site.url("a"))
    check_links(now=NOW)

    again = check_links(now=LATER)

    assert again.newly_broken == []
    assert get_stored(site.url("a")).broken_since == NOW
    site.responses = {"a": 200}
    repaired = check_links(now=LATER)
    assert repaired.repaired == [site.url("a")]
    assert get_stored(site.url("a")).broken_since is None
    assert get_stored(site.url("a")).checked_at == LATER


def test_falls_back_to_get_if_head_fails(site, store):
    site.responses = {"good": 200, "HEAD odd": 405, "GET odd": 200, "HEAD odder": 404, "GET odder": 200}
    store(site.url("good"), site.url("odd"), site.url("odder"))

    report = check_links(now=NOW)

    assert report.answering == 3
    assert ("GET", "good") not in site.requests
    assert {("HEAD", "odd"), ("GET", "odd"), ("HEAD", "odder"), ("GET", "odder")} <= set(site.requests)


def test_retries_server_errors(site, store):
    site.responses = {"shaky": [503, 500, 200], "HEAD hangs up": [None, None, 200]}
    store(site.url("shaky"))

    assert check_links(now=NOW).answering == 1
    assert Counter(site.requests) == {("HEAD", "shaky"): 3}


def test_marks_links_as_broken_after_all_retries(site, store):
    site.responses = {"down": 503, "mute": None}
    store(site.url("down"), site.url("mute"))

    report = check_links(now=NOW)

    assert {link.url: link.because for link in report.broken} == {
        site.url("down"): "503",
        site.url("mute"): "ConnectionError",
    }
    assert Counter(site.requests)["HEAD", "down"] == 1 + links.RETRIES


@pytest.mark.parametrize("status", [401, 403, 429, 999])
def test_treats_pages_that_block_robots_as_working(site, store, status):
    site.responses = {"a": status}
    store(site.url("a"))

    assert check_links(now=NOW).broken == []


def test_follows_redirects(site, store):
    site.responses = {"old": f"301{site.url('new')}", "new": 200, "lost": f"302{site.url('gone')}"}
    site.responses["round"] = f"302{site.url('round')}"
    store(site.url("old"), site.url("lost"), site.url("round"))

    report = check_links(now=NOW)

    assert {link.url: link.because for link in report.broken} == {
        site.url("lost"): "404",
        site.url("round"): "TooManyRedirects",
    }


def test_requests_a_url_once_for_several_skills(site, store):
    site.responses = {"a": 200}
    store(site.url("a"))
    store(site.url("a"), skill="sql")

    report = check_links(now=NOW)

    assert report.checked == 1
    assert site.requests == [("HEAD", "a")]
    assert LearningResourceDocument.objects(checked_at=NOW).count() == 2


def test_requests_hosts_concurrently_but_urls_of_a_host_sequentially(site, other_site, store):
    paths = [f"p{number}" for number in range(6)]
    site.responses = dict.fromkeys(paths, 200)
    store(*(site.url(path) for path in paths))
    check_links(now=NOW)
    single_host_peak = Site.load.peak

    others = [other_site() for _ in range(5)]
    store(*(other.url(path) for path in paths for other in others))
    check_links(now=NOW, concurrency=3)

    assert single_host_peak == 1
    assert 2 <= Site.load.peak <= 3


def test_stops_requesting_a_host_after_repeated_failures(store, monkeypatch):
    monkeypatch.setattr(links, "_BACKOFF_SECONDS", 0.0)
    # Nothing listens on port 1.
    store(*(f"http://127.0.0.1:1/{number}" for number in range(5)))

    report = check_links(now=NOW, timeout_seconds=1)

    expected = ["ConnectionError"] * 3 + ["earlier requests to the host failed"] * 2
    assert [link.because for link in report.broken] == expected


def test_marks_nothing_if_no_host_responds(store, monkeypatch):
    monkeypatch.setattr(links, "_BACKOFF_SECONDS", 0.0)
    # Nothing listens on the first ports.
    store(*(f"http://127.0.0.1:{number}/" for number in range(1, 12)))

    with pytest.raises(NetworkDown):
        check_links(now=NOW, timeout_seconds=1)

    assert LearningResourceDocument.objects(checked_at__ne=None).count() == 0
    with pytest.raises(CommandError, match="No link was marked"):
        call_command("check_links", "--timeout", "1")
    with pytest.raises(TaskFailed, match="the network is down"):
        tasks.check_links()


def test_checks_an_empty_catalogue(mongo):
    assert check_links(now=NOW).checked == 0


def test_seeding_keeps_broken_marks(site, store):
    store(site.url("gone"))
    check_links(now=NOW)

    store(site.url("gone"))

    assert get_stored(site.url("gone")).broken_since == NOW


def test_command_reports_as_json_and_to_a_file(site, store, capsys, tmp_path):
    store(site.url("gone"))

    call_command("check_links", "--json", "--report", str(tmp_path / "links.json"))

    expected = {
        "checked": 1,
        "answering": 0,
        "broken": [{"url": site.url("gone"), "because": "404"}],
        "newly_broken": [site.url("gone")],
        "repaired": [],
    }
    assert json.loads(capsys.readouterr().out) == expected
    assert json.loads((tmp_path / "links.json").read_text()) == expected


def test_link_check_runs_as_a_task(site, store):
    store(site.url("gone"))

    tasks.check_links()

    assert get_stored(site.url("gone")).broken_since is not None
