"""Fixtures for the tests of accounts."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.resumes import views
from market.services import store_postings
from skills.services import seed_skills
from tests.factories import PostingFactory
from tests.queued import run_queued


@pytest.fixture(autouse=True)
def _servers(empty_servers):
    """Empty the databases before every test. Pure test modules override this fixture."""


@pytest.fixture(autouse=True)
def _long_parse_timeout(long_parse_timeout):
    """Raise the time limit for reading files, so that valid files are not rejected on a busy machine."""


@pytest.fixture
def vocabulary_seeded(mongo):
    entries: list[dict[str, Any]] = [
        {"name": "nodejs", "display_name": "Node.js", "category": "Frameworks/Libraries", "slugs": ["node-js"]},
        {"name": ".net", "display_name": ".NET", "category": "Frameworks/Libraries", "aliases": ["dotnet", "dot-net"]},
        {"name": "python", "display_name": "Python", "category": "Programming Languages"},
        {"name": "greenhouse", "display_name": "Greenhouse", "is_skill": False},
    ]
    seed_skills(entries=entries, now=datetime(2025, 1, 1, tzinfo=UTC))


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def jobs(mongo, now):
    """Return the ids of three stored postings."""
    today = now.astimezone(UTC).date()
    titles = ("Backend Developer", "Data Engineer", "Analyst")
    store_postings(postings=[PostingFactory.build(title=title, date_posted=today) for title in titles], now=now)
    ids = {row["title"]: str(row["_id"]) for row in mongo.job_postings.find()}
    return [ids[title] for title in titles]


@pytest.fixture
def job(jobs):
    return jobs[0]


@pytest.fixture
def tools_seeded(mongo):
    """Seed the skills that the resumes in these tests contain."""
    names = ("Python", "Docker", "Kubernetes")
    entries = [{"name": n.lower(), "display_name": n, "category": "Tools/Technologies"} for n in names]
    seed_skills(entries=entries, now=datetime(2025, 1, 1, tzinfo=UTC))


@pytest.fixture
def no_wait(monkeypatch):
    """Disable waiting for a worker, because none runs during the test."""
    monkeypatch.setattr(views, "WAIT_SECONDS", 0)


@pytest.fixture
def worker(no_wait, redis, monkeypatch):
    """Run queued tasks in a thread, for requests that wait for a worker."""
    monkeypatch.setattr(views, "WAIT_SECONDS", 60)
    ended = threading.Event()

    def work():
        while not ended.wait(0.02):
            run_queued(redis)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join()
