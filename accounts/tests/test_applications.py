"""Applications: /jobs/{id}/application and /activity/funnel."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from bson import ObjectId

from accounts.applications.documents import MAX_NOTE_LENGTH, Activity, Application
from accounts.applications.services import set_stage
from accounts.applications.stages import STAGES
from accounts.tests.application_requests import NOW, get_application, list_actions, put_application
from market.jobs.services import hide_postings
from tests.fixtures.users import PASSWORD


def test_moves_an_application_and_records_its_timeline(ada, job, now):
    three_days_ago, yesterday = (str(now.astimezone(UTC).date() - timedelta(days=days)) for days in (3, 1))
    ada.post(f"/jobs/{job}/save", {})

    response = put_application(ada, job, stage="applied", date=three_days_ago, note="By email.", user_id=ada.id)
    put_application(ada, job, stage="interview", date=yesterday)

    assert response.status_code == 200
    assert response.json()["messages"] == "success"
    application = response.json()["application"]
    assert (application["stage"], application["note"], application["resume_id"]) == ("applied", "By email.", None)
    assert application["date"] == three_days_ago
    body = get_application(ada, job)
    assert body["application"]["reached"] == {
        "saved": application["reached"]["saved"],
        "applied": three_days_ago,
        "interview": yesterday,
        "offer": None,
        "rejected": None,
        "withdrawn": None,
    }
    saved, applied, interview = body["timeline"]
    assert (saved["action_type"], applied["action_type"]) == ("save_job", "stage")
    assert applied["id"] == response.json()["activity_id"]
    assert applied["metadata"] == {"stage": "applied", "date": application["date"], "note": "By email."}
    assert interview["metadata"]["stage"] == "interview"


def test_creates_an_application_without_saving_the_job_first(ada, job):
    assert put_application(ada, job, stage="applied").status_code == 200
    assert get_application(ada, job)["application"]["reached"]["saved"] is None


def test_keeps_omitted_fields(ada, job, now):
    yesterday = str(now.astimezone(UTC).date() - timedelta(days=1))
    put_application(ada, job, stage="applied", note="By email.", date=yesterday)

    unchanged = put_application(ada, job, stage="applied", note=None, date=None).json()["application"]
    cleared = put_application(ada, job, stage="applied", note="").json()["application"]

    assert (unchanged["note"], unchanged["date"]) == ("By email.", yesterday)
    assert (cleared["note"], cleared["date"]) == (None, yesterday)


def test_adds_nothing_to_the_timeline_when_nothing_changes(ada, job):
    first = put_application(ada, job, stage="applied", note="x").json()

    assert put_application(ada, job, stage="applied", note="x").json() == first
    assert list_actions(ada) == ["stage"]


def test_excludes_a_clients_own_entries_from_the_timeline(ada, job):
    put_application(ada, job, stage="applied")

    ada.post(
        "/activity/log", {"user_id": ada.id, "job_id": job, "action_type": "stage", "metadata": {"stage": "offer"}}
    )

    assert [line["metadata"]["stage"] for line in get_application(ada, job)["timeline"]] == ["applied"]


def test_stores_the_resume_that_was_used(mongo, job):
    ids: dict[str, Any] = {"user_id": ObjectId(), "job_id": ObjectId(job), "now": NOW}
    resume_id = ObjectId()

    set_stage(**ids, stage="applied", resume_id=resume_id)

    assert set_stage(**ids, stage="interview").resume == resume_id
    assert Activity.objects.first().metadata["resume_id"] == str(resume_id)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "stage"),
        ({"stage": "hired"}, "stage"),
        ({"stage": {"$ne": ""}}, "stage"),
        ({"stage": "applied", "note": 7}, "note"),
        ({"stage": "applied", "note": "x" * (MAX_NOTE_LENGTH + 1)}, "note"),
        ({"stage": "applied", "date": "yesterday"}, "date"),
        ({"stage": "applied", "date": "9999-12-31"}, "date"),
        ({"stage": "applied", "date": "0001-01-01"}, "date"),
        ({"stage": "interview", "date": "2001-01-01"}, "date"),
        ({"stage": "applied", "user_id": []}, "user_id"),
    ],
)
def test_names_the_invalid_field_of_a_move(ada, job, body, field):
    put_application(ada, job, stage="applied")
    before = get_application(ada, job)

    response = ada.put(f"/jobs/{job}/application", body)

    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert response.json()["detail"].startswith(field)
    assert get_application(ada, job) == before


def test_loses_no_concurrent_change(mongo, job):
    ids: dict[str, Any] = {"user_id": ObjectId(), "job_id": ObjectId(job), "now": NOW}
    moves = ["applied", "interview", "offer", "rejected"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda stage: set_stage(**ids, stage=stage), moves))

    application = Application.objects.get()
    assert Activity.objects.count() == 4
    assert Activity.objects.get(id=application.activity).metadata["stage"] == application.stage
    # The result equals that of some sequential order.
    assert application.stage in moves
    assert list(application.reached) == sorted(application.reached, key=STAGES.index)


REQUESTS: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("POST", "/jobs/{}/save", {}),
    ("DELETE", "/jobs/{}/save", None),
    ("PUT", "/jobs/{}/application", {"stage": "applied"}),
    ("GET", "/jobs/{}/application", None),
)


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
@pytest.mark.parametrize("job_id", ["x", "0" * 24, "%00", "$ne"])
def test_returns_404_for_an_unknown_job(ada, method, path, body, job_id):
    assert ada.send(method, path.format(job_id), body).status_code == 404
    assert Application.objects.count() == Activity.objects.count() == 0


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS[:1] + REQUESTS[2:3])
def test_returns_404_for_a_hidden_job(ada, job, now, method, path, body):
    hide_postings(ids=[ObjectId(job)], hidden=True, now=now)

    assert ada.send(method, path.format(job), body).status_code == 404


@pytest.mark.parametrize("owner", ["nobody", "0" * 24, "grace"])
def test_rejects_requests_for_other_users(ada, register, job, owner):
    grace = register(email="grace@example.org")
    grace.post(f"/jobs/{job}/save", {})
    user_id = grace.id if owner == "grace" else owner

    responses = [
        ada.post(f"/jobs/{job}/save", {"user_id": user_id}),
        ada.delete(f"/jobs/{job}/save?user_id={user_id}", None),
        put_application(ada, job, stage="applied", user_id=user_id),
    ]

    assert {response.status_code for response in responses} == {403}
    assert ada.get(f"/jobs/{job}/application").status_code == 404
    assert ada.delete(f"/jobs/{job}/save", None).status_code == 404
    assert ada.get("/jobs/saved").json()["total"] == 0
    assert [get_application(grace, job)["application"]["stage"]] == ["saved"]


def test_exports_applications_and_erases_them_with_the_account(ada, register, job):
    grace = register(email="grace@example.org")
    grace.post(f"/jobs/{job}/save", {})
    put_application(ada, job, stage="applied", note="By email.")

    exported = ada.get("/auth/me/export").json()
    ada.delete("/auth/me", {"password": PASSWORD})

    (application,) = exported["applications"]
    assert (application["job_id"], application["stage"], application["note"]) == (job, "applied", "By email.")
    assert application["title"] == "Backend Developer"
    assert [line["action_type"] for line in exported["activities"]] == ["stage"]
    assert [str(each.user) for each in Application.objects] == [grace.id]


def test_measures_the_current_users_funnel(ada, register, jobs, now):
    today = now.astimezone(UTC).date()
    register(email="grace@example.org").post(f"/jobs/{jobs[0]}/save", {})
    put_application(ada, jobs[0], stage="applied", date=str(today - timedelta(days=40)))
    put_application(ada, jobs[1], stage="applied", date=str(today - timedelta(days=10)))
    put_application(ada, jobs[1], stage="interview", date=str(today - timedelta(days=4)))
    ada.post(f"/jobs/{jobs[2]}/save", {})

    funnel = ada.get("/activity/funnel?days=30").json()

    assert (funnel["messages"], funnel["days"]) == ("success", 30)
    window = date.fromisoformat(funnel["last_day"]) - date.fromisoformat(funnel["first_day"])
    assert window == timedelta(days=29)
    counts = {each["stage"]: (each["reached"], each["standing"]) for each in funnel["stages"]}
    assert counts == {
        "saved": (1, 1),
        "applied": (1, 1),
        "interview": (1, 1),
        "offer": (0, 0),
        "rejected": (0, 0),
        "withdrawn": (0, 0),
    }
    assert funnel["steps"][1] == {
        "from_stage": "applied",
        "to_stage": "interview",
        "entered": 1,
        "advanced": 1,
        "rate": 100.0,
        "median_days": 6.0,
    }
    assert funnel["steps"][2]["rate"] == 0.0
    assert ada.get("/activity/funnel").json()["steps"][1]["entered"] == 2


@pytest.mark.parametrize("days", ["0", "366", "x", ""])
def test_names_the_invalid_window(ada, days):
    response = ada.get(f"/activity/funnel?days={days}")

    assert response.status_code == 400
    assert "days" in response.json()["errors"]
