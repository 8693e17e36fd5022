"""Fixtures for every test: clean collections in a real MongoDB, a clean database in a real Valkey."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
import redis as redis_package
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Permission
from django.contrib.auth.models import User as StaffUser
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.test import Client
from django.urls import get_resolver
from pymongo import monitoring
from pymongo.database import Database
from xdist.scheduler.loadfile import LoadFileScheduling

from career_navigator import celery, throttling
from career_navigator.apps import load_declared
from career_navigator.cache import client as cache_client
from career_navigator.cache import reset_caches, responses
from career_navigator.db.bootstrap import create_indexes
from career_navigator.db.connection import database, redis_client

pytest_plugins = [f"tests.fixtures.{name}" for name in ("catalogues", "users", "user_data", "servers")]

# How long an example takes says something of the machine alone.
# `make test ARGS=--hypothesis-profile=thorough` tries more of them.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=500)
hypothesis.settings.load_profile("quick")


# They start processes and wait for them. In this order: `test_run` ends the demonstration that those before it use.
SLOW_FILES = (
    "tests/installation/test_clients.py",
    "tests/installation/test_staff_in_a_browser.py",
    "tests/installation/test_curating_in_a_browser.py",
    "tests/installation/test_operators_in_a_browser.py",
    "tests/installation/test_admin_accessibility.py",
    "tests/installation/test_documented_commands.py",
    "tests/installation/test_run.py",
    "tests/installation/test_recovery.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Each worker collects from another directory on, so that what is not compiled yet is compiled by one of them."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        first = len(config.args) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        config.args = config.args[first:] + config.args[:first]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow begins: were it last, one worker would end long after the others. No two tests have one name."""
    twice = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twice:
        raise pytest.UsageError(f"several tests have one name, of which xdist would run one: {', '.join(twice)}")
    slow = {file: number for number, file in enumerate(SLOW_FILES)}

    def place(item: pytest.Item) -> tuple[int, str]:
        file = item.nodeid.split("::")[0]
        return slow.get(file, len(slow)), file

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What is imported and collected stays; pytest looks through it for garbage five times when it ends."""
    gc.freeze()


class Scheduling(LoadFileScheduling):
    """Tests go to workers file by file, and what is slow to one of them: side by side it would only be slower."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "slow" if file in SLOW_FILES else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


class CommandLog(monitoring.CommandListener):
    """The names of the commands that this process sends to MongoDB, sessions' ends excepted, and of the collections
    it writes to; what is in them is kept where `whole` is a list."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.written: set[str] = set()
        self.whole: list[Mapping[str, Any]] | None = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in {"insert", "update", "findAndModify"}:
            self.written.add(event.command[event.command_name])
        if event.command_name not in {"endSessions", "hello"}:
            self.names.append(event.command_name)
            if self.whole is not None:
                self.whole.append(event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


_command_log = CommandLog()
# Heard by clients that are made from now on, and no test has made one yet.
monitoring.register(_command_log)


@pytest.fixture
def commands() -> list[str]:
    """What is sent to MongoDB from now on, by name."""
    _command_log.names.clear()
    return _command_log.names


@pytest.fixture
def whole_commands() -> Iterator[list[Mapping[str, Any]]]:
    """What is sent to MongoDB from now on."""
    _command_log.whole = []
    yield _command_log.whole
    _command_log.whole = None


@pytest.fixture(scope="session", autouse=True)
def _little_work() -> Iterator[None]:
    """A password is hashed in no time: half a second of work each is for those who guess."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 10)
        yield


@pytest.fixture(scope="session", autouse=True)
def _patient_clients() -> Iterator[None]:
    """Nobody takes Redis for unavailable because the machine is busy."""
    with _time_for_redis(seconds=20):
        yield


@pytest.fixture
def short_redis_timeout() -> Iterator[None]:
    """Clients of Redis that wait as long as in production: for tests of a Redis that hangs."""
    with _time_for_redis(seconds=0.5):
        yield


@contextmanager
def _time_for_redis(*, seconds: float) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (cache_client, celery):
            patch.setattr(module, "FAIL_FAST_TIMEOUT", seconds)
        reset_caches()
        yield
    reset_caches()


@pytest.fixture(scope="session", autouse=True)
def _current_versions() -> Iterator[None]:
    """A response is cached no longer than until the next refresh: tests ask at once for what it brought."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(responses, "MAX_STALENESS", 0)
        yield


@pytest.fixture(scope="session", autouse=True)
def _declared() -> None:
    """Read before a test puts something of its own in their place."""
    load_declared()
    # Loading all views takes seconds on a busy machine, which would count as those of the first request.
    assert get_resolver().url_patterns


@pytest.fixture(scope="session", autouse=True)
def _open_tables(django_db_blocker: Any) -> Iterator[None]:
    """Django's own tables are in the same database as the documents, which the fixture `mongo` empties."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def _indexed() -> Iterator[None]:
    database().client.drop_database(database().name)
    create_indexes()
    yield
    database().client.drop_database(database().name)


@pytest.fixture(scope="session")
def empty_mongo(_indexed: None) -> Callable[[], Database]:
    """Empties every collection, for fixtures that several tests share. No other process writes to this database."""

    def empty() -> Database:
        written, _command_log.written = _command_log.written, set()
        for name in written:
            database()[name].delete_many({})
        reset_caches()
        return database()

    return empty


@pytest.fixture
def mongo(empty_mongo: Callable[[], Database]) -> Database:
    """The database, with every collection empty and indexed."""
    return empty_mongo()


_stored: dict[str, dict[str, list[dict[str, Any]]]] = {}


@pytest.fixture
def store_once(mongo: Database) -> Callable[[Callable[[], object]], None]:
    """Runs what stores the same documents for several tests; after the first time they are put back as they were."""

    def store(make: Callable[[], object]) -> None:
        name = f"{make.__module__}.{make.__qualname__}"
        if name not in _stored:
            before, _command_log.written = _command_log.written, set()
            make()
            assert before.isdisjoint(_command_log.written), "others wrote to these collections before"
            found = {collection: list(mongo[collection].find()) for collection in _command_log.written}
            _stored[name] = {collection: documents for collection, documents in found.items() if documents}
            _command_log.written |= before
            return
        for collection, documents in _stored[name].items():
            mongo[collection].insert_many(documents)

    return store


@pytest.fixture
def redis() -> "redis_package.Redis":
    """The client, on an empty database."""
    reset_caches()
    redis_client().flushdb()
    return redis_client()


class WindowClock:
    """The clock of rate limits: it stands at the beginning of a window, however long, until it is moved."""

    def __init__(self, client: "redis_package.Redis") -> None:
        self._now = 2_000_000_000 // 86_400 * 86_400.0
        self._client = client

    def __call__(self) -> float:
        return self._now

    @property
    def now(self) -> float:
        return self._now

    @now.setter
    def now(self, now: float) -> None:
        # The windows of `limits` end when Redis drops their keys.
        for key in self._client.scan_iter("throttle:*/*"):
            self._client.pexpire(key, max(0, self._client.pttl(key) - round((now - self._now) * 1000)))
        self._now = now


@pytest.fixture
def window_clock(monkeypatch: pytest.MonkeyPatch) -> WindowClock:
    """Tries that are made one after another all fall into one window, and are counted however busy the machine is."""
    clock = WindowClock(cache_client.fail_fast_redis())
    monkeypatch.setattr(throttling.RequestThrottle, "timer", clock)
    return clock


@pytest.fixture(scope="session")
def _migrated(_indexed: None, django_db_blocker: Any) -> None:
    # A test that seeds before has made tables: seeding gives the staff's roles their rights.
    for name in database().list_collection_names():
        if name.startswith(("auth_", "django_", "otp_")):
            database().drop_collection(name)
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0, interactive=False)


@pytest.fixture
def admin_tables(
    _migrated: None,
    store_once: Callable[[Callable[[], object]], None],
    redis: "redis_package.Redis",
    django_db_blocker: Any,
) -> Iterator[None]:
    """Django's own tables, with the permissions and nobody in them."""
    with django_db_blocker.unblock():
        ContentType.objects.clear_cache()
        store_once(_make_permissions)
        yield


def _make_permissions() -> None:
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


@pytest.fixture
def superuser(admin_tables: None) -> StaffUser:
    """A staff account that may do everything."""
    return StaffUser.objects.create_superuser("root", "", "Secret-123")


@pytest.fixture
def staff_client(superuser: StaffUser, client: Client) -> Client:
    """A browser in which the superuser is logged in."""
    client.force_login(superuser)
    return client


@pytest.fixture
def limited_client(admin_tables: None, client: Client) -> Callable[..., Client]:
    """A browser in which somebody is logged in who has the named permissions alone."""

    def log_in(*permissions: str) -> Client:
        user = StaffUser.objects.create_user("limited", "", "Secret-123", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client.force_login(user)
        return client

    return log_in
