"""Collection from the fake TheirStack over real HTTP into a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.documents import CollectedRole
from ingestion.runs import UnusableRequestError, find_interrupted
from ingestion.selectors import summarize_run
from ingestion.services import collect_jobs_for_roles, run_inline
from ingestion.source import check_source, count_spent_credits
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from market.refresh import check_stats
from market.selectors import read_response
from tests.collection import TODAY, begin_run, collect, job

pytestmark = pytest.mark.usefixtures("mongo", "redis")


@pytest.fixture
def fake_theirstack(settings, serve_jobs) -> FakeTheirStack:
    settings.THEIR_STACK_MAX_RETRIES = 1
    return serve_jobs(job(n, days_old=n % 10) for n in range(1, 31))


def get_stored_ids(mongo) -> set[str]:
    return set(mongo.job_postings.distinct("job_id"))


def test_collects_a_role_page_by_page_and_counts_its_postings(
    theirstack_client, clock, mongo, settings, fake_theirstack
):
    settings.MAX_JOBS_PER_SEARCH = 12

    run = collect(theirstack_client, clock)

    assert run.status == "finished"
    assert (run.pages, run.collected, run.credits) == (3, 30, 30)
    assert len(get_stored_ids(mongo)) == 30
    assert fake_theirstack.credits_used == 30
    assert [request.payload["page"] for request in fake_theirstack.requests] == [0, 1, 2]
    assert {request.payload["limit"] for request in fake_theirstack.requests} == {12}
    assert all("posted_at_max_age_days" in request.payload for request in fake_theirstack.requests)


def test_refreshes_the_stats_when_the_run_is_over(theirstack_client, clock):
    collect(theirstack_client, clock)

    response = read_response(days=30, now=clock())

    assert response is not None
    assert b'"total_jobs_analyzed":30' in response[1]
    assert check_stats().differing == []


def test_returns_the_documented_stats_for_each_role(theirstack_client, clock):
    run = collect_jobs_for_roles(
        roles=["Backend Developer", "Data Scientist"],
        locations=["United States"],
        client=theirstack_client,
        clock=clock,
    )

    summary = summarize_run(run=run)

    assert (summary["Backend Developer"].jobs_collected, summary["Backend Developer"].credits_tracked) == (30, 30)
    assert (summary["Data Scientist"].jobs_collected, summary["Data Scientist"].pages_fetched) == (0, 1)


def test_fetches_no_more_than_the_limit_over_all_places(theirstack_client, clock, fake_theirstack):
    run = collect(theirstack_client, clock, places=("United States", "Remote"), limit=10)

    assert [search.credits for search in run.searches] == [5, 0]
    assert fake_theirstack.credits_used == 5


@pytest.mark.parametrize("limit", [7, 11, 13, 29])
def test_fetches_no_more_than_a_limit_that_its_pages_do_not_divide(
    theirstack_client, clock, mongo, settings, fake_theirstack, limit
):
    settings.MAX_JOBS_PER_SEARCH = 5

    run = collect(theirstack_client, clock, limit=limit)

    assert run.status == "finished"
    assert (run.credits, run.collected, fake_theirstack.credits_used) == (limit, limit, limit)
    assert len(get_stored_ids(mongo)) == limit


def test_gives_later_places_the_unused_limit_of_earlier_ones(theirstack_client, clock, fake_theirstack):
    run = collect(theirstack_client, clock, places=("Remote", "United States"), limit=10)

    assert [search.credits for search in run.searches] == [0, 10]


def test_requests_only_jobs_discovered_since_the_last_run(theirstack_client, clock, mongo, fake_theirstack):
    collect(theirstack_client, clock)
    fake_theirstack.advance(jobs=[job(100, discovered_at=datetime.now(UTC).isoformat())])

    second = collect(theirstack_client, clock)

    assert (second.collected, second.credits) == (1, 1)
    assert fake_theirstack.credits_used == 31
    payload = fake_theirstack.requests[-1].payload
    assert payload["discovered_at_gte"]
    assert payload["job_id_not"] == [30]


def test_searches_everything_again_when_reaching_further_back(theirstack_client, clock, fake_theirstack):
    collect(theirstack_client, clock, days=3)

    wider = collect(theirstack_client, clock, days=14)

    assert "discovered_at_gte" not in fake_theirstack.requests[-1].payload
    assert wider.collected + wider.unchanged == 30


def test_skips_a_fresh_role_even_if_it_found_nothing(theirstack_client, clock, fake_theirstack):
    collect(theirstack_client, clock, roles=("Data Scientist",))

    run = begin_run(clock, roles=("Data-Scientist",), fresh_within_days=30)

    assert run.status == "finished"
    assert [search.status for search in run.searches] == ["skipped"]
    clock.ahead = timedelta(days=31)
    assert begin_run(clock, roles=("Data Scientist",), fresh_within_days=30).status == "queued"


def test_filters_titles_of_other_roles_but_counts_their_credits(theirstack_client, clock, mongo, fake_theirstack):
    fake_theirstack.advance(jobs=[job(200, title="React Developer"), job(201, title="Java Developer JavaScript")])

    run = collect(theirstack_client, clock, roles=("Java Developer",))

    assert run.credits >= run.collected + run.filtered
    assert "200" not in get_stored_ids(mongo)


def test_records_a_malformed_row_and_continues(theirstack_client, clock, mongo, fake_theirstack):
    fake_theirstack.script_faults([{"malformed_row": True}])

    run = collect(theirstack_client, clock)

    assert run.status == "finished"
    assert sum(run.refused.values()) == 1
    assert run.refused_samples[0]["reason"] in run.refused
    assert len(get_stored_ids(mongo)) >= 29


def test_rejects_blurred_rows(theirstack_client, clock, mongo, fake_theirstack):
    fake_theirstack.script_faults([{"blurred_row": True}])

    run = collect(theirstack_client, clock)

    assert run.refused == {"blurred": 1}
    assert not mongo.job_postings.find_one({"company": "Hidden"})


def test_ends_when_the_source_repeats_a_page(theirstack_client, clock, settings, fake_theirstack):
    settings.MAX_JOBS_PER_SEARCH = 10
    fake_theirstack.script_faults([{"repeat_page": True, "at": 2}])

    run = collect(theirstack_client, clock)

    assert run.status == "finished"
    assert run.pages == 2
    assert "repeats the previous page" in run.searches[0].error


def test_stores_a_duplicate_row_once(theirstack_client, clock, mongo, fake_theirstack):
    fake_theirstack.script_faults([{"duplicate_rows": 3}])

    run = collect(theirstack_client, clock)

    assert run.status == "finished"
    assert mongo.job_postings.count_documents({}) == len(get_stored_ids(mongo))


def test_a_rejected_key_stops_the_run_with_an_error(clock, settings, fake_theirstack):
    settings.THEIR_STACK_API_KEY = "another-key"
    with build_client() as client:
        run = collect(client, clock, roles=("Backend Developer", "Data Scientist"))

    assert run.status == "failed"
    assert "bad_key" in run.error
    assert "another-key" not in run.error
    assert {search.status for search in run.searches} == {"failed"}
    assert len(fake_theirstack.requests) == 1


def test_halts_every_run_until_a_check_finds_credits(theirstack_client, clock, fake_theirstack):
    fake_theirstack.script_faults([{"status": 402}])

    run = collect(theirstack_client, clock)
    halted = collect(theirstack_client, clock, roles=("Data Scientist",))

    assert "out_of_credits" in run.error
    assert "halted" in halted.error
    assert "check_theirstack" in halted.error
    assert len(fake_theirstack.requests) == 1
    check_source(client=theirstack_client, now=clock())
    assert collect(theirstack_client, clock).status == "finished"


def test_requests_smaller_pages_if_the_plan_requires_them(clock, serve_jobs):
    server = serve_jobs([job(n) for n in range(1, 31)], plan="free")

    with build_client() as client:
        run = collect(client, clock)

    assert run.status == "finished"
    assert run.collected == 30
    assert [request.payload["limit"] for request in server.requests] == [100, 25, 25]


def test_stores_all_pages_that_the_plan_allows(clock, settings, serve_jobs):
    settings.MAX_JOBS_PER_SEARCH = 25
    serve_jobs([job(n) for n in range(1, 200)], plan="free", credits=1000)

    with build_client() as client:
        run = collect(client, clock, limit=200)

    assert run.status == "finished"
    assert (run.pages, run.collected) == (5, 125)
    assert "plan" in run.searches[0].error


def test_persistent_server_errors_fail_only_their_search(theirstack_client, clock, fake_theirstack):
    fake_theirstack.script_faults([{"status": 500, "next": 2}])

    run = collect(theirstack_client, clock, roles=("Backend Developer", "Data Scientist"))

    assert [search.status for search in run.searches] == ["failed", "finished"]
    assert run.status == "failed"
    assert "server_error" in run.error


def test_a_long_rate_limit_leaves_the_search_waiting_until_it_is_resumed(
    theirstack_client, clock, mongo, fake_theirstack, redis
):
    headers = {"RateLimit-Limit": "4, 10, 50", "RateLimit-Remaining": "3, 0, 0", "RateLimit-Reset": "1, 30, 1800"}
    fake_theirstack.script_faults([{"status": 429, "headers": headers}])

    run = collect(theirstack_client, clock)

    (search,) = run.searches
    assert (run.status, search.status) == ("running", "waiting")
    assert find_interrupted(now=clock()) == []
    clock.ahead = timedelta(hours=1)
    redis.flushdb()
    ((found, roles),) = find_interrupted(now=clock())
    assert (found.id, roles) == (run.id, ["Backend Developer"])
    run_inline(run=found, client=theirstack_client, clock=clock)
    assert found.reload().status == "finished"
    assert found.searches[0].attempts == 1
    assert len(get_stored_ids(mongo)) == 30


def test_stops_before_exceeding_the_budget(theirstack_client, clock, settings, fake_theirstack):
    settings.MAX_JOBS_PER_SEARCH = 10
    settings.THEIR_STACK_CREDIT_BUDGET = 25

    run = collect(theirstack_client, clock)

    assert run.status == "failed"
    assert "budget_spent" in run.error
    assert fake_theirstack.credits_used == count_spent_credits(now=clock()) == 20


def test_releases_the_credits_that_a_short_page_did_not_cost(theirstack_client, clock):
    collect(theirstack_client, clock)

    assert count_spent_credits(now=clock()) == 30


def test_stores_how_far_a_role_was_collected(theirstack_client, clock):
    collect(theirstack_client, clock)

    collected_role = CollectedRole.objects.get(role="backend developer", place="United States")

    assert collected_role.claim is None
    assert collected_role.boundary_ids == [30]
    assert collected_role.posted_since.date() == TODAY - timedelta(days=14)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"roles": (" ",)}, "no_roles"),
        ({"roles": ("!!!",)}, "no_roles"),
        ({"places": ()}, "no_places"),
        ({"limit": 0}, "limits"),
        ({"days": -1}, "limits"),
    ],
)
def test_rejects_an_invalid_request(clock, options, reason):
    with pytest.raises(UnusableRequestError) as error:
        begin_run(clock, **options)

    assert error.value.reason == reason


def test_collects_each_role_and_place_once(clock):
    run = begin_run(clock, roles=("Full-Stack Developer", "full stack developer"), places=("Remote", "Remote "))

    assert [(search.role, search.place) for search in run.searches] == [("Full-Stack Developer", "Remote")]
