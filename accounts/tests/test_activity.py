"""POST /activity/log and GET /activity/user/{user_id}."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.applications.documents import Activity
from accounts.applications.serializers import MAX_METADATA_BYTES
from accounts.applications.services import record_activity
from career_navigator.setting_values import Rate
from tests.fixtures.users import PASSWORD

START = datetime(2026, 1, 1, tzinfo=UTC)


def _log(member, **changes):
    return member.post("/activity/log", {"user_id": member.id, "action_type": "view"} | changes)


def _list_activities(member, query=""):
    response = member.get(f"/activity/user/{member.id}{query}")
    assert response.status_code == 200
    assert response["Cache-Control"] == "private"
    return response.json()


def test_logs_the_activities_of_a_client(ada, job):
    response = _log(ada, job_id=job, metadata={"from": "list", "seconds": 12.5, "seen": [1, None, {"a": True}]})

    assert response.status_code == 201
    activity_id = response.json()["activity_id"]
    assert response.json() == {"messages": "success", "activity_id": activity_id}
    listed = _list_activities(ada)
    assert listed == {
        "messages": "success",
        "activities": [
            {
                "id": activity_id,
                "user_id": ada.id,
                "job_id": job,
                "action_type": "view",
                "metadata": {"from": "list", "seconds": 12.5, "seen": [1, None, {"a": True}]},
                "created_at": listed["activities"][0]["created_at"],
            }
        ],
        "total": 1,
    }
    assert listed["activities"][0]["created_at"].endswith("Z")


@pytest.mark.parametrize("left_out", [{}, {"job_id": None, "metadata": None}, {"metadata": {}}])
def test_requires_neither_job_nor_metadata(ada, left_out):
    assert _log(ada, **left_out).status_code == 201

    line = _list_activities(ada)["activities"][0]
    assert (line["job_id"], line["metadata"]) == (None, {})


def test_ignores_a_time_sent_by_the_client(ada, now):
    _log(ada, created_at="2001-01-01T00:00:00Z")

    assert Activity.objects.get().created_at >= now - timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"action_type": None}, "action_type"),
        ({"action_type": " "}, "action_type"),
        ({"action_type": "x" * 51}, "action_type"),
        ({"action_type": {"$ne": ""}}, "action_type"),
        ({"user_id": " "}, "user_id"),
        ({"user_id": {"$gt": ""}}, "user_id"),
        ({"job_id": {"$gt": ""}}, "job_id"),
        ({"job_id": 7}, "job_id"),
        ({"job_id": ""}, "job_id"),
        ({"metadata": []}, "metadata"),
        ({"metadata": "text"}, "metadata"),
        ({"metadata": {"$set": 1}}, "metadata"),
        ({"metadata": {"a": [{"$where": "1"}]}}, "metadata"),
        ({"metadata": {"a": {"b.c": 1}}}, "metadata"),
        ({"metadata": {"a\0": 1}}, "metadata"),
        ({"metadata": {"a": 2**63}}, "metadata"),
        ({"metadata": {"a": "x" * MAX_METADATA_BYTES}}, "metadata"),
        ({"metadata": {"a": [[[[[[]]]]]]}}, "metadata"),
    ],
)
def test_names_the_invalid_field_of_an_entry(ada, changes, field):
    response = _log(ada, **changes)

    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert response.json()["detail"].startswith(field)
    assert Activity.objects.count() == 0


def test_names_the_rejected_key(ada):
    detail = _log(ada, metadata={"good": 1, "a.b": 2}).json()["detail"]

    assert "'a.b'" in detail


@pytest.mark.parametrize("job_id", ["x", "0" * 24, "../users", "5f"])
def test_returns_404_for_an_unknown_job(ada, job_id):
    assert _log(ada, job_id=job_id).status_code == 404
    assert Activity.objects.count() == 0


def test_logs_for_a_deleted_job_that_the_user_saved(ada, job, mongo):
    ada.post(f"/jobs/{job}/save", {})
    mongo.job_postings.delete_many({})

    assert _log(ada, job_id=job).status_code == 201


def test_lists_newest_first_by_type_and_by_page(ada):
    for second, action_type in enumerate(["view", "search", "view", "view"]):
        record_activity(user_id=ObjectId(ada.id), action_type=action_type, now=START + timedelta(seconds=second % 3))

    times = [line["created_at"] for line in _list_activities(ada)["activities"]]
    ids = [line["id"] for line in _list_activities(ada)["activities"]]
    assert times == sorted(times, reverse=True)
    # Entries of the same time are ordered by id, newest first.
    assert ids[2] > ids[3]
    page = _list_activities(ada, "?limit=2&offset=1")
    assert ([line["id"] for line in page["activities"]], page["total"]) == (ids[1:3], 4)
    searches = _list_activities(ada, "?type=search")
    assert ([line["action_type"] for line in searches["activities"]], searches["total"]) == (["search"], 1)
    assert _list_activities(ada, "?type=nothing") == {"messages": "success", "activities": [], "total": 0}


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("limit=x", "limit"), ("offset=-1", "offset"), ("type=", "type")]
)
def test_names_the_invalid_query_parameter(ada, query, field):
    response = ada.get(f"/activity/user/{ada.id}?{query}")

    assert response.status_code == 400
    assert field in response.json()["errors"]


@pytest.mark.parametrize("user_id", ["nobody", "0" * 24, "%00"])
def test_rejects_requests_for_other_users(ada, register, user_id):
    grace = register(email="grace@example.org")
    _log(grace)

    for each in (user_id, grace.id):
        assert ada.get(f"/activity/user/{each}").status_code == 403
    for each in ("nobody", "0" * 24, grace.id):
        assert _log(ada, user_id=each).status_code == 403
    assert _list_activities(ada)["total"] == 0
    assert _list_activities(grace)["total"] == 1


def test_limits_the_number_of_entries(ada, job, window_clock, settings):
    settings.THROTTLES = settings.THROTTLES | {"activity": Rate(3, 3600)}

    statuses = [
        _log(ada, metadata="refused").status_code,
        _log(ada).status_code,
        ada.post(f"/jobs/{job}/save", {}).status_code,
        ada.put(f"/jobs/{job}/application", {"stage": "applied"}).status_code,
        _log(ada).status_code,
    ]

    assert statuses == [400, 201, 201, 200, 429]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_offers_no_way_to_change_or_delete_an_entry(ada, method):
    _log(ada)

    assert ada.send(method, f"/activity/user/{ada.id}", {}).status_code == 405
    assert ada.send(method, "/activity/log", {}).status_code == 405


def test_records_the_same_activity_only_once(mongo, now):
    entry = {"user_id": ObjectId(), "action_type": "save_job", "activity_id": ObjectId(), "now": now}

    assert record_activity(**entry) == record_activity(**entry, metadata={"again": 1}) == entry["activity_id"]
    assert "metadata" not in mongo.activities.find_one()


def test_exports_the_log_and_erases_it_with_the_account(ada, register):
    grace = register(email="grace@example.org")
    _log(grace)
    _log(ada, metadata={"a": 1})

    exported = ada.get("/auth/me/export").json()["activities"]
    assert exported == _list_activities(ada)["activities"]
    ada.delete("/auth/me", {"password": PASSWORD})

    assert [str(line.user) for line in Activity.objects] == [grace.id]


def test_reads_a_page_from_an_index(mongo):
    user_id = ObjectId()
    cursor = mongo.activities.find({"user": user_id}).sort([("created_at", -1), ("_id", -1)])
    line = mongo.activities.find({"application": user_id})

    for plan in (cursor.explain(), line.explain()):
        assert "IXSCAN" in json.dumps(plan["queryPlanner"]["winningPlan"], default=str)
    assert "SORT" not in json.dumps(cursor.explain()["queryPlanner"]["winningPlan"], default=str)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=st.dictionaries(st.text(max_size=5) | st.sampled_from(["$a", "a.b", ""]), JSON, max_size=3))
def test_stores_metadata_unchanged_or_rejects_it(ada, metadata):
    response = _log(ada, metadata=metadata)

    assert response.status_code in (201, 400)
    if response.status_code == 201:
        assert _list_activities(ada, "?limit=1")["activities"][0]["metadata"] == metadata
