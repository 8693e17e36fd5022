"""Child processes side by side, with small programs in the place of large ones."""

import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from career_navigator.running import leftovers
from career_navigator.running.children import Child, Children, how_it_ended
from career_navigator.running.console import Console

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
def console(stream: io.StringIO) -> Console:
    return Console(stream=stream)


@pytest.fixture
def children(console: Console, tmp_path: Path) -> Iterator[Children]:
    children = Children(console=console, environment={**os.environ, leftovers.MARK: str(tmp_path)}, directory=tmp_path)
    yield children
    children.stop(timeout_seconds=0.1)


def relay_until(children: Children, stream: io.StringIO, text: str) -> None:
    give_up_at = time.monotonic() + 10
    while text not in stream.getvalue() and time.monotonic() < give_up_at:
        children.relay(seconds=0.05)


def is_running(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def next_ended(children: Children) -> Child:
    give_up_at = time.monotonic() + 10
    while time.monotonic() < give_up_at:
        children.relay(seconds=0.05)
        for child in children.take_ended():
            return child
    pytest.fail("no child ended")


def test_relays_whole_lines_after_the_name_and_the_last_one_without_its_end(
    children: Children, console: Console, stream: io.StringIO
) -> None:
    children.start("speaker", [sys.executable, "-c", "print('one'); print('two'); print('three', end='')"])

    next_ended(children)
    console.close()

    assert stream.getvalue() == "speaker  | one\nspeaker  | two\nspeaker  | three\n"


@pytest.mark.parametrize(("exit_code", "shown"), [(0, ""), (3, "step     | it went so\n")])
def test_shows_what_a_passing_child_said_only_when_it_fails(
    children: Children, console: Console, stream: io.StringIO, exit_code: int, shown: str
) -> None:
    children.start("step", [sys.executable, "-c", f"print('it went so'); raise SystemExit({exit_code})"], passing=True)

    ended = next_ended(children)
    console.close()

    assert ended.process.returncode == exit_code
    assert stream.getvalue() == shown


def test_notices_a_killed_child(children: Children) -> None:
    child = children.start("worker", [sys.executable, "-c", WAITS])
    child.process.kill()

    ended = next_ended(children)

    assert how_it_ended(ended.name, ended.process.returncode) == "worker was ended by SIGKILL"


def test_starts_an_ended_child_again_as_it_was_and_ends_what_that_left_behind(
    children: Children, stream: io.StringIO
) -> None:
    child = children.start("worker", [sys.executable, "-c", FORKS], COLOUR="green")
    relay_until(children, stream, "forked")
    left_behind = int(stream.getvalue().split()[-1])
    child.process.kill()

    again = children.restart(next_ended(children))
    relay_until(children, stream, f"child of {again.process.pid}")

    assert again.process.poll() is None
    assert stream.getvalue().count("green") == 2
    assert not is_running(left_behind)


def test_names_the_exit_code_of_a_child_that_failed() -> None:
    assert how_it_ended("web", 3) == "web ended with exit code 3"


def test_kills_a_child_that_does_not_stop_when_asked(children: Children, console: Console, stream: io.StringIO) -> None:
    child = children.start("stubborn", [sys.executable, "-c", IGNORES])
    relay_until(children, stream, "here")

    children.stop(timeout_seconds=0.3)
    console.close()

    assert child.process.returncode == -signal.SIGKILL
    assert "stubborn did not stop" in stream.getvalue()


def test_gives_a_child_the_variables_asked_for(children: Children, console: Console, stream: io.StringIO) -> None:
    children.start("child", [sys.executable, "-c", "import os; print(os.environ['COLOUR'])"], COLOUR="green")

    next_ended(children)
    console.close()

    assert stream.getvalue() == "child    | green\n"


def test_finds_and_stops_only_what_carries_the_mark_of_the_directory(
    children: Children, stream: io.StringIO, tmp_path: Path
) -> None:
    child = children.start("worker", [sys.executable, "-c", WAITS])
    relay_until(children, stream, "here")

    others = leftovers.stop_marked(var_dir=tmp_path / "other", timeout_seconds=1)
    alive = child.process.poll() is None
    stopped = leftovers.stop_marked(var_dir=tmp_path, timeout_seconds=1)

    assert others == []
    assert alive
    assert [f"({child.process.pid})" in each for each in stopped] == [True]
    assert child.process.poll() is not None


def test_spares_the_processes_it_is_told_to_spare(children: Children, stream: io.StringIO, tmp_path: Path) -> None:
    child = children.start("server", [sys.executable, "-c", WAITS])
    relay_until(children, stream, "here")

    stopped = leftovers.stop_marked(var_dir=tmp_path, timeout_seconds=0, spare={child.process.pid})

    assert stopped == []
    assert child.process.poll() is None


def test_a_console_that_nobody_reads_says_so_instead_of_failing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    console = Console(stream=os.fdopen(writer, "w"))

    console.say("anybody?")
    console.close()

    assert console.closed
