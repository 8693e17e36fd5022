"""Support actions on users in the admin. Each takes effect immediately and is logged."""

import pytest
from bson import ObjectId
from django.contrib.admin.models import DELETION, LogEntry
from django.test import Client
from django.utils import timezone

from accounts.documents import User
from accounts.mails import Mail
from tests.fixtures.users import PASSWORD, REGISTRATION, Member

PEOPLE = "/admin/accounts/person/"
ADDRESS = REGISTRATION["email"]


@pytest.fixture
def staff(admin_tables: None, staff_client: Client) -> Client:
    return staff_client


@pytest.fixture
def person(staff: Client, register) -> Member:
    """Return a registered user. Depends on `staff`, so that the tables of the admin exist."""
    return register()


def log() -> list[str]:
    return [f"{entry.user.get_username()}: {entry.get_change_message()}" for entry in LogEntry.objects.order_by("pk")]


def test_deactivating_a_user_revokes_tokens_until_the_next_login(staff: Client, person: Member, api) -> None:
    before = person.get("/auth/me").status_code

    staff.post(f"{PEOPLE}{person.id}/deactivate/")
    after = person.get("/auth/me").status_code
    renewed = api.post("/auth/refresh", {"refresh_token": person.refresh_token}).status_code
    login_status = api.post("/auth/login", {"email": ADDRESS, "password": PASSWORD}).status_code
    staff.post(f"{PEOPLE}{person.id}/reactivate/")
    entered = api.post("/auth/login", {"email": ADDRESS, "password": PASSWORD}).json()["access_token"]

    assert (before, after, renewed, login_status) == (200, 401, 401, 401)
    assert person.get("/auth/me").status_code == 401
    assert type(person)(token=entered).get("/auth/me").status_code == 200
    assert log() == ["root: Deactivated the user.", "root: Reactivated the user."]


def test_a_reset_message_is_queued_only_for_active_users(staff: Client, person: Member, queued) -> None:
    staff.post(f"{PEOPLE}{person.id}/reset/")
    sent = queued()
    staff.post(f"{PEOPLE}{person.id}/deactivate/")
    page = staff.post(f"{PEOPLE}{person.id}/reset/", follow=True)

    assert sent == [("accounts.tasks.send_reset_message", [ADDRESS])]
    assert queued() == []
    assert "No message was sent, because the user is deactivated." in page.content.decode()
    assert log() == ["root: Sent a password reset message.", "root: Deactivated the user."]


def test_the_export_contains_all_data_but_the_password_hash(staff: Client, person: Member) -> None:
    response = staff.post(f"{PEOPLE}{person.id}/export/")

    content = response.content.decode()
    assert response.headers["Content-Disposition"] == f'attachment; filename="user-{person.id}.json"'
    assert ADDRESS in content
    assert "pbkdf2" not in content
    assert log() == ["root: Exported the user's data."]


def test_a_user_is_erased_only_if_the_address_is_entered(staff: Client, person: Member) -> None:
    page = staff.post(f"{PEOPLE}{person.id}/erase/", {"address": "bob@example.org"}, follow=True)
    count_before = User.objects.count()
    staff.post(f"{PEOPLE}{person.id}/erase/", {"address": f" {ADDRESS.upper()} "})
    entry = LogEntry.objects.get()

    assert "Nothing was erased" in page.content.decode()
    assert (count_before, User.objects.count()) == (1, 0)
    assert person.get("/auth/me").status_code == 401
    assert (entry.action_flag, entry.object_repr, entry.user.get_username()) == (DELETION, "an erased user", "root")


def test_users_are_found_by_any_part_of_the_address_or_name(staff: Client, person: Member, register) -> None:
    register(email="bob@example.org", full_name="Bób Weiß")

    def search(words: str) -> list[str]:
        return [each.email for each in staff.get(PEOPLE, {"q": words}).context["cl"].result_list]

    assert search("ada@") == search(f" {ADDRESS.upper()}") == search("lovelace") == [ADDRESS]
    assert search("LOVE") == search("example ada") == [ADDRESS]
    assert search("bob") == search("BÓB weiss") == search("weiß") == search("b@exa") == ["bob@example.org"]
    assert sorted(search("example.org")) == [ADDRESS, "bob@example.org"]
    assert sorted(search("")) == [ADDRESS, "bob@example.org"]
    assert search("[") == search(".*") == search("ada bob") == search("x" * 10_000) == []


def test_no_page_shows_the_hash_of_a_password(staff: Client, person: Member) -> None:
    pages = [staff.get(f"{PEOPLE}{path}") for path in ("", f"{person.id}/change/", f"{person.id}/history/")]

    assert [page.status_code for page in pages] == [200] * 3
    assert not any("pbkdf2" in page.content.decode() for page in pages)


@pytest.mark.parametrize("act", ["deactivate", "reactivate", "reset", "export", "erase"])
def test_actions_on_an_unknown_user_return_404(staff: Client, act: str) -> None:
    responses = [staff.post(f"{PEOPLE}{user_id}/{act}/") for user_id in ("6" * 24, "abc")]

    assert [response.status_code for response in responses] == [404, 404]
    assert LogEntry.objects.count() == 0


def test_the_mail_list_shows_addresses_to_staff_who_may_view_users(staff: Client, person: Member) -> None:
    erased = ObjectId()
    for user in (ObjectId(person.id), erased):
        Mail(user=user, kind="confirmation", status="sent", at=timezone.now()).save()

    page = staff.get("/admin/accounts/mail/").content.decode()

    assert f'<a class="staff-link" href="{PEOPLE}{person.id}/change/">{ADDRESS}</a>' in page
    assert str(erased) in page


def test_the_mail_list_hides_addresses_from_other_staff(admin_tables: None, limited_client, register) -> None:
    user = register()
    Mail(user=ObjectId(user.id), kind="confirmation", status="sent", at=timezone.now()).save()

    page = limited_client("view_mail").get("/admin/accounts/mail/").content.decode()

    assert str(user.id) in page
    assert ADDRESS not in page
