"""Responses of /market/trending compared with a minimal FastAPI application that sends the same bytes.

python -m benchmarks.serving [--postings N] [--rounds N] [--seconds N]
"""

import argparse
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from benchmarks.load_generator import HOST, Load, load
from benchmarks.report import Report, milliseconds
from benchmarks.servers import own_servers, use_database

PATH = "/market/trending"
CONNECTIONS = 32
START_SECONDS = 60
# If others use the core too, a server with several threads gets a larger share of it than one with a single thread.
MAX_SHARE_OF_OTHERS = 0.1
MAX_TRIES = 8


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postings", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="rounds per server (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5, help="seconds per round (default: %(default)s)")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        parser.error("needs two cores: one for the server, one for the load")
    with own_servers() as directory, ExitStack() as stack:
        prepare(arguments.postings)
        os.sched_setaffinity(0, {cores[0]})
        ours = stack.enter_context(our_web(directory))
        answer = fetch(ours.port)
        peer = stack.enter_context(peer_web(directory, answer))
        if fetch(peer.port) != answer:
            raise RuntimeError("the two do not send the same bytes")
        # Child processes inherit the affinity. The servers run on the first core, this process on the second.
        os.sched_setaffinity(0, {cores[1]})
        return compare(
            ours, peer, core=cores[0], length=len(answer), rounds=arguments.rounds, seconds=arguments.seconds
        ).show()


def prepare(count: int) -> None:
    """Fill the database with `count` postings and refresh the stats."""
    from django.utils import timezone

    from benchmarks.posting_set import fill
    from market.refresh import refresh_stats

    use_database("serving")
    fill(count=count, now=timezone.now())
    refresh_stats(now=timezone.now())


@dataclass(frozen=True)
class Server:
    """A running server: its port and the process that was started for it."""

    port: int
    process: psutil.Process

    def processor_seconds(self) -> float:
        """Return the processor time used so far, including workers. Other load hardly affects it, unlike the rate."""
        processes = [self.process, *self.process.children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in processes)


@dataclass(frozen=True)
class Round:
    """A load on one server: processor time per response, and the share of the core that other programs used."""

    load: Load
    spent: float
    others: float


def measure(server: Server, core: int, length: int, seconds: float) -> Round:
    """Load a server for some seconds and measure processor time."""
    spent, busy = server.processor_seconds(), _busy_seconds(core)
    done = load(port=server.port, path=PATH, connections=CONNECTIONS, seconds=seconds, length=length)
    spent, busy = server.processor_seconds() - spent, _busy_seconds(core) - busy
    return Round(done, spent / len(done.latencies), max(0.0, busy - spent) / done.seconds)


def _busy_seconds(core: int) -> float:
    times = psutil.cpu_times(percpu=True)[core]
    return times.user + times.system + getattr(times, "nice", 0.0)


def compare(ours: Server, peer: Server, *, core: int, length: int, rounds: int, seconds: float) -> Report:
    """Load both servers alternately, so that noise affects both. Report medians over the undisturbed rounds.

    Raises:
        RuntimeError: Other programs disturbed all rounds.
    """
    servers = (ours, peer)
    undisturbed: dict[Server, list[Round]] = {server: [] for server in servers}
    for server in servers:
        load(port=server.port, path=PATH, connections=CONNECTIONS, seconds=1, length=length)
    left_out = number = 0
    while len(undisturbed[ours]) < rounds and number < MAX_TRIES * rounds:
        # Alternate the order.
        order = servers if number % 2 == 0 else servers[::-1]
        pair = {server: measure(server, core, length, seconds) for server in order}
        number += 1
        if max(each.others for each in pair.values()) > MAX_SHARE_OF_OTHERS:
            left_out += 1
            continue
        for server in servers:
            undisturbed[server].append(pair[server])
    if not undisturbed[ours]:
        raise RuntimeError(f"Other programs used the servers' core in all {number} rounds.")
    loads = {server: [each.load for each in undisturbed[server]] for server in servers}
    spent = {server: [each.spent for each in undisturbed[server]] for server in servers}
    rates = {server: median(each.rate for each in loads[server]) for server in servers}
    p99s = {server: median(each.within(0.99) for each in loads[server]) for server in servers}
    p50s = {server: median(each.within(0.5) for each in loads[server]) for server in servers}
    ratios = [own.rate / other.rate for own, other in zip(loads[ours], loads[peer], strict=True)]
    report = Report(
        f"{PATH}, {length:,} bytes: one worker on one core, {CONNECTIONS} connections, "
        f"rounds of {seconds:g} s in turn; medians"
    )
    report.note("rounds counted; rounds left out because of other load", f"{len(loads[ours])}; {left_out}")
    report.note("FastAPI on uvicorn (uvloop, httptools, no access log), requests per second", f"{rates[peer]:,.0f}")
    report.note("  p50; p99", f"{milliseconds(p50s[peer])}; {milliseconds(p99s[peer])}")
    report.note("  processor time per request", microseconds(median(spent[peer])))
    report.at_least(
        "ours as `manage.py run` starts it, requests a second",
        median(ratios),
        1.0,
        measured=f"{rates[ours]:,.0f} = {median(ratios):.2f} x",
        bar_text=">= 1.0 x",
    )
    report.note("  the ratio in each round", ", ".join(f"{ratio:.2f}" for ratio in ratios))
    report.note("  processor time per request", microseconds(median(spent[ours])))
    report.note("  p50", milliseconds(p50s[ours]))
    report.at_most(
        "  p99",
        p99s[ours],
        p99s[peer],
        measured=f"{milliseconds(p99s[ours])} = {p99s[ours] / p99s[peer]:.2f} x",
        bar_text="<= 1.0 x",
    )
    return report


def microseconds(seconds: float) -> str:
    """Format seconds as microseconds."""
    return f"{seconds * 1e6:.0f} us"


@contextmanager
def our_web(directory: Path) -> Iterator[Server]:
    """Start the web process with the arguments of `manage.py run`. Its log goes to a file instead of a pipe."""
    from django.conf import settings

    from career_navigator.devserver.embedded import find_free_port

    port = find_free_port()
    command = [
        *(sys.executable, "-m", "granian", "career_navigator.rsgi:application", "--interface", "rsgi", "--no-ws"),
        *("--host", HOST, "--port", str(port), "--http", "1"),
        *("--workers", "1", "--workers-kill-timeout", "3", "--log-level", "info"),
    ]
    with serving(command, port, directory / "web.log", {"MONGODB_URI": settings.MONGODB_URI}) as server:
        yield server


@contextmanager
def peer_web(directory: Path, answer: bytes) -> Iterator[Server]:
    """Start the FastAPI application that sends `answer`."""
    from career_navigator.devserver.embedded import find_free_port

    port = find_free_port()
    file = directory / "answer.json"
    file.write_bytes(answer)
    command = [
        *(sys.executable, "-m", "uvicorn", "benchmarks.peer.app:app", "--host", HOST, "--port", str(port)),
        *("--workers", "1", "--loop", "uvloop", "--http", "httptools", "--no-access-log"),
    ]
    with serving(command, port, directory / "peer.log", {"PEER_ANSWER": str(file)}) as server:
        yield server


@contextmanager
def serving(command: list[str], port: int, log: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Start a server, wait until it responds, and stop it at the end."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=os.environ | environment)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[2]} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    """Return whether the server sends any response."""
    try:
        fetch(port)
    except OSError:
        return False
    except UnexpectedAnswer:
        pass
    return True


class UnexpectedAnswer(RuntimeError):
    """A response with another status than 200."""


def fetch(port: int, path: str = PATH, token: str = "") -> bytes:
    """Send a GET request and return the body.

    Raises:
        UnexpectedAnswer: The status is not 200.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise UnexpectedAnswer(f"{path} answered {response.status}: {body[:200]!r}")
    return body


if __name__ == "__main__":
    sys.exit(main())
