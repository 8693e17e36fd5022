"""Daily stats stay in sync with the postings, even with concurrent writers and crashes."""

import os
import signal
import threading
import time
from datetime import timedelta
from unittest.mock import Mock

import orjson
import pytest
from redis.exceptions import LockNotOwnedError

from market import refresh, stats_rows
from market.daily_stats import day_start
from market.refresh import RefreshRunningError, check_stats, refresh_stats
from market.selectors import get_role_stats, read_response, render_response
from market.services import store_postings
from market.stats_rows import mark_dirty, read_state, withhold_rows
from tests.factories import NOW, TODAY, PostingFactory, days_ago

pytestmark = pytest.mark.usefixtures("mongo", "redis")


def get_response(days=30, now=NOW):
    response = read_response(days=days, now=now)
    return response and orjson.loads(response[1])


def test_updates_stats_after_postings_are_added_and_deleted(mongo):
    postings = [PostingFactory.build(place="Austin, TX"), PostingFactory.build(place="Remote")]
    store_postings(postings=postings, now=NOW)
    refresh_stats(now=NOW)
    first = get_response()

    mongo.job_postings.delete_one({"place": "Remote"})
    mark_dirty(days=[day_start(TODAY)])
    refresh_stats(now=NOW)

    assert first["top_locations"] == [{"location": "Austin, TX", "count": 1}, {"location": "Remote", "count": 1}]
    assert get_response()["top_locations"] == [{"location": "Austin, TX", "count": 1}]


def test_does_nothing_if_nothing_changed():
    first = refresh_stats(now=NOW)

    assert first.rendered
    assert not refresh_stats(now=NOW).rendered


def test_windows_move_at_midnight():
    store_postings(postings=[PostingFactory.build(date_posted=days_ago(29))], now=NOW)
    refresh_stats(now=NOW)
    tomorrow = NOW + timedelta(days=1)

    assert get_response()["total_jobs_analyzed"] == 1
    assert get_response(now=tomorrow) is None
    refresh_stats(now=tomorrow)
    assert get_response(now=tomorrow)["total_jobs_analyzed"] == 0


def test_a_write_during_a_refresh_leaves_its_day_dirty(mongo, monkeypatch):
    store_postings(postings=[PostingFactory.build()], now=NOW)
    count = refresh._count_days

    def count_before_a_write(days):
        stats = count(days)
        monkeypatch.setattr(refresh, "_count_days", count)
        store_postings(postings=[PostingFactory.build()], now=NOW)
        return stats

    monkeypatch.setattr(refresh, "_count_days", count_before_a_write)

    refresh_stats(now=NOW)

    assert get_response()["total_jobs_analyzed"] == 1
    assert mongo.dirty_days.count_documents({}) == 1
    refresh_stats(now=NOW)
    assert get_response()["total_jobs_analyzed"] == 2


def test_a_failed_write_leaves_its_day_dirty(mongo):
    mongo.dirty_days.delete_many({})

    with pytest.raises(ZeroDivisionError), stats_rows.dirty_days(days=[day_start(TODAY)], now=NOW):
        raise ZeroDivisionError

    assert mongo.dirty_days.count_documents({}) == 1


def test_a_writer_killed_before_its_second_mark_leaves_its_day_dirty(mongo):
    store_postings(postings=[PostingFactory.build()], now=NOW)
    (row,) = mongo.job_postings.find()
    writer = stats_rows.dirty_days(days=[day_start(TODAY)], now=NOW)
    writer.__enter__()
    refresh_stats(now=NOW)
    mongo.job_postings.insert_one(row | {"_id": 2, "job_id": "2", "url": "https://jobs.example.com/2"})

    refresh_stats(now=NOW + timedelta(minutes=11))

    assert get_response()["total_jobs_analyzed"] == 2
    assert mongo.dirty_days.count_documents({}) == 0


def test_a_refresh_that_lost_its_lock_leaves_its_days_dirty(mongo, monkeypatch, redis):
    store_postings(postings=[PostingFactory.build()], now=NOW)
    recompute = refresh._recompute_days

    def recompute_and_lose_the_lock(*arguments):
        recompute(*arguments)
        redis.delete(refresh._LOCK_KEY)
        mongo.dirty_days.delete_many({})

    monkeypatch.setattr(refresh, "_recompute_days", recompute_and_lose_the_lock)

    with pytest.raises(LockNotOwnedError):
        refresh_stats(now=NOW)

    assert mongo.dirty_days.count_documents({}) == 1


def test_an_interrupted_closing_does_not_close_the_day(mongo):
    store_postings(postings=[PostingFactory.build()], role="Data Engineer", now=NOW)
    day = day_start(TODAY)
    mongo.market_figures.insert_one({"scope": "data engineer", "day": day, "postings": 1, "sealed": True})

    refresh_stats(now=NOW)

    assert get_response()["total_jobs_analyzed"] == 1
    assert mongo.market_figures.count_documents({"sealed": True}) == 0
    assert mongo.job_postings.count_documents({}) == 1


def test_concurrent_writers_and_refreshes_end_with_exact_stats(mongo):
    def write():
        for _ in range(5):
            store_postings(postings=[PostingFactory.build() for _ in range(20)], now=NOW)
            refresh_stats(now=NOW)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    refresh_stats(now=NOW)
    assert get_response()["total_jobs_analyzed"] == 400
    assert check_stats().differing == []


def test_the_check_marks_a_wrong_day_dirty(mongo):
    store_postings(postings=[PostingFactory.build()], now=NOW)
    refresh_stats(now=NOW)
    mongo.market_figures.update_one({"scope": "market"}, {"$set": {"postings": 99}})

    check = check_stats()

    assert check.differing == [TODAY]
    refresh_stats(now=NOW)
    assert check_stats().differing == []


def test_the_check_does_not_report_a_day_that_changed_during_the_check(mongo, monkeypatch):
    store_postings(postings=[PostingFactory.build()], now=NOW)
    refresh_stats(now=NOW)
    count = refresh._count_days

    def count_after_a_write(days):
        monkeypatch.setattr(refresh, "_count_days", count)
        store_postings(postings=[PostingFactory.build()], now=NOW)
        return count(days)

    monkeypatch.setattr(refresh, "_count_days", count_after_a_write)

    assert check_stats().differing == []


def test_renders_again_if_redis_lost_the_responses(redis):
    store_postings(postings=[PostingFactory.build()], now=NOW)
    refresh_stats(now=NOW)
    redis.flushdb()

    assert get_response() is None
    assert orjson.loads(render_response(days=30, now=NOW))["total_jobs_analyzed"] == 1
    refresh_stats(now=NOW)
    assert get_response()["total_jobs_analyzed"] == 1


def test_hidden_postings_are_not_counted(mongo):
    store_postings(postings=[PostingFactory.build()], now=NOW)
    mongo.job_postings.update_many({}, {"$set": {"hidden": True}})

    refresh_stats(now=NOW)

    assert get_response()["total_jobs_analyzed"] == 0


def test_each_role_has_its_own_stats(mongo):
    store_postings(postings=[PostingFactory.build()], role="Data Engineer", now=NOW)
    store_postings(postings=[PostingFactory.build()], now=NOW)

    refresh_stats(now=NOW)

    rows = mongo.market_figures.find({}, {"_id": 0, "scope": 1, "postings": 1}).sort("scope", 1)
    assert list(rows) == [{"scope": "data engineer", "postings": 1}, {"scope": "market", "postings": 2}]


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_lock_of_a_killed_refresh_expires(redis):
    pid = os.fork()
    if not pid:
        with refresh._hold_lock():
            time.sleep(60)
        os._exit(0)
    wait_for(lambda: redis.exists(refresh._LOCK_KEY))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    remaining = redis.pttl(refresh._LOCK_KEY)
    time.sleep(0.3)

    assert 0 < redis.pttl(refresh._LOCK_KEY) < remaining <= 20_000


def test_the_lock_is_extended_until_it_is_released(monkeypatch, redis):
    monkeypatch.setattr(refresh, "_LOCK_TTL", 0.5)

    with refresh._hold_lock():
        time.sleep(1.5)
        is_held = redis.exists(refresh._LOCK_KEY)

    assert is_held
    assert not redis.exists(refresh._LOCK_KEY)
    assert not [thread for thread in threading.enumerate() if thread.name == "stats-lock"]


def test_a_refresh_that_does_not_wait_leaves_the_days_dirty(mongo):
    store_postings(postings=[PostingFactory.build()], now=NOW)

    with refresh._hold_lock(), pytest.raises(RefreshRunningError):
        refresh_stats(now=NOW, wait=False)

    assert mongo.dirty_days.count_documents({}) == 1
    assert refresh_stats(now=NOW, wait=False).days == 1


def test_a_refresh_that_was_overtaken_before_publishing_publishes_nothing(mongo, monkeypatch):
    store_postings(postings=[PostingFactory.build()], now=NOW)

    def publish_concurrently(**arguments):
        monkeypatch.setattr(refresh, "withhold_rows", withhold_rows)
        store_postings(postings=[PostingFactory.build()], now=NOW)
        state = read_state()
        refresh._publish_days(mongo.dirty_days.distinct("_id"), state, Mock(), NOW)

    monkeypatch.setattr(refresh, "withhold_rows", publish_concurrently)

    with pytest.raises(LockNotOwnedError):
        refresh_stats(now=NOW)

    assert get_response()["total_jobs_analyzed"] == 2
    assert mongo.dirty_days.count_documents({}) == 1


def test_renders_again_if_redis_restored_an_older_version(redis):
    store_postings(postings=[PostingFactory.build()], role="Backend Developer", now=NOW)
    refresh_stats(now=NOW)
    before = {key: redis.dump(key) for key in redis.keys("market:figures:*")}
    store_postings(postings=[PostingFactory.build()], role="Backend Developer", now=NOW)
    refresh_stats(now=NOW)
    assert get_response()["total_jobs_analyzed"] == 2

    redis.delete(*redis.keys("market:figures:*"))
    for key, value in before.items():
        redis.restore(key, 0, value)
    assert get_response()["total_jobs_analyzed"] == 1
    get_role_stats(role="backend developer", days=30, now=NOW)
    summary = refresh_stats(now=NOW)

    assert (summary.days, summary.rendered) == (0, True)
    assert get_response()["total_jobs_analyzed"] == 2
    stats = get_role_stats(role="backend developer", days=30, now=NOW)
    assert stats is not None
    assert stats.window.demand.postings == 2
    assert not refresh_stats(now=NOW).rendered
