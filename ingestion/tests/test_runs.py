"""The life of a run: claimed, followed, closed, found again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.documents import CollectedRole, CollectionRun
from ingestion.runs import (
    MOST_ATTEMPTS,
    MOST_REFUSED_SAMPLES,
    cancel_run,
    claim_search,
    claimed_by_other_run,
    close_if_done,
    find_interrupted,
    open_roles,
    release_claim,
    renew_claim,
    start_run,
    stop_run,
    update_search,
)

pytestmark = pytest.mark.usefixtures("mongo", "redis")

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def begin(*roles, now=NOW, **changes) -> CollectionRun:
    asked = {"trigger": "command", "places": ["Remote"], "max_age_days": 14, "per_role_limit": 10} | changes
    return start_run(roles=roles or ["Data Engineer"], now=now, **asked)


def lapsed(settings) -> datetime:
    return NOW + timedelta(seconds=settings.COLLECTION_LEASE_SECONDS)


def test_a_new_run_waits_with_a_search_for_each_role_and_place(mongo):
    run = begin("Data Engineer", "Chef", places=["Remote", "India"], requested_by="someone")

    assert (run.status, run.trigger, run.requested_by) == ("queued", "command", "someone")
    assert [(search.role, search.place, search.status) for search in run.searches] == [
        (role, place, "queued") for role in ("Data Engineer", "Chef") for place in ("Remote", "India")
    ]
    assert run.started_at is None
    assert {row["_id"] for row in mongo.known_roles.find()} == {"data engineer", "chef"}


def test_of_many_claims_at_once_one_wins():
    runs = [begin() for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda run: claim_search(run=run, index=0, now=NOW), runs))

    (winner,) = [run for run, token in zip(runs, tokens, strict=True) if token]
    assert claimed_by_other_run(run=winner, index=0) is None
    assert {claimed_by_other_run(run=run, index=0) for run in runs if run != winner} == {str(winner.id)}


def test_a_claim_can_be_taken_over_only_when_its_lease_has_lapsed(settings):
    first, second = begin(), begin()
    token = claim_search(run=first, index=0, now=NOW)

    early = claim_search(run=second, index=0, now=lapsed(settings) - timedelta(milliseconds=1))
    late = claim_search(run=second, index=0, now=lapsed(settings))

    assert (early is None, late is None) == (True, False)
    assert not renew_claim(run=first, index=0, token=token, now=NOW)


def test_a_renewed_claim_holds_for_another_lease(settings):
    first, second = begin(), begin()
    token = claim_search(run=first, index=0, now=NOW)

    renewed = renew_claim(run=first, index=0, token=token, now=NOW + timedelta(seconds=60))

    assert renewed
    assert claim_search(run=second, index=0, now=lapsed(settings)) is None


def test_releasing_a_claim_that_was_lost_changes_nothing(settings):
    first, second = begin(), begin()
    lost = claim_search(run=first, index=0, now=NOW)
    claim_search(run=second, index=0, now=lapsed(settings))

    release_claim(run=first, index=0, token=lost, collected={"collected_at": NOW})

    held = CollectedRole.objects.get(role="data engineer")
    assert held.claimed_by_run == str(second.id)
    assert held.collected_at is None


def test_a_step_is_counted_on_the_search_and_on_the_run():
    run = begin("Data Engineer", "Chef")
    counts = {"pages": 1, "collected": 4, "credits": 5}
    refused = [{"reason": "no_title", "message": "", "job_id": str(n)} for n in range(MOST_REFUSED_SAMPLES + 5)]

    for index in (0, 1):
        update_search(run_id=run.id, index=index, now=NOW, values={"status": "running"}, counts=counts, refused=refused)

    run.reload()
    assert (run.status, run.started_at, run.pages, run.collected, run.credits) == ("running", NOW, 2, 8, 10)
    assert (run.searches[1].pages, run.searches[1].collected, run.searches[1].refused) == (1, 4, len(refused))
    assert run.refused == {"no_title": 2 * len(refused)}
    assert len(run.refused_samples) == MOST_REFUSED_SAMPLES


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


def test_an_ended_run_stays_as_it_is():
    run = begin()
    stop_run(run_id=run.id, error="enough", now=NOW)
    ended = run.reload().to_mongo()

    update_search(run_id=run.id, index=0, now=NOW + timedelta(hours=1), values={"status": "running"})
    cancel_run(run_id=run.id, now=NOW)
    stop_run(run_id=run.id, error="again", now=NOW)
    close_if_done(run_id=run.id, now=NOW)

    after = run.reload().to_mongo()
    assert (after["status"], after["error"]) == ("failed", "enough")
    assert after["searches"] == ended["searches"]


def test_cancelling_closes_what_waits_and_leaves_what_runs_to_end_after_its_page():
    run = begin("Data Engineer", "Chef", "Cook")
    update_search(run_id=run.id, index=0, now=NOW, values={"status": "running"})
    update_search(run_id=run.id, index=1, now=NOW, values={"status": "waiting"})

    cancel_run(run_id=run.id, now=NOW)

    run.reload()
    assert [search.status for search in run.searches] == ["running", "cancelled", "cancelled"]
    assert (run.status, run.cancel_requested) == ("running", True)


def test_cancelling_a_run_that_only_waits_ends_it():
    run = begin()

    cancel_run(run_id=run.id, now=NOW)

    assert run.reload().status == "cancelled"


def test_finds_a_silent_run_once_a_lease(settings):
    run = begin("Data Engineer", "Chef")

    early = find_interrupted(now=lapsed(settings) - timedelta(seconds=1))
    ((found, roles),) = find_interrupted(now=lapsed(settings))

    assert early == []
    assert (found.id, roles) == (run.id, ["Data Engineer", "Chef"])
    assert find_interrupted(now=lapsed(settings)) == []


def test_finds_what_waited_for_the_rate_limit_only_when_the_wait_is_over(settings):
    run = begin()
    resume_at = lapsed(settings) + timedelta(hours=1)
    update_search(run_id=run.id, index=0, now=NOW, values={"status": "waiting", "resume_at": resume_at})

    assert find_interrupted(now=resume_at - timedelta(seconds=1)) == []
    assert [roles for _, roles in find_interrupted(now=resume_at)] == [["Data Engineer"]]


def test_closes_as_lost_what_was_lost_too_often(settings):
    run = begin("Data Engineer", "Chef")
    update_search(run_id=run.id, index=0, now=NOW, values={"status": "running", "attempts": MOST_ATTEMPTS})
    update_search(run_id=run.id, index=1, now=NOW, values={"status": "finished"})

    find_interrupted(now=lapsed(settings))

    assert run.reload().status == "lost"
    assert "Data Engineer, Remote: lost 5 times" in run.error
    assert open_roles(run=run) == []


def test_closes_a_run_whose_worker_died_right_after_its_last_page(settings):
    run = begin()
    update_search(run_id=run.id, index=0, now=NOW, values={"status": "finished"})

    assert find_interrupted(now=NOW) == []
    assert run.reload().status == "finished"


@pytest.mark.parametrize(("days", "status"), [(29, "skipped"), (30, "queued"), (31, "queued")])
def test_a_role_is_fresh_for_so_many_days_whatever_was_found(days, status):
    first = begin()
    token = claim_search(run=first, index=0, now=NOW)
    release_claim(run=first, index=0, token=token, collected={"collected_at": NOW})

    later = begin("data-engineer", "Chef", now=NOW + timedelta(days=days), fresh_within_days=30)

    assert [search.status for search in later.searches] == [status, "queued"]


def test_freshness_goes_by_place_too():
    first = begin()
    token = claim_search(run=first, index=0, now=NOW)
    release_claim(run=first, index=0, token=token, collected={"collected_at": NOW})

    later = begin(places=["India", "Remote"], fresh_within_days=1)

    assert [(search.place, search.status) for search in later.searches] == [("India", "queued"), ("Remote", "skipped")]
