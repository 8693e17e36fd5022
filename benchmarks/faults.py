"""Collections and user writes during injected faults, compared with collections and writes without faults.

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
from benchmarks.fault_installation import start_installation
from benchmarks.report import describe_machine

PROFILES = {
    "short": {"COLLECTION_LEASE_SECONDS": "15", "THEIR_STACK_TIMEOUT": "5"},
    "shipped": {"COLLECTION_LEASE_SECONDS": "180"},
}
# Every Nth trial has a second fault.
SECOND_FAULT_EVERY = 3
STOP_SECONDS = 60
COLUMNS = (
    *("trial", "faults", "s until done", "postings", "paid - reference", "counted - paid", "pages fetched twice"),
    *("violations", "notes"),
)


def main() -> int:
    """Run the trials, print their tables and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=60, help="collections with faults (default: %(default)s)")
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
        signal.signal(number, _exit_on_signal)
    print(f"Profile {arguments.profile}, seed {arguments.seed}; {describe_machine()}.\n", flush=True)
    failed = False
    for count, module, max_faults in ((arguments.trials, fault_collections, 2), (arguments.writes, fault_writes, 1)):
        trials = draw_trials(count, kinds=module.KINDS, seed=arguments.seed, max_faults=max_faults)
        if arguments.only:
            trials = [trial for trial in trials if trial.number in arguments.only]
        if trials:
            failed |= run_all(trials, module.run_trials, arguments)
    return int(failed)


def draw_trials(count: int, *, kinds: Sequence[str], seed: int, max_faults: int) -> list[Trial]:
    """Draw trials whose first faults are of every kind equally often. The same arguments draw the same trials."""
    rng, trials, remaining_kinds = random.Random(seed), list[Trial](), list[str]()
    for number in range(1, count + 1):
        remaining_kinds = remaining_kinds or rng.sample(kinds, len(kinds))
        second = [rng.choice(kinds)] if max_faults > 1 and number % SECOND_FAULT_EVERY == 0 else []
        trials.append(Trial(number, (remaining_kinds.pop(), *second), f"{seed}-{number}"))
    return trials


def run_all(trials: Sequence[Trial], run: Callable[..., Iterator[Outcome]], arguments: argparse.Namespace) -> bool:
    """Run the trials on parallel installations and print a row for each. Return whether a guarantee was violated."""
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    started_at, outcomes, failures = time.monotonic(), list[Outcome](), list[str]()
    for message in _collect_messages(trials, run, arguments):
        if isinstance(message, Outcome):
            outcomes.append(message)
            print(f"| {' | '.join(map(str, message.list_cells()))} |", flush=True)
        else:
            failures.append(message)
    trial_outcomes = [outcome for outcome in outcomes if outcome.number]
    failed_outcomes = [outcome for outcome in outcomes if outcome.list_violations()]
    print(
        "\n".join(["", *failures]),
        f"{len(trial_outcomes)} of {len(trials)} trials ran in {(time.monotonic() - started_at) / 60:.0f} minutes, "
        f"{len(failed_outcomes)} with violated guarantees; "
        f"{sum(outcome.overpaid_credits > 0 for outcome in trial_outcomes)} paid more than the reference, "
        f"{sum(outcome.spent_minus_paid < 0 for outcome in trial_outcomes)} counted fewer credits than were paid; "
        f"{sum(len(outcome.died) for outcome in trial_outcomes)} processes died; "
        f"at most {max((outcome.seconds for outcome in trial_outcomes), default=0):.0f} s until done.\n",
        flush=True,
    )
    return bool(failed_outcomes) or len(trial_outcomes) < len(trials)


def _collect_messages(
    trials: Sequence[Trial], run: Callable[..., Iterator[Outcome]], arguments: argparse.Namespace
) -> Iterator[Outcome | str]:
    """Yield the messages of the workers until they end. Always stop the workers and all their processes."""
    context = multiprocessing.get_context("spawn")
    messages: Queue[Outcome | str] = context.Queue()
    count = min(arguments.parallel, len(trials))
    workers = [
        context.Process(
            target=_run_worker,
            args=(run, list(trials[start::count]), arguments.profile, messages),
            kwargs={"logs": arguments.logs and arguments.logs / f"{run.__module__}-{start + 1}"},
        )
        for start in range(count)
    ]
    try:
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers) or not messages.empty():
            try:
                yield messages.get(timeout=0.5)
            except queue.Empty:
                continue
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join(STOP_SECONDS)
            # The child processes of a worker end when it does.
            worker.kill()


def _run_worker(
    run: Callable[..., Iterator[Outcome]],
    trials: Sequence[Trial],
    profile: str,
    messages: "Queue[Outcome | str]",
    *,
    logs: Path | None,
) -> None:
    """Run trials on an installation of this process. Send its outcomes and errors as messages."""
    # Only the main process handles Ctrl-C. It stops the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _exit_on_signal)
    parent = os.getppid()
    try:
        with start_installation(logs=logs, **PROFILES[profile]) as installation:
            logging.disable()
            lease = float(PROFILES[profile]["COLLECTION_LEASE_SECONDS"])
            for outcome in run(installation, trials, lease=lease, resume=profile == "short"):
                messages.put(outcome)
                if os.getppid() != parent:
                    return  # the main process was killed
    except Exception:
        messages.put(f"An installation failed:\n\n{traceback.format_exc()}")


def _exit_on_signal(signal_number: int, _: object) -> None:
    # Ignore further signals, which would interrupt the shutdown.
    signal.signal(signal_number, signal.SIG_IGN)
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    sys.exit(main())
