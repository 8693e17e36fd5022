"""One pace for all processes that call the same outside account, kept in Redis."""

import time

import redis as redis_library
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

# The wait lives as the key's time to live: Redis's clock alone counts, whatever the workers' clocks say.
# A shorter wait never replaces a longer one.
EXTEND_PAUSE = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
end
"""


class PacingUnavailable(Exception):
    """Redis could not say whether a call may be made now, so none may."""

    reason = "pacing_unavailable"


class Pacing:
    """At most `calls_per_window` calls in any `window_seconds`, and none while the account is paused.

    `account` tells apart those whose limits have nothing to do with one another. Nothing here sleeps: the
    methods answer how many seconds to wait. Every method raises PacingUnavailable when Redis is unavailable.
    """

    def __init__(
        self,
        *,
        redis: "redis_library.Redis",
        calls_per_minute: int,
        account: str = "theirstack",
        window_seconds: int = 60,
    ) -> None:
        self._redis = redis
        self._window = RateLimitItemPerSecond(calls_per_minute, window_seconds, namespace="calls")
        self._account = account
        self._pause_key = f"pacing:{account}:pause"
        self._extend_pause = redis.register_script(EXTEND_PAUSE)
        storage = RedisStorage("redis://", connection_pool=redis.connection_pool, key_prefix="pacing")
        self._limiter = MovingWindowRateLimiter(storage)

    def acquire(self) -> float:
        """Take a turn and answer 0, or take none and answer the seconds until it is worth asking again."""
        try:
            paused = self._paused_seconds()
            if paused > 0:
                return paused
            if self._limiter.hit(self._window, self._account):
                return 0.0
            # Another process may have let the window slide meanwhile; never answer 0 without a turn.
            return max(self._window_seconds(), 0.01)
        except redis_library.RedisError as error:
            raise PacingUnavailable("Redis, which keeps the rate limit, does not answer.") from error

    def wait_seconds(self) -> float:
        """Seconds until a call may be made, 0 for now. Takes no turn."""
        try:
            return max(self._paused_seconds(), self._window_seconds())
        except redis_library.RedisError as error:
            raise PacingUnavailable("Redis, which keeps the rate limit, does not answer.") from error

    def pause(self, *, seconds: float) -> None:
        """Hold every process back for this long, unless it is paused for longer already."""
        milliseconds = int(seconds * 1000)
        if milliseconds <= 0:
            return
        try:
            self._extend_pause(keys=[self._pause_key], args=[milliseconds])
        except redis_library.RedisError as error:
            raise PacingUnavailable("Redis, which keeps the rate limit, does not answer.") from error

    def _paused_seconds(self) -> float:
        # PTTL answers -2 without the key.
        return max(int(self._redis.pttl(self._pause_key)), 0) / 1000

    def _window_seconds(self) -> float:
        # The library reads the time itself when it takes a turn, so the same clock is read here.
        stats = self._limiter.get_window_stats(self._window, self._account)
        return max(stats.reset_time - time.time(), 0.0) if stats.remaining <= 0 else 0.0
