"""Digests that somebody asks for: the preview of a search's mail, and `manage.py send_digests`."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from bson import ObjectId
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.documents import User
from accounts.searches.documents import NotifiedPosting, SavedSearch
from market.services import store_postings
from tests.cluster.smtp import MailServer
from tests.factories import PostingFactory, SavedSearchFactory

pytestmark = pytest.mark.usefixtures("servers_emptied", "mailoutbox")


@pytest.fixture
def search(ada):
    return save(ada)


def save(member, **fields):
    long_ago = timezone.now() - timedelta(days=3)
    usual = {"name": "Snakes", "filter": {"skills_any": ["python"]}, "digest": "daily", "created_at": long_ago}
    return SavedSearchFactory(user=ObjectId(member.id), **usual | fields)


def store(*titles, at=None):
    now = timezone.now()
    postings = [PostingFactory(title=title, technology_slugs=("python",), date_posted=now.date()) for title in titles]
    store_postings(postings=postings, now=at or now)


def preview(member, search):
    return member.get(f"/jobs/searches/{search.pk}/digest").json()["digest"]


def send(*arguments):
    out = StringIO()
    call_command("send_digests", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_previews_the_mail_that_is_sent_then(ada, search, mailoutbox):
    store("Snake <charmer>", "Snake keeper")

    shown = preview(ada, search)
    assert (mailoutbox, NotifiedPosting.objects.count()) == ([], 0)
    send()

    (message,) = mailoutbox
    assert (shown["reason"], shown["detail"], shown["is_example"]) == (None, None, False)
    assert (shown["jobs"], shown["total"]) == (2, 2)
    assert (shown["to"], shown["subject"], shown["text"]) == (message.to[0], message.subject, message.body)
    assert shown["html"] == message.alternatives[0][0]
    assert "Snake &lt;charmer&gt;" in shown["html"]


def test_previews_an_example_where_nothing_is_new(ada, search):
    store("Old snake", at=search.since - timedelta(days=1))

    shown = preview(ada, search)

    assert (shown["reason"], shown["is_example"], shown["jobs"], shown["total"]) == ("nothing_new", True, 0, 0)
    assert "Old snake" in shown["text"]


def test_previews_a_search_that_finds_nothing_at_all(ada, search):
    shown = preview(ada, search)

    assert (shown["reason"], shown["is_example"], shown["jobs"]) == ("nothing_new", True, 0)


@pytest.mark.parametrize("reason", ["digest_off", "email_not_confirmed", "no_mail_server"])
def test_says_why_no_mail_would_be_sent(ada, search, settings, reason):
    store("Snake keeper")
    if reason == "digest_off":
        SavedSearch.objects.update(unset__digest=True)
    elif reason == "email_not_confirmed":
        User.objects.update(email_confirmed=False)
    else:
        settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

    shown = preview(ada, search)

    assert (shown["reason"], shown["jobs"]) == (reason, 1)
    assert shown["detail"].endswith(".")
    assert "Snake keeper" in shown["text"]
    assert send()["mails"] == 0


def test_previews_nobody_elses_search(register, search):
    assert register(email="eve@example.org").get(f"/jobs/searches/{search.pk}/digest").status_code == 404


def test_refuses_to_preview_a_filter_that_is_not_accepted_any_more(ada, search):
    SavedSearch.objects.update(filter={"seniorities": ["wizard"]})

    assert ada.get(f"/jobs/searches/{search.pk}/digest").status_code == 409
    assert send()["digests"][0]["reason"] == "filter_not_accepted"


def test_sends_what_is_due_once(ada, search, mailoutbox):
    save(ada, name="Weekly", number=1, digest="weekly")
    store("Snake keeper")

    first, second = send(), send()
    store("Snake charmer")

    assert (first["searches"], first["mails"], first["postings"]) == (2, 2, 2)
    assert (second["searches"], send()["searches"], len(mailoutbox)) == (0, 0, 2)


def test_sends_now_what_was_sent_today_with_new_postings_alone(ada, search, mailoutbox):
    store("Snake keeper")
    send()
    assert send("--now")["digests"][0]["reason"] == "nothing_new"
    store("Snake charmer")

    report = send("--now")

    assert report["mails"] == 1
    assert "Snake charmer" in mailoutbox[1].body
    assert "Snake keeper" not in mailoutbox[1].body


def test_a_dry_run_sends_and_changes_nothing(search, mailoutbox, mongo):
    store("Snake keeper")
    stored = list(mongo.saved_searches.find())

    report = send("--dry-run", "--now")

    assert report["digests"] == [
        {"search": str(search.pk), "name": "Snakes", "to": "ada@example.org", "postings": 1, "reason": ""}
    ]
    assert (report["mails"], mailoutbox, list(mongo.saved_searches.find())) == (1, [], stored)
    assert mongo.told_postings.count_documents({}) == 0


@pytest.mark.parametrize("by", ["address", "id"])
def test_sends_those_of_one_user(ada, search, register, mailoutbox, by):
    eve = register(email="eve@example.org")
    save(eve, name="Eve's")
    store("Snake keeper")

    report = send("--user", "EVE@example.org" if by == "address" else eve.id)

    assert [mail["name"] for mail in report["digests"]] == ["Eve's"]
    assert [message.to for message in mailoutbox] == [["eve@example.org"]]


@pytest.mark.parametrize("user", ["nobody@example.org", "0" * 24, ""])
def test_names_a_user_that_is_not_there(user):
    with pytest.raises(CommandError, match="no active account"):
        send("--user", user)


def test_sends_by_a_mail_server_and_names_one_that_does_not_answer(search, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "127.0.0.1", False
    store("Snake keeper")
    with MailServer() as server:
        settings.EMAIL_PORT = server.port

    with pytest.raises(CommandError, match=f"Cannot reach the mail server at 127.0.0.1:{server.port}"):
        send()
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        assert send()["mails"] == 1
        (mail,) = server.mails

    assert mail.to == "ada@example.org"
    assert any("Snake keeper" in line for line in mail.lines)
