"""The collection state of a role without postings, in gap analyses, roadmaps, trends and the list of roles."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ingestion.documents import Search
from market.refresh import refresh_stats
from market.services import store_postings
from tests.factories import CollectedRoleFactory, CollectionRunFactory, PostingFactory
from tests.fixtures.users import API

ROLE = "Software Engineer"
GAP = "/skills/gap-analysis?role=Software%20Engineer"
ROADMAP = "/learning/roadmap?target_role=software-engineer"
NOT_COLLECTED = {"status": "none", "url": None, "collected_at": None}

pytestmark = pytest.mark.usefixtures("empty_servers")


def start_run(*, status="running", search="running", role=ROLE, requested_by=None, **fields):
    searches = [
        Search(role="Nurse", place="Berlin", status="finished"),
        Search(role=role, place="Berlin", status=search, **fields),
    ]
    return CollectionRunFactory.create(status=status, searches=searches, requested_by=requested_by)


def list_collections(member):
    """Return the collection state in each response, and the distinct values of Retry-After."""
    responses = [member.get(GAP), member.get(ROADMAP), member.get("/skills/roles")]
    states = [responses[0].json()["collection"], responses[1].json()["collection"]]
    [role_state] = responses[2].json()["without_postings"]
    assert role_state["role"] == ROLE
    return [*states, role_state["collection"]], {response.get("Retry-After") for response in responses}


def test_reports_a_new_target_role_as_queued_in_the_next_response(ada):
    ada.put("/auth/me", {"target_roles": []})
    ada.put("/auth/me", {"target_roles": [ROLE]})

    states, retry_after = list_collections(ada)

    assert [each["status"] for each in states] == ["queued"] * 3
    assert [each["url"] for each in states] == [GAP, ROADMAP, "/skills/roles"]
    assert retry_after == {"5"}


def test_reports_a_role_that_is_not_collected(ada):
    assert list_collections(ada) == ([NOT_COLLECTED] * 3, {None})


@pytest.mark.parametrize("search", ["queued", "running"])
def test_reports_a_running_collection_and_the_url_to_poll(ada, search):
    start_run(search=search)

    states, retry_after = list_collections(ada)

    assert [each["status"] for each in states] == [search] * 3
    assert [each["url"] for each in states] == [GAP, ROADMAP, "/skills/roles"]
    assert retry_after == {"5"}


def test_links_to_the_users_own_run(ada):
    start_run(search="running", requested_by="another")
    own = start_run(search="queued", role="software-engineer", requested_by=ada.id)

    states, _ = list_collections(ada)

    assert {(each["status"], each["url"]) for each in states} == {("queued", f"/jobs/fetch_jobs/{own.pk}")}
    assert ada.get(states[0]["url"]).status_code == 200


def test_retries_after_the_rate_limit(ada):
    start_run(search="waiting", resume_at=timezone.now() + timedelta(seconds=1000))

    states, retry_after = list_collections(ada)

    assert {each["status"] for each in states} == {"waiting"}
    assert all(900 <= int(seconds) <= 1000 for seconds in retry_after)


@pytest.mark.parametrize(("search", "status"), [("finished", "finished"), ("failed", "failed"), ("lost", "failed")])
def test_reports_the_result_of_the_last_collection(ada, search, status):
    at = timezone.now().replace(microsecond=0)
    CollectedRoleFactory.create(role="software engineer", collected_at=at - timedelta(days=9), place="Paris")
    CollectedRoleFactory.create(role="software engineer", collected_at=at)
    start_run(status="finished" if search == "finished" else "failed", search=search)

    states, retry_after = list_collections(ada)

    assert {(each["status"], each["url"]) for each in states} == {(status, None)}
    assert {each["collected_at"] for each in states} == {f"{at:%Y-%m-%dT%H:%M:%S}Z"}
    assert retry_after == {None}


def test_does_not_report_the_collection_of_another_role(ada):
    start_run(role="Software Engineering Manager")

    assert list_collections(ada) == ([NOT_COLLECTED] * 3, {None})


def test_reports_any_running_collection_while_the_market_is_empty():
    empty = API().get("/market/trending")
    start_run(role="Data Scientist")

    collecting = API().get("/market/trending?days=7")

    assert "collection" not in empty.json()
    assert "Retry-After" not in empty
    assert collecting.json()["collection"]["status"] == "running"
    assert collecting.json()["collection"]["url"] == "/market/trending?days=7"
    assert collecting["Retry-After"] == "5"
    assert collecting.json()["total_jobs_analyzed"] == 0


def test_reports_no_collection_for_a_role_with_data(ada, post_titled):
    post_titled(ROLE)
    start_run()

    responses = [ada.get(GAP), ada.get(ROADMAP), API().get("/market/trending"), ada.get("/skills/roles")]

    assert [response.status_code for response in responses] == [200] * 4
    assert not any("collection" in response.json() or "Retry-After" in response for response in responses)
    assert "without_postings" not in responses[3].json()
    assert "collection" not in ada.get("/learning/roadmap?include_gap_analysis=false").json()


@pytest.fixture
def post_titled():
    def post(title):
        now = timezone.now()
        store_postings(postings=[PostingFactory.build(title=title, date_posted=now.date())], role=title, now=now)
        refresh_stats(now=now)

    return post
