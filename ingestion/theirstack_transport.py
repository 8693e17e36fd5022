"""How a call to TheirStack travels: its turn, its time limits and its retries.

The key travels in one header and is shown nowhere: in no log, no exception, no repr, no crash report.
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
from ingestion.theirstack_errors import (
    TheirStackClientError,
    TheirStackConfigurationError,
    TheirStackRetryableError,
    TheirStackUnexpectedAnswerError,
    build_error,
    get_exhausted_seconds,
    get_retry_after_seconds,
)

logger = logging.getLogger(__name__)

# A longer wait is the queue's business: a worker that sleeps is a worker fewer.
MAX_SLEEP_SECONDS = 60.0
MAX_BACKOFF_SECONDS = 10.0
MAX_CONNECT_SECONDS = 10.0
# A page of 500 jobs with the longest company lists seen stays below; past it a worker's memory is at stake.
MAX_BODY_BYTES = 64 * 1024 * 1024
# An answer that has begun to arrive is paid for, so it may end this much after the call's time is over. A process that
# was stopped meanwhile finds it in its socket when it goes on.
READ_GRACE_SECONDS = 1.0
# A search is paid for once its answer is on the way. A broken connection leaves no other way to its jobs than
# asking again, now or in the next run, so it counts as a network fault. A whole answer that is not JSON may be
# one proxy's hiccup, but it may also come back each time at a page's price: it is asked for again just once.
UNREADABLE_ANSWERS = 2


@dataclass(slots=True, kw_only=True)
class _Call:
    """One call and what became of it so far; `deadline` is on the transport's clock.

    `lost` counts the attempts that may have been charged although their answer was lost.
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
    """Sends JSON and brings back a JSON object, or raises a TheirStackClientError.

    `timeout` bounds, in seconds, the connecting and each silence of the server; `total_seconds` a whole call with
    its waits and retries. `sleep`, `clock` and `uniform` are for tests.
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
        self._key = Unshown(check_key(api_key))
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
        """Give the connections back; a session that was passed in stays its owner's."""
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
        """The answer's object, and how often the request was sent for it.

        `before_sending` is called with the number of lost attempts before each one; what it raises ends the call.
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
            stop=partial(self._is_over, call),
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
            answer = self._answer_to(call)
        except TheirStackClientError as error:
            call.lost += call.may_be_charged
            took = (self._clock() - started) * 1000
            logger.warning(
                "%s %s: %s (%s), %d ms", call.method, call.path, error.status or "no answer", error.reason, took
            )
            raise
        jobs = answer.get("data")
        logger.info(
            "%s %s: 200, %s jobs, %d ms",
            call.method,
            call.path,
            len(jobs) if isinstance(jobs, list) else "no",
            (self._clock() - started) * 1000,
        )
        return answer

    def _take_turn(self, call: _Call) -> None:
        """Wait for this call's turn among all workers; waits that are too long are the caller's to arrange."""
        try:
            while (wait := self._pacing.acquire()) > 0:
                if wait > MAX_SLEEP_SECONDS or self._clock() + wait > call.deadline:
                    raise TheirStackRetryableError(
                        "rate_limited",
                        f"The rate limit allows the next call in {wait:.0f} s.",
                        retry_after_seconds=wait,
                    )
                self._sleep(wait)
        except PacingUnavailable as error:
            raise TheirStackRetryableError(error.reason, str(error)) from error

    def _answer_to(self, call: _Call) -> dict[str, Any]:
        status, headers, body = self._send(call)
        # Only an answer that holds data is charged.
        call.may_be_charged = status == 200
        now = datetime.now(UTC)
        exhausted = get_exhausted_seconds(headers=headers, now=now)
        retry_after = get_retry_after_seconds(headers=headers, now=now) if status >= 429 else None
        if status == 429:
            retry_after = max(retry_after or 0.0, exhausted or 0.0) or None
        self._pause_others(retry_after if status == 429 else exhausted)
        if status != 200:
            raise build_error(status=status, body=body, retry_after_seconds=retry_after, secret=self._key)
        return self._object_in(body, call)

    def _pause_others(self, seconds: float | None) -> None:
        try:
            self._pacing.pause(seconds=seconds or 0.0)
        except PacingUnavailable as error:
            # The answer in hand may have been paid for: keep it. The next call finds out by itself.
            logger.warning("The wait of %s s could not be shared: %s", seconds, error)

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
            raise self._fault(error, call) from error

    def _fault(self, error: requests.RequestException, call: _Call) -> TheirStackClientError:
        name = type(error).__name__
        match error:
            case requests.Timeout():
                return TheirStackRetryableError("timeout", f"TheirStack did not answer in time ({name}).")
            case requests.exceptions.ContentDecodingError():
                return self._unreadable_answer(call, "cannot be decompressed")
            case requests.ConnectionError() | requests.exceptions.ChunkedEncodingError():
                return TheirStackRetryableError("network", f"The connection to TheirStack failed ({name}).")
            case _:
                return TheirStackClientError("cannot_send", f"The request cannot be sent ({name}).")

    def _read(self, response: requests.Response, *, seconds: float) -> bytes:
        """The body. A server that sends a byte now and then never times out, so a timer ends the reading."""
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
                        f"The answer is larger than {MAX_BODY_BYTES} bytes: ask for smaller pages.",
                        status=response.status_code,
                    )
        except (requests.RequestException, ValueError) as error:
            # Once the timer has closed the socket, it shows as any of several errors.
            if expired.is_set():
                raise requests.Timeout("the answer took too long") from error
            raise
        finally:
            ended.set()
            timer.cancel()
        if expired.is_set():
            raise requests.Timeout("the answer took too long")
        return bytes(body)

    def _object_in(self, body: bytes, call: _Call) -> dict[str, Any]:
        try:
            # A stray byte in one advert must not cost the page.
            answer = json.loads(body.decode("utf-8-sig", errors="replace"))
        except (ValueError, RecursionError) as error:
            raise self._unreadable_answer(call, "is not JSON") from error
        if not isinstance(answer, dict):
            raise TheirStackUnexpectedAnswerError(
                "unexpected_answer", f"The answer to {call.path} is not an object.", status=200
            )
        return answer

    def _unreadable_answer(self, call: _Call, what: str) -> TheirStackRetryableError:
        call.unreadable += 1
        return TheirStackRetryableError("unreadable_answer", f"The answer to {call.path} {what}.", status=200)

    def _wait_before_retry(self, state: RetryCallState) -> float:
        """What the answer asked for, and up to a second more so that not all come back at once; else the backoff:
        1, 2, 4, 8, 10 s, shortened at random by up to a half."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TheirStackRetryableError) and error.retry_after_seconds:
            return error.retry_after_seconds + self._uniform(0.0, 1.0)
        longest = min(2.0 ** (state.attempt_number - 1), MAX_BACKOFF_SECONDS)
        return self._uniform(longest / 2, longest)

    def _is_over(self, call: _Call, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_seconds if isinstance(error, TheirStackRetryableError) else None
        return (
            state.attempt_number > self._max_retries
            or call.unreadable >= UNREADABLE_ANSWERS
            or (asked or 0.0) > MAX_SLEEP_SECONDS
            or self._clock() + state.upcoming_sleep > call.deadline
        )


def _was_never_sent(error: requests.RequestException) -> bool:
    """Whether no connection was made, or no request could be built: any other failure may come after the sending."""
    if isinstance(error, requests.ConnectTimeout | ValueError):  # ValueError: an address or a header that cannot be one
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
        # The reading ended at this very moment, and with it the socket: nothing is left to stop.
        logger.debug("The answer was complete when its time was over.")


class Unshown(str):
    """Text that a traceback with local variables, or a dump of an object, does not give away."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class BearerKey(AuthBase):
    """Sets the header as `auth`, so that a netrc entry for the host cannot take the header's place."""

    def __init__(self, *, api_key: str) -> None:
        self._header = Unshown(f"Bearer {api_key}")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


def forget_request(error: requests.RequestException) -> None:
    """Keep what the libraries say and drop what they hold: the request, and the frames it was sent from.

    Both have the key in them, where a crash report that lists local variables would find it.
    """
    error.request = error.response = None
    chain: list[BaseException | None] = [error]
    while chain:
        link = chain.pop()
        if link is not None and link.__traceback__ is not None:  # None: this link was met before
            link.__traceback__ = None
            chain += [link.__cause__, link.__context__]


def check_base_url(base_url: str) -> str:
    """The address without a final slash; TheirStackConfigurationError when it cannot be one or holds a secret."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise TheirStackConfigurationError(
            "bad_base_url", "THEIR_STACK_BASE_URL has to be an http or https address without user and query."
        )
    return base_url.rstrip("/")


def check_key(api_key: str) -> str:
    """The key; TheirStackConfigurationError when there is none or no header could carry it."""
    if not api_key:
        raise TheirStackConfigurationError("no_api_key", "THEIR_STACK_API_KEY is not set.")
    # What is checked here cannot end up in an exception of the libraries below, which show a header they refuse.
    if not re.fullmatch(r"[\x21-\x7e]+", api_key):
        raise TheirStackConfigurationError(
            "bad_api_key", "THEIR_STACK_API_KEY has white space or characters in it that no key has."
        )
    return api_key
