"""Staff start, watch, repeat and cancel collection runs."""

from typing import Any

import pytest
from bson import ObjectId
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from redis import Redis

from ingestion.documents import CollectionRunDocument
from ingestion.runs import start_run, update_search
from tests.factories import UserFactory
from tests.other_servers import NO_REDIS, queue_at
from tests.queued import take_queued

RUNS = "/admin/ingestion/collectionrun/"
FORM_DATA = {"roles": "Data Engineer\nChef", "places": "Remote", "max_age_days": "7", "per_role_limit": "10"}

SEVERAL = "“{}” looks like several entries. Put each on its own line."


def start_default_run(**changes: Any) -> CollectionRunDocument:
    criteria: dict[str, Any] = {
        "roles": ["Data Engineer", "Chef"],
        "places": ["Remote"],
        "max_age_days": 7,
        "per_role_limit": 10,
    }
    return start_run(trigger="command", now=timezone.now(), **criteria | changes)


def list_log_messages() -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


def test_collect_now_records_queues_and_logs_a_run(staff_client: Client, redis: Redis) -> None:
    response = staff_client.post(f"{RUNS}collect-now/", FORM_DATA)

    run = CollectionRunDocument.objects.get()
    assert response.headers["Location"] == f"{RUNS}{run.id}/change/"
    assert (run.trigger, run.requested_by, run.max_age_days, run.per_role_limit) == ("admin", "staff root", 7, 10)
    assert take_queued(redis) == [
        ("ingestion.tasks.collect_role", [str(run.id), role]) for role in ("Data Engineer", "Chef")
    ]
    assert list_log_messages() == ["Started a collection."]


def test_lists_the_request_and_the_requester_of_each_run(staff_client: Client) -> None:
    start_default_run(requested_by="staff root")
    start_default_run(roles=["Chef", "Cook", "Baker", "Waiter"], places=["Remote", "US"], requested_by=str(ObjectId()))

    page = staff_client.get(RUNS).content.decode()
    role_list = staff_client.get(RUNS, {"role": "Data Engineer"})

    assert "Data Engineer, Chef in Remote" in page
    assert "Chef, Cook and 2 more in Remote, US" in page
    assert "staff root" in page
    assert "a user" in page
    assert len(role_list.context["cl"].result_list) == 1


def test_links_to_the_requesting_user_for_staff_who_may_view_users(staff_client: Client) -> None:
    user = str(ObjectId())
    run = start_default_run(requested_by=user)

    page = staff_client.get(f"{RUNS}{run.id}/change/").content.decode()

    assert f'<a class="staff-link" href="/admin/accounts/person/{user}/change/">a user</a>' in page


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"roles": " "}, "roles", "Enter at least one role."),
        ({"places": ""}, "places", "Enter at least one place."),
        ({"roles": "\n".join(map(str, range(51)))}, "roles", "Enter at most 50 lines."),
        ({"places": "x" * 101}, "places", "A line must have at most 100 characters."),
        ({"roles": "Backend Developer, data scientist"}, "roles", SEVERAL.format("Backend Developer, data scientist")),
        ({"roles": "Chef; Painter"}, "roles", SEVERAL.format("Chef; Painter")),
        ({"places": "Remote\nBerlin;Paris"}, "places", SEVERAL.format("Berlin;Paris")),
        ({"places": "Germany, France"}, "places", SEVERAL.format("Germany, France")),
        ({"places": "United States, Canada, Mexico"}, "places", SEVERAL.format("United States, Canada, Mexico")),
        ({"places": "Berlin, Munich"}, "places", SEVERAL.format("Berlin, Munich")),
        ({"max_age_days": "366"}, "max_age_days", "Ensure this value is less than or equal to 365."),
        ({"per_role_limit": "many"}, "per_role_limit", "Enter a whole number."),
        ({"email": "nobody@example.org"}, "email", "No active user has this email address."),
        ({"roles": "…"}, "__all__", "at least one role is required"),
    ],
)
def test_reports_an_invalid_value_at_its_field(
    staff_client: Client, changes: dict[str, str], field: str, sentence: str
) -> None:
    response = staff_client.post(f"{RUNS}collect-now/", FORM_DATA | changes)

    assert response.context["form"].errors[field] == [sentence]
    assert CollectionRunDocument.objects.count() == 0


def test_accepts_a_comma_within_a_role_or_place(staff_client: Client) -> None:
    roles = ["Software Engineer, Payments", "VP, Engineering"]
    places = ["Austin, TX", "Georgia, United States", "Brooklyn, New York", "Munich, Bavaria, Germany"]

    staff_client.post(f"{RUNS}collect-now/", FORM_DATA | {"roles": "\n".join(roles), "places": "\n".join(places)})

    run = CollectionRunDocument.objects.get()
    assert (run.roles, run.places) == (roles, places)


def test_requires_confirmation_if_the_cost_exceeds_the_credits_left(staff_client: Client, settings) -> None:
    settings.THEIR_STACK_CREDIT_BUDGET = 19

    rejected = staff_client.post(f"{RUNS}collect-now/", FORM_DATA)
    before = CollectionRunDocument.objects.count()
    staff_client.post(f"{RUNS}collect-now/", FORM_DATA | {"confirmed": "on"})

    assert "This may cost 20 credits and 19 are left." in rejected.content.decode()
    assert (before, CollectionRunDocument.objects.count()) == (0, 1)


def test_collects_a_users_target_roles_in_the_users_location(staff_client: Client, redis: Redis) -> None:
    user = UserFactory.create(email="ann@example.org", target_roles=["Chemist"], location="Berlin")

    staff_client.post(f"{RUNS}collect-now/", FORM_DATA | {"email": " Ann@Example.org "})

    run = CollectionRunDocument.objects.get()
    assert (run.roles, run.places, run.requested_by) == (["Chemist"], ["Berlin"], str(user.id))
    assert take_queued(redis) == [("ingestion.tasks.collect_role", [str(run.id), "Chemist"])]


def test_repeats_only_the_searches_that_failed(staff_client: Client, redis: Redis) -> None:
    run, now = start_default_run(), timezone.now()
    update_search(run_id=run.id, index=0, now=now, values={"status": "finished"})
    update_search(run_id=run.id, index=1, now=now, values={"status": "failed", "error": "broken"})
    CollectionRunDocument.objects(id=run.id).update_one(set__status="failed")

    staff_client.post(f"{RUNS}{run.id}/repeat/")

    repeated = CollectionRunDocument.objects.get(trigger="admin")
    assert (repeated.roles, repeated.places, repeated.requested_by) == (["Chef"], ["Remote"], "staff root")
    assert take_queued(redis) == [("ingestion.tasks.collect_role", [str(repeated.id), "Chef"])]
    assert list_log_messages() == [f"Repeated run {run.id}."]


def test_does_not_repeat_an_open_run(staff_client: Client, redis: Redis) -> None:
    run = start_default_run()

    response = staff_client.post(f"{RUNS}{run.id}/repeat/", follow=True)

    assert "The run cannot be repeated" in response.content.decode()
    assert CollectionRunDocument.objects.count() == 1
    assert take_queued(redis) == []


def test_cancels_a_queued_run_immediately_and_a_running_one_after_its_page(staff_client: Client) -> None:
    queued, running = start_default_run(), start_default_run(roles=["Painter"])
    update_search(run_id=running.id, index=0, now=timezone.now(), values={"status": "running"})

    for run in (queued, running):
        staff_client.post(f"{RUNS}{run.id}/cancel/")

    states = {run.id: staff_client.get(f"{RUNS}{run.id}/state.json").json() for run in (queued, running)}
    assert (states[queued.id]["status"], states[queued.id]["repeatable"]) == ("cancelled", True)
    assert states[running.id]["status"] == "running"
    assert states[running.id]["texts"]["cancelling"] == "Stops after the page that is being fetched."
    assert list_log_messages() == ["Cancelled the collection."] * 2


def test_does_not_cancel_a_run_that_is_over(staff_client: Client) -> None:
    run = start_default_run()
    staff_client.post(f"{RUNS}{run.id}/cancel/")

    response = staff_client.post(f"{RUNS}{run.id}/cancel/", follow=True)

    assert "The run is already over, so there is nothing to cancel." in response.content.decode()
    assert list_log_messages() == ["Cancelled the collection."]


def test_records_the_run_while_the_queue_is_unavailable(staff_client: Client) -> None:
    with queue_at(NO_REDIS):
        response = staff_client.post(f"{RUNS}collect-now/", FORM_DATA, follow=True)

    assert "The queue is unavailable. The run is recorded" in response.content.decode()
    assert CollectionRunDocument.objects.get().status == "queued"


@pytest.mark.parametrize("act", ["repeat", "cancel"])
def test_returns_404_for_an_unknown_run(staff_client: Client, act: str) -> None:
    responses = [staff_client.post(f"{RUNS}{run_id}/{act}/") for run_id in (ObjectId(), "abc")]

    assert [response.status_code for response in responses] == [404, 404]
