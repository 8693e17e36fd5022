"""A registered user and a client that speaks JSON, on real servers; passwords are hashed with little work."""

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.resumes.files import reading
from accounts.services import register_user
from accounts.sessions import start_session
from career_navigator import quick_redis
from career_navigator.connection import quick_redis_client
from career_navigator.quick_redis import forget_failure
from skills.services import seed_skills
from tests.elsewhere import NO_REDIS, queue_at
from tests.queued import take_queued

PASSWORD = "Secure-Pass-123"
NEW_PASSWORD = "Another-Pass-456"
REGISTRATION = {
    "email": "ada@example.org",
    "password": PASSWORD,
    "full_name": "Ada Lovelace",
    "skills": ["Python", "JavaScript"],
    "target_roles": ["Software Engineer"],
    "experience_level": "2nd Year",
    "location": "San Francisco, CA",
}


@dataclass
class API:
    """The API as a client sees it; with a token, one that is logged in."""

    token: str | None = None
    address: str = "127.0.0.1"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        extra: dict[str, Any] = {"REMOTE_ADDR": self.address}
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            extra |= {"data": body if isinstance(body, bytes) else json.dumps(body), "content_type": "application/json"}
        return self.client.generic(method, path, headers=headers, **extra)

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any) -> Any:
        return self.send("POST", path, body)

    def put(self, path: str, body: Any) -> Any:
        return self.send("PUT", path, body)

    def delete(self, path: str, body: Any) -> Any:
        return self.send("DELETE", path, body)


@dataclass
class Member(API):
    """A registered person, logged in."""

    id: str = ""
    refresh_token: str = ""


@pytest.fixture(autouse=True)
def _servers(mongo, redis):
    forget_failure()


@pytest.fixture(autouse=True)
def _time_to_read(monkeypatch):
    """No good file is refused because the machine is busy."""
    monkeypatch.setattr(reading, "WALL_SECONDS", 60)


@pytest.fixture
def api():
    return API()


@pytest.fixture
def register():
    """Add an account with a confirmed address, and have a session; what is passed replaces the usual."""

    def make(**changes) -> Member:
        user = register_user(**REGISTRATION | {"email_confirmed": True} | changes, now=timezone.now()).user
        session = start_session(user_id=user.pk, now=timezone.now())
        return Member(token=session.access_token, id=str(user.pk), refresh_token=session.refresh_token)

    return make


@pytest.fixture
def ada(register):
    return register()


@pytest.fixture
def vocabulary_seeded(mongo):
    entries = [
        {"name": "nodejs", "display_name": "Node.js", "category": "Frameworks/Libraries", "slugs": ["node-js"]},
        {"name": ".net", "display_name": ".NET", "category": "Frameworks/Libraries", "aliases": ["dotnet", "dot-net"]},
        {"name": "python", "display_name": "Python", "category": "Programming Languages"},
        {"name": "greenhouse", "display_name": "Greenhouse", "is_skill": False},
    ]
    seed_skills(entries=entries, now=datetime(2025, 1, 1, tzinfo=UTC))


@pytest.fixture
def redis_goes(monkeypatch):
    """`redis_goes("away")` and `redis_goes("back")`: for what every request asks of it, and as a queue."""
    queue = ExitStack()

    def go(where: str) -> None:
        queue.close()
        if where == "away":
            queue.enter_context(queue_at(NO_REDIS))
            # Nothing listens on port 1.
            elsewhere = Redis(port=1, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0))
            monkeypatch.setattr(quick_redis, "quick_redis_client", lambda: elsewhere)
        else:
            monkeypatch.setattr(quick_redis, "quick_redis_client", quick_redis_client)
        quick_redis.forget_connections()

    yield go
    go("back")


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def queued(redis):
    """Takes the tasks that wait in the queue: names with their arguments."""
    return lambda: take_queued(redis)
