"""Redis for what every request asks and can do without: several commands in one round trip, and soon given up.

Each thread keeps a connection of its own, which costs 15 microseconds a command where a client's call costs 60. After
a failure nothing is asked for a second, so that a Redis that is away costs a request its time limit once, not on
every step.
"""

import threading
from time import monotonic
from typing import Any

from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from career_navigator.connection import quick_redis_client

REST_SECONDS = 1.0

Command = tuple[str | bytes | int, ...]


class _Health:
    rests_until = 0.0


_health = _Health()
_thread = threading.local()


def ask(*commands: Command) -> list[Any] | None:
    """Every command's answer, in order; None when Redis is away.

    Commands are not one transaction. None leaves open whether some of them were carried out.
    """
    if monotonic() < _health.rests_until:
        return None
    connection: AbstractConnection | None = getattr(_thread, "connection", None)
    if connection is None:
        pool = quick_redis_client().connection_pool
        connection = _thread.connection = pool.connection_class(**pool.connection_kwargs)
    may_be_closed = connection.is_connected
    while True:
        try:
            return _send(connection, commands)
        except RedisError as error:
            # What is left unread would be taken for the answer to the next question.
            connection.disconnect()
            if may_be_closed and isinstance(error, RedisConnectionError):
                # Closed since the last question, as by a restart: that says nothing of now.
                may_be_closed = False
                continue
            _health.rests_until = monotonic() + REST_SECONDS
            return None


def _send(connection: AbstractConnection, commands: tuple[Command, ...]) -> list[Any]:
    if not connection.is_connected:
        # Sending would connect as well, but not to the primary that Sentinel names.
        connection.connect()
    connection.send_packed_command(connection.pack_commands(commands), check_health=False)
    return [connection.read_response() for _ in commands]


def is_away() -> bool:
    """Whether Redis does not answer now."""
    return ask(("PING",)) is None


def forget_failure() -> None:
    """Ask again at once: for tests that stop and start servers."""
    _health.rests_until = 0.0


def forget_connections() -> None:
    """Connect anew: for tests that take another server for their own."""
    global _thread
    _thread = threading.local()
    forget_failure()
