"""GET /auth/me compared with a minimal FastAPI and Beanie application on the same users.

The project's web process enforces rate limits, as in production, with limits that are never reached.

python -m benchmarks.auth_me [--rounds N] [--seconds N]
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import psutil

from benchmarks.load_generator import HOST, Load, run_load
from benchmarks.report import Report, format_milliseconds
from benchmarks.servers import start_servers, use_database
from benchmarks.serving import fetch, start_server_process, start_web

PATH = "/auth/me"
# One connection per user.
CONNECTIONS = 32
UNREACHED_RATE = "999999999/minute"


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds per server (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5, help="seconds per round (default: %(default)s)")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        parser.error("This benchmark needs two cores: one for the server, one for the load.")
    os.environ.update({"THROTTLE_USER": UNREACHED_RATE, "THROTTLE_ADDRESS": UNREACHED_RATE, "JWT_ALGORITHM": "HS256"})
    # Child processes inherit the affinity. The web processes run on the first core, everything else on the second.
    os.sched_setaffinity(0, {cores[1]})
    with start_servers() as directory, ExitStack() as stack:
        tokens = register_users()
        os.sched_setaffinity(0, {cores[0]})
        ours = stack.enter_context(start_web(directory)).port
        peer = stack.enter_context(start_peer(directory))
        os.sched_setaffinity(0, {cores[1]})
        lengths = {port: check_responses(port, tokens) for port in (ours, peer)}
        return compare(
            ours, peer, lengths=lengths, tokens=tokens, rounds=arguments.rounds, seconds=arguments.seconds
        ).show()


def register_users() -> list[str]:
    """Register one user per connection and return their tokens."""
    from django.utils import timezone

    from accounts.authentication import issue_access_token
    from accounts.services import register_user

    use_database("auth_me")
    now = timezone.now().replace(microsecond=123_000)
    return [
        issue_access_token(
            user_id=register_user(
                email=f"user{number:03}@example.org",
                password="Secure-Pass-123",  # noqa: S106 - protects only this benchmark's database
                full_name=f"User {number:03}",
                skills=["Python", "JavaScript", "React", "MongoDB", "Docker", "AWS", "SQL", "Git"],
                target_roles=["Software Engineer", "Full Stack Developer"],
                experience_level="2nd Year",
                location="San Francisco, CA",
                now=now,
            ).user.pk,
            now=now,
        )
        for number in range(CONNECTIONS)
    ]


def check_responses(port: int, tokens: list[str]) -> int:
    """Return the length of the responses after checking that each user receives their own profile."""
    responses = [fetch(port, PATH, token) for token in tokens]
    names = [json.loads(response)["full_name"] for response in responses]
    lengths = {len(response) for response in responses}
    if names != [f"User {number:03}" for number in range(len(tokens))] or len(lengths) != 1:
        raise RuntimeError("a user received an unexpected response")
    return lengths.pop()


def compare(ours: int, peer: int, *, lengths: dict[int, int], tokens: list[str], rounds: int, seconds: float) -> Report:
    """Load both servers alternately, so that noise affects both. Report medians over the rounds."""

    def send_load(port: int, seconds: float) -> Load:
        return run_load(
            port=port, path=PATH, connections=CONNECTIONS, seconds=seconds, length=lengths[port], tokens=tokens
        )

    loads: dict[int, list[Load]] = {ours: [], peer: []}
    processor_seconds = {ours: 0.0, peer: 0.0}
    for port in loads:
        send_load(port, 1)
    for number in range(rounds):
        # Alternate the order.
        for port in (ours, peer) if number % 2 == 0 else (peer, ours):
            before = get_processor_seconds(port)
            loads[port].append(send_load(port, seconds))
            processor_seconds[port] += get_processor_seconds(port) - before
    rates = {port: median(round_load.rate for round_load in loads[port]) for port in loads}
    p50s = {port: median(round_load.get_latency(0.5) for round_load in loads[port]) for port in loads}
    p99s = {port: median(round_load.get_latency(0.99) for round_load in loads[port]) for port in loads}
    costs = {
        port: processor_seconds[port] / sum(len(round_load.latencies) for round_load in loads[port]) for port in loads
    }
    ratios = [own_load.rate / peer_load.rate for own_load, peer_load in zip(loads[ours], loads[peer], strict=True)]
    report = Report(
        f"{PATH}, {lengths[ours]:,} bytes: one worker on one core, {CONNECTIONS} concurrent users, "
        f"{rounds} alternating rounds of {seconds:g} s; medians"
    )
    report.add_value(
        "FastAPI and Beanie on uvicorn (uvloop, httptools, no access log), requests per second", f"{rates[peer]:,.0f}"
    )
    report.add_value("  p50; p99", f"{format_milliseconds(p50s[peer])}; {format_milliseconds(p99s[peer])}")
    report.add_value("  processor time per request", format_milliseconds(costs[peer]))
    report.require_at_least(
        "Career Navigator as started by `manage.py run`, requests per second",
        rates[ours] / rates[peer],
        1.0,
        measured=f"{rates[ours]:,.0f} = {rates[ours] / rates[peer]:.2f} x",
        target_text=">= 1.0 x",
    )
    report.add_value("  the ratio in each round", ", ".join(f"{ratio:.2f}" for ratio in ratios))
    report.add_value("  p50; p99", f"{format_milliseconds(p50s[ours])}; {format_milliseconds(p99s[ours])}")
    # Processor time hardly depends on other programs on the machine.
    report.require_at_most(
        "  processor time per request",
        costs[ours],
        costs[peer],
        measured=f"{format_milliseconds(costs[ours])} = {costs[ours] / costs[peer]:.2f} x",
        target_text="<= 1.0 x",
    )
    return report


def get_processor_seconds(port: int) -> float:
    """Return the processor time used so far by the web process on the port and its workers."""
    processes = [
        process
        for started in psutil.Process().children()
        if str(port) in started.cmdline()
        for process in (started, *started.children(recursive=True))
    ]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


@contextmanager
def start_peer(directory: Path) -> Iterator[int]:
    """Start the FastAPI application and yield its port."""
    from django.conf import settings

    from career_navigator.devserver.embedded import find_free_port

    port = find_free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", "benchmarks.peer_auth.app:app", "--host", HOST, "--port", str(port)),
        *("--workers", "1", "--loop", "uvloop", "--http", "httptools", "--no-access-log"),
    ]
    environment = {"MONGODB_URI": settings.MONGODB_URI, "PEER_SECRET": settings.JWT_SECRET_KEY}
    with start_server_process(command, port, directory / "peer.log", environment):
        yield port


if __name__ == "__main__":
    sys.exit(main())
