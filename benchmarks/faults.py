"""Collections and user writes under fault injection, compared with undisturbed ones.

python -m benchmarks.faults [--trials N] [--writes N] [--profile short|shipped] [--parallel N] [--seed N] [--only N ...]
    [--logs DIRECTORY]
"""

import argparse
import logging
import multiprocessing
import os
import queue
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.queues import Queue
from pathlib import Path

from benchmarks import fault_collections, fault_writes
from benchmarks.fault_collections import Outcome, Trial
from benchmarks.fault_installation import installed
from benchmarks.report import machine

PROFILES = {
    "short": {"COLLECTION_LEASE_SECONDS": "15", "THEIR_STACK_TIMEOUT": "5"},
    "shipped": {"COLLECTION_LEASE_SECONDS": "180"},
}
# Every Nth trial has a second fault.
SECOND_FAULT_EVERY = 3
STOP_SECONDS = 60
COLUMNS = (
    *("trial", "faults", "s until quiet", "postings", "paid over reference", "spent - paid", "pages asked twice"),
    *("violations", "noted"),
)


def main() -> int:
    """Run the trials, print their tables and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=60, help="disturbed collections (default: %(default)s)")
    parser.add_argument("--writes", type=int, default=0, help="rounds of user writes (default: %(default)s)")
    parser.add_argument("--profile", choices=PROFILES, default="short", help="default: %(default)s")
    parser.add_argument(
        "--parallel", type=int, default=2, help="number of parallel installations (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--only", type=int, nargs="+", help="run only the trials and rounds with these numbers")
    parser.add_argument("--logs", type=Path, help="keep the logs of each installation in a subdirectory")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)
    print(f"Profile {arguments.profile}, seed {arguments.seed}; {machine()}.\n", flush=True)
    failed = False
    for count, module, most_faults in ((arguments.trials, fault_collections, 2), (arguments.writes, fault_writes, 1)):
        trials = draw_trials(count, kinds=module.KINDS, seed=arguments.seed, most_faults=most_faults)
        if arguments.only:
            trials = [trial for trial in trials if trial.number in arguments.only]
        if trials:
            failed |= run_all(trials, module.run_trials, arguments)
    return int(failed)


def draw_trials(count: int, *, kinds: Sequence[str], seed: int, most_faults: int) -> list[Trial]:
    """Draw trials in which every kind of fault is first equally often. Equal arguments draw equal trials."""
    rng, drawn, deck = random.Random(seed), list[Trial](), list[str]()
    for number in range(1, count + 1):
        deck = deck or rng.sample(kinds, len(kinds))
        second = [rng.choice(kinds)] if most_faults > 1 and number % SECOND_FAULT_EVERY == 0 else []
        drawn.append(Trial(number, (deck.pop(), *second), f"{seed}-{number}"))
    return drawn


def run_all(trials: Sequence[Trial], run: Callable[..., Iterator[Outcome]], arguments: argparse.Namespace) -> bool:
    """Run the trials on parallel installations and print a row for each. Return whether a guarantee was violated."""
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    began, outcomes, failures = time.monotonic(), list[Outcome](), list[str]()
    for said in _gather(trials, run, arguments):
        if isinstance(said, Outcome):
            outcomes.append(said)
            print(f"| {' | '.join(map(str, said.list_cells()))} |", flush=True)
        else:
            failures.append(said)
    disturbed = [each for each in outcomes if each.number]
    broken = [each for each in outcomes if each.list_broken()]
    print(
        "\n".join(["", *failures]),
        f"{len(disturbed)} of {len(trials)} trials ran in {(time.monotonic() - began) / 60:.0f} minutes, "
        f"{len(broken)} with violated guarantees; {sum(each.paid_over > 0 for each in disturbed)} paid more than the "
        f"reference, {sum(each.spent_over_paid < 0 for each in disturbed)} noted less than was paid; "
        f"{sum(len(each.died) for each in disturbed)} processes died; "
        f"at most {max((each.seconds for each in disturbed), default=0):.0f} s until quiet.\n",
        flush=True,
    )
    return bool(broken) or len(disturbed) < len(trials)


def _gather(
    trials: Sequence[Trial], run: Callable[..., Iterator[Outcome]], arguments: argparse.Namespace
) -> Iterator[Outcome | str]:
    """Yield the messages of the lanes until they end. Stop the lanes and all their processes in any case."""
    context = multiprocessing.get_context("spawn")
    said: Queue[Outcome | str] = context.Queue()
    count = min(arguments.parallel, len(trials))
    lanes = [
        context.Process(
            target=_run_lane,
            args=(run, list(trials[start::count]), arguments.profile, said),
            kwargs={"logs": arguments.logs and arguments.logs / f"{run.__module__}-{start + 1}"},
        )
        for start in range(count)
    ]
    try:
        for lane in lanes:
            lane.start()
        while any(lane.is_alive() for lane in lanes) or not said.empty():
            try:
                yield said.get(timeout=0.5)
            except queue.Empty:
                continue
    finally:
        for lane in lanes:
            lane.terminate()
        for lane in lanes:
            lane.join(STOP_SECONDS)
            # Its child processes end with it.
            lane.kill()


def _run_lane(
    run: Callable[..., Iterator[Outcome]],
    trials: Sequence[Trial],
    profile: str,
    said: "Queue[Outcome | str]",
    *,
    logs: Path | None,
) -> None:
    """Run trials on an installation of this process. Report errors of the installation as messages."""
    # Only the main process handles Ctrl-C. It stops the lanes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _exit)
    parent = os.getppid()
    try:
        with installed(logs=logs, **PROFILES[profile]) as installation:
            logging.disable()
            lease = float(PROFILES[profile]["COLLECTION_LEASE_SECONDS"])
            for outcome in run(installation, trials, lease=lease, resume=profile == "short"):
                said.put(outcome)
                if os.getppid() != parent:
                    return  # the main process was killed
    except Exception:
        said.put(f"An installation was given up:\n\n{traceback.format_exc()}")


def _exit(signal_number: int, _: object) -> None:
    # Ignore further signals, which would interrupt the shutdown.
    signal.signal(signal_number, signal.SIG_IGN)
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    sys.exit(main())
