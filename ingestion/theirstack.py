"""The TheirStack Jobs API: searching jobs and reading the credit balance."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from django.conf import settings

from career_navigator.db.connection import redis_client
from ingestion.request_pacing import Pacing
from ingestion.theirstack_errors import TheirStackInvalidRequestError, TheirStackUnexpectedAnswerError
from ingestion.theirstack_transport import TheirStackTransport

# What the smallest plan allows a page to hold: the size to fall back on after a TheirStackPlanLimitError.
FREE_PLAN_PAGE_SIZE = 25
POSTED_FILTERS = ("posted_at_max_age_days", "posted_at_gte", "posted_at_lte")
SEARCH_PATH = "/v1/jobs/search"
BALANCE_PATH = "/v0/billing/credit-balance"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """One page of a search. `jobs` are as the API sent them, each to be checked by `posting_from_job`.

    `total_results` is None unless asked for; `truncated_results` counts those withheld for lack of credits;
    `attempts` is how often the search was sent, lost answers included.
    """

    jobs: list[Any]
    total_results: int | None
    truncated_results: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditBalance:
    """API credits: what was allotted, and how much of it is used."""

    total: int
    used: int

    @property
    def remaining(self) -> int:
        """Credits left to spend; negative when the account is overdrawn."""
        return self.total - self.used


class TheirStackClient:
    """Use as a context manager, or call `close()`.

    Every call waits its turn with all other workers, and is retried only where asking again can help.
    """

    def __init__(self, transport: TheirStackTransport) -> None:
        self._transport = transport

    def __repr__(self) -> str:
        return f"TheirStackClient(base_url={self._transport.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back; a session that was passed in stays its owner's."""
        self._transport.close()

    def search_jobs(
        self, payload: Mapping[str, Any], *, before_sending: Callable[[int], None] | None = None
    ) -> SearchPage:
        """The page of jobs that `payload`, a body of POST /v1/jobs/search, asks for.

        `before_sending` is called before each attempt with the number of earlier ones that may have been charged
        although their answer was lost; what it raises ends the search. Raises TheirStackInvalidRequestError, without
        calling, when no `posted_at_*` filter is set; otherwise what `theirstack_errors` lists.
        """
        if all(payload.get(name) is None for name in POSTED_FILTERS):
            raise TheirStackInvalidRequestError(
                "no_posted_at_filter", f"A search has to set one of {', '.join(POSTED_FILTERS)}."
            )
        body = json.dumps(dict(payload), allow_nan=False).encode()
        answer, attempts = self._transport.call(
            method="POST", path=SEARCH_PATH, body=body, before_sending=before_sending
        )
        jobs, metadata = answer.get("data"), answer.get("metadata")
        if not isinstance(jobs, list):
            raise _unexpected("The answer to a search has no list of jobs under 'data'.")
        figures = metadata if isinstance(metadata, Mapping) else {}
        return SearchPage(
            jobs=jobs,
            total_results=_whole(figures.get("total_results")),
            truncated_results=_whole(figures.get("truncated_results")) or 0,
            attempts=attempts,
        )

    def credit_balance(self) -> CreditBalance:
        """The account's API credits; asking is free. Raises what `theirstack_errors` lists."""
        answer, _ = self._transport.call(method="GET", path=BALANCE_PATH)
        total, used = _whole(answer.get("api_credits")), _whole(answer.get("used_api_credits"))
        if total is None or used is None:
            raise _unexpected("The answer about the credit balance does not give the API credits.")
        return CreditBalance(total=total, used=used)


def build_client() -> TheirStackClient:
    """A client for the account the settings name; raises TheirStackConfigurationError when they name none."""
    key, base_url = settings.THEIR_STACK_API_KEY, settings.THEIR_STACK_BASE_URL
    # Each account has its own limits: a pause imposed on one key must not delay the next.
    account = hashlib.sha256(f"{base_url} {key}".encode()).hexdigest()[:12]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", settings.APP_NAME).strip("-") or "career-navigator"
    version = re.sub(r"[^A-Za-z0-9._-]+", "-", settings.APP_VERSION)
    transport = TheirStackTransport(
        base_url=base_url,
        api_key=key,
        timeout=settings.THEIR_STACK_TIMEOUT,
        max_retries=settings.THEIR_STACK_MAX_RETRIES,
        pacing=Pacing(
            redis=redis_client(), calls_per_minute=settings.THEIR_STACK_RATE_LIMIT, account=f"theirstack:{account}"
        ),
        user_agent=f"{name}/{version}",
        # A page that came after the lease would be fetched, and paid for, by another worker besides.
        total_seconds=max(
            settings.THEIR_STACK_TIMEOUT, settings.COLLECTION_LEASE_SECONDS - settings.THEIR_STACK_TIMEOUT
        ),
    )
    return TheirStackClient(transport)


def _whole(value: Any) -> int | None:
    """A count as JSON may write it; True is no count."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _unexpected(message: str) -> TheirStackUnexpectedAnswerError:
    return TheirStackUnexpectedAnswerError("unexpected_answer", message, status=200)
