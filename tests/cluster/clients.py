"""Clients that write until they are stopped and record which writes were acknowledged."""

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from career_navigator.devserver.embedded import HOST

# Responses take at most five seconds. This timeout detects a request that hangs.
TIMEOUT_SECONDS = 30
PAUSE_SECONDS = 0.1
# Seconds for which a stopped client repeats its last request, so that the request is acknowledged in the end.
_CATCH_UP_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A registered user with the tokens of a session."""

    id: str
    access_token: str
    refresh_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A refresh token and its successor, as returned to the client."""

    old: str
    new: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Written:
    """The outcome of a client's writes. `bad` describes each response that is neither a success nor 503."""

    acknowledged: list[str] = field(default_factory=list)
    begun: int = 0
    refused: int = 0
    bad: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    newest: str = ""


class Client(threading.Thread):
    """A thread that writes in a loop. It repeats an unacknowledged write at another web process."""

    writes_limit: int | None = None

    def __init__(self, *, account: Account, ports: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self.account, self.written = account, Written(newest=account.refresh_token)
        self._ports = itertools.cycle(ports)
        self._session = requests.Session()
        self._stopping = threading.Event()

    def run(self) -> None:
        for number in itertools.count():
            if self._stopping.is_set() or not self.may_go_on(number):
                return
            self.written.begun += 1
            try:
                self.write(number)
            except requests.RequestException as error:
                self.written.bad.append(f"no answer: {error}")
                return
            time.sleep(PAUSE_SECONDS)

    def stop(self) -> None:
        self._stopping.set()

    def may_go_on(self, number: int) -> bool:
        return self.writes_limit is None or number < self.writes_limit

    def write(self, number: int) -> None:
        raise NotImplementedError

    def send(self, method: str, path: str, body: Any) -> requests.Response | None:
        """Send a request once. Return None if the service is temporarily unavailable."""
        response = self._session.request(
            method,
            f"http://{HOST}:{next(self._ports)}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.account.access_token}"},
            timeout=TIMEOUT_SECONDS,
        )
        if response.status_code == 503:
            self.written.refused += 1
            return None
        return response

    def send_until_taken(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Send a request until it is acknowledged. Return {} if it never is."""
        give_up_at: float | None = None
        while give_up_at is None or time.monotonic() < give_up_at:
            response = self.send(method, path, body)
            if response is not None and response.ok:
                acknowledged: dict[str, Any] = response.json()
                return acknowledged
            if response is not None:
                self.written.bad.append(f"{method} {path} {response.status_code}: {response.text[:300]}")
                return {}
            if give_up_at is None and self._stopping.is_set():
                give_up_at = time.monotonic() + _CATCH_UP_SECONDS
            time.sleep(PAUSE_SECONDS)
        self.written.bad.append(f"{method} {path}: 503 for {_CATCH_UP_SECONDS} s after the fault")
        return {}


class Logging(Client):
    """A client that logs activities. It does not repeat a failed write, because each line counts as an activity."""

    def write(self, number: int) -> None:
        body = {"user_id": self.account.id, "action_type": "view", "metadata": {"number": number}}
        response = self.send("POST", "/activity/log", body)
        if response is not None and response.ok:
            self.written.acknowledged.append(response.json()["activity_id"])
        elif response is not None:
            self.written.bad.append(f"POST /activity/log {response.status_code}: {response.text[:300]}")


class ProfileChanging(Client):
    """A client that stores an increasing number in its user's profile."""

    def write(self, number: int) -> None:
        stored = self.send_until_taken("PUT", "/auth/me", {"professional_summary": f"{number:06}"})
        if stored:
            self.written.acknowledged.append(stored["professional_summary"])


class Uploading(Client):
    """A client that uploads different resumes as text."""

    writes_limit = 190  # a user can have 200

    def write(self, number: int) -> None:
        content = f"Ada Lovelace\nada@example.org\n\nSkills\nPython, Docker\n\nNumber {number} of many resumes.\n"
        body = {"user_id": self.account.id, "source": "upload", "content": content}
        if stored := self.send_until_taken("POST", "/resumes/generate", body):
            self.written.acknowledged.append(stored["resume_id"])


class SearchSaving(Client):
    """A client that saves searches with different names."""

    writes_limit = 45  # a user can have 50

    def write(self, number: int) -> None:
        if stored := self.send_until_taken("POST", "/jobs/searches", {"name": f"Search {number}", "filter": {}}):
            self.written.acknowledged.append(stored["search"]["id"])


class Refreshing(Client):
    """A client that exchanges its refresh token for the next one until its session ends.

    If a response is lost, the exchange may have happened. Sending the old token again then ends the session, as
    documented. In that case `newest` becomes empty and the client stops.
    """

    def write(self, number: int) -> None:
        old, unanswered = self.written.newest, False
        while True:
            response = self.send("POST", "/auth/refresh", {"refresh_token": old})
            if response is None:
                unanswered = True
                if self._stopping.is_set():
                    return
                time.sleep(PAUSE_SECONDS)
                continue
            if response.ok:
                new = response.json()["refresh_token"]
                self.written.exchanges.append(Exchange(old=old, new=new, at=datetime.now(UTC)))
                self.written.newest = new
            elif unanswered and response.status_code == 401:
                self.written.newest = ""
            else:
                self.written.bad.append(f"POST /auth/refresh {response.status_code}: {response.text[:300]}")
                self.written.newest = ""
            return

    def may_go_on(self, number: int) -> bool:
        return bool(self.written.newest)


KINDS: tuple[type[Client], ...] = (Logging, ProfileChanging, Uploading, SearchSaving, Refreshing)
