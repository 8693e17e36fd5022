"""Letting staff in: passwords, throttles, one-time codes, and what the pages say about themselves."""

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
    """A confirmed device of the superuser."""
    return TOTPDevice.objects.create(user=superuser, name="app", confirmed=True)


def get_code(device: TOTPDevice, *, later: int = 0) -> str:
    """The device's code, now or so many steps later."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time() + later * device.step
    return f"{totp.token():06d}"


def log_in(client: Client, **fields: str):
    return client.post("/admin/login/?next=/admin/", {"username": "root", "password": PASSWORD} | fields)


def test_a_password_lets_in_where_no_two_factor_is_set_up(client: Client, superuser: User) -> None:
    answer = log_in(client)

    assert answer.status_code == 302
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_a_login_leads_to_no_other_site(client: Client, superuser: User, elsewhere: str) -> None:
    answer = client.post(
        "/admin/login/", {"username": "root", "password": PASSWORD, "next": elsewhere}, query_params={"next": elsewhere}
    )

    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_a_device_makes_the_password_alone_too_little(client: Client, device: TOTPDevice) -> None:
    without, with_code = log_in(client), log_in(client, code=get_code(device))

    assert without.status_code == 200
    assert "Enter the current code" in without.content.decode()
    assert with_code.status_code == 302


def test_tries_beyond_the_limit_are_answered_429_with_the_wait(
    client: Client, superuser: User, settings, window_clock
) -> None:
    settings.THROTTLES = settings.THROTTLES | {"staff_login_account": Rate(2, 60)}

    answers = [log_in(client, password="wrong") for _ in range(3)]
    right_one = log_in(client)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert right_one.status_code == 429


def test_logins_that_succeed_are_not_counted(client: Client, superuser: User, settings, window_clock) -> None:
    settings.THROTTLES = settings.THROTTLES | {"staff_login_account": Rate(2, 60)}

    answers = [log_in(client) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [302] * 4


def test_tries_at_the_api_count_for_no_staff_account(client: Client, superuser: User, settings, window_clock) -> None:
    settings.THROTTLES = settings.THROTTLES | {"login_account": Rate(1, 60), "login_address": Rate(1, 60)}

    at_the_api = [
        client.post("/auth/login/form", f"username={name}&password=x", "application/x-www-form-urlencoded").status_code
        for name in ("root", "staff:root", "staff_login root", "root")
    ]

    assert at_the_api == [401, 429, 429, 429]
    assert log_in(client).status_code == 302


def test_who_guesses_elsewhere_locks_out_no_address_that_logged_in_before(
    superuser: User, settings, window_clock
) -> None:
    settings.THROTTLES = settings.THROTTLES | {"staff_login_account": Rate(2, 60)}
    own, other, third = (Client(REMOTE_ADDR=f"192.0.2.{number}") for number in (1, 2, 3))
    log_in(own)

    guesses = [log_in(other, password="wrong").status_code for _ in range(3)]

    assert guesses == [200, 200, 429]
    assert (log_in(own).status_code, log_in(third).status_code) == (302, 429)


@pytest.mark.parametrize("missing", ["password", "username"])
def test_a_form_without_a_password_makes_no_address_known_to_the_account(
    superuser: User, settings, window_clock, missing: str, caplog
) -> None:
    settings.THROTTLES = settings.THROTTLES | {"staff_login_account": Rate(2, 60)}
    stranger = Client(REMOTE_ADDR="192.0.2.1")

    log_in(stranger, **{missing: ""})
    for number in (2, 3):
        log_in(Client(REMOTE_ADDR=f"192.0.2.{number}"), password="wrong")

    assert log_in(stranger).status_code == 429
    assert "staff login as 'root' from 192.0.2.1\n" not in caplog.text


def test_logins_that_succeed_have_a_limit_of_their_own(client: Client, superuser: User, settings, window_clock) -> None:
    # From then on the address has counts of its own.
    log_in(client)
    settings.THROTTLES = settings.THROTTLES | {"logins_account": Rate(2, 60)}

    answers = [log_in(client) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [302, 302, 429]


def test_a_login_while_as_many_hash_as_may_is_a_503_that_does_not_count(
    client: Client, superuser: User, settings, window_clock
) -> None:
    limits = ("staff_login_account", "staff_login_address", "logins_account", "logins_address")
    settings.THROTTLES = settings.THROTTLES | dict.fromkeys(limits, Rate(1, 60))
    with ExitStack() as stack:
        for _ in range(throttling.MAX_HASHING):
            stack.enter_context(throttling._hashing)
        turned_away = [log_in(client) for _ in range(2)]

    assert [answer.status_code for answer in turned_away] == [503, 503]
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
def test_the_staffs_passwords_follow_the_policy_of_users(
    staff_client: Client, superuser: User, password: str, sentence: str
) -> None:
    passwords = {"usable_password": "true", "password1": password, "password2": password}

    answer = staff_client.post(f"/admin/auth/user/{superuser.pk}/password/", passwords)

    assert answer.status_code == (200 if sentence else 302)
    assert sentence in answer.content.decode()


def test_a_demanded_two_factor_is_set_up_before_anything_is_shown(client: Client, superuser: User, settings) -> None:
    settings.ADMIN_REQUIRE_TOTP = True
    log_in(client)

    refused = client.get("/admin/", follow=True)
    page = client.get("/admin/two-factor/")
    device = TOTPDevice.objects.get(user=superuser)
    wrong = client.post("/admin/two-factor/", {"code": "abc"})
    client.post("/admin/two-factor/", {"code": ""})
    device.throttle_reset()
    confirmed = client.post("/admin/two-factor/", {"code": get_code(device)})

    assert refused.redirect_chain[-1][0] == "/admin/two-factor/"
    assert "<svg" in page.content.decode()
    assert "This code is not valid" in wrong.content.decode()
    assert len(confirmed.context["codes"]) == 10
    assert client.get("/admin/").status_code == 200


def test_a_session_older_than_the_device_has_to_log_in_again(client: Client, superuser: User, settings) -> None:
    settings.ADMIN_REQUIRE_TOTP = True
    client.force_login(superuser)
    TOTPDevice.objects.create(user=superuser, name="app", confirmed=True)

    answer = client.get("/admin/two-factor/")

    assert answer.headers["Location"] == "/admin/login/"
    assert "_auth_user_id" not in client.session


def test_a_recovery_code_lets_in_once_where_the_device_is_lost(
    client: Client, superuser: User, device: TOTPDevice, settings
) -> None:
    settings.ADMIN_REQUIRE_TOTP = True
    code = make_codes(user=superuser)[0]

    first = log_in(client, code=code.upper())
    inside = client.get("/admin/")
    again = log_in(Client(), code=code)

    assert (first.status_code, inside.status_code) == (302, 200)
    assert "Enter the current code" in again.content.decode()
    assert count_codes(user=superuser) == 9


def test_a_recovery_code_lets_one_of_many_at_once_in(superuser: User, device: TOTPDevice, settings) -> None:
    settings.THROTTLES = settings.THROTTLES | {"staff_login_account": None}
    for _ in range(5):
        code = make_codes(user=superuser)[0]

        with ThreadPoolExecutor(5) as pool:
            answers = [pool.submit(log_in, Client(), code=code) for _ in range(5)]
        statuses = [answer.result().status_code for answer in answers]

        assert sorted(statuses) == [200, 200, 200, 200, 302]
        assert count_codes(user=superuser) == 9


@pytest.mark.parametrize("path", ["/admin/", "/admin/auth/user/", "/admin/accounts/person/"])
def test_setting_up_a_device_ends_the_accounts_other_sessions(superuser: User, path: str) -> None:
    older, newer = Client(), Client()
    log_in(older)
    log_in(newer)
    newer.get("/admin/two-factor/")
    device = TOTPDevice.objects.get(user=superuser)
    before = older.get(path).status_code

    newer.post("/admin/two-factor/", {"code": get_code(device)})
    refused = older.get(path)

    assert before == 200
    assert refused.status_code == 302
    assert refused.headers["Location"].startswith("/admin/login/")
    assert newer.get(path).status_code == 200
    assert older.get("/admin/login/", follow=True).redirect_chain[-1][0] == "/admin/login/"
    assert older.get(path).status_code == 302


def test_recovery_codes_are_of_no_use_to_an_account_without_a_device(client: Client, superuser: User, settings) -> None:
    settings.ADMIN_REQUIRE_TOTP = True

    log_in(client, code=make_codes(user=superuser)[0])

    assert client.get("/admin/").status_code == 302


def test_new_recovery_codes_make_the_old_ones_void_and_removing_the_device_all(
    client: Client, superuser: User, device: TOTPDevice
) -> None:
    old = make_codes(user=superuser)
    log_in(client, code=get_code(device))

    # A code counts once, so each act takes one of a later time; the device allows for a clock that is a step off.
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
def test_an_open_session_alone_changes_no_two_factor(
    client: Client, superuser: User, device: TOTPDevice, act: str, code: str
) -> None:
    make_codes(user=superuser)
    log_in(client, code=get_code(device))
    before = set(StaticToken.objects.values_list("token", flat=True))

    answer = client.post("/admin/two-factor/", {act: "1", "code": code})

    assert answer.status_code == 200
    assert answer.context["form"].errors["code"]
    assert TOTPDevice.objects.filter(confirmed=True).count() == 1
    assert set(StaticToken.objects.values_list("token", flat=True)) == before


def test_a_device_that_a_colleague_lost_is_taken_off_in_the_list(staff_client: Client, admin_tables: None) -> None:
    colleague = User.objects.create_user("colleague", password="Secret-123", is_staff=True)
    TOTPDevice.objects.create(user=colleague, name="app", confirmed=True)
    make_codes(user=colleague)

    page = staff_client.get("/admin/auth/user/").content.decode()
    answer = staff_client.post(
        "/admin/auth/user/",
        {"action": "disable_two_factor", "_selected_action": [str(colleague.pk)], "confirmed": "yes"},
        follow=True,
    )

    assert "two-factor authentication" in page.lower()
    assert "Two-factor authentication is disabled for 1 accounts." in answer.content.decode()
    assert not TOTPDevice.objects.filter(user=colleague).exists()
    assert count_codes(user=colleague) == 0
    assert (
        LogEntry.objects.get(object_id=str(colleague.pk)).get_change_message() == "Disabled two-factor authentication."
    )


def test_no_part_of_a_password_is_on_a_colleagues_page(staff_client: Client, superuser: User) -> None:
    page = staff_client.get(f"/admin/auth/user/{superuser.pk}/change/").content.decode()

    assert "pbkdf2" not in page
    assert f"/admin/auth/user/{superuser.pk}/password/" in page


def test_pages_forbid_frames_scripts_of_others_and_caches(staff_client: Client) -> None:
    headers = staff_client.get("/admin/").headers

    assert "script-src 'self' 'unsafe-eval'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert "no-store" in headers["Cache-Control"]
