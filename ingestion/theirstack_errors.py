"""What an answer of TheirStack says went wrong, by name, and how long its headers ask us to wait. Pure.

No message carries the key, and nothing that a server sends makes the reading of headers fail.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

# "Premium functionality limitation": the page is larger than the plan allows.
PLAN_LIMIT_CODE = "E-020"
MAX_EXPLANATION_LENGTH = 500


class TheirStackClientError(Exception):
    """A call to TheirStack failed. `reason` is stable and fit for counting; the message is for people.

    `status`, `code` (the API's own, such as "E-020") and `request_id` are set where an answer gave them.
    `lost_attempts` counts the requests that may have been charged although their answer was lost; None: all of them.
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
        # Task processes hand exceptions to one another pickled, and would call the class with the message alone.
        return type(self), (self.reason, str(self)), vars(self)


class TheirStackConfigurationError(TheirStackClientError):
    """The client cannot be set up: no key, a key or an address that cannot be one."""


class TheirStackAuthenticationError(TheirStackClientError):
    """The key is refused: stop, a person has to change it."""


class TheirStackOutOfCreditsError(TheirStackClientError):
    """No credits are left: stop every run until a person acts."""


class TheirStackPlanLimitError(TheirStackClientError):
    """The plan does not allow what was asked: ask for smaller pages."""


class TheirStackInvalidRequestError(TheirStackClientError):
    """The request itself is wrong; sending it again would fail again."""


class TheirStackUnexpectedAnswerError(TheirStackClientError):
    """A successful answer without the documented shape. Not asked again: that could cost its credits again."""


class TheirStackRetryableError(TheirStackClientError):
    """It may work later: rate limit, server error, network. Raised once the retries are used up.

    `retry_after_seconds` is the wait the API asked for, None where it named none.
    """

    def __init__(self, reason: str, message: str, *, retry_after_seconds: float | None = None, **answer: Any) -> None:
        super().__init__(reason, message, **answer)
        self.retry_after_seconds = retry_after_seconds


def build_error(*, status: int, body: bytes, retry_after_seconds: float | None, secret: str) -> TheirStackClientError:
    """The exception that an answer other than 200 stands for; `secret` is blotted out of what it says."""
    code, request_id, explanation = _explanation(body, secret=secret)
    answer: dict[str, Any] = {"status": status, "code": code, "request_id": request_id}
    message = f"TheirStack answered {status}"
    if explanation:
        message += f": {explanation}"
    if status == 429 or status >= 500:
        reason = "rate_limited" if status == 429 else "server_error"
        return TheirStackRetryableError(reason, message, retry_after_seconds=retry_after_seconds, **answer)
    kind, reason = _build_rejection(status, code)
    return kind(reason, message, **answer)


def _build_rejection(status: int, code: str | None) -> tuple[type[TheirStackClientError], str]:
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
            # Following it would hand the key to whatever address the answer names.
            return TheirStackClientError, "redirected"
        case _:
            return TheirStackClientError, "unexpected_status"


def _explanation(body: bytes, *, secret: str) -> tuple[str | None, str | None, str]:
    """(code, request id, sentence) of the documented error body or of FastAPI's `detail`; else of neither."""
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None, None, ""
    if not isinstance(answer, Mapping):
        return None, None, ""
    request_id = _printable(answer.get("request_id"), secret=secret) or None
    error = answer.get("error")
    if isinstance(error, Mapping):
        code = _printable(error.get("code"), secret=secret) or None
        parts = (_printable(error.get(key), secret=secret) for key in ("title", "description"))
        sentence = ": ".join(part for part in parts if part)
        return code, request_id, " ".join(part for part in (code, sentence) if part)
    return None, request_id, _printable(_detail(answer.get("detail")), secret=secret)


def _detail(detail: Any) -> str:
    """FastAPI's explanation: a sentence, or a list of {loc, msg}."""
    if isinstance(detail, str):
        return detail
    if not isinstance(detail, Sequence):
        return ""
    complaints = []
    for item in detail[:10]:
        if isinstance(item, Mapping):
            place = item.get("loc")
            where = ".".join(str(step) for step in place[:10]) if isinstance(place, list) else ""
            complaints.append(f"{where}: {item.get('msg')}" if where else f"{item.get('msg')}")
    return "; ".join(complaints)


def _printable(value: Any, *, secret: str) -> str:
    """One line of bounded length, without the key should the answer repeat it; "" for what is not text."""
    if not isinstance(value, str):
        return ""
    text = value.replace(secret, "[key]") if secret else value
    return "".join(c if c.isprintable() else " " for c in text[:MAX_EXPLANATION_LENGTH]).strip()


# The longest window the API announces is a day, so a longer wait is a mistake of the sender.
MAX_WAIT_SECONDS = 24 * 3600.0
# A "seconds to wait" this large can only be a moment, counted from 1970.
MIN_EPOCH_SECONDS = 1_000_000_000.0


def get_exhausted_seconds(*, headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until every window that has no call left has some again; None when no window is used up.

    Several windows apply at once (a second, a minute, an hour, a day), and their stats come as lists: the
    longest wait among those used up counts. `headers` must find names whatever their case.
    """
    waits = [
        _wait(reset, now=now)
        for remaining, reset in (*_list_windows(headers), *_list_named_windows(headers))
        if remaining <= 0
    ]
    return max(waits, default=None)


def get_retry_after_seconds(*, headers: Mapping[str, str], now: datetime) -> float | None:
    """The wait named by `Retry-After`, in seconds or as an HTTP date; None when absent or unreadable."""
    value = headers.get("Retry-After", "").strip()
    seconds = _number(value)
    if seconds is not None:
        return _wait(seconds, now=now)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _clamp((moment - now).total_seconds())


def _list_windows(headers: Mapping[str, str]) -> Iterator[tuple[float, float]]:
    """(calls left, seconds to reset) from `RateLimit-Remaining: 3, 6` and `RateLimit-Reset: 1, 19`."""
    remaining = _split(headers.get("RateLimit-Remaining", ""), ",")
    resets = _split(headers.get("RateLimit-Reset", ""), ",")
    # Lists of different length cannot be paired from their ends with certainty; the first ones still can.
    for left, reset in zip(remaining, resets, strict=False):
        left_number, reset_number = _number(left), _number(reset)
        if left_number is not None and reset_number is not None:
            yield left_number, reset_number


def _list_named_windows(headers: Mapping[str, str]) -> Iterator[tuple[float, float]]:
    """The same from `RateLimit: "per-second";r=3;t=1` with the lengths of `RateLimit-Policy: "per-second";w=1`.

    The older form `limit=10, remaining=0, reset=5` describes one window.
    """
    lengths = {name: values.get("w") for name, values in _items(headers.get("RateLimit-Policy", ""))}
    older: dict[str, float] = {}
    for name, values in _items(headers.get("RateLimit", "")):
        key, is_pair, value = name.partition("=")
        if is_pair and (number := _number(value)) is not None:
            older[key.strip().lower()] = number
        reset = values.get("t", lengths.get(name))
        if "r" in values and reset is not None:
            yield values["r"], reset
    if "remaining" in older and "reset" in older:
        yield older["remaining"], older["reset"]


def _items(value: str) -> Iterator[tuple[str, dict[str, float]]]:
    for item in _split(value, ","):
        name, *parameters = _split(item, ";")
        values: dict[str, float] = {}
        for parameter in parameters:
            key, _, text = parameter.partition("=")
            number = _number(text)
            if number is not None:
                values[key.strip().lower()] = number
        yield name.strip('"'), values


def _split(value: str, separator: str) -> list[str]:
    """Cut at the separators that stand outside double quotes."""
    return [part.strip() for part in re.split(rf'{separator}(?=(?:[^"]*"[^"]*")*[^"]*$)', value[:2_000])]


def _number(text: str) -> float | None:
    try:
        number = float(text.strip().strip('"'))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _wait(seconds: float, *, now: datetime) -> float:
    return _clamp(seconds - now.timestamp() if seconds >= MIN_EPOCH_SECONDS else seconds)


def _clamp(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_WAIT_SECONDS)
