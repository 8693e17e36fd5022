"""How long an answer's headers ask us to wait. Pure; nothing a server sends makes it fail."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# The longest window the API announces is a day, so a longer wait is a mistake of the sender.
MAX_WAIT_SECONDS = 24 * 3600.0
# A "seconds to wait" this large can only be a moment, counted from 1970.
MIN_EPOCH_SECONDS = 1_000_000_000.0


def exhausted_seconds(*, headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until every window that has no call left has some again; None when no window is used up.

    Several windows apply at once (a second, a minute, an hour, a day), and their figures come as lists: the
    longest wait among those used up counts. `headers` must find names whatever their case.
    """
    waits = [
        _wait(reset, now=now)
        for remaining, reset in (*_listed_windows(headers), *_named_windows(headers))
        if remaining <= 0
    ]
    return max(waits, default=None)


def retry_after_seconds(*, headers: Mapping[str, str], now: datetime) -> float | None:
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


def _listed_windows(headers: Mapping[str, str]) -> Iterator[tuple[float, float]]:
    """(calls left, seconds to reset) from `RateLimit-Remaining: 3, 6` and `RateLimit-Reset: 1, 19`."""
    remaining = _split(headers.get("RateLimit-Remaining", ""), ",")
    resets = _split(headers.get("RateLimit-Reset", ""), ",")
    # Lists of different length cannot be paired from their ends with certainty; the first ones still can.
    for left, reset in zip(remaining, resets, strict=False):
        left_number, reset_number = _number(left), _number(reset)
        if left_number is not None and reset_number is not None:
            yield left_number, reset_number


def _named_windows(headers: Mapping[str, str]) -> Iterator[tuple[float, float]]:
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
