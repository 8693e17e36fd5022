"""The stand-in's answers to requests, without the network: keys, limits, searches, faults in the content."""

import hmac
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from ingestion.stand_in.answers import (
    Answer,
    blurred,
    detail_answer,
    error_answer,
    invalid_field_answer,
    json_answer,
    page_answer,
)
from ingestion.stand_in.catalogue import Catalogue
from ingestion.stand_in.faults import SEARCH_PATH, Fault, Script
from ingestion.stand_in.filters import REQUIRED_FILTERS, NoRequiredFilter, read_search
from ingestion.stand_in.generator import generate_day
from ingestion.stand_in.plan import PLANS, Credits, PlanName, RateLimit
from ingestion.stand_in.request_fields import InvalidField
from ingestion.stand_in.technologies import technology_list

BALANCE_PATH = "/v0/billing/credit-balance"
KEYWORDS_PATH = "/v0/catalog/keywords"
_METHODS = {SEARCH_PATH: "POST", BALANCE_PATH: "GET", KEYWORDS_PATH: "GET"}
_MALFORMED = {"job_title": None, "date_posted": "not a date"}
_PREVIEW_ID = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that came in. `number` counts the requests of its path from 1; the key is never kept.

    `status` is what was answered, None when the connection was dropped.
    """

    number: int
    method: str
    path: str
    payload: Any
    at: datetime
    status: int | None
    rows: int


class StandInAPI:
    """An account of the source with its jobs. Safe to use from several threads."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        plan: PlanName,
        credits: int | None,
        api_key: str,
        rate_limited: bool,
        seed: int,
        clock: Callable[[], datetime],
    ) -> None:
        self.catalogue = catalogue
        self.script = Script()
        self.api_key = api_key
        self._plan = PLANS[plan]
        self._granted = self._plan.credits if credits is None else credits
        self._rate_limited = rate_limited
        self._seed = seed
        self._clock = clock
        self._lock = threading.RLock()
        self._added = 0
        self.reset()

    def reset(self) -> None:
        """Forget requests, faults, credits spent and calls counted; the jobs stay."""
        with self._lock:
            self.asked: list[Asked] = []
            self.credits = Credits(granted=self._granted)
            self.script.clear()
            self._numbers: Counter[str] = Counter()
            self._limit = RateLimit(self._plan.windows if self._rate_limited else ())
            self._last_rows: list[bytes] = []

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Put faults behind those that wait."""
        with self._lock:
            self.script.extend(faults)

    def advance(self, *, new: int, jobs: Iterable[Mapping[str, Any]], close: Iterable[int]) -> dict[str, int]:
        """Let time bring something: `new` generated jobs discovered now, these jobs, and the end of those.

        Returns how many of each took effect. Raises UnusableJob, ValueError.
        """
        with self._lock:
            now = self._clock()
            moment = now.strftime("%Y-%m-%dT%H:%M:%S")
            # Numbers of the day far above those that the generator gave out at the start.
            fresh = generate_day(day=now.date(), seed=self._seed, count=new, first=900_000 + self._added)
            added = self.catalogue.put([job | {"discovered_at": moment} for job in fresh])
            self._added += added
            return {
                "new": added,
                "jobs": self.catalogue.put(jobs),
                "closed": self.catalogue.close(close, at=now),
            }

    def next_fault(self, *, path: str) -> tuple[int, Fault]:
        """Count a request and return its number with what is to go wrong; a fault of nothing where all is well."""
        with self._lock:
            self._numbers[path] += 1
            number = self._numbers[path]
            return number, self.script.take(path=path, number=number) or Fault()

    def record(self, *, number: int, method: str, path: str, body: bytes, status: int | None, rows: int = 0) -> None:
        """Keep what was asked."""
        asked = Asked(
            number=number,
            method=method,
            path=path,
            payload=_payload_of(body),
            at=self._clock(),
            status=status,
            rows=rows,
        )
        with self._lock:
            self.asked.append(asked)

    def answer(self, *, method: str, path: str, query: str, body: bytes, key: str, fault: Fault) -> tuple[Answer, int]:
        """Answer a request of the API; also returns how many jobs the answer holds."""
        with self._lock:
            rows = 0
            if path not in _METHODS:
                reply = detail_answer(404, "Not Found")
            elif method != _METHODS[path]:
                reply = detail_answer(405, "Method Not Allowed")
                reply = replace(reply, headers={"Allow": _METHODS[path]})
            elif not hmac.compare_digest(key.encode(), f"Bearer {self.api_key}".encode()):
                reply = error_answer(401)
            elif path == BALANCE_PATH:
                reply = json_answer(self.credits.balance())
            elif path == KEYWORDS_PATH:
                reply = technology_list(catalogue=self.catalogue, query=query)
            else:
                reply, rows = self._limited_search(body=body, fault=fault)
            return reply, rows

    def _limited_search(self, *, body: bytes, fault: Fault) -> tuple[Answer, int]:
        moment = time.monotonic()
        rows = 0
        if not self._limit.admit(moment):
            reply = error_answer(429)
        elif fault.status is not None or fault.not_json:
            reply = error_answer(500)  # whoever spoils the answer puts another in its place; no jobs, no credits
        else:
            reply, rows = self._search(body=body, fault=fault)
        headers = self._limit.headers(moment) if self._rate_limited else {}
        return replace(reply, headers=headers), rows

    def _search(self, *, body: bytes, fault: Fault) -> tuple[Answer, int]:
        try:
            search = read_search(payload=orjson.loads(body), now=self._clock())
        except orjson.JSONDecodeError as error:
            return invalid_field_answer(field="", kind="json_invalid", message=f"JSON decode error: {error}"), 0
        except InvalidField as error:
            return invalid_field_answer(field=error.field, kind=error.kind, message=str(error)), 0
        except NoRequiredFilter:
            names = ", ".join(REQUIRED_FILTERS)
            return error_answer(422, description=f"At least one of these filters is required: {names}"), 0
        if search.limit > self._plan.largest_page:
            return error_answer(403, description=f"limit may be at most {self._plan.largest_page} on this plan"), 0
        pages = self._plan.pages_a_query
        if pages is not None and search.offset >= pages * self._plan.largest_page:
            return error_answer(403, description=f"a query has at most {pages} pages on this plan"), 0
        if not self.credits.left:
            return error_answer(402), 0
        page = self.catalogue.search(
            search.predicates, offset=search.offset, limit=search.limit, with_totals=search.with_totals
        )
        rows = [job.body for job in page.jobs]
        if fault.repeat_page:
            rows = self._last_rows
        affordable = rows[: self.credits.left]
        self._last_rows = affordable
        self.credits.used += len(affordable)
        sent = [blurred(row) for row in affordable] if search.blurred else affordable
        reply = page_answer(
            rows=_disturbed(sent, fault),
            total_results=page.total_jobs,
            total_companies=page.total_companies,
            truncated=len(rows) - len(affordable),
        )
        return reply, len(affordable)


def utc_now() -> datetime:
    """Return the time, aware."""
    return datetime.now(UTC)


def _disturbed(rows: list[bytes], fault: Fault) -> list[bytes]:
    """Return the rows with what the fault adds to them, which costs no credits."""
    before: list[bytes] = []
    if fault.malformed_row is not None and fault.malformed_row is not False:
        before.append(orjson.dumps(_MALFORMED if fault.malformed_row is True else fault.malformed_row))
    if fault.blurred_row and rows:
        before.append(blurred(rows[0], job_id=_PREVIEW_ID))
    return [*before, *rows, *rows[: fault.duplicate_rows]]


def _payload_of(body: bytes) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
