"""What readers see of a role while a refresh or a registration is running, or after it died."""

import threading

import pytest

from career_navigator.cache import reset_caches
from market import membership, refresh, services
from market.gaps import rank_gaps
from market.membership import register_role
from market.refresh import check_stats, refresh_stats
from market.selectors import get_role_demands, load_role_stats
from market.services import compute_role_stats, store_postings
from market.stats_rows import mark_dirty
from tests.factories import NOW, PostingFactory, days_ago
from tests.other_servers import NO_REDIS, redis_at

ROLE = "backend developer"


pytestmark = pytest.mark.usefixtures("empty_servers")


def store(*postings, role="Backend Developer"):
    store_postings(postings=postings, role=role, now=NOW)
    refresh_stats(now=NOW)


def compute_stats(role="Data Engineer", days=30):
    """Return the role's stats, and how many refreshes were queued."""
    queued = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "queue_refresh", lambda: queued.append(role))
        stats = compute_role_stats(role=role, days=days, now=NOW)
    return stats, len(queued)


@pytest.fixture
def two_halves(mongo, monkeypatch):
    """Store 50 postings on 90 days with stats and 50 without. A refresh recomputes ten days at a time."""
    monkeypatch.setattr(refresh, "_DAYS_PER_BATCH", 10)
    store(*build_half())
    store_postings(postings=build_half(), role="Backend Developer", now=NOW)


def build_half():
    return [PostingFactory.build(date_posted=days_ago(number * 9 // 5)) for number in range(50)]


def count_visible():
    """Return how many postings each kind of reader sees without caches."""
    reset_caches()
    stats = load_role_stats(role=ROLE, days=365, now=NOW)
    demand = get_role_demands(days=365, now=NOW).get(ROLE)
    return (stats and stats.window.demand.postings, demand and demand.postings)


def record_visible(monkeypatch, *names):
    """Record what readers see after each of these steps of a refresh."""
    counts = []

    def record_after(work):
        def step(*arguments, **options):
            result = work(*arguments, **options)
            counts.append(count_visible())
            return result

        return step

    for name in names:
        monkeypatch.setattr(refresh, name, record_after(getattr(refresh, name)))
    return counts


def test_the_rows_of_a_refresh_become_visible_together(two_halves, monkeypatch):
    counts = record_visible(
        monkeypatch,
        "_recompute_days",
        "render_responses",
        "withhold_rows",
        "commit_rows",
        "publish_responses",
        "clean_up_rows",
    )

    refresh_stats(now=NOW)

    assert counts == [(50, 50)] * (len(counts) - 3) + [(100, 100)] * 3
    assert len(counts) >= 10


@pytest.mark.parametrize(
    "step", ["_recompute_days", "render_responses", "commit_rows", "publish_responses", "clean_up_rows"]
)
def test_a_refresh_that_dies_makes_all_its_rows_visible_or_none(mongo, two_halves, monkeypatch, step):
    work = getattr(refresh, step)

    def die(*arguments, **options):
        work(*arguments, **options)
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(refresh, step, die)
        with pytest.raises(ZeroDivisionError):
            refresh_stats(now=NOW)

    counts = [count_visible()]
    # Another role is computed in the meantime.
    store_postings(postings=[PostingFactory.build(title="Nurse")], now=NOW)
    compute_stats(role="Nurse")
    counts.append(count_visible())
    assert counts == [(100, 100) if step in ("commit_rows", "publish_responses", "clean_up_rows") else (50, 50)] * 2
    counts = record_visible(monkeypatch, "_recompute_days")
    refresh_stats(now=NOW)
    assert set(counts) <= {(50, 50), (100, 100)}
    assert count_visible() == (100, 100)
    assert check_stats().differing == []
    assert not mongo.market_figures.count_documents({"$or": [{"writer": {"$exists": True}}, {"before": {"$ne": None}}]})


def test_rows_of_days_without_postings_disappear_together(mongo, two_halves, monkeypatch):
    refresh_stats(now=NOW)
    days = mongo.job_postings.distinct("day")
    mongo.job_postings.delete_many({"day": {"$in": days[:30]}})
    mongo.job_postings.update_many({}, {"$set": {"hidden": True}})
    mongo.job_postings.update_one({}, {"$set": {"hidden": False}})
    mark_dirty(days=days)
    counts = record_visible(monkeypatch, "_recompute_days", "commit_rows")

    refresh_stats(now=NOW)

    assert set(counts) == {(100, 100), (1, 1)}
    assert mongo.market_figures.count_documents({}) == 2


def test_concurrent_readers_never_see_a_partial_refresh(two_halves):
    refresh_stats(now=NOW)
    counts, ended = [], threading.Event()

    def read():
        while not ended.is_set():
            loaded = load_role_stats(role=ROLE, days=365, now=NOW)
            assert loaded is not None
            counts.append(loaded.window.demand.postings)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(4):
        store_postings(postings=build_half(), role="Backend Developer", now=NOW)
        refresh_stats(now=NOW)
    ended.set()
    for reader in readers:
        reader.join()

    assert {100, 300} <= set(counts) <= {100, 150, 200, 250, 300}
    assert check_stats().differing == []


def test_computes_a_registered_role_from_all_its_postings_before_the_refresh(mongo):
    store(
        *(PostingFactory.build(title="Data Engineer", date_posted=days_ago(number)) for number in range(90)), role=None
    )
    register_role(role="Data Engineer", now=NOW)

    stats, queued_refreshes = compute_stats(days=365)

    assert (stats.window.demand.postings, queued_refreshes) == (90, 1)
    reloaded = load_role_stats(role="data engineer", days=365, now=NOW)
    assert reloaded is not None
    assert reloaded.window.demand == stats.window.demand
    assert check_stats().differing == []


def test_computes_a_role_without_storing_it_while_a_refresh_is_running(mongo):
    store(
        *(PostingFactory.build(title="Data Engineer", date_posted=days_ago(number)) for number in range(90)), role=None
    )

    with refresh._hold_lock():
        stats, queued_refreshes = compute_stats(days=90)

    assert (stats.window.demand.postings, queued_refreshes) == (90, 1)
    assert load_role_stats(role="data engineer", days=90, now=NOW) is None
    refresh_stats(now=NOW)
    stored = load_role_stats(role="data engineer", days=90, now=NOW)
    assert stored is not None
    assert stored.window.demand == stats.window.demand
    assert rank_gaps(window=stored.window, held=[]) == rank_gaps(window=stats.window, held=[])


def test_computes_a_role_without_redis():
    store(PostingFactory.build(title="Data Engineer"), role=None)

    with redis_at(NO_REDIS):
        stats, _ = compute_stats()
    reset_caches()

    assert stats.window.demand.postings == 1


def test_a_refresh_during_a_registration_hides_the_role(monkeypatch):
    monkeypatch.setattr(refresh, "_DAYS_PER_BATCH", 10)
    postings = [PostingFactory.build(title="Data Engineer", date_posted=days_ago(number)) for number in range(90)]
    store_postings(postings=postings, now=NOW)
    recompute, calls = refresh._recompute_days, []

    def register_and_recompute(*arguments):
        calls.append(arguments)
        if len(calls) == 4:
            register_role(role="Data Engineer", now=NOW)
        recompute(*arguments)

    monkeypatch.setattr(refresh, "_recompute_days", register_and_recompute)

    refresh_stats(now=NOW)

    assert load_role_stats(role="data engineer", days=365, now=NOW) is None
    assert get_role_demands(days=365, now=NOW) == {}
    assert compute_stats(days=365)[0].window.demand.postings == 90
    refresh_stats(now=NOW)
    reloaded = load_role_stats(role="data engineer", days=365, now=NOW)
    assert reloaded is not None
    assert reloaded.window.demand.postings == 90
    assert check_stats().differing == []


def test_a_refresh_after_an_interrupted_registration_hides_the_role(mongo, monkeypatch):
    store(
        *(PostingFactory.build(title="Data Engineer", date_posted=days_ago(number)) for number in range(9)), role=None
    )
    add_role = membership.add_role

    def die(*, role, ids):
        add_role(role=role, ids=list(ids)[:4])
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(membership, "add_role", die)
        with pytest.raises(ZeroDivisionError):
            register_role(role="Data Engineer", now=NOW)

    refresh_stats(now=NOW)

    assert load_role_stats(role="data engineer", days=30, now=NOW) is None
    assert compute_stats()[0].window.demand.postings == 9
    refresh_stats(now=NOW)
    reloaded = load_role_stats(role="data engineer", days=30, now=NOW)
    assert reloaded is not None
    assert reloaded.window.demand.postings == 9


def test_a_role_without_postings_is_registered_only_once(commands):
    store(PostingFactory.build())
    compute_stats(role="Astronaut")
    commands.clear()

    assert compute_stats(role="Astronaut") == (None, 0)

    assert set(commands) <= {"find", "distinct"}
