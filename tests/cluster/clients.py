"""Clients that write until they are stopped, and remember which of their writes were acknowledged."""

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from career_navigator.devserver.embedded import HOST

# Every answer comes within five seconds; this is for what hangs all the same.
TIMEOUT_SECONDS = 30
PAUSE_SECONDS = 0.1
# How long a request is repeated after the others have stopped, so that each is acknowledged in the end.
_CATCH_UP_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with a session."""

    id: str
    access_token: str
    refresh_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A refresh token that was exchanged for its successor, as far as the client was told."""

    old: str
    new: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Written:
    """What a client was told. `bad` are answers that are neither a success nor 503, in a sentence each."""

    acknowledged: list[str] = field(default_factory=list)
    begun: int = 0
    refused: int = 0
    bad: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    newest: str = ""


class Client(threading.Thread):
    """Writes in a loop. A write that is not acknowledged is sent again, to another web process."""

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
        """Send a request once; None where it was refused for now."""
        answer = self._session.request(
            method,
            f"http://{HOST}:{next(self._ports)}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.account.access_token}"},
            timeout=TIMEOUT_SECONDS,
        )
        if answer.status_code == 503:
            self.written.refused += 1
            return None
        return answer

    def send_until_taken(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Send a request until it is acknowledged; empty where that never was."""
        give_up_at: float | None = None
        while give_up_at is None or time.monotonic() < give_up_at:
            answer = self.send(method, path, body)
            if answer is not None and answer.ok:
                told: dict[str, Any] = answer.json()
                return told
            if answer is not None:
                self.written.bad.append(f"{method} {path} {answer.status_code}: {answer.text[:300]}")
                return {}
            if give_up_at is None and self._stopping.is_set():
                give_up_at = time.monotonic() + _CATCH_UP_SECONDS
            time.sleep(PAUSE_SECONDS)
        self.written.bad.append(f"{method} {path}: 503 for {_CATCH_UP_SECONDS} s after the fault")
        return {}


class Logging(Client):
    """Adds lines to the activity log; one that was refused is not repeated, as the log takes each line for an act."""

    def write(self, number: int) -> None:
        body = {"user_id": self.account.id, "action_type": "view", "metadata": {"number": number}}
        answer = self.send("POST", "/activity/log", body)
        if answer is not None and answer.ok:
            self.written.acknowledged.append(answer.json()["activity_id"])
        elif answer is not None:
            self.written.bad.append(f"POST /activity/log {answer.status_code}: {answer.text[:300]}")


class ProfileChanging(Client):
    """Counts up in its own profile."""

    def write(self, number: int) -> None:
        told = self.send_until_taken("PUT", "/auth/me", {"professional_summary": f"{number:06}"})
        if told:
            self.written.acknowledged.append(told["professional_summary"])


class Uploading(Client):
    """Uploads resumes as text, each another one."""

    writes_limit = 190  # a user can have 200

    def write(self, number: int) -> None:
        content = f"Ada Lovelace\nada@example.org\n\nSkills\nPython, Docker\n\nNumber {number} of many resumes.\n"
        body = {"user_id": self.account.id, "source": "upload", "content": content}
        if told := self.send_until_taken("POST", "/resumes/generate", body):
            self.written.acknowledged.append(told["resume_id"])


class SearchSaving(Client):
    """Saves searches, each under another name."""

    writes_limit = 45  # a user can have 50

    def write(self, number: int) -> None:
        if told := self.send_until_taken("POST", "/jobs/searches", {"name": f"Search {number}", "filter": {}}):
            self.written.acknowledged.append(told["search"]["id"])


class Refreshing(Client):
    """Exchanges its refresh token for the next, as long as its session lasts.

    An exchange whose answer was lost may have been made: sending the token again then ends the session, which is
    documented, and the client ends with it (`newest` is then empty).
    """

    def write(self, number: int) -> None:
        old, unanswered = self.written.newest, False
        while True:
            answer = self.send("POST", "/auth/refresh", {"refresh_token": old})
            if answer is None:
                unanswered = True
                if self._stopping.is_set():
                    return
                time.sleep(PAUSE_SECONDS)
                continue
            if answer.ok:
                new = answer.json()["refresh_token"]
                self.written.exchanges.append(Exchange(old=old, new=new, at=datetime.now(UTC)))
                self.written.newest = new
            elif unanswered and answer.status_code == 401:
                self.written.newest = ""
            else:
                self.written.bad.append(f"POST /auth/refresh {answer.status_code}: {answer.text[:300]}")
                self.written.newest = ""
            return

    def may_go_on(self, number: int) -> bool:
        return bool(self.written.newest)


KINDS: tuple[type[Client], ...] = (Logging, ProfileChanging, Uploading, SearchSaving, Refreshing)
