"""Collections during which faults are injected, compared with collections without faults."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import orjson
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from benchmarks.fault_installation import Faults, Installation, wait_until

# Seven roles for four processes, so that one process is idle in the second half of a run.
ROLES = (
    *("Software Engineer", "Data Scientist", "DevOps Engineer", "Frontend Developer", "Backend Developer"),
    *("Machine Learning Engineer", "Product Manager"),
)
PLACES = ("United States", "Remote")
ROLE_LIMIT = 100
MAX_AGE_DAYS = 60
WINDOWS = (1, 7, 14, 30, 60, 90, 180, 365)
RESPONSE_DELAY_SECONDS = 0.25
RESUME_INTERVAL_SECONDS = 3
# Maximum time between two faults. The second fault usually occurs earlier, at a given page.
MAX_FAULT_INTERVAL_SECONDS = 8
# Time to wait for an erroneous late write of a resumed process.
SETTLE_SECONDS = 3
# Fields that depend on the time of a run, the order of its roles or the process that wrote a row.
IGNORED_FIELDS = {
    "copy_of",
    *("_id", "scraped_at", "updated_at", "computed_at", "search_keywords", "search_location"),
    *("writer", "before"),
}
UNORDERED_FIELDS = {"roles", "search_roles"}
KINDS = Faults.KINDS
COMPARED_FIELDS = ("status", "error", "pages", "filtered", "refused")
COUNT_FIELDS = ("collected", "updated", "unchanged")
# Maximum number of changed rows and fields in a message, and maximum length of their values.
MAX_SHOWN = 3
MAX_SHOWN_CHARACTERS = 80


class Trial(NamedTuple):
    """One or more kinds of faults to inject in order. The seed decides when, where and for how long."""

    number: int
    kinds: tuple[str, ...]
    seed: str


WITHOUT_FAULTS = Trial(0, (), "")


@dataclass(frozen=True, kw_only=True)
class CollectionResult:
    """The result of a collection. `contents` must equal the contents after a collection without faults.

    `paid` are the credits that the source counted, and `spent` those that the installation counted.
    """

    day: date
    seconds: float
    contents: dict[str, dict[Any, Any]]
    differing_days: list[date]
    new: int
    credits: int
    jobs_by_role: dict[str, int]
    pages: int
    repeated_pages: int
    paid: int
    spent: int


@dataclass(kw_only=True)
class Outcome:
    """A trial's row in the table. `violations` lists violated guarantees, and `notes` lists other observations."""

    number: int
    faults: list[str] = field(default_factory=list)
    seconds: float = 0
    postings: int | None = None
    overpaid_credits: int = 0
    spent_minus_paid: int = 0
    repeated_pages: int = 0
    died: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def list_cells(self) -> list[object]:
        """Return the cells of the table row."""
        collected = (self.postings, self.overpaid_credits, self.spent_minus_paid, self.repeated_pages)
        return [
            *(self.number, "; ".join(self.faults) or "none", f"{self.seconds:.0f}"),
            *(collected if self.postings is not None else [""] * len(collected)),
            *("; ".join(self.list_violations()) or "none", "; ".join(self.notes)),
        ]

    def list_violations(self) -> list[str]:
        return self.violations + [f"{name} died unexpectedly" for name in self.died]


def run_trials(installation: Installation, trials: Sequence[Trial], *, lease: float, resume: bool) -> Iterator[Outcome]:
    """Run two collections without faults, then one per trial, and yield the outcomes. Number 0 has no faults.

    With `resume`, interrupted runs are resumed twice every few seconds, as two beat processes do every minute.
    """
    reference: CollectionResult | None = None
    for trial in trials:
        while True:
            if reference is None or reference.day != datetime.now(UTC).date():
                reference, _ = collect(installation, trial=WITHOUT_FAULTS, pages=0, lease=lease, resume=False)
                repetition, faults = collect(installation, trial=WITHOUT_FAULTS, pages=0, lease=lease, resume=False)
                outcome = compare(0, repetition, reference, faults)
                outcome.notes.append(
                    f"{len(reference.contents['daily stats'])} rows of daily stats, {reference.pages} pages, "
                    f"{reference.paid} credits"
                )
                yield outcome
            try:
                result, faults = collect(installation, trial=trial, pages=reference.pages, lease=lease, resume=resume)
            except (TimeoutError, PyMongoError, RedisError) as error:
                violations = [f"{type(error).__name__}: {error}"]
                yield Outcome(number=trial.number, faults=list(trial.kinds), violations=violations)
                installation.restart()
                break
            # All windows move at midnight, so a new reference is needed.
            if reference.day == datetime.now(UTC).date():
                yield compare(trial.number, result, reference, faults)
                break


def collect(
    installation: Installation, *, trial: Trial, pages: int, lease: float, resume: bool
) -> tuple[CollectionResult, Faults]:
    """Collect into an empty database while injecting the trial's faults.

    The first fault occurs within the first `pages` pages, the number of a collection without faults.

    Raises:
        TimeoutError: The run does not end.
    """
    from ingestion.documents import OPEN_RUN_STATUSES
    from ingestion.runs import start_run
    from ingestion.tasks import queue_run

    rng = random.Random(trial.seed)
    faults = Faults(installation, rng=rng, lease_seconds=lease)
    installation.clear()
    installation.wait_until_ready()
    installation.source.script_faults([{"delay_seconds": RESPONSE_DELAY_SECONDS, "next": 100_000}])
    now = datetime.now(UTC)
    run = start_run(
        trigger="command",
        roles=ROLES,
        places=PLACES,
        max_age_days=MAX_AGE_DAYS,
        per_role_limit=ROLE_LIMIT,
        now=now,
    )
    queue_run(run=run)
    started_at = resumed_at = time.monotonic()
    kinds = list(trial.kinds)
    # Up to two pages before the end, so that some pages are not stored yet and the stats are not refreshed.
    fault_pages = sorted(rng.randint(1, max(1, pages - 2)) for _ in kinds)
    next_fault_deadline = float("inf")
    deadline = started_at + 2 * lease + 300
    while True:
        if kinds and (
            len(_list_successful_requests(installation)) >= fault_pages[0] or time.monotonic() > next_fault_deadline
        ):
            time.sleep(rng.uniform(0, 0.3))
            faults.inject(kinds.pop(0))
            faults.descriptions[-1] += f" @page {len(_list_successful_requests(installation))}"
            fault_pages.pop(0)
            next_fault_deadline = time.monotonic() + MAX_FAULT_INTERVAL_SECONDS
        are_faults_over = faults.end_due_faults()
        if resume and installation.valkey.is_up and time.monotonic() > resumed_at + RESUME_INTERVAL_SECONDS:
            _resume_runs_twice()
            resumed_at = time.monotonic()
        if not kinds and are_faults_over and run.reload().status not in OPEN_RUN_STATUSES:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"the run still has the status {run.reload().status} after {deadline - started_at:.0f} s"
            )
        time.sleep(0.05 if kinds else 0.2)
    _refresh_until_clean()
    seconds = time.monotonic() - started_at
    if trial.kinds:
        time.sleep(SETTLE_SECONDS)
        _refresh_until_clean()
        faults.end_due_faults()
    return _read_result(installation, run.pk, seconds, now.date()), faults


def _list_successful_requests(installation: Installation) -> list[Any]:
    from ingestion.sources.theirstack.fake.conditions import SEARCH_PATH

    return [
        request for request in installation.source.requests if request.path == SEARCH_PATH and request.status == 200
    ]


def _resume_runs_twice() -> None:
    from kombu.exceptions import OperationalError

    from career_navigator.celery import app

    for _ in range(2):
        try:
            app.send_task("ingestion.tasks.resume_runs", retry=False)
        except OperationalError:
            return  # Redis has just been killed. The next round tries again.


def _refresh_until_clean() -> None:
    """Refresh the stats, as beat does every 15 minutes, until only markers of killed writers are left."""
    from career_navigator.db.connection import database
    from market.refresh import refresh_stats

    def is_clean() -> bool:
        try:
            refresh_stats(now=datetime.now(UTC))
        except RedisError:
            return False  # beat is refreshing at the same time
        return not database().dirty_days.count_documents({"writers": {"$in": [None, {}]}})

    wait_until(is_clean, condition_name="the daily stats are up to date", seconds=300)


def _read_result(installation: Installation, run_id: Any, seconds: float, day: date) -> CollectionResult:
    from career_navigator.db.connection import database
    from market.refresh import check_stats

    def get_trends(days: int) -> Any:
        path = f"/market/trending?days={days}"
        response = wait_until(lambda: installation.get(path), condition_name=f"{path} responds")
        return {name: value for name, value in response.items() if name != "generated_at"}

    def count_jobs(document: dict[str, Any]) -> int:
        return sum(document.get(name, 0) for name in COUNT_FIELDS)

    run = next(database().collection_runs.find({"_id": run_id}))
    contents = {
        "postings": _load_rows("job_postings", "source", "job_id"),
        "daily stats": _load_rows("market_figures", "scope", "day"),
        "trends": {days: get_trends(days) for days in WINDOWS},
        "run": {name: run.get(name) for name in COMPARED_FIELDS} | {"jobs": count_jobs(run)},
        "searches": {
            (search["role"], search["place"]): {name: search.get(name) for name in (*COMPARED_FIELDS, "limit")}
            | {"jobs": count_jobs(search)}
            for search in run["searches"]
        },
    }
    # Markers of killed writers remain for minutes, and the check skips marked days.
    database().dirty_days.delete_many({})
    requests = _list_successful_requests(installation)
    pages = {orjson.dumps(request.payload, option=orjson.OPT_SORT_KEYS): request for request in requests}
    delivered, recorded_credits = Counter[str](), Counter[str]()
    for request in pages.values():
        delivered[request.payload["job_title_or"][0]] += request.rows
    for search in run["searches"]:
        recorded_credits[search["role"]] += search.get("credits", 0)
    return CollectionResult(
        day=day,
        seconds=seconds,
        contents=contents,
        differing_days=check_stats().differing,
        new=run.get("collected", 0),
        credits=run.get("credits", 0),
        jobs_by_role=dict(delivered | recorded_credits),
        pages=len(pages),
        repeated_pages=len(requests) - len(pages),
        paid=installation.source.credits_used,
        spent=sum(month["spent"] for month in database().credit_months.find()),
    )


def _load_rows(collection: str, *key_fields: str) -> dict[Any, dict[str, Any]]:
    from career_navigator.db.connection import database

    return {
        tuple(row.get(name) for name in key_fields): {
            name: sorted(value) if name in UNORDERED_FIELDS else value
            for name, value in row.items()
            if name not in IGNORED_FIELDS
        }
        for row in database()[collection].find()
    }


def compare(number: int, result: CollectionResult, reference: CollectionResult, faults: Faults) -> Outcome:
    """Return the outcome of a trial compared with a collection without faults."""
    outcome = Outcome(
        number=number,
        faults=faults.descriptions,
        seconds=result.seconds,
        postings=len(result.contents["postings"]),
        overpaid_credits=result.paid - reference.paid,
        spent_minus_paid=result.spent - result.paid,
        repeated_pages=result.repeated_pages,
        died=faults.died,
    )
    for name, rows in reference.contents.items():
        outcome.violations += _compare_rows(name, result.contents[name], rows)
    if result.differing_days:
        outcome.violations.append(f"a recount differs on {len(result.differing_days)} days")
    for role, count in result.jobs_by_role.items():
        if count > ROLE_LIMIT:
            outcome.violations.append(f"{role}: {count} postings exceed the limit of {ROLE_LIMIT}")
    if result.spent < result.paid:
        outcome.violations.append(f"counted {result.spent} of {result.paid} paid credits")
    # A page that was fetched twice can count twice in the run's credits, because it was paid for twice.
    if not reference.credits <= result.credits <= result.spent:
        outcome.violations.append(f"run credits {reference.credits} -> {result.credits}")
    # A page that was stored but not recorded is fetched again. Its postings then count as unchanged, and none is lost.
    if result.new != reference.new:
        outcome.notes.append(f"run's new postings {reference.new} -> {result.new}")
    return outcome


def _compare_rows(contents_name: str, result: dict[Any, Any], reference: dict[Any, Any]) -> list[str]:
    missing, extra = reference.keys() - result.keys(), result.keys() - reference.keys()
    changed = [key for key in reference.keys() & result.keys() if reference[key] != result[key]]
    parts = [f"{len(keys)} {status}" for keys, status in ((missing, "missing"), (extra, "extra")) if keys]
    if 0 < len(changed) <= MAX_SHOWN:
        for key in sorted(changed, key=str):
            name = ", ".join(map(str, key)) if isinstance(key, tuple) else key
            parts.append(f"{name}: {_describe_change(result[key], reference[key])}")
    elif changed:
        parts.append(f"{len(changed)} changed")
    return [f"{contents_name}: {', '.join(parts)}"] if parts else []


def _describe_change(result: Any, reference: Any) -> str:
    if not isinstance(result, dict):
        return f"{reference} -> {result}"
    names = [name for name in reference.keys() | result.keys() if reference.get(name) != result.get(name)]
    if len(names) > MAX_SHOWN:
        return f"{len(names)} fields"
    changes = {name: f"{name} {reference.get(name)} -> {result.get(name)}" for name in sorted(names)}
    return ", ".join(text if len(text) <= MAX_SHOWN_CHARACTERS else name for name, text in changes.items())
