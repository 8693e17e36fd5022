"""How often one may try, and what happens while Redis is unavailable."""

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


def _assert_throttled(answer, seconds):
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= seconds
    assert "throttled" in answer.json()["detail"]


def test_stops_guessing_one_accounts_password_from_many_addresses(ada, limit):
    limit(login_account=Rate(3, 3600))

    statuses = _statuses(lambda number: API(address=f"192.0.2.{number}").post("/auth/login", WRONG), 4)

    assert statuses == [401, 401, 401, 429]
    _assert_throttled(API().post("/auth/login", RIGHT), 3600)


def test_who_guesses_elsewhere_locks_out_no_address_that_logged_in_before(ada, limit):
    limit(login_account=Rate(2, 3600))
    own, stranger = API(address="192.0.2.77"), API(address="192.0.2.78")
    assert own.post("/auth/login", RIGHT).status_code == 200

    guesses = _statuses(lambda number: API(address=f"192.0.2.{number}").post("/auth/login", WRONG), 3)

    assert guesses == [401, 401, 429]
    assert stranger.post("/auth/login", RIGHT).status_code == 429
    assert [own.post("/auth/login", each).status_code for each in (RIGHT, WRONG, WRONG, RIGHT)] == [200, 401, 401, 429]


def test_stops_guessing_from_an_address_that_logged_in_to_another_account(ada, register, limit):
    register(email="grace@example.org")
    limit(login_account=Rate(2, 3600))
    API().post("/auth/login", RIGHT | {"email": "grace@example.org"})
    _statuses(lambda number: API(address=f"192.0.2.{number}").post("/auth/login", WRONG), 2)

    assert API().post("/auth/login", RIGHT).status_code == 429


def test_stops_guessing_many_accounts_from_one_address(ada, limit):
    limit(login_address=Rate(3, 3600))

    statuses = _statuses(lambda number: API().post("/auth/login", WRONG | {"email": f"a{number}@example.org"}), 4)

    assert statuses == [401, 401, 401, 429]
    assert API(address="192.0.2.1").post("/auth/login", RIGHT).status_code == 200


def test_counts_the_form_with_the_other_login(ada, limit):
    limit(login_account=Rate(1, 3600))
    API().post("/auth/login", WRONG)

    form = API().client.generic(
        "POST", "/auth/login/form", "username=ADA@example.org&password=x", "application/x-www-form-urlencoded"
    )

    assert form.status_code == 429


def test_counts_failed_logins_alone(ada, limit):
    limit(login_account=Rate(2, 3600), login_address=Rate(2, 3600))

    assert _statuses(lambda _: API().post("/auth/login", RIGHT), 6) == [200] * 6


def test_lets_in_again_when_the_window_is_over(ada, limit, window_clock):
    limit(login_account=Rate(1, 60))
    API().post("/auth/login", WRONG)
    refused = API().post("/auth/login", RIGHT)

    window_clock.now += int(refused["Retry-After"])

    assert refused.status_code == 429
    assert API().post("/auth/login", RIGHT).status_code == 200


def test_counts_no_input_that_is_refused_anyway(api, limit):
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
def test_stops_registering_and_asking_for_messages_from_one_address(api, limit, scope, path, expected):
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
def test_stops_what_is_for_one_account_whether_or_not_there_is_one(ada, limit, scope, path, email, expected):
    limit(**{scope: Rate(2, 3600)})

    statuses = _statuses(lambda n: API(address=f"192.0.2.{n}").post(path, REGISTRATION | {"email": email}), 3)

    assert statuses == expected


def test_stops_guessing_the_password_with_a_token(ada, limit):
    limit(password=Rate(2, 3600))
    guess = {"current_password": "Wrong-Pass-123", "new_password": NEW_PASSWORD}

    statuses = [
        ada.post("/auth/password", guess).status_code,
        ada.delete("/auth/me", {"password": "Wrong-Pass-123"}).status_code,
        ada.post("/auth/password", guess).status_code,
        ada.delete("/auth/me", {"password": PASSWORD}).status_code,
    ]

    assert statuses == [400, 400, 429, 429]


def _collected(queued):
    return [(arguments[0], arguments[1]) for name, arguments in queued() if name.endswith("collect_for_user")]


def _change_roles(member, *roles):
    return member.put("/auth/me", {"target_roles": list(roles)})


def test_counts_changed_target_roles_with_the_fetching_of_jobs(ada, limit, queued, caplog):
    limit(fetch_jobs=Rate(2, 3600))

    statuses = _statuses(lambda number: _change_roles(ada, f"Role {number}", f"Other {number}"), 4)

    assert statuses == [200, 200, 200, 200]
    assert _collected(queued) == [(ada.id, ["Role 0", "Other 0"]), (ada.id, ["Role 1", "Other 1"])]
    assert caplog.text.count("2 new roles of user") == 2
    assert ada.get("/auth/me").json()["target_roles"] == ["Role 3", "Other 3"]
    assert ada.post("/jobs/fetch_jobs", {}).status_code == 429


def test_counts_the_target_roles_of_all_users_together(ada, register, limit, queued, caplog, window_clock):
    grace = register(email="grace@example.org", target_roles=[])
    limit(target_roles=Rate(3, 86_400))

    statuses = [_change_roles(ada, "One", "Two").status_code, _change_roles(grace, "Three", "Four").status_code]
    collected = _collected(queued)
    window_clock.now += 86_400
    _change_roles(grace, "Three", "Four", "Five")

    assert statuses == [200, 200]
    assert collected == [(ada.id, ["One", "Two"]), (grace.id, ["Three"])]
    assert "1 new roles of user" in caplog.text
    assert _collected(queued) == [(grace.id, ["Five"])]


def test_registers_with_roles_that_wait(api, limit, queued):
    limit(target_roles=Rate(1, 86_400))

    answers = [api.post("/auth/register", REGISTRATION | {"email": f"a{n}@example.org"}) for n in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert _collected(queued) == [(answers[0].json()["id"], ["Software Engineer"])]
    assert answers[1].json()["target_roles"] == ["Software Engineer"]


def test_counts_no_change_that_brings_no_new_role(ada, limit, queued):
    limit(fetch_jobs=Rate(1, 3600))
    for _ in range(3):
        _change_roles(ada, "Software Engineer")

    _change_roles(ada, "Software Engineer", "Data Engineer")

    assert _collected(queued) == [(ada.id, ["Data Engineer"])]


def test_limits_one_users_requests_from_wherever_they_come(ada, register, limit):
    grace = register(email="grace@example.org")
    limit(user=Rate(3, 3600))

    statuses = []
    for number in range(4):
        ada.address = f"192.0.2.{number}"
        statuses.append(ada.get("/auth/me").status_code)

    assert statuses == [200, 200, 200, 429]
    assert grace.get("/auth/me").status_code == 200


def test_limits_one_addresses_requests(api, limit):
    limit(address=Rate(3, 3600))

    statuses = _statuses(lambda number: api.get("/"), 4)

    assert statuses == [200, 200, 200, 429]
    assert API(address="192.0.2.1").get("/").status_code == 200
    assert api.get("/health").status_code == 200


@pytest.mark.parametrize("token", [None, "forged", "x" * 5_000])
def test_counts_requests_that_are_refused_for_their_token(limit, token):
    limit(address=Rate(3, 3600))
    client = API(token=token)

    statuses = _statuses(lambda number: client.get(("/auth/me", "/jobs/saved")[number % 2]), 5)

    assert statuses == [401, 401, 401, 429, 429]
    _assert_throttled(client.get("/auth/me"), 3600)
    assert API(address="192.0.2.1").get("/auth/me").status_code == 401


def test_counts_a_request_once(ada, limit):
    limit(address=Rate(3, 3600))

    assert _statuses(lambda _: ada.get("/auth/me"), 4) == [200, 200, 200, 429]


def test_reads_no_body_beyond_the_limit(ada, limit):
    limit(user=Rate(1, 3600))

    assert _statuses(lambda _: ada.post("/resumes/generate", b"{"), 2) == [400, 429]


def test_counts_a_subscribers_ipv6_addresses_as_one(rf):
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
def test_reads_an_address_with_its_port(rf, settings, text, name):
    settings.TRUST_PROXY_HEADERS = True

    assert get_client_ip(rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"203.0.113.9, {text}")) == name


def test_believes_a_proxy_only_where_it_is_trusted(rf, settings):
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9, 192.0.2.1")

    settings.TRUST_PROXY_HEADERS = False
    direct = get_client_ip(request)
    settings.TRUST_PROXY_HEADERS = True

    assert (direct, get_client_ip(request)) == ("10.0.0.1", "192.0.2.1")


def test_keeps_no_address_in_redis(ada, limit, redis):
    limit(login_account=Rate(3, 3600), logins_account=None, logins_address=None)

    API().post("/auth/login", WRONG)

    keys = redis.keys("throttle:*")
    assert len(keys) == 1
    assert b"ada" not in keys[0]
    assert 0 < redis.ttl(keys[0]) <= 3600


def test_answers_while_redis_is_away(ada, limit, redis_goes, caplog):
    limit(login_account=Rate(1, 60), user=Rate(1, 60), address=Rate(1, 60))
    redis_goes("away")

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


def test_says_when_to_ask_again_for_a_message_while_the_queue_is_away(api, redis_goes):
    redis_goes("away")

    answer = api.post("/auth/password/forgot", {"email": "ada@example.org"})

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"


def test_shows_a_change_made_while_redis_was_away(ada, redis_goes):
    ada.get("/auth/me")
    redis_goes("away")
    ada.put("/auth/me", {"full_name": "Ada King"})
    during = ada.get("/auth/me").json()["full_name"]
    redis_goes("back")

    assert during == "Ada King"
    assert ada.get("/auth/me").json()["full_name"] == "Ada King"


def test_refuses_a_user_erased_while_redis_was_away(ada, redis_goes):
    ada.get("/auth/me")
    redis_goes("away")
    User.objects.get().delete()
    redis_goes("back")

    assert ada.get("/auth/me").status_code == 401


def test_whoever_guesses_at_the_login_keeps_nobody_from_changing_their_password(ada, limit):
    limit(login_account=Rate(1, 3600))
    API().post("/auth/login", WRONG)
    assert API().post("/auth/login", WRONG).status_code == 429

    answer = ada.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})

    assert answer.status_code == 200


def test_counts_nothing_that_could_not_be_queued(ada, api, limit):
    limit(forgot_account=Rate(1, 3600), forgot_address=Rate(1, 3600), confirmation=Rate(1, 3600))
    User.objects(id=ada.id).update(email_confirmed=False)

    def ask():
        forgotten = api.post("/auth/password/forgot", {"email": "ada@example.org"})
        return [forgotten.status_code, ada.send("POST", "/auth/email/send").status_code]

    with queue_at(NO_REDIS):
        refused = [ask(), ask()]

    assert refused == [[503, 503]] * 2
    assert [ask(), ask()] == [[202, 202], [429, 429]]
