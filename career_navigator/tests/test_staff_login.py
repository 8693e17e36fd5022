"""Staff login: passwords, throttling, one-time codes, recovery codes and security headers."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from career_navigator import throttling
from career_navigator.admin_site.site import count_codes, make_codes
from career_navigator.setting_values import Rate

PASSWORD = "Secret-123"


@pytest.fixture
def device(superuser: User) -> TOTPDevice:
    """Create a confirmed device for the superuser."""
    return TOTPDevice.objects.create(user=superuser, name="app", confirmed=True)


def get_code(device: TOTPDevice, *, later: int = 0) -> str:
    """Return the device's code for now, or for `later` time steps from now."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time() + later * device.step
    return f"{totp.token():06d}"


def log_in(client: Client, **fields: str):
    return client.post("/admin/login/?next=/admin/", {"username": "root", "password": PASSWORD} | fields)


def test_password_is_enough_without_two_factor(client: Client, superuser: User) -> None:
    response = log_in(client)

    assert response.status_code == 302
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_login_does_not_redirect_to_another_site(client: Client, superuser: User, target: str) -> None:
    response = client.post(
        "/admin/login/", {"username": "root", "password": PASSWORD, "next": target}, query_params={"next": target}
    )

    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")


def test_password_is_not_enough_with_a_device(client: Client, device: TOTPDevice) -> None:
    without, with_code = log_in(client), log_in(client, code=get_code(device))

    assert without.status_code == 200
    assert "Enter the current code" in without.content.decode()
    assert with_code.status_code == 302


def test_attempts_over_the_limit_return_429_with_retry_after(
    client: Client, superuser: User, settings, window_clock
) -> None:
    settings.THROTTLES = settings.THROTTLES | {"staff_login_account": Rate(2, 60)}

    responses = [log_in(client, password="wrong") for _ in range(3)]
    right_one = log_in(client)

    assert [response.status_code for response in responses] == [200, 200, 429]
    assert 0 < int(responses[-1].headers["Retry-After"]) <= 60
    assert right_one.status_code == 429


def test_successful_logins_are_not_counted_as_failures(client: Client, superuser: User, settings, window_clock) -> None:
    settings.THROTTLES = settings.THROTTLES | {"staff_login_account": Rate(2, 60)}

    responses = [log_in(client) for _ in range(4)]

    assert [response.status_code for response in responses] == [302] * 4


def test_api_login_attempts_do_not_count_for_staff_accounts(
    client: Client, superuser: User, settings, window_clock
) -> None:
    settings.THROTTLES = settings.THROTTLES | {"login_account": Rate(1, 60), "login_address": Rate(1, 60)}

    at_the_api = [
        client.post("/auth/login/form", f"username={name}&password=x", "application/x-www-form-urlencoded").status_code
        for name in ("root", "staff:root", "staff_login root", "root")
    ]

    assert at_the_api == [401, 429, 429, 429]
    assert log_in(client).status_code == 302


def test_attacker_cannot_lock_out_a_client_ip_that_has_logged_in_before(
    superuser: User, settings, window_clock
) -> None:
    settings.THROTTLES = settings.THROTTLES | {"staff_login_account": Rate(2, 60)}
    own, other, third = (Client(REMOTE_ADDR=f"192.0.2.{number}") for number in (1, 2, 3))
    log_in(own)

    guesses = [log_in(other, password="wrong").status_code for _ in range(3)]

    assert guesses == [200, 200, 429]
    assert (log_in(own).status_code, log_in(third).status_code) == (302, 429)


@pytest.mark.parametrize("missing", ["password", "username"])
def test_form_without_a_password_does_not_remember_the_client_ip(
    superuser: User, settings, window_clock, missing: str, caplog
) -> None:
    settings.THROTTLES = settings.THROTTLES | {"staff_login_account": Rate(2, 60)}
    stranger = Client(REMOTE_ADDR="192.0.2.1")

    log_in(stranger, **{missing: ""})
    for number in (2, 3):
        log_in(Client(REMOTE_ADDR=f"192.0.2.{number}"), password="wrong")

    assert log_in(stranger).status_code == 429
    assert "staff login as 'root' from 192.0.2.1\n" not in caplog.text


def test_successful_logins_have_a_separate_limit(client: Client, superuser: User, settings, window_clock) -> None:
    # After this login, the client IP has separate counters.
    log_in(client)
    settings.THROTTLES = settings.THROTTLES | {"logins_account": Rate(2, 60)}

    responses = [log_in(client) for _ in range(3)]

    assert [response.status_code for response in responses] == [302, 302, 429]


def test_login_while_hashing_is_at_its_limit_returns_503_and_does_not_count(
    client: Client, superuser: User, settings, window_clock
) -> None:
    limits = ("staff_login_account", "staff_login_address", "logins_account", "logins_address")
    settings.THROTTLES = settings.THROTTLES | dict.fromkeys(limits, Rate(1, 60))
    with ExitStack() as stack:
        for _ in range(throttling.MAX_HASHING):
            stack.enter_context(throttling._hashing)
        turned_away = [log_in(client) for _ in range(2)]

    assert [response.status_code for response in turned_away] == [503, 503]
    assert turned_away[0].headers["Retry-After"] == "1"
    assert log_in(client).status_code == 302


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("Short-1", "must have at least 8 characters"),
        ("lower-case-1", "must contain an upper-case letter"),
        ("No-digit-here", "must contain a digit"),
        ("Password1", "too common"),
        ("Root-Root-1", ""),
    ],
)
def test_staff_passwords_follow_the_password_policy(
    staff_client: Client, superuser: User, password: str, sentence: str
) -> None:
    passwords = {"usable_password": "true", "password1": password, "password2": password}

    response = staff_client.post(f"/admin/auth/user/{superuser.pk}/password/", passwords)

    assert response.status_code == (200 if sentence else 302)
    assert sentence in response.content.decode()


def test_required_two_factor_must_be_set_up_first(client: Client, superuser: User, settings) -> None:
    settings.ADMIN_REQUIRE_TOTP = True
    log_in(client)

    rejected = client.get("/admin/", follow=True)
    page = client.get("/admin/two-factor/")
    device = TOTPDevice.objects.get(user=superuser)
    wrong = client.post("/admin/two-factor/", {"code": "abc"})
    client.post("/admin/two-factor/", {"code": ""})
    device.throttle_reset()
    confirmed = client.post("/admin/two-factor/", {"code": get_code(device)})

    assert rejected.redirect_chain[-1][0] == "/admin/two-factor/"
    assert "<svg" in page.content.decode()
    assert "This code is not valid" in wrong.content.decode()
    assert len(confirmed.context["codes"]) == 10
    assert client.get("/admin/").status_code == 200


def test_session_older_than_the_device_must_log_in_again(client: Client, superuser: User, settings) -> None:
    settings.ADMIN_REQUIRE_TOTP = True
    client.force_login(superuser)
    TOTPDevice.objects.create(user=superuser, name="app", confirmed=True)

    response = client.get("/admin/two-factor/")

    assert response.headers["Location"] == "/admin/login/"
    assert "_auth_user_id" not in client.session


def test_recovery_code_works_once(client: Client, superuser: User, device: TOTPDevice, settings) -> None:
    settings.ADMIN_REQUIRE_TOTP = True
    code = make_codes(user=superuser)[0]

    first = log_in(client, code=code.upper())
    inside = client.get("/admin/")
    again = log_in(Client(), code=code)

    assert (first.status_code, inside.status_code) == (302, 200)
    assert "Enter the current code" in again.content.decode()
    assert count_codes(user=superuser) == 9


def test_recovery_code_works_for_one_of_many_concurrent_logins(superuser: User, device: TOTPDevice, settings) -> None:
    settings.THROTTLES = settings.THROTTLES | {"staff_login_account": None}
    for _ in range(5):
        code = make_codes(user=superuser)[0]

        with ThreadPoolExecutor(5) as pool:
            responses = [pool.submit(log_in, Client(), code=code) for _ in range(5)]
        statuses = [response.result().status_code for response in responses]

        assert sorted(statuses) == [200, 200, 200, 200, 302]
        assert count_codes(user=superuser) == 9


@pytest.mark.parametrize("path", ["/admin/", "/admin/auth/user/", "/admin/accounts/person/"])
def test_setting_up_a_device_ends_other_sessions(superuser: User, path: str) -> None:
    older, newer = Client(), Client()
    log_in(older)
    log_in(newer)
    newer.get("/admin/two-factor/")
    device = TOTPDevice.objects.get(user=superuser)
    before = older.get(path).status_code

    newer.post("/admin/two-factor/", {"code": get_code(device)})
    rejected = older.get(path)

    assert before == 200
    assert rejected.status_code == 302
    assert rejected.headers["Location"].startswith("/admin/login/")
    assert newer.get(path).status_code == 200
    assert older.get("/admin/login/", follow=True).redirect_chain[-1][0] == "/admin/login/"
    assert older.get(path).status_code == 302


def test_recovery_codes_do_not_work_without_a_device(client: Client, superuser: User, settings) -> None:
    settings.ADMIN_REQUIRE_TOTP = True

    log_in(client, code=make_codes(user=superuser)[0])

    assert client.get("/admin/").status_code == 302


def test_new_recovery_codes_and_removing_the_device_invalidate_old_codes(
    client: Client, superuser: User, device: TOTPDevice
) -> None:
    old = make_codes(user=superuser)
    log_in(client, code=get_code(device))

    # A code works once, so each action needs the code of a later step. The device accepts codes of one step ahead.
    new = client.post("/admin/two-factor/", {"renew": "1", "code": get_code(device, later=1)}).context["codes"]
    kept = count_codes(user=superuser)
    TOTPDevice.objects.update(last_t=-1)
    client.post("/admin/two-factor/", {"remove": "1", "code": get_code(device)})

    assert not set(old) & set(new)
    assert kept == len(new) == 10
    assert StaticDevice.objects.count() == 0
    assert TOTPDevice.objects.count() == 0


@pytest.mark.parametrize("act", ["renew", "remove"])
@pytest.mark.parametrize("code", ["", "000000"])
def test_changing_two_factor_requires_a_code(
    client: Client, superuser: User, device: TOTPDevice, act: str, code: str
) -> None:
    make_codes(user=superuser)
    log_in(client, code=get_code(device))
    before = set(StaticToken.objects.values_list("token", flat=True))

    response = client.post("/admin/two-factor/", {act: "1", "code": code})

    assert response.status_code == 200
    assert response.context["form"].errors["code"]
    assert TOTPDevice.objects.filter(confirmed=True).count() == 1
    assert set(StaticToken.objects.values_list("token", flat=True)) == before


def test_list_action_disables_two_factor_of_a_colleague(staff_client: Client, admin_tables: None) -> None:
    colleague = User.objects.create_user("colleague", password="Secret-123", is_staff=True)
    TOTPDevice.objects.create(user=colleague, name="app", confirmed=True)
    make_codes(user=colleague)

    page = staff_client.get("/admin/auth/user/").content.decode()
    response = staff_client.post(
        "/admin/auth/user/",
        {"action": "disable_two_factor", "_selected_action": [str(colleague.pk)], "confirmed": "yes"},
        follow=True,
    )

    assert "two-factor authentication" in page.lower()
    assert "Two-factor authentication is disabled for 1 accounts." in response.content.decode()
    assert not TOTPDevice.objects.filter(user=colleague).exists()
    assert count_codes(user=colleague) == 0
    assert (
        LogEntry.objects.get(object_id=str(colleague.pk)).get_change_message() == "Disabled two-factor authentication."
    )


def test_account_page_shows_no_password_hash(staff_client: Client, superuser: User) -> None:
    page = staff_client.get(f"/admin/auth/user/{superuser.pk}/change/").content.decode()

    assert "pbkdf2" not in page
    assert f"/admin/auth/user/{superuser.pk}/password/" in page


def test_pages_forbid_framing_foreign_scripts_and_caching(staff_client: Client) -> None:
    headers = staff_client.get("/admin/").headers

    assert "script-src 'self' 'unsafe-eval'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert "no-store" in headers["Cache-Control"]
