"""Staff accounts: creation, invitations by email, roles and recovery codes."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core import mail
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice
from redis import Redis

from career_navigator.admin_site import invitations
from career_navigator.admin_site.invitations import send_invitation
from career_navigator.admin_site.roles import make_roles
from career_navigator.admin_site.site import count_codes, make_codes, normalize_code
from tests.other_servers import NO_REDIS, queue_at
from tests.queued import run_queued, take_queued

ADD = "/admin/auth/user/add/"
ACCOUNTS = "/admin/auth/user/"
NEW = {"username": "olga", "email": "olga@example.org", "is_staff": "on", "invite": "on"}
PASSWORD = "Long-secret-12345"


@pytest.fixture(autouse=True)
def _mail(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_HOST = "mail.example.org"
    settings.PUBLIC_URL = "http://testserver"


@pytest.fixture
def invited(superuser: User) -> User:
    user = User(username="olga", email="olga@example.org", is_staff=True)
    user.set_unusable_password()
    user.save()
    return user


def find_link() -> str:
    """Return the path of the link in the last message."""
    found = re.search(r"http://testserver(\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def set_password(client: Client, path: str, password: str = PASSWORD):
    page = client.get(path, follow=True)
    form = page.redirect_chain[-1][0] if page.redirect_chain else path
    return client.post(form, {"new_password1": password, "new_password2": password}, follow=True)


def test_creates_an_account_with_roles_on_one_page_and_invites_it(
    staff_client: Client, redis: Redis, client: Client
) -> None:
    make_roles()
    operator = Group.objects.get(name="operator")

    page = staff_client.get(ADD).content.decode()
    response = staff_client.post(ADD, NEW | {"groups": [str(operator.pk)]}, follow=True)
    run_queued(redis)
    user = User.objects.get(username="olga")

    assert 'name="is_staff"' in page
    assert re.search(r'name="is_staff"[^>]*checked', page)
    assert "operator: Operates the service" in page
    assert "After you" not in page
    assert "The invitation to olga@example.org is queued" in response.content.decode()
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (True, False, False)
    assert list(user.groups.all()) == [operator]
    assert mail.outbox[-1].to == ["olga@example.org"]
    assert {"Sent an invitation."} <= {entry.get_change_message() for entry in LogEntry.objects.all()}


def test_invitation_sets_the_password_only_once(invited: User) -> None:
    send_invitation(user_id=str(invited.pk))
    client, late = Client(), Client()

    done = set_password(client, find_link())
    again = late.get(find_link(), follow=True)
    entered = client.post("/admin/login/?next=/admin/", {"username": "olga", "password": PASSWORD})

    assert "Your password is set. You can now log in." in done.content.decode()
    assert "This link is no longer valid" in again.content.decode()
    assert entered.status_code == 302
    assert entered.headers["Location"] == "/admin/"


def test_only_one_of_two_concurrent_requests_uses_the_link(invited: User) -> None:
    send_invitation(user_id=str(invited.pk))
    clients = [Client() for _ in range(2)]
    form, _ = [client.get(find_link(), follow=True).redirect_chain[-1][0] for client in clients]

    def post(client: Client) -> bool:
        response = client.post(form, {"new_password1": PASSWORD, "new_password2": PASSWORD})
        return response.status_code == 302

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(post, clients))

    assert done.count(True) == 1


def test_invitation_expires(invited: User, monkeypatch: pytest.MonkeyPatch) -> None:
    send_invitation(user_id=str(invited.pk))
    later = invitations.tokens._now() + timedelta(days=invitations.VALID_DAYS, minutes=1)
    monkeypatch.setattr(invitations.tokens, "_now", lambda: later)

    response = Client().get(find_link(), follow=True)

    assert "This link is no longer valid" in response.content.decode()


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"is_staff": False}, {"email": "other@example.org"}, {"password": "!other"}]
)
def test_account_change_invalidates_the_invitation(invited: User, change: dict[str, Any]) -> None:
    send_invitation(user_id=str(invited.pk))
    User.objects.filter(pk=invited.pk).update(**change)

    response = Client().get(find_link(), follow=True)

    assert "This link is no longer valid" in response.content.decode()


@pytest.mark.parametrize("path", ["x/y", "Zg/abc-def", "%00/set-password", "NmIwYw/set-password"])
def test_forged_link_sets_no_password(superuser: User, path: str) -> None:
    response = Client().get(f"/admin/invitation/{path}/", follow=True)

    assert response.status_code == 200
    assert "This link is no longer valid" in response.content.decode()


def test_rejects_a_weak_password_and_the_link_still_works(invited: User) -> None:
    send_invitation(user_id=str(invited.pk))
    client = Client()

    rejected = set_password(client, find_link(), "olga")
    done = set_password(client, find_link())

    assert rejected.context["form"].errors["new_password2"]
    assert "Your password is set" in done.content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"email": ""}, "email", "Enter an email address to send the invitation to."),
        ({"is_staff": ""}, "is_staff", "Only staff can log in. Set the staff status to send an invitation."),
        ({"invite": ""}, "password1", "This field is required."),
        ({"email": "no address"}, "email", "Enter a valid email address."),
        ({"username": "root"}, "username", "A user with that username already exists."),
    ],
)
def test_reports_an_invalid_value_at_its_field(
    staff_client: Client, redis: Redis, changes: dict[str, str], field: str, sentence: str
) -> None:
    response = staff_client.post(ADD, NEW | changes)

    assert response.context["adminform"].form.errors[field] == [sentence]
    assert User.objects.count() == 1
    assert take_queued(redis) == []


def test_creates_an_account_with_a_password_instead_of_an_invitation(staff_client: Client, redis: Redis) -> None:
    staff_client.post(ADD, {"username": "olga", "is_staff": "on", "password1": PASSWORD, "password2": PASSWORD})

    assert User.objects.get(username="olga").check_password(PASSWORD)
    assert take_queued(redis) == []


def test_list_action_sends_invitations_to_accounts_with_an_email_address(
    staff_client: Client, redis: Redis, invited: User
) -> None:
    selected = [str(user.pk) for user in User.objects.all()]

    response = staff_client.post(ACCOUNTS, {"action": "send_invitations", "_selected_action": selected}, follow=True)

    assert take_queued(redis) == [("career_navigator.tasks.send_staff_invitation", [str(invited.pk)])]
    assert "root was not invited: the account has no email address." in response.content.decode()


def test_warns_if_an_invitation_is_not_sent(staff_client: Client, redis: Redis, settings) -> None:
    settings.EMAIL_HOST = ""
    settings.DEBUG = False
    without_a_server = staff_client.post(ADD, NEW, follow=True).content.decode()
    with queue_at(NO_REDIS):
        without_a_queue = staff_client.post(ADD, NEW | {"username": "oleg"}, follow=True).content.decode()

    assert "The message will not be sent because EMAIL_HOST is not set." in without_a_server
    assert "The queue is unavailable. Try to send the invitation again later." in without_a_queue


def test_auditor_views_staff_and_roles_without_links_to_change_them(client: Client, admin_tables: None) -> None:
    make_roles()
    auditor = User.objects.create_user("ada", password=PASSWORD, is_staff=True)
    auditor.groups.add(Group.objects.get(name="auditor"))
    client.force_login(auditor)
    role = Group.objects.get(name="operator")

    pages = {
        path: client.get(path).content.decode()
        for path in (
            ACCOUNTS,
            f"{ACCOUNTS}{auditor.pk}/change/",
            "/admin/auth/group/",
            f"/admin/auth/group/{role.pk}/change/",
        )
    }

    assert "Operates the service" in pages["/admin/auth/group/"]
    assert "Operates the service" in pages[f"/admin/auth/group/{role.pk}/change/"]
    for page in pages.values():
        assert "pbkdf2" not in page
        assert f"{auditor.pk}/password/" not in page
        assert 'name="_save"' not in page
        assert 'name="action"' not in page


def test_page_titles_match_the_menu(staff_client: Client) -> None:
    menu = staff_client.get("/admin/").context["sidebar_navigation"]
    items = [item for group in menu for item in group["items"]]

    titles = {item["title"]: staff_client.get(item["link"]).context["title"] for item in items}

    assert {"Staff accounts", "Roles", "Users"} <= set(titles)
    assert {title: found for title, found in titles.items() if title != found} == {}
    assert "Add staff account" in staff_client.get(ADD).content.decode()


@pytest.mark.parametrize(
    "typed", ["{}", " {} ", "{:.4}-{rest}", "{:.4} {rest}", "{upper}", "{:.4}–{rest}", "{:.4}\u00a0{rest}", "{wide}"]
)
def test_accepts_a_recovery_code_with_separators_and_capitals(client: Client, superuser: User, typed: str) -> None:
    TOTPDevice.objects.create(user=superuser, name="app", confirmed=True)
    code = make_codes(user=superuser)[0]
    wide = "".join(chr(ord(each) + 0xFEE0) for each in code)
    written = typed.format(code, rest=code[4:], upper=code.upper(), wide=wide)

    response = client.post(
        "/admin/login/?next=/admin/", {"username": "root", "password": "Secret-123", "code": written}
    )

    assert response.status_code == 302
    assert count_codes(user=superuser) == 9


def test_login_shows_a_keyboard_with_letters(client: Client, admin_tables: None) -> None:
    page = client.get("/admin/login/").content.decode()
    field = re.search(r"<input[^>]*name=\"code\"[^>]*>", page)

    assert field
    assert 'inputmode="text"' in field[0]
    assert 'autocapitalize="none"' in field[0]


@pytest.mark.parametrize("typed", ["", "   ", "---", "\u200b"])
def test_separators_alone_are_not_a_code(typed: str) -> None:
    assert normalize_code(typed) == ""
