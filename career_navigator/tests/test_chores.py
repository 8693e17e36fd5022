"""Chores that staff start: queued, done by the worker, followed on their page, and what goes wrong with them."""

from datetime import datetime

import pytest
from bson import ObjectId
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from pymongo.database import Database
from redis import Redis

from career_navigator.documents import ChoreRun
from career_navigator.staff import chores
from career_navigator.staff.chores import Chore, ChoreFailed, register_chore
from career_navigator.tasks import run_chore
from ingestion.tests.queued import run_queued, take_queued
from market.services import store_postings
from market.tests.factories import NOW, PostingFactory
from skills.documents import SkillDocument
from skills.selectors import forget_vocabulary
from skills.services import count_unknown_slugs, seed_skills

LIST = "/admin/career_navigator/chorerun/"


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch):
    """Offer a chore for the time of the test; takes its work."""
    monkeypatch.setattr(chores, "_chores", dict(chores._chores))

    def make(work) -> None:
        register_chore(Chore(name="sweep", title="Sweep", explanation="Sweeps.", work=work))

    return make


def state(client: Client) -> dict[str, object]:
    answer: dict[str, object] = client.get(f"{LIST}{ChoreRun.objects.get().id}/state.json").json()
    return answer


def test_is_queued_done_once_and_followed_on_its_page(staff_client: Client, redis: Redis, register) -> None:
    done: list[datetime] = []
    register(lambda now: done.append(now) or "swept")  # type: ignore[func-returns-value]

    answer = staff_client.post(f"{LIST}start/sweep/")
    waiting = state(staff_client)
    ((name, arguments),) = take_queued(redis)
    run_chore(*arguments)
    run_chore(*arguments)

    assert answer.headers["Location"] == f"{LIST}{ChoreRun.objects.get().id}/change/"
    assert (waiting["status"], waiting["open"]) == ("queued", True)
    assert name == "career_navigator.tasks.run_chore"
    assert len(done) == 1
    over = state(staff_client)
    assert (over["status"], over["open"], over["texts"]["outcome"]) == ("finished", False, "swept")
    assert LogEntry.objects.get().get_change_message() == "Started the chore “Sweep”."


def test_says_what_it_could_not_do(staff_client: Client, redis: Redis, register) -> None:
    def fail(now: datetime) -> str:
        raise ChoreFailed("the broom is gone")

    register(fail)

    staff_client.post(f"{LIST}start/sweep/")
    run_queued(redis)

    assert (state(staff_client)["status"], state(staff_client)["texts"]["outcome"]) == ("failed", "the broom is gone")


def test_one_that_breaks_says_so_and_shows_no_trace(staff_client: Client, redis: Redis, register) -> None:
    def break_off(now: datetime) -> str:
        raise RuntimeError("secret inside")

    register(break_off)
    staff_client.post(f"{LIST}start/sweep/")

    with pytest.raises(RuntimeError):
        run_queued(redis)

    page = staff_client.get(f"{LIST}{ChoreRun.objects.get().id}/change/").content.decode()
    assert state(staff_client)["texts"]["outcome"] == "broke off; see the log"
    assert "secret inside" not in page


def test_one_that_is_not_offered_is_not_there(staff_client: Client) -> None:
    answers = [staff_client.post(f"{LIST}start/no-such/"), staff_client.get(f"{LIST}{ObjectId()}/state.json")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert ChoreRun.objects.count() == 0


def test_stored_postings_follow_a_slug_that_was_settled(staff_client: Client, mongo: Database, redis: Redis) -> None:
    seed_skills(entries=[{"name": "kubernetes", "category": "Tools/Technologies"}], now=timezone.now())
    forget_vocabulary()
    store_postings(postings=[PostingFactory(technology_slugs=("k8s-thing",), description=None)], now=NOW)
    count_unknown_slugs(slugs=["k8s-thing"], now=timezone.now())
    (slug,) = mongo.unknown_slugs.find()

    settled = staff_client.post(
        f"/admin/skills/unknownslug/{slug['_id']}/settle/?skill=kubernetes", {"settle": "alias"}, follow=True
    )
    forget_vocabulary()
    before = mongo.job_postings.find_one()["skills"]
    staff_client.post(f"{LIST}start/reread-skills/")
    run_queued(redis)

    assert f'href="{LIST}#reread-skills"' in settled.content.decode()
    assert SkillDocument.objects.get().slugs == ["k8s-thing"]
    assert (before, mongo.job_postings.find_one()["skills"]) == (["k8s thing"], ["kubernetes"])
    outcome = ChoreRun.objects.get().outcome
    assert outcome == "read 1 postings: 1 of them have other skills now; recomputed 1 days"
