"""Concurrent requests of one user: each gets a response, and unique documents are stored only once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.applications.documents import Activity, Application
from accounts.resumes.documents import Resume
from accounts.searches import services
from accounts.searches.documents import SavedSearch
from tests.fixtures.users import API


@pytest.fixture
def send_concurrently(ada):
    """Return a function that sends requests ten at a time, each with its own client, and counts the status codes."""

    def send(times, *requests):
        def one(number):
            return API(token=ada.token).send(*requests[number % len(requests)]).status_code

        with ThreadPoolExecutor(10) as pool:
            return Counter(pool.map(one, range(times)))

    return send


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [("POST", "save", {}, {201: 1, 200: 19}), ("PUT", "application", {"stage": "applied"}, {200: 20})],
)
def test_creates_one_application_and_one_entry_for_repeated_requests(
    send_concurrently, job, method, path, body, expected
):
    statuses = send_concurrently(20, (method, f"/jobs/{job}/{path}", body))

    assert statuses == expected
    assert (Application.objects.count(), Activity.objects.count()) == (1, 1)


def test_answers_every_concurrent_save_change_and_removal(send_concurrently, job):
    statuses = send_concurrently(
        20,
        ("POST", f"/jobs/{job}/save", {}),
        ("PUT", f"/jobs/{job}/application", {"stage": "saved", "note": "Perhaps"}),
        ("DELETE", f"/jobs/{job}/save"),
    )

    # 404 if no application exists at that moment, 409 if concurrent requests keep changing it.
    assert set(statuses) <= {200, 201, 404, 409}
    assert Application.objects.count() <= 1


def test_numbers_the_versions_of_resumes_without_a_gap(send_concurrently, ada):
    body = {"user_id": ada.id, "source": "upload"}
    texts = [f"Ada Lovelace\nada@example.org\n\nSkills\nPython\n\nDraft {number}\n" for number in range(10)]

    statuses = send_concurrently(10, *(("POST", "/resumes/generate", body | {"content": text}) for text in texts))

    assert statuses == {201: 10}
    assert sorted(Resume.objects.scalar("version")) == list(range(1, 11))


def test_stores_searches_up_to_the_limit_under_distinct_numbers(send_concurrently, monkeypatch):
    monkeypatch.setattr(services, "MAX_SEARCHES", 7)

    searches = [{"name": f"Python {number}", "filter": {"skills_any": ["python"]}} for number in range(12)]

    statuses = send_concurrently(12, *(("POST", "/jobs/searches", search) for search in searches))

    assert statuses == {201: 7, 409: 5}
    assert sorted(SavedSearch.objects.scalar("number")) == list(range(7))
