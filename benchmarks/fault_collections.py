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

# More roles than the four processes can collect concurrently, so that one of them is idle in the second half of a run.
ROLES = (
    *("Software Engineer", "Data Scientist", "DevOps Engineer", "Frontend Developer", "Backend Developer"),
    *("Machine Learning Engineer", "Product Manager"),
)
PLACES = ("United States", "Remote")
ROLE_LIMIT = 100
MAX_AGE_DAYS = 60
WINDOWS = (1, 7, 14, 30, 60, 90, 180, 365)
ANSWER_SECONDS = 0.25
RESUME_EVERY_SECONDS = 3
# Longest wait between two faults. The second one usually waits for its page.
MAX_FAULT_INTERVAL_SECONDS = 8
# Time in which a resumed process could still make an erroneous late write.
SETTLE_SECONDS = 3
# Fields that depend on the time of a run, the order of its roles or the process that wrote a row.
INCIDENTAL = {
    "copy_of",
    *("_id", "scraped_at", "updated_at", "computed_at", "search_keywords", "search_location"),
    *("writer", "before"),
}
UNORDERED = {"roles", "search_roles"}
KINDS = Faults.KINDS
RECORDED = ("status", "error", "pages", "filtered", "refused")
COUNTS = ("collected", "updated", "unchanged")
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
class Collected:
    """The outcome of a collection. `contents` must equal that of an undisturbed one. `paid` is the source's count."""

    day: date
    seconds: float
    contents: dict[str, dict[Any, Any]]
    differing_days: list[date]
    new: int
    credits: int
    jobs_by_role: dict[str, int]
    pages: int
    pages_asked_twice: int
    paid: int
    spent: int


@dataclass(kw_only=True)
class Outcome:
    """A trial's row in the table. `broken` lists violated guarantees, `notes` other observations."""

    number: int
    faults: list[str] = field(default_factory=list)
    seconds: float = 0
    postings: int | None = None
    paid_over: int = 0
    spent_over_paid: int = 0
    pages_asked_twice: int = 0
    died: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def list_cells(self) -> list[object]:
        """Return the cells of the table row."""
        collected = (self.postings, self.paid_over, self.spent_over_paid, self.pages_asked_twice)
        return [
            *(self.number, "; ".join(self.faults) or "undisturbed", f"{self.seconds:.0f}"),
            *(collected if self.postings is not None else [""] * len(collected)),
            *("; ".join(self.list_broken()) or "none", "; ".join(self.notes)),
        ]

    def list_broken(self) -> list[str]:
        return self.broken + [f"{name} died unexpectedly" for name in self.died]


def run_trials(installation: Installation, trials: Sequence[Trial], *, lease: float, resume: bool) -> Iterator[Outcome]:
    """Run two collections without faults, then one per trial, and yield the outcomes. The undisturbed one is number 0.

    With `resume`, interrupted runs are resumed every few seconds by two processes, as two beats do every minute.
    """
    reference: Collected | None = None
    for trial in trials:
        while True:
            if reference is None or reference.day != datetime.now(UTC).date():
                reference, _ = collect(installation, trial=WITHOUT_FAULTS, pages=0, lease=lease, resume=False)
                again, faults = collect(installation, trial=WITHOUT_FAULTS, pages=0, lease=lease, resume=False)
                outcome = compare(0, again, reference, faults)
                outcome.notes.append(
                    f"{len(reference.contents['daily stats'])} rows of daily stats, {reference.pages} pages, "
                    f"{reference.paid} credits"
                )
                yield outcome
            try:
                found, faults = collect(installation, trial=trial, pages=reference.pages, lease=lease, resume=resume)
            except (TimeoutError, PyMongoError, RedisError) as error:
                broken = [f"{type(error).__name__}: {error}"]
                yield Outcome(number=trial.number, faults=list(trial.kinds), broken=broken)
                installation.restart()
                break
            # All windows move at midnight, so a new reference is needed.
            if reference.day == datetime.now(UTC).date():
                yield compare(trial.number, found, reference, faults)
                break


def collect(
    installation: Installation, *, trial: Trial, pages: int, lease: float, resume: bool
) -> tuple[Collected, Faults]:
    """Collect into an empty database while injecting the trial's faults.

    The first fault occurs within the `pages` of an undisturbed run.

    Raises:
        TimeoutError: The run does not end.
    """
    from ingestion.documents import OPEN_RUN_STATUSES
    from ingestion.runs import start_run
    from ingestion.tasks import queue_run

    rng = random.Random(trial.seed)
    faults = Faults(installation, rng=rng, lease_seconds=lease)
    installation.empty()
    installation.wait_until_ready()
    installation.source.script_faults([{"delay_seconds": ANSWER_SECONDS, "next": 100_000}])
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
    began = resumed = time.monotonic()
    kinds = list(trial.kinds)
    # Two pages before the end, some pages are not stored yet, and the stats are not refreshed.
    moments = sorted(rng.randint(1, max(1, pages - 2)) for _ in kinds)
    latest = float("inf")
    give_up_at = began + 2 * lease + 300
    while True:
        if kinds and (len(_list_answered(installation)) >= moments[0] or time.monotonic() > latest):
            time.sleep(rng.uniform(0, 0.3))
            faults.make(kinds.pop(0))
            faults.said[-1] += f" @page {len(_list_answered(installation))}"
            moments.pop(0)
            latest = time.monotonic() + MAX_FAULT_INTERVAL_SECONDS
        all_ended = faults.follow()
        if resume and installation.valkey.is_up and time.monotonic() > resumed + RESUME_EVERY_SECONDS:
            _resume_twice()
            resumed = time.monotonic()
        if not kinds and all_ended and run.reload().status not in OPEN_RUN_STATUSES:
            break
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"the run is {run.reload().status} after {give_up_at - began:.0f} s")
        time.sleep(0.05 if kinds else 0.2)
    _refresh_until_clean()
    seconds = time.monotonic() - began
    if trial.kinds:
        time.sleep(SETTLE_SECONDS)
        _refresh_until_clean()
        faults.follow()
    return _read(installation, run.pk, seconds, now.date()), faults


def _list_answered(installation: Installation) -> list[Any]:
    from ingestion.sources.theirstack.fake.conditions import SEARCH_PATH

    return [asked for asked in installation.source.requests if asked.path == SEARCH_PATH and asked.status == 200]


def _resume_twice() -> None:
    from kombu.exceptions import OperationalError

    from career_navigator.celery import app

    for _ in range(2):
        try:
            app.send_task("ingestion.tasks.resume_runs", retry=False)
        except OperationalError:
            return  # Redis has just been killed, the next round tries again


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

    wait_until(is_clean, what="the daily stats are up to date", seconds=300)


def _read(installation: Installation, run_id: Any, seconds: float, day: date) -> Collected:
    from career_navigator.db.connection import database
    from market.refresh import check_stats

    def get_trends(days: int) -> Any:
        path = f"/market/trending?days={days}"
        answer = wait_until(lambda: installation.get(path), what=f"{path} is answered")
        return {name: value for name, value in answer.items() if name != "generated_at"}

    def count_jobs(document: dict[str, Any]) -> int:
        return sum(document.get(name, 0) for name in COUNTS)

    run = next(database().collection_runs.find({"_id": run_id}))
    contents = {
        "postings": _rows("job_postings", "source", "job_id"),
        "daily stats": _rows("market_figures", "scope", "day"),
        "trends": {days: get_trends(days) for days in WINDOWS},
        "run": {name: run.get(name) for name in RECORDED} | {"jobs": count_jobs(run)},
        "searches": {
            (search["role"], search["place"]): {name: search.get(name) for name in (*RECORDED, "limit")}
            | {"jobs": count_jobs(search)}
            for search in run["searches"]
        },
    }
    # Markers of killed writers remain for minutes, and the check skips marked days.
    database().dirty_days.delete_many({})
    answered = _list_answered(installation)
    pages = {orjson.dumps(asked.payload, option=orjson.OPT_SORT_KEYS): asked for asked in answered}
    asked_for, recorded = Counter[str](), Counter[str]()
    for asked in pages.values():
        asked_for[asked.payload["job_title_or"][0]] += asked.rows
    for search in run["searches"]:
        recorded[search["role"]] += search.get("credits", 0)
    return Collected(
        day=day,
        seconds=seconds,
        contents=contents,
        differing_days=check_stats().differing,
        new=run.get("collected", 0),
        credits=run.get("credits", 0),
        jobs_by_role=dict(asked_for | recorded),
        pages=len(pages),
        pages_asked_twice=len(answered) - len(pages),
        paid=installation.source.credits_used,
        spent=sum(month["spent"] for month in database().credit_months.find()),
    )


def _rows(collection: str, *key: str) -> dict[Any, dict[str, Any]]:
    from career_navigator.db.connection import database

    return {
        tuple(row.get(name) for name in key): {
            name: sorted(value) if name in UNORDERED else value for name, value in row.items() if name not in INCIDENTAL
        }
        for row in database()[collection].find()
    }


def compare(number: int, found: Collected, reference: Collected, faults: Faults) -> Outcome:
    """Return the outcome of a trial compared with an undisturbed collection."""
    outcome = Outcome(
        number=number,
        faults=faults.said,
        seconds=found.seconds,
        postings=len(found.contents["postings"]),
        paid_over=found.paid - reference.paid,
        spent_over_paid=found.spent - found.paid,
        pages_asked_twice=found.pages_asked_twice,
        died=faults.died,
    )
    for what, rows in reference.contents.items():
        outcome.broken += _compare_rows(what, found.contents[what], rows)
    if found.differing_days:
        outcome.broken.append(f"a recount differs on {len(found.differing_days)} days")
    for role, count in found.jobs_by_role.items():
        if count > ROLE_LIMIT:
            outcome.broken.append(f"{role}: {count} for {ROLE_LIMIT}")
    if found.spent < found.paid:
        outcome.broken.append(f"spent {found.spent} of {found.paid} paid")
    # A page that was fetched twice can count twice in the run's credits, because it was paid for twice.
    if not reference.credits <= found.credits <= found.spent:
        outcome.broken.append(f"run credits {reference.credits} -> {found.credits}")
    # A page that was stored but not recorded is fetched again, and its postings then count as unchanged. None is lost.
    if found.new != reference.new:
        outcome.notes.append(f"run's new postings {reference.new} -> {found.new}")
    return outcome


def _compare_rows(what: str, found: dict[Any, Any], reference: dict[Any, Any]) -> list[str]:
    missing, extra = reference.keys() - found.keys(), found.keys() - reference.keys()
    changed = [key for key in reference.keys() & found.keys() if reference[key] != found[key]]
    said = [f"{len(keys)} {how}" for keys, how in ((missing, "missing"), (extra, "extra")) if keys]
    if 0 < len(changed) <= MAX_SHOWN:
        for key in sorted(changed, key=str):
            name = ", ".join(map(str, key)) if isinstance(key, tuple) else key
            said.append(f"{name}: {_tell_change(found[key], reference[key])}")
    elif changed:
        said.append(f"{len(changed)} changed")
    return [f"{what}: {', '.join(said)}"] if said else []


def _tell_change(found: Any, reference: Any) -> str:
    if not isinstance(found, dict):
        return f"{reference} -> {found}"
    names = [name for name in reference.keys() | found.keys() if reference.get(name) != found.get(name)]
    if len(names) > MAX_SHOWN:
        return f"{len(names)} fields"
    changes = {name: f"{name} {reference.get(name)} -> {found.get(name)}" for name in sorted(names)}
    return ", ".join(text if len(text) <= MAX_SHOWN_CHARACTERS else name for name, text in changes.items())
