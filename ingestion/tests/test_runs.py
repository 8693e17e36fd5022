"""The life cycle of a run: leases, progress, closing and recovery."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from ingestion import collected_roles, runs
from ingestion.collected_roles import LeaseLostError, acquire_lease, find_other_holder, release_lease, renew_lease
from ingestion.documents import CollectedRole, CollectionRunDocument
from ingestion.runs import (
    MAX_ATTEMPTS,
    MAX_REJECTED_SAMPLES,
    cancel_run,
    close_if_done,
    find_interrupted,
    list_open_roles,
    stop_run,
    update_search,
)
from tests.collection import start

pytestmark = pytest.mark.usefixtures("mongo", "redis")

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def begin(*roles, now=NOW, **changes) -> CollectionRunDocument:
    return start(*(roles or ["Data Engineer"]), now=now, **{"places": ["Remote"]} | changes)


def get_lease_end(settings) -> datetime:
    return NOW + timedelta(seconds=settings.COLLECTION_LEASE_SECONDS)


def acquire(run: CollectionRunDocument, *, now: datetime, task_id: str | None = None) -> collected_roles.Lease:
    lease = acquire_lease(run=run, index=0, now=now, task_id=task_id)
    assert lease is not None
    return lease


def test_a_new_run_has_a_queued_search_for_each_role_and_place(mongo):
    run = begin("Data Engineer", "Chef", places=["Remote", "India"], requested_by="someone")

    assert (run.status, run.trigger, run.requested_by) == ("queued", "command", "someone")
    assert [(search.role, search.place, search.status) for search in run.searches] == [
        (role, place, "queued") for role in ("Data Engineer", "Chef") for place in ("Remote", "India")
    ]
    assert run.started_at is None
    assert {row["_id"] for row in mongo.known_roles.find()} == {"data engineer", "chef"}


def test_only_one_of_many_concurrent_leases_is_acquired():
    started_runs = [begin() for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda run: acquire_lease(run=run, index=0, now=NOW), started_runs))

    (winner,) = [run for run, lease in zip(started_runs, leases, strict=True) if lease]
    assert find_other_holder(run=winner, index=0) is None
    assert {find_other_holder(run=run, index=0) for run in started_runs if run != winner} == {str(winner.id)}


def test_a_lease_can_be_taken_over_only_when_it_has_expired(settings):
    first, second = begin(), begin()
    lease = acquire(first, now=NOW)

    early = acquire_lease(run=second, index=0, now=get_lease_end(settings) - timedelta(milliseconds=1))
    late = acquire_lease(run=second, index=0, now=get_lease_end(settings))

    assert (early is None, late is None) == (True, False)
    with pytest.raises(LeaseLostError):
        renew_lease(lease=lease, now=NOW)


def test_a_renewed_lease_lasts_for_its_full_duration():
    first, second = begin(), begin()
    lease = acquire(first, now=NOW)
    until = lease.until

    renew_lease(lease=lease, now=NOW + timedelta(seconds=60))

    assert lease.until == until + timedelta(seconds=60)
    assert acquire_lease(run=second, index=0, now=until) is None


def test_releasing_a_lease_that_was_lost_changes_nothing(settings):
    first, second = begin(), begin()
    lost = acquire(first, now=NOW)
    acquire_lease(run=second, index=0, now=get_lease_end(settings))

    assert not release_lease(lease=lost, collected={"collected_at": NOW})

    held = CollectedRole.objects.get(role="data engineer")
    assert held.claimed_by_run == str(second.id)
    assert held.collected_at is None


def test_a_stale_run_can_be_leased_immediately(settings):
    run = begin()
    lease = acquire(run, now=NOW)
    renew_lease(lease=lease, now=NOW + timedelta(seconds=30))

    stale_at = get_lease_end(settings) + timedelta(seconds=30)
    assert find_interrupted(now=stale_at - timedelta(milliseconds=1)) == []
    assert len(find_interrupted(now=stale_at)) == 1
    assert acquire_lease(run=run, index=0, now=stale_at)


def test_a_redelivered_task_immediately_takes_over_its_own_lease():
    run = begin()
    first = acquire(run, now=NOW, task_id="task-1")

    other = acquire_lease(run=run, index=0, now=NOW, task_id="task-2")
    anonymous = acquire_lease(run=run, index=0, now=NOW)
    again = acquire(run, now=NOW, task_id="task-1")

    assert (other, anonymous) == (None, None)
    assert again.token != first.token
    with pytest.raises(LeaseLostError):
        renew_lease(lease=first, now=NOW)


def test_a_task_does_not_take_over_the_lease_of_another_run():
    first, second = begin(), begin()
    acquire_lease(run=first, index=0, now=NOW)

    assert acquire_lease(run=second, index=0, now=NOW, task_id="task-1") is None


def test_only_one_of_many_concurrent_deliveries_holds_the_search(mongo):
    run = begin()

    def deliver(_):
        return acquire_lease(run=run, index=0, now=NOW, task_id="task-1")

    with ThreadPoolExecutor(16) as pool:
        leases = [lease for lease in pool.map(deliver, range(40)) if lease]

    (holder,) = [lease for lease in leases if can_write(lease)]
    held = mongo.collected_roles.find_one()
    assert holder.token == held["claim"] == run.reload().searches[0].lease_token


def can_write(lease) -> bool:
    try:
        update_search(run_id=lease.run_id, index=lease.index, now=NOW, lease_token=lease.token, values={"page": 1})
    except LeaseLostError:
        return False
    return True


def test_a_worker_that_stalls_while_acquiring_a_lease_does_not_displace_its_successor(settings, monkeypatch):
    run = begin()
    store_token = collected_roles._store_token

    def stall(lease, now):
        monkeypatch.setattr(collected_roles, "_store_token", store_token)
        successors.append(acquire(run, now=get_lease_end(settings)))
        return store_token(lease, now)

    successors: list[collected_roles.Lease] = []
    monkeypatch.setattr(collected_roles, "_store_token", stall)

    assert acquire_lease(run=run, index=0, now=NOW) is None

    (successor,) = successors
    assert run.reload().searches[0].lease_token == successor.token
    assert CollectedRole.objects.get().claim == successor.token


@pytest.mark.parametrize("status", ["finished", "failed", "cancelled", "lost", "skipped"])
def test_acquires_no_lease_on_a_closed_search(status):
    run = begin("Data Engineer", "Chef")
    update_search(run_id=run.id, index=0, now=NOW, values={"status": status})

    assert acquire_lease(run=run, index=0, now=NOW) is None
    assert CollectedRole.objects.get().claim is None


STEPS: dict[str, dict[str, Any]] = {
    "values": {"values": {"status": "failed", "error": "timeout"}},
    "counts": {"counts": {"pages": 1, "credits": 50}},
    "pause": {"values": {"status": "waiting", "resume_at": NOW}},
    "finish": {"values": {"status": "finished"}},
    "rejections": {"rejections": [{"reason": "no_title", "message": "", "job_id": "1"}]},
}


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_lost_its_lease_writes_nothing_to_the_search(settings, step):
    run = begin()
    lost = acquire(run, now=NOW)
    successor = acquire(run, now=get_lease_end(settings))
    before = run.reload().to_mongo()

    with pytest.raises(LeaseLostError):
        update_search(run_id=run.id, index=0, now=get_lease_end(settings), lease_token=lost.token, **STEPS[step])

    assert run.reload().to_mongo() == before
    update_search(run_id=run.id, index=0, now=get_lease_end(settings), lease_token=successor.token, **STEPS[step])


def test_a_worker_that_lost_its_lease_does_not_stop_the_run(settings):
    run = begin("Data Engineer", "Chef")
    lost = acquire(run, now=NOW)
    acquire_lease(run=run, index=0, now=get_lease_end(settings))

    with pytest.raises(LeaseLostError):
        stop_run(run_id=run.id, error="bad_key: rejected", now=NOW, lease=lost)

    assert [search.status for search in run.reload().searches] == ["queued", "queued"]


def test_a_step_is_counted_on_the_search_and_on_the_run():
    run = begin("Data Engineer", "Chef")
    counts = {"pages": 1, "collected": 4, "credits": 5}
    rejections = [{"reason": "no_title", "message": "", "job_id": str(n)} for n in range(MAX_REJECTED_SAMPLES + 5)]

    for index in (0, 1):
        update_search(
            run_id=run.id, index=index, now=NOW, values={"status": "running"}, counts=counts, rejections=rejections
        )

    run.reload()
    assert (run.status, run.started_at, run.pages, run.collected, run.credits) == ("running", NOW, 2, 8, 10)
    assert (run.searches[1].pages, run.searches[1].collected, run.searches[1].refused) == (1, 4, len(rejections))
    assert run.refused == {"no_title": 2 * len(rejections)}
    assert len(run.refused_samples) == MAX_REJECTED_SAMPLES


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("finished", "finished"), "finished"),
        (("finished", "skipped"), "finished"),
        (("skipped", "skipped"), "finished"),
        (("finished", "failed"), "failed"),
        (("failed", "lost"), "failed"),
        (("cancelled", "lost"), "lost"),
        (("finished", "cancelled"), "cancelled"),
        (("finished", "queued"), "running"),
        (("failed", "waiting"), "running"),
    ],
)
def test_a_run_ends_as_its_worst_search_once_none_is_open(statuses, expected):
    run = begin("Data Engineer", "Chef")
    for index, status in enumerate(statuses):
        update_search(run_id=run.id, index=index, now=NOW, values={"status": status, "error": f"{status} it is"})

    close_if_done(run_id=run.id, now=NOW)

    run.reload()
    assert run.status == expected
    assert (run.finished_at is None) == (expected == "running")
    if expected in {"failed", "lost"}:
        assert f"{expected} it is" in run.error


def test_an_ended_run_does_not_change():
    run = begin()
    stop_run(run_id=run.id, error="enough", now=NOW)
    ended = run.reload().to_mongo()

    with pytest.raises(LeaseLostError):
        update_search(run_id=run.id, index=0, now=NOW + timedelta(hours=1), values={"status": "running"})
    cancel_run(run_id=run.id, now=NOW)
    stop_run(run_id=run.id, error="again", now=NOW)
    close_if_done(run_id=run.id, now=NOW)

    after = run.reload().to_mongo()
    assert (after["status"], after["error"]) == ("failed", "enough")
    assert after["searches"] == ended["searches"]


def test_cancelling_closes_idle_searches_and_lets_running_ones_finish_their_page():
    run = begin("Data Engineer", "Chef", "Cook")
    update_search(run_id=run.id, index=0, now=NOW, values={"status": "running"})
    update_search(run_id=run.id, index=1, now=NOW, values={"status": "waiting"})

    cancel_run(run_id=run.id, now=NOW)

    run.reload()
    assert [search.status for search in run.searches] == ["running", "cancelled", "cancelled"]
    assert (run.status, run.cancel_requested) == ("running", True)


def test_cancelling_a_queued_run_ends_it():
    run = begin()

    cancel_run(run_id=run.id, now=NOW)

    assert run.reload().status == "cancelled"


def test_finds_a_stale_run_once_per_lease_duration(settings):
    run = begin("Data Engineer", "Chef")

    early = find_interrupted(now=get_lease_end(settings) - timedelta(seconds=1))
    ((found, roles),) = find_interrupted(now=get_lease_end(settings))

    assert early == []
    assert (found.id, roles) == (run.id, ["Data Engineer", "Chef"])
    assert find_interrupted(now=get_lease_end(settings)) == []


def find_interrupted_concurrently(now, times=30) -> list:
    """Return the combined results of `times` concurrent checks."""
    ready = Barrier(times)

    def check(_):
        ready.wait()
        return find_interrupted(now=now)

    with ThreadPoolExecutor(times) as pool:
        return [found for result in pool.map(check, range(times)) for found in result]


def test_only_one_of_many_concurrent_checks_resumes_a_stale_run(settings):
    run = begin("Data Engineer", "Chef")

    ((found, roles),) = find_interrupted_concurrently(get_lease_end(settings))

    assert (found.id, roles) == (run.id, ["Data Engineer", "Chef"])


def test_only_one_of_many_concurrent_checks_resumes_a_rate_limited_search(settings):
    run = begin()
    resume_at = get_lease_end(settings) + timedelta(hours=1)
    update_search(run_id=run.id, index=0, now=NOW, values={"status": "waiting", "resume_at": resume_at})

    ((found, _),) = find_interrupted_concurrently(resume_at)

    assert found.id == run.id
    # A queued task has the duration of a lease to begin before it counts as lost.
    assert find_interrupted(now=resume_at + timedelta(seconds=1)) == []
    assert len(find_interrupted(now=resume_at + timedelta(seconds=settings.COLLECTION_LEASE_SECONDS))) == 1


def test_does_not_resume_a_run_whose_worker_is_writing(settings, monkeypatch):
    run = begin()
    resume = runs._resume

    def write_meanwhile(*arguments):
        acquire_lease(run=run, index=0, now=get_lease_end(settings) - timedelta(seconds=1))
        return resume(*arguments)

    monkeypatch.setattr(runs, "_resume", write_meanwhile)

    assert find_interrupted(now=get_lease_end(settings)) == []


def test_resumes_a_rate_limited_search_only_after_its_wait(settings):
    run = begin()
    resume_at = get_lease_end(settings) + timedelta(hours=1)
    update_search(run_id=run.id, index=0, now=NOW, values={"status": "waiting", "resume_at": resume_at})

    assert find_interrupted(now=resume_at - timedelta(seconds=1)) == []
    assert [roles for _, roles in find_interrupted(now=resume_at)] == [["Data Engineer"]]


def test_closes_a_search_as_lost_after_the_maximum_attempts(settings):
    run = begin("Data Engineer", "Chef")
    update_search(run_id=run.id, index=0, now=NOW, values={"status": "running", "attempts": MAX_ATTEMPTS})
    update_search(run_id=run.id, index=1, now=NOW, values={"status": "finished"})

    find_interrupted(now=get_lease_end(settings))

    assert run.reload().status == "lost"
    assert "Data Engineer, Remote: lost its worker 5 times" in run.error
    assert list_open_roles(run=run) == []


def test_closes_a_run_whose_worker_died_right_after_its_last_page(settings):
    run = begin()
    update_search(run_id=run.id, index=0, now=NOW, values={"status": "finished"})

    assert find_interrupted(now=NOW) == []
    assert run.reload().status == "finished"


@pytest.mark.parametrize(("days", "status"), [(29, "skipped"), (30, "queued"), (31, "queued")])
def test_a_role_is_fresh_for_the_given_days_even_without_results(days, status):
    first = begin()
    release_lease(lease=acquire(first, now=NOW), collected={"collected_at": NOW})

    later = begin("data-engineer", "Chef", now=NOW + timedelta(days=days), fresh_within_days=30)

    assert [search.status for search in later.searches] == [status, "queued"]


def test_freshness_is_per_place():
    first = begin()
    release_lease(lease=acquire(first, now=NOW), collected={"collected_at": NOW})

    later = begin(places=["India", "Remote"], fresh_within_days=1)

    assert [(search.place, search.status) for search in later.searches] == [("India", "queued"), ("Remote", "skipped")]
