"""Client of the TheirStack Jobs API: job search and credit balance."""

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
from ingestion.sources.theirstack.errors import TheirStackInvalidRequestError, TheirStackUnexpectedAnswerError
from ingestion.sources.theirstack.transport import TheirStackTransport

# Maximum page size of the smallest plan. Used as a fallback after a TheirStackPlanLimitError.
FREE_PLAN_PAGE_SIZE = 25
POSTED_FILTERS = ("posted_at_max_age_days", "posted_at_gte", "posted_at_lte")
SEARCH_PATH = "/v1/jobs/search"
BALANCE_PATH = "/v0/billing/credit-balance"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """One page of a search. `jobs` are the API's unvalidated objects, which `transform_job` checks.

    `total_results` is None unless it was requested. `truncated_results` counts jobs withheld for lack of credits.
    `attempts` is how often the request was sent, including attempts whose response was lost.
    """

    jobs: list[Any]
    total_results: int | None
    truncated_results: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditBalance:
    """API credits of the account: granted in total, and used so far."""

    total: int
    used: int

    @property
    def remaining(self) -> int:
        """Return the credits left, which is negative if the account is overdrawn."""
        return self.total - self.used


class TheirStackClient:
    """Client of the TheirStack API. Use it as a context manager, or call `close()`.

    All workers share the rate limit. A call is retried only if a retry can succeed.
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
        """Close the session, unless the caller passed it in."""
        self._transport.close()

    def search_jobs(
        self, payload: Mapping[str, Any], *, before_sending: Callable[[int], None] | None = None
    ) -> SearchPage:
        """Return the page of jobs for `payload`, the body of POST /v1/jobs/search.

        `before_sending` is called before each attempt with the number of earlier attempts that may have been charged
        although their response was lost. An exception that it raises ends the search.

        Raises TheirStackInvalidRequestError, without a request, if no `posted_at_*` filter is set. Other errors are in
        `theirstack_errors`.
        """
        if all(payload.get(name) is None for name in POSTED_FILTERS):
            raise TheirStackInvalidRequestError(
                "no_posted_at_filter", f"A search must set one of {', '.join(POSTED_FILTERS)}."
            )
        body = json.dumps(dict(payload), allow_nan=False).encode()
        content, attempts = self._transport.call(
            method="POST", path=SEARCH_PATH, body=body, before_sending=before_sending
        )
        jobs, metadata = content.get("data"), content.get("metadata")
        if not isinstance(jobs, list):
            raise _build_unexpected_error("The response to a search has no list of jobs in 'data'.")
        totals = metadata if isinstance(metadata, Mapping) else {}
        return SearchPage(
            jobs=jobs,
            total_results=_parse_count(totals.get("total_results")),
            truncated_results=_parse_count(totals.get("truncated_results")) or 0,
            attempts=attempts,
        )

    def get_credit_balance(self) -> CreditBalance:
        """Return the account's API credits, which is free. Errors are in `theirstack_errors`."""
        content, _ = self._transport.call(method="GET", path=BALANCE_PATH)
        total, used = _parse_count(content.get("api_credits")), _parse_count(content.get("used_api_credits"))
        if total is None or used is None:
            raise _build_unexpected_error("The response with the credit balance does not contain the API credits.")
        return CreditBalance(total=total, used=used)


def build_client() -> TheirStackClient:
    """Return a client for the account in the settings. Raises TheirStackConfigurationError if they are invalid."""
    key, base_url = settings.THEIR_STACK_API_KEY, settings.THEIR_STACK_BASE_URL
    # Rate limits are per account, so that a pause imposed on one key does not delay another key.
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
        # Calls end before the lease does. After it, another worker would also fetch and pay for the page.
        total_seconds=max(
            settings.THEIR_STACK_TIMEOUT, settings.COLLECTION_LEASE_SECONDS - settings.THEIR_STACK_TIMEOUT
        ),
    )
    return TheirStackClient(transport)


def _parse_count(value: Any) -> int | None:
    """Return a whole number as JSON may encode it, otherwise None. Booleans are not numbers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _build_unexpected_error(message: str) -> TheirStackUnexpectedAnswerError:
    return TheirStackUnexpectedAnswerError("unexpected_answer", message, status=200)
