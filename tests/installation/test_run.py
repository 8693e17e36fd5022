"""`manage.py run` with real processes on a temporary VAR_DIR."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from career_navigator.devserver.manager import MAX_RESTARTS, find_marked
from career_navigator.environment import BASE_DIR
from tests.installation.run_command import Run

# With an API key, `run` does not start the fake TheirStack and so starts faster. No server listens at this URL.
NO_DEMONSTRATION: dict[str, Any] = {"THEIR_STACK_API_KEY": "a-key", "THEIR_STACK_BASE_URL": "http://127.0.0.1:1"}
STOP_SECONDS = 10
WORKER = ("celery", " worker --exclude-queues ")


@pytest.fixture
def var_dir(tmp_path: Path) -> Path:
    return tmp_path.resolve() / "var"


@pytest.fixture
def runs(var_dir: Path) -> Iterator[list[Run]]:
    """Yield a list. Every run in it is stopped after the test."""
    started: list[Run] = []
    yield started
    for each in started:
        each.clean_up()


def test_mails_links_to_its_own_address(demonstration: Run) -> None:
    origin = f"http://127.0.0.1:{demonstration.port}"
    account = {"email": "links@example.com", "password": "SecurePass123", "full_name": "Link Example"}

    requests.post(f"{origin}/auth/register", json=account, timeout=10).raise_for_status()

    demonstration.wait_for(f"{origin}/auth/email/confirm?token=")


def test_serves_the_demonstration_until_ctrl_c_and_leaves_nothing_behind(demonstration: Run, runs: list[Run]) -> None:
    """Stop the shared demonstration. Must run after the browser tests, which use it too."""
    run, var_dir = demonstration, demonstration.var_dir

    run.wait_for("Stop with Ctrl-C.")
    services_mode = stat.S_IMODE((var_dir / "services.json").stat().st_mode)
    password_file = var_dir / "admin-password"
    health = requests.get(f"http://127.0.0.1:{run.port}/health", timeout=5)
    static = requests.get(f"http://127.0.0.1:{run.port}/static/admin/css/base.css", timeout=5)
    docs = requests.get(f"http://127.0.0.1:{run.port}/docs", timeout=5)
    elsewhere = subprocess.run(
        [sys.executable, "manage.py", "seed", "--json"],
        cwd=BASE_DIR,
        env={key: value for key, value in os.environ.items() if key not in {"MONGODB_URI", "REDIS_URL"}}
        | {"VAR_DIR": str(var_dir)},
        capture_output=True,
        check=False,
    )
    second = Run(var_dir)
    runs.append(second)
    second_exit_code = second.end(seconds=30)
    run.process.send_signal(signal.SIGINT)
    asked_at = time.monotonic()
    exit_code = run.end(seconds=STOP_SECONDS + 5)

    assert time.monotonic() - asked_at < STOP_SECONDS
    assert exit_code == 0
    assert find_marked(var_dir=var_dir) == []
    assert not (var_dir / "services.json").exists()
    assert run.output.count("is ready at") == 1
    assert f"http://127.0.0.1:{run.port}/docs" in run.output
    assert f"http://127.0.0.1:{run.port}/admin" in run.output
    assert password_file.read_text().strip() in run.output
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    assert services_mode == 0o600
    assert "demonstration data" in run.output
    assert health.status_code == 200
    assert docs.status_code == 200
    assert static.headers["Content-Type"].startswith("text/css")
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert second_exit_code == 1
    assert f"another run (process {run.process.pid}) is using {var_dir}" in second.output


def test_recovers_with_all_data_when_killed_and_says_which_of_its_processes_was_killed(
    var_dir: Path, runs: list[Run]
) -> None:
    killed = Run(var_dir, **NO_DEMONSTRATION)
    runs.append(killed)
    killed.wait_until_ready()
    killed.keep(1)
    password = (var_dir / "server-password").read_text()
    commands = [" ".join(each.cmdline()) for each in find_marked(var_dir=var_dir)]
    open_to_others = [path for path in [var_dir, *var_dir.rglob("*")] if path.lstat().st_mode & 0o077]
    old = find_marked(var_dir=var_dir)
    killed.process.kill()
    killed.process.wait()

    again = Run(var_dir, port=killed.port, **NO_DEMONSTRATION)
    runs.append(again)
    again.wait_until_ready()
    kept = again.keep(2)
    new = {each.pid for each in find_marked(var_dir=var_dir)}
    again.find("mongod", "--dbpath").kill()
    exit_code = again.end(seconds=STOP_SECONDS)

    assert kept == 1
    assert [command for command in commands if password in command] == []
    assert open_to_others == []
    assert new.isdisjoint(each.pid for each in old)
    assert not [each for each in old if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
    assert exit_code == 1
    assert "MongoDB was killed by SIGKILL" in again.output
    assert find_marked(var_dir=var_dir) == []


def test_restarts_a_process_that_ends_and_gives_up_if_it_ends_too_often(var_dir: Path, runs: list[Run]) -> None:
    run = Run(var_dir, **NO_DEMONSTRATION)
    runs.append(run)
    run.wait_until_ready()
    ended: set[int] = set()

    def end(*words: str) -> None:
        process = run.find_new(*words, but=ended)
        ended.add(process.pid)
        process.kill()

    for name, words in {"web": ("granian",), "beat": ("celery", " beat "), "worker": WORKER}.items():
        end(*words)
        run.wait_for(f"{name} was killed by SIGKILL. Restarting it.")
        run.find_new(*words, but=ended)
    run.wait_until_answers()
    for _ in range(MAX_RESTARTS):
        end(*WORKER)
    exit_code = run.end(seconds=30)

    assert exit_code == 1
    assert run.output.count("worker was killed by SIGKILL. Restarting it.") == MAX_RESTARTS
    assert f"worker was killed by SIGKILL, after {MAX_RESTARTS} restarts within 60 s." in run.output
    assert find_marked(var_dir=var_dir) == []


def test_stops_immediately_when_interrupted_during_startup(var_dir: Path, runs: list[Run]) -> None:
    run = Run(var_dir, **NO_DEMONSTRATION)
    runs.append(run)
    run.wait_for("Starting MongoDB")

    run.process.terminate()
    exit_code = run.end(seconds=STOP_SECONDS)

    assert exit_code == 0
    # An API key is set, but no budget.
    assert "THEIR_STACK_CREDIT_BUDGET is not" in run.output
    assert find_marked(var_dir=var_dir) == []


def test_names_a_port_in_use_and_how_to_choose_another(var_dir: Path, runs: list[Run]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        run = Run(var_dir, port=port, **NO_DEMONSTRATION)
        runs.append(run)
        exit_code = run.end(seconds=30)

    assert exit_code == 1
    assert f"port {port} is taken by another program. Choose another: PORT={port + 1} make run" in run.output
    assert not (var_dir / "mongodb").exists()


def test_a_failing_step_stops_the_startup_and_shows_its_output(var_dir: Path, runs: list[Run]) -> None:
    run = Run(var_dir, MONGODB_URI="mongodb://127.0.0.1:1/career_navigator", **NO_DEMONSTRATION)
    runs.append(run)

    exit_code = run.end(seconds=60)

    assert exit_code == 1
    assert "bootstrap failed. See its output above" in run.output
    assert "MongoDB is unavailable" in run.output
    assert "is ready at" not in run.output
    assert find_marked(var_dir=var_dir) == []
