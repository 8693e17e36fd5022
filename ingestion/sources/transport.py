"""HTTP requests to free sources: robots rules, a shared pace per host, limits, retries and conditional requests."""

import hashlib
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from protego import Protego
from redis import Redis
from redis.exceptions import RedisError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from ingestion.request_pacing import Pacing, PacingUnavailable
from ingestion.sources.base import SourceResponse
from ingestion.sources.theirstack.errors import get_retry_after_seconds

logger = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
MAX_BODY_BYTES = 20 * 1024 * 1024
MAX_ATTEMPTS = 3
# A response that takes longer ends, even if data keeps arriving.
MAX_RESPONSE_SECONDS = 120.0
# Longer waits end the collection of the board. It is resumed when the wait is over.
MAX_SLEEP_SECONDS = 30.0
# A host that fails this often within the window is left alone for the pause.
MAX_FAILURES, FAILURE_WINDOW_SECONDS, HOST_PAUSE_SECONDS = 3, 600, 1_800
_ROBOTS_SECONDS = 24 * 3600
_MAX_ROBOTS_BYTES = 500 * 1024
_RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})


class SourceError(RuntimeError):
    """A request to a source failed. `reason` is a stable identifier, and the message says what happened."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BoardNotFound(SourceError):
    """The source returned 404 or 410, because the board never existed or was removed."""


class RetryableSourceError(SourceError):
    """A later attempt can succeed. `retry_after_seconds` is the wait that the source or the rate limit requires."""

    def __init__(self, reason: str, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason, message)
        self.retry_after_seconds = retry_after_seconds


@dataclass(slots=True)
class Validators:
    """What identifies a board's last response: the headers for a conditional request, and a hash of the body."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None

    def as_headers(self) -> dict[str, str]:
        """Return the headers of a conditional request."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


@dataclass(slots=True)
class PoliteSession:
    """A session of requests to one source.

    All workers share the pace of a host. `validators` belong to the first URL that is requested: boards with one page
    are not transferred again while they are unchanged. After the request they describe the new response.
    """

    redis: "Redis"
    requests_per_minute: int
    user_agent: str
    sleep: Callable[[float], None]
    validators: Validators = field(default_factory=Validators)
    _session: requests.Session = field(default_factory=requests.Session)
    _requested: int = 0

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, url: str) -> SourceResponse:
        """Return the response to a GET request, after its host's robots rules and pace allow the request.

        Raises:
            BoardNotFound: The response is 404 or 410.
            RetryableSourceError: The source, the network or Redis is unavailable.
            SourceError: Robots rules forbid the URL, or the response cannot be used.
        """
        is_first = self._requested == 0
        self._requested += 1
        self._require_allowed(url)
        retrying = Retrying(
            sleep=self.sleep,
            retry=retry_if_exception_type(RetryableSourceError),
            wait=_get_wait_seconds,
            stop=lambda state: stop_after_attempt(MAX_ATTEMPTS)(state) or state.upcoming_sleep > MAX_SLEEP_SECONDS,
            reraise=True,
        )
        try:
            status, headers, body = retrying(self._request, url, self.validators.as_headers() if is_first else {})
        except RetryableSourceError as error:
            if error.reason != PacingUnavailable.reason:
                self._count_failure(url)
            raise
        if status == 304:
            return SourceResponse(body=b"", not_modified=True)
        body_hash = hashlib.blake2b(body, digest_size=16).hexdigest()
        not_modified = is_first and body_hash == self.validators.body_hash
        if is_first:
            self.validators = Validators(headers.get("ETag"), headers.get("Last-Modified"), body_hash)
        return SourceResponse(body=body, not_modified=not_modified)

    def _request(self, url: str, conditions: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        self._take_turn(url)
        status, headers, body = self._send(url, conditions, max_bytes=MAX_BODY_BYTES)
        if status in (404, 410):
            raise BoardNotFound("not_found", f"The source returned {status}: there is no such board.")
        if status in _RETRYABLE_STATUSES:
            wait = get_retry_after_seconds(headers=headers, now=datetime.now(UTC))
            if wait and wait > MAX_SLEEP_SECONDS:
                self._pace(url).pause(seconds=wait)
            raise RetryableSourceError("unavailable", f"The source returned {status}.", retry_after_seconds=wait)
        if 300 <= status < 400 and status != 304:
            target = urlsplit(headers.get("Location", "")).hostname or "the same host"
            raise SourceError("moved", f"The source redirects to {target}. Update the board.")
        if status not in (200, 304):
            raise SourceError("unexpected_status", f"The source returned {status}.")
        return status, headers, body

    def _send(self, url: str, headers: Mapping[str, str], *, max_bytes: int) -> tuple[int, Mapping[str, str], bytes]:
        started = time.monotonic()
        try:
            with self._session.get(
                url,
                headers={"User-Agent": self.user_agent, "Accept": "application/json, application/xml", **headers},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = bytearray()
                for chunk in response.iter_content(64 * 1024):
                    body += chunk
                    if len(body) > max_bytes:
                        raise SourceError("too_large", f"The response is larger than {max_bytes:,} bytes.")
                    if time.monotonic() - started > MAX_RESPONSE_SECONDS:
                        raise RetryableSourceError("timeout", "The response took too long.")
        except requests.Timeout as error:
            raise RetryableSourceError("timeout", "The source did not respond in time.") from error
        except requests.RequestException as error:
            raise RetryableSourceError("network", f"The connection failed ({type(error).__name__}).") from error
        took = (time.monotonic() - started) * 1000
        logger.info("GET %s: %d, %d bytes, %d ms", url, response.status_code, len(body), took)
        return response.status_code, response.headers, bytes(body)

    def _take_turn(self, url: str) -> None:
        """Wait for this request's turn among all workers."""
        pace = self._pace(url)
        try:
            while (wait := pace.acquire()) > 0:
                if wait > MAX_SLEEP_SECONDS:
                    message = f"The host accepts the next request in {wait:.0f} s."
                    raise RetryableSourceError("rate_limited", message, retry_after_seconds=wait)
                self.sleep(wait)
        except PacingUnavailable as error:
            raise RetryableSourceError(error.reason, str(error)) from error

    def _count_failure(self, url: str) -> None:
        """Pause the host after several failures within a few minutes."""
        key = f"pacing:{_get_account(url)}:failures"
        try:
            failures = self.redis.incr(key)
            self.redis.expire(key, FAILURE_WINDOW_SECONDS, nx=True)
            if failures >= MAX_FAILURES:
                self.redis.delete(key)
                self._pace(url).pause(seconds=HOST_PAUSE_SECONDS)
        except (RedisError, PacingUnavailable) as error:
            logger.warning("cannot count a failure of %s: %s", _get_account(url), error)

    def _pace(self, url: str) -> Pacing:
        # Spread requests evenly, instead of sending several together and none for the rest of a minute.
        seconds = max(1, round(60 / self.requests_per_minute))
        calls = max(1, round(self.requests_per_minute * seconds / 60))
        return Pacing(redis=self.redis, calls_per_minute=calls, window_seconds=seconds, account=_get_account(url))

    def _require_allowed(self, url: str) -> None:
        """Raise `SourceError` if the host's robots.txt forbids the URL.

        If robots.txt returns 4xx, every request is allowed (RFC 9309, section 2.3.1.3). If robots.txt is unavailable,
        no request is allowed yet (section 2.3.1.4).
        """
        parts = urlsplit(url)
        key = f"robots:{parts.netloc}"
        try:
            text: Any = self.redis.get(key)
        except RedisError as error:
            raise RetryableSourceError(PacingUnavailable.reason, "Redis is unavailable.") from error
        if text is None:
            status, _, body = self._send(f"{parts.scheme}://{parts.netloc}/robots.txt", {}, max_bytes=_MAX_ROBOTS_BYTES)
            if status >= 500:
                raise RetryableSourceError("robots_unavailable", f"The robots.txt of {parts.netloc} returned {status}.")
            text = body if status == 200 else b""
            self.redis.set(key, text, ex=_ROBOTS_SECONDS)
        if not Protego.parse(text.decode(errors="replace")).can_fetch(url, self.user_agent):
            raise SourceError("forbidden_by_robots", f"The robots.txt of {parts.netloc} forbids this request.")


def build_user_agent() -> str:
    """Return the User-Agent, which names this service, its version and whom to contact about its requests."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", settings.APP_NAME).strip("-") or "career-navigator"
    version = re.sub(r"[^A-Za-z0-9._-]+", "-", settings.APP_VERSION)
    contact = re.sub(r"[^\x21-\x7e]+", "", settings.SOURCE_CONTACT or settings.PUBLIC_URL)
    return f"{name}/{version} (+{contact})"


def _get_account(url: str) -> str:
    return f"host:{urlsplit(url).netloc}"


def _get_wait_seconds(state: RetryCallState) -> float:
    """Return the wait that the source requested, or 1, 2, 4... seconds by attempt."""
    error = state.outcome.exception() if state.outcome else None
    requested = error.retry_after_seconds if isinstance(error, RetryableSourceError) else None
    return requested or float(2 ** (state.attempt_number - 1))
