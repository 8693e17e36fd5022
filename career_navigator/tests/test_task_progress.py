"""Maintenance tasks: exclusive runs, waiting, progress and cancelling."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from bson import ObjectId
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from redis import Redis

from career_navigator.admin_site import model_admin
from career_navigator.background import Task
from career_navigator.celery import app, get_queue, send_heartbeat
from career_navigator.documents import TaskRunDocument
from career_navigator.task_runs import (
    PROGRESS_INTERVAL,
    Progress,
    RunIsOpen,
    TaskCancelled,
    give_up_lost_runs,
    request_run,
)
from ingestion.tasks import clean_up
from learning.tasks import check_links
from market.services import store_postings
from tests.factories import NOW, PostingFactory, TaskRunFactory
from tests.queued import run_waiting

LIST = "/admin/career_navigator/taskrun/"
HOUR = timedelta(hours=1)


@pytest.fixture
def register_task(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[Task], str | None]], None]]:
    """Return a function that registers a task with the given work. Its progress is written at each step."""
    monkeypatch.setattr("career_navigator.task_runs.PROGRESS_INTERVAL", 0)

    def make(work: Callable[[Task], str | None]) -> None:
        @app.task(base=Task, name="test.sweep", title="Sweep", shared=False, bind=True)
        def sweep(self: Task) -> str | None:
            """Sweep."""
            return work(self)

        model_admin._load_staff_tasks.cache_clear()

    yield make
    app.tasks.unregister("test.sweep")
    model_admin._load_staff_tasks.cache_clear()


def get_state(client: Client, run: TaskRunDocument) -> dict:
    response: dict = client.get(f"{LIST}{run.id}/state.json").json()
    return response


def create_running(**values: object) -> TaskRunDocument:
    now = timezone.now()
    begun = {"status": "running", "started_at": now, "lease_ends_at": now + HOUR, "task_id": str(ObjectId())}
    run: TaskRunDocument = TaskRunFactory.create(**begun | values)
    return run


def test_queued_task_cannot_be_started_again(staff_client: Client, redis: Redis, register_task) -> None:
    register_task(lambda task: "swept")
    staff_client.post(f"{LIST}start/test.sweep/")

    again = staff_client.post(f"{LIST}start/test.sweep/", follow=True)
    page = staff_client.get(LIST).content.decode()

    run = TaskRunDocument.objects.get()
    assert again.redirect_chain[-1][0] == f"{LIST}{run.id}/change/"
    assert "“Sweep” was not started: this run has been queued since" in again.content.decode()
    assert f'href="{LIST}{run.id}/change/">Queued since' in page
    assert redis.llen("default") == 1
    run_waiting(redis)
    staff_client.post(f"{LIST}start/test.sweep/")
    assert TaskRunDocument.objects.count() == 2


def test_only_one_of_many_concurrent_starts_succeeds(mongo) -> None:
    def start(number: int) -> bool:
        try:
            request_run(task="test.sweep", started_by=f"staff {number}", now=timezone.now())
        except RunIsOpen:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        started = list(pool.map(start, range(8)))

    assert started.count(True) == 1
    assert TaskRunDocument.objects.count() == 1


def test_task_cannot_be_started_during_a_scheduled_run(staff_client: Client, redis: Redis) -> None:
    run = create_running(task=check_links.name, due_at=NOW)

    response = staff_client.post(f"{LIST}start/{check_links.name}/")

    assert response.headers["Location"] == f"{LIST}{run.id}/change/"
    assert TaskRunDocument.objects.count() == 1


def test_lost_run_does_not_block_a_new_start(staff_client: Client, redis: Redis) -> None:
    lost = create_running(task=check_links.name, open_task=check_links.name, lease_ends_at=timezone.now() - HOUR)

    staff_client.post(f"{LIST}start/{check_links.name}/")

    assert (lost.reload().status, lost.error) == ("failed", "lost its worker")
    assert TaskRunDocument.objects(status="queued").count() == 1


def test_schedule_skips_a_due_time_during_a_run_started_by_staff(mongo) -> None:
    create_running(task=clean_up.name, started_by="olga")

    clean_up.apply()

    skipped = TaskRunDocument.objects.get(status="skipped")
    assert skipped.due_at is not None
    assert skipped.result.startswith("the run that olga started at ")


def test_queued_run_is_skipped_if_the_schedule_starts_first(staff_client: Client, redis: Redis) -> None:
    staff_client.post(f"{LIST}start/{check_links.name}/")
    queued = TaskRunDocument.objects.get()
    create_running(task=check_links.name, due_at=NOW)

    run_waiting(redis)

    assert queued.reload().status == "skipped"
    assert get_state(staff_client, queued)["texts"]["outcome"].startswith("the run that the schedule started at ")


def test_queued_run_names_the_runs_ahead_of_it(staff_client: Client, redis: Redis) -> None:
    create_running(task=check_links.name, progress_done=45, progress_total=1200)
    create_running(task="market.tasks.refresh_daily_stats")
    staff_client.post(f"{LIST}start/market.tasks.reread_skills/")
    run = TaskRunDocument.objects.get(status="queued")

    alone = get_state(staff_client, run)["texts"]["waits"]
    send_heartbeat("worker-1@here")
    waits = get_state(staff_client, run)["texts"]["waits"]

    assert alone == "Waiting for a worker. No worker has sent a heartbeat recently."
    assert waits.startswith("Waiting for “Check links” (running since ")
    assert waits.endswith("UTC, 45 of 1,200 steps are done).")


def test_queued_run_without_runs_ahead_waits_for_a_process(staff_client: Client, redis: Redis) -> None:
    send_heartbeat("worker-1@here")
    staff_client.post(f"{LIST}start/{check_links.name}/")

    waits = get_state(staff_client, TaskRunDocument.objects.get())["texts"]["waits"]

    assert waits == "Waiting for a free worker process of the queue “maintenance”, in which 1 tasks are waiting."


def test_shows_progress_of_a_running_task(staff_client: Client, redis: Redis, register_task) -> None:
    seen = []

    def work(task: Task) -> str:
        progress = task.get_progress()
        progress.begin(4)
        progress.advance()
        seen.append(get_state(staff_client, TaskRunDocument.objects.get()))
        return "swept"

    register_task(work)
    staff_client.post(f"{LIST}start/test.sweep/")
    run_waiting(redis)

    assert (seen[0]["percent"], seen[0]["texts"]["progress"]) == (25, "1 of 4 steps are done")
    assert get_state(staff_client, TaskRunDocument.objects.get())["percent"] == 100


def test_queued_run_is_cancelled_immediately_and_never_starts(
    staff_client: Client, redis: Redis, register_task
) -> None:
    done: list[str] = []
    register_task(lambda task: done.append("swept"))
    staff_client.post(f"{LIST}start/test.sweep/")
    run = TaskRunDocument.objects.get()

    question = staff_client.get(f"{LIST}{run.id}/cancel/").content.decode()
    before = run.reload().status
    response = staff_client.post(f"{LIST}{run.id}/cancel/", follow=True).content.decode()
    run_waiting(redis)

    assert "Cancel “Sweep”?" in question
    assert "This cannot be undone, but you can start the task again." in question
    assert "“Sweep” is cancelled" in response
    assert (before, run.reload().status, done) == ("queued", "cancelled", [])
    assert LogEntry.objects.order_by("-pk")[0].get_change_message() == "Cancelled the task “Sweep”."
    staff_client.post(f"{LIST}start/test.sweep/")
    assert TaskRunDocument.objects.count() == 2


def test_running_run_ends_at_its_next_step_when_cancelled(staff_client: Client, redis: Redis, register_task) -> None:
    steps: list[int] = []
    texts = []

    def work(task: Task) -> str:
        progress = task.get_progress()
        progress.begin(3)
        for step in range(3):
            steps.append(step)
            run = TaskRunDocument.objects.get()
            staff_client.post(f"{LIST}{run.id}/cancel/")
            texts.append(get_state(staff_client, run)["texts"]["cancelling"])
            progress.advance()
        return "swept"

    register_task(work)
    staff_client.post(f"{LIST}start/test.sweep/")
    run_waiting(redis)

    run = TaskRunDocument.objects.get()
    assert steps == [0]
    assert texts == ["The run is being cancelled. It stops after this step."]
    assert (run.status, run.result) == ("cancelled", "cancelled after 1 of 3 steps")


def test_cancelled_link_check_ends_every_thread(mongo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("career_navigator.task_runs.PROGRESS_INTERVAL", 0)
    run = create_running(task="test.sweep", cancel_requested=True)
    progress = Progress(task_id=run.task_id)

    def step(_: int) -> bool:
        try:
            progress.advance()
        except TaskCancelled:
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(step, range(12)))
    assert run.reload().status == "cancelled"


def test_finished_run_cannot_be_cancelled(staff_client: Client) -> None:
    run = TaskRunFactory.create()

    response = staff_client.post(f"{LIST}{run.id}/cancel/", follow=True)

    assert "The run was not cancelled because it has already ended." in response.content.decode()
    assert LogEntry.objects.count() == 0


@pytest.mark.parametrize("run_id", ["6" * 24, "abc"])
def test_cancelling_an_unknown_run_returns_404(staff_client: Client, run_id: str) -> None:
    assert staff_client.post(f"{LIST}{run_id}/cancel/").status_code == 404


def test_cancelling_requires_the_permission_to_start(limited_client) -> None:
    run = create_running(task="market.tasks.reread_skills")
    client = limited_client("view_taskrun", "run_task")

    responses = [client.get(f"{LIST}{run.id}/cancel/"), client.post(f"{LIST}{run.id}/cancel/")]

    assert [response.status_code for response in responses] == [403, 403]
    assert "Cancel…" not in client.get(f"{LIST}{run.id}/change/").content.decode()


def test_cancelling_a_lost_run_frees_the_task(staff_client: Client, redis: Redis) -> None:
    run = create_running(task=check_links.name, open_task=check_links.name, lease_ends_at=timezone.now() - HOUR)

    staff_client.post(f"{LIST}{run.id}/cancel/")

    assert (run.reload().status, run.open_task) == ("cancelled", None)


def test_abandoning_a_lost_run_frees_the_task(mongo) -> None:
    run = create_running(task="test.sweep", open_task="test.sweep", lease_ends_at=timezone.now() - 2 * HOUR)

    give_up_lost_runs(now=timezone.now())

    assert (run.reload().status, run.open_task) == ("failed", None)


def test_clean_up_asks_for_confirmation_with_counts(staff_client: Client, redis: Redis, settings) -> None:
    settings.JOB_DATA_RETENTION_DAYS = 30
    old = (timezone.now() - timedelta(days=90)).date()
    store_postings(postings=PostingFactory.create_batch(3, date_posted=old), now=timezone.now())

    page = staff_client.get(LIST).content.decode()
    question = staff_client.get(f"{LIST}start/{clean_up.name}/").content.decode()
    before = TaskRunDocument.objects.count()
    staff_client.post(f"{LIST}start/{clean_up.name}/")

    assert f'href="{LIST}start/{clean_up.name}/"' in page
    assert "3 postings on 1 days will be deleted" in question
    assert "This cannot be undone." in question
    assert (before, TaskRunDocument.objects.count()) == (0, 1)


def test_long_tasks_use_another_queue_than_mails_and_uploads() -> None:
    long = {name for name in app.tasks if get_queue(name) == "maintenance"}

    assert {"learning.tasks.check_links", "market.tasks.reread_skills", "ingestion.tasks.clean_up"} <= long
    assert get_queue("accounts.tasks.send_reset_message") == "mail"
    assert get_queue("accounts.resumes.tasks.read_upload") == "default"


def test_progress_interval_is_short_enough_to_follow() -> None:
    assert 0 < PROGRESS_INTERVAL <= 1
