"""A restart of Redis under a worker with two processes. The worker survives and runs each task once."""

import signal
import time
from collections.abc import Iterator

import pytest

from career_navigator.celery import TASK_COUNTS_KEY
from career_navigator.db.connection import redis_client
from ingestion.documents import CollectionRunDocument
from ingestion.tasks import check_theirstack, queue_run
from tests.collection import start
from tests.processes import Installation, Servers, empty_database, kill, running_installation, wait_until
from tests.queued import count_queued

ROLES = ("Software Engineer", "DevOps Engineer")
BALANCE = "/v0/billing/credit-balance"
# Long enough to restart Redis while the page is being fetched.
PAGE_SECONDS = 8
# Time for Redis to restart and the worker to reconnect on a busy machine.
RECONNECT_SECONDS = 60


@pytest.fixture(scope="module")
def installation(servers, fake_theirstack, tmp_path_factory) -> Iterator[Installation]:
    directory = tmp_path_factory.mktemp("var")
    with running_installation(servers=servers, fake_theirstack=fake_theirstack, directory=directory) as installation:
        yield installation


@pytest.fixture(scope="module")
def worker(installation):
    """Start one worker for all tests, because it must survive every restart."""
    worker = installation.start_worker(processes=2)
    wait_until(lambda: "ready." in installation.log.read_text(), seconds=90, what="the worker is ready")
    return worker


@pytest.fixture(autouse=True)
def _idle(worker, fake_theirstack) -> None:
    """Wait until the worker is idle."""
    wait_until(lambda: not unacknowledged() and not queued(), seconds=30, what="the worker is idle")
    fake_theirstack.reset()
    empty_database()


def unacknowledged() -> int:
    return redis_client().hlen("unacked")


def queued() -> int:
    return count_queued(redis_client())


def restart(servers: Servers) -> None:
    kill(servers.valkey)
    servers.start_valkey()


def count_done(task: str) -> int:
    return int(redis_client().hget(TASK_COUNTS_KEY, f"{task}|success") or 0)


def count_running(run: CollectionRunDocument) -> int:
    return sum(search.status == "running" for search in run.reload().searches)


@pytest.mark.parametrize(("busy", "data_is_lost"), [(1, False), (2, True)])
def test_finishes_running_tasks_once_and_acknowledges_them(
    busy, data_is_lost, installation, servers, fake_theirstack, worker
):
    fake_theirstack.script_faults([{"delay_seconds": PAGE_SECONDS, "next": busy}])
    run = start(*ROLES[:busy])
    queue_run(run=run)
    wait_until(lambda: count_running(run) == busy, seconds=30, what="each role is being collected")
    time.sleep(0.5)  # until the page is requested
    if data_is_lost:
        redis_client().flushall()

    restart(servers)
    wait_until(
        lambda: count_done("ingestion.tasks.collect_role") >= busy and not unacknowledged() and not queued(),
        seconds=RECONNECT_SECONDS,
        what=f"the tasks are done and acknowledged\n{installation.read_log()}",
    )

    assert worker.poll() is None
    assert len(fake_theirstack.requests) == busy
    assert count_done("ingestion.tasks.collect_role") == busy
    assert run.reload().status == "finished"


def test_an_idle_worker_takes_the_next_task(installation, servers, fake_theirstack, worker):
    restart(servers)
    run = start(ROLES[0])
    queue_run(run=run)

    wait_until(
        lambda: run.reload().status == "finished",
        seconds=RECONNECT_SECONDS,
        what=f"the run is over\n{installation.read_log()}",
    )

    assert worker.poll() is None
    assert len(fake_theirstack.requests) == 1


def test_a_task_with_an_eta_runs_once(installation, servers, fake_theirstack, worker):
    check_theirstack.apply_async(countdown=5)
    wait_until(unacknowledged, seconds=30, what="the worker holds the task")

    restart(servers)
    wait_until(
        lambda: count_done("ingestion.tasks.check_theirstack") and not unacknowledged(),
        seconds=RECONNECT_SECONDS,
        what=f"the task is done\n{installation.read_log()}",
    )

    assert worker.poll() is None
    assert [asked.path for asked in fake_theirstack.requests] == [BALANCE]


def test_a_task_that_ends_while_redis_is_frozen_is_not_run_again(installation, servers, fake_theirstack, worker):
    fake_theirstack.script_faults([{"path": BALANCE, "delay_seconds": 2}])
    check_theirstack.delay()
    wait_until(unacknowledged, seconds=30, what="the worker has the task")
    time.sleep(0.5)  # until the balance is requested

    servers.valkey.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: fake_theirstack.requests, seconds=30, what="the balance is answered")
    time.sleep(2)  # until the worker waits to acknowledge the task
    connected = installation.log.read_text().count("Connected to")
    restart(servers)
    wait_until(
        lambda: installation.log.read_text().count("Connected to") > connected,
        seconds=RECONNECT_SECONDS,
        what=f"the worker is connected again\n{installation.read_log()}",
    )
    wait_until(lambda: not unacknowledged() and not queued(), seconds=30, what="the worker is idle")

    assert worker.poll() is None
    assert [asked.path for asked in fake_theirstack.requests] == [BALANCE]
