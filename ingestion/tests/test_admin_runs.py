"""Collections started, followed, repeated and cancelled by staff."""

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
ASKED = {"roles": "Data Engineer\nChef", "places": "Remote", "max_age_days": "7", "per_role_limit": "10"}

SEVERAL = "“{}” looks like several entries. Put each on its own line."


def begun(**changes: object) -> CollectionRunDocument:
    asked = {"roles": ["Data Engineer", "Chef"], "places": ["Remote"], "max_age_days": 7, "per_role_limit": 10}
    return start_run(trigger="command", now=timezone.now(), **asked | changes)


def acts() -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


def test_what_is_collected_now_is_recorded_queued_and_logged(staff_client: Client, redis: Redis) -> None:
    answer = staff_client.post(f"{RUNS}collect-now/", ASKED)

    run = CollectionRunDocument.objects.get()
    assert answer.headers["Location"] == f"{RUNS}{run.id}/change/"
    assert (run.trigger, run.requested_by, run.max_age_days, run.per_role_limit) == ("admin", "staff root", 7, 10)
    assert take_queued(redis) == [
        ("ingestion.tasks.collect_role", [str(run.id), role]) for role in ("Data Engineer", "Chef")
    ]
    assert acts() == ["Started a collection."]


def test_runs_are_told_apart_in_their_list(staff_client: Client) -> None:
    begun(requested_by="staff root")
    begun(roles=["Chef", "Cook", "Baker", "Waiter"], places=["Remote", "US"], requested_by=str(ObjectId()))

    page = staff_client.get(RUNS).content.decode()
    of_role = staff_client.get(RUNS, {"role": "Data Engineer"})

    assert "Data Engineer, Chef in Remote" in page
    assert "Chef, Cook and 2 more in Remote, US" in page
    assert "staff root" in page
    assert "a user" in page
    assert len(of_role.context["cl"].result_list) == 1


def test_a_run_names_its_user_to_those_who_may_look_users_up(staff_client: Client) -> None:
    user = str(ObjectId())
    run = begun(requested_by=user)

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
def test_a_wrong_value_is_told_at_its_field(
    staff_client: Client, changes: dict[str, str], field: str, sentence: str
) -> None:
    answer = staff_client.post(f"{RUNS}collect-now/", ASKED | changes)

    assert answer.context["form"].errors[field] == [sentence]
    assert CollectionRunDocument.objects.count() == 0


def test_a_comma_within_one_role_or_place_stands(staff_client: Client) -> None:
    roles = ["Software Engineer, Payments", "VP, Engineering"]
    places = ["Austin, TX", "Georgia, United States", "Brooklyn, New York", "Munich, Bavaria, Germany"]

    staff_client.post(f"{RUNS}collect-now/", ASKED | {"roles": "\n".join(roles), "places": "\n".join(places)})

    run = CollectionRunDocument.objects.get()
    assert (run.roles, run.places) == (roles, places)


def test_more_than_is_left_has_to_be_confirmed(staff_client: Client, settings) -> None:
    settings.THEIR_STACK_CREDIT_BUDGET = 19

    asked = staff_client.post(f"{RUNS}collect-now/", ASKED)
    before = CollectionRunDocument.objects.count()
    staff_client.post(f"{RUNS}collect-now/", ASKED | {"confirmed": "on"})

    assert "This may cost 20 credits and 19 are left." in asked.content.decode()
    assert (before, CollectionRunDocument.objects.count()) == (0, 1)


def test_a_users_target_roles_are_collected_where_the_user_is(staff_client: Client, redis: Redis) -> None:
    user = UserFactory(email="ann@example.org", target_roles=["Chemist"], location="Berlin")

    staff_client.post(f"{RUNS}collect-now/", ASKED | {"email": " Ann@Example.org "})

    run = CollectionRunDocument.objects.get()
    assert (run.roles, run.places, run.requested_by) == (["Chemist"], ["Berlin"], str(user.id))
    assert take_queued(redis) == [("ingestion.tasks.collect_role", [str(run.id), "Chemist"])]


def test_a_run_is_repeated_for_the_roles_that_failed(staff_client: Client, redis: Redis) -> None:
    run, now = begun(), timezone.now()
    update_search(run_id=run.id, index=0, now=now, values={"status": "finished"})
    update_search(run_id=run.id, index=1, now=now, values={"status": "failed", "error": "broken"})
    CollectionRunDocument.objects(id=run.id).update_one(set__status="failed")

    staff_client.post(f"{RUNS}{run.id}/repeat/")

    repeated = CollectionRunDocument.objects.get(trigger="admin")
    assert (repeated.roles, repeated.places, repeated.requested_by) == (["Chef"], ["Remote"], "staff root")
    assert take_queued(redis) == [("ingestion.tasks.collect_role", [str(repeated.id), "Chef"])]
    assert acts() == [f"Repeated run {run.id}."]


def test_a_run_that_is_open_is_not_repeated(staff_client: Client, redis: Redis) -> None:
    run = begun()

    answer = staff_client.post(f"{RUNS}{run.id}/repeat/", follow=True)

    assert "The run cannot be repeated" in answer.content.decode()
    assert CollectionRunDocument.objects.count() == 1
    assert take_queued(redis) == []


def test_a_run_that_waits_is_cancelled_at_once_and_one_that_goes_on_after_its_page(staff_client: Client) -> None:
    waits, goes_on = begun(), begun(roles=["Painter"])
    update_search(run_id=goes_on.id, index=0, now=timezone.now(), values={"status": "running"})

    for run in (waits, goes_on):
        staff_client.post(f"{RUNS}{run.id}/cancel/")

    states = {run.id: staff_client.get(f"{RUNS}{run.id}/state.json").json() for run in (waits, goes_on)}
    assert (states[waits.id]["status"], states[waits.id]["repeatable"]) == ("cancelled", True)
    assert states[goes_on.id]["status"] == "running"
    assert states[goes_on.id]["texts"]["cancelling"] == "Stops after the page that is being fetched."
    assert acts() == ["Cancelled the collection."] * 2


def test_a_run_that_is_over_is_not_cancelled(staff_client: Client) -> None:
    run = begun()
    staff_client.post(f"{RUNS}{run.id}/cancel/")

    told = staff_client.post(f"{RUNS}{run.id}/cancel/", follow=True)

    assert "The run is already over, so there is nothing to cancel." in told.content.decode()
    assert acts() == ["Cancelled the collection."]


def test_a_run_is_recorded_where_the_queue_is_away(staff_client: Client) -> None:
    with queue_at(NO_REDIS):
        answer = staff_client.post(f"{RUNS}collect-now/", ASKED, follow=True)

    assert "The queue is unavailable. The run is recorded" in answer.content.decode()
    assert CollectionRunDocument.objects.get().status == "queued"


@pytest.mark.parametrize("act", ["repeat", "cancel"])
def test_there_is_nothing_to_do_about_a_run_that_is_not_there(staff_client: Client, act: str) -> None:
    answers = [staff_client.post(f"{RUNS}{run_id}/{act}/") for run_id in (ObjectId(), "abc")]

    assert [answer.status_code for answer in answers] == [404, 404]
