"""Rate limits, and bounds on how many requests hold a thread for long.

`THROTTLES` in the settings holds the rates by scope; None means unlimited. `RequestThrottle` limits requests before the
view runs. `hit_limits` and `check_limits` are for what counts only once it is known to be valid, or to have failed.
Everything is counted in Redis over all processes; while Redis is unavailable nothing is counted.
"""

import hashlib
import ipaddress
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.http import HttpRequest
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import ConnectionPool
from redis.exceptions import RedisError
from rest_framework.exceptions import APIException, Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from career_navigator.cache.client import Command, execute, fail_fast_redis, is_available
from career_navigator.setting_values import Rate

if TYPE_CHECKING:
    # DRF's views import this module, which the settings name.
    from rest_framework.views import APIView

# A scope, which is a key of the setting THROTTLES, and whom it is counted for.
Limit = tuple[str, str]

# How long an IP address is remembered after its last login to an account.
KNOWN_LOGIN_TTL = 90 * 24 * 3600
FREE_THREADS = 2

# IPv6 addresses have brackets before a port: 192.0.2.1:443, [2001:db8::1]:443.
_WITH_PORT = re.compile(r"\A(?:\[([^\]]*)\]|([\d.]+))(?::\d+)?\Z")
# So many threads are held for long at once: by hashing, by waiting, by requests to a MongoDB that is unavailable.
MAX_HELD_THREADS = settings.WEB_THREADS - FREE_THREADS
# Of them, those for requests that only wait: for an upload to be read, for a first page of postings.
MAX_WAITING = MAX_HELD_THREADS // 2
# The others are for hashing a password, which takes a processor half a second.
MAX_HASHING = MAX_HELD_THREADS - MAX_WAITING
_held = threading.BoundedSemaphore(MAX_HELD_THREADS)
_waiting = threading.BoundedSemaphore(MAX_WAITING)
_hashing = threading.BoundedSemaphore(MAX_HASHING)
_this_thread = threading.local()


def get_client_ip(request: HttpRequest | Request) -> str:
    """Return the client's IP address; of IPv6 the /64, which one subscriber has whole.

    Behind a trusted proxy it is the last one of X-Forwarded-For, which that proxy has written, with or without a port.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY_HEADERS:
        text = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or text
    try:
        client_ip = ipaddress.ip_address(_WITH_PORT.sub(r"\1\2", text))
    except ValueError:
        return "unknown"
    if isinstance(client_ip, ipaddress.IPv6Address):
        if client_ip.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(client_ip) >> 64 << 64, 64)))
        client_ip = client_ip.ipv4_mapped
    return str(client_ip)


class RequestThrottle(BaseThrottle):
    """Limit the requests of an IP address and of a user, and those to a view that has a `throttle_scope`.

    As with DRF's ScopedRateThrottle, a scope is counted by user, or by IP address without one. All are counted in one
    round trip, in windows of the rate's length: DRF's SimpleRateThrottle reads and writes a list of request times
    instead, which at 11,000 entries takes a hundred times as long and loses the hits of requests at the same time.
    """

    timer = staticmethod(time.time)

    def __init__(self) -> None:
        self._wait: float | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        client_ip = get_client_ip(request)
        limits = [("address", client_ip)]
        if request.user is not None:
            limits.append(("user", str(request.user.pk)))
        scope = getattr(view, "throttle_scope", None)
        if scope is not None:
            limits.append((scope, limits[-1][1]))
        now = self.timer()
        counted: list[Rate] = []
        commands: list[Command] = []
        for scope, name in limits:
            rate: Rate | None = settings.THROTTLES[scope]
            if rate is not None:
                key = f"throttle:{scope}:{_digest(name)}:{int(now // rate.seconds)}"
                counted.append(rate)
                commands += [("INCR", key), ("EXPIRE", key, rate.seconds)]
        replies: list[Any] = (execute(*commands) if commands else None) or []
        hits = zip(counted, replies[::2], strict=False)
        used_up = [rate for rate, count in hits if count > rate.count]
        self._wait = max((rate.seconds - now % rate.seconds for rate in used_up), default=None)
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait


def hit_limits(*limits: Limit) -> None:
    """Count a hit of each limit up to the first that is used up, for which Throttled is raised."""
    for limit in limits:
        _apply(FixedWindowRateLimiter.hit, limit)


def check_limits(*limits: Limit) -> None:
    """Raise Throttled when one of the limits is used up. Counts nothing.

    Requests at the same time may pass together. What is checked here hashes a password, which MAX_HASHING bounds.
    """
    for limit in limits:
        _apply(FixedWindowRateLimiter.test, limit)


def record_hits(*limits: Limit) -> None:
    """Count a hit of each limit after the act, which a limit that is used up by now does not undo."""
    for limit in limits:
        with suppress(Throttled):
            hit_limits(limit)


@contextmanager
def rate_limited(*limits: Limit) -> Iterator[None]:
    """Count a hit of each limit, which is taken back where the block is answered 503, since then nothing was done."""
    hit_limits(*limits)
    try:
        yield
    except APIException as error:
        if error.status_code == 503:
            undo_hits(*limits)
        raise


def undo_hits(*limits: Limit) -> None:
    """Count a hit of each limit less, of a request that is answered 503 since nothing was done."""
    for limit in limits:
        with suppress(Throttled):
            _apply(_undo_hit, limit)


def _undo_hit(limiter: FixedWindowRateLimiter, item: RateLimitItemPerSecond, name: str) -> bool:
    # Of a window that has ended meanwhile there is nothing to take back.
    if limiter.get_window_stats(item, name).remaining < item.amount:
        limiter.hit(item, name, cost=-1)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginLimits:
    """The limits of a login: on all logins (`logins_*`), and lower ones on failed logins (`<scope>_*`).

    `scope` is `login` for the API and `staff_login` for the admin, which count apart. Failures from everywhere count
    together for one account, else many addresses could guess its password. An address that has logged in to the
    account before counts by itself, so that nobody who guesses elsewhere locks its owner out.
    """

    scope: str
    account: str
    client_ip: str

    def check(self) -> None:
        """Count a login, and raise Throttled when there were too many, or too many failures."""
        by_client_ip, by_account = self._failures()
        all_by_client_ip, all_by_account = self._logins(by_account)
        # The address first: one that is used up does not use up the accounts that it names.
        hit_limits(all_by_client_ip)
        check_limits(by_client_ip)
        hit_limits(all_by_account)
        check_limits(by_account)

    def undo(self) -> None:
        """Count the login as none: it was turned away, and its password was not looked at."""
        _, by_account = self._failures()
        undo_hits(*self._logins(by_account))

    def count_failure(self) -> None:
        """Count the login as failed."""
        record_hits(*self._failures())

    def remember_client_ip(self) -> None:
        """Give the address a count of its own from now on, after a login that succeeded."""
        execute(("SET", self._known_key, b"1", "EX", KNOWN_LOGIN_TTL))

    def _failures(self) -> tuple[Limit, Limit]:
        found = execute(("EXISTS", self._known_key))
        name = f"{self.account} {self.client_ip}" if found and found[0] else self.account
        return (f"{self.scope}_address", self.client_ip), (f"{self.scope}_account", name)

    def _logins(self, failures_by_account: Limit) -> tuple[Limit, Limit]:
        return (
            ("logins_address", f"{self.scope} {self.client_ip}"),
            ("logins_account", f"{self.scope} {failures_by_account[1]}"),
        )

    @property
    def _known_key(self) -> str:
        return f"known-login:{self.scope}:{_digest(f'{self.account} {self.client_ip}')}"


class Busy(APIException):
    """As many passwords are being hashed, or threads are held, as may be at once."""

    status_code = 503
    default_detail = "Too many people are logging in at once; try again shortly."
    default_code = "busy"
    wait = 1  # seconds, sent as Retry-After


class PasswordHasher(PBKDF2PasswordHasher):
    """Hash passwords of users and staff as Django does, no more than MAX_HASHING at once. Raises Busy."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        with hold_thread() as is_held:
            if not is_held or not _hashing.acquire(blocking=False):
                raise Busy
            try:
                return super().encode(*args, **kwargs)
            finally:
                _hashing.release()


@contextmanager
def hold_thread() -> Iterator[bool]:
    """Count the thread as held during the block; False when MAX_HELD_THREADS are, and the block must be short.

    A thread counts once, also when one block is within another.
    """
    if getattr(_this_thread, "is_held", False):
        yield True
        return
    is_free = _this_thread.is_held = _held.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if is_free:
            _this_thread.is_held = False
            _held.release()


@contextmanager
def waiting_slot() -> Iterator[bool]:
    """Hold a slot for the block; False when none is free, and the block must not wait."""
    with hold_thread() as is_held:
        is_free = is_held and _waiting.acquire(blocking=False)
        try:
            yield is_free
        finally:
            if is_free:
                _waiting.release()


@lru_cache(maxsize=1)
def _build_limiter(pool: ConnectionPool) -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(RedisStorage("redis://", connection_pool=pool, key_prefix="throttle"))


def _apply(allows: Callable[..., bool], limit: Limit) -> None:
    """Ask `limits` whether a limit allows one more. Raises Throttled when it does not."""
    scope, name = limit
    rate: Rate | None = settings.THROTTLES[scope]
    # Asked first, so that an unavailable Redis costs a request its timeout once, not for every limit.
    if rate is None or not is_available():
        return
    item, name = RateLimitItemPerSecond(rate.count, rate.seconds, namespace=scope), _digest(name)
    limiter = _build_limiter(fail_fast_redis().connection_pool)
    try:
        if not allows(limiter, item, name):
            raise Throttled(wait=limiter.get_window_stats(item, name).reset_time - time.time())
    except RedisError:
        return


def _digest(name: str) -> str:
    # Neither email addresses nor long names are stored in Redis.
    return hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
