"""User writes through the API during a fault. Each write is repeated until it is acknowledged."""

import io
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import docx
import requests

from benchmarks.fault_collections import WITHOUT_FAULTS, Outcome, Trial, collect
from benchmarks.fault_installation import Faults, Installation, wait_until

KINDS = ("web child", "web master", "mongod", "worker child", "valkey")
PASSWORD = "Secure-Pass-123"  # noqa: S105
ANSWER_TIMEOUT = 20
GIVE_UP_SECONDS = 120
UPLOAD_SECONDS = 30
# Pause between writes, so that further writes happen during the fault.
PAUSE_SECONDS = 0.05
# Status of a repeated request whose first response was lost, although it succeeded.
DONE_BEFORE = {"register": 400, "erase": 401}
# Repeating a login starts a second session. Postings do not belong to users.
NOT_COUNTED = {"refresh_tokens", "job_postings"}
RESUME = "Ada Lovelace\nada@example.org\n\nSummary\nWrites programs.\n\nSkills\nPython, Docker\n"


class SimulatedUser:
    """A user of the API. `repeated` names writes that took several requests, `refused` those with a wrong response."""

    def __init__(self, url: str, jobs: Sequence[str]) -> None:
        self._url = url
        self._jobs = jobs
        self._email = f"{uuid.uuid4().hex[:12]}@example.org"
        self._headers: dict[str, str] = {}
        self._user_id = ""
        self.repeated: list[str] = []
        self.refused: list[str] = []

    def write(self) -> Iterator[str]:
        """Register, log in and make every kind of write. Yield the name of each write before it is made."""
        login = {"email": self._email, "password": PASSWORD}
        yield "register"
        self._send("register", "POST", "/auth/register", login | {"full_name": "Ada Lovelace"})
        yield "login"
        session = self._send("login", "POST", "/auth/login", login)
        self._headers["Authorization"] = f"Bearer {session['access_token']}"
        self._user_id = session["user"]["id"]
        first, second = (f"/jobs/{job}" for job in self._jobs)
        upload = {"user_id": self._user_id, "source": "upload"}
        for name, method, path, body in (
            ("profile", "PATCH", "/auth/me", {"location": "Oslo", "skills": ["Python", "SQL"]}),
            ("save", "POST", f"{first}/save", {}),
            ("save", "POST", f"{second}/save", {}),
            ("stage", "PUT", f"{first}/application", {"stage": "applied"}),
            ("note", "PUT", f"{first}/application", {"stage": "applied", "note": "by mail"}),
            ("skill", "PUT", "/learning/progress/docker", {"status": "done"}),
            ("project", "PUT", "/projects/1/progress", {"status": "started"}),
            ("search", "POST", "/jobs/searches", {"name": "mine", "filter": {"text": "python"}}),
            ("upload", "POST", "/resumes/generate", upload | {"content": RESUME}),
        ):
            yield name
            self._send(name, method, path, body)
        yield "file"
        self._send("file", "POST", "/resumes/generate", upload, file=_make_docx(f"{RESUME}Rust\n"))

    def erase(self) -> Iterator[str]:
        """Erase the account. Yield the name of the write before it is made."""
        yield "erase"
        self._send("erase", "DELETE", "/auth/me", {"password": PASSWORD})

    def _send(self, name: str, method: str, path: str, body: Any, *, file: bytes | None = None) -> Any:
        """Repeat a request until it is acknowledged, and return the JSON of the response."""
        given = {"json": body} if file is None else {"data": body, "files": {"file": ("resume.docx", file)}}
        give_up_at, tries, last, why = time.monotonic() + GIVE_UP_SECONDS, 0, "", ""
        while time.monotonic() < give_up_at:
            tries, why = tries + 1, last
            try:
                answer = requests.request(
                    method, f"{self._url}{path}", headers=self._headers, timeout=ANSWER_TIMEOUT, **given
                )
            except requests.RequestException as error:
                last = type(error).__name__
            else:
                last = f"{answer.status_code} {answer.text[:60]}"
                if answer.ok or (tries > 1 and answer.status_code == DONE_BEFORE.get(name)):
                    if tries > 1:
                        self.repeated.append(f"{name} after {why.split()[0]}")
                    return answer.json() if answer.content else {}
                if answer.status_code == 500:
                    # An unavailable server must result in 503.
                    self.refused.append(f"{name} answered {last}")
                if answer.status_code < 500 and answer.status_code not in (409, 429):
                    break
            time.sleep(0.3)
        self.refused.append(f"{name} refused after {tries} tries: {last}")
        return {}

    def read(self) -> dict[str, Any]:
        """Return the user's data from the API and the database, without ids and times."""

        def get(path: str, name: str) -> list[Any]:
            answer = requests.get(f"{self._url}{path}", headers=self._headers, timeout=ANSWER_TIMEOUT)
            answer.raise_for_status()
            return list(answer.json()[name])

        activities = get(f"/activity/user/{self._user_id}?limit=100", "activities")
        return {
            "skills of the profile": sorted(get("/auth/me", "skills")),
            "applications": sorted(
                (each["job_id"], each["stage"], each["note"]) for each in get("/jobs/saved", "applications")
            ),
            "searches": [each["name"] for each in get("/jobs/searches", "searches")],
            "skills": [(each["skill"], each["status"]) for each in get("/learning/progress", "progress")],
            "projects": [(each["project_id"], each["status"]) for each in get("/projects/progress", "progress")],
            "versions": sorted(each["version"] for each in get(f"/resumes/user/{self._user_id}", "resumes")),
            "activities": Counter((each["action_type"], each["job_id"]) for each in activities),
            "documents": self.count_documents(),
        }

    def count_documents(self) -> dict[str, int]:
        """Count the documents of each collection that contain the user's id or email."""
        from career_navigator.db.connection import database

        counts = {
            name: sum(self._user_id in (text := str(row)) or self._email in text for row in database()[name].find())
            for name in database().list_collection_names()
            if name not in NOT_COUNTED
        }
        return {name: count for name, count in sorted(counts.items()) if count}

    def wait_for_uploads(self) -> bool:
        """Wait until the uploaded file is parsed. Return False if its task was lost."""
        from bson import ObjectId

        from career_navigator.db.connection import database

        waiting = {"user": ObjectId(self._user_id), "status": "processing"}
        try:
            return bool(
                wait_until(lambda: not database().resumes.count_documents(waiting), what="", seconds=UPLOAD_SECONDS)
            )
        except TimeoutError:
            return False


def _make_docx(text: str) -> bytes:
    document, out = docx.Document(), io.BytesIO()
    for line in text.splitlines():
        document.add_paragraph(line)
    document.save(out)
    return out.getvalue()


def run_trials(installation: Installation, trials: Sequence[Trial], *, lease: float, resume: bool) -> Iterator[Outcome]:
    """Run a round of writes without a fault, then one per trial, and yield the outcomes. The first is number 0."""
    collect(installation, trial=WITHOUT_FAULTS, pages=0, lease=lease, resume=False)
    expected, outcome = write_round(installation, WITHOUT_FAULTS)
    yield outcome
    for trial in trials:
        try:
            found, outcome = write_round(installation, trial)
        except (KeyError, TimeoutError, requests.RequestException) as error:
            # The user cannot log in, or the web process does not respond long after the fault.
            yield Outcome(number=trial.number, faults=list(trial.kinds), broken=[f"{type(error).__name__}: {error}"])
            installation.restart()
            continue
        outcome.broken += [
            f"{name} {value} -> {found.get(name)}" for name, value in expected.items() if found.get(name) != value
        ]
        yield outcome


def write_round(installation: Installation, trial: Trial) -> tuple[dict[str, Any], Outcome]:
    """Let one user write and another erase a complete account, with the trial's fault in between.

    Returns the data of the first user and the outcome so far.
    """
    from accounts.resumes.uploads import LOST_TIMEOUT, find_lost_uploads, read_upload
    from accounts.services import ERASURE_TIMEOUT, finish_erasures
    from career_navigator.db.connection import database

    rng = random.Random(trial.seed)
    faults = Faults(installation, rng=rng, lease_seconds=0)
    jobs = [str(row["_id"]) for row in database().job_postings.find({}, {"_id": 1}).sort("_id", 1).limit(2)]
    stays, goes = (SimulatedUser(installation.web_url, jobs) for _ in range(2))
    for _ in goes.write():
        pass
    hit_at, reached, began = rng.randrange(13), threading.Event(), time.monotonic()

    def write_all() -> None:
        for number, _ in enumerate(chain(stays.write(), goes.erase())):
            if number == hit_at:
                reached.set()
            time.sleep(PAUSE_SECONDS)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_all)
        for kind in trial.kinds:
            while not reached.wait(0.1) and not writing.done():
                pass
            time.sleep(rng.uniform(0, 2 * PAUSE_SECONDS))
            faults.make(kind)
            faults.said[-1] += f" @write {hit_at + 1}"
        while not (faults.follow() and writing.done()):
            time.sleep(0.05)
        writing.result()
    installation.wait_until_ready()
    outcome = Outcome(number=trial.number, faults=faults.said, seconds=time.monotonic() - began, died=faults.died)
    outcome.broken += stays.refused + goes.refused
    if not stays.wait_for_uploads():
        # The task was lost. Run the check for lost uploads now, which is scheduled every five minutes.
        for resume_id in find_lost_uploads(now=datetime.now(UTC) + 2 * LOST_TIMEOUT):
            read_upload(resume_id=resume_id, now=datetime.now(UTC))
        outcome.notes.append("the task to read the file was lost, and it was read later")
    if repeated := stays.repeated + goes.repeated:
        outcome.notes.append(f"repeated: {', '.join(repeated)}")
    found = stays.read()
    if goes.count_documents() and finish_erasures(now=datetime.now(UTC) + 2 * ERASURE_TIMEOUT):
        outcome.notes.append("the erasure broke off and was finished later")
    if left := goes.count_documents():
        outcome.broken.append(f"left of the erased account: {left}")
    return found, outcome
