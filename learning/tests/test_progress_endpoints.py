"""Tests of GET /learning/progress and of PUT and DELETE /learning/progress/{skill}."""

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


def test_keeps_an_omitted_url_and_removes_a_null_url(newcomer):
    address = "https://example.org/a"
    newcomer.put("/learning/progress/sql", {"status": "learning", "evidence_url": address})

    assert newcomer.put("/learning/progress/sql", {"status": "done"}).json()["evidence_url"] == address
    response = newcomer.put("/learning/progress/sql", {"status": "done", "evidence_url": None})
    assert response.json()["evidence_url"] is None


def test_keeps_done_at_until_the_status_changes(newcomer):
    done = newcomer.put("/learning/progress/sql", {"status": "done"}).json()

    again = newcomer.put("/learning/progress/sql", {"status": "done"}).json()
    undone = newcomer.put("/learning/progress/sql", {"status": "planned"}).json()
    redone = newcomer.put("/learning/progress/sql", {"status": "done"}).json()

    assert again["done_at"] == done["done_at"]
    assert again["updated_at"] > done["updated_at"]
    assert undone["done_at"] is None
    assert redone["done_at"] > done["done_at"]
    assert {progress["created_at"] for progress in (done, again, undone, redone)} == {done["created_at"]}


def test_accepts_a_name_with_a_slash(newcomer):
    assert newcomer.put("/learning/progress/ci/cd", {"status": "planned"}).json()["skill"] == "ci/cd"
    assert newcomer.put("/learning/progress/CI%2FCD", {"status": "done"}).json()["skill"] == "ci/cd"
    assert newcomer.get("/learning/progress").json()["total"] == 1


def test_accepts_a_skill_that_only_postings_contain(newcomer, post_jobs):
    post_jobs(demand={"apache-nifi": 10})

    assert newcomer.put("/learning/progress/apache nifi", {"status": "done"}).json()["skill"] == "apache nifi"


@pytest.mark.parametrize("skill", ["greenhouse", "pythn", "%20", "no such thing", "x" * 300])
def test_returns_404_for_an_unknown_skill(newcomer, skill):
    assert newcomer.put(f"/learning/progress/{skill}", {"status": "done"}).status_code == 404
    assert newcomer.delete(f"/learning/progress/{skill}", None).status_code == 404


def test_deletes_progress(newcomer):
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
def test_rejects_an_invalid_body_by_field(newcomer, body, field):
    response = newcomer.put("/learning/progress/sql", body)

    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert newcomer.get("/learning/progress").json()["total"] == 0


def test_stores_a_dollar_sign_literally(newcomer):
    address = "https://example.org/$status"

    assert (
        newcomer.put("/learning/progress/sql", {"status": "done", "evidence_url": address}).json()["evidence_url"]
        == address
    )


def test_concurrent_requests_store_one_progress(newcomer, mongo):
    def put(_):
        return API(token=newcomer.token).put("/learning/progress/sql", {"status": "done"}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(put, range(24)))

    assert set(statuses) == {200}
    assert mongo.learning_progress.count_documents({}) == 1


def test_next_roadmap_reflects_a_status_change(newcomer):
    def missing():
        paths = newcomer.get("/learning/roadmap").json()["skill_paths"]
        return {path["skill"]: path["is_missing"] for path in paths}

    newcomer.put("/learning/progress/sql", {"status": "planned"})
    for _ in range(10):
        newcomer.put("/learning/progress/sql", {"status": "done"})
        assert missing()["sql"] is False
        newcomer.put("/learning/progress/sql", {"status": "learning"})
        assert missing()["sql"] is True


def test_caches_progress_in_redis(newcomer, whole_commands):
    def read():
        whole_commands.clear()
        newcomer.get("/projects/recommendations")
        return {command.get("find") for command in whole_commands} & {"learning_progress", "project_progress"}

    newcomer.put("/learning/progress/sql", {"status": "done"})

    assert read() == {"learning_progress", "project_progress"}
    # On a busy machine a Redis call can time out, after which Redis is bypassed for one second.
    give_up_at = time.monotonic() + 5
    while read():
        assert time.monotonic() < give_up_at


def test_progress_of_users_is_separate(newcomer, register):
    newcomer.put("/learning/progress/sql", {"status": "done"})
    other = register(email="bob@example.org")

    assert other.get("/learning/progress").json()["total"] == 0
    assert other.delete("/learning/progress/sql", None).status_code == 404
    assert newcomer.get("/learning/progress").json()["total"] == 1


def test_exports_and_erases_progress_with_the_account(newcomer, mongo):
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
def test_no_body_causes_a_server_error(newcomer, path, body):
    assert newcomer.put(path, body).status_code in (200, 400)
    assert newcomer.get(path.removesuffix("/sql").replace("/1", "")).status_code == 200


@relaxed
@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_no_name_causes_a_server_error(newcomer, name):
    from urllib.parse import quote

    for path in (f"/learning/progress/{quote(name, safe='')}", f"/projects/{quote(name, safe='')}/progress"):
        assert newcomer.put(path, {"status": "done"}).status_code in (200, 400, 404, 405)
        assert newcomer.delete(path, None).status_code in (204, 404, 405)
