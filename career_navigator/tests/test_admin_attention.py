"""The attention section of the dashboard: its counts, links and permissions."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from bson import ObjectId
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from accounts.mails import RESET, Mail, record_mail, recorded_mail
from career_navigator.admin_site.dashboard import AttentionCount
from career_navigator.admin_site.roles import make_roles
from career_navigator.documents import FailedLogin
from skills.services import count_unknown_slugs
from tests.factories import CollectionRunFactory, LearningResourceFactory, TaskRunFactory


@pytest.fixture
def problems(admin_tables: None) -> None:
    """Store one problem of each kind from today, and some that are resolved or too old to count."""
    now = timezone.now()
    old = now - timedelta(days=8)
    samples = [{"reason": "no_title", "message": "a posting needs a title", "job_id": "11"}]
    CollectionRunFactory(status="failed", created_at=now)
    CollectionRunFactory(status="lost", created_at=now)
    CollectionRunFactory(status="failed", created_at=old)
    CollectionRunFactory(status="finished", refused={"no_title": 23}, refused_samples=samples, created_at=now)
    TaskRunFactory(status="failed", created_at=now)
    TaskRunFactory(status="finished", created_at=now)
    LearningResourceFactory(broken_since=now)
    LearningResourceFactory(broken_since=now, hidden=True)
    LearningResourceFactory()
    count_unknown_slugs(slugs=["one", "two"], now=now)
    Client().post("/admin/login/", {"username": "root", "password": "wrong"})
    Client().post("/admin/login/", {"username": "root", "password": "wrong too"})
    record_mail(user_id=ObjectId(), kind=RESET, error="TimeoutError", now=now)
    record_mail(user_id=ObjectId(), kind=RESET, now=now)


def get_attention(client: Client) -> list[AttentionCount] | None:
    return client.get("/admin/").context["board"].attention


def test_dashboard_counts_problems(staff_client: Client, problems: None) -> None:
    counts = {each.title: each.count for each in get_attention(staff_client) or ()}

    assert counts == {
        "Failed collection runs": "2",
        "Rejected postings": "23",
        "Failed maintenance tasks": "1",
        "Broken links": "1",
        "Unknown slugs": "2",
        "Failed staff logins": "2",
        "Emails not sent": "1",
    }


def test_each_problem_links_to_its_filtered_list(staff_client: Client, problems: None) -> None:
    lists = {each.title: staff_client.get(each.url) for each in get_attention(staff_client) or ()}

    assert {title: page.status_code for title, page in lists.items()} == dict.fromkeys(lists, 200)
    assert lists.pop("Rejected postings").context["counts"] == [("no_title", 23)]
    assert {title: page.context["cl"].result_count for title, page in lists.items()} == {
        "Failed collection runs": 2,
        "Failed maintenance tasks": 1,
        "Broken links": 1,
        "Unknown slugs": 2,
        # Both failed logins are counted in a single document.
        "Failed staff logins": 1,
        "Emails not sent": 1,
    }


@pytest.mark.parametrize(
    ("role", "titles"),
    [
        ("curator", {"Rejected postings", "Failed maintenance tasks", "Broken links", "Unknown slugs"}),
        ("support", {"Emails not sent"}),
    ],
)
def test_role_sees_only_problems_it_has_permission_for(problems: None, role: str, titles: set[str]) -> None:
    make_roles()
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)

    assert {each.title for each in get_attention(client) or ()} == titles


def test_user_without_permissions_sees_no_attention_section(problems: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("new", is_staff=True))

    assert get_attention(client) is None
    assert "Needs attention" not in client.get("/admin/").content.decode()


def test_dashboard_says_that_nothing_needs_attention(staff_client: Client) -> None:
    assert get_attention(staff_client) == []
    assert "Nothing needs your attention." in staff_client.get("/admin/").content.decode()


def test_every_card_explains_its_meaning(staff_client: Client) -> None:
    cards = staff_client.get("/admin/").context["board"].cards

    assert len(cards) > 5
    assert [card.title for card in cards if not card.meaning] == []


def test_counts_failed_logins_per_account_client_ip_and_day(superuser: User, client: Client) -> None:
    for password in ("wrong", "wrong too"):
        client.post("/admin/login/", {"username": "root", "password": password})
    client.post("/admin/login/", {"username": "nobody", "password": "wrong"})
    client.post("/admin/login/", {"username": "root", "password": "Secret-123"})

    assert sorted(FailedLogin.objects.scalar("account", "count")) == [("nobody", 1), ("root", 2)]


def test_mail_that_succeeds_on_retry_needs_no_attention(mongo) -> None:
    user_id, now = ObjectId(), timezone.now()
    with pytest.raises(SMTPServerDisconnected), recorded_mail(user_id=user_id, kind=RESET, now=now):
        raise SMTPServerDisconnected("please run connect() first")
    failed = Mail.objects.get()
    with recorded_mail(user_id=user_id, kind=RESET, now=now):
        pass
    sent = Mail.objects.get()

    assert (failed.status, failed.error) == ("failed", "SMTPServerDisconnected: please run connect() first")
    assert (sent.pk, sent.status, sent.error, sent.tries) == (failed.pk, "sent", "", 2)


def test_mail_without_a_configured_server_is_not_sent(mongo, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

    with recorded_mail(user_id=ObjectId(), kind=RESET, now=timezone.now()):
        pass

    assert Mail.objects.get().error == "EMAIL_HOST is not set"
