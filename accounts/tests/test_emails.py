"""Normalization: one account per mailbox in any form of its domain, and passwords in any Unicode form."""

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
def store_unnormalized(register):
    """Return a function that stores an account like an older release, without normalizing the domain."""

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
def test_normalizes_an_address(text, normalized):
    assert normalize_email(text) == normalized
    assert normalize_email(normalized) == normalized


@pytest.mark.parametrize(("first", "second"), [(UNICODE, ASCII), (ASCII, UNICODE)])
def test_treats_both_forms_of_a_domain_as_one_account(first, second):
    responses = [register(first), register(second)]

    assert [response.status_code for response in responses] == [201, 400]
    assert responses[0].json()["email"] == ASCII
    assert responses[1].json()["errors"] == {"email": ["This field is already registered."]}
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
def test_rejects_an_address_at_a_domain_that_is_not_public(api, path, domain):
    name, full_name = ("email", "full_name") if path == "/auth/register" else ("email_id", "user_name")

    response = api.post(path, {name: f"a@{domain}", full_name: "Ada Lovelace", "password": PASSWORD})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [name]
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    "address",
    [
        *("a@example.org", "a@example.com", "a@example.net", "a@test.example.org", "a@lan.de", "a@home.pl"),
        *("a@mail.example.co.uk", ASCII, "a@xn--p1ai.xn--p1ai"),
    ],
)
def test_accepts_public_domains(address):
    assert is_public_email(address)


@pytest.mark.parametrize(
    "address",
    ["a@localhost", "a@[127.0.0.1]", "a@db.local", "x@host.lan", "a@b.test", UNICODE, ASCII, "a@☃.example.com"],
)
def test_logs_in_to_an_account_stored_by_an_older_release(store_unnormalized, address):
    store_unnormalized(address)

    response = log_in(address)

    assert response.status_code == 200
    assert API(token=response.json()["access_token"]).get("/auth/me").json()["email"] == address


@pytest.mark.parametrize("typed", [UNICODE, ASCII])
def test_finds_an_account_stored_by_an_older_release_by_either_form(store_unnormalized, typed, queued):
    store_unnormalized(UNICODE)
    queued()

    API().post("/auth/password/forgot", {"email": typed})
    send_reset_message(*queued()[0][1])

    assert log_in(typed).status_code == 200
    assert register(typed).status_code == 400
    assert [message.to for message in mail.outbox] == [[UNICODE]]


def test_accepts_a_profile_with_the_address_in_either_form(store_unnormalized):
    member = store_unnormalized(UNICODE)

    responses = [member.put(f"/users/{member.id}", {"email_id": form}) for form in (UNICODE, ASCII, "a@example.org")]

    assert [response.status_code for response in responses] == [200, 200, 400]


def test_counts_failed_logins_with_both_forms_together(settings, window_clock):
    from career_navigator.setting_values import Rate

    settings.THROTTLES = settings.THROTTLES | {"login_account": Rate(1, 60)}

    assert [log_in(form, "Wrong-123").status_code for form in (UNICODE, ASCII)] == [401, 429]


def test_stores_old_addresses_in_the_normalized_form(store_unnormalized):
    member = store_unnormalized(UNICODE)
    store_unnormalized("a@localhost")
    member.get("/auth/me")

    for _ in range(2):
        normalize_emails(now=timezone.now())

    assert member.get("/auth/me").json()["email"] == ASCII
    assert sorted(user.email for user in User.objects) == ["a@localhost", ASCII]


def test_keeps_two_existing_accounts_of_one_mailbox(store_unnormalized, caplog):
    members = {address: store_unnormalized(address) for address in (UNICODE, ASCII)}

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
def test_accepts_a_password_in_any_unicode_form(first, second):
    assert register(password=first).status_code == 201

    assert [log_in(password=form).status_code for form in (first, second)] == [200, 200]
    assert log_in(password="Passworter123").status_code == 401


def test_rehashes_a_raw_password_and_accepts_either_form_from_then_on(store_unnormalized):
    store_unnormalized(ASCII, password=DECOMPOSED)
    before = log_in(password=COMPOSED).status_code

    typed = log_in(password=DECOMPOSED).status_code

    assert (before, typed, log_in(password=COMPOSED).status_code) == (401, 200, 200)


def test_accepts_the_current_password_in_either_form_for_a_change():
    register(password=COMPOSED)
    token = log_in(password=COMPOSED).json()["access_token"]
    new = COMPOSED + "4"

    response = API(token=token).post("/auth/password", {"current_password": DECOMPOSED, "new_password": new})

    assert response.status_code == 200
    assert log_in(password=unicodedata.normalize("NFD", new)).status_code == 200


def test_validates_the_normalized_form_of_a_password():
    # In NFD the password has more code points than in NFKC, but the policy counts the latter.
    with pytest.raises(ValidationError) as weak:
        validate_password(unicodedata.normalize("NFD", "Ää1ÖÜö"))

    assert [error.code for error in weak.value.error_list] == ["too_short"]


def test_hashes_as_often_for_an_unknown_address_in_any_form(monkeypatch):
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
