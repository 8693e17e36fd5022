"""Fixtures for all tests: clean collections in a real MongoDB, and an empty database in a real Valkey."""

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

# No deadline per example, because its duration depends mostly on the machine's load.
# `make test ARGS=--hypothesis-profile=thorough` runs more examples.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=500)
hypothesis.settings.load_profile("quick")


# These files start processes and wait for them. The order matters: the tests before `test_run` use a demonstration that
# `test_run` stops.
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
    """Rotate the directories per worker, so that the workers do not all compile the same modules at the same time."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        first = len(config.args) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        config.args = config.args[first:] + config.args[:first]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Reject duplicate test names, and run slow files first, because they would otherwise delay the end of the run."""
    duplicates = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if duplicates:
        raise pytest.UsageError(f"xdist runs only one of several tests with the same name: {', '.join(duplicates)}")
    slow = {file: number for number, file in enumerate(SLOW_FILES)}

    def get_position(item: pytest.Item) -> tuple[int, str]:
        file = item.nodeid.split("::")[0]
        return slow.get(file, len(slow)), file

    items.sort(key=get_position)


def pytest_collection_finish() -> None:
    """Exclude imported modules and collected tests from garbage collection. pytest runs it five times at the end."""
    gc.freeze()


class Scheduling(LoadFileScheduling):
    """A scheduler that assigns whole files to workers, and all slow files to one worker.

    Slow files that run in parallel take longer in total.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "slow" if file in SLOW_FILES else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Return the scheduler of this project's test runs (pytest-xdist hook)."""
    return Scheduling(config, log)


class CommandLog(monitoring.CommandListener):
    """A log of the commands that this process sends to MongoDB, and of the collections that it writes to.

    `names` has the names of all commands except `endSessions` and `hello`. If `whole` is a list, the log also appends
    complete commands to it.
    """

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
# A listener receives the events of clients created after its registration. No client exists yet.
monitoring.register(_command_log)


@pytest.fixture
def commands() -> list[str]:
    """Return the names of the commands sent to MongoDB from now on."""
    _command_log.names.clear()
    return _command_log.names


@pytest.fixture
def whole_commands() -> Iterator[list[Mapping[str, Any]]]:
    """Return the complete commands sent to MongoDB from now on."""
    _command_log.whole = []
    yield _command_log.whole
    _command_log.whole = None


@pytest.fixture(scope="session", autouse=True)
def _fast_password_hashing() -> Iterator[None]:
    """Hash passwords with few iterations. Production's number of iterations takes half a second per password."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 10)
        yield


@pytest.fixture(scope="session", autouse=True)
def _long_redis_timeout() -> Iterator[None]:
    """Use a long Redis timeout, so that Redis does not count as unavailable on a busy machine."""
    with _redis_timeout(seconds=20):
        yield


@pytest.fixture
def short_redis_timeout() -> Iterator[None]:
    """Use production's Redis timeout, for tests of a Redis that hangs."""
    with _redis_timeout(seconds=0.5):
        yield


@contextmanager
def _redis_timeout(*, seconds: float) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (cache_client, celery):
            patch.setattr(module, "FAIL_FAST_TIMEOUT", seconds)
        reset_caches()
        yield
    reset_caches()


@pytest.fixture(scope="session", autouse=True)
def _no_stale_responses() -> Iterator[None]:
    """Check the data version for every cached response, because tests read new data immediately after a refresh."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(responses, "MAX_STALENESS", 0)
        yield


@pytest.fixture(scope="session", autouse=True)
def _declared() -> None:
    """Load all declarations of apps before a test replaces some of them."""
    load_declared()
    # Load all views now. This takes seconds on a busy machine, and would add to the time of the first request.
    assert get_resolver().url_patterns


@pytest.fixture(scope="session", autouse=True)
def _open_tables(django_db_blocker: Any) -> Iterator[None]:
    """Allow all tests to use Django's ORM. Its tables are in the database that the fixture `mongo` empties."""
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
    """Return a function that empties every collection. No other process writes to this database."""

    def empty() -> Database:
        written, _command_log.written = _command_log.written, set()
        for name in written:
            database()[name].delete_many({})
        reset_caches()
        return database()

    return empty


@pytest.fixture
def mongo(empty_mongo: Callable[[], Database]) -> Database:
    """Return the database with empty collections and all indexes."""
    return empty_mongo()


_stored: dict[str, dict[str, list[dict[str, Any]]]] = {}


@pytest.fixture
def store_once(mongo: Database) -> Callable[[Callable[[], object]], None]:
    """Return a function that calls `make` once, and inserts the documents it stored on every later call."""

    def store(make: Callable[[], object]) -> None:
        name = f"{make.__module__}.{make.__qualname__}"
        if name not in _stored:
            before, _command_log.written = _command_log.written, set()
            make()
            assert before.isdisjoint(_command_log.written), "the test wrote to these collections before store_once"
            found = {collection: list(mongo[collection].find()) for collection in _command_log.written}
            _stored[name] = {collection: documents for collection, documents in found.items() if documents}
            _command_log.written |= before
            return
        for collection, documents in _stored[name].items():
            mongo[collection].insert_many(documents)

    return store


@pytest.fixture
def redis() -> "redis_package.Redis":
    """Return a client for an empty Redis database."""
    reset_caches()
    redis_client().flushdb()
    return redis_client()


class WindowClock:
    """A clock for rate limits that stands still at the start of a window of any length. Set `now` to move it."""

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
        # Windows of the `limits` package end when Redis expires their keys.
        for key in self._client.scan_iter("throttle:*/*"):
            self._client.pexpire(key, max(0, self._client.pttl(key) - round((now - self._now) * 1000)))
        self._now = now


@pytest.fixture
def window_clock(monkeypatch: pytest.MonkeyPatch) -> WindowClock:
    """Stop the clock of rate limits, so that all requests of a test count in one window even on a busy machine."""
    clock = WindowClock(cache_client.fail_fast_redis())
    monkeypatch.setattr(throttling.RequestThrottle, "timer", clock)
    return clock


@pytest.fixture(scope="session")
def _migrated(_indexed: None, django_db_blocker: Any) -> None:
    # Drop tables created by an earlier test: seeding grants permissions to the staff roles.
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
    """Create Django's own tables, with all permissions and without users."""
    with django_db_blocker.unblock():
        ContentType.objects.clear_cache()
        store_once(_make_permissions)
        yield


def _make_permissions() -> None:
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


@pytest.fixture
def superuser(admin_tables: None) -> StaffUser:
    """Return a superuser of the admin."""
    return StaffUser.objects.create_superuser("root", "", "Secret-123")


@pytest.fixture
def staff_client(superuser: StaffUser, client: Client) -> Client:
    """Return a client in which the superuser is logged in."""
    client.force_login(superuser)
    return client


@pytest.fixture
def limited_client(admin_tables: None, client: Client) -> Callable[..., Client]:
    """Return a function that logs in a staff user with only the given permissions."""

    def log_in(*permissions: str) -> Client:
        user = StaffUser.objects.create_user("limited", "", "Secret-123", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client.force_login(user)
        return client

    return log_in
