"""A role's postings come out of their packed form as they went in."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from market.daily_stats import PostingSets, pack_postings, skill_key, sum_counts, sum_counts_of, unpack_postings

NAMES = ["python", "sql", "go", "docker", "react", "c++", "データ"]
DAY = st.lists(st.tuples(st.sets(st.sampled_from(NAMES)).map(tuple), st.integers(0, 4_000_000)), max_size=12)


def packed(day):
    counts = Counter(name for skills, _ in day for name in skills)
    names = sorted(counts)
    return pack_postings(postings=day, names=names, counts=[counts[name] for name in names])


def unpacked(rows):
    keys, counts, columns = sum_counts(rows)
    return counts, unpack_postings(rows, keys=keys, columns=columns)


def as_plain(sets):
    """Each posting's keys and pay, in any order."""
    keys = sets.keys.tolist()
    return sorted(
        (sorted(keys[column] for column in sets.columns[start:end].tolist()), pay)
        for start, end, pay in zip(sets.starts[:-1], sets.starts[1:], sets.salaries.tolist(), strict=True)
    )


@given(st.lists(DAY, max_size=4))
def test_unpacks_what_was_packed(days):
    counts, sets = unpacked([packed(day) for day in days])

    postings = [posting for day in days for posting in day]
    expected = PostingSets.of(postings)
    assert as_plain(sets) == as_plain(expected)
    assert sets.keys.tolist() == expected.keys.tolist()
    plain = Counter(name for skills, _ in postings for name in skills)
    assert counts.tolist() == [plain[name] for name in sorted(plain, key=skill_key)]


@given(st.lists(DAY, max_size=4), st.sets(st.sampled_from([*NAMES, "cobol"])))
def test_tallies_just_the_keys_that_are_asked_for(days, names):
    ordered = sorted(names, key=skill_key)
    keys = np.array([skill_key(name) for name in ordered], np.uint64)

    counts = sum_counts_of([packed(day) for day in days], keys=keys)

    plain = Counter(name for day in days for skills, _ in day for name in skills)
    assert counts.tolist() == [plain[name] for name in ordered]


@given(DAY, st.randoms(use_true_random=False))
def test_packs_equal_postings_into_equal_bytes(day, random):
    shuffled = [(tuple(random.sample(skills, len(skills))), pay) for skills, pay in day]
    random.shuffle(shuffled)

    assert packed(shuffled) == packed(day)


def test_takes_wider_places_for_more_skills_than_two_bytes_count():
    day = [((f"skill {number}",), 0) for number in range(65_537)]

    counts, sets = unpacked([packed(day)])

    assert (len(counts), set(counts.tolist()), sets.postings) == (65_537, {1}, 65_537)
    assert len(set(sets.columns.tolist())) == 65_537


def test_keeps_keys_for_good():
    assert skill_key("python") == 12810737210631960232
    assert skill_key("データ") != skill_key("data")
