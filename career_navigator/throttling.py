"""Rate limits, and limits on the number of requests that occupy a thread for long.

The setting `THROTTLES` has the rate of each scope; None means unlimited. `RequestThrottle` limits requests before the
view runs. `hit_limits` and `check_limits` are for requests that count only after validation, or only if they fail. All
processes count in Redis. While Redis is unavailable, there are no limits.
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
    # DRF's views import this module because of DEFAULT_THROTTLE_CLASSES.
    from rest_framework.views import APIView

# A scope, which is a key of the setting THROTTLES, and the name that hits are counted for, such as a user id.
Limit = tuple[str, str]

# Seconds for which an IP address is remembered after its last login to an account.
KNOWN_LOGIN_TTL = 90 * 24 * 3600
# Threads per web process that are never occupied for long, so that other requests are served.
FREE_THREADS = 2

# An IPv6 address before a port has brackets: 192.0.2.1:443, [2001:db8::1]:443.
_WITH_PORT = re.compile(r"\A(?:\[([^\]]*)\]|([\d.]+))(?::\d+)?\Z")
# Maximum number of threads occupied for long: hashing passwords, waiting, or using a MongoDB that is unavailable.
MAX_HELD_THREADS = settings.WEB_THREADS - FREE_THREADS
# Maximum number of threads that only wait, for an upload to be parsed or for a first page of postings.
MAX_WAITING = MAX_HELD_THREADS // 2
# Maximum number of threads that hash a password, which takes half a second of CPU time.
MAX_HASHING = MAX_HELD_THREADS - MAX_WAITING
_held = threading.BoundedSemaphore(MAX_HELD_THREADS)
_waiting = threading.BoundedSemaphore(MAX_WAITING)
_hashing = threading.BoundedSemaphore(MAX_HASHING)
_this_thread = threading.local()


def get_client_ip(request: HttpRequest | Request) -> str:
    """Return the client's IPv4 address, or its IPv6 /64 network, because one subscriber usually has a whole /64.

    Behind a trusted proxy this is the last address in X-Forwarded-For, with or without a port, which that proxy added.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY_HEADERS:
        text = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or text
    return _normalize_ip(text)


@lru_cache(maxsize=1024)
def _normalize_ip(text: str) -> str:
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
    """A throttle with limits per IP address, per user and, for a view with `throttle_scope`, per scope.

    As in DRF's ScopedRateThrottle, a scope counts per user, or per IP address without a user. All limits are counted in
    one round trip, in fixed windows. DRF's SimpleRateThrottle reads and writes a list of request times instead, which
    takes a hundred times as long with 11,000 entries and loses the hits of concurrent requests.
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
        exceeded = [rate for rate, count in hits if count > rate.count]
        self._wait = max((rate.seconds - now % rate.seconds for rate in exceeded), default=None)
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait


def hit_limits(*limits: Limit) -> None:
    """Count a hit of each limit in turn, and raise Throttled at the first exceeded limit."""
    for limit in limits:
        _apply(FixedWindowRateLimiter.hit, limit)


def check_limits(*limits: Limit) -> None:
    """Raise Throttled if one of the limits is used up, without counting a hit.

    Concurrent requests may pass this check together. Callers hash a password, so MAX_HASHING bounds their number.
    """
    for limit in limits:
        _apply(FixedWindowRateLimiter.test, limit)


def record_hits(*limits: Limit) -> None:
    """Count a hit of each limit after the fact, and never raise Throttled."""
    for limit in limits:
        with suppress(Throttled):
            hit_limits(limit)


@contextmanager
def rate_limited(*limits: Limit) -> Iterator[None]:
    """Count a hit of each limit, and undo it if the block raises a 503 error, because then nothing was done."""
    hit_limits(*limits)
    try:
        yield
    except APIException as error:
        if error.status_code == 503:
            undo_hits(*limits)
        raise


def undo_hits(*limits: Limit) -> None:
    """Remove a hit of each limit, for a request that did nothing."""
    for limit in limits:
        with suppress(Throttled):
            _apply(_undo_hit, limit)


def _undo_hit(limiter: FixedWindowRateLimiter, item: RateLimitItemPerSecond, name: str) -> bool:
    # If the window has ended in the meantime, there is no hit to remove.
    if limiter.get_window_stats(item, name).remaining < item.amount:
        limiter.hit(item, name, cost=-1)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginLimits:
    """The limits of a login: limits on all logins (`logins_*`), and lower limits on failed logins (`<scope>_*`).

    `scope` is `login` for the API and `staff_login` for the admin, which count separately. Failed logins to an account
    count together for all IP addresses, so that an attacker cannot use many addresses to guess the password. An address
    that has logged in to the account before has its own count, so that an attacker elsewhere cannot lock out the owner.
    """

    scope: str
    account: str
    client_ip: str

    def check(self) -> None:
        """Count a login, and raise Throttled if there were too many logins or too many failures."""
        failures_by_ip, failures_by_account = self._get_failure_limits()
        logins_by_ip, logins_by_account = self._get_login_limits(failures_by_account)
        # Check the IP address first, so that a blocked address cannot use up the limits of accounts.
        hit_limits(logins_by_ip)
        check_limits(failures_by_ip)
        hit_limits(logins_by_account)
        check_limits(failures_by_account)

    def undo(self) -> None:
        """Remove the hit of a login that was rejected before its password was checked."""
        _, failures_by_account = self._get_failure_limits()
        undo_hits(*self._get_login_limits(failures_by_account))

    def count_failure(self) -> None:
        """Count the login as failed."""
        record_hits(*self._get_failure_limits())

    def remember_client_ip(self) -> None:
        """Give the IP address its own count for this account, after a successful login."""
        execute(("SET", self._known_key, b"1", "EX", KNOWN_LOGIN_TTL))

    def _get_failure_limits(self) -> tuple[Limit, Limit]:
        replies = execute(("EXISTS", self._known_key))
        name = f"{self.account} {self.client_ip}" if replies and replies[0] else self.account
        return (f"{self.scope}_address", self.client_ip), (f"{self.scope}_account", name)

    def _get_login_limits(self, failures_by_account: Limit) -> tuple[Limit, Limit]:
        return (
            ("logins_address", f"{self.scope} {self.client_ip}"),
            ("logins_account", f"{self.scope} {failures_by_account[1]}"),
        )

    @property
    def _known_key(self) -> str:
        return f"known-login:{self.scope}:{_digest(f'{self.account} {self.client_ip}')}"


class Busy(APIException):
    """The maximum number of passwords is being hashed, or the maximum number of threads is occupied."""

    status_code = 503
    default_detail = "Too many people are logging in. Try again shortly."
    default_code = "busy"
    wait = 1  # seconds, sent as Retry-After


class PasswordHasher(PBKDF2PasswordHasher):
    """Django's PBKDF2 hasher, limited to MAX_HASHING passwords at the same time. Raises Busy."""

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
    """Count this thread as occupied during the block, and yield True.

    Yield False if MAX_HELD_THREADS are occupied. The block must then be short. Nested blocks count once.
    """
    if getattr(_this_thread, "is_held", False):
        yield True
        return
    is_acquired = _this_thread.is_held = _held.acquire(blocking=False)
    try:
        yield is_acquired
    finally:
        if is_acquired:
            _this_thread.is_held = False
            _held.release()


@contextmanager
def waiting_slot() -> Iterator[bool]:
    """Occupy a slot during the block, and yield True. Yield False if no slot is free; the block must then not wait."""
    with hold_thread() as is_held:
        is_acquired = is_held and _waiting.acquire(blocking=False)
        try:
            yield is_acquired
        finally:
            if is_acquired:
                _waiting.release()


@lru_cache(maxsize=1)
def _build_limiter(pool: ConnectionPool) -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(RedisStorage("redis://", connection_pool=pool, key_prefix="throttle"))


def _apply(method: Callable[..., bool], limit: Limit) -> None:
    """Call a method of the rate limiter, and raise Throttled if the method returns False."""
    scope, name = limit
    rate: Rate | None = settings.THROTTLES[scope]
    # The ping goes through the circuit breaker, so an unavailable Redis costs a request one timeout, not one per limit.
    if rate is None or not is_available():
        return
    item, name = RateLimitItemPerSecond(rate.count, rate.seconds, namespace=scope), _digest(name)
    limiter = _build_limiter(fail_fast_redis().connection_pool)
    try:
        if not method(limiter, item, name):
            raise Throttled(wait=limiter.get_window_stats(item, name).reset_time - time.time())
    except RedisError:
        return


def _digest(name: str) -> str:
    # Hash the name, so that Redis stores neither email addresses nor long keys.
    return hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
