"""POST /jobs/fetch_jobs, against the fake TheirStack over real HTTP; a thread of this process works the queue off."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, datetime, timedelta

import pymongo
import pytest
from bson import ObjectId
from django.utils import timezone

from accounts.services import export_user
from career_navigator import throttling
from career_navigator.setting_values import Rate
from ingestion import fetching as services
from ingestion.documents import CollectedRole, CollectionRunDocument
from ingestion.fetching import JOBS_PER_ROLE
from ingestion.runs import cancel_run
from ingestion.source import count_spent_credits, halt_collection, reserve_credits
from tests.fixtures.users import API, PASSWORD
from tests.other_servers import NO_REDIS, queue_at
from tests.queued import run_queued, take_queued

pytestmark = pytest.mark.usefixtures("servers_emptied")

PATH = "/jobs/fetch_jobs"
TODAY = datetime.now(UTC).date()
GERMANY_AND_CANADA = ["Germany", "Canada"]
PROFILE = {"desired_job_role": "Software Engineer", "preferred_locations": ["United States"]}


@pytest.fixture(autouse=True)
def source(settings, stand_in):
    stand_in.reset()
    settings.THEIR_STACK_BASE_URL, settings.THEIR_STACK_API_KEY = stand_in.url, stand_in.api_key
    settings.THEIR_STACK_MAX_RETRIES = 0
    settings.FETCH_JOBS_WAIT_SECONDS = 0


@pytest.fixture
def waits(settings):
    settings.FETCH_JOBS_WAIT_SECONDS = 25


@contextmanager
def working(redis) -> Iterator[None]:
    """Work the queue off meanwhile; what goes wrong with it is raised in the end."""
    over, failures = threading.Event(), []

    def work() -> None:
        try:
            while not over.wait(0.02):
                run_queued(redis)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failures:
        raise failures[0]


def searches(stand_in) -> list:
    return [asked for asked in stand_in.requests if asked.path == "/v1/jobs/search"]


@pytest.mark.usefixtures("waits")
def test_waits_for_the_first_page_and_answers_what_is_stored(ada, mongo, redis, stand_in):
    with working(redis):
        answer = ada.post(PATH, PROFILE)

    body = answer.json()
    assert (answer.status_code, body["messages"], body["notice"]) == (200, "success", None)
    assert body["jobs_fetched"] == len(body["jobs"]) == body["total"] > 0
    assert body["run"]["pages"] == 1
    assert body["run"]["address"] == f"{PATH}/{body['run']['id']}"
    assert 0 < stand_in.credits_used <= JOBS_PER_ROLE
    assert mongo.job_postings.count_documents({}) >= body["total"]


@pytest.mark.parametrize(
    ("places", "remote_preference", "notice"),
    [
        (["Germany", "Lyon"], None, None),
        (["Germany"], "remote", None),
        (
            ["Atlantis", "Germany"],
            None,
            "“Atlantis” is not a known place, so it was matched as text against job locations. Did you mean"
            " “Atlanta, GA”?",
        ),
        (["Qqqq", "France"], "remote", "“Qqqq” is not a known place, so it was ignored."),
    ],
)
def test_says_which_places_are_not_known(ada, places, remote_preference, notice):
    wanted = {"desired_job_role": "Nurse", "preferred_locations": places, "remote_preference": remote_preference}

    answer = ada.post(PATH, wanted)

    assert answer.status_code == 202
    assert answer.json()["notice"] == notice


def test_answers_202_with_the_runs_address_when_it_takes_longer(ada, redis):
    answer = ada.post(PATH, PROFILE)

    assert answer.status_code == 202
    body = answer.json()
    assert (body["jobs_fetched"], body["jobs"], body["run"]["status"]) == (0, [], "queued")
    address = answer["Location"]
    assert address == body["run"]["address"]
    assert ada.get(address).json()["run"]["status"] == "queued"

    run_queued(redis)

    told = ada.get(address).json()
    assert (told["run"]["status"], told["run"]["collected"] > 0) == ("finished", True)
    assert told["jobs_fetched"] == len(told["jobs"]) > 0


def test_serves_what_is_fresh_without_spending_or_queueing(ada, redis, stand_in):
    ada.post(PATH, PROFILE)
    run_queued(redis)
    spent, asked = stand_in.credits_used, len(stand_in.requests)

    answer = ada.post(PATH, PROFILE | {"preferred_locations": "US", "desired_job_role": "software  engineer"})

    assert (answer.status_code, answer.json()["run"]) == (200, None)
    assert answer.json()["jobs_fetched"] > 0
    assert (stand_in.credits_used, len(stand_in.requests)) == (spent, asked)
    assert take_queued(redis) == []


def test_asks_only_for_what_is_new_once_it_is_not_fresh(ada, mongo, redis, stand_in):
    ada.post(PATH, PROFILE)
    run_queued(redis)
    spent = stand_in.credits_used
    yesterday = timezone.now() - timedelta(days=services.FRESH_DAYS, minutes=1)
    mongo.collected_roles.update_many({}, {"$set": {"collected_at": yesterday}})

    answer = ada.post(PATH, PROFILE)
    run_queued(redis)

    assert answer.json()["run"] is not None
    assert searches(stand_in)[-1].payload["discovered_at_gte"]
    assert stand_in.credits_used == spent


def test_goes_on_with_a_run_that_is_under_way(ada, redis):
    first = ada.post(PATH, PROFILE).json()["run"]["id"]

    second = ada.post(PATH, PROFILE)

    assert (second.status_code, second.json()["run"]["id"]) == (202, first)
    assert len(take_queued(redis)) == 1


@pytest.mark.parametrize(
    ("stored", "given", "roles", "places"),
    [
        ({}, {}, ["Software Engineer"], ["San Francisco, CA"]),
        ({"location": None}, {}, ["Software Engineer"], ["United States", "Remote"]),
        ({"preferred_locations": ["Berlin"]}, {}, ["Software Engineer"], ["Berlin, Germany"]),
        ({}, {"desired_job_role": "Chef", "skills": "x"}, ["Chef"], ["San Francisco, CA"]),
        ({}, {"target_roles": ["Chef", "Nurse", "chef"]}, ["Chef", "Nurse"], ["San Francisco, CA"]),
        ({}, {"desired_job_role": "", "preferred_locations": ["DE", "CA"]}, ["Software Engineer"], GERMANY_AND_CANADA),
        ({}, {"preferred_locations": "Springfield, IL, Toronto, CA"}, ["Software Engineer"],
         ["Springfield, IL", "Toronto, Canada", "Canada"]),
        ({}, {"preferred_locations": "San Francisco, CA"}, ["Software Engineer"], ["San Francisco, CA"]),
        ({}, {"preferred_locations": ["Austin, TX"]}, ["Software Engineer"], ["Austin, TX"]),
        ({}, {"preferred_locations": "Germany, France"}, ["Software Engineer"], ["Germany", "France"]),
        ({}, {"countries": ["IN", "Georgia"]}, ["Software Engineer"], ["India", "GE"]),
        ({"remote_preference": "remote"}, {}, ["Software Engineer"], ["Remote, United States"]),
        ({"location": None}, {"remote_preference": "remote"}, ["Software Engineer"], ["Remote"]),
        ({"remote_preference": "remote"}, {"remote_preference": "any"}, ["Software Engineer"], ["San Francisco, CA"]),
        ({"target_roles": ["A1", "A2", "A3", "A4"]}, {}, ["A1", "A2", "A3"], ["San Francisco, CA"]),
        ({}, {"desired_job_role": ["Chef", "Nurse"], "target_roles": ["Baker", "Miller"]}, ["Chef", "Nurse", "Baker"],
         ["San Francisco, CA"]),
        ({}, {"countries": ["US", "FR", "DE", "IN", "GB", "ES"], "remote_preference": True}, ["Software Engineer"],
         ["Remote, United States", "Remote, France", "Remote, Germany", "Remote, India", "Remote, United Kingdom"]),
    ],
)  # fmt: skip
def test_takes_from_the_profile_what_the_request_does_not_say(ada, mongo, stored, given, roles, places):
    if stored:
        assert ada.put("/auth/me", stored).status_code == 200

    assert ada.post(PATH, given).status_code == 202

    run = CollectionRunDocument.objects.get(wanted__ne=None)
    assert (run.roles, run.places, run.requested_by, run.trigger) == (roles, places, ada.id, "user")
    assert ada.get("/auth/me").json()["target_roles"] == stored.get("target_roles", ["Software Engineer"])


def test_answers_only_remote_jobs_to_who_wants_those(ada, redis, stand_in):
    ada.post(PATH, PROFILE | {"remote_preference": "remote"})
    run_queued(redis)

    body = ada.post(PATH, PROFILE | {"remote_preference": "remote"}).json()

    (asked,) = searches(stand_in)
    assert (asked.payload["remote"], asked.payload["job_country_code_or"]) == (True, ["US"])
    assert {job["remote"] for job in body["jobs"]} == {True}


@pytest.mark.parametrize("stop", ["budget", "halt"])
def test_answers_what_is_stored_where_nothing_can_be_paid_for(ada, redis, settings, stand_in, stop):
    ada.post(PATH, PROFILE)
    run_queued(redis)
    spent = stand_in.credits_used
    if stop == "budget":
        settings.THEIR_STACK_CREDIT_BUDGET = count_spent_credits(now=timezone.now())
    else:
        halt_collection(reason="out_of_credits", now=timezone.now())

    answer = ada.post(PATH, PROFILE | {"preferred_locations": ["United States", "Austria"]})

    assert (answer.status_code, answer.json()["run"]) == (200, None)
    assert "credit" in answer.json()["notice"]
    assert answer.json()["jobs_fetched"] > 0
    assert (take_queued(redis), stand_in.credits_used) == ([], spent)


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    ("fault", "sentence"), [("budget", "credit"), (402, "credit"), (401, "failed"), (500, "failed")]
)
def test_says_when_fetching_fails_on_the_way(ada, redis, settings, stand_in, fault, sentence):
    if fault == "budget":
        settings.THEIR_STACK_CREDIT_BUDGET = JOBS_PER_ROLE + 5
        reserve_credits(credits=10, budget=None, now=timezone.now())
    else:
        stand_in.script_faults([{"path": "/v1/jobs/search", "status": fault}])

    with working(redis):
        answer = ada.post(PATH, PROFILE)

    assert (answer.status_code, answer.json()["run"]["status"]) == (200, "failed")
    assert sentence in answer.json()["notice"]
    assert "TheirStack" not in answer.content.decode()


def test_is_throttled_by_what_it_starts(ada, redis, settings, window_clock):
    settings.THROTTLES = settings.THROTTLES | {"fetch_jobs": Rate(1, 3600)}
    first = ada.post(PATH, PROFILE)
    again = ada.post(PATH, PROFILE)

    other = ada.post(PATH, PROFILE | {"desired_job_role": "Chef"})

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 429)
    assert int(other["Retry-After"]) > 0
    assert CollectionRunDocument.objects(requested_by=ada.id).count() == 1


def test_answers_503_while_the_queue_is_down_unless_it_is_fresh(ada, redis, redis_goes):
    ada.post(PATH, PROFILE)
    run_queued(redis)

    redis_goes("away")
    fresh = ada.post(PATH, PROFILE)
    stale = ada.post(PATH, PROFILE | {"desired_job_role": "Chef"})

    assert fresh.status_code == 200
    assert (stale.status_code, int(stale["Retry-After"]) > 0) == (503, True)
    assert CollectionRunDocument.objects(requested_by=ada.id).count() == 1


def test_leaves_no_open_run_behind_where_queueing_fails(ada):
    with queue_at(NO_REDIS):
        answer = ada.post(PATH, PROFILE)

    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (503, True)
    assert {run.status for run in CollectionRunDocument.objects(requested_by=ada.id)} == {"cancelled"}


def test_counts_no_fetch_that_could_not_be_queued(ada, settings, window_clock):
    settings.THROTTLES = settings.THROTTLES | {"fetch_jobs": Rate(1, 3600)}
    with queue_at(NO_REDIS):
        refused = [ada.post(PATH, PROFILE).status_code for _ in range(2)]

    assert refused == [503, 503]
    assert ada.post(PATH, PROFILE).status_code == 202


def test_starts_one_run_for_the_same_requests_that_arrive_at_once(ada, redis):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: API(token=ada.token).post(PATH, PROFILE), range(8)))

    assert [answer.status_code for answer in answers] == [202] * 8
    assert len({answer.json()["run"]["id"] for answer in answers}) == CollectionRunDocument.objects.count() == 1
    assert [name for name, _ in take_queued(redis)] == ["ingestion.tasks.collect_role"]


def test_starts_another_run_once_the_first_one_is_over(ada, redis):
    first = ada.post(PATH, PROFILE).json()["run"]["id"]
    cancel_run(run_id=ObjectId(first), now=timezone.now())

    again, once_more = (ada.post(PATH, PROFILE).json()["run"]["id"] for _ in range(2))

    assert again == once_more != first


def test_makes_no_more_requests_wait_than_a_process_can_spare(ada, waits):
    for _ in range(throttling.MAX_WAITING):
        throttling._waiting.acquire()
    try:
        answer = ada.post(PATH, PROFILE)
    finally:
        for _ in range(throttling.MAX_WAITING):
            throttling._waiting.release()

    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"desired_job_role": 7}, "desired_job_role"),
        ({"desired_job_role": "!!!"}, "desired_job_role"),
        ({"desired_job_role": "x" * 101}, "desired_job_role"),
        ({"target_roles": ["a"] * 21}, "target_roles"),
        ({"target_roles": [{"$gt": ""}]}, "target_roles.0"),
        ({"preferred_locations": {"$ne": 1}}, "preferred_locations"),
        ({"preferred_locations": ["a"] * 100}, "preferred_locations"),
        ({"countries": ["XX"]}, "countries.0"),
        ({"remote_preference": "moon"}, "remote_preference"),
        ([], "non_field_errors"),
    ],
)
def test_refuses_what_cannot_be_searched_for(ada, body, field):
    answer = ada.post(PATH, body)

    assert (answer.status_code, field in answer.json()["errors"]) == (400, True)
    assert CollectionRunDocument.objects.count() == 0


def test_asks_for_a_role_where_the_profile_has_none(ada):
    ada.put("/auth/me", {"target_roles": []})

    answer = ada.post(PATH, {})

    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["desired_job_role"])


def test_exports_what_was_asked_for_and_forgets_who_asked(ada):
    ada.post(PATH, PROFILE)

    (exported,) = export_user(user_id=ObjectId(ada.id), now=timezone.now())["collection_runs"]
    assert (exported["roles"], exported["wanted"]["titles"]) == (["Software Engineer"], ["Software Engineer"])
    assert ada.delete("/auth/me", {"password": PASSWORD}).status_code == 204

    run = CollectionRunDocument.objects.get()
    assert (run.requested_by, run.wanted) == (None, {})


def test_spends_no_more_than_the_share_of_a_request(ada, redis, stand_in):
    ada.post(PATH, {"desired_job_role": "Software Engineer", "countries": ["US", "DE", "GB", "IN", "FR"]})
    run_queued(redis)

    assert CollectedRole.objects.count() > 0
    assert stand_in.credits_used <= JOBS_PER_ROLE


@pytest.mark.usefixtures("waits")
def test_may_wait_longer_than_the_database_has_for_a_request(ada, redis, monkeypatch):
    def wait(seconds):
        # A worker has its own time; that of the request is over.
        Context().run(run_queued, redis)
        pymongo.timeout(1e-9).__enter__()

    monkeypatch.setattr(services, "sleep", wait)

    answer = ada.post(PATH, PROFILE)

    assert (answer.status_code, answer.json()["run"]["pages"]) == (200, 1)
