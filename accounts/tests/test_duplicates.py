"""Merging duplicates that an older release stored because it had no unique indexes on user data."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st
from pymongo.collection import Collection

from accounts.applications.documents import MAX_NOTE_LENGTH
from accounts.applications.stages import SAVED, STAGES, DayRejected, advance_stage, get_furthest_stage, merge_histories
from accounts.migrations import (
    merge_applications,
    merge_matches,
    merge_told_postings,
    renumber_resumes,
    renumber_searches,
)
from accounts.searches.services import TooManySearches, save_search
from career_navigator.db.bootstrap import create_indexes
from market.jobs.filters import JobFilter

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
USER, JOB = ObjectId(), ObjectId()
COLLECTIONS = ("applications", "match_scores", "resumes", "saved_searches", "told_postings", "activities")
WRITES = ("replace_one", "update_one", "update_many", "delete_one")


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def day(number):
    return datetime(2026, 11, number, tzinfo=UTC)


@pytest.fixture
def unindexed(mongo):
    """Return the database without the indexes on user data, as an older release created it."""
    for name in COLLECTIONS:
        mongo[name].drop_indexes()
    yield mongo
    for name in COLLECTIONS:
        mongo[name].delete_many({})
    create_indexes()


def application(seconds, stage="saved", **fields):
    line = ObjectId()
    return {
        "_id": ObjectId(),
        "user": USER,
        "job": JOB,
        "stage": stage,
        "reached": {stage: day(20)},
        "title": "Engineer",
        "company": "Acme",
        "activity": line,
        "first_activity": line,
        "created_at": after(seconds),
        "updated_at": after(seconds),
    } | fields


def store_applications(unindexed, *applications):
    unindexed.applications.insert_many(applications)
    unindexed.activities.insert_many([{"_id": each["activity"], "application": each["_id"]} for each in applications])
    return [each["_id"] for each in applications]


def test_keeps_the_furthest_stage_with_the_oldest_first_activity(unindexed):
    resume = ObjectId()
    offered = application(
        2, "offer", reached={"applied": day(5), "offer": day(9)}, activity=ObjectId(), updated_at=after(30),
        note="They were kind.",
    )  # fmt: skip
    first = application(1, reached={"saved": day(3)}, note="By email.")
    last = application(3, "applied", reached={"saved": day(4), "applied": day(4)}, updated_at=after(60), resume=resume)
    ids = store_applications(unindexed, offered, first, last)
    other = application(4, job=ObjectId())
    store_applications(unindexed, other)

    assert merge_applications() == 2

    assert unindexed.applications.find_one({"job": JOB}) == first | {
        "stage": "offer",
        "reached": {"saved": day(3), "applied": day(4), "offer": day(9)},
        "activity": offered["activity"],
        "updated_at": after(60),
        "note": "They were kind.\n\nBy email.",
        "resume": resume,
    }
    assert unindexed.applications.find_one({"_id": other["_id"]}) == other
    assert Counter(line["application"] for line in unindexed.activities.find()) == {ids[1]: 3, other["_id"]: 1}


@pytest.mark.parametrize(("earlier", "later"), [("rejected", "withdrawn"), ("withdrawn", "rejected")])
def test_keeps_the_later_of_a_rejection_and_a_withdrawal(unindexed, earlier, later):
    store_applications(unindexed, application(1, later, updated_at=after(9)), application(2, earlier))

    merge_applications()

    (merged,) = unindexed.applications.find()
    assert (merged["stage"], list(merged["reached"])) == (later, [later])


def test_keeps_only_the_last_note_if_all_are_too_long_to_join(unindexed):
    notes = ["a" * MAX_NOTE_LENGTH, "b" * MAX_NOTE_LENGTH]
    store_applications(unindexed, *(application(number, note=note) for number, note in enumerate(notes)))

    merge_applications()

    assert [each["note"] for each in unindexed.applications.find()] == notes[1:]


HISTORIES = st.lists(
    st.lists(st.tuples(st.sampled_from(STAGES), st.integers(1, 28) | st.none()), min_size=1, max_size=6),
    min_size=1,
    max_size=4,
)


@given(moves=HISTORIES)
def test_merged_dates_are_dates_a_user_could_have_entered(moves):
    stages, histories = [], []
    for each in moves:
        reached: dict[str, date] = {}
        for stage, number in each:
            try:
                reached = advance_stage(
                    reached=reached, stage=stage, day=number and date(2026, 11, number), today=date(2026, 11, 28)
                )
            except DayRejected:
                continue
        if reached:
            histories.append(reached)
            stages.append(list(reached)[-1])
    stage = get_furthest_stage(stages)

    merged = merge_histories(stage=stage, histories=histories)

    steps = [on for each, on in merged.items() if each != SAVED]
    assert steps == sorted(steps)
    assert list(merged)[-1] == stage
    for history in histories:
        # No stage is lost, except a rejection or withdrawal that the last stage replaces.
        assert {each for each in history if each not in STAGES[4:]} <= set(merged)
        assert all(merged[each] <= on for each, on in history.items() if each in merged)
    assert merge_histories(stage=stage, histories=[merged, *histories]) == merged


def test_keeps_the_newest_score_and_the_newest_analysis(unindexed):
    owner = {"user": USER, "job": JOB}
    old = {"analysis": {"score": 50, "analyzed_at": after(1)}, "computed_at": after(1), "match": {"score": 1}}
    analyzed = {"analysis": {"score": 70, "analyzed_at": after(5)}}
    computed = {"computed_at": after(9), "match": {"score": 2}, "fingerprint": "f", "role": "r", "expires_at": day(30)}
    unindexed.match_scores.insert_many(
        [{"_id": number} | owner | each for number, each in enumerate([old, analyzed, computed])]
    )
    expiring = [{"user": ObjectId(), "job": JOB, "computed_at": after(n), "expires_at": day(29 + n)} for n in (0, 1)]
    expiring[1]["user"] = expiring[0]["user"]
    unindexed.match_scores.insert_many(expiring)

    assert merge_matches() == 3

    del computed["expires_at"]
    assert unindexed.match_scores.find_one(owner) == {"_id": 0} | owner | computed | analyzed
    assert [each["expires_at"] for each in unindexed.match_scores.find({"user": expiring[0]["user"]})] == [day(30)]


def test_keeps_the_first_time_a_posting_was_notified(unindexed):
    times = [(None, 1), (after(7), 2), (after(5), 0)]
    unindexed.told_postings.insert_many(
        [{"search": USER, "job": JOB, "told_at": at, "claimed_at": after(claimed)} for at, claimed in times]
    )
    unindexed.told_postings.insert_many([{"search": JOB, "job": JOB, "claimed_at": after(n)} for n in (0, 1)])

    assert merge_told_postings() == 3

    (row,) = unindexed.told_postings.find({"search": USER})
    assert (row["told_at"], row["claimed_at"]) == (after(5), after(0))
    (row,) = unindexed.told_postings.find({"search": JOB})
    assert (row.get("told_at"), row["claimed_at"]) == (None, after(0))


def resumes(versions, **fields):
    return [
        {"user": USER, "source": "upload", "version": version, "created_at": after(number)} | fields
        for number, version in enumerate(versions)
    ]


def test_renumbers_duplicate_versions_in_order_and_keeps_unique_ones(unindexed):
    unindexed.resumes.insert_many(resumes([1, 1, 1, 2, 3, 4, 4, 4, 5, 6]))
    # Other series are numbered independently. The last one has a gap, as left by deletions.
    for numbers, fields in (([1, 2], {"source": "generated"}), ([1, 1], {"job": JOB}), ([2, 2, 9], {"user": JOB})):
        unindexed.resumes.insert_many(resumes(numbers, **fields))

    assert renumber_resumes() == 9 + 1 + 1

    def list_versions(**fields):
        series = {"user": USER, "source": "upload", "job": None} | fields
        return [row["version"] for row in unindexed.resumes.find(series).sort("created_at", 1)]

    assert list_versions() == list(range(1, 11))
    assert list_versions(source="generated") == list_versions(job=JOB) == [1, 2]
    assert list_versions(user=JOB) == [2, 3, 9]


def test_updates_the_version_in_the_content_of_a_renumbered_resume(unindexed):
    content = {"basics": {"name": "Ada"}, "meta": {"version": "1", "theme": "even"}}
    unindexed.resumes.insert_many(resumes([1, 1], content=content))
    unindexed.resumes.insert_many(resumes([1, 1], content={"basics": {}}, source="generated"))

    renumber_resumes()

    first, second = unindexed.resumes.find({"source": "upload"}).sort("created_at", 1)
    assert (first["content"], second["content"]["meta"]) == (content, {"version": "2", "theme": "even"})
    assert [row["content"] for row in unindexed.resumes.find({"source": "generated"})] == [{"basics": {}}] * 2


def test_gives_searches_the_lowest_free_numbers_and_keeps_all_beyond_the_limit(unindexed):
    numbers = [0, 0, 1, 3, 3, *range(4, 51)]
    unindexed.saved_searches.insert_many([{"user": USER, "number": number} for number in numbers])
    unindexed.saved_searches.insert_many([{"user": JOB, "number": 0}, {"user": JOB}, {"user": JOB}])

    assert renumber_searches() == 2

    assert [row["number"] for row in unindexed.saved_searches.find({"user": USER}).sort("_id", 1)] == [
        0, 2, 1, 3, 51, *range(4, 51),
    ]  # fmt: skip
    # There were 52 searches. After deleting one, a number is free, but the user still has too many searches.
    unindexed.saved_searches.delete_one({"user": USER, "number": 7})
    with pytest.raises(TooManySearches):
        save_search(user_id=USER, name="One more", job_filter=JobFilter(), digest=None, now=NOW)


def store_all(unindexed) -> None:
    store_applications(
        unindexed,
        application(1, note="First"),
        application(2, "applied", note="Second", updated_at=after(20)),
        application(3, "offer", note="First", updated_at=after(10)),
    )
    owner = {"user": USER, "job": JOB}
    unindexed.match_scores.insert_many(
        [owner | {"computed_at": after(n), "analysis": {"analyzed_at": after(-n)}} for n in range(3)]
    )
    unindexed.told_postings.insert_many([{"search": USER, "job": JOB, "claimed_at": after(n)} for n in range(3)])
    unindexed.resumes.insert_many(resumes([1, 1, 2, 2, 5]))
    unindexed.saved_searches.insert_many([{"user": USER, "number": number} for number in (0, 0, 0, 2)])


def read_all(unindexed):
    return {name: list(unindexed[name].find().sort("_id", 1)) for name in COLLECTIONS}


def put_back(unindexed, stored) -> None:
    for name, documents in stored.items():
        unindexed[name].delete_many({})
        unindexed[name].insert_many(documents)


def merge_all() -> int:
    return sum(
        merge()
        for merge in (merge_applications, merge_matches, merge_told_postings, renumber_resumes, renumber_searches)
    )


class Killed(BaseException):
    """Simulates that the process is killed."""


@pytest.fixture
def before_write(monkeypatch) -> Callable[[Callable[[int], None]], None]:
    """Return a function that installs a hook, which is called before each write with the number of the write."""
    hooks: list[Callable[[int], None]] = []
    count = 0

    def hooked(name):
        write = getattr(Collection, name)

        def call(self, *arguments, **options):
            nonlocal count
            if hooks:
                hook = hooks.pop()
                count += 1
                hook(count)
                hooks.append(hook)
            return write(self, *arguments, **options)

        return call

    for name in WRITES:
        monkeypatch.setattr(Collection, name, hooked(name))

    def set_hook(hook):
        nonlocal count
        hooks[:], count = [hook], 0

    return set_hook


def test_has_the_same_result_wherever_it_was_interrupted(unindexed, before_write):
    store_all(unindexed)
    stored = read_all(unindexed)
    numbers: list[int] = []
    before_write(numbers.append)
    merge_all()
    merged = read_all(unindexed)
    assert len(numbers) >= 15

    for number in numbers:

        def kill(now, number=number):
            if now == number:
                raise Killed

        put_back(unindexed, stored)
        before_write(kill)
        with pytest.raises(Killed):
            merge_all()
        before_write(lambda _: None)
        merge_all()
        assert read_all(unindexed) == merged, f"killed before write {number}"
        assert merge_all() == 0


def test_loses_no_concurrent_change_of_an_application(unindexed, before_write):
    store_all(unindexed)
    notes = []

    def change(number):
        """Change the last application found, as a web process of an older release might do during the migration."""
        if number <= 3:
            notes.append(f"Note {number}")
            ids = list(unindexed.applications.find({}, {"_id": 1}))
            unindexed.applications.find_one_and_update(
                {"_id": ids[-1]["_id"]},
                {"$set": {"note": notes[-1], "activity": ObjectId(), "updated_at": after(99)}},
            )

    before_write(change)
    while unindexed.applications.estimated_document_count() > 1:
        merge_applications()

    (merged,) = unindexed.applications.find()
    assert notes[-1] in merged["note"]
    assert merged["stage"] == "offer"
