"""Workers with the queues that `make run` and the compose file assign to them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts.resumes.tasks import read_upload
from accounts.tasks import send_reset_message
from career_navigator.background import STARTED_BY_HEADER
from career_navigator.celery import TASK_COUNTS_KEY, app, count_waiting_tasks, enqueue
from career_navigator.db.connection import redis_client
from ingestion.documents import OPEN_RUN_STATUSES
from ingestion.tasks import check_theirstack, collect_role, queue_run
from learning.tasks import check_links
from tests.collection import start
from tests.factories import LearningResourceFactory
from tests.processes import Installation, empty_database, running_installation, wait_until

ROLES = ("Software Engineer", "DevOps Engineer", "Backend Developer")
SECONDS = 60


@pytest.fixture(scope="module")
def installation(servers, fake_theirstack, tmp_path_factory) -> Iterator[Installation]:
    """Start a worker and a collector with one process each."""
    with running_installation(
        servers=servers, fake_theirstack=fake_theirstack, directory=tmp_path_factory.mktemp("var")
    ) as installation:
        installation.start_worker("--exclude-queues", "collect,maintenance")
        installation.start_worker("--queues", "collect,maintenance")
        wait_until(lambda: installation.log.read_text().count("ready.") == 2, seconds=SECONDS, what="both are ready")
        yield installation


def count(name: str) -> int:
    """Return how often the task has succeeded."""
    return int(redis_client().hget(TASK_COUNTS_KEY, f"{name}|success") or 0)


def test_a_mail_and_an_upload_do_not_wait_behind_a_collection(installation, fake_theirstack):
    empty_database()
    fake_theirstack.script_faults([{"delay_seconds": 5, "next": 20}])
    run = start(*ROLES)
    queue_run(run=run)
    wait_until(lambda: fake_theirstack.requests, seconds=SECONDS, what="the first role is being collected")

    enqueue(send_reset_message, "nobody@example.org")
    enqueue(read_upload, str(run.id))

    wait_until(
        lambda: count(send_reset_message.name) and count(read_upload.name),
        seconds=SECONDS,
        what=installation.read_log(),
    )
    assert run.reload().status in OPEN_RUN_STATUSES
    assert count(collect_role.name) < len(ROLES)
    fake_theirstack.reset()
    wait_until(lambda: run.reload().status == "finished", seconds=SECONDS, what=installation.read_log())


class SlowSite(BaseHTTPRequestHandler):
    """A website that responds only when the test releases it."""

    asked, enough = threading.Event(), threading.Event()

    def do_HEAD(self) -> None:
        self.asked.set()
        self.enough.wait(SECONDS)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_mail_does_not_wait_behind_a_check_of_links(installation):
    empty_database()
    site = ThreadingHTTPServer(("127.0.0.1", 0), SlowSite)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    LearningResourceFactory(url=f"http://127.0.0.1:{site.server_port}/lesson")
    mails, checks = count(send_reset_message.name), count(check_links.name)
    enqueue(check_links, headers={STARTED_BY_HEADER: "olga"})
    wait_until(SlowSite.asked.is_set, seconds=SECONDS, what="a link is being checked")

    enqueue(send_reset_message, "nobody@example.org")

    wait_until(lambda: count(send_reset_message.name) > mails, seconds=SECONDS, what=installation.read_log())
    assert count(check_links.name) == checks
    SlowSite.enough.set()
    wait_until(lambda: count(check_links.name) > checks, seconds=SECONDS, what=installation.read_log())
    site.shutdown()


def test_consumes_a_message_in_the_queue_of_an_earlier_release(installation):
    wait_until(lambda: not any(count_waiting_tasks().values()), seconds=SECONDS, what="the queues are empty")
    empty_database()

    check_theirstack.apply_async(queue="celery")
    app.send_task("ingestion.tasks.refresh_figures", queue="celery")
    app.send_task("ingestion.tasks.check_figures", queue="celery")

    expected = (check_theirstack.name, "ingestion.tasks.refresh_figures", "ingestion.tasks.check_figures")
    wait_until(lambda: all(map(count, expected)), seconds=SECONDS, what=installation.read_log())
