"""How often one caller may ask, counted in Redis over all processes. While Redis is away nothing is counted.

Time is cut into windows of a rate's length, and a counter stands for one name in one window. So what is left to wait
is known exactly, at the price that a caller may use up two windows' counts around the border between them.
"""

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from time import time as read_clock
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from career_navigator.quick_redis import Command, ask
from career_navigator.rates import Rate

if TYPE_CHECKING:
    # DRF's views import this module, which the settings name.
    from rest_framework.views import APIView


# IPv6 addresses have brackets before a port: 192.0.2.1:443, [2001:db8::1]:443.
_WITH_PORT = re.compile(r"\A(?:\[([^\]]*)\]|([\d.]+))(?::\d+)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """One try under a limit: `limit` is a key of the setting THROTTLES, `name` whom it is counted for."""

    limit: str
    name: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Tries that were counted, so that those that succeed can be given back."""

    keys: tuple[str, ...]

    def refund(self) -> None:
        """Count the tries as not made."""
        if self.keys:
            ask(*(("DECR", key) for key in self.keys))


def spend(*spendings: Spending) -> Receipt:
    """Count a try under every limit. Raises Throttled, with the seconds to wait, where one is used up."""
    receipt, wait = _count(*spendings)
    if wait is not None:
        raise Throttled(wait=wait)
    return receipt


def address_of(request: HttpRequest | Request) -> str:
    """The caller's IP address; of IPv6 the /64, which one subscriber has whole.

    Behind a trusted proxy it is the last one of X-Forwarded-For, which that proxy has written, with or without a port.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY_HEADERS:
        text = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or text
    try:
        address = ipaddress.ip_address(_WITH_PORT.sub(r"\1\2", text))
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
        address = address.ipv4_mapped
    return str(address)


class RequestThrottle(BaseThrottle):
    """Every request counts for its user and its address."""

    def __init__(self) -> None:
        self._wait: float | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        limits = settings.THROTTLES
        spendings = []
        if limits["address"] is not None:
            spendings.append(Spending(limit="address", name=address_of(request)))
        if limits["user"] is not None and request.user is not None:
            spendings.append(Spending(limit="user", name=str(request.user.pk)))
        if spendings:
            _, self._wait = _count(*spendings)
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait


def _count(*spendings: Spending) -> tuple[Receipt, float | None]:
    """The counted tries, and the longest wait among the limits that are used up."""
    now = read_clock()
    counted: list[tuple[str, Rate]] = []
    commands: list[Command] = []
    for spending in spendings:
        rate: Rate | None = settings.THROTTLES[spending.limit]
        if rate is None:
            continue
        key = f"throttle:{spending.limit}:{_digest(spending.name)}:{int(now // rate.seconds)}"
        counted.append((key, rate))
        commands += [("INCR", key), ("EXPIRE", key, rate.seconds)]
    receipt = Receipt(tuple(key for key, _ in counted))
    answers: list[Any] | None = ask(*commands) if commands else None
    if answers is None:
        return Receipt(()), None
    waits = [
        rate.seconds - now % rate.seconds
        for (_, rate), count in zip(counted, answers[::2], strict=True)
        if count > rate.count
    ]
    return receipt, max(waits, default=None)


def _digest(name: str) -> str:
    # Neither e-mail addresses nor long names stand in Redis.
    return hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
