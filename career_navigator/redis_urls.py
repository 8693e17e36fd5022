"""URLs of Redis and of the Celery broker: validation, and the clients and options built from them.

A Sentinel URL lists the Sentinel nodes, which report the current primary:
`sentinel://[user][:password]@host[:port],host[:port]/number?master_name=mymaster&sentinel_password=...`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

SENTINEL_PORT = 26379
SENTINEL_MASTER_NAME = "mymaster"
WORKER_REPLY_TIMEOUT = 30
SENTINEL_EXAMPLE = "sentinel://host1:26379,host2:26379/0?master_name=mymaster"
REDIS_EXAMPLE = "redis://host:6379/0"
AMQP_EXAMPLE = "amqp://user:password@host:5672/vhost"
_SENTINEL_OPTIONS = frozenset({"master_name", "sentinel_username", "sentinel_password"})


# Sentinel tries the next node immediately if one does not respond. kombu pools connections by their options, so all
# options must share this one object.
_NO_RETRY = Retry(NoBackoff(), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelURL:
    """A parsed Sentinel URL: the Sentinel nodes, and the name of the primary that they report."""

    nodes: tuple[tuple[str, int], ...]
    master_name: str
    number: int
    # `username` and `password` of the primary.
    login: Mapping[str, str]
    # `username` and `password` of the Sentinel nodes.
    node_login: Mapping[str, str]


def is_sentinel(address: str) -> bool:
    """Return whether the URL lists Sentinel nodes instead of a Redis server."""
    return address.lower().startswith("sentinel://")


def check_redis_url(address: str) -> None:
    """Check a URL whose scheme is supported.

    Raises:
        ValueError: The URL is invalid. The message shows a valid example. It never quotes the URL, because any part of
            an invalid URL may be the password.
    """
    if is_sentinel(address):
        parse_sentinel(address)
        return
    try:
        if is_amqp(address):
            # kombu accepts several brokers, separated by semicolons.
            is_usable = all(urlsplit(each).port != 0 for each in address.split(";"))
        else:
            number = urlsplit(address).path.strip("/")
            redis.connection.parse_url(address)
            is_usable = not number or number.isdecimal()
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError(f"must be a URL such as {AMQP_EXAMPLE if is_amqp(address) else REDIS_EXAMPLE}")


def parse_sentinel(address: str) -> SentinelURL:
    """Parse a URL that starts with `sentinel://`.

    Raises:
        ValueError: The URL is invalid. The message shows a valid example.
    """
    login, hosts, path, query = _split(address)
    username, _, password = login.partition(":")
    options = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    unknown = sorted(options.keys() - _SENTINEL_OPTIONS)
    if unknown:
        raise ValueError(f"must have no options other than {', '.join(sorted(_SENTINEL_OPTIONS))} after the `?`")
    number = path.strip("/") or "0"
    if not number.isdecimal():
        raise ValueError(f"must be a URL with a database number, such as {SENTINEL_EXAMPLE}")
    return SentinelURL(
        nodes=tuple(_parse_node(node) for node in hosts.split(",")),
        master_name=options.get("master_name") or SENTINEL_MASTER_NAME,
        number=int(number),
        login=_without_empty({"username": unquote(username), "password": unquote(password)}),
        node_login=_without_empty(
            {"username": options.get("sentinel_username"), "password": options.get("sentinel_password")}
        ),
    )


def build_redis_client(address: str, *, timeout_seconds: float, is_fail_fast: bool = False, **options: Any) -> Any:
    """Return a client for the Redis server, or for the primary that Sentinel reports.

    The client connects on first use. A fail-fast client never retries.
    """
    timeouts = _build_timeouts(timeout_seconds)
    if is_fail_fast:
        options["retry"] = _NO_RETRY
    if not is_sentinel(address):
        return redis.Redis.from_url(address, **timeouts, **options)
    # redis-py retries connecting within each retry of the command, so its default of 3 retries would become 9.
    options.setdefault("retry", Retry(ConstantBackoff(0.2), 1))
    parsed = parse_sentinel(address)
    sentinel = Sentinel(parsed.nodes, sentinel_kwargs=_build_node_options(parsed, timeout_seconds))
    return sentinel.master_for(parsed.master_name, db=parsed.number, **parsed.login, **timeouts, **options)


def build_broker_url(address: str) -> str:
    """Return the broker URL in Celery's format, which repeats the whole Sentinel URL for each node."""
    if not is_sentinel(address):
        return address
    parsed = parse_sentinel(address)
    login = ":".join(quote(parsed.login.get(name, ""), safe="") for name in ("username", "password"))
    prefix = f"{login}@" if parsed.login else ""
    return ";".join(
        f"sentinel://{prefix}{f'[{host}]' if ':' in host else host}:{port}/{parsed.number}"
        for host, port in parsed.nodes
    )


def build_broker_options(address: str, *, timeout_seconds: float, is_fail_fast: bool = False) -> dict[str, Any]:
    """Return Celery's transport options for the broker.

    `timeout_seconds` limits connecting. With `is_fail_fast` it also limits each reply, which may otherwise take as long
    as a worker waits for a task.
    """
    if is_amqp(address):
        # Wait until RabbitMQ confirms that it has queued the task.
        options: dict[str, Any] = {"confirm_publish": True, "connect_timeout": timeout_seconds}
        return options | ({"read_timeout": timeout_seconds, "write_timeout": timeout_seconds} if is_fail_fast else {})
    options = {
        "socket_timeout": timeout_seconds if is_fail_fast else WORKER_REPLY_TIMEOUT,
        "socket_connect_timeout": timeout_seconds,
        "socket_keepalive": True,
    }
    if is_sentinel(address):
        parsed = parse_sentinel(address)
        options["master_name"] = parsed.master_name
        options["sentinel_kwargs"] = _build_node_options(parsed, timeout_seconds)
    return options


def is_amqp(address: str) -> bool:
    """Return whether the broker is RabbitMQ, which has an AMQP URL."""
    return address.lower().startswith(("amqp://", "amqps://"))


def list_passwords(address: str) -> list[str]:
    """Return the passwords in a URL as they are written there, so that logging can hide them."""
    login, _, _, query = _split(address)
    return [login.partition(":")[2], *parse_qs(query).get("sentinel_password", [])]


def _split(address: str) -> tuple[str, str, str, str]:
    """Return login, hosts, path and query. urlsplit rejects brackets in any host after the first."""
    rest, _, query = address.partition("://")[2].partition("?")
    authority, _, path = rest.partition("/")
    login, _, hosts = authority.rpartition("@")
    return login, hosts, path, query


def _build_node_options(parsed: SentinelURL, timeout_seconds: float) -> dict[str, Any]:
    return {**_build_timeouts(timeout_seconds), **parsed.node_login, "retry": _NO_RETRY}


def _build_timeouts(seconds: float) -> dict[str, float]:
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds}


def _parse_node(node: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{node}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"must be a URL such as {SENTINEL_EXAMPLE}, but a port is invalid") from None
    if not host:
        raise ValueError(f"must be a URL such as {SENTINEL_EXAMPLE}, but a host is missing")
    return host, SENTINEL_PORT if port is None else port


def _without_empty(options: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value}
