"""What readers see of a role while a refresh or a registration is at work, or dies."""

import threading

import pytest

from career_navigator.cache import reset_caches
from market import membership, refresh, services
from market.gaps import rank_gaps
from market.membership import register_role
from market.refresh import check_stats, mark_dirty, refresh_stats
from market.selectors import get_role_demands, load_role_stats
from market.services import compute_role_stats, store_postings
from tests.factories import NOW, PostingFactory, days_ago
from tests.other_servers import NO_REDIS, redis_at

ROLE = "backend developer"


pytestmark = pytest.mark.usefixtures("servers_emptied")


def store(*postings, role="Backend Developer"):
    store_postings(postings=postings, role=role, now=NOW)
    refresh_stats(now=NOW)


def compute(role="Data Engineer", days=30):
    """The role's stats, and how often a refresh was asked for."""
    announced = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "queue_refresh", lambda: announced.append(role))
        stats = compute_role_stats(role=role, days=days, now=NOW)
    return stats, len(announced)


@pytest.fixture
def two_halves(mongo, monkeypatch):
    """Fifty postings of 90 days with daily stats, and fifty more, of which the refresh looks at ten days at a time."""
    monkeypatch.setattr(refresh, "_DAYS_PER_BATCH", 10)
    store(*half())
    store_postings(postings=half(), role="Backend Developer", now=NOW)


def half():
    return [PostingFactory(date_posted=days_ago(number * 9 // 5)) for number in range(50)]


def seen():
    """How many postings each kind of reader counts, whatever it has kept."""
    reset_caches()
    stats = load_role_stats(role=ROLE, days=365, now=NOW)
    demand = get_role_demands(days=365, now=NOW).get(ROLE)
    return (stats and stats.window.demand.postings, demand and demand.postings)


def watch(monkeypatch, *names):
    """What readers see at each of these steps of a refresh."""
    counts = []

    def watched(work):
        def step(*arguments, **options):
            result = work(*arguments, **options)
            counts.append(seen())
            return result

        return step

    for name in names:
        monkeypatch.setattr(refresh, name, watched(getattr(refresh, name)))
    return counts


def test_the_rows_of_a_refresh_become_visible_together(two_halves, monkeypatch):
    counts = watch(monkeypatch, "_recompute", "render_responses", "withhold", "commit", "publish_responses", "tidy_up")

    refresh_stats(now=NOW)

    assert counts == [(50, 50)] * (len(counts) - 3) + [(100, 100)] * 3
    assert len(counts) >= 10


@pytest.mark.parametrize("step", ["_recompute", "render_responses", "commit", "publish_responses", "tidy_up"])
def test_a_refresh_that_dies_shows_all_its_rows_or_none(mongo, two_halves, monkeypatch, step):
    work = getattr(refresh, step)

    def die(*arguments, **options):
        work(*arguments, **options)
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(refresh, step, die)
        with pytest.raises(ZeroDivisionError):
            refresh_stats(now=NOW)

    counts = [seen()]
    # Another role is computed meanwhile.
    store_postings(postings=[PostingFactory(title="Nurse")], now=NOW)
    compute(role="Nurse")
    counts.append(seen())
    assert counts == [(100, 100) if step in ("commit", "publish_responses", "tidy_up") else (50, 50)] * 2
    counts = watch(monkeypatch, "_recompute")
    refresh_stats(now=NOW)
    assert set(counts) <= {(50, 50), (100, 100)}
    assert seen() == (100, 100)
    assert check_stats().differing == []
    assert not mongo.market_figures.count_documents({"$or": [{"writer": {"$exists": True}}, {"before": {"$ne": None}}]})


def test_a_day_that_loses_its_postings_goes_with_the_others(mongo, two_halves, monkeypatch):
    refresh_stats(now=NOW)
    days = mongo.job_postings.distinct("day")
    mongo.job_postings.delete_many({"day": {"$in": days[:30]}})
    mongo.job_postings.update_many({}, {"$set": {"hidden": True}})
    mongo.job_postings.update_one({}, {"$set": {"hidden": False}})
    mark_dirty(days=days)
    counts = watch(monkeypatch, "_recompute", "commit")

    refresh_stats(now=NOW)

    assert set(counts) == {(100, 100), (1, 1)}
    assert mongo.market_figures.count_documents({}) == 2


def test_readers_beside_refreshes_never_see_a_part(two_halves):
    refresh_stats(now=NOW)
    counts, ended = [], threading.Event()

    def read():
        while not ended.is_set():
            counts.append(load_role_stats(role=ROLE, days=365, now=NOW).window.demand.postings)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(4):
        store_postings(postings=half(), role="Backend Developer", now=NOW)
        refresh_stats(now=NOW)
    ended.set()
    for reader in readers:
        reader.join()

    assert {100, 300} <= set(counts) <= {100, 150, 200, 250, 300}
    assert check_stats().differing == []


def test_a_role_registered_but_not_refreshed_is_computed_from_all_its_postings(mongo):
    store(*(PostingFactory(title="Data Engineer", date_posted=days_ago(number)) for number in range(90)), role=None)
    register_role(role="Data Engineer", now=NOW)

    stats, announced = compute(days=365)

    assert (stats.window.demand.postings, announced) == (90, 1)
    assert load_role_stats(role="data engineer", days=365, now=NOW).window.demand == stats.window.demand
    assert check_stats().differing == []


def test_a_role_is_computed_and_not_stored_while_a_refresh_is_at_work(mongo):
    store(*(PostingFactory(title="Data Engineer", date_posted=days_ago(number)) for number in range(90)), role=None)

    with refresh._lock():
        stats, announced = compute(days=90)

    assert (stats.window.demand.postings, announced) == (90, 1)
    assert load_role_stats(role="data engineer", days=90, now=NOW) is None
    refresh_stats(now=NOW)
    stored = load_role_stats(role="data engineer", days=90, now=NOW)
    assert stored.window.demand == stats.window.demand
    assert rank_gaps(window=stored.window, held=[]) == rank_gaps(window=stats.window, held=[])


def test_a_role_is_computed_without_redis():
    store(PostingFactory(title="Data Engineer"), role=None)

    with redis_at(NO_REDIS):
        stats, _ = compute()
    reset_caches()

    assert stats.window.demand.postings == 1


def test_a_refresh_that_meets_a_registration_half_done_shows_nothing_of_the_role(monkeypatch):
    monkeypatch.setattr(refresh, "_DAYS_PER_BATCH", 10)
    postings = [PostingFactory(title="Data Engineer", date_posted=days_ago(number)) for number in range(90)]
    store_postings(postings=postings, now=NOW)
    recompute, calls = refresh._recompute, []

    def register_meanwhile(*arguments):
        calls.append(arguments)
        if len(calls) == 4:
            register_role(role="Data Engineer", now=NOW)
        recompute(*arguments)

    monkeypatch.setattr(refresh, "_recompute", register_meanwhile)

    refresh_stats(now=NOW)

    assert load_role_stats(role="data engineer", days=365, now=NOW) is None
    assert get_role_demands(days=365, now=NOW) == {}
    assert compute(days=365)[0].window.demand.postings == 90
    refresh_stats(now=NOW)
    assert load_role_stats(role="data engineer", days=365, now=NOW).window.demand.postings == 90
    assert check_stats().differing == []


def test_a_refresh_shows_nothing_of_a_role_that_was_given_a_part_of_its_postings(mongo, monkeypatch):
    store(*(PostingFactory(title="Data Engineer", date_posted=days_ago(number)) for number in range(9)), role=None)
    give = membership.add_role

    def die(*, role, ids):
        give(role=role, ids=list(ids)[:4])
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(membership, "add_role", die)
        with pytest.raises(ZeroDivisionError):
            register_role(role="Data Engineer", now=NOW)

    refresh_stats(now=NOW)

    assert load_role_stats(role="data engineer", days=30, now=NOW) is None
    assert compute()[0].window.demand.postings == 9
    refresh_stats(now=NOW)
    assert load_role_stats(role="data engineer", days=30, now=NOW).window.demand.postings == 9


def test_a_role_without_postings_is_registered_once_and_then_only_looked_for(commands):
    store(PostingFactory())
    compute(role="Astronaut")
    commands.clear()

    assert compute(role="Astronaut") == (None, 0)

    assert set(commands) <= {"find", "distinct"}
