"""Packing and unpacking a role's postings is lossless."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from market.daily_stats import PostingSets, pack_postings, sum_counts, sum_counts_by_key, unpack_postings
from market.name_keys import compute_name_key

NAMES = ["python", "sql", "go", "docker", "react", "c++", "データ"]
DAY = st.lists(st.tuples(st.sets(st.sampled_from(NAMES)).map(tuple), st.integers(0, 4_000_000)), max_size=12)


def pack(day):
    counts = Counter(name for skills, _ in day for name in skills)
    names = sorted(counts)
    return pack_postings(postings=day, names=names, counts=[counts[name] for name in names])


def unpack(rows):
    keys, counts, columns = sum_counts(rows)
    return counts, unpack_postings(rows, keys=keys, columns=columns)


def to_lists(sets):
    """Return each posting's keys and pay, sorted."""
    keys = sets.keys.tolist()
    return sorted(
        (sorted(keys[column] for column in sets.columns[start:end].tolist()), pay)
        for start, end, pay in zip(sets.starts[:-1], sets.starts[1:], sets.salaries.tolist(), strict=True)
    )


@given(st.lists(DAY, max_size=4))
def test_unpacking_restores_packed_postings(days):
    counts, sets = unpack([pack(day) for day in days])

    postings = [posting for day in days for posting in day]
    expected = PostingSets.from_postings(postings)
    assert to_lists(sets) == to_lists(expected)
    assert sets.keys.tolist() == expected.keys.tolist()
    counted = Counter(name for skills, _ in postings for name in skills)
    assert counts.tolist() == [counted[name] for name in sorted(counted, key=compute_name_key)]


@given(st.lists(DAY, max_size=4), st.sets(st.sampled_from([*NAMES, "cobol"])))
def test_sums_only_the_counts_of_the_given_keys(days, names):
    ordered = sorted(names, key=compute_name_key)
    keys = np.array([compute_name_key(name) for name in ordered], np.uint64)

    counts = sum_counts_by_key([pack(day) for day in days], keys=keys)

    counted = Counter(name for day in days for skills, _ in day for name in skills)
    assert counts.tolist() == [counted[name] for name in ordered]


@given(DAY, st.randoms(use_true_random=False))
def test_packed_bytes_do_not_depend_on_the_order(day, random):
    shuffled = [(tuple(random.sample(skills, len(skills))), pay) for skills, pay in day]
    random.shuffle(shuffled)

    assert pack(shuffled) == pack(day)


def test_uses_four_byte_indexes_for_more_than_65536_skills():
    day = [((f"skill {number}",), 0) for number in range(65_537)]

    counts, sets = unpack([pack(day)])

    assert (len(counts), set(counts.tolist()), sets.postings) == (65_537, {1}, 65_537)
    assert len(set(sets.columns.tolist())) == 65_537


def test_skill_keys_never_change():
    assert compute_name_key("python") == 12810737210631960232
    assert compute_name_key("データ") != compute_name_key("data")
