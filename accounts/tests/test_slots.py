"""Limits on concurrent password hashing and waiting requests, which keep threads free for other requests."""

import time
from contextlib import ExitStack

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from career_navigator import throttling
from career_navigator.observability import middleware
from career_navigator.setting_values import Rate
from tests.fixtures.users import API, NEW_PASSWORD, PASSWORD, REGISTRATION

RIGHT = {"email": "ada@example.org", "password": PASSWORD}


@pytest.fixture
def slots_full():
    """Occupy all slots for password hashing."""
    with ExitStack() as stack:
        for _ in range(throttling.MAX_HASHING):
            stack.enter_context(throttling._hashing)
        yield stack


def _assert_busy(response):
    assert response.status_code == 503
    assert response["Retry-After"] == "1"
    assert response.json() == {
        "detail": "Too many people are logging in. Try again shortly.",
        "code": "busy",
    }


def test_leaves_two_threads_for_other_requests():
    assert throttling.MAX_HASHING + throttling.MAX_WAITING + 2 <= django_settings.WEB_THREADS
    assert min(throttling.MAX_HASHING, throttling.MAX_WAITING) >= 1


@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org"])
@pytest.mark.parametrize("path", ["/auth/login", "/users/login"])
def test_rejects_a_login_while_all_slots_are_in_use(ada, slots_full, path, email):
    name = "email_id" if path == "/users/login" else "email"

    _assert_busy(API().post(path, {name: email, "email": email, "password": PASSWORD}))


def test_rejects_other_requests_that_hash_a_password(ada, slots_full):
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}

    _assert_busy(API().post("/auth/register", REGISTRATION | {"email": "new@example.org"}))
    _assert_busy(ada.post("/auth/password", change))
    _assert_busy(ada.send("DELETE", "/auth/me", {"password": PASSWORD}))


@pytest.mark.usefixtures("window_clock")
def test_does_not_count_a_login_rejected_for_lack_of_slots(ada, slots_full, settings):
    limits = ("login_account", "login_address", "logins_account", "logins_address")
    settings.THROTTLES = settings.THROTTLES | dict.fromkeys(limits, Rate(1, 60))
    rejected = [API().post("/auth/login", RIGHT).status_code for _ in range(3)]

    slots_full.close()

    assert rejected == [503] * 3
    assert API().post("/auth/login", RIGHT).status_code == 200


def test_frees_the_slot_after_a_failed_hash(ada):
    for _ in range(2 * throttling.MAX_HASHING):
        with pytest.raises(TypeError):
            throttling.PasswordHasher().encode(None, None)

    assert API().post("/auth/login", RIGHT).status_code == 200


@pytest.mark.usefixtures("window_clock")
@pytest.mark.parametrize("limit", ["logins_account", "logins_address"])
def test_limits_successful_logins_too(ada, settings, limit):
    # After this login, attempts from the address are counted separately.
    API().post("/auth/login", RIGHT)
    settings.THROTTLES = settings.THROTTLES | {limit: Rate(3, 60)}

    statuses = [API().post("/auth/login", RIGHT).status_code for _ in range(4)]

    assert statuses == [200, 200, 200, 429]


def test_renews_the_database_deadline_after_hashing(monkeypatch):
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1_500_000)
    monkeypatch.setattr(middleware, "DATABASE_SECONDS", 0.5)
    started = time.monotonic()

    registered = API().post("/auth/register", REGISTRATION)
    elapsed = time.monotonic() - started
    login = API().post("/auth/login", RIGHT)

    assert elapsed > middleware.DATABASE_SECONDS
    assert (registered.status_code, login.status_code) == (201, 200)
