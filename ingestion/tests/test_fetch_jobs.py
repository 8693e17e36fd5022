"""POST /jobs/fetch_jobs, with the fake TheirStack over real HTTP. A thread of this process runs the queued tasks."""

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

pytestmark = pytest.mark.usefixtures("empty_servers")

PATH = "/jobs/fetch_jobs"
TODAY = datetime.now(UTC).date()
GERMANY_AND_CANADA = ["Germany", "Canada"]
PROFILE = {"desired_job_role": "Software Engineer", "preferred_locations": ["United States"]}


@pytest.fixture(autouse=True)
def source(settings, fake_theirstack):
    fake_theirstack.reset()
    settings.THEIR_STACK_BASE_URL, settings.THEIR_STACK_API_KEY = fake_theirstack.url, fake_theirstack.api_key
    settings.THEIR_STACK_MAX_RETRIES = 0
    settings.FETCH_JOBS_WAIT_SECONDS = 0


@pytest.fixture
def long_wait(settings):
    settings.FETCH_JOBS_WAIT_SECONDS = 25


@contextmanager
def processing_queue(redis) -> Iterator[None]:
    """Run queued tasks in a thread, and raise their errors at the end."""
    stopped, failures = threading.Event(), []

    def work() -> None:
        try:
            while not stopped.wait(0.02):
                run_queued(redis)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
    if failures:
        raise failures[0]


def list_search_requests(fake_theirstack) -> list:
    return [request for request in fake_theirstack.requests if request.path == "/v1/jobs/search"]


@pytest.mark.usefixtures("long_wait")
def test_waits_for_the_first_page_and_returns_the_stored_jobs(ada, mongo, redis, fake_theirstack):
    with processing_queue(redis):
        response = ada.post(PATH, PROFILE)

    body = response.json()
    assert (response.status_code, body["messages"], body["notice"]) == (200, "success", None)
    assert body["jobs_fetched"] == len(body["jobs"]) == body["total"] > 0
    assert body["run"]["pages"] == 1
    assert body["run"]["address"] == f"{PATH}/{body['run']['id']}"
    assert 0 < fake_theirstack.credits_used <= JOBS_PER_ROLE
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
def test_reports_unknown_places(ada, places, remote_preference, notice):
    criteria = {"desired_job_role": "Nurse", "preferred_locations": places, "remote_preference": remote_preference}

    response = ada.post(PATH, criteria)

    assert response.status_code == 202
    assert response.json()["notice"] == notice


def test_returns_202_with_the_runs_address_if_no_page_is_stored_in_time(ada, redis):
    response = ada.post(PATH, PROFILE)

    assert response.status_code == 202
    body = response.json()
    assert (body["jobs_fetched"], body["jobs"], body["run"]["status"]) == (0, [], "queued")
    address = response["Location"]
    assert address == body["run"]["address"]
    assert ada.get(address).json()["run"]["status"] == "queued"

    run_queued(redis)

    result = ada.get(address).json()
    assert (result["run"]["status"], result["run"]["collected"] > 0) == ("finished", True)
    assert result["jobs_fetched"] == len(result["jobs"]) > 0


def test_serves_fresh_roles_without_spending_or_queueing(ada, redis, fake_theirstack):
    ada.post(PATH, PROFILE)
    run_queued(redis)
    spent, request_count = fake_theirstack.credits_used, len(fake_theirstack.requests)

    response = ada.post(PATH, PROFILE | {"preferred_locations": "US", "desired_job_role": "software  engineer"})

    assert (response.status_code, response.json()["run"]) == (200, None)
    assert response.json()["jobs_fetched"] > 0
    assert (fake_theirstack.credits_used, len(fake_theirstack.requests)) == (spent, request_count)
    assert take_queued(redis) == []


def test_requests_only_new_jobs_of_a_stale_role(ada, mongo, redis, fake_theirstack):
    ada.post(PATH, PROFILE)
    run_queued(redis)
    spent = fake_theirstack.credits_used
    yesterday = timezone.now() - timedelta(days=services.FRESH_DAYS, minutes=1)
    mongo.collected_roles.update_many({}, {"$set": {"collected_at": yesterday}})

    response = ada.post(PATH, PROFILE)
    run_queued(redis)

    assert response.json()["run"] is not None
    assert list_search_requests(fake_theirstack)[-1].payload["discovered_at_gte"]
    assert fake_theirstack.credits_used == spent


def test_returns_the_run_that_is_already_open(ada, redis):
    first = ada.post(PATH, PROFILE).json()["run"]["id"]

    second = ada.post(PATH, PROFILE)

    assert (second.status_code, second.json()["run"]["id"]) == (202, first)
    assert len(take_queued(redis)) == 1


@pytest.mark.parametrize(
    ("stored", "overrides", "roles", "places"),
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
def test_falls_back_to_the_profile_for_missing_criteria(ada, mongo, stored, overrides, roles, places):
    if stored:
        assert ada.put("/auth/me", stored).status_code == 200

    assert ada.post(PATH, overrides).status_code == 202

    run = CollectionRunDocument.objects.get(wanted__ne=None)
    assert (run.roles, run.places, run.requested_by, run.trigger) == (roles, places, ada.id, "user")
    assert ada.get("/auth/me").json()["target_roles"] == stored.get("target_roles", ["Software Engineer"])


def test_returns_only_remote_jobs_if_these_are_preferred(ada, redis, fake_theirstack):
    ada.post(PATH, PROFILE | {"remote_preference": "remote"})
    run_queued(redis)

    body = ada.post(PATH, PROFILE | {"remote_preference": "remote"}).json()

    (request,) = list_search_requests(fake_theirstack)
    assert (request.payload["remote"], request.payload["job_country_code_or"]) == (True, ["US"])
    assert {job["remote"] for job in body["jobs"]} == {True}


@pytest.mark.parametrize("stop", ["budget", "halt"])
def test_returns_stored_jobs_if_no_credits_can_be_spent(ada, redis, settings, fake_theirstack, stop):
    ada.post(PATH, PROFILE)
    run_queued(redis)
    spent = fake_theirstack.credits_used
    if stop == "budget":
        settings.THEIR_STACK_CREDIT_BUDGET = count_spent_credits(now=timezone.now())
    else:
        halt_collection(reason="out_of_credits", now=timezone.now())

    response = ada.post(PATH, PROFILE | {"preferred_locations": ["United States", "Austria"]})

    assert (response.status_code, response.json()["run"]) == (200, None)
    assert "credit" in response.json()["notice"]
    assert response.json()["jobs_fetched"] > 0
    assert (take_queued(redis), fake_theirstack.credits_used) == ([], spent)


@pytest.mark.usefixtures("long_wait")
@pytest.mark.parametrize(
    ("fault", "sentence"), [("budget", "credit"), (402, "credit"), (401, "failed"), (500, "failed")]
)
def test_reports_that_fetching_failed(ada, redis, settings, fake_theirstack, fault, sentence):
    if fault == "budget":
        settings.THEIR_STACK_CREDIT_BUDGET = JOBS_PER_ROLE + 5
        reserve_credits(credits=10, budget=None, now=timezone.now())
    else:
        fake_theirstack.script_faults([{"path": "/v1/jobs/search", "status": fault}])

    with processing_queue(redis):
        response = ada.post(PATH, PROFILE)

    assert (response.status_code, response.json()["run"]["status"]) == (200, "failed")
    assert sentence in response.json()["notice"]
    assert "TheirStack" not in response.content.decode()


def test_throttles_only_new_runs(ada, redis, settings, window_clock):
    settings.THROTTLES = settings.THROTTLES | {"fetch_jobs": Rate(1, 3600)}
    first = ada.post(PATH, PROFILE)
    again = ada.post(PATH, PROFILE)

    other = ada.post(PATH, PROFILE | {"desired_job_role": "Chef"})

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 429)
    assert int(other["Retry-After"]) > 0
    assert CollectionRunDocument.objects(requested_by=ada.id).count() == 1


def test_returns_503_while_the_queue_is_down_unless_the_roles_are_fresh(ada, redis, switch_redis):
    ada.post(PATH, PROFILE)
    run_queued(redis)

    switch_redis("away")
    fresh = ada.post(PATH, PROFILE)
    stale = ada.post(PATH, PROFILE | {"desired_job_role": "Chef"})

    assert fresh.status_code == 200
    assert (stale.status_code, int(stale["Retry-After"]) > 0) == (503, True)
    assert CollectionRunDocument.objects(requested_by=ada.id).count() == 1


def test_leaves_no_open_run_behind_if_queueing_fails(ada):
    with queue_at(NO_REDIS):
        response = ada.post(PATH, PROFILE)

    assert (response.status_code, int(response["Retry-After"]) > 0) == (503, True)
    assert {run.status for run in CollectionRunDocument.objects(requested_by=ada.id)} == {"cancelled"}


def test_does_not_throttle_a_fetch_that_could_not_be_queued(ada, settings, window_clock):
    settings.THROTTLES = settings.THROTTLES | {"fetch_jobs": Rate(1, 3600)}
    with queue_at(NO_REDIS):
        statuses = [ada.post(PATH, PROFILE).status_code for _ in range(2)]

    assert statuses == [503, 503]
    assert ada.post(PATH, PROFILE).status_code == 202


def test_starts_one_run_for_simultaneous_identical_requests(ada, redis):
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: API(token=ada.token).post(PATH, PROFILE), range(8)))

    assert [response.status_code for response in responses] == [202] * 8
    assert len({response.json()["run"]["id"] for response in responses}) == CollectionRunDocument.objects.count() == 1
    assert [name for name, _ in take_queued(redis)] == ["ingestion.tasks.collect_role"]


def test_starts_another_run_once_the_first_one_is_over(ada, redis):
    first = ada.post(PATH, PROFILE).json()["run"]["id"]
    cancel_run(run_id=ObjectId(first), now=timezone.now())

    again, once_more = (ada.post(PATH, PROFILE).json()["run"]["id"] for _ in range(2))

    assert again == once_more != first


def test_limits_the_number_of_waiting_requests_per_process(ada, long_wait):
    for _ in range(throttling.MAX_WAITING):
        throttling._waiting.acquire()
    try:
        response = ada.post(PATH, PROFILE)
    finally:
        for _ in range(throttling.MAX_WAITING):
            throttling._waiting.release()

    assert response.status_code == 202


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
def test_rejects_invalid_criteria(ada, body, field):
    response = ada.post(PATH, body)

    assert (response.status_code, field in response.json()["errors"]) == (400, True)
    assert CollectionRunDocument.objects.count() == 0


def test_requires_a_role_if_the_profile_has_none(ada):
    ada.put("/auth/me", {"target_roles": []})

    response = ada.post(PATH, {})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["desired_job_role"])


def test_exports_requested_runs_and_erases_the_requester(ada):
    ada.post(PATH, PROFILE)

    (exported,) = export_user(user_id=ObjectId(ada.id), now=timezone.now())["collection_runs"]
    assert (exported["roles"], exported["wanted"]["titles"]) == (["Software Engineer"], ["Software Engineer"])
    assert ada.delete("/auth/me", {"password": PASSWORD}).status_code == 204

    run = CollectionRunDocument.objects.get()
    assert (run.requested_by, run.wanted) == (None, {})


def test_spends_at_most_the_limit_of_a_request(ada, redis, fake_theirstack):
    ada.post(PATH, {"desired_job_role": "Software Engineer", "countries": ["US", "DE", "GB", "IN", "FR"]})
    run_queued(redis)

    assert CollectedRole.objects.count() > 0
    assert fake_theirstack.credits_used <= JOBS_PER_ROLE


@pytest.mark.usefixtures("long_wait")
def test_may_wait_longer_than_the_database_deadline_of_a_request(ada, redis, monkeypatch):
    def wait(seconds):
        # The worker has its own deadline, while the deadline of the request expires.
        Context().run(run_queued, redis)
        pymongo.timeout(1e-9).__enter__()

    monkeypatch.setattr(services, "sleep", wait)

    response = ada.post(PATH, PROFILE)

    assert (response.status_code, response.json()["run"]["pages"]) == (200, 1)
