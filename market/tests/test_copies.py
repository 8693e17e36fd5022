"""Which postings of one employer are near-copies, by title, place and text."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.copies import (
    MIN_SIMILARITY,
    CopyCandidate,
    build_copy_keys,
    compute_signature,
    estimate_similarity,
    group_copies,
)

DAY = datetime(2026, 11, 1, tzinfo=UTC)
TEXT = " ".join(f"You will maintain service number {number} for our customers." for number in range(40))
OTHER = " ".join(f"The team writes firmware revision {number} on small boards." for number in range(40))


def sign(text: str) -> bytes:
    signature = compute_signature(text)
    assert signature is not None
    return signature


def build_keys(title="Backend Engineer", **fields):
    row = {"title": title, "company": "Acme", "location": "Berlin", "place": "Berlin, Germany", "description": TEXT}
    return build_copy_keys(row | fields)


def build_candidate(number, day=0, text=TEXT):
    return CopyCandidate(id=number, name=f"{number:03}", day=DAY + timedelta(days=day), signature=sign(text))


@pytest.mark.parametrize(
    ("title", "location"),
    [
        ("Backend Engineer", "Lisbon, Portugal"),
        ("Backend Engineer - Berlin", "Berlin"),
        ("Backend Engineer (Remote, EMEA)", "Remote"),
        ("Backend Engineer, Poland", "Warsaw"),
        ("BACK-END ENGINEER", "Berlin"),
        ("Backend Engineer (m/f/d)", "Berlin"),
        ("Backend Engineer - Fairview Mall", "CF Fairview"),
    ],
)
def test_titles_that_differ_in_the_place_have_the_same_key(title, location):
    assert build_keys(title, location=location, place=location)["copy_key"] == build_keys()["copy_key"]


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Senior Backend Engineer"},
        {"title": "Frontend Engineer"},
        {"title": "Backend Engineer II"},
        {"title": "Backend Engineer (German speaking)"},
        {"company": "Ackme"},
    ],
)
def test_another_level_trade_or_employer_has_another_key(fields):
    assert build_keys(**fields)["copy_key"] != build_keys()["copy_key"]


@pytest.mark.parametrize("company", ["ACME", "Acme.", "Acmé"])
def test_spellings_of_an_employer_have_the_same_key(company):
    assert build_keys(company=company)["copy_key"] == build_keys()["copy_key"]


@pytest.mark.parametrize("description", ["", None, "  \n", "***"])
def test_a_posting_without_text_is_no_copy(description):
    assert build_keys(description=description) == {"copy_key": None, "text_signature": None}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (TEXT, TEXT.upper().replace(" ", "\n"), True),
        (TEXT, f"{TEXT} Our office is in Lisbon, near the river.", True),
        (TEXT, OTHER, False),
        (TEXT, f"{TEXT} {OTHER}", False),
        ("We need COBOL.", "we need **COBOL**", True),
        ("We need COBOL.", "We need Go.", False),
        ("Too short to estimate.", TEXT, False),
    ],
)
def test_compares_texts_by_their_words(first, second, expected):
    similarity = estimate_similarity(sign(first), sign(second))

    assert (similarity >= MIN_SIMILARITY) is expected


def test_estimates_the_jaccard_similarity_of_triples():
    words = [f"word{number}" for number in range(1_000)]

    similarity = estimate_similarity(sign(" ".join(words)), sign(" ".join(words[:700])))

    assert similarity == pytest.approx(0.7, abs=0.12)


def test_signatures_never_change():
    assert sign(TEXT).hex()[:16] == "5047ed99766d30b4"


def test_the_earliest_posting_is_the_first_of_a_group():
    copies = group_copies([build_candidate(3, day=2), build_candidate(1, day=1), build_candidate(2, day=1)])

    assert {number: copy.first.id for number, copy in copies.items()} == {2: 1, 3: 1}
    assert {copy.similarity for copy in copies.values()} == {1.0}


def test_a_posting_after_60_days_starts_a_new_group():
    copies = group_copies([build_candidate(number, day=day) for number, day in enumerate((0, 60, 61, 121, 122))])

    assert {number: copy.first.id for number, copy in copies.items()} == {1: 0, 3: 2}


def test_copies_of_a_deleted_first_posting_stay_copies():
    copies = group_copies([build_candidate(2, day=50), build_candidate(3, day=61)], deleted_firsts=[build_candidate(1)])

    assert {number: copy.first.id for number, copy in copies.items()} == {2: 1}


@given(st.lists(st.tuples(st.integers(0, 150), st.sampled_from([TEXT, OTHER, "Short."])), max_size=12), st.randoms())
def test_groups_do_not_depend_on_the_order(postings, random):
    candidates = [build_candidate(number, day, text) for number, (day, text) in enumerate(postings)]
    copies = group_copies(candidates)

    shuffled = random.sample(candidates, len(candidates))

    assert group_copies(shuffled) == copies
    for number, copy in copies.items():
        assert copy.first.id not in copies
        assert timedelta(0) <= candidates[number].day - copy.first.day <= timedelta(days=60)
        assert postings[number][1] == postings[copy.first.id][1]
