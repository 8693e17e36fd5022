"""Requests of one person at the same moment: each is answered, and what there may be one of is stored once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.applications.documents import Activity, Application
from accounts.resumes.documents import Resume
from accounts.searches import services
from accounts.searches.documents import SavedSearch
from tests.fixtures.users import API


@pytest.fixture
def at_once(ada):
    """Sends requests several times, ten at a moment, each by a client of its own; how often each status came."""

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
def test_makes_one_application_and_one_line_of_the_same_request(at_once, job, method, path, body, expected):
    statuses = at_once(20, (method, f"/jobs/{job}/{path}", body))

    assert statuses == expected
    assert (Application.objects.count(), Activity.objects.count()) == (1, 1)


def test_answers_each_of_many_that_save_change_and_remove_a_job(at_once, job):
    statuses = at_once(
        20,
        ("POST", f"/jobs/{job}/save", {}),
        ("PUT", f"/jobs/{job}/application", {"stage": "saved", "note": "Perhaps"}),
        ("DELETE", f"/jobs/{job}/save"),
    )

    # 404: nothing is saved at that moment; 409: it keeps being changed.
    assert set(statuses) <= {200, 201, 404, 409}
    assert Application.objects.count() <= 1


def test_numbers_the_versions_of_resumes_without_a_gap(at_once, ada):
    body = {"user_id": ada.id, "source": "upload"}
    texts = [f"Ada Lovelace\nada@example.org\n\nSkills\nPython\n\nDraft {number}\n" for number in range(10)]

    statuses = at_once(10, *(("POST", "/resumes/generate", body | {"content": text}) for text in texts))

    assert statuses == {201: 10}
    assert sorted(Resume.objects.scalar("version")) == list(range(1, 11))


def test_keeps_as_many_searches_as_there_may_be_each_under_its_number(at_once, monkeypatch):
    monkeypatch.setattr(services, "MAX_SEARCHES", 7)

    searches = [{"name": f"Python {number}", "filter": {"skills_any": ["python"]}} for number in range(12)]

    statuses = at_once(12, *(("POST", "/jobs/searches", search) for search in searches))

    assert statuses == {201: 7, 409: 5}
    assert sorted(SavedSearch.objects.scalar("number")) == list(range(7))
