"""HTTP transport to TheirStack: pacing, timeouts and retries.

The API key is sent in a single header and never appears in logs, exceptions, reprs or crash reports.
"""

import json
import logging
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from ingestion.request_pacing import Pacing, PacingUnavailable
from ingestion.sources.theirstack.errors import (
    TheirStackClientError,
    TheirStackConfigurationError,
    TheirStackRetryableError,
    TheirStackUnexpectedAnswerError,
    build_error,
    get_exhausted_seconds,
    get_retry_after_seconds,
)

logger = logging.getLogger(__name__)

# Longer waits are left to the task queue, because a sleeping worker cannot process other tasks.
MAX_SLEEP_SECONDS = 60.0
MAX_BACKOFF_SECONDS = 10.0
MAX_CONNECT_SECONDS = 10.0
# A page of 500 jobs with the longest company lists seen is smaller. Larger responses would exhaust a worker's memory.
MAX_BODY_BYTES = 64 * 1024 * 1024
# A response that has begun to arrive is charged, so it may finish this long after the call's deadline. A process that
# was suspended meanwhile finds the response in its socket when it continues.
READ_GRACE_SECONDS = 1.0
# A search is charged once its response is on the way. After a broken connection, the only way to its jobs is to request
# them again, now or in the next run, so a broken connection counts as a network fault. A complete response that is not
# JSON may be a proxy's temporary fault. But it may also recur, and each retry can cost a page, so it is retried once.
MAX_UNREADABLE_RESPONSES = 2


@dataclass(slots=True, kw_only=True)
class _Call:
    """A call and its progress so far. `deadline` is a time of the transport's clock.

    `lost` counts the attempts that may have been charged although their response was lost.
    """

    method: str
    path: str
    body: bytes | None
    deadline: float
    before_sending: Callable[[int], None] | None = None
    sent: int = 0
    lost: int = 0
    may_be_charged: bool = False
    unreadable: int = 0


class TheirStackTransport:
    """HTTP transport that sends JSON and returns JSON objects, with pacing and retries.

    `timeout` limits, in seconds, connecting and each wait for data. `total_seconds` limits a whole call including its
    waits and retries. `sleep`, `clock` and `uniform` are for tests.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        timeout: float,
        max_retries: int,
        pacing: Pacing,
        session: requests.Session | None = None,
        user_agent: str,
        total_seconds: float,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] | None = None,
    ) -> None:
        self._key = Secret(check_key(api_key))
        self.base_url = check_base_url(base_url)
        self._auth = BearerKey(api_key=self._key)
        self._timeout = (min(timeout, MAX_CONNECT_SECONDS), timeout)
        self._max_retries = max_retries
        self._pacing = pacing
        self._owns_session = session is None
        self._session = requests.Session() if session is None else session
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": user_agent,
        }
        self._total_seconds = total_seconds
        self._sleep = sleep
        self._clock = clock
        self._uniform = uniform or random.SystemRandom().uniform

    def close(self) -> None:
        """Close the session, unless the caller passed it in."""
        if self._owns_session:
            self._session.close()

    def call(
        self,
        *,
        method: str,
        path: str,
        body: bytes | None = None,
        before_sending: Callable[[int], None] | None = None,
    ) -> tuple[dict[str, Any], int]:
        """Send a request and return the response's object, and how often the request was sent.

        `before_sending` is called before each attempt with the number of lost attempts. An exception that it raises
        ends the call. Raises `TheirStackClientError`.
        """
        call = _Call(
            method=method,
            path=path,
            body=body,
            deadline=self._clock() + self._total_seconds,
            before_sending=before_sending,
        )
        retrying = Retrying(
            sleep=self._sleep,
            retry=retry_if_exception_type(TheirStackRetryableError),
            wait=self._wait_before_retry,
            stop=partial(self._should_stop, call),
            reraise=True,
        )
        try:
            return retrying(self._attempt, call), call.sent
        except TheirStackClientError as error:
            error.lost_attempts = call.lost
            raise

    def _attempt(self, call: _Call) -> dict[str, Any]:
        self._take_turn(call)
        if call.before_sending:
            call.before_sending(call.lost)
        call.sent += 1
        call.may_be_charged = True
        started = self._clock()
        try:
            content = self._get_content(call)
        except TheirStackClientError as error:
            call.lost += call.may_be_charged
            took = (self._clock() - started) * 1000
            logger.warning(
                "%s %s: %s (%s), %d ms", call.method, call.path, error.status or "no response", error.reason, took
            )
            raise
        jobs = content.get("data")
        logger.info(
            "%s %s: 200, %s jobs, %d ms",
            call.method,
            call.path,
            len(jobs) if isinstance(jobs, list) else "no",
            (self._clock() - started) * 1000,
        )
        return content

    def _take_turn(self, call: _Call) -> None:
        """Wait for this call's turn among all workers. Waits that are too long are left to the caller."""
        try:
            while (wait := self._pacing.acquire()) > 0:
                if wait > MAX_SLEEP_SECONDS or self._clock() + wait > call.deadline:
                    raise TheirStackRetryableError(
                        "rate_limited",
                        f"The rate limit allows the next request in {wait:.0f} s.",
                        retry_after_seconds=wait,
                    )
                self._sleep(wait)
        except PacingUnavailable as error:
            raise TheirStackRetryableError(error.reason, str(error)) from error

    def _get_content(self, call: _Call) -> dict[str, Any]:
        status, headers, body = self._send(call)
        # TheirStack charges only responses that contain data.
        call.may_be_charged = status == 200
        now = datetime.now(UTC)
        exhausted = get_exhausted_seconds(headers=headers, now=now)
        retry_after = get_retry_after_seconds(headers=headers, now=now) if status >= 429 else None
        if status == 429:
            retry_after = max(retry_after or 0.0, exhausted or 0.0) or None
        self._pause_others(retry_after if status == 429 else exhausted)
        if status != 200:
            raise build_error(status=status, body=body, retry_after_seconds=retry_after, secret=self._key)
        return self._parse_object(body, call)

    def _pause_others(self, seconds: float | None) -> None:
        try:
            self._pacing.pause(seconds=seconds or 0.0)
        except PacingUnavailable as error:
            # The response in hand may have been charged, so keep it. The next call will notice the rate limit itself.
            logger.warning("cannot share the wait of %s s with other workers: %s", seconds, error)

    def _send(self, call: _Call) -> tuple[int, requests.structures.CaseInsensitiveDict[str], bytes]:
        try:
            with self._session.request(
                call.method,
                self.base_url + call.path,
                data=call.body,
                headers=self._headers,
                auth=self._auth,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._read(response, seconds=call.deadline - self._clock())
                return response.status_code, response.headers, body
        except requests.RequestException as error:
            call.may_be_charged = not _was_never_sent(error)
            forget_request(error)
            raise self._build_error(error, call) from error

    def _build_error(self, error: requests.RequestException, call: _Call) -> TheirStackClientError:
        name = type(error).__name__
        match error:
            case requests.Timeout():
                return TheirStackRetryableError("timeout", f"TheirStack did not respond in time ({name}).")
            case requests.exceptions.ContentDecodingError():
                return self._build_unreadable_error(call, "cannot be decompressed")
            case requests.ConnectionError() | requests.exceptions.ChunkedEncodingError():
                return TheirStackRetryableError("network", f"The connection to TheirStack failed ({name}).")
            case _:
                return TheirStackClientError("cannot_send", f"The request could not be sent ({name}).")

    def _read(self, response: requests.Response, *, seconds: float) -> bytes:
        """Return the body. A timer limits the total time, since a server that trickles bytes never times out."""
        expired, ended = threading.Event(), threading.Event()
        timer = threading.Timer(max(seconds, 0.0), _stop_reading, [response, expired, ended])
        timer.daemon = True
        timer.start()
        body = bytearray()
        try:
            for chunk in response.iter_content(64 * 1024):
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise TheirStackUnexpectedAnswerError(
                        "answer_too_large",
                        f"The response is larger than {MAX_BODY_BYTES} bytes. Request smaller pages.",
                        status=response.status_code,
                    )
        except (requests.RequestException, ValueError) as error:
            # After the timer has closed the socket, reading fails with any of several errors.
            if expired.is_set():
                raise requests.Timeout("the response took too long") from error
            raise
        finally:
            ended.set()
            timer.cancel()
        if expired.is_set():
            raise requests.Timeout("the response took too long")
        return bytes(body)

    def _parse_object(self, body: bytes, call: _Call) -> dict[str, Any]:
        try:
            # An invalid byte in one job's text must not make the whole page unreadable.
            content = json.loads(body.decode("utf-8-sig", errors="replace"))
        except (ValueError, RecursionError) as error:
            raise self._build_unreadable_error(call, "is not JSON") from error
        if not isinstance(content, dict):
            raise TheirStackUnexpectedAnswerError(
                "unexpected_answer", f"The response to {call.path} is not an object.", status=200
            )
        return content

    def _build_unreadable_error(self, call: _Call, problem: str) -> TheirStackRetryableError:
        call.unreadable += 1
        return TheirStackRetryableError("unreadable_answer", f"The response to {call.path} {problem}.", status=200)

    def _wait_before_retry(self, state: RetryCallState) -> float:
        """Return the seconds to wait before the next attempt.

        If the response asked for a wait, up to a second is added so that workers do not retry simultaneously.
        Otherwise the backoff is 1, 2, 4, 8, then 10 s, shortened at random by up to half.
        """
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TheirStackRetryableError) and error.retry_after_seconds:
            return error.retry_after_seconds + self._uniform(0.0, 1.0)
        max_backoff = min(2.0 ** (state.attempt_number - 1), MAX_BACKOFF_SECONDS)
        return self._uniform(max_backoff / 2, max_backoff)

    def _should_stop(self, call: _Call, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        retry_after = error.retry_after_seconds if isinstance(error, TheirStackRetryableError) else None
        return (
            state.attempt_number > self._max_retries
            or call.unreadable >= MAX_UNREADABLE_RESPONSES
            or (retry_after or 0.0) > MAX_SLEEP_SECONDS
            or self._clock() + state.upcoming_sleep > call.deadline
        )


def _was_never_sent(error: requests.RequestException) -> bool:
    """Return whether no connection was made or no request could be built. Other failures may occur after sending."""
    if isinstance(error, requests.ConnectTimeout | ValueError):  # ValueError: invalid URL or header
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), urllib3.exceptions.NewConnectionError)


def _stop_reading(response: requests.Response, expired: threading.Event, ended: threading.Event) -> None:
    if ended.wait(READ_GRACE_SECONDS):
        return
    expired.set()
    try:
        response.raw.shutdown()
    except (OSError, RuntimeError, ValueError, TypeError):
        # Reading has just ended and closed the socket, so there is nothing to stop.
        logger.debug("the response was complete when its time ran out")


class Secret(str):
    """A string whose repr is masked, so that tracebacks with local variables and object dumps do not reveal it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class BearerKey(AuthBase):
    """Authentication that sets the header as `auth`, so that a netrc entry for the host cannot replace it."""

    def __init__(self, *, api_key: str) -> None:
        self._header = Secret(f"Bearer {api_key}")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


def forget_request(error: requests.RequestException) -> None:
    """Remove the request and the tracebacks from an exception and its chain, and keep the messages.

    Both contain the API key, which a crash report with local variables would reveal.
    """
    error.request = error.response = None
    chain: list[BaseException | None] = [error]
    while chain:
        link = chain.pop()
        if link is not None and link.__traceback__ is not None:  # None: this exception was already cleared
            link.__traceback__ = None
            chain += [link.__cause__, link.__context__]


def check_base_url(base_url: str) -> str:
    """Return the URL without a trailing slash. Raise TheirStackConfigurationError if it is invalid or has a secret."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise TheirStackConfigurationError(
            "bad_base_url", "THEIR_STACK_BASE_URL must be an http or https URL without user name and query."
        )
    return base_url.rstrip("/")


def check_key(api_key: str) -> str:
    """Return the key. Raise TheirStackConfigurationError if the key is empty or cannot be sent in a header."""
    if not api_key:
        raise TheirStackConfigurationError("no_api_key", "THEIR_STACK_API_KEY is not set.")
    # Checked here, because the HTTP libraries quote an invalid header in their exceptions.
    if not re.fullmatch(r"[\x21-\x7e]+", api_key):
        raise TheirStackConfigurationError(
            "bad_api_key", "THEIR_STACK_API_KEY contains white space or characters that no key has."
        )
    return api_key
