"""Tests of Redis and broker URLs, and of a Sentinel failover to a new primary."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import cache
from kombu import Connection
from kombu.exceptions import OperationalError

from career_navigator.cache.client import execute, fail_fast_redis, is_available
from career_navigator.celery import app, count_waiting_tasks, enqueue
from career_navigator.db.connection import redis_client
from career_navigator.devserver.embedded import HOST, EmbeddedServer, find_free_port, start_valkey, with_pdeathsig
from career_navigator.devserver.embedded import _find_valkey_binary as valkey_binary
from career_navigator.redis_urls import (
    build_broker_options,
    build_broker_url,
    check_redis_url,
    list_passwords,
    parse_sentinel,
)
from tests.other_servers import redis_at

# Twice the time that Sentinel needs on a busy machine to detect the failure and promote the replica.
FAILOVER_SECONDS = 30


@pytest.mark.parametrize(
    "address",
    [
        "redis://host",
        "redis://[::1]:6379/1",
        "rediss://:pass%2Fword@host:1/2?ssl_cert_reqs=none",
        "amqp://user:password@host//",
        "amqp://host1:5672//;amqp://host2:5672//",
    ],
)
def test_accepts_urls_that_the_clients_support(address: str) -> None:
    check_redis_url(address)


@pytest.mark.parametrize(
    ("address", "nodes", "master_name", "number", "login", "node_login"),
    [
        ("sentinel://host1", (("host1", 26379),), "mymaster", 0, {}, {}),
        ("sentinel://host1:1,host2:2/3", (("host1", 1), ("host2", 2)), "mymaster", 3, {}, {}),
        ("sentinel://[::1]:5,[fe80::1]/", (("::1", 5), ("fe80::1", 26379)), "mymaster", 0, {}, {}),
        ("sentinel://:p%40ss@h/0?master_name=main", (("h", 26379),), "main", 0, {"password": "p@ss"}, {}),
        (
            "sentinel://ann:secret@h:1/2?sentinel_username=watch&sentinel_password=hidden",
            (("h", 1),),
            "mymaster",
            2,
            {"username": "ann", "password": "secret"},
            {"username": "watch", "password": "hidden"},
        ),
    ],
)
def test_parses_sentinel_urls(
    address: str, nodes: Any, master_name: str, number: int, login: Any, node_login: Any
) -> None:
    parsed = parse_sentinel(address)

    assert (parsed.nodes, parsed.master_name, parsed.number) == (nodes, master_name, number)
    assert (parsed.login, parsed.node_login) == (login, node_login)


def test_passes_all_nodes_and_passwords_to_celery() -> None:
    address = "sentinel://:p%40;ss@host1:1,[::1]:2/3?master_name=main&sentinel_password=hidden"

    url = build_broker_url(address)
    options = build_broker_options(address, timeout_seconds=3)
    connection = Connection(url, transport_options=options)

    assert connection.alt == ["sentinel://:p%40%3Bss@host1:1/3", "sentinel://:p%40%3Bss@[::1]:2/3"]
    assert (connection.password, connection.virtual_host) == ("p@;ss", "3")
    assert options["master_name"] == "main"
    assert options["sentinel_kwargs"]["password"] == "hidden"
    assert "ss@" not in connection.as_uri()


def test_requires_rabbitmq_to_confirm_queued_tasks() -> None:
    options = build_broker_options("amqp://localhost//", timeout_seconds=3)

    assert options["confirm_publish"] is True
    assert "socket_timeout" not in options


def test_lists_both_passwords_of_a_sentinel_url() -> None:
    assert list_passwords("sentinel://ann:first@h1,h2/0?sentinel_password=second") == ["first", "second"]


class Replicas:
    """A primary, its replica, and a Sentinel that monitors them."""

    def __init__(self, directory: Path) -> None:
        self.primary = start_valkey(directory=directory / "primary")
        self.replica = start_valkey(directory=directory / "replica")
        build_client(self.replica).replicaof(HOST, self.primary.port)
        wait_until(lambda: build_client(self.replica).info("replication")["master_link_status"] == "up")
        self.sentinel_port = find_free_port()
        configuration = directory / "sentinel.conf"
        configuration.write_text(
            f"bind {HOST}\nport {self.sentinel_port}\ndir {directory}\n"
            f"sentinel monitor mymaster {HOST} {self.primary.port} 1\n"
            "sentinel down-after-milliseconds mymaster 500\n"
            "sentinel failover-timeout mymaster 2000\n"
        )
        with (directory / "sentinel.log").open("wb") as log:
            self.sentinel = subprocess.Popen(
                with_pdeathsig([str(valkey_binary()), str(configuration), "--sentinel"]), stdout=log, stderr=log
            )
        # Sentinel can only promote a replica that it has discovered.
        wait_until(lambda: bool(self._list_replicas()))

    def _list_replicas(self) -> Any:
        with redis.Redis(host=HOST, port=self.sentinel_port, socket_timeout=1) as client:
            try:
                return client.sentinel_slaves("mymaster")
            except redis.ConnectionError:
                return None

    @property
    def address(self) -> str:
        # The first node does not exist, so clients must try the second one.
        return f"sentinel://{HOST}:1,{HOST}:{self.sentinel_port}/0"

    def kill_primary(self) -> None:
        self.primary.process.kill()
        self.primary.process.wait()

    def stop(self) -> None:
        self.sentinel.kill()
        self.sentinel.wait()
        self.primary.stop()
        self.replica.stop()


def build_client(server: EmbeddedServer) -> Any:
    return redis.Redis(host=HOST, port=server.port, socket_timeout=2)


def wait_until(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + FAILOVER_SECONDS
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[Replicas]:
    replicas = Replicas(tmp_path)
    try:
        yield replicas
    finally:
        replicas.stop()


def test_follows_sentinel_to_the_new_primary(replicas: Replicas) -> None:
    @app.task(name="test.follows")
    def follow() -> None: ...

    def is_redis_working() -> bool:
        try:
            redis_client().set("version", "1")
            cache.set("cached", "2")
            return (
                enqueue(follow)
                and execute(("GET", "version")) == [b"1"]
                and fail_fast_redis().get("version") == b"1"
                and cache.get("cached") == "2"
                and count_waiting_tasks()["default"] > 0
            )
        except (redis.RedisError, OperationalError):
            return False

    with redis_at(replicas.address):
        assert is_redis_working()
        replicas.kill_primary()
        assert not is_available()

        wait_until(is_redis_working)

        with app.connection_for_read() as connection:
            message = connection.SimpleQueue(app.conf.task_default_queue).get(timeout=5)
    app.tasks.unregister("test.follows")

    assert message.headers["task"] == "test.follows"
    assert build_client(replicas.replica).role()[0] == b"master"
