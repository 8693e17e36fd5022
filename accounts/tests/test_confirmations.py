"""Email confirmation. An unconfirmed account can do everything except receive digests."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from bson import ObjectId
from django.core import mail

from accounts.credentials import ConfirmationRejected, confirm_email_address, send_confirmation_message
from accounts.documents import EmailConfirmation, User
from accounts.searches.documents import NotifiedPosting
from accounts.searches.services import save_search, send_digest
from accounts.services import deactivate_user
from accounts.tasks import send_confirmation_message as send_confirmation_task
from accounts.tasks import send_reset_message
from career_navigator.db.connection import database
from career_navigator.setting_values import Rate
from market.jobs.filters import JobFilter
from market.services import store_postings
from tests.factories import PostingFactory
from tests.fixtures.users import API, NEW_PASSWORD, REGISTRATION

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
SEARCH = {"name": "Python", "filter": {"skills_any": ["python"]}, "digest": "daily"}
TASK = "accounts.tasks.send_confirmation_message"


@pytest.fixture
def eve(register):
    """Return an account whose address is not confirmed."""
    return register(email_confirmed=False)


@pytest.fixture
def send_and_get_link(eve):
    """Return a function that sends a confirmation message and returns the path and query of its link."""

    def send() -> str:
        mail.outbox.clear()
        send_confirmation_task(eve.id)
        return re.findall(r"http://localhost:8000(/auth/email/confirm\?token=[\w-]{43})\n", str(mail.outbox[0].body))[0]

    return send


def is_confirmed(member) -> bool:
    return member.get("/auth/me").json()["email_confirmed"]


def confirm(path):
    return API().send("POST", path)


def test_registers_an_unconfirmed_address_and_sends_the_link(api, queued):
    user = api.post("/auth/register", REGISTRATION | {"email_confirmed": True}).json()
    (arguments,) = [arguments for name, arguments in queued() if name == TASK]

    send_confirmation_task(*arguments)

    assert user["email_confirmed"] is False
    assert [message.to for message in mail.outbox] == [[user["email"]]]


def test_the_link_opens_a_page_whose_button_confirms(eve, send_and_get_link):
    path = send_and_get_link()
    before = is_confirmed(eve)

    page = API().get(path)
    after_viewing = is_confirmed(eve)
    done = confirm(path)

    assert (before, after_viewing, is_confirmed(eve)) == (False, False, True)
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert '<form method="post">' in page.content.decode()
    assert (page["Cache-Control"], "default-src 'none'" in page["Content-Security-Policy"]) == ("no-store", True)
    assert "Your address is confirmed." in done.content.decode()
    assert eve.get(f"/users/{eve.id}").json()["email_confirmed"] is True


def test_a_link_confirms_only_once(eve, send_and_get_link):
    path = send_and_get_link()

    assert [confirm(path).status_code, confirm(path).status_code, API().get(path).status_code] == [200, 400, 400]


def test_a_link_confirms_only_once_under_concurrent_requests(send_and_get_link):
    path = send_and_get_link()

    with ThreadPoolExecutor(5) as pool:
        statuses = sorted(response.status_code for response in pool.map(confirm, [path] * 5))

    assert statuses == [200, 400, 400, 400, 400]


def test_using_one_link_invalidates_the_others(send_and_get_link):
    first, second = send_and_get_link(), send_and_get_link()

    assert [confirm(second).status_code, confirm(first).status_code] == [200, 400]
    assert EmailConfirmation.objects.count() == 0


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=unknown", "?token=" + "x" * 300, "?token=%00", "?token[$ne]="]
)
def test_rejects_any_other_token(eve, query):
    responses = [API().send(method, f"/auth/email/confirm{query}") for method in ("GET", "POST")]

    assert [response.status_code for response in responses] == [400, 400]
    assert not is_confirmed(eve)


@pytest.mark.parametrize("path", ["/auth/email/confirm", "/jobs/searches/unsubscribe"])
def test_shows_browsers_a_page_for_an_invalid_link(path):
    url = f"{path}?token=unknown"

    page = API().get(url, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    response = API().get(url, Accept="*/*")

    assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "<button" not in page.content.decode()
    assert "link" in page.content.decode()
    assert (response.status_code, response.json()["error_codes"]) == (400, {"token": ["token_invalid"]})


def test_rejects_a_link_after_three_days(eve):
    send_confirmation_message(user_id=ObjectId(eve.id), now=NOW)
    token = re.findall(r"token=([\w-]+)", str(mail.outbox[0].body))[0]

    with pytest.raises(ConfirmationRejected):
        confirm_email_address(token=token, now=NOW + timedelta(days=3, seconds=1))


def test_stores_the_token_hashed(send_and_get_link, mongo):
    token = send_and_get_link().partition("=")[2]

    (stored,) = mongo.email_confirmations.find()
    assert token not in str(stored)
    assert mongo.email_confirmations.index_information()["expires_at_1"]["expireAfterSeconds"] == 0


@pytest.mark.parametrize("act", ["deactivate", "erase"])
def test_does_not_confirm_an_erased_or_inactive_user(eve, send_and_get_link, act):
    path = send_and_get_link()
    if act == "deactivate":
        deactivate_user(user_id=ObjectId(eve.id))
    else:
        eve.send("DELETE", f"/users/{eve.id}")
        assert EmailConfirmation.objects.count() == 0

    assert confirm(path).status_code == 400


def test_the_message_contains_no_registered_data(register):
    member = register(email_confirmed=False, full_name="Buy at https://evil.example")

    send_confirmation_task(member.id)

    assert "evil.example" not in f"{mail.outbox[0].body}{mail.outbox[0].subject}"


def test_a_password_reset_confirms_the_address(eve):
    send_reset_message(REGISTRATION["email"])
    token = re.findall(r"token=([\w-]+)", str(mail.outbox[0].body))[0]

    API().post("/auth/password/reset", {"token": token, "new_password": NEW_PASSWORD})

    assert User.objects.get().email_confirmed is True


def test_counts_accounts_of_earlier_releases_as_confirmed(eve, redis):
    database().users.update_many({}, {"$unset": {"email_confirmed": ""}})
    redis.flushdb()

    assert is_confirmed(eve)
    assert eve.put("/auth/me", {"location": "Paris"}).json()["email_confirmed"] is True


def test_sends_digests_only_to_confirmed_addresses(eve, send_and_get_link, mailoutbox):
    search = save_search(
        user_id=ObjectId(eve.id), name="Python", job_filter=JobFilter(skills_any=("python",)), digest="daily", now=NOW
    )
    store_postings(
        postings=[PostingFactory.build(title="First", technology_slugs=("python",), date_posted=NOW.date())],
        now=NOW + timedelta(hours=1),
    )

    unsent = send_digest(search_id=search.pk, day=date(2026, 11, 19), now=NOW + timedelta(days=1))
    claimed = NotifiedPosting.objects.count()
    confirm(send_and_get_link())
    sent = send_digest(search_id=search.pk, day=date(2026, 11, 19), now=NOW + timedelta(days=1))

    assert (unsent, claimed, sent) == (0, 0, 1)


def test_sends_the_link_when_digests_are_turned_on(eve, queued):
    search_id = eve.post("/jobs/searches", SEARCH | {"digest": None}).json()["search"]["id"]
    without = queued()
    eve.put(f"/jobs/searches/{search_id}", {"digest": "weekly"})
    turned_on = queued()
    eve.put(f"/jobs/searches/{search_id}", {"digest": "daily"})
    eve.put(f"/jobs/searches/{search_id}", {"name": "Snakes"})
    changed = queued()
    eve.post("/jobs/searches", SEARCH | {"name": "Another"})

    assert (without, turned_on, changed, queued()) == ([], [(TASK, [eve.id])], [], [(TASK, [eve.id])])


def test_sends_no_link_if_the_address_is_confirmed(ada, queued):
    ada.post("/jobs/searches", SEARCH)
    response = ada.send("POST", "/auth/email/send")
    send_confirmation_task(ada.id)

    assert (response.status_code, queued(), mail.outbox) == (202, [], [])
    assert "already confirmed" in response.json()["detail"]


def test_limits_how_often_the_link_is_sent(eve, queued, settings, window_clock):
    settings.THROTTLES = settings.THROTTLES | {"confirmation": Rate(2, 3600)}

    responses = [eve.send("POST", "/auth/email/send") for _ in range(3)]
    saved = eve.post("/jobs/searches", SEARCH)

    assert [response.status_code for response in responses] == [202, 202, 429]
    assert saved.status_code == 201
    assert queued() == [(TASK, [eve.id])] * 2


def test_saves_the_search_and_asks_to_retry_while_the_queue_is_unavailable(eve, api, switch_redis):
    switch_redis("away")

    response = eve.send("POST", "/auth/email/send")
    saved = eve.post("/jobs/searches", SEARCH)
    registered = api.post("/auth/register", REGISTRATION | {"email": "grace@example.org"})

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert (saved.status_code, registered.status_code) == (201, 201)


def test_sends_no_link_in_production_without_a_mail_server(eve, settings, caplog):
    settings.DEBUG, settings.EMAIL_HOST = False, ""

    send_confirmation_task(eve.id)

    assert "EMAIL_HOST is not set" in caplog.text
    assert "token=" not in caplog.text


def test_everything_else_works_without_confirmation(eve):
    responses = [
        eve.get("/auth/me"),
        eve.put("/auth/me", {"location": "Paris"}),
        eve.post("/jobs/searches", SEARCH),
        eve.get("/jobs/saved"),
        eve.get("/auth/me/export"),
    ]

    assert [response.status_code for response in responses] == [200, 200, 201, 200, 200]
    assert responses[-1].json()["email_confirmations"] == []
