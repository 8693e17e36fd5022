"""Addresses of Redis and of the queue: what they may look like, and the clients made from them.

Sentinel's address names the nodes that are asked where the primary is:
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


# Another node is asked at once where one does not answer. One object, as kombu pools connections by their options.
_NO_RETRY = Retry(NoBackoff(), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelURL:
    """A primary that Sentinel names, and the nodes to ask for it."""

    nodes: tuple[tuple[str, int], ...]
    master_name: str
    number: int
    # Of the primary, as `username` and `password`.
    login: Mapping[str, str]
    # Of the nodes.
    node_login: Mapping[str, str]


def is_sentinel(address: str) -> bool:
    return address.lower().startswith("sentinel://")


def check_redis_url(address: str) -> None:
    """Raise ValueError, with what is accepted, where an address with a scheme of ours cannot be used.

    No message quotes a part of the address: of one that is wrongly written that may be the password.
    """
    if is_sentinel(address):
        parse_sentinel(address)
        return
    try:
        if is_amqp(address):
            # kombu tries several brokers in turn.
            is_usable = all(urlsplit(each).port != 0 for each in address.split(";"))
        else:
            number = urlsplit(address).path.strip("/")
            redis.connection.parse_url(address)
            is_usable = not number or number.isdecimal()
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError(f"accepted is an address such as {AMQP_EXAMPLE if is_amqp(address) else REDIS_EXAMPLE}")


def parse_sentinel(address: str) -> SentinelURL:
    """Read an address that begins with `sentinel://`. Raises ValueError, with what is accepted."""
    login, hosts, path, query = _split(address)
    username, _, password = login.partition(":")
    options = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    unknown = sorted(options.keys() - _SENTINEL_OPTIONS)
    if unknown:
        raise ValueError(f"accepted is behind the `?` any of {', '.join(sorted(_SENTINEL_OPTIONS))}")
    number = path.strip("/") or "0"
    if not number.isdecimal():
        raise ValueError(f"a database has a number; accepted is an address such as {SENTINEL_EXAMPLE}")
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
    """Make a client of the Redis, or of the primary that Sentinel names; nothing is opened until it is used.

    A fail-fast one tries nothing twice.
    """
    timeouts = _build_timeouts(timeout_seconds)
    if is_fail_fast:
        options["retry"] = _NO_RETRY
    if not is_sentinel(address):
        return redis.Redis.from_url(address, **timeouts, **options)
    # Both connecting and the command around it are tried again, so that the usual three times would be nine.
    options.setdefault("retry", Retry(ConstantBackoff(0.2), 1))
    parsed = parse_sentinel(address)
    sentinel = Sentinel(parsed.nodes, sentinel_kwargs=_build_node_options(parsed, timeout_seconds))
    return sentinel.master_for(parsed.master_name, db=parsed.number, **parsed.login, **timeouts, **options)


def build_broker_url(address: str) -> str:
    """Return the address as Celery reads it: Sentinel's nodes stand side by side as whole addresses."""
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
    """Return Celery's transport options for the broker at the address.

    With `is_fail_fast` an answer must come within the timeout as well; else it may take as long as a worker waits.
    """
    if is_amqp(address):
        # A task counts as queued when RabbitMQ has confirmed it, not when it was sent.
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
    return address.lower().startswith(("amqp://", "amqps://"))


def list_passwords(address: str) -> list[str]:
    """Return the passwords in an address as they are written there, for the log to hide."""
    login, _, _, query = _split(address)
    return [login.partition(":")[2], *parse_qs(query).get("sentinel_password", [])]


def _split(address: str) -> tuple[str, str, str, str]:
    """Return login, hosts, path and query. Not `urlsplit`, which refuses a bracket that is not of the first host."""
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
        raise ValueError(f"a port is wrong; accepted is an address such as {SENTINEL_EXAMPLE}") from None
    if not host:
        raise ValueError(f"a host is missing; accepted is an address such as {SENTINEL_EXAMPLE}")
    return host, SENTINEL_PORT if port is None else port


def _without_empty(options: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value}
