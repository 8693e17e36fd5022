"""The admin pages of postings."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pymongo.database import Database
from redis import Redis

from career_navigator.document_admin import queries
from market.membership import register_role
from market.models import JobPosting
from market.services import store_postings
from tests.factories import NOW, PostingFactory, days_ago
from tests.queued import take_queued

LIST = "/admin/market/jobposting/"


def list_titles(client: Client, **query: str) -> list[str]:
    page = client.get(LIST, query)
    assert page.status_code == 200
    return [posting.title for posting in page.context["cl"].result_list]


@pytest.fixture
def postings(admin_tables: None) -> None:
    register_role(role="Data Engineer", now=NOW)
    postings = [
        PostingFactory.build(title="Python Developer", country_code="US", remote=True, technology_slugs=("python",)),
        PostingFactory.build(title="Java Developer", country_code="DE", remote=False, source="import"),
        PostingFactory.build(
            title="Data Engineer",
            country_code="DE",
            date_posted=days_ago(3),
            company="Acme, Inc.",
            url="https://example.org/42",
        ),
    ]
    store_postings(postings=postings, now=NOW)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"Python Developer", "Java Developer", "Data Engineer"}),
        ({"q": "developer"}, {"Python Developer", "Java Developer"}),
        ({"q": "developer java"}, {"Java Developer"}),
        ({"q": '"developer -java'}, {"Java Developer"}),
        ({"q": "developer", "country": "us"}, {"Python Developer"}),
        ({"role": "data-engineer"}, {"Data Engineer"}),
        ({"country": "de"}, {"Java Developer", "Data Engineer"}),
        ({"source": "import"}, {"Java Developer"}),
        ({"remote": "yes"}, {"Python Developer"}),
        ({"remote": "unknown"}, {"Data Engineer"}),
        ({"day": days_ago(3).isoformat()}, {"Data Engineer"}),
        ({"day": "yesterday"}, set()),
        ({"company": "ACME Inc"}, {"Data Engineer"}),
        ({"address": "https://example.org/42"}, {"Data Engineer"}),
    ],
)
def test_filters_postings(staff_client: Client, postings: None, query: dict, expected: set[str]) -> None:
    assert set(list_titles(staff_client, **query)) == expected


def test_reports_an_invalid_day(staff_client: Client, postings: None) -> None:
    page = staff_client.get(LIST, {"day": "yesterday"}).content.decode()

    assert "&#x27;yesterday&#x27; is not a valid date. Enter a date as YYYY-MM-DD." in page


def test_sorts_by_day_and_not_by_the_time_of_storing(staff_client: Client, postings: None) -> None:
    store_postings(postings=[PostingFactory.build(title="Older", date_posted=days_ago(9))], now=NOW)

    assert list_titles(staff_client)[-2:] == ["Data Engineer", "Older"]


def test_shows_the_advert_as_text(staff_client: Client, mongo: Database) -> None:
    store_postings(
        postings=[PostingFactory.build(description="<b>Bold</b>\n- line", url="https://example.org/7")], now=NOW
    )
    posting = JobPosting.objects.get()

    page = staff_client.get(f"{LIST}{posting.pk}/change/").content.decode()

    assert '<div class="staff-text">&lt;b&gt;Bold&lt;/b&gt;\n- line</div>' in page
    assert '<a class="staff-link" href="https://example.org/7"' in page


def test_pages_through_all_postings_newest_first(staff_client: Client, mongo: Database) -> None:
    store_postings(postings=[PostingFactory.build(title=f"Developer {number}") for number in range(120)], now=NOW)

    pages = [list_titles(staff_client, p=number) for number in "123"]

    assert [len(page) for page in pages] == [50, 50, 20]
    assert [*pages[0], *pages[1], *pages[2]] == [f"Developer {number}" for number in reversed(range(120))]


def test_stops_counting_at_the_maximum(staff_client: Client, mongo: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MAX_COUNTED", 60)
    store_postings(postings=PostingFactory.create_batch(80, country_code="US"), now=NOW)

    page = staff_client.get(LIST, {"country": "US", "p": "2"})

    assert "60+" in page.content.decode()
    assert len(page.context["cl"].result_list) == 11


def test_sorts_through_an_index_and_reads_few_fields(admin_tables: None, mongo: Database) -> None:
    store_postings(postings=PostingFactory.create_batch(3), now=NOW)
    compiler = JobPosting.objects.only("title").order_by("-pk")[:2].query.get_compiler(using="default")
    compiler.pre_sql_setup()

    pipeline = compiler.build_query().get_pipeline()

    assert [next(iter(stage)) for stage in pipeline] == ["$sort", "$limit", "$project"]
    plan = str(mongo.command("explain", {"aggregate": "job_postings", "pipeline": pipeline, "cursor": {}}))
    assert "IXSCAN" in plan
    assert "'stage': 'SORT'" not in plan


def test_shows_a_posting_that_cannot_be_edited(staff_client: Client, postings: None) -> None:
    url = f"{LIST}{JobPosting.objects.all()[0].pk}/change/"

    assert "We build things" in staff_client.get(url).content.decode()
    assert staff_client.post(url, {"title": "x"}).status_code == 403
    assert staff_client.get(f"{LIST}add/").status_code == 403


def test_hides_postings_and_queues_a_refresh_of_the_stats(
    staff_client: Client, postings: None, mongo: Database, redis: Redis
) -> None:
    mongo.dirty_days.delete_many({})
    posting_id = str(JobPosting.objects.get(title="Data Engineer").pk)

    staff_client.post(LIST, {"action": "hide", "_selected_action": [posting_id], "confirmed": "yes"})

    assert mongo.job_postings.find({"title": "Data Engineer"})[0]["hidden"] is True
    assert mongo.dirty_days.count_documents({}) == 1
    assert take_queued(redis) == [("market.tasks.refresh_daily_stats", [])]
    assert LogEntry.objects.get().get_change_message() == "Hidden."
    assert list_titles(staff_client, hidden="yes") == ["Data Engineer"]


def test_hides_a_posting_and_shows_it_again_on_its_page(
    staff_client: Client, postings: None, mongo: Database, redis: Redis
) -> None:
    posting = JobPosting.objects.get(title="Data Engineer")
    page = f"{LIST}{posting.pk}/"

    response = staff_client.post(f"{page}hide/")
    hidden = mongo.job_postings.find({"_id": posting.pk})[0]["hidden"]
    text = staff_client.get(f"{page}change/").content.decode()
    staff_client.post(f"{page}show/")

    assert response.headers["Location"] == f"{page}change/"
    assert (hidden, mongo.job_postings.find({"_id": posting.pk})[0]["hidden"]) == (True, False)
    assert "This posting is hidden" in text
    assert f"{page}show/" in text
    assert [task for task, _ in take_queued(redis)] == ["market.tasks.refresh_daily_stats"] * 2
    assert [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")] == ["Hidden.", "Shown again."]


def test_shows_hidden_postings_again(staff_client: Client, postings: None, mongo: Database) -> None:
    mongo.job_postings.update_many({}, {"$set": {"hidden": True}})
    posting_ids = [str(posting.pk) for posting in JobPosting.objects.all()]

    staff_client.post(LIST, {"action": "show", "_selected_action": posting_ids})

    assert mongo.job_postings.count_documents({"hidden": True}) == 0


def test_does_not_hide_postings_without_the_permission(limited_client: Any, postings: None, mongo: Database) -> None:
    posting_id = str(JobPosting.objects.all()[0].pk)

    limited_client("view_jobposting").post(LIST, {"action": "hide", "_selected_action": [posting_id]})

    assert mongo.job_postings.count_documents({"hidden": True}) == 0
