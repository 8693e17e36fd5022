"""Maintenance tasks that staff start: queueing, running, the run's page and failures."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bson import ObjectId
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from pymongo.database import Database
from redis import Redis

from career_navigator.admin_site import model_admin
from career_navigator.background import Task, TaskFailed
from career_navigator.cache import reset_caches
from career_navigator.celery import app
from career_navigator.documents import TaskRunDocument
from market.services import store_postings
from skills.documents import SkillDocument
from skills.services import count_unknown_slugs, seed_skills
from tests.factories import NOW, PostingFactory, TaskRunFactory
from tests.other_servers import NO_REDIS, queue_at
from tests.queued import run_waiting

LIST = "/admin/career_navigator/taskrun/"
Offer = Callable[[Callable[[], str | None]], None]


@pytest.fixture
def register_task() -> Iterator[Offer]:
    """Return a function that registers a task with the given work for the duration of the test."""

    def make(work: Callable[[], str | None]) -> None:
        @app.task(base=Task, name="test.sweep", title="Sweep", shared=False)
        def sweep() -> str | None:
            """Sweep."""
            return work()

        model_admin._load_staff_tasks.cache_clear()

    yield make
    app.tasks.unregister("test.sweep")
    model_admin._load_staff_tasks.cache_clear()


def get_state(client: Client) -> dict[str, Any]:
    response: dict[str, Any] = client.get(f"{LIST}{TaskRunDocument.objects.get().id}/state.json").json()
    return response


def test_task_is_queued_runs_once_and_its_page_follows_it(
    staff_client: Client, redis: Redis, register_task: Offer
) -> None:
    calls: list[str] = []
    register_task(lambda: calls.append("swept") or "swept")  # type: ignore[func-returns-value]

    response = staff_client.post(f"{LIST}start/test.sweep/")
    waiting = get_state(staff_client)
    staff_client.get(LIST)
    message = redis.lrange("default", 0, -1)[0]
    run_waiting(redis)
    redis.rpush("default", message)
    run_waiting(redis)

    assert response.headers["Location"] == f"{LIST}{TaskRunDocument.objects.get().id}/change/"
    assert (waiting["status"], waiting["open"]) == ("queued", True)
    assert calls == ["swept"]
    over = get_state(staff_client)
    assert (over["status"], over["open"], over["texts"]["outcome"]) == ("finished", False, "swept")
    assert TaskRunDocument.objects.get().started_by == "root"
    assert LogEntry.objects.get().get_change_message() == "Started the task “Sweep”."


def test_shows_that_there_was_nothing_to_do(staff_client: Client, redis: Redis, register_task: Offer) -> None:
    register_task(lambda: None)

    staff_client.post(f"{LIST}start/test.sweep/")
    run_waiting(redis)

    assert (get_state(staff_client)["status"], get_state(staff_client)["texts"]["outcome"]) == (
        "finished",
        "nothing to do",
    )


def test_shows_the_message_of_an_anticipated_failure(staff_client: Client, redis: Redis, register_task: Offer) -> None:
    def fail() -> str:
        raise TaskFailed("the broom is gone")

    register_task(fail)

    staff_client.post(f"{LIST}start/test.sweep/")
    run_waiting(redis)

    assert (get_state(staff_client)["status"], get_state(staff_client)["texts"]["outcome"]) == (
        "failed",
        "the broom is gone",
    )


def test_shows_an_unexpected_failure_without_a_traceback(
    staff_client: Client, redis: Redis, register_task: Offer
) -> None:
    def raise_unexpectedly() -> str:
        raise RuntimeError("secret inside")

    register_task(raise_unexpectedly)

    staff_client.post(f"{LIST}start/test.sweep/")
    run_waiting(redis)

    pages = [staff_client.get(f"{LIST}{TaskRunDocument.objects.get().id}/change/"), staff_client.get(LIST)]
    assert get_state(staff_client)["texts"]["outcome"] == "failed, see the log"
    assert not any("secret inside" in page.content.decode() for page in pages)


def test_task_that_cannot_be_queued_fails(staff_client: Client, register_task: Offer) -> None:
    register_task(lambda: "swept")

    with queue_at(NO_REDIS):
        response = staff_client.post(f"{LIST}start/test.sweep/", follow=True)

    assert "The queue is unavailable. Try to start the task again later." in response.content.decode()
    assert (get_state(staff_client)["status"], get_state(staff_client)["texts"]["outcome"]) == (
        "failed",
        "the queue was unavailable",
    )


def test_lists_every_scheduled_task_with_its_description(staff_client: Client) -> None:
    page = staff_client.get(LIST).content.decode()

    offered = [model_admin.find_task(name=entry["task"]) for entry in app.conf.beat_schedule.values()]
    assert all(task and task.explanation.endswith(".") and f'id="{task.name}"' in page for task in offered)


def test_records_scheduled_runs_and_only_the_last_without_work(staff_client: Client, register_task: Offer) -> None:
    results = iter(["swept", None, None, "not recorded"])
    register_task(lambda: next(results))
    scheduled: dict[str, Any] = {"scheduled": True}

    for _ in range(3):
        app.tasks["test.sweep"].apply(headers=scheduled)
    app.tasks["test.sweep"].apply()

    runs = TaskRunDocument.objects.order_by("id")
    assert [(run.started_by, run.status, run.result) for run in runs] == [
        (None, "finished", "swept"),
        (None, "finished", ""),
    ]
    assert "schedule" in staff_client.get(LIST).content.decode()


def test_unknown_task_returns_404(staff_client: Client) -> None:
    responses = [staff_client.post(f"{LIST}start/no.such/"), staff_client.get(f"{LIST}{ObjectId()}/state.json")]

    assert [response.status_code for response in responses] == [404, 404]
    assert TaskRunDocument.objects.count() == 0


def test_reread_applies_a_resolved_slug_to_stored_postings(staff_client: Client, mongo: Database, redis: Redis) -> None:
    seed_skills(entries=[{"name": "kubernetes", "category": "Tools/Technologies"}], now=timezone.now())
    reset_caches()
    store_postings(postings=[PostingFactory.build(technology_slugs=("k8s-thing",), description=None)], now=NOW)
    count_unknown_slugs(slugs=["k8s-thing"], now=timezone.now())
    (slug,) = mongo.unknown_slugs.find()

    resolved = staff_client.post(
        f"/admin/skills/unknownslug/{slug['_id']}/resolve/?skill=kubernetes", {"resolve": "alias"}, follow=True
    )
    reset_caches()
    before = mongo.job_postings.find()[0]["skills"]
    staff_client.post(f"{LIST}start/market.tasks.reread_skills/")
    run_waiting(redis)

    assert f'href="{LIST}#market.tasks.reread_skills"' in resolved.content.decode()
    assert SkillDocument.objects.get().slugs == ["k8s-thing"]
    assert (before, mongo.job_postings.find()[0]["skills"]) == (["k8s thing"], ["kubernetes"])
    assert TaskRunDocument.objects.get().result == "read 1 postings; the skills of 1 changed; recomputed 1 days"


def test_list_filters_by_task_and_starter(staff_client: Client, mongo: Database) -> None:
    TaskRunFactory.create(task="learning.tasks.check_links", started_by="olga", result="asked by olga")
    TaskRunFactory.create(task="ingestion.tasks.clean_up", result="cleaned up by the schedule")

    page = staff_client.get(LIST).content.decode()
    of_task = staff_client.get(f"{LIST}?task=learning.tasks.check_links").content.decode()
    of_schedule = staff_client.get(f"{LIST}?started_by=:schedule").content.decode()
    of_olga = staff_client.get(f"{LIST}?started_by=olga").content.decode()

    for link, title in (
        ("?task=learning.tasks.check_links", "Check links"),
        ("?started_by=:schedule", "schedule"),
        ("?started_by=olga", "olga"),
    ):
        assert re.search(rf'<a href="{re.escape(link).replace(":", "(:|%3A)")}"[^>]*>\s*{title}\s*</a>', page)
    shown = [("by olga" in each, "by the schedule" in each) for each in (of_task, of_schedule, of_olga)]
    assert shown == [(True, False), (False, True), (True, False)]


def test_log_names_a_run_by_its_time(mongo: Database) -> None:
    assert str(TaskRunFactory.create(created_at=NOW)) == f"Run of {NOW:%Y-%m-%d %H:%M} UTC"


def test_finished_run_shows_no_progress(staff_client: Client, mongo: Database) -> None:
    TaskRunFactory.create(status="finished", progress_done=500, progress_total=1660, result="read 1,660 postings")

    assert get_state(staff_client)["texts"]["progress"] == ""
    assert get_state(staff_client)["percent"] == 100
