"""`user_id` is optional: the token identifies the user."""

import pytest
from bson import ObjectId
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.api.inventory import OPERATIONS, build_request

pytestmark = pytest.mark.usefixtures("shared_data")

# Operations that take the id in the query or the body, then operations that take it in the path.
BESIDE_THE_PATH = sorted(
    (name for name, each in OPERATIONS.items() if "user_id" in each.query or "user_id" in (each.body or {})),
    key=lambda name: name.startswith("DELETE"),
)
IN_THE_PATH = [name for name in OPERATIONS if "<str:user_id>" in name and not name.startswith("DELETE")]


def _without_user_id(name, names):
    method, path, body = build_request(name, names)
    if "user_id" in OPERATIONS[name].query:
        path = path.partition("?")[0]
    return method, path, {key: value for key, value in body.items() if key != "user_id"} if body is not None else None


@pytest.mark.parametrize("name", BESIDE_THE_PATH)
def test_is_optional(name, attacker, own_names):
    method, path, body = _without_user_id(name, own_names)

    response = attacker.send(method, path, body)

    # 409: an earlier request already created the application or moved it past "saved".
    assert response.status_code < 300 or response.status_code == 409, response.content
    if body is not None:
        for own in (None, "me"):
            assert attacker.send(method, path, body | {"user_id": own}).status_code in {response.status_code, 409}
        assert attacker.send(method, path, body | {"user_id": str(ObjectId())}).status_code == 403


def test_is_optional_with_a_file(attacker):
    file = SimpleUploadedFile("cv.txt", b"Grace Hopper\n\nSkills\nPython, Docker\n")

    response = attacker.client.post(
        "/resumes/generate",
        {"source": "upload", "file": file},
        headers={"Authorization": f"Bearer {attacker.token}"},
    )

    assert response.status_code in {201, 202}, response.content


@pytest.mark.parametrize("name", IN_THE_PATH)
def test_is_me_in_a_path(name, attacker, own_names):
    named = attacker.send(*build_request(name, own_names))
    me = attacker.send(*build_request(name, own_names | {"user_id": "me"}))

    assert me.status_code == named.status_code == 200
    assert me.json() == named.json()
