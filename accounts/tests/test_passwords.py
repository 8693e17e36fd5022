"""Password changes and password resets."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts import credentials
from accounts.credentials import ResetRejected, hash_password, reset_password, send_reset_message
from accounts.documents import PasswordReset, RefreshToken, User
from accounts.tasks import send_reset_message as send_reset_message_task
from tests.fixtures.users import API, NEW_PASSWORD, PASSWORD, refresh

ADDRESS = "ada@example.org"


def _log_in(password, email=ADDRESS):
    return API().post("/auth/login", {"email": email, "password": password})


def _change(ada, **changes):
    return ada.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD} | changes)


def _reset(token, password=NEW_PASSWORD):
    return API().post("/auth/password/reset", {"token": token, "new_password": password})


@pytest.fixture
def mailed(ada, queued):
    """Return a function that requests a reset message and returns its token."""

    def ask(email=ADDRESS) -> str:
        queued()
        assert API().post("/auth/password/forgot", {"email": email}).status_code == 202
        ((_, arguments),) = queued()
        mail.outbox.clear()
        send_reset_message_task(*arguments)
        return re.findall(r"token=([\w-]+)", str(mail.outbox[0].body))[0]

    return ask


def test_sets_the_new_password(ada):
    response = _change(ada)

    assert response.status_code == 200
    assert set(response.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert _log_in(PASSWORD).status_code == 401
    assert _log_in(NEW_PASSWORD).status_code == 200


def test_a_change_ends_every_session_and_starts_a_new_one(ada):
    other = _log_in(PASSWORD).json()["refresh_token"]

    pair = _change(ada).json()

    assert [refresh(token).status_code for token in (ada.refresh_token, other)] == [401, 401]
    assert refresh(pair["refresh_token"]).status_code == 200
    assert API(token=pair["access_token"]).get("/auth/me").status_code == 200


def test_a_change_revokes_access_tokens(ada):
    assert ada.get("/auth/me").status_code == 200

    pair = _change(ada).json()

    assert ada.get("/auth/me").status_code == 401
    assert API(token=pair["access_token"]).get("/auth/me").status_code == 200
    assert API(token=_log_in(NEW_PASSWORD).json()["access_token"]).get("/auth/me").status_code == 200


def test_a_reset_revokes_access_tokens(mailed, ada):
    assert _reset(mailed()).status_code == 204

    assert ada.get("/auth/me").status_code == 401


def test_a_reset_succeeds_despite_a_concurrent_profile_change(mailed, ada, monkeypatch):
    token = mailed()

    def hash_slowly(password):
        ada.put("/auth/me", {"location": "Paris"})
        return hash_password(password)

    monkeypatch.setattr(credentials, "hash_password", hash_slowly)

    assert _reset(token).status_code == 204
    assert _log_in(NEW_PASSWORD).json()["user"]["location"] == "Paris"


def test_an_error_before_the_password_is_set_leaves_the_token_valid(mailed, monkeypatch):
    token = mailed()

    def fail(password):
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(credentials, "hash_password", fail)
        assert _reset(token).status_code == 500

    assert _reset(token).status_code == 204


def test_the_message_contains_no_registered_data(register):
    register(email="grace@example.org", full_name="Buy at https://evil.example")

    send_reset_message_task("grace@example.org")

    assert "evil.example" not in mail.outbox[0].body


def test_requires_the_current_password(ada):
    response = _change(ada, current_password="Wrong-Pass-123")

    assert response.status_code == 400
    assert response.json()["detail"] == "current_password does not match the account's password."
    assert _log_in(PASSWORD).status_code == 200
    assert refresh(ada.refresh_token).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"new_password": "weak"}, "new_password"),
        ({"new_password": None}, "new_password"),
        ({"new_password": 12345678}, "new_password"),
        ({"current_password": None}, "current_password"),
        ({"current_password": ""}, "current_password"),
        ({"current_password": []}, "current_password"),
    ],
)
def test_names_the_invalid_field(ada, changes, field):
    response = _change(ada, **changes)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_accepts_one_of_two_concurrent_changes(ada):
    new = [f"Another-Pass-{number}" for number in range(4)]

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda password: _change(ada, new_password=password).status_code, new))

    assert statuses.count(200) == 1
    # Requests after the successful change have a revoked token and get 401.
    assert set(statuses) <= {200, 400, 401, 409}
    assert _log_in(new[statuses.index(200)]).status_code == 200


def test_response_does_not_reveal_whether_the_account_exists(ada, queued):
    responses = [API().post("/auth/password/forgot", {"email": email}) for email in (ADDRESS, "nobody@example.org")]

    assert [response.status_code for response in responses] == [202, 202]
    assert responses[0].content == responses[1].content
    # Both requests do the same work: they queue a task with the address.
    assert queued() == [
        ("accounts.tasks.send_reset_message", [ADDRESS]),
        ("accounts.tasks.send_reset_message", ["nobody@example.org"]),
    ]


def test_sends_nothing_to_an_address_without_an_account(ada):
    send_reset_message_task("nobody@example.org")

    assert mail.outbox == []
    assert PasswordReset.objects.count() == 0


def test_sends_a_link_to_the_account(ada, settings):
    settings.PASSWORD_RESET_URL = "https://app.example.org/reset#{token}"

    send_reset_message_task("ADA@example.org")

    (message,) = mail.outbox
    assert message.to == [ADDRESS]
    assert message.from_email == settings.DEFAULT_FROM_EMAIL
    assert re.search(r"https://app\.example\.org/reset#[\w-]{43}\n", str(message.body))


def test_stores_the_token_hashed_for_an_hour(mailed, mongo):
    token = mailed()

    (stored,) = mongo.password_resets.find()
    assert token not in str(stored)
    assert stored["expires_at"] - stored["issued_at"] == timedelta(hours=1)
    assert mongo.password_resets.index_information()["expires_at_1"]["expireAfterSeconds"] == 0


def test_sets_a_password_with_a_token_only_once(mailed, ada):
    token = mailed()

    first = _reset(token)
    second = _reset(token, "Third-Pass-789")

    assert first.status_code == 204
    assert second.status_code == 400
    assert second.json()["detail"] == "token is unknown, used or expired."
    assert _log_in(NEW_PASSWORD).status_code == 200
    assert refresh(ada.refresh_token).status_code == 401


def test_sets_a_password_with_a_token_only_once_under_concurrent_requests(mailed):
    token = mailed()

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: _reset(token).status_code, range(6)))

    assert sorted(statuses) == [204] + [400] * 5


def test_keeps_the_token_if_the_password_is_rejected(mailed):
    token = mailed()

    assert _reset(token, "weak").status_code == 400
    assert _reset(token).status_code == 204


def test_a_password_change_invalidates_all_reset_tokens(mailed, ada):
    tokens = [mailed(), mailed()]

    _change(ada)

    assert [_reset(token, "Third-Pass-789").status_code for token in tokens] == [400, 400]


def test_rejects_a_token_after_an_hour(ada):
    now = timezone.now()
    send_reset_message(email=ADDRESS, now=now)
    token = re.findall(r"token=([\w-]+)", str(mail.outbox[0].body))[0]

    with pytest.raises(ResetRejected):
        reset_password(token=token, new_password=NEW_PASSWORD, now=now + timedelta(hours=1, seconds=1))


def test_rejects_the_token_of_an_erased_user(mailed):
    token = mailed()
    User.objects.get().delete()

    assert _reset(token).status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [("forgot", body) for body in list[Any]([{}, {"email": "x"}, {"email": None}, {"email": 3}, [], {"email": ""}])]
    + [("reset", body) for body in list[Any]([{}, {"token": "x"}, {"new_password": NEW_PASSWORD}, {"token": 3}, []])],
)
def test_requires_an_address_or_a_token_and_password(api, path, body):
    assert api.post(f"/auth/password/{path}", body).status_code == 400


def test_sends_no_message_in_production_without_a_mail_server(ada, settings, caplog):
    settings.DEBUG, settings.EMAIL_HOST = False, ""

    send_reset_message_task(ADDRESS)

    assert "EMAIL_HOST is not set" in caplog.text
    assert "token=" not in caplog.text


def test_a_change_leaves_only_the_new_session(ada):
    _change(ada)

    assert RefreshToken.objects.count() == 1
