"""The process manager, tested with small scripts instead of the real servers."""

import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from career_navigator.devserver import manager as process_manager
from career_navigator.devserver.manager import MARK, Output, Process, ProcessManager, describe_end, stop_marked

WAITS = "import time; print('here', flush=True); time.sleep(60)"
IGNORES = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)"
)

FORKS = (
    "import os, time; forked = os.fork(); "
    "forked and print('child of', os.getpid(), os.environ['COLOUR'], 'forked', forked, flush=True); time.sleep(60)"
)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def output(stream: io.StringIO) -> Output:
    return Output(stream)


@pytest.fixture
def manager(output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessManager]:
    monkeypatch.setenv(MARK, str(tmp_path))
    manager = ProcessManager(var_dir=tmp_path, output=output)
    yield manager
    monkeypatch.setattr(process_manager, "STOP_PROCESSES_TIMEOUT", 0.1)
    manager.stop()


def wait_until(stream: io.StringIO, text: str) -> None:
    give_up_at = time.monotonic() + 10
    while text not in stream.getvalue() and time.monotonic() < give_up_at:
        time.sleep(0.05)


def is_running(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for_end(manager: ProcessManager) -> Process:
    give_up_at = time.monotonic() + 10
    while time.monotonic() < give_up_at:
        for process in manager.take_ended():
            return process
        time.sleep(0.05)
    pytest.fail("no process ended")


def test_prefixes_lines_with_the_name_even_without_a_final_newline(
    manager: ProcessManager, output: Output, stream: io.StringIO
) -> None:
    manager.start("speaker", [sys.executable, "-c", "print('one'); print('two'); print('three', end='')"])

    wait_for_end(manager)
    output.close()

    assert stream.getvalue() == "speaker  | one\nspeaker  | two\nspeaker  | three\n"


@pytest.mark.parametrize(("exit_code", "shown"), [(0, ""), (3, "step     | its output\n")])
def test_shows_the_output_of_a_one_off_process_only_if_it_fails(
    manager: ProcessManager, output: Output, stream: io.StringIO, exit_code: int, shown: str
) -> None:
    code = f"print('its output'); raise SystemExit({exit_code})"
    manager.start("step", [sys.executable, "-c", code], runs_once=True)

    ended = wait_for_end(manager)
    output.close()

    assert ended.popen.returncode == exit_code
    assert stream.getvalue() == shown


def test_detects_a_killed_process(manager: ProcessManager) -> None:
    process = manager.start("worker", [sys.executable, "-c", WAITS])
    process.popen.kill()

    ended = wait_for_end(manager)

    assert describe_end(ended.name, ended.popen.returncode) == "worker was killed by SIGKILL"


def test_restarts_an_ended_process_and_kills_its_children(manager: ProcessManager, stream: io.StringIO) -> None:
    process = manager.start("worker", [sys.executable, "-c", FORKS], COLOUR="green")
    wait_until(stream, "forked")
    orphan_pid = int(stream.getvalue().split()[-1])
    process.popen.kill()
    process.popen.wait()

    manager.check()
    wait_until(stream, "starting it again.\nworker   | child of")

    assert stream.getvalue().count("green") == 2
    assert not is_running(orphan_pid)


def test_describes_the_exit_code_of_a_failed_process() -> None:
    assert describe_end("web", 3) == "web exited with code 3"


def test_kills_a_process_that_ignores_sigterm(
    manager: ProcessManager, output: Output, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_manager, "STOP_PROCESSES_TIMEOUT", 0.3)
    process = manager.start("stubborn", [sys.executable, "-c", IGNORES])
    wait_until(stream, "here")

    manager.stop()
    output.close()

    assert process.popen.returncode == -signal.SIGKILL
    assert "stubborn did not stop" in stream.getvalue()


def test_passes_environment_variables_to_a_process(
    manager: ProcessManager, output: Output, stream: io.StringIO
) -> None:
    manager.start("child", [sys.executable, "-c", "import os; print(os.environ['COLOUR'])"], COLOUR="green")

    wait_for_end(manager)
    output.close()

    assert stream.getvalue() == "child    | green\n"


def test_finds_and_stops_only_processes_marked_with_the_directory(
    manager: ProcessManager, stream: io.StringIO, tmp_path: Path
) -> None:
    process = manager.start("worker", [sys.executable, "-c", WAITS])
    wait_until(stream, "here")

    others = stop_marked(var_dir=tmp_path / "other", timeout_seconds=1)
    alive = process.popen.poll() is None
    stopped = stop_marked(var_dir=tmp_path, timeout_seconds=1)

    assert others == []
    assert alive
    assert [f"({process.popen.pid})" in each for each in stopped] == [True]
    assert process.popen.poll() is not None


def test_does_not_stop_spared_processes(manager: ProcessManager, stream: io.StringIO, tmp_path: Path) -> None:
    process = manager.start("server", [sys.executable, "-c", WAITS])
    wait_until(stream, "here")

    stopped = stop_marked(var_dir=tmp_path, timeout_seconds=0, spare={process.popen.pid})

    assert stopped == []
    assert process.popen.poll() is None


def test_output_without_a_reader_is_closed_instead_of_failing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    output = Output(os.fdopen(writer, "w"))

    output.put("anybody?")
    output.close()

    assert output.is_closed
