"""Access tokens: which are accepted and which are rejected, at GET /auth/me."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from bson import ObjectId
from django.utils import timezone

from accounts.authentication import TokenRejected, issue_access_token, read_access_token
from accounts.documents import User
from career_navigator.setting_values import derive_public_key, generate_private_key_pem
from tests.fixtures.users import API, NEW_PASSWORD, PASSWORD

USER = ObjectId("507f1f77bcf86cd799439011")
SECRET = "s" * 64
FORMER = "f" * 64


@pytest.fixture
def keyed(settings):
    settings.JWT_ALGORITHM, settings.JWT_SECRET_KEY, settings.JWT_FORMER_KEYS = "HS256", SECRET, []
    return settings


def _soon() -> int:
    return int((timezone.now() + timedelta(minutes=5)).timestamp())


def _assert_rejected(response):
    assert response.status_code == 401
    assert response["WWW-Authenticate"] in (
        "Bearer",
        'Bearer error="invalid_token", error_description="The token has expired."',
        'Bearer error="invalid_token", error_description="The token is not valid."',
    )
    assert isinstance(response.json()["detail"], str)


def test_carries_the_documented_claims(keyed):
    token = issue_access_token(user_id=USER, session="5e55", token_version=3, now=timezone.now())

    claims = jwt.decode(token, SECRET, algorithms=["HS256"])

    assert set(claims) == {"sub", "exp", "iat", "sid", "ver"}
    assert (claims["sid"], claims["ver"]) == ("5e55", 3)
    assert claims["sub"] == str(USER)
    assert claims["exp"] - int(claims["iat"]) == 30 * 60


@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "RS256"])
def test_signs_and_reads_with_each_algorithm(keyed, algorithm):
    keyed.JWT_ALGORITHM = algorithm
    keyed.JWT_SECRET_KEY = generate_private_key_pem() if algorithm == "RS256" else SECRET

    token = issue_access_token(user_id=USER, now=timezone.now())

    assert jwt.get_unverified_header(token)["alg"] == algorithm
    assert read_access_token(token).user_id == USER


def test_accepts_a_token_with_only_the_documented_claims(ada, settings):
    token = jwt.encode({"sub": ada.id, "exp": _soon()}, settings.JWT_SECRET_KEY, algorithm="HS256")

    assert API(token=token).get("/auth/me").status_code == 200


def _signed(settings, **claims):
    return jwt.encode({"exp": _soon(), **claims}, settings.JWT_SECRET_KEY, algorithm="HS256")


@pytest.mark.parametrize(("seconds_ahead", "status"), [(0, 200), (3, 200), (4.5, 200), (30, 401), (3600, 401)])
def test_accepts_a_token_from_a_host_whose_clock_is_seconds_ahead(ada, settings, seconds_ahead, status):
    token = _signed(settings, sub=ada.id, iat=timezone.now().timestamp() + seconds_ahead)

    assert API(token=token).get("/auth/me").status_code == status


def test_rejects_an_expired_token_within_the_clock_leeway(ada, settings):
    token = _signed(settings, sub=ada.id, exp=int(timezone.now().timestamp()) - 1)

    _assert_rejected(API(token=token).get("/auth/me"))


def _with_claims(token, settings, **changes):
    claims = jwt.decode(token, settings.JWT_SECRET_KEY, algorithms=["HS256"])
    return jwt.encode(claims | changes, settings.JWT_SECRET_KEY, algorithm="HS256")


@pytest.mark.parametrize("seconds_ahead", [0, 2, 4.5])
@pytest.mark.parametrize("form", ["today's", "of an earlier release"])
def test_a_new_password_revokes_tokens_that_a_fast_clock_dated_later(ada, settings, seconds_ahead, form):
    iat = timezone.now().timestamp() + seconds_ahead
    token = _with_claims(ada.token, settings, iat=iat) if form == "today's" else _signed(settings, sub=ada.id, iat=iat)
    before = API(token=token).get("/auth/me").status_code

    pair = ada.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD}).json()

    assert before == 200
    _assert_rejected(API(token=token).get("/auth/me"))
    assert API(token=pair["access_token"]).get("/auth/me").status_code == 200


def test_accepts_an_unversioned_token_issued_after_the_password_change(ada, settings, redis):
    ada.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    User.objects.update_one(set__tokens_ended_at=timezone.now() - timedelta(minutes=1), unset__password_changed_at=1)
    redis.flushdb()

    token = _signed(settings, sub=ada.id, iat=timezone.now().timestamp())

    assert API(token=token).get("/auth/me").status_code == 200


@pytest.mark.parametrize("version", [-1, 0, 2, 7, "1", [], {"$gt": 0}])
def test_rejects_a_token_with_another_version(ada, settings, version):
    ada.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    pair = API().post("/auth/login", {"email": "ada@example.org", "password": NEW_PASSWORD}).json()
    accepted = API(token=pair["access_token"]).get("/auth/me").status_code

    token = _with_claims(pair["access_token"], settings, ver=version)

    assert accepted == 200
    _assert_rejected(API(token=token).get("/auth/me"))


@pytest.mark.parametrize("algorithm", ["HS256", "RS256"])
def test_accepts_tokens_of_a_former_key_until_it_is_removed_from_the_settings(keyed, algorithm):
    former, current = (
        (generate_private_key_pem(), generate_private_key_pem()) if algorithm == "RS256" else (FORMER, SECRET)
    )
    keyed.JWT_ALGORITHM, keyed.JWT_SECRET_KEY = algorithm, former
    token = issue_access_token(user_id=USER, now=timezone.now())
    keyed.JWT_SECRET_KEY = current
    keyed.JWT_FORMER_KEYS = [derive_public_key(former) if algorithm == "RS256" else former]

    assert read_access_token(token).user_id == USER
    assert (
        jwt.get_unverified_header(issue_access_token(user_id=USER, now=timezone.now()))["kid"]
        != (jwt.get_unverified_header(token)["kid"])
    )
    keyed.JWT_FORMER_KEYS = []
    with pytest.raises(TokenRejected):
        read_access_token(token)


def test_rejects_an_expired_token(keyed):
    token = issue_access_token(user_id=USER, now=datetime(2025, 1, 1, tzinfo=UTC))

    with pytest.raises(TokenRejected) as error:
        read_access_token(token)

    assert error.value.reason == "expired"


def test_rejects_a_token_signed_with_the_public_key_as_secret(keyed):
    keyed.JWT_ALGORITHM, keyed.JWT_SECRET_KEY = "RS256", generate_private_key_pem()
    public = derive_public_key(keyed.JWT_SECRET_KEY)
    kid = jwt.get_unverified_header(issue_access_token(user_id=USER, now=timezone.now()))["kid"]
    header, claims = ({"alg": "HS256", "typ": "JWT", "kid": kid}, {"sub": str(USER), "exp": _soon()})
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims))
    signature = jwt.get_algorithm_by_name("HS256").sign(signed, public.encode())
    forged = b".".join((signed, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()

    with pytest.raises(TokenRejected):
        read_access_token(forged)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer " + "a" * 10_000,
        "Basic YTpi",
        "bearer\ttoken",
        "Bearer é.é.é",
        "Bearer null",
    ],
)
def test_rejects_malformed_tokens(api, header):
    _assert_rejected(api.get("/auth/me", Authorization=header))


def test_rejects_a_request_without_a_token(api):
    _assert_rejected(api.get("/auth/me"))


@pytest.mark.parametrize(
    "change",
    [
        {"sub": "not-an-id"},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"sub": {"$ne": ""}},
        {"sub": str(ObjectId())},
        {"exp": 0},
        {"exp": None},
        {"exp": "soon"},
        {"iat": "now"},
        {"nbf": 99_999_999_999},
    ],
)
def test_rejects_invalid_claims(ada, settings, change):
    claims = {"sub": ada.id, "exp": _soon()} | change
    # PyJWT refuses to encode some of these claims, so the test builds the token itself.
    header = {"alg": "HS256", "typ": "JWT"}
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims))
    signature = jwt.get_algorithm_by_name("HS256").sign(signed, settings.JWT_SECRET_KEY.encode())

    token = b".".join((signed, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()

    _assert_rejected(API(token=token).get("/auth/me"))


@pytest.mark.parametrize("claim", ["sub", "exp"])
def test_rejects_a_token_without_a_required_claim(ada, settings, claim):
    claims = {name: value for name, value in {"sub": ada.id, "exp": _soon()}.items() if name != claim}

    _assert_rejected(API(token=jwt.encode(claims, settings.JWT_SECRET_KEY, algorithm="HS256")).get("/auth/me"))


@pytest.mark.parametrize(
    ("key", "algorithm", "headers"),
    [
        ("x" * 64, "HS256", {}),
        (None, "HS384", {}),
        (None, "HS512", {}),
        (None, "HS256", {"kid": "unknown"}),
        (None, "HS256", {"kid": "../../dev/null"}),
        ("", "none", {}),
    ],
)
def test_rejects_a_forged_token(ada, settings, key, algorithm, headers):
    key = settings.JWT_SECRET_KEY if key is None else key
    claims = {"sub": ada.id, "exp": _soon()}

    token = jwt.encode(claims, key, algorithm=algorithm, headers=headers)

    _assert_rejected(API(token=token).get("/auth/me"))


def test_rejects_a_token_with_another_payload(ada):
    header, payload, signature = ada.token.split(".")
    other = base64.urlsafe_b64encode(json.dumps({"sub": str(ObjectId()), "exp": _soon()}).encode()).decode()

    _assert_rejected(API(token=f"{header}.{other.rstrip('=')}.{signature}").get("/auth/me"))
    _assert_rejected(API(token=f"{header}.{payload}.").get("/auth/me"))


def test_rejects_a_refresh_token_as_access_token(ada):
    _assert_rejected(API(token=ada.refresh_token).get("/auth/me"))


def test_rejects_the_token_of_an_erased_user(ada):
    assert ada.get("/auth/me").status_code == 200
    User.objects.get().delete()

    _assert_rejected(ada.get("/auth/me"))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_ignores_the_case_of_the_scheme(ada, scheme):
    assert ada.get("/auth/me", Authorization=f"{scheme} {ada.token}").status_code == 200
