"""What a role without postings says of its collection: in the gap analysis, the roadmap, and the market's answers."""

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

pytestmark = pytest.mark.usefixtures("servers_emptied")


def start_run(*, status="running", search="running", role=ROLE, requested_by=None, **fields):
    searches = [
        Search(role="Nurse", place="Berlin", status="finished"),
        Search(role=role, place="Berlin", status=search, **fields),
    ]
    return CollectionRunFactory(status=status, searches=searches, requested_by=requested_by)


def list_collections(member):
    """What each of the answers says, and after how many seconds to ask again."""
    answers = [member.get(GAP), member.get(ROADMAP), member.get("/skills/roles")]
    shown = [answers[0].json()["collection"], answers[1].json()["collection"]]
    [of_role] = answers[2].json()["without_postings"]
    assert of_role["role"] == ROLE
    return [*shown, of_role["collection"]], {answer.get("Retry-After") for answer in answers}


def test_says_that_a_role_of_a_profile_is_queued_from_the_very_next_answer(ada):
    ada.put("/auth/me", {"target_roles": []})
    ada.put("/auth/me", {"target_roles": [ROLE]})

    shown, retry_after = list_collections(ada)

    assert [each["status"] for each in shown] == ["queued"] * 3
    assert [each["url"] for each in shown] == [GAP, ROADMAP, "/skills/roles"]
    assert retry_after == {"5"}


def test_says_that_nobody_collects_a_role(ada):
    assert list_collections(ada) == ([NOT_COLLECTED] * 3, {None})


@pytest.mark.parametrize("search", ["queued", "running"])
def test_says_that_a_role_is_being_collected_and_where_to_ask_again(ada, search):
    start_run(search=search)

    shown, retry_after = list_collections(ada)

    assert [each["status"] for each in shown] == [search] * 3
    assert [each["url"] for each in shown] == [GAP, ROADMAP, "/skills/roles"]
    assert retry_after == {"5"}


def test_names_the_users_own_run(ada):
    start_run(search="running", requested_by="another")
    own = start_run(search="queued", role="software-engineer", requested_by=ada.id)

    shown, _ = list_collections(ada)

    assert {(each["status"], each["url"]) for each in shown} == {("queued", f"/jobs/fetch_jobs/{own.pk}")}
    assert ada.get(shown[0]["url"]).status_code == 200


def test_waits_as_long_as_the_rate_limit(ada):
    start_run(search="waiting", resume_at=timezone.now() + timedelta(seconds=1000))

    shown, retry_after = list_collections(ada)

    assert {each["status"] for each in shown} == {"waiting"}
    assert all(900 <= int(seconds) <= 1000 for seconds in retry_after)


@pytest.mark.parametrize(("search", "status"), [("finished", "finished"), ("failed", "failed"), ("lost", "failed")])
def test_says_what_came_of_the_last_collection(ada, search, status):
    at = timezone.now().replace(microsecond=0)
    CollectedRoleFactory(role="software engineer", collected_at=at - timedelta(days=9), place="Paris")
    CollectedRoleFactory(role="software engineer", collected_at=at)
    start_run(status="finished" if search == "finished" else "failed", search=search)

    shown, retry_after = list_collections(ada)

    assert {(each["status"], each["url"]) for each in shown} == {(status, None)}
    assert {each["collected_at"] for each in shown} == {f"{at:%Y-%m-%dT%H:%M:%S}Z"}
    assert retry_after == {None}


def test_says_nothing_of_another_roles_collection(ada):
    start_run(role="Software Engineering Manager")

    assert list_collections(ada) == ([NOT_COLLECTED] * 3, {None})


def test_an_empty_market_says_whether_anything_is_being_collected():
    empty = API().get("/market/trending")
    start_run(role="Data Scientist")

    collecting = API().get("/market/trending?days=7")

    assert "collection" not in empty.json()
    assert "Retry-After" not in empty
    assert collecting.json()["collection"]["status"] == "running"
    assert collecting.json()["collection"]["url"] == "/market/trending?days=7"
    assert collecting["Retry-After"] == "5"
    assert collecting.json()["total_jobs_analyzed"] == 0


def test_what_has_data_says_nothing_of_its_collection(ada, post_titled):
    post_titled(ROLE)
    start_run()

    answers = [ada.get(GAP), ada.get(ROADMAP), API().get("/market/trending"), ada.get("/skills/roles")]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert not any("collection" in answer.json() or "Retry-After" in answer for answer in answers)
    assert "without_postings" not in answers[3].json()
    assert "collection" not in ada.get("/learning/roadmap?include_gap_analysis=false").json()


@pytest.fixture
def post_titled():
    def post(title):
        now = timezone.now()
        store_postings(postings=[PostingFactory(title=title, date_posted=now.date())], role=title, now=now)
        refresh_stats(now=now)

    return post
