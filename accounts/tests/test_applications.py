"""Saved jobs and applications: /jobs/{id}/save, /jobs/saved, /jobs/{id}/application; and /activity/funnel."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from accounts.applications.documents import MAX_NOTE_LENGTH, Activity, Application
from accounts.applications.services import save_job, set_stage
from accounts.applications.stages import SAVED, STAGES, DayRefused, reach
from market.jobs.services import hide_postings
from market.services import store_postings
from tests.factories import PostingFactory
from tests.fixtures.people import API, PASSWORD

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _ago(days):
    return TODAY - timedelta(days=days)


@pytest.fixture
def jobs(mongo, now):
    """The ids of three stored postings."""
    today = now.astimezone(UTC).date()
    titles = ("Backend Developer", "Data Engineer", "Analyst")
    store_postings(postings=[PostingFactory(title=title, date_posted=today) for title in titles], now=now)
    ids = {row["title"]: str(row["_id"]) for row in mongo.job_postings.find()}
    return [ids[title] for title in titles]


@pytest.fixture
def job(jobs):
    return jobs[0]


def _put(member, job, **body):
    return member.put(f"/jobs/{job}/application", body)


def _get(member, job):
    return member.get(f"/jobs/{job}/application").json()


def _acts(member):
    return [line.action_type for line in Activity.objects(user=member.id).order_by("created_at", "id")]


# The stages, without a database


@pytest.mark.parametrize(
    ("reached", "stage", "expected"),
    [
        ({}, "applied", {"applied": 0}),
        ({"saved": 9}, "applied", {"saved": 9, "applied": 0}),
        ({"saved": 9}, "offer", {"saved": 9, "offer": 0}),
        ({"saved": 9, "applied": 5}, "rejected", {"saved": 9, "applied": 5, "rejected": 0}),
        # Corrections: the day on which it had come there stands.
        ({"saved": 9, "applied": 5, "interview": 2}, "applied", {"saved": 9, "applied": 5}),
        ({"saved": 9, "applied": 5}, "saved", {"saved": 9}),
        ({"applied": 5, "offer": 2, "withdrawn": 1}, "offer", {"applied": 5, "offer": 2}),
        ({"applied": 5, "rejected": 2}, "withdrawn", {"applied": 5, "withdrawn": 0}),
        ({"applied": 5, "withdrawn": 2}, "rejected", {"applied": 5, "rejected": 0}),
        ({"applied": 5, "rejected": 2}, "interview", {"applied": 5, "interview": 0}),
        # It is tomorrow already where somebody applied.
        ({"applied": -1}, "interview", {"applied": -1, "interview": -1}),
    ],
)
def test_keeps_earlier_stages_and_takes_later_ones_back(reached, stage, expected):
    days = {each: _ago(ago) for each, ago in reached.items()}

    assert reach(reached=days, stage=stage, day=None, today=TODAY) == {each: _ago(n) for each, n in expected.items()}


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (_ago(-2), "out_of_range"),
        (date(1999, 12, 31), "out_of_range"),
        (_ago(6), "before_earlier_stage"),
        (_ago(5), None),
        (_ago(-1), None),
    ],
)
def test_refuses_a_day_on_which_the_stage_cannot_have_been_reached(day, reason):
    reached = {"saved": _ago(1), "applied": _ago(5)}
    if reason is None:
        assert reach(reached=reached, stage="interview", day=day, today=TODAY)["interview"] == day
    else:
        with pytest.raises(DayRefused) as caught:
            reach(reached=reached, stage="interview", day=day, today=TODAY)
        assert caught.value.reason == reason


@given(moves=st.lists(st.tuples(st.sampled_from(STAGES), st.integers(-1, 30) | st.none()), max_size=8))
def test_goes_through_stages_in_order_whatever_is_moved(moves):
    reached: dict[str, date] = {}
    for stage, ago in moves:
        try:
            reached = reach(reached=reached, stage=stage, day=None if ago is None else _ago(ago), today=TODAY)
        except DayRefused:
            continue
        assert list(reached)[-1] == stage
        assert not {"rejected", "withdrawn"} <= reached.keys()
        days = [reached[each] for each in STAGES if each in reached and each != SAVED]
        assert days == sorted(days)


# Saving


def test_saves_a_job(ada, job):
    answer = ada.post(
        f"/jobs/{job}/save",
        {"user_id": ada.id, "job_id": job, "action_type": "save", "activity_metadata": {"from": "list"}},
    )

    assert answer.status_code == 201
    activity_id = answer.json()["activity_id"]
    assert answer.json() == {"messages": "success", "activity_id": activity_id}
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
    assert (Application.objects.count(), _acts(ada)) == (1, ["save_job"])


def test_saves_a_job_once_for_requests_at_the_same_time(mongo, job):
    user_id = ObjectId()

    with ThreadPoolExecutor(8) as pool:
        savings = list(pool.map(lambda _: save_job(user_id=user_id, job_id=ObjectId(job), now=NOW), range(16)))

    assert sum(saving.is_new for saving in savings) == 1
    assert len({saving.activity_id for saving in savings}) == 1
    assert (Application.objects.count(), Activity.objects.count()) == (1, 1)


@pytest.mark.parametrize("again", ["save", "stage"])
def test_adds_the_line_that_was_lost_when_the_request_is_made_again(mongo, job, again):
    told = {"user_id": ObjectId(), "job_id": ObjectId(job), "now": NOW}
    first = save_job(**told).activity_id if again == "save" else set_stage(**told, stage="applied", note="x").activity
    line = mongo.activities.find_one()
    mongo.activities.delete_many({})

    if again == "save":
        save_job(**told)
    else:
        set_stage(**told, stage="applied")

    assert mongo.activities.find_one() == line
    assert line["_id"] == first


def test_leaves_an_application_alone_that_is_saved_again(ada, job):
    _put(ada, job, stage="applied")

    answer = ada.post(f"/jobs/{job}/save", {})

    assert answer.status_code == 200
    assert _get(ada, job)["application"]["stage"] == "applied"
    assert answer.json()["activity_id"] == _get(ada, job)["timeline"][0]["id"]
    assert _acts(ada) == ["stage"]


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
def test_refuses_a_bad_body_of_a_save_by_name(ada, job, body, field):
    answer = ada.post(f"/jobs/{job}/save", body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert Application.objects.count() == 0


def test_takes_a_job_from_the_saved_ones(ada, job):
    saved = ada.post(f"/jobs/{job}/save", {}).json()

    answer = ada.delete(f"/jobs/{job}/save?user_id={ada.id}", None)

    assert answer.status_code == 200
    assert answer.json() == {"messages": "success", "msg": "Saved job deleted"}
    assert ada.get("/jobs/saved").json()["total"] == 0
    assert ada.delete(f"/jobs/{job}/save", None).status_code == 404
    assert ada.post(f"/jobs/{job}/save", {}).json() != saved
    assert _acts(ada) == ["save_job", "unsave_job", "save_job"]
    # The timeline is that of the new one.
    assert len(_get(ada, job)["timeline"]) == 1


@pytest.mark.parametrize("stage", STAGES[1:])
def test_does_not_lose_an_application_with_a_bookmark(ada, job, stage):
    _put(ada, job, stage=stage)

    answer = ada.delete(f"/jobs/{job}/save", None)

    assert answer.status_code == 409
    assert f"stage {stage}" in answer.json()["detail"]
    assert _get(ada, job)["application"]["stage"] == stage
    _put(ada, job, stage="saved")
    assert ada.delete(f"/jobs/{job}/save", None).status_code == 200


# Listing


def test_lists_the_last_one_first_by_stage_and_by_page(ada, jobs):
    for each in jobs:
        ada.post(f"/jobs/{each}/save", {})
    _put(ada, jobs[0], stage="applied")

    def listed(query=""):
        answer = ada.get(f"/jobs/saved{query}").json()
        return [each["job_id"] for each in answer["applications"]], answer["total"]

    assert listed() == (jobs[::-1], 3)
    assert listed("?limit=1&offset=1") == ([jobs[1]], 3)
    assert listed("?stage=saved") == ([jobs[2], jobs[1]], 2)
    assert listed("?stage=applied") == ([jobs[0]], 1)
    assert listed("?stage=offer") == ([], 0)


def test_asks_as_little_of_the_database_for_many_as_for_one(ada, jobs, commands):
    for each in jobs:
        ada.post(f"/jobs/{each}/save", {})
    ada.get("/jobs/saved")
    commands.clear()

    ada.get("/jobs/saved")

    # The applications, their postings, and how many there are.
    assert sorted(commands) == ["aggregate", "find", "find"]


@pytest.mark.parametrize("query", ["stage=done", "stage=", "limit=101", "offset=x"])
def test_refuses_a_bad_query_of_the_list_by_name(ada, query):
    answer = ada.get(f"/jobs/saved?{query}")

    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["errors"]


@pytest.mark.parametrize("fate", ["deleted", "hidden"])
def test_stays_readable_when_the_posting_is_gone(ada, job, mongo, now, fate):
    ada.post(f"/jobs/{job}/save", {})
    before = ada.get("/jobs/saved").json()["applications"][0]["job"]
    if fate == "deleted":
        mongo.job_postings.delete_many({})
    else:
        hide_postings(ids=[ObjectId(job)], hidden=True, now=now)

    after = ada.get("/jobs/saved").json()["applications"][0]["job"]

    assert (before["job_expired"], after["job_expired"]) == (False, True)
    kept = ("id", "job_title", "company", "url", "location")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after.keys() == before.keys()
    assert _put(ada, job, stage="applied").status_code == 200
    assert _get(ada, job)["application"]["job"] == after


# Stages


def test_moves_an_application_and_tells_its_timeline(ada, job, now):
    three_days_ago, yesterday = (str(now.astimezone(UTC).date() - timedelta(days=days)) for days in (3, 1))
    ada.post(f"/jobs/{job}/save", {})

    answer = _put(ada, job, stage="applied", date=three_days_ago, note="By mail.", user_id=ada.id)
    _put(ada, job, stage="interview", date=yesterday)

    assert answer.status_code == 200
    assert answer.json()["messages"] == "success"
    application = answer.json()["application"]
    assert (application["stage"], application["note"], application["resume_id"]) == ("applied", "By mail.", None)
    assert application["date"] == three_days_ago
    shown = _get(ada, job)
    assert shown["application"]["reached"] == {
        "saved": application["reached"]["saved"],
        "applied": three_days_ago,
        "interview": yesterday,
        "offer": None,
        "rejected": None,
        "withdrawn": None,
    }
    saved, applied, interview = shown["timeline"]
    assert (saved["action_type"], applied["action_type"]) == ("save_job", "stage")
    assert applied["id"] == answer.json()["activity_id"]
    assert applied["metadata"] == {"stage": "applied", "date": application["date"], "note": "By mail."}
    assert interview["metadata"]["stage"] == "interview"


def test_needs_no_saving_before(ada, job):
    assert _put(ada, job, stage="applied").status_code == 200
    assert _get(ada, job)["application"]["reached"]["saved"] is None


def test_keeps_what_is_not_given(ada, job, now):
    yesterday = str(now.astimezone(UTC).date() - timedelta(days=1))
    _put(ada, job, stage="applied", note="By mail.", date=yesterday)

    kept = _put(ada, job, stage="applied", note=None, date=None).json()["application"]
    cleared = _put(ada, job, stage="applied", note="").json()["application"]

    assert (kept["note"], kept["date"]) == ("By mail.", yesterday)
    assert (cleared["note"], cleared["date"]) == (None, yesterday)


def test_adds_nothing_to_the_timeline_when_nothing_changes(ada, job):
    first = _put(ada, job, stage="applied", note="x").json()

    assert _put(ada, job, stage="applied", note="x").json() == first
    assert _acts(ada) == ["stage"]


def test_keeps_a_clients_own_lines_out_of_the_timeline(ada, job):
    _put(ada, job, stage="applied")

    ada.post(
        "/activity/log", {"user_id": ada.id, "job_id": job, "action_type": "stage", "metadata": {"stage": "offer"}}
    )

    assert [line["metadata"]["stage"] for line in _get(ada, job)["timeline"]] == ["applied"]


def test_links_the_resume_that_was_used(mongo, job):
    told = {"user_id": ObjectId(), "job_id": ObjectId(job), "now": NOW}
    resume_id = ObjectId()

    set_stage(**told, stage="applied", resume_id=resume_id)

    assert set_stage(**told, stage="interview").resume == resume_id
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
def test_refuses_a_bad_move_by_name(ada, job, body, field):
    _put(ada, job, stage="applied")
    before = _get(ada, job)

    answer = ada.put(f"/jobs/{job}/application", body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert answer.json()["detail"].startswith(field)
    assert _get(ada, job) == before


def test_loses_no_change_that_is_made_at_the_same_time(mongo, job):
    told = {"user_id": ObjectId(), "job_id": ObjectId(job), "now": NOW}
    moves = ["applied", "interview", "offer", "rejected"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda stage: set_stage(**told, stage=stage), moves))

    application = Application.objects.get()
    assert Activity.objects.count() == 4
    assert Activity.objects.get(id=application.activity).metadata["stage"] == application.stage
    # As if they had been made one after another.
    assert application.stage in moves
    assert list(application.reached) == sorted(application.reached, key=STAGES.index)


# Whose they are


REQUESTS = (
    ("POST", "/jobs/{}/save", {}),
    ("DELETE", "/jobs/{}/save", None),
    ("PUT", "/jobs/{}/application", {"stage": "applied"}),
    ("GET", "/jobs/{}/application", None),
)


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
@pytest.mark.parametrize("job_id", ["x", "0" * 24, "%00", "$ne"])
def test_knows_no_such_job(ada, method, path, body, job_id):
    assert ada.send(method, path.format(job_id), body).status_code == 404
    assert Application.objects.count() == Activity.objects.count() == 0


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS[:1] + REQUESTS[2:3])
def test_knows_no_hidden_job(ada, job, now, method, path, body):
    hide_postings(ids=[ObjectId(job)], hidden=True, now=now)

    assert ada.send(method, path.format(job), body).status_code == 404


@pytest.mark.parametrize("whose", ["nobody", "0" * 24, "grace"])
def test_acts_for_nobody_else(ada, register, job, whose):
    grace = register(email="grace@example.org")
    grace.post(f"/jobs/{job}/save", {})
    user_id = grace.id if whose == "grace" else whose

    answers = [
        ada.post(f"/jobs/{job}/save", {"user_id": user_id}),
        ada.delete(f"/jobs/{job}/save?user_id={user_id}", None),
        _put(ada, job, stage="applied", user_id=user_id),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert ada.get(f"/jobs/{job}/application").status_code == 404
    assert ada.delete(f"/jobs/{job}/save", None).status_code == 404
    assert ada.get("/jobs/saved").json()["total"] == 0
    assert [_get(grace, job)["application"]["stage"]] == ["saved"]


@pytest.mark.parametrize(
    ("method", "path", "body"), [*REQUESTS, ("GET", "/jobs/saved", None), ("GET", "/activity/funnel", None)]
)
def test_asks_for_a_token(mongo, redis, job, method, path, body):
    answer = API().send(method, path.format(job), body)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_hands_out_and_erases_applications_with_the_account(ada, register, job):
    grace = register(email="grace@example.org")
    grace.post(f"/jobs/{job}/save", {})
    _put(ada, job, stage="applied", note="By mail.")

    exported = ada.get("/auth/me/export").json()
    ada.delete("/auth/me", {"password": PASSWORD})

    (application,) = exported["applications"]
    assert (application["job_id"], application["stage"], application["note"]) == (job, "applied", "By mail.")
    assert application["title"] == "Backend Developer"
    assert [line["action_type"] for line in exported["activities"]] == ["stage"]
    assert [str(each.user) for each in Application.objects] == [grace.id]


# The funnel


def test_measures_the_callers_funnel(ada, register, jobs, now):
    today = now.astimezone(UTC).date()
    register(email="grace@example.org").post(f"/jobs/{jobs[0]}/save", {})
    _put(ada, jobs[0], stage="applied", date=str(today - timedelta(days=40)))
    _put(ada, jobs[1], stage="applied", date=str(today - timedelta(days=10)))
    _put(ada, jobs[1], stage="interview", date=str(today - timedelta(days=4)))
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
def test_refuses_a_bad_window_by_name(ada, days):
    answer = ada.get(f"/activity/funnel?days={days}")

    assert answer.status_code == 400
    assert "days" in answer.json()["errors"]
