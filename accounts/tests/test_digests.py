"""Email digests of saved searches."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default as default_policy
from smtplib import SMTPServerDisconnected

import pytest
from bson import ObjectId
from celery.exceptions import Retry
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from accounts.documents import User
from accounts.searches import tasks
from accounts.searches.documents import NotifiedPosting, SavedSearch
from accounts.searches.selectors import list_due_searches
from accounts.searches.services import (
    MAX_MAILED,
    change_search,
    delete_search,
    end_digest,
    mark_notified,
    save_search,
    send_digest,
)
from career_navigator.celery import app
from market.documents import JobPostingDocument
from market.jobs.filters import JobFilter
from market.services import store_postings
from tests.factories import PostingFactory
from tests.queued import run_queued

# A Wednesday. These tests do not use the real time.
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
WEDNESDAY, THURSDAY = date(2026, 11, 18), date(2026, 11, 19)
MONDAY = date(2026, 11, 23)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def save(ada):
    def make(digest="daily", name="Python", **criteria) -> SavedSearch:
        job_filter = JobFilter(**({"skills_any": ("python",)} | criteria))
        return save_search(user_id=ObjectId(ada.id), name=name, job_filter=job_filter, digest=digest, now=NOW)

    return make


def store(*titles, at=NOW + HOUR, **fields) -> None:
    fields = {"technology_slugs": ("python",), "date_posted": NOW.date()} | fields
    store_postings(postings=[PostingFactory.build(title=title, **fields) for title in titles], now=at)


def send(search, day=THURSDAY, now=NOW + DAY) -> int:
    return send_digest(search_id=search.pk, day=day, now=now)


def send_due(day, now=NOW + DAY) -> list[int]:
    return [send_digest(search_id=each, day=day, now=now) for each in list_due_searches(day=day)]


class DisconnectingBackend(EmailBackend):
    """A mail server that accepts the message and disconnects before it responds."""

    def send_messages(self, messages):
        super().send_messages(messages)
        raise SMTPServerDisconnected("Connection unexpectedly closed")


def test_mails_new_postings_as_text_and_html(save, settings, mailoutbox):
    settings.PUBLIC_URL = "https://navigator.example.org"
    search = save(name="Snakes & <b>co</b>\r\nBcc: all@example.org")
    store("Lead <script>Engineer", company="Ham & Eggs", url="https://jobs.example.com/1", remote=True)
    store("Sneaky", url="javascript:alert(1)")

    assert send(search) == 2

    (message,) = mailoutbox
    assert message.to == ["ada@example.org"]
    assert message.subject == "Career Navigator API: 2 new jobs for Snakes & <b>co</b> Bcc: all@example.org"
    assert "- Lead <script>Engineer\n  Ham & Eggs" in message.body
    assert "https://jobs.example.com/1" in message.body
    ((html, media_type),) = message.alternatives
    assert media_type == "text/html"
    assert "Lead &lt;script&gt;Engineer" in html
    assert "Ham &amp; Eggs" in html
    assert "<script" not in html + "".join(html.split("Snakes &amp; &lt;b&gt;co"))
    assert "javascript:" not in html + message.body
    assert "Bcc" not in message.message()


def test_supports_one_click_unsubscribe(api, save, settings, mailoutbox):
    settings.PUBLIC_URL = "https://navigator.example.org"
    search = save()
    store("First")
    send(search)

    (message,) = mailoutbox
    sent = message_from_bytes(message.message().as_bytes(), policy=default_policy)

    url = message.extra_headers["List-Unsubscribe"].strip("<>")
    assert sent["List-Unsubscribe"].strip() == f"<{url}>"
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in message.body
    assert url.startswith("https://navigator.example.org/jobs/searches/unsubscribe?token=")
    path = url.removeprefix("https://navigator.example.org")
    body = b"List-Unsubscribe=One-Click"
    assert api.client.generic("POST", path, body, "application/x-www-form-urlencoded").status_code == 200
    store("Second")
    assert send(search.reload(), day=THURSDAY + DAY) == 0


def test_sends_nothing_if_nothing_is_new(save, mailoutbox):
    search = save()
    store("Before", at=NOW - HOUR)
    store("Nurse", technology_slugs=("excel",))

    assert send(search) == 0
    assert mailoutbox == []


def test_mails_a_posting_only_once_even_if_it_changes(save, mailoutbox):
    search = save()
    store("First", job_id="1", url="https://jobs.example.com/1")
    send(search)
    store("First, changed", job_id="1", url="https://jobs.example.com/1", at=NOW + DAY)

    assert [send(search, day=THURSDAY + each * DAY) for each in (1, 2)] == [0, 0]
    assert len(mailoutbox) == 1


def test_mails_postings_collected_later_but_posted_earlier(save, mailoutbox):
    search = save()
    store("New")
    send(search)

    store("Old", date_posted=NOW.date() - timedelta(days=50), at=NOW + DAY)

    assert send(search, day=THURSDAY + DAY) == 1
    assert "- Old\n" in mailoutbox[1].body


def test_limits_a_mail_and_sends_the_rest_with_the_next(save, mailoutbox):
    search = save()
    store(*(f"Job {number:02}" for number in range(MAX_MAILED + 3)))

    sent = [send(search, day=THURSDAY + number * DAY) for number in range(3)]

    assert sent == [MAX_MAILED, 3, 0]
    assert "3 more new jobs match this search" in mailoutbox[0].body
    assert "more" not in mailoutbox[1].body
    lines = [line for message in mailoutbox for line in message.body.splitlines() if line.startswith("- Job")]
    assert len(set(lines)) == len(lines) == MAX_MAILED + 3


@pytest.mark.parametrize("tries", [2, 5])
def test_sends_one_mail_if_the_task_runs_concurrently_and_again(save, mailoutbox, tries):
    search = save()
    store(*(f"Job {number}" for number in range(MAX_MAILED + 5)))

    with ThreadPoolExecutor(tries) as pool:
        sent = list(pool.map(lambda _: send(search), range(tries)))

    assert sorted(sent) == [0] * (tries - 1) + [MAX_MAILED]
    assert send(search) == 0
    assert len(mailoutbox) == 1


def test_does_not_repeat_a_mail_after_a_crash_but_still_lists_the_posting(ada, save, mailoutbox, monkeypatch):
    search = save()
    store("First")

    class Crash(BaseException):
        pass

    def crash(*args, **kwargs):
        raise Crash

    with monkeypatch.context() as broken:
        broken.setattr(mail.EmailMultiAlternatives, "send", crash)
        with pytest.raises(Crash):
            send(search)

    assert [send(search), send(search, day=THURSDAY + DAY)] == [0, 0]
    assert mailoutbox == []
    assert len(ada.get(f"/jobs/searches/{search.pk}/new").json()["jobs"]) == 1


def test_does_not_resend_a_mail_that_the_server_may_have_accepted(save, settings, mailoutbox):
    search = save()
    store("First")
    settings.EMAIL_BACKEND = f"{__name__}.{DisconnectingBackend.__qualname__}"
    first = send(search)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    again = [send(search), send(search, day=THURSDAY + DAY)]

    assert (first, again, len(mailoutbox)) == (0, [0, 0], 1)


def test_retries_while_the_mail_server_is_unavailable(save, settings, mailoutbox):
    search = save()
    store("First")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    with pytest.raises((Retry, ConnectionRefusedError)):
        tasks.send_digest.apply(args=(str(search.pk), str(THURSDAY)), throw=True)
    claimed = NotifiedPosting.objects.count()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    assert (claimed, send(search), len(mailoutbox)) == (0, 1, 1)


def test_reserves_nothing_without_a_mail_server(save, settings, caplog, mailoutbox):
    search = save()
    store("First")
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    first = send(search)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    assert (first, send(search)) == (0, 1)
    assert "EMAIL_HOST" in caplog.text


def deactivate(search):
    User.objects(id=search.user).update_one(set__is_active=False)


def erase(search):
    User.objects(id=search.user).delete()


def unsubscribe(search):
    end_digest(search_id=search.pk, now=NOW)


def turn_off(search):
    change_search(search=search, fields={"digest": None}, now=NOW)


def show(search):
    mark_notified(search=search, job_ids=[row.pk for row in JobPostingDocument.objects], now=NOW)


@pytest.mark.parametrize(
    "act", [deactivate, erase, unsubscribe, turn_off, show, lambda search: delete_search(search=search)]
)
def test_stops_sending_after(save, mailoutbox, act):
    search = save()
    store("First")

    act(search)

    assert send(search) == 0
    assert mailoutbox == []


def test_reports_only_postings_collected_since_mails_were_turned_on(save, mailoutbox):
    search = save(digest=None)
    store("Earlier")
    change_search(search=search, fields={"digest": "daily"}, now=NOW + DAY)
    store("Later", at=NOW + DAY + HOUR)

    assert send(search, day=THURSDAY + DAY, now=NOW + 2 * DAY) == 1
    assert "Earlier" not in mailoutbox[0].body


def test_daily_digests_are_due_each_day_and_weekly_ones_on_monday(save, mailoutbox):
    save(name="Daily")
    save(name="Weekly", digest="weekly")
    save(name="Never", digest=None)
    days = [WEDNESDAY + number * DAY for number in range(10)]

    for number, day in enumerate(days):
        store(f"Job {number}", at=NOW + number * DAY + HOUR)
        send_due(day, now=NOW + number * DAY + 2 * HOUR)
        send_due(day, now=NOW + number * DAY + 3 * HOUR)

    daily = [message for message in mailoutbox if "Daily" in message.subject]
    (weekly,) = [message for message in mailoutbox if "Weekly" in message.subject]
    assert len(daily) == len(days)
    # From the Wednesday on which the search was saved to the following Monday.
    assert weekly.subject.startswith("Career Navigator API: 6 new jobs")
    assert not [message for message in mailoutbox if "Never" in message.subject]


def test_a_missed_monday_is_made_up_later_in_the_week(save):
    save(digest="weekly")
    store("First")

    assert send_due(MONDAY - DAY) == []
    assert send_due(MONDAY + DAY, now=NOW + 6 * DAY) == [1]
    store("Second", at=NOW + 6 * DAY)
    assert send_due(MONDAY + 2 * DAY, now=NOW + 7 * DAY) == []


def test_a_monday_without_new_postings_counts_as_done(save):
    save(digest="weekly")

    assert send_due(MONDAY, now=NOW + 5 * DAY) == [0]
    store("First", at=NOW + 5 * DAY)
    assert send_due(MONDAY + DAY, now=NOW + 6 * DAY) == []


def test_deletes_notifications_of_deleted_postings(save, mongo):
    search = save()
    store("First")
    send(search)
    mongo.job_postings.delete_many({})
    store("Second", at=NOW + DAY)

    send(search, day=THURSDAY + DAY)

    assert [notification.job for notification in NotifiedPosting.objects] == [mongo.job_postings.find_one()["_id"]]


def test_an_invalid_filter_does_not_stop_other_digests(save, mailoutbox, mongo):
    search = save()
    store("First")
    mongo.saved_searches.update_one({"_id": search.pk}, {"$set": {"filter": {"seniorities": ["wizard"]}}})
    save(name="Good")

    assert sorted(send_due(THURSDAY)) == [0, 1]
    assert len(mailoutbox) == 1


def test_queues_a_task_per_due_digest(save, redis, mailoutbox):
    save(name="One")
    save(name="Two")
    save(name="Never", digest=None)
    store("First")

    tasks.queue_digests()
    names = run_queued(redis)

    assert names == ["accounts.searches.tasks.send_digest"] * 2
    assert len(mailoutbox) == 2


def test_is_scheduled_after_the_daily_collection():
    entry = app.conf.beat_schedule["send saved-search digests"]

    assert entry["task"] == tasks.queue_digests.name
    assert (entry["schedule"].hour, entry["schedule"].minute) == ({7}, {0})


def test_queries_of_searches_use_an_index(save, mongo):
    for number in range(40):
        save(name=str(number), digest=("daily", "weekly", None)[number % 3])
    mongo.command("profile", 0)
    mongo.drop_collection("system.profile")
    mongo.command("profile", 2)
    try:
        list_due_searches(day=THURSDAY)
        list(SavedSearch.objects(user=ObjectId()).order_by("id"))
        list(NotifiedPosting.objects(search=ObjectId()).scalar("job"))
    finally:
        mongo.command("profile", 0)

    plans = [each["planSummary"] for each in mongo["system.profile"].find({"planSummary": {"$exists": True}})]
    assert sorted(set(plans)) == [
        "IXSCAN { digest: 1, digest_day: 1 }, IXSCAN { digest: 1, digest_day: 1 }",
        "IXSCAN { search: 1, job: 1 }",
        "IXSCAN { user: 1, _id: 1 }",
    ]
