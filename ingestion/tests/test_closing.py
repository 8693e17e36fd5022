"""Which postings a listing closes."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.closing import ClosingDecision, decide_closings

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
IDS = [str(number) for number in range(20)]


def decide(listed: list[str], **changes: object) -> ClosingDecision:
    values = {
        "open_ids": IDS,
        "listed_ids": listed,
        "unidentified_count": 0,
        "recent_counts": [20, 20, 21],
        "empty_since": None,
        "returns_404": True,
        "now": NOW,
    }
    return decide_closings(**values | changes)  # type: ignore[arg-type]


def test_closes_nothing_while_all_postings_are_listed() -> None:
    assert decide([*IDS, "new"]) == ClosingDecision()


def test_closes_the_postings_that_are_missing_from_a_complete_listing() -> None:
    assert decide(IDS[2:]).closed == {"0", "1"}


def test_holds_missing_postings_while_an_item_has_no_readable_id() -> None:
    decision = decide(IDS[2:], unidentified_count=1)

    assert (decision.closed, decision.held_for_review) == (frozenset(), {"0", "1"})
    assert decision.reason == "1 items of the listing have no readable id"


@pytest.mark.parametrize(
    ("empty_for", "closed"), [(None, False), (timedelta(hours=5, minutes=59), False), (timedelta(hours=6), True)]
)
def test_closes_all_postings_when_a_later_listing_is_empty_too(empty_for: timedelta | None, closed: bool) -> None:
    decision = decide([], empty_since=NOW - empty_for if empty_for else None)

    assert (decision.closed, decision.held_for_review) == (
        (set(IDS), frozenset()) if closed else (frozenset(), set(IDS))
    )


def test_holds_all_postings_of_an_empty_board_whose_source_shows_unknown_boards_as_empty() -> None:
    decision = decide([], returns_404=False, empty_since=NOW - timedelta(days=3))

    assert decision.held_for_review == set(IDS)


def test_holds_missing_postings_when_a_listing_is_much_shorter_than_usual() -> None:
    decision = decide(IDS[:13], recent_counts=[20, 19, 21])

    assert (decision.closed, len(decision.held_for_review)) == (frozenset(), 7)
    assert decision.reason == "the listing has 13 postings, usually 20"


def test_holds_missing_postings_when_most_would_be_closed_at_once() -> None:
    replaced = [*IDS[:9], *(f"new {number}" for number in range(11))]

    assert len(decide(replaced).held_for_review) == 11


def test_closes_a_few_postings_of_a_small_board() -> None:
    assert decide([], open_ids=[], recent_counts=[]).closed == frozenset()
    assert decide(["0"], open_ids=["0", "1", "2", "3"], recent_counts=[4]).closed == {"1", "2", "3"}
