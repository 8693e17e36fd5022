"""Refreshing and ending sessions: /auth/refresh and /auth/logout."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.authentication import RefreshRejected, end_session_by_token, refresh_session, start_session
from accounts.documents import MAX_ENDED_SESSIONS, RefreshToken, User, hash_token
from tests.fixtures.users import API, NEW_PASSWORD, PASSWORD, refresh

CREDENTIALS = {"email": "ada@example.org", "password": PASSWORD}


NOW = datetime(2025, 10, 30, 10, tzinfo=UTC)


def test_refreshes_into_a_new_pair_that_works(ada):
    response = refresh(ada.refresh_token)

    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert API(token=body["access_token"]).get("/auth/me").status_code == 200
    assert refresh(body["refresh_token"]).status_code == 200


@pytest.fixture
def no_grace(settings):
    settings.JWT_REFRESH_GRACE_SECONDS = 0


def test_three_concurrent_refreshes_return_pairs_of_one_session(ada, mongo):
    for _ in range(10):
        token = API().post("/auth/login", CREDENTIALS).json()["refresh_token"]

        with ThreadPoolExecutor(3) as pool:
            responses = list(pool.map(refresh, [token] * 3))

        assert [response.status_code for response in responses] == [200, 200, 200]
        pairs = [response.json() for response in responses]
        assert len({pair["refresh_token"] for pair in pairs}) == 3
        families = {RefreshToken.objects.get(jti=hash_token(pair["refresh_token"])).family for pair in pairs}
        assert families == {RefreshToken.objects.get(jti=hash_token(token)).family}
        assert all(API(token=pair["access_token"]).get("/auth/me").status_code == 200 for pair in pairs)
        assert [refresh(pair["refresh_token"]).status_code for pair in pairs] == [200, 200, 200]


def test_the_grace_period_starts_at_the_first_use(ada):
    user, seconds = User.objects.get(), timedelta(seconds=1)
    token = start_session(user_id=user.id, now=NOW).refresh_token
    for second in (0, 15, 19):
        refresh_session(refresh_token=token, now=NOW + second * seconds)

    with pytest.raises(RefreshRejected) as error:
        refresh_session(refresh_token=token, now=NOW + 20 * seconds)

    assert error.value.reason == "used"


def test_revokes_every_successor_after_the_grace_period(ada):
    user = User.objects.get()
    token = start_session(user_id=user.id, now=NOW).refresh_token
    successors = [refresh_session(refresh_token=token, now=NOW).refresh_token for _ in range(3)]

    with pytest.raises(RefreshRejected):
        refresh_session(refresh_token=token, now=NOW + timedelta(minutes=1))

    for successor in successors:
        with pytest.raises(RefreshRejected) as error:
            refresh_session(refresh_token=successor, now=NOW + timedelta(minutes=1))
        assert error.value.reason == "unknown"
    assert refresh(ada.refresh_token).status_code == 200


def test_a_logout_revokes_tokens_of_concurrent_refreshes(ada):
    for _ in range(10):
        token = API().post("/auth/login", CREDENTIALS).json()["refresh_token"]
        family = RefreshToken.objects.get(jti=hash_token(token)).family

        with ThreadPoolExecutor(5) as pool:
            refreshes = [pool.submit(refresh, token) for _ in range(2)]
            logout = pool.submit(API().post, "/auth/logout", {"refresh_token": token})
            refreshes += [pool.submit(refresh, token) for _ in range(2)]

        assert logout.result().status_code == 204
        assert {refresh.result().status_code for refresh in refreshes} <= {200, 401}
        assert RefreshToken.objects(family=family).count() == 0


@pytest.mark.usefixtures("no_grace")
def test_a_second_use_ends_the_whole_session(ada):
    first = refresh(ada.refresh_token).json()["refresh_token"]
    second = refresh(first).json()["refresh_token"]

    reused = refresh(ada.refresh_token)

    assert reused.status_code == 401
    assert reused["WWW-Authenticate"] == "Bearer"
    assert refresh(second).status_code == 401
    assert RefreshToken.objects.count() == 0


@pytest.mark.usefixtures("no_grace")
def test_a_second_use_does_not_affect_other_sessions(ada, api):
    other = api.post("/auth/login", CREDENTIALS).json()["refresh_token"]
    refresh(ada.refresh_token)

    refresh(ada.refresh_token)

    assert refresh(other).status_code == 200


@pytest.mark.usefixtures("no_grace")
def test_concurrent_use_leaves_no_valid_token(ada):
    for _ in range(10):
        token = API().post("/auth/login", CREDENTIALS).json()["refresh_token"]

        with ThreadPoolExecutor(6) as pool:
            responses = list(pool.map(refresh, [token] * 6))

        pairs = [response.json()["refresh_token"] for response in responses if response.status_code == 200]
        assert len(pairs) <= 1
        assert all(refresh(pair).status_code == 401 for pair in pairs)


@pytest.mark.usefixtures("no_grace")
def test_a_race_with_a_thief_leaves_no_valid_token(ada):
    """One client follows the chain of successors while another replays the first token."""
    for _ in range(10):
        token = API().post("/auth/login", CREDENTIALS).json()["refresh_token"]

        def follow(token):
            newest = token
            for _ in range(5):
                response = refresh(newest)
                if response.status_code != 200:
                    break
                newest = response.json()["refresh_token"]
            return newest

        first = refresh(token).json()["refresh_token"]
        with ThreadPoolExecutor(2) as pool:
            newest = pool.submit(follow, first)
            replay = pool.submit(refresh, token)

        assert replay.result().status_code == 401
        assert refresh(newest.result()).status_code == 401


def test_stores_refresh_tokens_hashed(ada, mongo):
    stored = str(list(mongo.refresh_tokens.find()))

    assert ada.refresh_token not in stored
    assert mongo.refresh_tokens.index_information()["expires_at_1"]["expireAfterSeconds"] == 0


@pytest.mark.parametrize("token", ["unknown", "x" * 200, "ü"])
def test_rejects_an_unknown_refresh_token(api, token):
    response = refresh(token)

    assert response.status_code == 401
    assert response.json() == {"detail": "The refresh token is not valid.", "code": "refresh_token_invalid"}


@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/logout"])
@pytest.mark.parametrize("body", [{}, {"refresh_token": None}, {"refresh_token": 3}, {"refresh_token": ""}, []])
def test_requires_the_refresh_token(api, path, body):
    assert api.post(path, body).status_code == 400


def test_rejects_an_expired_refresh_token(ada):
    user = User.objects.get()
    token = start_session(user_id=user.id, now=NOW).refresh_token

    with pytest.raises(RefreshRejected) as error:
        refresh_session(refresh_token=token, now=NOW + timedelta(days=30))

    assert error.value.reason == "unknown"


def test_a_logout_ends_one_session(ada, api):
    other = api.post("/auth/login", CREDENTIALS).json()["refresh_token"]

    response = api.post("/auth/logout", {"refresh_token": ada.refresh_token})

    assert response.status_code == 204
    assert response.content == b""
    assert refresh(ada.refresh_token).status_code == 401
    assert refresh(other).status_code == 200


def test_a_logout_revokes_only_access_tokens_of_the_session(ada, api):
    other = api.post("/auth/login", CREDENTIALS).json()
    refreshed = refresh(ada.refresh_token).json()
    tokens = [ada.token, refreshed["access_token"], other["access_token"]]
    before = [API(token=token).get("/auth/me").status_code for token in tokens]

    api.post("/auth/logout", {"refresh_token": refreshed["refresh_token"]})

    assert before == [200, 200, 200]
    assert [API(token=token).get("/auth/me").status_code for token in tokens] == [401, 401, 200]
    assert refresh(other["refresh_token"]).status_code == 200


@pytest.mark.usefixtures("no_grace")
def test_a_second_use_revokes_access_tokens_of_the_session(ada, api):
    other = api.post("/auth/login", CREDENTIALS).json()["access_token"]
    stolen = refresh(ada.refresh_token).json()["access_token"]

    refresh(ada.refresh_token)

    statuses = [API(token=token).get("/auth/me").status_code for token in (ada.token, stolen, other)]
    assert statuses == [401, 401, 200]


def test_prunes_ended_sessions_after_their_access_tokens_expire(ada):
    for minutes in (0, 20, 40, 60):
        at = NOW + timedelta(minutes=minutes)
        pair = start_session(user_id=User.objects.get().id, now=at)
        end_session_by_token(refresh_token=pair.refresh_token, now=at)

    untils = [ended["until"] for ended in User.objects.get().ended_sessions]
    assert [(until - NOW) // timedelta(minutes=1) for until in untils] == [70, 90]


def test_limits_the_stored_ended_sessions_of_a_user(ada):
    user_id = User.objects.get().id
    for number in range(MAX_ENDED_SESSIONS + 5):
        User.end_session(user_id=user_id, family=str(number), now=NOW)
    User.end_session(user_id=user_id, family="7", now=NOW)

    families = [ended["family"] for ended in User.objects.get().ended_sessions]
    assert families == [str(number) for number in range(5, MAX_ENDED_SESSIONS + 5)]


def test_rejects_a_stored_refresh_token_from_before_a_password_change(ada):
    ada.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    # A login whose password was checked just before the change stores such a token.
    late = start_session(user_id=User.objects.get().id, now=timezone.now())

    assert refresh(late.refresh_token).status_code == 401
    assert API(token=late.access_token).get("/auth/me").status_code == 401


def test_ended_sessions_add_no_query_to_a_request(ada, api, commands):
    other = api.post("/auth/login", CREDENTIALS).json()
    api.post("/auth/logout", {"refresh_token": other["refresh_token"]})
    ada.get("/auth/me")
    commands.clear()

    statuses = [ada.get("/auth/me").status_code, API(token=other["access_token"]).get("/auth/me").status_code]

    assert (statuses, commands) == ([200, 401], [])


def test_a_logout_with_a_used_token_ends_the_session(ada, api):
    newest = refresh(ada.refresh_token).json()["refresh_token"]

    api.post("/auth/logout", {"refresh_token": ada.refresh_token})

    assert refresh(newest).status_code == 401


def test_a_logout_of_an_ended_session_succeeds(api):
    assert api.post("/auth/logout", {"refresh_token": "unknown"}).status_code == 204
