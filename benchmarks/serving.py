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

from benchmarks.load_generator import HOST, Load, run_load
from benchmarks.report import Report, format_milliseconds
from benchmarks.servers import start_servers, use_database

PATH = "/market/trending"
CONNECTIONS = 32
START_SECONDS = 60
# If other programs use the core, a server with several threads gets a larger share than a server with one thread.
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
        parser.error("This benchmark needs two cores: one for the server, one for the load.")
    with start_servers() as directory, ExitStack() as stack:
        prepare_database(arguments.postings)
        os.sched_setaffinity(0, {cores[0]})
        ours = stack.enter_context(start_web(directory))
        response = fetch(ours.port)
        peer = stack.enter_context(start_peer(directory, response))
        if fetch(peer.port) != response:
            raise RuntimeError("the two servers do not send the same bytes")
        # Child processes inherit the affinity. The servers run on the first core, this process on the second.
        os.sched_setaffinity(0, {cores[1]})
        return compare(
            ours, peer, core=cores[0], length=len(response), rounds=arguments.rounds, seconds=arguments.seconds
        ).show()


def prepare_database(count: int) -> None:
    """Fill the database with `count` postings and refresh the stats."""
    from django.utils import timezone

    from benchmarks.posting_set import store_generated_postings
    from market.refresh import refresh_stats

    use_database("serving")
    store_generated_postings(count=count, now=timezone.now())
    refresh_stats(now=timezone.now())


@dataclass(frozen=True)
class Server:
    """A running server: its port and the process that was started for it."""

    port: int
    process: psutil.Process

    def get_processor_seconds(self) -> float:
        """Return the processor time used so far, including workers. Other load hardly affects it, unlike the rate."""
        processes = [self.process, *self.process.children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in processes)


@dataclass(frozen=True)
class Round:
    """A load on one server: processor time per response, and the share of the core that other programs used."""

    load: Load
    processor_seconds: float
    other_share: float


def measure(server: Server, core: int, length: int, seconds: float) -> Round:
    """Load a server for `seconds` and measure processor time."""
    processor_seconds, busy_seconds = server.get_processor_seconds(), _get_busy_seconds(core)
    result = run_load(port=server.port, path=PATH, connections=CONNECTIONS, seconds=seconds, length=length)
    processor_seconds, busy_seconds = (
        server.get_processor_seconds() - processor_seconds,
        _get_busy_seconds(core) - busy_seconds,
    )
    return Round(
        result, processor_seconds / len(result.latencies), max(0.0, busy_seconds - processor_seconds) / result.seconds
    )


def _get_busy_seconds(core: int) -> float:
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
        run_load(port=server.port, path=PATH, connections=CONNECTIONS, seconds=1, length=length)
    skipped_rounds = number = 0
    while len(undisturbed[ours]) < rounds and number < MAX_TRIES * rounds:
        # Alternate the order.
        order = servers if number % 2 == 0 else servers[::-1]
        results = {server: measure(server, core, length, seconds) for server in order}
        number += 1
        if max(round_result.other_share for round_result in results.values()) > MAX_SHARE_OF_OTHERS:
            skipped_rounds += 1
            continue
        for server in servers:
            undisturbed[server].append(results[server])
    if not undisturbed[ours]:
        raise RuntimeError(f"Other programs used the servers' core in all {number} rounds.")
    loads = {server: [round_result.load for round_result in undisturbed[server]] for server in servers}
    processor_seconds = {
        server: [round_result.processor_seconds for round_result in undisturbed[server]] for server in servers
    }
    rates = {server: median(round_result.rate for round_result in loads[server]) for server in servers}
    p99s = {server: median(round_result.get_latency(0.99) for round_result in loads[server]) for server in servers}
    p50s = {server: median(round_result.get_latency(0.5) for round_result in loads[server]) for server in servers}
    ratios = [own_load.rate / peer_load.rate for own_load, peer_load in zip(loads[ours], loads[peer], strict=True)]
    report = Report(
        f"{PATH}, {length:,} bytes: one worker on one core, {CONNECTIONS} connections, "
        f"rounds of {seconds:g} s in turn; medians"
    )
    report.add_value("rounds counted; rounds skipped because of other load", f"{len(loads[ours])}; {skipped_rounds}")
    report.add_value(
        "FastAPI on uvicorn (uvloop, httptools, no access log), requests per second", f"{rates[peer]:,.0f}"
    )
    report.add_value("  p50; p99", f"{format_milliseconds(p50s[peer])}; {format_milliseconds(p99s[peer])}")
    report.add_value("  processor time per request", format_microseconds(median(processor_seconds[peer])))
    report.require_at_least(
        "Career Navigator as started by `manage.py run`, requests per second",
        median(ratios),
        1.0,
        measured=f"{rates[ours]:,.0f} = {median(ratios):.2f} x",
        target_text=">= 1.0 x",
    )
    report.add_value("  the ratio in each round", ", ".join(f"{ratio:.2f}" for ratio in ratios))
    report.add_value("  processor time per request", format_microseconds(median(processor_seconds[ours])))
    report.add_value("  p50", format_milliseconds(p50s[ours]))
    report.require_at_most(
        "  p99",
        p99s[ours],
        p99s[peer],
        measured=f"{format_milliseconds(p99s[ours])} = {p99s[ours] / p99s[peer]:.2f} x",
        target_text="<= 1.0 x",
    )
    return report


def format_microseconds(seconds: float) -> str:
    """Format seconds as microseconds."""
    return f"{seconds * 1e6:.0f} us"


@contextmanager
def start_web(directory: Path) -> Iterator[Server]:
    """Start the web process with the arguments of `manage.py run`. Its log goes to a file instead of a pipe."""
    from django.conf import settings

    from career_navigator.devserver.embedded import find_free_port

    port = find_free_port()
    command = [
        *(sys.executable, "-m", "granian", "career_navigator.rsgi:application", "--interface", "rsgi", "--no-ws"),
        *("--host", HOST, "--port", str(port), "--http", "1"),
        *("--workers", "1", "--workers-kill-timeout", "3", "--log-level", "info"),
    ]
    with start_server_process(command, port, directory / "web.log", {"MONGODB_URI": settings.MONGODB_URI}) as server:
        yield server


@contextmanager
def start_peer(directory: Path, response: bytes) -> Iterator[Server]:
    """Start the FastAPI application that sends `answer`."""
    from career_navigator.devserver.embedded import find_free_port

    port = find_free_port()
    file = directory / "answer.json"
    file.write_bytes(response)
    command = [
        *(sys.executable, "-m", "uvicorn", "benchmarks.peer.app:app", "--host", HOST, "--port", str(port)),
        *("--workers", "1", "--loop", "uvloop", "--http", "httptools", "--no-access-log"),
    ]
    with start_server_process(command, port, directory / "peer.log", {"PEER_ANSWER": str(file)}) as server:
        yield server


@contextmanager
def start_server_process(command: list[str], port: int, log: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Start a server, wait until it responds, and stop it at the end."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=os.environ | environment)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _is_responding(port):
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


def _is_responding(port: int) -> bool:
    """Return whether the server sends any response."""
    try:
        fetch(port)
    except OSError:
        return False
    except UnexpectedResponse:
        pass
    return True


class UnexpectedResponse(RuntimeError):
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
        raise UnexpectedResponse(f"{path} answered {response.status}: {body[:200]!r}")
    return body


if __name__ == "__main__":
    sys.exit(main())
