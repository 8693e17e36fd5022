"""Saving jobs and listing them: /jobs/{id}/save and /jobs/saved."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson import ObjectId

from accounts.applications.documents import Activity, Application
from accounts.applications.services import save_job, set_stage
from accounts.applications.stages import STAGES
from accounts.tests.application_requests import NOW, get_application, list_actions, put_application
from market.jobs.services import hide_postings


def test_saves_a_job(ada, job):
    response = ada.post(
        f"/jobs/{job}/save",
        {"user_id": ada.id, "job_id": job, "action_type": "save", "activity_metadata": {"from": "list"}},
    )

    assert response.status_code == 201
    activity_id = response.json()["activity_id"]
    assert response.json() == {"messages": "success", "activity_id": activity_id}
    line = Activity.objects.get()
    assert (str(line.id), line.action_type, str(line.job)) == (activity_id, "save_job", job)
    assert line.metadata == {"from": "list"}
    listed = ada.get("/jobs/saved").json()
    assert (listed["messages"], listed["total"]) == ("success", 1)
    saved = listed["applications"][0]
    assert (saved["job_id"], saved["stage"], saved["note"]) == (job, "saved", None)
    assert saved["reached"]["saved"] == saved["date"]
    assert (saved["job"]["id"], saved["job"]["job_title"]) == (job, "Backend Developer")


def test_saves_a_job_once(ada, job):
    first = ada.post(f"/jobs/{job}/save", {})

    again = ada.post(f"/jobs/{job.upper()}/save/", {"job_id": job})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (Application.objects.count(), list_actions(ada)) == (1, ["save_job"])


def test_saves_a_job_once_for_concurrent_requests(mongo, job):
    user_id = ObjectId()

    with ThreadPoolExecutor(8) as pool:
        savings = list(pool.map(lambda _: save_job(user_id=user_id, job_id=ObjectId(job), now=NOW), range(16)))

    assert sum(saving.is_new for saving in savings) == 1
    assert len({saving.activity_id for saving in savings}) == 1
    assert (Application.objects.count(), Activity.objects.count()) == (1, 1)


@pytest.mark.parametrize("again", ["save", "stage"])
def test_a_repeated_request_adds_a_missing_log_entry(mongo, job, again):
    ids: dict[str, Any] = {"user_id": ObjectId(), "job_id": ObjectId(job), "now": NOW}
    first = save_job(**ids).activity_id if again == "save" else set_stage(**ids, stage="applied", note="x").activity
    line = mongo.activities.find_one()
    mongo.activities.delete_many({})

    if again == "save":
        save_job(**ids)
    else:
        set_stage(**ids, stage="applied")

    assert mongo.activities.find_one() == line
    assert line["_id"] == first


def test_saving_again_does_not_change_an_application(ada, job):
    put_application(ada, job, stage="applied")

    response = ada.post(f"/jobs/{job}/save", {})

    assert response.status_code == 200
    assert get_application(ada, job)["application"]["stage"] == "applied"
    assert response.json()["activity_id"] == get_application(ada, job)["timeline"][0]["id"]
    assert list_actions(ada) == ["stage"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"job_id": "0" * 24}, "job_id"),
        ({"job_id": {"$ne": ""}}, "job_id"),
        ({"user_id": 7}, "user_id"),
        ({"action_type": "x" * 51}, "action_type"),
        ({"activity_metadata": {"$a": 1}}, "activity_metadata"),
        ([], "non_field_errors"),
    ],
)
def test_names_the_invalid_field_of_a_save(ada, job, body, field):
    response = ada.post(f"/jobs/{job}/save", body)

    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert Application.objects.count() == 0


def test_removes_a_saved_job(ada, job):
    saved = ada.post(f"/jobs/{job}/save", {}).json()

    response = ada.delete(f"/jobs/{job}/save?user_id={ada.id}", None)

    assert response.status_code == 200
    assert response.json() == {"messages": "success", "msg": "Saved job deleted"}
    assert ada.get("/jobs/saved").json()["total"] == 0
    assert ada.delete(f"/jobs/{job}/save", None).status_code == 404
    assert ada.post(f"/jobs/{job}/save", {}).json() != saved
    assert list_actions(ada) == ["save_job", "unsave_job", "save_job"]
    # The timeline contains only the new application.
    assert len(get_application(ada, job)["timeline"]) == 1


@pytest.mark.parametrize("stage", STAGES[1:])
def test_does_not_remove_an_application(ada, job, stage):
    put_application(ada, job, stage=stage)

    response = ada.delete(f"/jobs/{job}/save", None)

    assert response.status_code == 409
    assert f"stage {stage}" in response.json()["detail"]
    assert get_application(ada, job)["application"]["stage"] == stage
    put_application(ada, job, stage="saved")
    assert ada.delete(f"/jobs/{job}/save", None).status_code == 200


def test_lists_newest_first_by_stage_and_by_page(ada, jobs):
    for each in jobs:
        ada.post(f"/jobs/{each}/save", {})
    put_application(ada, jobs[0], stage="applied")

    def listed(query=""):
        response = ada.get(f"/jobs/saved{query}").json()
        return [each["job_id"] for each in response["applications"]], response["total"]

    assert listed() == (jobs[::-1], 3)
    assert listed("?limit=1&offset=1") == ([jobs[1]], 3)
    assert listed("?stage=saved") == ([jobs[2], jobs[1]], 2)
    assert listed("?stage=applied") == ([jobs[0]], 1)
    assert listed("?stage=offer") == ([], 0)


def test_the_number_of_queries_does_not_depend_on_the_number_of_jobs(ada, jobs, commands):
    for each in jobs:
        ada.post(f"/jobs/{each}/save", {})
    ada.get("/jobs/saved")
    commands.clear()

    ada.get("/jobs/saved")

    # One query each for the applications, their postings and the total.
    assert sorted(commands) == ["aggregate", "find", "find"]


@pytest.mark.parametrize("query", ["stage=done", "stage=", "limit=101", "offset=x"])
def test_names_the_invalid_query_parameter_of_the_list(ada, query):
    response = ada.get(f"/jobs/saved?{query}")

    assert response.status_code == 400
    assert query.partition("=")[0] in response.json()["errors"]


@pytest.mark.parametrize("fate", ["deleted", "hidden"])
def test_lists_a_job_whose_posting_was_deleted(ada, job, mongo, now, fate):
    ada.post(f"/jobs/{job}/save", {})
    before = ada.get("/jobs/saved").json()["applications"][0]["job"]
    if fate == "deleted":
        mongo.job_postings.delete_many({})
    else:
        hide_postings(ids=[ObjectId(job)], hidden=True, now=now)

    after = ada.get("/jobs/saved").json()["applications"][0]["job"]

    assert (before["job_expired"], after["job_expired"]) == (False, True)
    names = ("id", "job_title", "company", "url", "location")
    assert {name: after[name] for name in names} == {name: before[name] for name in names}
    assert after.keys() == before.keys()
    assert put_application(ada, job, stage="applied").status_code == 200
    assert get_application(ada, job)["application"]["job"] == after
