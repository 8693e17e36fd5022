"""A request rate shared through Redis by all processes that use the same external account."""

import time

import redis as redis_library
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

# The pause is stored as the key's TTL, so only Redis's clock counts and the workers' clocks may differ.
# A shorter pause never replaces a longer one.
EXTEND_PAUSE = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
end
"""


class PacingUnavailable(Exception):
    """Redis cannot be asked whether a call may be made, so no call may be made."""

    reason = "pacing_unavailable"


class Pacing:
    """Rate limiter that allows `calls_per_window` calls in any `window_seconds`, and none while the account is paused.

    Limits of different values of `account` are independent. The methods never sleep; they return the seconds to wait.
    Every method raises `PacingUnavailable` if Redis is unavailable.
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
        """Take a turn and return 0, or return the seconds until the next attempt makes sense."""
        try:
            paused = self._get_pause_seconds()
            if paused > 0:
                return paused
            if self._limiter.hit(self._window, self._account):
                return 0.0
            # Another process may have advanced the window in the meantime. 0 would mean that a turn was taken.
            return max(self._get_window_seconds(), 0.01)
        except redis_library.RedisError as error:
            raise PacingUnavailable("Redis, which stores the rate limit, is unavailable.") from error

    def get_wait_seconds(self) -> float:
        """Return the seconds until a call may be made, 0 if it may be made now. Takes no turn."""
        try:
            return max(self._get_pause_seconds(), self._get_window_seconds())
        except redis_library.RedisError as error:
            raise PacingUnavailable("Redis, which stores the rate limit, is unavailable.") from error

    def pause(self, *, seconds: float) -> None:
        """Pause all processes for this long, unless a longer pause is already in effect."""
        milliseconds = int(seconds * 1000)
        if milliseconds <= 0:
            return
        try:
            self._extend_pause(keys=[self._pause_key], args=[milliseconds])
        except redis_library.RedisError as error:
            raise PacingUnavailable("Redis, which stores the rate limit, is unavailable.") from error

    def _get_pause_seconds(self) -> float:
        # PTTL returns -2 if the key does not exist.
        return max(int(self._redis.pttl(self._pause_key)), 0) / 1000

    def _get_window_seconds(self) -> float:
        # `limits` compares with the local clock when a turn is taken, so the local clock is read here too.
        stats = self._limiter.get_window_stats(self._window, self._account)
        return max(stats.reset_time - time.time(), 0.0) if stats.remaining <= 0 else 0.0
