"""Logging in, refreshing, logging out."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import timezone

from accounts.documents import MAX_ENDED_SESSIONS, RefreshToken, User, hash_token
from accounts.sessions import RefreshRefused, end_session_of, refresh_session, start_session
from tests.fixtures.people import API, NEW_PASSWORD, PASSWORD, REGISTRATION

CREDENTIALS = {"email": "ada@example.org", "password": PASSWORD}
NOW = datetime(2025, 10, 30, 10, tzinfo=UTC)


def _refresh(token):
    return API().post("/auth/refresh", {"refresh_token": token})


@pytest.fixture
def hashings(monkeypatch):
    """Counts how often a password is hashed."""
    counter = Counter()
    encode = PBKDF2PasswordHasher.encode

    def counted(self, *args, **kwargs):
        counter["runs"] += 1
        return encode(self, *args, **kwargs)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counted)
    return counter


def test_answers_tokens_and_the_user(ada, api):
    answer = api.post("/auth/login", CREDENTIALS)

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "user"}
    assert body["token_type"] == "bearer"
    assert body["user"] == API(token=body["access_token"]).get("/auth/me").json()
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_takes_an_oauth2_password_form(ada, api, kind):
    fields = {"grant_type": "password", "username": "ADA@example.org", "password": PASSWORD, "scope": ""}
    if kind.startswith("multipart"):
        parts = [f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        body = "".join(parts) + "--b--\r\n"
    else:
        body = "&".join(f"{name}={value}" for name, value in fields.items())

    answer = api.client.generic("POST", "/auth/login/form", body, kind)

    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["user"]["email"] == "ada@example.org"


def test_refuses_json_where_a_form_is_asked_for(api):
    assert api.post("/auth/login/form", {"username": "a", "password": "b"}).status_code == 415


@pytest.mark.parametrize("body", [b"", b"username=a", b"password=b", b"username=&password=", b"%ff=%ff&=&&"])
def test_names_what_a_form_lacks(api, body):
    answer = api.client.generic("POST", "/auth/login/form", body, "application/x-www-form-urlencoded")

    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "given",
    [
        {"email": "ada@example.org", "password": "Wrong-Pass-123"},
        {"email": "nobody@example.org", "password": PASSWORD},
        {"email": "ada@example.org", "password": PASSWORD + " "},
    ],
)
def test_refuses_a_wrong_address_and_a_wrong_password_alike(ada, api, given):
    answer = api.post("/auth/login", given)

    assert answer.status_code == 401
    assert answer.json() == {"detail": "The email address or the password is wrong."}
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "email"),
        ({"email": "ada@example.org"}, "password"),
        ({"email": "ada", "password": "x"}, "email"),
        ({"email": None, "password": "x"}, "email"),
        ({"email": ["a"], "password": "x"}, "email"),
        ({"email": "ada@example.org", "password": 8}, "password"),
    ],
)
def test_names_the_field_at_fault(api, given, field):
    answer = api.post("/auth/login", given)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]


@pytest.mark.parametrize("path", ["/auth/login", "/users/login"])
@pytest.mark.parametrize("value", [{"$gt": ""}, {"$where": "1"}, [{"$gt": ""}]])
def test_lets_nobody_in_by_an_operator(ada, api, path, value):
    answers = [api.post(path, CREDENTIALS | {field: value}) for field in CREDENTIALS]

    assert [answer.status_code for answer in answers] == [400, 400]


def test_hashes_as_often_for_an_unknown_address_as_for_a_wrong_password(ada, api, hashings):
    api.post("/auth/login", CREDENTIALS | {"password": "Wrong-Pass-123"})
    wrong_password = hashings.pop("runs")

    api.post("/auth/login", CREDENTIALS | {"email": "nobody@example.org"})

    assert hashings["runs"] == wrong_password == 1


def test_rehashes_at_login_when_the_work_factor_has_risen(ada, api, monkeypatch):
    updated_at = User.objects.get().updated_at
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 20)

    answer = api.post("/auth/login", CREDENTIALS)

    assert answer.status_code == 200
    user = User.objects.get()
    assert user.hashed_password.startswith("pbkdf2_sha256$20$")
    assert user.updated_at == updated_at
    assert api.post("/auth/login", CREDENTIALS).status_code == 200


def test_lets_no_inactive_user_in(ada, api):
    user = User.objects.get()
    user.is_active = False
    user.save()

    assert api.post("/auth/login", CREDENTIALS).status_code == 401
    assert ada.get("/auth/me").status_code == 401
    assert _refresh(ada.refresh_token).status_code == 401


def test_lets_an_inactive_user_in_again_without_the_tokens_from_before(ada, api):
    for is_active in (False, True):
        user = User.objects.get()
        user.is_active = is_active
        user.save()

    assert ada.get("/auth/me").status_code == 401
    assert _refresh(ada.refresh_token).status_code == 401
    token = api.post("/auth/login", CREDENTIALS).json()["access_token"]
    assert API(token=token).get("/auth/me").status_code == 200


def test_refreshes_into_a_new_pair_that_works(ada):
    answer = _refresh(ada.refresh_token)

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "refresh_token", "token_type"}
    assert API(token=body["access_token"]).get("/auth/me").status_code == 200
    assert _refresh(body["refresh_token"]).status_code == 200


@pytest.fixture
def no_grace(settings):
    settings.JWT_REFRESH_GRACE_SECONDS = 0


def test_answers_three_at_once_pairs_of_one_session_that_goes_on(ada, mongo):
    for _ in range(10):
        token = API().post("/auth/login", CREDENTIALS).json()["refresh_token"]

        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(_refresh, [token] * 3))

        assert [answer.status_code for answer in answers] == [200, 200, 200]
        pairs = [answer.json() for answer in answers]
        assert len({pair["refresh_token"] for pair in pairs}) == 3
        families = {RefreshToken.objects.get(jti=hash_token(pair["refresh_token"])).family for pair in pairs}
        assert families == {RefreshToken.objects.get(jti=hash_token(token)).family}
        assert all(API(token=pair["access_token"]).get("/auth/me").status_code == 200 for pair in pairs)
        assert [_refresh(pair["refresh_token"]).status_code for pair in pairs] == [200, 200, 200]


def test_counts_the_grace_from_the_first_use(ada):
    user, seconds = User.objects.get(), timedelta(seconds=1)
    token = start_session(user_id=user.id, now=NOW).refresh_token
    for second in (0, 15, 19):
        refresh_session(refresh_token=token, now=NOW + second * seconds)

    with pytest.raises(RefreshRefused) as refused:
        refresh_session(refresh_token=token, now=NOW + 20 * seconds)

    assert refused.value.reason == "used"


def test_ends_every_successor_once_the_grace_is_over(ada):
    user = User.objects.get()
    token = start_session(user_id=user.id, now=NOW).refresh_token
    successors = [refresh_session(refresh_token=token, now=NOW).refresh_token for _ in range(3)]

    with pytest.raises(RefreshRefused):
        refresh_session(refresh_token=token, now=NOW + timedelta(minutes=1))

    for successor in successors:
        with pytest.raises(RefreshRefused) as refused:
            refresh_session(refresh_token=successor, now=NOW + timedelta(minutes=1))
        assert refused.value.reason == "unknown"
    assert _refresh(ada.refresh_token).status_code == 200


def test_a_logout_leaves_nothing_of_refreshes_in_progress(ada):
    for _ in range(10):
        token = API().post("/auth/login", CREDENTIALS).json()["refresh_token"]
        family = RefreshToken.objects.get(jti=hash_token(token)).family

        with ThreadPoolExecutor(5) as pool:
            refreshes = [pool.submit(_refresh, token) for _ in range(2)]
            logout = pool.submit(API().post, "/auth/logout", {"refresh_token": token})
            refreshes += [pool.submit(_refresh, token) for _ in range(2)]

        assert logout.result().status_code == 204
        assert {refresh.result().status_code for refresh in refreshes} <= {200, 401}
        assert RefreshToken.objects(family=family).count() == 0


@pytest.mark.usefixtures("no_grace")
def test_ends_the_whole_session_at_a_second_use(ada):
    first = _refresh(ada.refresh_token).json()["refresh_token"]
    second = _refresh(first).json()["refresh_token"]

    reused = _refresh(ada.refresh_token)

    assert reused.status_code == 401
    assert reused["WWW-Authenticate"] == "Bearer"
    assert _refresh(second).status_code == 401
    assert RefreshToken.objects.count() == 0


@pytest.mark.usefixtures("no_grace")
def test_leaves_other_sessions_alone_at_a_second_use(ada, api):
    other = api.post("/auth/login", CREDENTIALS).json()["refresh_token"]
    _refresh(ada.refresh_token)

    _refresh(ada.refresh_token)

    assert _refresh(other).status_code == 200


@pytest.mark.usefixtures("no_grace")
def test_leaves_no_usable_token_when_many_use_one_at_once(ada):
    for _ in range(10):
        token = API().post("/auth/login", CREDENTIALS).json()["refresh_token"]

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(_refresh, [token] * 6))

        pairs = [answer.json()["refresh_token"] for answer in answers if answer.status_code == 200]
        assert len(pairs) <= 1
        assert all(_refresh(pair).status_code == 401 for pair in pairs)


@pytest.mark.usefixtures("no_grace")
def test_leaves_no_usable_token_when_a_thief_races_along_the_chain(ada):
    """One side follows the chain of successors while the other replays the first token."""
    for _ in range(10):
        token = API().post("/auth/login", CREDENTIALS).json()["refresh_token"]

        def follow(token):
            newest = token
            for _ in range(5):
                answer = _refresh(newest)
                if answer.status_code != 200:
                    break
                newest = answer.json()["refresh_token"]
            return newest

        first = _refresh(token).json()["refresh_token"]
        with ThreadPoolExecutor(2) as pool:
            newest = pool.submit(follow, first)
            replay = pool.submit(_refresh, token)

        assert replay.result().status_code == 401
        assert _refresh(newest.result()).status_code == 401


def test_stores_refresh_tokens_hashed(ada, mongo):
    stored = str(list(mongo.refresh_tokens.find()))

    assert ada.refresh_token not in stored
    assert mongo.refresh_tokens.index_information()["expires_at_1"]["expireAfterSeconds"] == 0


@pytest.mark.parametrize("token", ["unknown", "x" * 200, "ü"])
def test_refuses_an_unknown_refresh_token(api, token):
    answer = _refresh(token)

    assert answer.status_code == 401
    assert answer.json() == {"detail": "The refresh token is not valid."}


@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/logout"])
@pytest.mark.parametrize("given", [{}, {"refresh_token": None}, {"refresh_token": 3}, {"refresh_token": ""}, []])
def test_asks_for_the_refresh_token(api, path, given):
    assert api.post(path, given).status_code == 400


def test_refuses_a_refresh_token_after_its_days(ada):
    user = User.objects.get()
    token = start_session(user_id=user.id, now=NOW).refresh_token

    with pytest.raises(RefreshRefused) as refused:
        refresh_session(refresh_token=token, now=NOW + timedelta(days=30))

    assert refused.value.reason == "unknown"


def test_ends_one_session_at_logout(ada, api):
    other = api.post("/auth/login", CREDENTIALS).json()["refresh_token"]

    answer = api.post("/auth/logout", {"refresh_token": ada.refresh_token})

    assert answer.status_code == 204
    assert answer.content == b""
    assert _refresh(ada.refresh_token).status_code == 401
    assert _refresh(other).status_code == 200


def test_ends_access_tokens_of_the_session_at_logout_and_no_others(ada, api):
    other = api.post("/auth/login", CREDENTIALS).json()
    refreshed = _refresh(ada.refresh_token).json()
    tokens = [ada.token, refreshed["access_token"], other["access_token"]]
    before = [API(token=token).get("/auth/me").status_code for token in tokens]

    api.post("/auth/logout", {"refresh_token": refreshed["refresh_token"]})

    assert before == [200, 200, 200]
    assert [API(token=token).get("/auth/me").status_code for token in tokens] == [401, 401, 200]
    assert _refresh(other["refresh_token"]).status_code == 200


@pytest.mark.usefixtures("no_grace")
def test_ends_access_tokens_of_the_session_at_a_second_use(ada, api):
    other = api.post("/auth/login", CREDENTIALS).json()["access_token"]
    stolen = _refresh(ada.refresh_token).json()["access_token"]

    _refresh(ada.refresh_token)

    statuses = [API(token=token).get("/auth/me").status_code for token in (ada.token, stolen, other)]
    assert statuses == [401, 401, 200]


def test_forgets_ended_sessions_once_their_access_tokens_have_expired(ada):
    for minutes in (0, 20, 40, 60):
        at = NOW + timedelta(minutes=minutes)
        pair = start_session(user_id=User.objects.get().id, now=at)
        end_session_of(refresh_token=pair.refresh_token, now=at)

    untils = [ended["until"] for ended in User.objects.get().ended_sessions]
    assert [(until - NOW) // timedelta(minutes=1) for until in untils] == [70, 90]


def test_bounds_the_ended_sessions_of_a_user(ada):
    user_id = User.objects.get().id
    for number in range(MAX_ENDED_SESSIONS + 5):
        User.end_session(user_id=user_id, family=str(number), now=NOW)
    User.end_session(user_id=user_id, family="7", now=NOW)

    families = [ended["family"] for ended in User.objects.get().ended_sessions]
    assert families == [str(number) for number in range(5, MAX_ENDED_SESSIONS + 5)]


def test_refuses_a_refresh_token_of_before_a_new_password_that_is_still_stored(ada):
    ada.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    # As a login stores it whose password was checked just before the change.
    late = start_session(user_id=User.objects.get().id, now=timezone.now())

    assert _refresh(late.refresh_token).status_code == 401
    assert API(token=late.access_token).get("/auth/me").status_code == 401


def test_a_logout_adds_nothing_to_what_a_request_asks_of_mongodb(ada, api, commands):
    other = api.post("/auth/login", CREDENTIALS).json()
    api.post("/auth/logout", {"refresh_token": other["refresh_token"]})
    ada.get("/auth/me")
    commands.clear()

    statuses = [ada.get("/auth/me").status_code, API(token=other["access_token"]).get("/auth/me").status_code]

    assert (statuses, commands) == ([200, 401], [])


def test_ends_the_session_at_logout_with_a_token_already_used(ada, api):
    newest = _refresh(ada.refresh_token).json()["refresh_token"]

    api.post("/auth/logout", {"refresh_token": ada.refresh_token})

    assert _refresh(newest).status_code == 401


def test_is_content_with_a_session_that_is_over(api):
    assert api.post("/auth/logout", {"refresh_token": "unknown"}).status_code == 204


def test_registers_without_logging_in(api):
    assert "access_token" not in api.post("/auth/register", REGISTRATION).json()
