"""Real workers take tasks from the queues as `make run` and the compose file start them."""

from collections.abc import Iterator

import pytest

from accounts.resumes.tasks import read_upload
from accounts.tasks import send_reset_message
from career_navigator.celery import TASK_COUNTS_KEY, app, count_waiting_tasks, enqueue
from career_navigator.db.connection import redis_client
from ingestion.documents import OPEN_RUN_STATUSES
from ingestion.tasks import check_theirstack, collect_role, queue_run
from tests.collecting import start
from tests.processes import Installation, empty_database, installed, wait_until

ROLES = ("Software Engineer", "DevOps Engineer", "Backend Developer")
SECONDS = 60


@pytest.fixture(scope="module")
def installation(servers, stand_in, tmp_path_factory) -> Iterator[Installation]:
    """A worker and a collector, of one process each."""
    with installed(servers=servers, stand_in=stand_in, directory=tmp_path_factory.mktemp("var")) as installation:
        installation.start_worker("--exclude-queues", "collect")
        installation.start_worker("--queues", "collect")
        wait_until(lambda: installation.log.read_text().count("ready.") == 2, seconds=SECONDS, what="both are ready")
        yield installation


def count(name: str) -> int:
    """How often the task has succeeded."""
    return int(redis_client().hget(TASK_COUNTS_KEY, f"{name}|success") or 0)


def test_a_mail_and_an_upload_do_not_wait_behind_a_collection(installation, stand_in):
    empty_database()
    stand_in.script_faults([{"delay_seconds": 5, "next": 20}])
    run = start(*ROLES)
    queue_run(run=run)
    wait_until(lambda: stand_in.requests, seconds=SECONDS, what="the first role is being collected")

    enqueue(send_reset_message, "nobody@example.org")
    enqueue(read_upload, str(run.id))

    wait_until(
        lambda: count(send_reset_message.name) and count(read_upload.name),
        seconds=SECONDS,
        what=installation.last_words(),
    )
    assert run.reload().status in OPEN_RUN_STATUSES
    assert count(collect_role.name) < len(ROLES)
    stand_in.reset()
    wait_until(lambda: run.reload().status == "finished", seconds=SECONDS, what=installation.last_words())


def test_a_message_of_an_earlier_release_is_taken_from_its_queue(installation):
    wait_until(lambda: not any(count_waiting_tasks().values()), seconds=SECONDS, what="the queues are empty")
    empty_database()

    check_theirstack.apply_async(queue="celery")
    app.send_task("ingestion.tasks.refresh_figures", queue="celery")
    app.send_task("ingestion.tasks.check_figures", queue="celery")

    expected = (check_theirstack.name, "ingestion.tasks.refresh_figures", "ingestion.tasks.check_figures")
    wait_until(lambda: all(map(count, expected)), seconds=SECONDS, what=installation.last_words())
