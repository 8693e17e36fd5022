"""GET /learning/progress and PUT, DELETE /learning/progress/{skill}."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.users import API, PASSWORD

relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_stores_progress_and_lists_it_by_skill(newcomer):
    first = newcomer.put("/learning/progress/SQL", {"status": "planned"})
    second = newcomer.put(
        "/learning/progress/docker/", {"status": "done", "evidence_url": "https://example.org/my-images"}
    )

    assert first.status_code == second.status_code == 200
    docker = second.json()
    assert docker == {
        "skill": "docker",
        "display_name": "Docker",
        "status": "done",
        "evidence_url": "https://example.org/my-images",
        "created_at": docker["created_at"],
        "updated_at": docker["created_at"],
        "done_at": docker["created_at"],
    }
    assert docker["created_at"].endswith("Z")
    listed = newcomer.get("/learning/progress").json()
    assert listed == {"progress": [docker, first.json()], "total": 2}


def test_keeps_what_is_not_given_and_removes_what_is_null(newcomer):
    address = "https://example.org/a"
    newcomer.put("/learning/progress/sql", {"status": "learning", "evidence_url": address})

    assert newcomer.put("/learning/progress/sql", {"status": "done"}).json()["evidence_url"] == address
    answer = newcomer.put("/learning/progress/sql", {"status": "done", "evidence_url": None})
    assert answer.json()["evidence_url"] is None


def test_keeps_when_it_was_first_done_until_it_is_undone(newcomer):
    done = newcomer.put("/learning/progress/sql", {"status": "done"}).json()

    again = newcomer.put("/learning/progress/sql", {"status": "done"}).json()
    undone = newcomer.put("/learning/progress/sql", {"status": "planned"}).json()
    redone = newcomer.put("/learning/progress/sql", {"status": "done"}).json()

    assert again["done_at"] == done["done_at"]
    assert again["updated_at"] > done["updated_at"]
    assert undone["done_at"] is None
    assert redone["done_at"] > done["done_at"]
    assert {each["created_at"] for each in (done, again, undone, redone)} == {done["created_at"]}


def test_takes_a_name_with_a_slash_in_it(newcomer):
    assert newcomer.put("/learning/progress/ci/cd", {"status": "planned"}).json()["skill"] == "ci/cd"
    assert newcomer.put("/learning/progress/CI%2FCD", {"status": "done"}).json()["skill"] == "ci/cd"
    assert newcomer.get("/learning/progress").json()["total"] == 1


def test_takes_a_skill_that_postings_alone_know(newcomer, post_jobs):
    post_jobs(demand={"apache-nifi": 10})

    assert newcomer.put("/learning/progress/apache nifi", {"status": "done"}).json()["skill"] == "apache nifi"


@pytest.mark.parametrize("skill", ["greenhouse", "pythn", "%20", "no such thing", "x" * 300])
def test_knows_no_such_skill(newcomer, skill):
    assert newcomer.put(f"/learning/progress/{skill}", {"status": "done"}).status_code == 404
    assert newcomer.delete(f"/learning/progress/{skill}", None).status_code == 404


def test_forgets_progress(newcomer):
    newcomer.put("/learning/progress/sql", {"status": "done"})

    assert newcomer.delete("/learning/progress/SQL", None).status_code == 204
    assert newcomer.delete("/learning/progress/SQL", None).status_code == 404
    assert newcomer.get("/learning/progress").json() == {"progress": [], "total": 0}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": None}, "status"),
        ({"status": "finished"}, "status"),
        ({"status": ["done"]}, "status"),
        ({"status": "done", "evidence_url": ""}, "evidence_url"),
        ({"status": "done", "evidence_url": "ftp://example.org"}, "evidence_url"),
        ({"status": "done", "evidence_url": "javascript:alert(1)"}, "evidence_url"),
        ({"status": "done", "evidence_url": "https://"}, "evidence_url"),
        ({"status": "done", "evidence_url": "https://[::1"}, "evidence_url"),
        ({"status": "done", "evidence_url": "https://a.org:99999/"}, "evidence_url"),
        ({"status": "done", "evidence_url": "https://example.org/a b"}, "evidence_url"),
        ({"status": "done", "evidence_url": "https://example.org/" + "x" * 2000}, "evidence_url"),
        ({"status": "done", "evidence_url": 7}, "evidence_url"),
    ],
)
def test_refuses_a_bad_body_by_name(newcomer, body, field):
    answer = newcomer.put("/learning/progress/sql", body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert newcomer.get("/learning/progress").json()["total"] == 0


def test_takes_a_dollar_for_a_dollar(newcomer):
    address = "https://example.org/$status"

    assert (
        newcomer.put("/learning/progress/sql", {"status": "done", "evidence_url": address}).json()["evidence_url"]
        == address
    )


def test_stores_one_progress_for_many_requests_at_once(newcomer, mongo):
    def put(_):
        return API(token=newcomer.token).put("/learning/progress/sql", {"status": "done"}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(put, range(24)))

    assert set(statuses) == {200}
    assert mongo.learning_progress.count_documents({}) == 1


def test_counts_in_the_very_next_roadmap_and_no_longer_once_undone(newcomer):
    def missing():
        paths = newcomer.get("/learning/roadmap").json()["skill_paths"]
        return {path["skill"]: path["is_missing"] for path in paths}

    newcomer.put("/learning/progress/sql", {"status": "planned"})
    for _ in range(10):
        newcomer.put("/learning/progress/sql", {"status": "done"})
        assert missing()["sql"] is False
        newcomer.put("/learning/progress/sql", {"status": "learning"})
        assert missing()["sql"] is True


def test_is_read_from_redis_once_it_was_read(newcomer, whole_commands):
    def read():
        whole_commands.clear()
        newcomer.get("/projects/recommendations")
        return {command.get("find") for command in whole_commands} & {"learning_progress", "project_progress"}

    newcomer.put("/learning/progress/sql", {"status": "done"})

    assert read() == {"learning_progress", "project_progress"}
    # On a busy machine Redis may be given up for a second.
    give_up_at = time.monotonic() + 5
    while read():
        assert time.monotonic() < give_up_at


def test_keeps_people_apart(newcomer, register):
    newcomer.put("/learning/progress/sql", {"status": "done"})
    other = register(email="bob@example.org")

    assert other.get("/learning/progress").json()["total"] == 0
    assert other.delete("/learning/progress/sql", None).status_code == 404
    assert newcomer.get("/learning/progress").json()["total"] == 1


def test_hands_out_and_erases_with_the_account(newcomer, mongo):
    newcomer.put("/learning/progress/sql", {"status": "done", "evidence_url": "https://example.org/a"})
    newcomer.put("/projects/1/progress", {"status": "finished"})

    export = newcomer.get("/auth/me/export").json()

    assert [(row["skill"], row["evidence_url"]) for row in export["learning_progress"]] == [
        ("sql", "https://example.org/a")
    ]
    assert [(row["project"], row["status"]) for row in export["project_progress"]] == [(1, "finished")]
    assert newcomer.delete("/auth/me", {"password": PASSWORD}).status_code == 204
    assert mongo.learning_progress.count_documents({}) == 0
    assert mongo.project_progress.count_documents({}) == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NEAR = st.fixed_dictionaries(
    {},
    optional={
        "status": JSON | st.sampled_from(["planned", "done", "started", "finished"]),
        "evidence_url": JSON | st.text().map(lambda text: f"https://{text}"),
        "repository_url": JSON | st.text().map(lambda text: f"https://{text}"),
    },
)


@relaxed
@given(body=(JSON | NEAR).map(json.dumps).map(str.encode) | st.binary(max_size=50))
@pytest.mark.parametrize("path", ["/learning/progress/sql", "/projects/1/progress"])
def test_answers_any_body(newcomer, path, body):
    assert newcomer.put(path, body).status_code in (200, 400)
    assert newcomer.get(path.removesuffix("/sql").replace("/1", "")).status_code == 200


@relaxed
@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_answers_any_name(newcomer, name):
    from urllib.parse import quote

    for path in (f"/learning/progress/{quote(name, safe='')}", f"/projects/{quote(name, safe='')}/progress"):
        assert newcomer.put(path, {"status": "done"}).status_code in (200, 400, 404, 405)
        assert newcomer.delete(path, None).status_code in (204, 404, 405)
