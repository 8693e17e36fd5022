"""Changing a password, and setting a new one where it is forgotten."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

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
    """Asks for a message and returns the token in it."""

    def ask(email=ADDRESS) -> str:
        queued()
        assert API().post("/auth/password/forgot", {"email": email}).status_code == 202
        ((_, arguments),) = queued()
        mail.outbox.clear()
        send_reset_message_task(*arguments)
        return re.search(r"token=([\w-]+)", mail.outbox[0].body)[1]

    return ask


def test_sets_the_new_password(ada):
    answer = _change(ada)

    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert _log_in(PASSWORD).status_code == 401
    assert _log_in(NEW_PASSWORD).status_code == 200


def test_ends_every_session_but_the_one_it_begins(ada):
    other = _log_in(PASSWORD).json()["refresh_token"]

    pair = _change(ada).json()

    assert [refresh(token).status_code for token in (ada.refresh_token, other)] == [401, 401]
    assert refresh(pair["refresh_token"]).status_code == 200
    assert API(token=pair["access_token"]).get("/auth/me").status_code == 200


def test_accepts_no_access_token_from_before(ada):
    assert ada.get("/auth/me").status_code == 200

    pair = _change(ada).json()

    assert ada.get("/auth/me").status_code == 401
    assert API(token=pair["access_token"]).get("/auth/me").status_code == 200
    assert API(token=_log_in(NEW_PASSWORD).json()["access_token"]).get("/auth/me").status_code == 200


def test_a_reset_ends_access_tokens_too(mailed, ada):
    assert _reset(mailed()).status_code == 204

    assert ada.get("/auth/me").status_code == 401


def test_a_profile_that_changes_meanwhile_stops_no_reset(mailed, ada, monkeypatch):
    token = mailed()

    def hash_slowly(password):
        ada.put("/auth/me", {"location": "Paris"})
        return hash_password(password)

    monkeypatch.setattr(credentials, "hash_password", hash_slowly)

    assert _reset(token).status_code == 204
    assert _log_in(NEW_PASSWORD).json()["user"]["location"] == "Paris"


def test_what_goes_wrong_before_the_password_is_set_leaves_the_token_usable(mailed, monkeypatch):
    token = mailed()

    def fail(password):
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(credentials, "hash_password", fail)
        assert _reset(token).status_code == 500

    assert _reset(token).status_code == 204


def test_the_message_repeats_nothing_that_was_registered(register):
    register(email="grace@example.org", full_name="Buy at https://evil.example")

    send_reset_message_task("grace@example.org")

    assert "evil.example" not in mail.outbox[0].body


def test_asks_for_the_current_password(ada):
    answer = _change(ada, current_password="Wrong-Pass-123")

    assert answer.status_code == 400
    assert answer.json()["detail"] == "current_password does not match the account's password."
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
def test_names_the_field_at_fault(ada, changes, field):
    answer = _change(ada, **changes)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_accepts_one_of_two_changes_at_once(ada):
    new = [f"Another-Pass-{number}" for number in range(4)]

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda password: _change(ada, new_password=password).status_code, new))

    assert statuses.count(200) == 1
    # Anyone who asks after the change asks with a token from before it.
    assert set(statuses) <= {200, 400, 401, 409}
    assert _log_in(new[statuses.index(200)]).status_code == 200


def test_answers_alike_whether_or_not_an_account_has_the_address(ada, queued):
    answers = [API().post("/auth/password/forgot", {"email": email}) for email in (ADDRESS, "nobody@example.org")]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    # The same work for both: an address in the queue.
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
    assert re.search(r"https://app\.example\.org/reset#[\w-]{43}\n", message.body)


def test_stores_the_token_hashed_for_an_hour(mailed, mongo):
    token = mailed()

    (stored,) = mongo.password_resets.find()
    assert token not in str(stored)
    assert stored["expires_at"] - stored["issued_at"] == timedelta(hours=1)
    assert mongo.password_resets.index_information()["expires_at_1"]["expireAfterSeconds"] == 0


def test_sets_a_password_by_the_token_once(mailed, ada):
    token = mailed()

    first = _reset(token)
    second = _reset(token, "Third-Pass-789")

    assert first.status_code == 204
    assert second.status_code == 400
    assert second.json()["detail"] == "token is unknown, used or expired."
    assert _log_in(NEW_PASSWORD).status_code == 200
    assert refresh(ada.refresh_token).status_code == 401


def test_sets_a_password_by_the_token_once_when_many_try(mailed):
    token = mailed()

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: _reset(token).status_code, range(6)))

    assert sorted(statuses) == [204] + [400] * 5


def test_keeps_the_token_when_the_password_is_refused(mailed):
    token = mailed()

    assert _reset(token, "weak").status_code == 400
    assert _reset(token).status_code == 204


def test_voids_all_tokens_once_the_password_has_changed(mailed, ada):
    tokens = [mailed(), mailed()]

    _change(ada)

    assert [_reset(token, "Third-Pass-789").status_code for token in tokens] == [400, 400]


def test_refuses_a_token_after_an_hour(ada):
    now = timezone.now()
    send_reset_message(email=ADDRESS, now=now)
    token = re.search(r"token=([\w-]+)", mail.outbox[0].body)[1]

    with pytest.raises(ResetRejected):
        reset_password(token=token, new_password=NEW_PASSWORD, now=now + timedelta(hours=1, seconds=1))


def test_refuses_the_token_of_a_user_who_is_gone(mailed):
    token = mailed()
    User.objects.get().delete()

    assert _reset(token).status_code == 400


@pytest.mark.parametrize(
    ("path", "given"),
    [("forgot", each) for each in ({}, {"email": "x"}, {"email": None}, {"email": 3}, [], {"email": ""})]
    + [("reset", each) for each in ({}, {"token": "x"}, {"new_password": NEW_PASSWORD}, {"token": 3}, [])],
)
def test_asks_for_an_address_or_for_token_and_password(api, path, given):
    assert api.post(f"/auth/password/{path}", given).status_code == 400


def test_sends_no_message_in_production_without_a_mail_server(ada, settings, caplog):
    settings.DEBUG, settings.EMAIL_HOST = False, ""

    send_reset_message_task(ADDRESS)

    assert "EMAIL_HOST is not set" in caplog.text
    assert "token=" not in caplog.text


def test_leaves_no_session_when_a_login_follows(ada):
    _change(ada)

    assert RefreshToken.objects.count() == 1
