"""Memory of a real Celery worker that collects from the fake TheirStack in a separate process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

# The maximum page size. A worker holds a complete page in memory while storing it.
PAGE_SIZE = 500
# More than a third of the generated jobs are for engineers in the United States.
ROLE, PLACE, JOB_COUNT = "Engineer", "United States", 80_000
API_KEY = "benchmark-key"
MAX_SECONDS = 900


@contextmanager
def serve_theirstack(*, log: Path) -> Iterator[str]:
    """Start the fake TheirStack with enough jobs and yield its URL."""
    from career_navigator.devserver.embedded import HOST, find_free_port

    port = find_free_port()
    arguments = ["--port", str(port), "--count", str(JOB_COUNT), "--api-key", API_KEY, "--rate-limit", "none"]
    command = [sys.executable, "manage.py", "fake_theirstack", *arguments]
    with _run_process(command, log=log, environment=os.environ):
        deadline = time.monotonic() + MAX_SECONDS
        while b"Stop it" not in log.read_bytes():
            if time.monotonic() > deadline:
                raise RuntimeError(f"the fake TheirStack did not start: {log.read_text()}")
            time.sleep(0.2)
        yield f"http://{HOST}:{port}"


def measure_peak(*, postings: int, database: str, source_url: str, log: Path) -> tuple[int, int]:
    """Collect `postings` into an empty database with a worker of two processes, the default.

    Returns the peak memory of the largest process and the memory of all processes at the end, in bytes.
    """
    from django.conf import settings
    from django.utils import timezone

    from benchmarks.servers import use_database
    from career_navigator.db.connection import redis_client
    from ingestion.documents import CollectionRunDocument
    from ingestion.runs import start_run
    from ingestion.tasks import queue_run

    redis_client().flushdb()
    use_database(database)
    environment = os.environ | {
        "MONGODB_URI": settings.MONGODB_URI,
        "THEIR_STACK_BASE_URL": source_url,
        "THEIR_STACK_API_KEY": API_KEY,
        "THEIR_STACK_RATE_LIMIT": "10000",
        "MAX_JOBS_PER_SEARCH": str(PAGE_SIZE),
    }
    command = [sys.executable, "-m", "celery", "-A", "career_navigator", "worker", "--concurrency", "2"]
    with _run_process([*command, "--without-gossip", "--without-mingle"], log=log, environment=environment) as worker:
        run = start_run(
            trigger="command",
            roles=[ROLE],
            places=[PLACE],
            max_age_days=365,
            per_role_limit=postings,
            now=timezone.now(),
        )
        queue_run(run=run)
        deadline = time.monotonic() + MAX_SECONDS
        while (run := CollectionRunDocument.objects.get(id=run.id)).status in ("queued", "running"):
            if worker.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the worker did not finish: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        if run.status != "finished" or run.credits != postings:
            raise RuntimeError(f"the run is {run.status} with {run.credits} of {postings} postings: {run.error}")
        # The stats are refreshed once more after the run has ended.
        time.sleep(3)
        main_process = psutil.Process(worker.pid)
        processes = [main_process, *main_process.children(recursive=True)]
        total_memory = sum(process.memory_full_info().pss for process in processes)
        return max(_read_peak_memory(process.pid) for process in processes), total_memory


def _read_peak_memory(pid: int) -> int:
    """Return the peak resident set size of a process as recorded by the Linux kernel."""
    match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) * 1024 if match else 0


@contextmanager
def _run_process(
    command: list[str], *, log: Path, environment: Mapping[str, str]
) -> "Iterator[subprocess.Popen[bytes]]":
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=dict(environment))
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
