"""Rate limits, and behavior while Redis is unavailable."""

import pytest

from accounts.documents import User
from career_navigator.setting_values import Rate
from career_navigator.throttling import get_client_ip
from tests.fixtures.users import API, NEW_PASSWORD, PASSWORD, REGISTRATION
from tests.other_servers import NO_REDIS, queue_at

WRONG = {"email": "ada@example.org", "password": "Wrong-Pass-123"}
RIGHT = {"email": "ada@example.org", "password": PASSWORD}


@pytest.fixture
def limit(settings, window_clock):
    def set_limits(**rates):
        settings.THROTTLES = settings.THROTTLES | rates

    return set_limits


def _statuses(send, count):
    return [send(number).status_code for number in range(count)]


def _assert_throttled(response, seconds):
    assert response.status_code == 429
    assert 1 <= int(response["Retry-After"]) <= seconds
    assert "Try again in" in response.json()["detail"]


def test_limits_failed_logins_of_one_account_from_many_addresses(ada, limit):
    limit(login_account=Rate(3, 3600))

    statuses = _statuses(lambda number: API(address=f"192.0.2.{number}").post("/auth/login", WRONG), 4)

    assert statuses == [401, 401, 401, 429]
    _assert_throttled(API().post("/auth/login", RIGHT), 3600)


def test_failed_logins_elsewhere_do_not_lock_out_a_known_address(ada, limit):
    limit(login_account=Rate(2, 3600))
    own, stranger = API(address="192.0.2.77"), API(address="192.0.2.78")
    assert own.post("/auth/login", RIGHT).status_code == 200

    guesses = _statuses(lambda number: API(address=f"192.0.2.{number}").post("/auth/login", WRONG), 3)

    assert guesses == [401, 401, 429]
    assert stranger.post("/auth/login", RIGHT).status_code == 429
    assert [own.post("/auth/login", each).status_code for each in (RIGHT, WRONG, WRONG, RIGHT)] == [200, 401, 401, 429]


def test_limits_failed_logins_from_an_address_known_for_another_account(ada, register, limit):
    register(email="grace@example.org")
    limit(login_account=Rate(2, 3600))
    API().post("/auth/login", RIGHT | {"email": "grace@example.org"})
    _statuses(lambda number: API(address=f"192.0.2.{number}").post("/auth/login", WRONG), 2)

    assert API().post("/auth/login", RIGHT).status_code == 429


def test_limits_failed_logins_of_many_accounts_from_one_address(ada, limit):
    limit(login_address=Rate(3, 3600))

    statuses = _statuses(lambda number: API().post("/auth/login", WRONG | {"email": f"a{number}@example.org"}), 4)

    assert statuses == [401, 401, 401, 429]
    assert API(address="192.0.2.1").post("/auth/login", RIGHT).status_code == 200


def test_counts_both_login_endpoints_together(ada, limit):
    limit(login_account=Rate(1, 3600))
    API().post("/auth/login", WRONG)

    form = API().client.generic(
        "POST", "/auth/login/form", "username=ADA@example.org&password=x", "application/x-www-form-urlencoded"
    )

    assert form.status_code == 429


def test_counts_only_failed_logins(ada, limit):
    limit(login_account=Rate(2, 3600), login_address=Rate(2, 3600))

    assert _statuses(lambda _: API().post("/auth/login", RIGHT), 6) == [200] * 6


def test_accepts_logins_again_after_the_window(ada, limit, window_clock):
    limit(login_account=Rate(1, 60))
    API().post("/auth/login", WRONG)
    rejected = API().post("/auth/login", RIGHT)

    window_clock.now += int(rejected["Retry-After"])

    assert rejected.status_code == 429
    assert API().post("/auth/login", RIGHT).status_code == 200


def test_does_not_count_invalid_input(api, limit):
    limit(register_address=Rate(1, 3600))

    statuses = _statuses(lambda _: api.post("/auth/register", {}), 3)

    assert statuses == [400, 400, 400]
    assert api.post("/auth/register", REGISTRATION).status_code == 201


@pytest.mark.parametrize(
    ("scope", "path", "expected"),
    [
        ("register_address", "/auth/register", [201, 201, 429]),
        ("forgot_address", "/auth/password/forgot", [202, 202, 429]),
    ],
)
def test_limits_registrations_and_messages_per_client_ip(api, limit, scope, path, expected):
    limit(**{scope: Rate(2, 3600)})

    statuses = _statuses(lambda n: api.post(path, REGISTRATION | {"email": f"a{n}@example.org"}), 3)

    assert statuses == expected


@pytest.mark.parametrize(
    ("scope", "path", "email", "expected"),
    [
        ("register_account", "/auth/register", "grace@example.org", [201, 400, 429]),
        ("forgot_account", "/auth/password/forgot", "ada@example.org", [202, 202, 429]),
        ("forgot_account", "/auth/password/forgot", "nobody@example.org", [202, 202, 429]),
    ],
)
def test_limits_requests_per_account_whether_or_not_it_exists(ada, limit, scope, path, email, expected):
    limit(**{scope: Rate(2, 3600)})

    statuses = _statuses(lambda n: API(address=f"192.0.2.{n}").post(path, REGISTRATION | {"email": email}), 3)

    assert statuses == expected


def test_limits_password_guesses_with_a_token(ada, limit):
    limit(password=Rate(2, 3600))
    guess = {"current_password": "Wrong-Pass-123", "new_password": NEW_PASSWORD}

    statuses = [
        ada.post("/auth/password", guess).status_code,
        ada.delete("/auth/me", {"password": "Wrong-Pass-123"}).status_code,
        ada.post("/auth/password", guess).status_code,
        ada.delete("/auth/me", {"password": PASSWORD}).status_code,
    ]

    assert statuses == [400, 400, 429, 429]


def _list_queued_collections(queued):
    return [(arguments[0], arguments[1]) for name, arguments in queued() if name.endswith("collect_for_user")]


def _change_roles(member, *roles):
    return member.put("/auth/me", {"target_roles": list(roles)})


def test_counts_changed_target_roles_as_job_fetches(ada, limit, queued, caplog):
    limit(fetch_jobs=Rate(2, 3600))

    statuses = _statuses(lambda number: _change_roles(ada, f"Role {number}", f"Other {number}"), 4)

    assert statuses == [200, 200, 200, 200]
    assert _list_queued_collections(queued) == [(ada.id, ["Role 0", "Other 0"]), (ada.id, ["Role 1", "Other 1"])]
    assert caplog.text.count("2 new roles of user") == 2
    assert ada.get("/auth/me").json()["target_roles"] == ["Role 3", "Other 3"]
    assert ada.post("/jobs/fetch_jobs", {}).status_code == 429


def test_shares_the_limit_of_target_roles_among_all_users(ada, register, limit, queued, caplog, window_clock):
    grace = register(email="grace@example.org", target_roles=[])
    limit(target_roles=Rate(3, 86_400))

    statuses = [_change_roles(ada, "One", "Two").status_code, _change_roles(grace, "Three", "Four").status_code]
    collected = _list_queued_collections(queued)
    window_clock.now += 86_400
    _change_roles(grace, "Three", "Four", "Five")

    assert statuses == [200, 200]
    assert collected == [(ada.id, ["One", "Two"]), (grace.id, ["Three"])]
    assert "1 new roles of user" in caplog.text
    assert _list_queued_collections(queued) == [(grace.id, ["Five"])]


def test_registers_with_roles_beyond_the_limit(api, limit, queued):
    limit(target_roles=Rate(1, 86_400))

    responses = [api.post("/auth/register", REGISTRATION | {"email": f"a{n}@example.org"}) for n in range(2)]

    assert [response.status_code for response in responses] == [201, 201]
    assert _list_queued_collections(queued) == [(responses[0].json()["id"], ["Software Engineer"])]
    assert responses[1].json()["target_roles"] == ["Software Engineer"]


def test_does_not_count_a_change_without_new_roles(ada, limit, queued):
    limit(fetch_jobs=Rate(1, 3600))
    for _ in range(3):
        _change_roles(ada, "Software Engineer")

    _change_roles(ada, "Software Engineer", "Data Engineer")

    assert _list_queued_collections(queued) == [(ada.id, ["Data Engineer"])]


def test_limits_the_requests_of_one_user_from_any_address(ada, register, limit):
    grace = register(email="grace@example.org")
    limit(user=Rate(3, 3600))

    statuses = []
    for number in range(4):
        ada.address = f"192.0.2.{number}"
        statuses.append(ada.get("/auth/me").status_code)

    assert statuses == [200, 200, 200, 429]
    assert grace.get("/auth/me").status_code == 200


def test_limits_the_requests_of_one_client_ip(api, limit):
    limit(address=Rate(3, 3600))

    statuses = _statuses(lambda number: api.get("/"), 4)

    assert statuses == [200, 200, 200, 429]
    assert API(address="192.0.2.1").get("/").status_code == 200
    assert api.get("/health").status_code == 200


@pytest.mark.parametrize("token", [None, "forged", "x" * 5_000])
def test_counts_requests_with_rejected_tokens(limit, token):
    limit(address=Rate(3, 3600))
    client = API(token=token)

    statuses = _statuses(lambda number: client.get(("/auth/me", "/jobs/saved")[number % 2]), 5)

    assert statuses == [401, 401, 401, 429, 429]
    _assert_throttled(client.get("/auth/me"), 3600)
    assert API(address="192.0.2.1").get("/auth/me").status_code == 401


def test_counts_a_request_once(ada, limit):
    limit(address=Rate(3, 3600))

    assert _statuses(lambda _: ada.get("/auth/me"), 4) == [200, 200, 200, 429]


def test_does_not_read_the_body_beyond_the_limit(ada, limit):
    limit(user=Rate(1, 3600))

    assert _statuses(lambda _: ada.post("/resumes/generate", b"{"), 2) == [400, 429]


def test_counts_an_ipv6_prefix_as_one_client(rf):
    names = {
        get_client_ip(rf.get("/", REMOTE_ADDR=text))
        for text in ("2001:db8:0:1::1", "2001:db8:0:1:ffff::", "2001:db8:0:1::1%eth0")
    }

    assert names == {"2001:db8:0:1::/64"}
    assert get_client_ip(rf.get("/", REMOTE_ADDR="::ffff:192.0.2.1")) == "192.0.2.1"
    assert get_client_ip(rf.get("/", REMOTE_ADDR="")) == "unknown"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("192.0.2.1:443", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8:0:1::9]:443", "2001:db8:0:1::/64"),
        ("[2001:db8:0:1::9]", "2001:db8:0:1::/64"),
        ("2001:db8:0:1::9", "2001:db8:0:1::/64"),
        ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ("[fe80::1%eth0]:80", "fe80::/64"),
        ("192.0.2.1:443:443", "unknown"),
        ("192.0.2.1:https", "unknown"),
        ("192.0.2.999:443", "unknown"),
        ("[192.0.2.1", "unknown"),
        ("[]:80", "unknown"),
        (":80", "unknown"),
        ("unknown", "unknown"),
    ],
)
def test_parses_an_address_with_a_port(rf, settings, text, name):
    settings.TRUST_PROXY_HEADERS = True

    assert get_client_ip(rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"203.0.113.9, {text}")) == name


def test_uses_the_forwarded_address_only_behind_a_trusted_proxy(rf, settings):
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9, 192.0.2.1")

    settings.TRUST_PROXY_HEADERS = False
    direct = get_client_ip(request)
    settings.TRUST_PROXY_HEADERS = True

    assert (direct, get_client_ip(request)) == ("10.0.0.1", "192.0.2.1")


def test_stores_no_address_in_redis(ada, limit, redis):
    limit(login_account=Rate(3, 3600), logins_account=None, logins_address=None)

    API().post("/auth/login", WRONG)

    keys = redis.keys("throttle:*")
    assert len(keys) == 1
    assert b"ada" not in keys[0]
    assert 0 < redis.ttl(keys[0]) <= 3600


def test_serves_requests_while_redis_is_unavailable(ada, limit, switch_redis, caplog):
    limit(login_account=Rate(1, 60), user=Rate(1, 60), address=Rate(1, 60))
    switch_redis("away")

    statuses = [
        API().post("/auth/register", REGISTRATION | {"email": "grace@example.org"}).status_code,
        ada.get("/auth/me").status_code,
        ada.get("/auth/me").status_code,
        ada.put("/auth/me", {"target_roles": ["Data Scientist"]}).status_code,
        API().post("/auth/refresh", {"refresh_token": ada.refresh_token}).status_code,
        ada.get("/auth/me/export").status_code,
        ada.delete("/auth/me", {"password": PASSWORD}).status_code,
    ]

    assert statuses == [201, 200, 200, 200, 200, 200, 204]
    assert "wait for the daily collection" in caplog.text


def test_asks_to_retry_a_message_while_the_queue_is_unavailable(api, switch_redis):
    switch_redis("away")

    response = api.post("/auth/password/forgot", {"email": "ada@example.org"})

    assert response.status_code == 503
    assert response["Retry-After"] == "5"


def test_shows_a_change_made_while_redis_was_unavailable(ada, switch_redis):
    ada.get("/auth/me")
    switch_redis("away")
    ada.put("/auth/me", {"full_name": "Ada King"})
    during = ada.get("/auth/me").json()["full_name"]
    switch_redis("back")

    assert during == "Ada King"
    assert ada.get("/auth/me").json()["full_name"] == "Ada King"


def test_rejects_a_user_erased_while_redis_was_unavailable(ada, switch_redis):
    ada.get("/auth/me")
    switch_redis("away")
    User.objects.get().delete()
    switch_redis("back")

    assert ada.get("/auth/me").status_code == 401


def test_failed_logins_do_not_block_a_password_change(ada, limit):
    limit(login_account=Rate(1, 3600))
    API().post("/auth/login", WRONG)
    assert API().post("/auth/login", WRONG).status_code == 429

    response = ada.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})

    assert response.status_code == 200


def test_does_not_count_requests_that_could_not_be_queued(ada, api, limit):
    limit(forgot_account=Rate(1, 3600), forgot_address=Rate(1, 3600), confirmation=Rate(1, 3600))
    User.objects(id=ada.id).update(email_confirmed=False)

    def ask():
        forgotten = api.post("/auth/password/forgot", {"email": "ada@example.org"})
        return [forgotten.status_code, ada.send("POST", "/auth/email/send").status_code]

    with queue_at(NO_REDIS):
        rejected = [ask(), ask()]

    assert rejected == [[503, 503]] * 2
    assert [ask(), ask()] == [[202, 202], [429, 429]]
