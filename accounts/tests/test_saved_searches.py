"""Saved searches, their new postings, and unsubscribing from their emails."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from bson import ObjectId
from django.utils import timezone

from accounts.searches import services
from accounts.searches.documents import MAX_SEARCHES, NotifiedPosting, SavedSearch
from accounts.searches.services import end_digest, make_token, reserve_postings, save_search
from accounts.services import export_user
from career_navigator.documents import REPEAT_WINDOW
from market.jobs.filters import JobFilter
from market.services import store_postings
from tests.factories import PostingFactory
from tests.fixtures.users import API, PASSWORD

PATH = "/jobs/searches"
UNSUBSCRIBE = f"{PATH}/unsubscribe"
PYTHON = {"name": "Python", "filter": {"skills_any": ["Python"]}}


def store(*titles, at=None, **fields) -> None:
    """Store postings that require Python, first collected now or at the given time."""
    fields = {"technology_slugs": ("python",)} | fields
    store_postings(postings=[PostingFactory.build(title=title, **fields) for title in titles], now=at or timezone.now())


def save(member, **changes) -> str:
    response = member.post(PATH, PYTHON | changes)
    assert response.status_code == 201, response.content
    return response.json()["search"]["id"]


def list_titles(member, search_id, query="") -> list[str]:
    response = member.get(f"{PATH}/{search_id}/new{query}")
    assert response.status_code == 200, response.content
    return [job["job_title"] for job in response.json()["jobs"]]


@pytest.mark.usefixtures("vocabulary_seeded")
def test_stores_the_normalized_search(ada):
    job_filter = {"skills_all": ["NodeJS", "dotnet"], "countries": ["germany"], "remote": True, "colour": "blue"}

    response = ada.post(PATH, {"name": " Node ", "filter": job_filter, "digest": "weekly", "user_id": ada.id})

    assert (response.status_code, response.json()["ignored_fields"]) == (201, ["colour"])
    search = response.json()["search"]
    assert (search["name"], search["digest"]) == ("Node", "weekly")
    assert search["filter"] == {"skills_all": ["nodejs", ".net"], "countries": ["DE"], "remote": True}
    assert ada.get(response["Location"]).json()["search"] == search
    assert ada.get(PATH).json() == {"messages": "success", "searches": [search]}


def test_changes_only_the_given_fields_of_a_search(ada):
    search_id = save(ada, digest="daily")
    before = ada.get(f"{PATH}/{search_id}").json()["search"]

    renamed = ada.put(f"{PATH}/{search_id}", {"name": "Snakes", "filter": PYTHON["filter"]}).json()["search"]
    stopped = ada.put(f"{PATH}/{search_id}", {"digest": None}).json()["search"]

    assert renamed == before | {"name": "Snakes", "updated_at": renamed["updated_at"]}
    assert stopped == renamed | {"digest": None, "updated_at": stopped["updated_at"]}


def test_deletes_a_search_with_its_notifications(ada, mongo):
    search_id = save(ada)
    reserve_postings(search_id=ObjectId(search_id), job_ids=[ObjectId()], now=timezone.now())

    response = ada.delete(f"{PATH}/{search_id}", None)

    assert (response.status_code, response.json()) == (200, {"messages": "success", "search_id": search_id})
    assert ada.get(PATH).json()["searches"] == []
    assert ada.delete(f"{PATH}/{search_id}", None).status_code == 404
    assert mongo.told_postings.count_documents({}) == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": {"$gt": ""}}, "name"),
        ({"digest": "hourly"}, "digest"),
        ({"filter": None}, "filter"),
        ({"filter": []}, "filter.non_field_errors"),
        ({"filter": {"skills_any": [{"$ne": 1}]}}, "filter.skills_any.0"),
        ({"filter": {"countries": ["Atlantis"]}}, "filter.countries.0"),
        ({"filter": {"remote": {"$where": "1"}}}, "filter.remote"),
    ],
)
def test_names_the_invalid_field_of_a_search(ada, change, field):
    search_id = save(ada)

    for response in (ada.post(PATH, PYTHON | change), ada.put(f"{PATH}/{search_id}", change)):
        assert (response.status_code, list(response.json()["errors"])) == (400, [field])
        assert field in response.json()["detail"] or "non_field" in field
    assert SavedSearch.objects.count() == 1


def test_enforces_the_limit_for_concurrent_requests(ada, monkeypatch):
    monkeypatch.setattr(services, "MAX_SEARCHES", 3)

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda name: save_named(API(token=ada.token), name).status_code, "abcdef"))

    assert sorted(statuses) == [201] * 3 + [409] * 3
    assert SavedSearch.objects.count() == 3
    ada.delete(f"{PATH}/{SavedSearch.objects.first().pk}", None)
    # Saving an identical search again does not count towards the limit.
    assert [save_named(ada, name).status_code for name in "ghg"] == [201, 409, 201]


def save_named(member, name):
    return member.post(PATH, PYTHON | {"name": name})


def test_returns_the_stored_search_for_a_repeated_request(ada):
    first, again = (ada.post(PATH, PYTHON | {"digest": "daily"}) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]
    assert SavedSearch.objects.count() == 1


def test_stores_one_search_for_concurrent_identical_requests(ada):
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: save(API(token=ada.token)), range(8)))

    assert len(ids) == SavedSearch.objects.count() == 1


@pytest.mark.parametrize("change", [{"name": "Snakes"}, {"filter": {}}, {"digest": "daily"}])
def test_stores_each_search_that_differs(ada, register, change):
    searches = [save(ada), save(ada, **change), save(register(email="eve@example.org"))]

    assert len(set(searches)) == 3


@pytest.mark.parametrize(
    "act",
    [
        lambda member, search_id: member.delete(f"{PATH}/{search_id}", None),
        lambda member, search_id: member.put(f"{PATH}/{search_id}", {"name": "Snakes"}),
        lambda _, search_id: end_digest(search_id=ObjectId(search_id), now=timezone.now()),
        lambda _, search_id: SavedSearch.objects(id=search_id).update(created_at=timezone.now() - REPEAT_WINDOW),
    ],
    ids=["it is deleted", "it is changed", "its emails are turned off", "some time has passed"],
)
def test_stores_a_search_again_after(ada, act):
    first = save(ada, digest="daily")

    act(ada, first)
    again, once_more = (save(ada, digest="daily") for _ in range(2))

    assert again == once_more != first


def test_names_the_limit(ada, now):
    for number in range(MAX_SEARCHES):
        save_search(user_id=ObjectId(ada.id), name=str(number), job_filter=JobFilter(), digest=None, now=now)

    response = ada.post(PATH, PYTHON)

    assert response.status_code == 409
    assert str(MAX_SEARCHES) in response.json()["detail"]


def test_postings_collected_after_saving_are_new(ada):
    store("Stored before")
    search_id = save(ada)
    store("First", "Second")
    store("Nurse", technology_slugs=("excel",))
    # Posted long ago but collected now.
    store("Posted earlier", date_posted=timezone.now().date() - timedelta(days=40))

    response = ada.get(f"{PATH}/{search_id}/new").json()

    assert {job["job_title"] for job in response["jobs"]} == {"First", "Second", "Posted earlier"}
    assert response["total"] == 3
    assert response["jobs"][0]["matching_words"] == ["python"]
    assert list_titles(ada, search_id, "?limit=1&offset=2") == ["Posted earlier"]


def test_a_posting_stays_new_until_it_is_marked(ada, mongo):
    search_id = save(ada)
    store("First", "Second")
    first = str(mongo.job_postings.find_one({"title": "First"})["_id"])
    before = [list_titles(ada, search_id) for _ in range(2)]

    marked = [ada.post(f"{PATH}/{search_id}/seen", {"job_ids": [first, first, "x", str(ObjectId())]}) for _ in range(2)]

    assert [sorted(titles) for titles in before] == [["First", "Second"]] * 2
    assert [response.json() for response in marked] == [{"messages": "success", "seen": 1}] * 2
    assert list_titles(ada, search_id) == ["Second"]


def test_a_changed_posting_does_not_become_new_again(ada, mongo):
    search_id = save(ada)
    store("First", job_id="1", url="https://jobs.example.com/1")
    ids = [str(row["_id"]) for row in mongo.job_postings.find()]
    ada.post(f"{PATH}/{search_id}/seen", {"job_ids": ids})

    store("First, changed", job_id="1", url="https://jobs.example.com/1")

    assert mongo.job_postings.find_one()["title"] == "First, changed"
    assert list_titles(ada, search_id) == []


def test_a_changed_filter_resets_what_is_new(ada):
    search_id = save(ada)
    store("First")
    ada.put(f"{PATH}/{search_id}", {"filter": {"skills_any": ["python"]}, "name": "The same"})
    same = list_titles(ada, search_id)

    ada.put(f"{PATH}/{search_id}", {"filter": {"skills_any": ["python"], "titles": ["Second"]}})

    assert same == ["First"]
    assert list_titles(ada, search_id) == []
    store("Second")
    assert list_titles(ada, search_id) == ["Second"]


def test_excludes_hidden_and_closed_postings(ada, mongo):
    search_id = save(ada)
    store("Hidden", "Closed", "Open")
    mongo.job_postings.update_one({"title": "Hidden"}, {"$set": {"hidden": True}})
    mongo.job_postings.update_one({"title": "Closed"}, {"$set": {"closed_at": timezone.now()}})

    assert list_titles(ada, search_id) == ["Open"]


def test_reserves_a_posting_once_for_concurrent_tasks(mongo, now):
    search_id, jobs = ObjectId(), [ObjectId() for _ in range(30)]

    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda _: reserve_postings(search_id=search_id, job_ids=jobs, now=now), range(4)))

    assert sorted(job for claim in claims for job in claim) == sorted(jobs)
    assert NotifiedPosting.objects.count() == 30


def test_exports_searches_and_erases_them_with_the_account(ada, mongo):
    search_id = save(ada)
    store("First")
    job_id = str(mongo.job_postings.find_one()["_id"])
    ada.post(f"{PATH}/{search_id}/seen", {"job_ids": [job_id]})

    (exported,) = export_user(user_id=ObjectId(ada.id), now=timezone.now())["saved_searches"]
    erased = ada.delete("/auth/me", {"password": PASSWORD})

    assert (exported["name"], exported["told"][0]["job_id"], erased.status_code) == ("Python", job_id, 204)
    assert mongo.saved_searches.count_documents({}) == mongo.told_postings.count_documents({}) == 0


class TestUnsubscribing:
    @pytest.fixture
    def search_id(self, ada):
        return save(ada, name="<b>Snakes</b>", digest="daily")

    @pytest.fixture
    def url(self, search_id):
        return f"{UNSUBSCRIBE}?token={make_token(search_id=ObjectId(search_id))}"

    @pytest.mark.parametrize(
        ("body", "media_type"),
        [
            (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
            (b"", "application/x-www-form-urlencoded"),
            (b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
             "multipart/form-data; boundary=x"),
        ],
    )  # fmt: skip
    def test_one_click_unsubscribe_needs_no_login_and_is_idempotent(self, ada, api, url, search_id, body, media_type):
        responses = [api.client.generic("POST", url, body, media_type) for _ in range(2)]

        assert [response.status_code for response in responses] == [200, 200]
        assert ada.get(f"{PATH}/{search_id}").json()["search"]["digest"] is None

    def test_the_unsubscribe_page_changes_nothing(self, ada, api, url, search_id):
        page = api.get(url)

        assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
        text = page.content.decode()
        assert '<form method="post">' in text
        assert "&lt;b&gt;Snakes" in text
        assert page["Content-Security-Policy"].startswith("default-src 'none'")
        assert ada.get(f"{PATH}/{search_id}").json()["search"]["digest"] == "daily"

    def test_unsubscribing_works_if_the_search_was_deleted(self, ada, api, url, search_id):
        ada.delete(f"{PATH}/{search_id}", None)

        assert (api.get(url).status_code, api.send("POST", url).status_code) == (200, 200)

    @pytest.mark.parametrize("token", ["", "x", "{id}", "{id}:forged", "%00"])
    def test_rejects_a_token_with_a_bad_signature(self, ada, api, search_id, token):
        url = f"{UNSUBSCRIBE}?token={token.format(id=search_id)}"

        for response in (api.get(url), api.send("POST", url), api.send("POST", UNSUBSCRIBE)):
            assert (response.status_code, list(response.json()["errors"])) == (400, ["token"])
        assert ada.get(f"{PATH}/{search_id}").json()["search"]["digest"] == "daily"
