"""One mailbox has one account, however its domain is written; one password, however its accents are typed."""

import unicodedata

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.documents import User
from accounts.migrations import normalize_emails
from accounts.profile_parsing import is_public_email, normalize_email
from accounts.tasks import send_reset_message
from career_navigator.db.connection import database
from tests.fixtures.users import API, PASSWORD, REGISTRATION

UNICODE, ASCII = "ida@münchen.example.com", "ida@xn--mnchen-3ya.example.com"
COMPOSED = unicodedata.normalize("NFC", "Pässwörter123")
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


def register(email=UNICODE, password=PASSWORD):
    return API().post("/auth/register", {"email": email, "password": password, "full_name": "Ida"})


def log_in(email=UNICODE, password=PASSWORD):
    return API().post("/auth/login", {"email": email, "password": password})


@pytest.fixture
def stored_as(register):
    """An account as a release stored it that left domains as they were written."""

    def make(address, password=PASSWORD):
        member = register(email=f"{len(address)}@example.org")
        database().users.update_one(
            {"email": f"{len(address)}@example.org"},
            {"$set": {"email": address, "hashed_password": make_password(password)}},
        )
        return member

    return make


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        (UNICODE, ASCII),
        (" IDA@MÜNCHEN.Example.COM ", ASCII),
        ("ida@mu\u0308nchen.example.com", ASCII),
        ("ida@XN--MNCHEN-3YA.example.com", ASCII),
        ("ida@münchen。example。com", ASCII),
        ("ida@straße.de", "ida@xn--strae-oqa.de"),
        ("ida@例え.jp", "ida@xn--r8jz45g.jp"),
        ("Ada@Example.ORG", "ada@example.org"),
        ("ada@a_b.example", "ada@a_b.example"),
        ("ada@☃.example", "ada@☃.example"),
        ("no address", "no address"),
        ("ada@", "ada@"),
        ("ada@" + "ü" * 100_000, "ada@" + "ü" * 100_000),
    ],
)
def test_brings_an_address_into_one_form(text, normalized):
    assert normalize_email(text) == normalized
    assert normalize_email(normalized) == normalized


@pytest.mark.parametrize(("first", "second"), [(UNICODE, ASCII), (ASCII, UNICODE)])
def test_takes_both_forms_of_a_domain_for_one_account(first, second):
    answers = [register(first), register(second)]

    assert [answer.status_code for answer in answers] == [201, 400]
    assert answers[0].json()["email"] == ASCII
    assert answers[1].json()["errors"] == {"email": ["This field is already registered."]}
    assert [log_in(form).status_code for form in (first, second)] == [200, 200]


@pytest.mark.parametrize("path", ["/users/", "/auth/register"])
@pytest.mark.parametrize(
    "domain",
    [
        *("localhost", "[127.0.0.1]", "[IPv6:::1]", "127.0.0.1", "10.0.0.12", "db.local", "mail.internal", "a.invalid"),
        *("app.localhost", "x.onion", "☃.example.com", "xn--n3h.example.com", "xn--zz.example.com", "example"),
        *("b.test", "host.lan", "HOST.LAN", "ｈost。lan", "x.home.arpa", "mx.corp", "pc.home", "x.mail", "b.example"),
        *("db.internal", "b.invalid", "nas.local", "pc.localdomain", "b.private", "b.intranet", "x.alt"),
    ],
)
def test_registers_no_address_that_is_not_at_a_public_domain(api, path, domain):
    name, full_name = ("email", "full_name") if path == "/auth/register" else ("email_id", "user_name")

    answer = api.post(path, {name: f"a@{domain}", full_name: "Ada Lovelace", "password": PASSWORD})

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [name]
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    "address",
    [
        *("a@example.org", "a@example.com", "a@example.net", "a@test.example.org", "a@lan.de", "a@home.pl"),
        *("a@mail.example.co.uk", ASCII, "a@xn--p1ai.xn--p1ai"),
    ],
)
def test_takes_names_of_the_public_internet(address):
    assert is_public_email(address)


@pytest.mark.parametrize(
    "address",
    ["a@localhost", "a@[127.0.0.1]", "a@db.local", "x@host.lan", "a@b.test", UNICODE, ASCII, "a@☃.example.com"],
)
def test_lets_in_an_account_that_was_stored_before(stored_as, address):
    stored_as(address)

    answer = log_in(address)

    assert answer.status_code == 200
    assert API(token=answer.json()["access_token"]).get("/auth/me").json()["email"] == address


@pytest.mark.parametrize("typed", [UNICODE, ASCII])
def test_finds_an_account_that_was_stored_before_by_either_form(stored_as, typed, queued):
    stored_as(UNICODE)
    queued()

    API().post("/auth/password/forgot", {"email": typed})
    send_reset_message(*queued()[0][1])

    assert log_in(typed).status_code == 200
    assert register(typed).status_code == 400
    assert [message.to for message in mail.outbox] == [[UNICODE]]


def test_takes_back_a_profile_with_the_address_in_either_form(stored_as):
    member = stored_as(UNICODE)

    answers = [member.put(f"/users/{member.id}", {"email_id": form}) for form in (UNICODE, ASCII, "a@example.org")]

    assert [answer.status_code for answer in answers] == [200, 200, 400]


def test_counts_tries_at_both_forms_together(settings, window_clock):
    from career_navigator.setting_values import Rate

    settings.THROTTLES = settings.THROTTLES | {"login_account": Rate(1, 60)}

    assert [log_in(form, "Wrong-123").status_code for form in (UNICODE, ASCII)] == [401, 429]


def test_stores_old_addresses_in_the_normalized_form(stored_as):
    member = stored_as(UNICODE)
    stored_as("a@localhost")
    member.get("/auth/me")

    for _ in range(2):
        normalize_emails(now=timezone.now())

    assert member.get("/auth/me").json()["email"] == ASCII
    assert sorted(user.email for user in User.objects) == ["a@localhost", ASCII]


def test_keeps_two_accounts_of_one_mailbox_that_there_were(stored_as, caplog):
    members = {address: stored_as(address) for address in (UNICODE, ASCII)}

    normalize_emails(now=timezone.now())

    assert f"user {members[UNICODE].id} keeps an unnormalized address" in caplog.text
    for address, member in members.items():
        assert log_in(address).json()["user"]["id"] == member.id


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (COMPOSED, DECOMPOSED),
        (DECOMPOSED, COMPOSED),
        ("ǖ" * 250 + "aA123", unicodedata.normalize("NFD", "ǖ" * 250 + "aA123")),
    ],
)
def test_takes_a_password_however_its_accents_are_typed(first, second):
    assert register(password=first).status_code == 201

    assert [log_in(password=form).status_code for form in (first, second)] == [200, 200]
    assert log_in(password="Passworter123").status_code == 401


def test_takes_a_password_that_was_stored_as_typed_and_the_other_form_from_then_on(stored_as):
    stored_as(ASCII, password=DECOMPOSED)
    before = log_in(password=COMPOSED).status_code

    typed = log_in(password=DECOMPOSED).status_code

    assert (before, typed, log_in(password=COMPOSED).status_code) == (401, 200, 200)


def test_takes_the_current_password_in_either_form_when_it_is_changed():
    register(password=COMPOSED)
    token = log_in(password=COMPOSED).json()["access_token"]
    new = COMPOSED + "4"

    answer = API(token=token).post("/auth/password", {"current_password": DECOMPOSED, "new_password": new})

    assert answer.status_code == 200
    assert log_in(password=unicodedata.normalize("NFD", new)).status_code == 200


def test_judges_a_password_by_its_normalized_form():
    # Eight code points, of which four are letters.
    with pytest.raises(ValidationError) as weak:
        validate_password(unicodedata.normalize("NFD", "Ää1ÖÜö"))

    assert [error.code for error in weak.value.error_list] == ["too_short"]


def test_hashes_as_often_for_an_unknown_address_whatever_is_typed(monkeypatch):
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    register(REGISTRATION["email"])
    runs, encode = [], PBKDF2PasswordHasher.encode

    def counted(self, *args, **kwargs):
        runs.append(1)
        return encode(self, *args, **kwargs)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counted)
    counts = []
    for email in (REGISTRATION["email"], "nobody@example.org"):
        runs.clear()
        log_in(email, DECOMPOSED)
        counts.append(len(runs))

    assert counts == [2, 2]
