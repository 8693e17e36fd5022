"""Explanations of runs that found nothing, and suggestions of roles and places."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pymongo.database import Database
from redis import Redis

from ingestion.documents import CollectedRole, CollectionRunDocument
from ingestion.runs import close_if_done, start_run, update_search
from ingestion.selectors import serialize_run
from ingestion.suggestions import (
    describe_unknown_places,
    describe_unknown_roles,
    list_role_names,
    suggest_places,
    suggest_roles,
)
from market.refresh import refresh_stats
from market.services import store_postings
from tests.factories import PostingFactory, TaskRunFactory

RUNS = "/admin/ingestion/collectionrun/"
pytestmark = pytest.mark.usefixtures("mongo", "redis")


def build_ended_run(
    *,
    counts: dict[str, int] | None = None,
    values: dict | None = None,
    rejections: Sequence[dict] = (),
    **criteria: Any,
) -> CollectionRunDocument:
    """Return a run that is over and whose searches all have these counts."""
    now = timezone.now()
    defaults: dict[str, Any] = {
        "roles": ["Data Engineer"],
        "places": ["Berlin"],
        "max_age_days": 7,
        "per_role_limit": 10,
    }
    run = start_run(trigger="command", now=now, **defaults | criteria)
    for index, _ in enumerate(run.searches):
        update_search(
            run_id=run.id,
            index=index,
            now=now,
            values={"status": "finished"} | (values or {}),
            counts=counts or {},
            rejections=rejections,
        )
    close_if_done(run_id=run.id, now=now)
    return run.reload()


def get_explanation(run: CollectionRunDocument) -> str:
    text: str = serialize_run(run=run)["texts"]["why"]
    return text


@pytest.mark.parametrize(
    ("criteria", "sentence"),
    [
        (
            {"places": ["Atlantis"]},
            "Nothing was found: “Atlantis” is not a known place, so it was matched as text against job locations.",
        ),
        ({"places": ["Munihc"]}, "Did you mean “Munich, Germany”?"),
        ({"roles": ["Wizard of Oz"]}, "no collected job title matches “Wizard of Oz”"),
        ({"roles": ["Data Enginer"]}, "Did you mean “Data Engineer”?"),
        ({"max_age_days": 0}, "“posted within 0 days” finds only jobs posted today; allow more days"),
        ({}, "TheirStack has no job for “Data Engineer” in “Berlin” posted within 7 days; try more days"),
        ({"max_age_days": 1}, "posted within 1 day;"),
    ],
)
def test_explains_why_a_run_found_nothing(criteria: dict[str, Any], sentence: str) -> None:
    assert sentence in get_explanation(build_ended_run(**criteria))


def test_explains_that_earlier_jobs_were_already_collected() -> None:
    since = timezone.now() - timedelta(days=2)

    assert f"no new jobs since {since:%Y-%m-%d %H:%M:%S} UTC" in get_explanation(
        build_ended_run(values={"discovered_since": since})
    )


def test_explains_that_all_returned_jobs_were_filtered_or_rejected() -> None:
    text = get_explanation(
        build_ended_run(counts={"credits": 5, "filtered": 3}, rejections=[{"reason": "no_title"}] * 2)
    )

    reasons = "3 returned jobs have titles of other roles; 2 returned jobs were rejected, see the reasons below"
    assert text == f"Nothing was found: {reasons}."


def test_explains_that_every_search_was_skipped_as_fresh() -> None:
    build_ended_run()
    now = timezone.now()
    CollectedRole(role="data engineer", place="Berlin", collected_at=now).save()
    run = start_run(
        trigger="command",
        roles=["Data Engineer"],
        places=["Berlin"],
        max_age_days=7,
        per_role_limit=10,
        fresh_within_days=30,
        now=now,
    )

    assert get_explanation(run) == "Nothing was found: searches were skipped: collected within 30 days."


def test_gives_no_reasons_for_an_open_run_or_one_that_found_jobs() -> None:
    found = build_ended_run(counts={"credits": 1, "collected": 1})
    is_open = start_run(
        trigger="command",
        roles=["Nobody"],
        places=["Atlantis"],
        max_age_days=7,
        per_role_limit=10,
        now=timezone.now(),
    )

    assert (get_explanation(found), get_explanation(is_open)) == ("", "")


def test_explains_each_empty_search_in_its_row() -> None:
    rows = serialize_run(run=build_ended_run(places=["Atlantis", "Berlin"]))["tables"]["searches"]

    assert rows[0][-1].startswith("“Atlantis” is not a known place")
    assert rows[1][-1].startswith("TheirStack has no job")


def test_limits_the_number_of_reasons() -> None:
    text = get_explanation(build_ended_run(places=[f"Nowhere {number}" for number in range(9)]))

    assert text.count("is not a known place") == 4
    assert text.endswith("and 5 more, see the searches below.")


@pytest.mark.parametrize(
    "place",
    [
        "Berlin",
        "Remote",
        "US",
        "Texas",
        "Bavaria",
        "Europe",
        "Bay Area",
        "Little Village, Germany",
        "San Francisco, CA",
    ],
)
def test_does_not_report_a_known_place(place: str) -> None:
    assert describe_unknown_places(places=[place]) == {}


def test_does_not_report_a_role_that_postings_have(mongo: Database) -> None:
    start_run(
        trigger="command", roles=["Chef"], places=["Berlin"], max_age_days=7, per_role_limit=1, now=timezone.now()
    )
    before = describe_unknown_roles(roles=["Chef"])
    store_postings(postings=[PostingFactory.build(title="Chef")], role="Chef", now=timezone.now())

    assert set(before) == {"Chef"}
    assert describe_unknown_roles(roles=["chef"]) == {}


def test_starts_a_collection_of_unknown_names_with_a_warning(staff_client: Client, redis: Redis) -> None:
    criteria: dict[str, Any] = {
        "roles": "Data Enginer",
        "places": "Atlantis",
        "max_age_days": "7",
        "per_role_limit": "1",
    }

    page = staff_client.post(f"{RUNS}collect-now/", criteria, follow=True).content.decode()

    assert "No collected job title matches “Data Enginer”. Did you mean “Data Engineer”?" in page
    assert "“Atlantis” is not a known place" in page
    assert CollectionRunDocument.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "first"),
    [("data eng", "Data Engineer"), ("ENGINEER", "QA Engineer"), ("bakcend developer", "Backend Developer")],
)
def test_suggests_roles(text: str, first: str) -> None:
    found = suggest_roles(text=text)

    assert first in found
    assert len(found) <= 10


def test_suggests_a_registered_role_once_it_has_stats() -> None:
    store_postings(postings=[PostingFactory.build(title="Chef")], role="Chef", now=timezone.now())
    before = "Chef" in list_role_names()
    start_run(
        trigger="command", roles=["Chef"], places=["Berlin"], max_age_days=7, per_role_limit=1, now=timezone.now()
    )
    refresh_stats(now=timezone.now())

    assert not before
    assert suggest_roles(text="che")[0] == "Chef"


@pytest.mark.parametrize(
    ("text", "first"),
    [("berl", "Berlin, Germany"), ("germ", "Germany"), ("remo", "Remote"), ("texa", "Texas, United States")],
)
def test_suggests_places(text: str, first: str) -> None:
    assert suggest_places(text=text)[0] == first


@pytest.mark.parametrize("text", ["", " ", "[", "\x00", "$ne", "x" * 5_000])
@pytest.mark.parametrize("kind", ["roles", "places"])
def test_suggests_nothing_for_unmatched_text(staff_client: Client, kind: str, text: str) -> None:
    response = staff_client.get(f"{RUNS}suggest-{kind}.json", {"q": text})

    assert (response.status_code, response.json()) == (200, {"suggestions": []})


def test_the_form_has_suggestions(staff_client: Client) -> None:
    page = staff_client.get(f"{RUNS}collect-now/").content.decode()

    assert 'data-suggest-lines="ingestion/collectionrun/suggest-roles.json"' in page
    assert 'data-suggest-lines="ingestion/collectionrun/suggest-places.json"' in page


def test_shows_what_a_queued_run_is_waiting_behind(staff_client: Client) -> None:
    criteria: dict[str, Any] = {"roles": ["Chef"], "places": ["Berlin"], "max_age_days": 7, "per_role_limit": 1}
    now = timezone.now()
    first, second = (start_run(trigger="command", now=now + timedelta(seconds=n), **criteria) for n in (0, 1))

    def get_wait_text(run: CollectionRunDocument) -> str:
        text: str = staff_client.get(f"{RUNS}{run.id}/state.json").json()["texts"]["waits"]
        return text

    alone = get_wait_text(first)
    TaskRunFactory.create(
        task="learning.tasks.check_links", status="running", started_at=now, lease_ends_at=now + timedelta(minutes=30)
    )
    behind = get_wait_text(second)
    update_search(run_id=second.id, index=0, now=now, values={"status": "running"})

    assert alone == "Waiting for a free collector process."
    assert behind == "Waiting behind 1 earlier collection and the maintenance task “Check links”."
    assert get_wait_text(second) == ""
