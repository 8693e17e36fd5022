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
RESPONSE_TIMEOUT = 20
MAX_RETRY_SECONDS = 120
MAX_UPLOAD_SECONDS = 30
# Pause between writes, so that some writes happen during the fault.
PAUSE_SECONDS = 0.05
# Status of a repeated request whose first response was lost, although it succeeded.
REPEATED_STATUS = {"register": 400, "erase": 401}
# Repeating a login starts a second session. Postings do not belong to users.
UNCOUNTED_COLLECTIONS = {"refresh_tokens", "job_postings"}
RESUME = "Ada Lovelace\nada@example.org\n\nSummary\nWrites programs.\n\nSkills\nPython, Docker\n"


class SimulatedUser:
    """A user of the API. Some writes take several requests or get a wrong response."""

    def __init__(self, url: str, jobs: Sequence[str]) -> None:
        self._url = url
        self._jobs = jobs
        self._email = f"{uuid.uuid4().hex[:12]}@example.org"
        self._headers: dict[str, str] = {}
        self._user_id = ""
        self.repeated_writes: list[str] = []
        self.rejected_writes: list[str] = []

    def write(self) -> Iterator[str]:
        """Register, log in and make every kind of write. Yield the name of each write before it is made."""
        login = {"email": self._email, "password": PASSWORD}
        yield "register"
        self._send("register", "POST", "/auth/register", login | {"full_name": "Ada Lovelace"})
        yield "login"
        session = self._send("login", "POST", "/auth/login", login)
        self._headers["Authorization"] = f"Bearer {session['access_token']}"
        self._user_id = session["user"]["id"]
        first_job, second_job = (f"/jobs/{job}" for job in self._jobs)
        upload = {"user_id": self._user_id, "source": "upload"}
        for name, method, path, body in (
            ("profile", "PATCH", "/auth/me", {"location": "Oslo", "skills": ["Python", "SQL"]}),
            ("save", "POST", f"{first_job}/save", {}),
            ("save", "POST", f"{second_job}/save", {}),
            ("stage", "PUT", f"{first_job}/application", {"stage": "applied"}),
            ("note", "PUT", f"{first_job}/application", {"stage": "applied", "note": "by mail"}),
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
        content = {"json": body} if file is None else {"data": body, "files": {"file": ("resume.docx", file)}}
        deadline, attempts, last_error, previous_error = time.monotonic() + MAX_RETRY_SECONDS, 0, "", ""
        while time.monotonic() < deadline:
            attempts, previous_error = attempts + 1, last_error
            try:
                response = requests.request(
                    method, f"{self._url}{path}", headers=self._headers, timeout=RESPONSE_TIMEOUT, **content
                )
            except requests.RequestException as error:
                last_error = type(error).__name__
            else:
                last_error = f"{response.status_code} {response.text[:60]}"
                if response.ok or (attempts > 1 and response.status_code == REPEATED_STATUS.get(name)):
                    if attempts > 1:
                        self.repeated_writes.append(f"{name} after {previous_error.split()[0]}")
                    return response.json() if response.content else {}
                if response.status_code == 500:
                    # An unavailable server must result in 503.
                    self.rejected_writes.append(f"{name} returned {last_error}")
                if response.status_code < 500 and response.status_code not in (409, 429):
                    break
            time.sleep(0.3)
        self.rejected_writes.append(f"{name} was rejected after {attempts} attempts: {last_error}")
        return {}

    def read(self) -> dict[str, Any]:
        """Return the user's data from the API and the database, without ids and times."""

        def get(path: str, name: str) -> list[Any]:
            response = requests.get(f"{self._url}{path}", headers=self._headers, timeout=RESPONSE_TIMEOUT)
            response.raise_for_status()
            return list(response.json()[name])

        activities = get(f"/activity/user/{self._user_id}?limit=100", "activities")
        return {
            "skills of the profile": sorted(get("/auth/me", "skills")),
            "applications": sorted(
                (row["job_id"], row["stage"], row["note"]) for row in get("/jobs/saved", "applications")
            ),
            "searches": [row["name"] for row in get("/jobs/searches", "searches")],
            "skills": [(row["skill"], row["status"]) for row in get("/learning/progress", "progress")],
            "projects": [(row["project_id"], row["status"]) for row in get("/projects/progress", "progress")],
            "versions": sorted(row["version"] for row in get(f"/resumes/user/{self._user_id}", "resumes")),
            "activities": Counter((row["action_type"], row["job_id"]) for row in activities),
            "documents": self.count_documents(),
        }

    def count_documents(self) -> dict[str, int]:
        """Count the documents of each collection that contain the user's id or email."""
        from career_navigator.db.connection import database

        counts = {
            name: sum(self._user_id in (text := str(row)) or self._email in text for row in database()[name].find())
            for name in database().list_collection_names()
            if name not in UNCOUNTED_COLLECTIONS
        }
        return {name: count for name, count in sorted(counts.items()) if count}

    def wait_for_uploads(self) -> bool:
        """Wait until the uploaded file is parsed. Return False if its task was lost."""
        from bson import ObjectId

        from career_navigator.db.connection import database

        waiting = {"user": ObjectId(self._user_id), "status": "processing"}
        try:
            return bool(
                wait_until(
                    lambda: not database().resumes.count_documents(waiting),
                    condition_name="no upload is being parsed",
                    seconds=MAX_UPLOAD_SECONDS,
                )
            )
        except TimeoutError:
            return False


def _make_docx(text: str) -> bytes:
    document, buffer = docx.Document(), io.BytesIO()
    for line in text.splitlines():
        document.add_paragraph(line)
    document.save(buffer)
    return buffer.getvalue()


def run_trials(installation: Installation, trials: Sequence[Trial], *, lease: float, resume: bool) -> Iterator[Outcome]:
    """Run a round of writes without a fault, then one per trial, and yield the outcomes. The first is number 0."""
    collect(installation, trial=WITHOUT_FAULTS, pages=0, lease=lease, resume=False)
    expected, outcome = write_round(installation, WITHOUT_FAULTS)
    yield outcome
    for trial in trials:
        try:
            result, outcome = write_round(installation, trial)
        except (KeyError, TimeoutError, requests.RequestException) as error:
            # The user cannot log in, or the web process does not respond long after the fault.
            yield Outcome(
                number=trial.number, faults=list(trial.kinds), violations=[f"{type(error).__name__}: {error}"]
            )
            installation.restart()
            continue
        outcome.violations += [
            f"{name} {value} -> {result.get(name)}" for name, value in expected.items() if result.get(name) != value
        ]
        yield outcome


def write_round(installation: Installation, trial: Trial) -> tuple[dict[str, Any], Outcome]:
    """Let one user write and another erase a complete account, with the trial's fault in between.

    Returns the data of the first user and an outcome without the comparison of this data.
    """
    from accounts.resumes.uploads import LOST_TIMEOUT, find_lost_uploads, read_upload
    from accounts.services import ERASURE_TIMEOUT, finish_erasures
    from career_navigator.db.connection import database

    rng = random.Random(trial.seed)
    faults = Faults(installation, rng=rng, lease_seconds=0)
    jobs = [str(row["_id"]) for row in database().job_postings.find({}, {"_id": 1}).sort("_id", 1).limit(2)]
    kept_user, erased_user = (SimulatedUser(installation.web_url, jobs) for _ in range(2))
    for _ in erased_user.write():
        pass
    fault_write, fault_write_reached, started_at = rng.randrange(13), threading.Event(), time.monotonic()

    def send_writes() -> None:
        for number, _ in enumerate(chain(kept_user.write(), erased_user.erase())):
            if number == fault_write:
                fault_write_reached.set()
            time.sleep(PAUSE_SECONDS)

    with ThreadPoolExecutor(1) as pool:
        pending_writes = pool.submit(send_writes)
        for kind in trial.kinds:
            while not fault_write_reached.wait(0.1) and not pending_writes.done():
                pass
            time.sleep(rng.uniform(0, 2 * PAUSE_SECONDS))
            faults.inject(kind)
            faults.descriptions[-1] += f" @write {fault_write + 1}"
        while not (faults.end_due_faults() and pending_writes.done()):
            time.sleep(0.05)
        pending_writes.result()
    installation.wait_until_ready()
    outcome = Outcome(
        number=trial.number, faults=faults.descriptions, seconds=time.monotonic() - started_at, died=faults.died
    )
    outcome.violations += kept_user.rejected_writes + erased_user.rejected_writes
    if not kept_user.wait_for_uploads():
        # The task was lost. Run the check for lost uploads now, which is scheduled every five minutes.
        for resume_id in find_lost_uploads(now=datetime.now(UTC) + 2 * LOST_TIMEOUT):
            read_upload(resume_id=resume_id, now=datetime.now(UTC))
        outcome.notes.append("the task to read the file was lost, and it was read later")
    if repeated_writes := kept_user.repeated_writes + erased_user.repeated_writes:
        outcome.notes.append(f"repeated: {', '.join(repeated_writes)}")
    result = kept_user.read()
    if erased_user.count_documents() and finish_erasures(now=datetime.now(UTC) + 2 * ERASURE_TIMEOUT):
        outcome.notes.append("the erasure was interrupted and finished later")
    if remaining := erased_user.count_documents():
        outcome.violations.append(f"documents of the erased account remain: {remaining}")
    return result, outcome
