"""Digests on request: the preview of a search's email, and `manage.py send_digests`."""

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

pytestmark = pytest.mark.usefixtures("empty_servers", "mailoutbox")


@pytest.fixture
def search(ada):
    return save(ada)


def save(member, **fields):
    long_ago = timezone.now() - timedelta(days=3)
    usual = {"name": "Snakes", "filter": {"skills_any": ["python"]}, "digest": "daily", "created_at": long_ago}
    return SavedSearchFactory.create(user=ObjectId(member.id), **usual | fields)


def store(*titles, at=None):
    now = timezone.now()
    postings = [
        PostingFactory.build(title=title, technology_slugs=("python",), date_posted=now.date()) for title in titles
    ]
    store_postings(postings=postings, now=at or now)


def preview(member, search):
    return member.get(f"/jobs/searches/{search.pk}/digest").json()["digest"]


def send(*arguments):
    out = StringIO()
    call_command("send_digests", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_previews_the_mail_that_is_sent_afterwards(ada, search, mailoutbox):
    store("Snake <charmer>", "Snake keeper")

    digest = preview(ada, search)
    assert (mailoutbox, NotifiedPosting.objects.count()) == ([], 0)
    send()

    (message,) = mailoutbox
    assert (digest["reason"], digest["detail"], digest["is_example"]) == (None, None, False)
    assert (digest["jobs"], digest["total"]) == (2, 2)
    assert (digest["to"], digest["subject"], digest["text"]) == (message.to[0], message.subject, message.body)
    assert digest["html"] == message.alternatives[0][0]
    assert "Snake &lt;charmer&gt;" in digest["html"]


def test_previews_an_example_if_nothing_is_new(ada, search):
    store("Old snake", at=search.since - timedelta(days=1))

    digest = preview(ada, search)

    assert (digest["reason"], digest["is_example"], digest["jobs"], digest["total"]) == ("nothing_new", True, 0, 0)
    assert "Old snake" in digest["text"]


def test_previews_a_search_without_any_match(ada, search):
    digest = preview(ada, search)

    assert (digest["reason"], digest["is_example"], digest["jobs"]) == ("nothing_new", True, 0)


@pytest.mark.parametrize("reason", ["digest_off", "email_not_confirmed", "no_mail_server"])
def test_explains_why_no_mail_would_be_sent(ada, search, settings, reason):
    store("Snake keeper")
    if reason == "digest_off":
        SavedSearch.objects.update(unset__digest=True)
    elif reason == "email_not_confirmed":
        User.objects.update(email_confirmed=False)
    else:
        settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

    digest = preview(ada, search)

    assert (digest["reason"], digest["jobs"]) == (reason, 1)
    assert digest["detail"].endswith(".")
    assert "Snake keeper" in digest["text"]
    assert send()["mails"] == 0


def test_does_not_preview_searches_of_others(register, search):
    assert register(email="eve@example.org").get(f"/jobs/searches/{search.pk}/digest").status_code == 404


def test_rejects_the_preview_of_a_filter_that_is_no_longer_valid(ada, search):
    SavedSearch.objects.update(filter={"seniorities": ["wizard"]})

    assert ada.get(f"/jobs/searches/{search.pk}/digest").status_code == 409
    assert send()["digests"][0]["reason"] == "filter_not_accepted"


def test_sends_due_digests_once(ada, search, mailoutbox):
    save(ada, name="Weekly", number=1, digest="weekly")
    store("Snake keeper")

    first, second = send(), send()
    store("Snake charmer")

    assert (first["searches"], first["mails"], first["postings"]) == (2, 2, 2)
    assert (second["searches"], send()["searches"], len(mailoutbox)) == (0, 0, 2)


def test_now_sends_again_on_the_same_day_with_only_new_postings(ada, search, mailoutbox):
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
def test_sends_digests_of_one_user(ada, search, register, mailoutbox, by):
    eve = register(email="eve@example.org")
    save(eve, name="Eve's")
    store("Snake keeper")

    report = send("--user", "EVE@example.org" if by == "address" else eve.id)

    assert [mail["name"] for mail in report["digests"]] == ["Eve's"]
    assert [message.to for message in mailoutbox] == [["eve@example.org"]]


@pytest.mark.parametrize("user", ["nobody@example.org", "0" * 24, ""])
def test_reports_an_unknown_user(user):
    with pytest.raises(CommandError, match="no active account"):
        send("--user", user)


def test_sends_through_a_mail_server_and_reports_an_unreachable_one(search, settings):
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
