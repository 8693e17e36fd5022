"""Responses carry the version of a resource, and `If-Match` makes a change conditional on it."""

import pytest
from bson import ObjectId

from career_navigator.db.connection import database
from tests.fixtures.user_data import create_user_data, register_with_word
from tests.fixtures.users import REGISTRATION

STALE = '"2020-01-02T03:04:05.678000Z"'


@pytest.fixture(scope="module")
def owner(shared_data):
    member = register_with_word("Versions")
    return member, shared_data | create_user_data(member, shared_data, "Versions")


# Per resource: the path to read it, the request that changes it, and the body.
RESOURCES = {
    "profile": ("/auth/me", "PUT /auth/me", {"location": "{}"}),
    "profile, one field": ("/auth/me", "PATCH /auth/me", {"location": "{}"}),
    "user": ("/users/<user_id>", "PUT /users/<user_id>", {"location": "{}"}),
    "application": ("/jobs/<job_id>/application", "PUT /jobs/<job_id>/application", {"stage": "saved", "note": "{}"}),
    "search": ("/jobs/searches/<search_id>", "PUT /jobs/searches/<search_id>", {"name": "{}"}),
    "skill": (None, "PUT /learning/progress/python", {"status": "done", "evidence_url": "https://example.org/{}"}),
    "project": (
        None,
        "PUT /projects/<project_id>/progress",
        {"status": "finished", "repository_url": "https://example.org/{}"},
    ),
}


def fill_placeholders(text, names):
    for name, value in names.items():
        text = text.replace(f"<{name}>", str(value))
    return text


def build_body(name, word):
    return {field: value.format(word) for field, value in RESOURCES[name][2].items()}


def change(owner, name, word, **headers):
    member, names = owner
    method, path = fill_placeholders(RESOURCES[name][1], names).split()
    return member.send(method, path, build_body(name, word), **headers)


def get_version(owner, name):
    member, names = owner
    path = RESOURCES[name][0]
    return (member.get(fill_placeholders(path, names)) if path else change(owner, name, "seen"))["ETag"]


@pytest.mark.parametrize("name", RESOURCES)
def test_changes_the_matching_version(owner, name):
    version = get_version(owner, name)

    responses = [change(owner, name, str(ObjectId()), **{"If-Match": version}) for _ in range(2)]

    assert [response.status_code for response in responses] == [200, 412]
    assert responses[0]["ETag"] == get_version(owner, name) != version or RESOURCES[name][0] is None
    assert (responses[1].json()["code"], "Read it again" in responses[1].json()["detail"]) == ("stale_version", True)


@pytest.mark.parametrize("name", RESOURCES)
def test_rejects_a_change_of_another_version(owner, name):
    get_version(owner, name)
    word = str(ObjectId())

    response = change(owner, name, word, **{"If-Match": STALE})

    assert response.status_code == 412
    member, _ = owner
    assert word not in member.get("/auth/me/export").content.decode()


@pytest.mark.parametrize("name", RESOURCES)
@pytest.mark.parametrize("form", ["*", "W/{}", "{}, " + STALE, STALE + ",{}", "{}"])
def test_accepts_any_of_several_versions(owner, name, form):
    header = form.format(get_version(owner, name))

    assert change(owner, name, str(ObjectId()), **{"If-Match": header}).status_code == 200


@pytest.mark.parametrize("name", RESOURCES)
@pytest.mark.parametrize("header", ["", "x", '"x"', "W/", '""', '"2026-13-01T00:00:00Z"', "é"])
def test_rejects_a_malformed_version(owner, name, header):
    get_version(owner, name)

    response = change(owner, name, "x", **{"If-Match": header})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["If-Match"]


@pytest.mark.parametrize("name", RESOURCES)
def test_gives_two_changes_at_the_same_time_different_versions(owner, name):
    versions = [change(owner, name, str(ObjectId()))["ETag"] for _ in range(5)]

    assert len(set(versions)) == 5


@pytest.mark.parametrize("header", ["*", STALE])
def test_rejects_a_conditional_change_of_a_missing_resource(owner, header):
    member, names = owner
    member.delete(f"/projects/{names['project_id']}/progress", None)
    member.delete("/learning/progress/docker", None)
    responses = [
        member.send("PUT", f"/jobs/{names['other_job_id']}/application", {"stage": "applied"}, **{"If-Match": header}),
        member.send("PUT", f"/projects/{names['project_id']}/progress", {"status": "begun"}, **{"If-Match": header}),
        member.send("PUT", "/learning/progress/docker", {"status": "done"}, **{"If-Match": header}),
    ]

    assert [response.status_code for response in responses[::2]] == [412, 412]
    assert responses[1].status_code in (400, 412)
    assert member.get(f"/jobs/{names['other_job_id']}/application").status_code == 404


def test_deletes_the_matching_version(shared_data):
    member = register_with_word("Deleting")
    names = shared_data | create_user_data(member, shared_data, "Deleting")
    paths = {
        f"/jobs/searches/{names['search_id']}": member.get(f"/jobs/searches/{names['search_id']}")["ETag"],
        f"/resumes/{names['resume_id']}": member.get(f"/resumes/{names['resume_id']}")["ETag"],
        f"/jobs/{names['job_id']}/save": member.get(f"/jobs/{names['job_id']}/application")["ETag"],
        "/learning/progress/python": member.put("/learning/progress/python", {"status": "done"})["ETag"],
        f"/projects/{names['project_id']}/progress": member.put(
            f"/projects/{names['project_id']}/progress", {"status": "finished"}
        )["ETag"],
    }

    stale = {path: member.send("DELETE", path, **{"If-Match": STALE}).status_code for path in paths}
    fresh = {path: member.send("DELETE", path, **{"If-Match": tag}).status_code for path, tag in paths.items()}

    assert set(stale.values()) == {412}
    assert set(fresh.values()) <= {200, 204}


def test_confirms_the_matching_version_of_a_resume(owner):
    member, names = owner
    path = f"/resumes/{names['resume_id']}"
    version = member.get(path)["ETag"]

    responses = [
        member.send("POST", f"{path}/confirm", {"skills": ["python"]}, **{"If-Match": version}) for _ in range(2)
    ]

    assert [response.status_code for response in responses] == [200, 412]
    assert member.get(path)["ETag"] != version


def test_uses_updated_at_as_the_version(owner):
    member, names = owner
    version = change(owner, "skill", "list")["ETag"]

    (row,) = [each for each in member.get("/learning/progress").json()["progress"] if each["skill"] == "python"]
    assert version == f'"{row["updated_at"]}"'
    saved = member.get("/jobs/saved").json()["applications"][0]
    assert member.get(f"/jobs/{names['job_id']}/application")["ETag"] == f'"{saved["updated_at"]}"'


def test_documents_versions_in_the_schema(api):
    paths = api.get("/openapi.json").json()["paths"]

    changes = {
        (path, method)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if any(each["name"] == "If-Match" for each in operation.get("parameters", ()))
    }
    assert len(changes) == 13
    assert {each for each in changes if "412" not in paths[each[0]][each[1]]["responses"]} == set()


def test_distinguishes_versions_within_a_millisecond(shared_data):
    """MongoDB stores times in milliseconds, so two changes within one must still differ."""
    member = register_with_word("Apart")
    tomorrow = database().users.find_one_and_update(
        {"email": "apart@example.org"}, [{"$set": {"updated_at": {"$add": ["$updated_at", 86_400_000]}}}]
    )
    assert tomorrow is not None
    first = member.put("/auth/me", {"location": "Rome"})["ETag"]

    assert member.send("PUT", "/auth/me", {"location": "Oslo"}, **{"If-Match": first}).status_code == 200
    assert REGISTRATION["location"] not in member.get("/auth/me").content.decode()
