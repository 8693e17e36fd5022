"""Errors of the TheirStack API, built from its responses, and the wait times in its headers. Pure.

No message contains the API key, and no header value makes parsing fail.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

# "Premium functionality limitation": the requested page is larger than the plan allows.
PLAN_LIMIT_CODE = "E-020"
MAX_EXPLANATION_LENGTH = 500


class TheirStackClientError(Exception):
    """A call to TheirStack failed. `reason` is stable and suitable for metrics. The message is for people.

    `status`, `code` (the API's own, such as "E-020") and `request_id` are set if the response contained them.
    `lost_attempts` counts the requests that may have been charged although their response was lost. None means all.
    """

    lost_attempts: int | None = None

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status
        self.code = code
        self.request_id = request_id

    def __reduce__(self) -> tuple[type, tuple[str, str], dict[str, Any]]:
        # Worker processes exchange exceptions by pickling. By default, pickle would call the class with one argument.
        return type(self), (self.reason, str(self)), vars(self)


class TheirStackConfigurationError(TheirStackClientError):
    """The client cannot be configured: the key is missing, or the key or the URL is invalid."""


class TheirStackAuthenticationError(TheirStackClientError):
    """TheirStack rejects the key. Collection must stop until an operator replaces the key."""


class TheirStackOutOfCreditsError(TheirStackClientError):
    """No credits are left. Every run must stop until an operator acts."""


class TheirStackPlanLimitError(TheirStackClientError):
    """The plan does not allow the request. Smaller pages may be allowed."""


class TheirStackInvalidRequestError(TheirStackClientError):
    """The request itself is invalid. A retry would fail again."""


class TheirStackUnexpectedAnswerError(TheirStackClientError):
    """A successful response without the documented structure. Not retried, since a retry may cost the credits again."""


class TheirStackRetryableError(TheirStackClientError):
    """A temporary failure: rate limit, server error or network. Raised after the retries are exhausted.

    `retry_after_seconds` is the wait that the API requested, or None if it requested none.
    """

    def __init__(self, reason: str, message: str, *, retry_after_seconds: float | None = None, **details: Any) -> None:
        super().__init__(reason, message, **details)
        self.retry_after_seconds = retry_after_seconds


def build_error(*, status: int, body: bytes, retry_after_seconds: float | None, secret: str) -> TheirStackClientError:
    """Return the exception for a response with a status other than 200. `secret` is masked in its message."""
    code, request_id, explanation = _parse_error_body(body, secret=secret)
    details: dict[str, Any] = {"status": status, "code": code, "request_id": request_id}
    message = f"TheirStack returned status {status}"
    if explanation:
        message += f": {explanation}"
    if status == 429 or status >= 500:
        reason = "rate_limited" if status == 429 else "server_error"
        return TheirStackRetryableError(reason, message, retry_after_seconds=retry_after_seconds, **details)
    kind, reason = _get_error_kind(status, code)
    return kind(reason, message, **details)


def _get_error_kind(status: int, code: str | None) -> tuple[type[TheirStackClientError], str]:
    match status:
        case 401:
            return TheirStackAuthenticationError, "bad_key"
        case 402:
            return TheirStackOutOfCreditsError, "out_of_credits"
        case 403 if code == PLAN_LIMIT_CODE:
            return TheirStackPlanLimitError, "plan_limit"
        case 403:
            return TheirStackAuthenticationError, "forbidden"
        case 400 | 422:
            return TheirStackInvalidRequestError, "invalid_request"
        case 404:
            return TheirStackClientError, "not_found"
        case _ if 300 <= status < 400:
            # Following a redirect would send the key to whatever address the response names.
            return TheirStackClientError, "redirected"
        case _:
            return TheirStackClientError, "unexpected_status"


def _parse_error_body(body: bytes, *, secret: str) -> tuple[str | None, str | None, str]:
    """Return code, request id and explanation from the documented error body or from FastAPI's `detail`."""
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None, None, ""
    if not isinstance(content, Mapping):
        return None, None, ""
    request_id = _make_printable(content.get("request_id"), secret=secret) or None
    error = content.get("error")
    if isinstance(error, Mapping):
        code = _make_printable(error.get("code"), secret=secret) or None
        parts = (_make_printable(error.get(key), secret=secret) for key in ("title", "description"))
        sentence = ": ".join(part for part in parts if part)
        return code, request_id, " ".join(part for part in (code, sentence) if part)
    return None, request_id, _make_printable(_format_detail(content.get("detail")), secret=secret)


def _format_detail(detail: Any) -> str:
    """Return FastAPI's explanation, which is a sentence or a list of {loc, msg}, as text."""
    if isinstance(detail, str):
        return detail
    if not isinstance(detail, Sequence):
        return ""
    problems = []
    for item in detail[:10]:
        if isinstance(item, Mapping):
            place = item.get("loc")
            where = ".".join(str(step) for step in place[:10]) if isinstance(place, list) else ""
            problems.append(f"{where}: {item.get('msg')}" if where else f"{item.get('msg')}")
    return "; ".join(problems)


def _make_printable(value: Any, *, secret: str) -> str:
    """Return text on one line, truncated and with the key masked, or "" if the value is not text."""
    if not isinstance(value, str):
        return ""
    text = value.replace(secret, "[key]") if secret else value
    return "".join(c if c.isprintable() else " " for c in text[:MAX_EXPLANATION_LENGTH]).strip()


# The longest window that the API announces is a day, so a longer wait is an error of the server.
MAX_WAIT_SECONDS = 24 * 3600.0
# A wait of this many seconds can only be a Unix timestamp.
MIN_EPOCH_SECONDS = 1_000_000_000.0


def get_exhausted_seconds(*, headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds until no rate-limit window is exhausted, or None if none is exhausted now.

    Several windows (per second, minute, hour and day) apply simultaneously and are listed in the headers. The longest
    wait among the exhausted ones counts. Lookups in `headers` must be case-insensitive.
    """
    waits = [
        _get_wait_seconds(reset, now=now)
        for remaining, reset in (*_list_windows(headers), *_list_named_windows(headers))
        if remaining <= 0
    ]
    return max(waits, default=None)


def get_retry_after_seconds(*, headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds to wait according to `Retry-After`, in seconds or as an HTTP date. None if unusable."""
    value = headers.get("Retry-After", "").strip()
    seconds = _parse_number(value)
    if seconds is not None:
        return _get_wait_seconds(seconds, now=now)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _clamp((moment - now).total_seconds())


def _list_windows(headers: Mapping[str, str]) -> Iterator[tuple[float, float]]:
    """Yield (calls left, seconds to reset) from `RateLimit-Remaining: 3, 6` and `RateLimit-Reset: 1, 19`."""
    remaining = _split(headers.get("RateLimit-Remaining", ""), ",")
    resets = _split(headers.get("RateLimit-Reset", ""), ",")
    # Lists of different lengths are paired from the start, where both have an entry.
    for left, reset in zip(remaining, resets, strict=False):
        left_number, reset_number = _parse_number(left), _parse_number(reset)
        if left_number is not None and reset_number is not None:
            yield left_number, reset_number


def _list_named_windows(headers: Mapping[str, str]) -> Iterator[tuple[float, float]]:
    """Yield (calls left, seconds to reset) from `RateLimit: "per-second";r=3;t=1`.

    A missing `t` is taken from `RateLimit-Policy: "per-second";w=1`. The older form `limit=10, remaining=0, reset=5`
    describes a single window.
    """
    lengths = {name: values.get("w") for name, values in _parse_items(headers.get("RateLimit-Policy", ""))}
    older: dict[str, float] = {}
    for name, values in _parse_items(headers.get("RateLimit", "")):
        key, is_pair, value = name.partition("=")
        if is_pair and (number := _parse_number(value)) is not None:
            older[key.strip().lower()] = number
        reset = values.get("t", lengths.get(name))
        if "r" in values and reset is not None:
            yield values["r"], reset
    if "remaining" in older and "reset" in older:
        yield older["remaining"], older["reset"]


def _parse_items(value: str) -> Iterator[tuple[str, dict[str, float]]]:
    for item in _split(value, ","):
        name, *parameters = _split(item, ";")
        values: dict[str, float] = {}
        for parameter in parameters:
            key, _, text = parameter.partition("=")
            number = _parse_number(text)
            if number is not None:
                values[key.strip().lower()] = number
        yield name.strip('"'), values


def _split(value: str, separator: str) -> list[str]:
    """Split at the separators outside double quotes."""
    return [part.strip() for part in re.split(rf'{separator}(?=(?:[^"]*"[^"]*")*[^"]*$)', value[:2_000])]


def _parse_number(text: str) -> float | None:
    try:
        number = float(text.strip().strip('"'))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _get_wait_seconds(seconds: float, *, now: datetime) -> float:
    return _clamp(seconds - now.timestamp() if seconds >= MIN_EPOCH_SECONDS else seconds)


def _clamp(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_WAIT_SECONDS)
