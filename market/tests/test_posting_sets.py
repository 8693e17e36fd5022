"""Posting sets in arrays agree with Python sets."""

from hypothesis import given
from hypothesis import strategies as st

from market.daily_stats import PostingSets

NAMES = ["python", "sql", "go", "docker", "react"]
POSTINGS = st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.integers(0, 4_000_000)), max_size=30)


@given(POSTINGS, st.sets(st.sampled_from([*NAMES, "cobol"])))
def test_counts_the_given_skills_of_each_posting(postings, names):
    sets = PostingSets.from_postings(postings)

    counts = sets.count_among(names)

    assert counts.tolist() == [len(skills & names) for skills, _ in postings]
    assert sets.sizes.tolist() == [len(skills) for skills, _ in postings]
    assert sets.salaries.tolist() == [pay for _, pay in postings]


@given(POSTINGS)
def test_finds_the_postings_with_each_skill(postings):
    names = [*NAMES, "cobol"]

    present = PostingSets.from_postings(postings).build_presence(names)

    assert present.tolist() == [[name in skills for skills, _ in postings] for name in names]


def test_counts_a_repeated_skill_once():
    sets = PostingSets.from_postings([(["go", "go", "sql"], 0)])

    assert sets.sizes.tolist() == [2]


def test_finds_the_column_of_each_skill():
    sets = PostingSets.from_postings([({"go", "sql"}, 0)])

    columns = sets.find_columns(["go", "cobol", "sql"]).tolist()

    assert sorted(columns) == [-1, 0, 1]
    assert columns[1] == -1


def test_has_no_columns_without_postings():
    assert PostingSets.from_postings([]).find_columns(["cobol"]).tolist() == [-1]
    assert PostingSets.from_postings([({"go"}, 0)]).find_columns([]).tolist() == []
