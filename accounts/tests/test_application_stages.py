"""Stages of an application: order and dates. Pure tests without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.applications.stages import SAVED, STAGES, DayRejected, advance_stage

TODAY = date(2026, 11, 21)


def _days_ago(days):
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("reached", "stage", "expected"),
    [
        ({}, "applied", {"applied": 0}),
        ({"saved": 9}, "applied", {"saved": 9, "applied": 0}),
        ({"saved": 9}, "offer", {"saved": 9, "offer": 0}),
        ({"saved": 9, "applied": 5}, "rejected", {"saved": 9, "applied": 5, "rejected": 0}),
        # Corrections keep the recorded date of the stage.
        ({"saved": 9, "applied": 5, "interview": 2}, "applied", {"saved": 9, "applied": 5}),
        ({"saved": 9, "applied": 5}, "saved", {"saved": 9}),
        ({"applied": 5, "offer": 2, "withdrawn": 1}, "offer", {"applied": 5, "offer": 2}),
        ({"applied": 5, "rejected": 2}, "withdrawn", {"applied": 5, "withdrawn": 0}),
        ({"applied": 5, "withdrawn": 2}, "rejected", {"applied": 5, "rejected": 0}),
        ({"applied": 5, "rejected": 2}, "interview", {"applied": 5, "interview": 0}),
        # The application was made in a time zone where the next day has already begun.
        ({"applied": -1}, "interview", {"applied": -1, "interview": -1}),
    ],
)
def test_keeps_earlier_stages_and_removes_later_ones(reached, stage, expected):
    days = {each: _days_ago(ago) for each, ago in reached.items()}

    assert advance_stage(reached=days, stage=stage, day=None, today=TODAY) == {
        each: _days_ago(n) for each, n in expected.items()
    }


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (_days_ago(-2), "out_of_range"),
        (date(1999, 12, 31), "out_of_range"),
        (_days_ago(6), "before_earlier_stage"),
        (_days_ago(5), None),
        (_days_ago(-1), None),
    ],
)
def test_rejects_a_date_on_which_the_stage_cannot_have_been_reached(day, reason):
    reached = {"saved": _days_ago(1), "applied": _days_ago(5)}
    if reason is None:
        assert advance_stage(reached=reached, stage="interview", day=day, today=TODAY)["interview"] == day
    else:
        with pytest.raises(DayRejected) as caught:
            advance_stage(reached=reached, stage="interview", day=day, today=TODAY)
        assert caught.value.reason == reason


@given(moves=st.lists(st.tuples(st.sampled_from(STAGES), st.integers(-1, 30) | st.none()), max_size=8))
def test_stage_dates_stay_in_order_after_any_moves(moves):
    reached: dict[str, date] = {}
    for stage, ago in moves:
        try:
            reached = advance_stage(
                reached=reached, stage=stage, day=None if ago is None else _days_ago(ago), today=TODAY
            )
        except DayRejected:
            continue
        assert list(reached)[-1] == stage
        assert not {"rejected", "withdrawn"} <= reached.keys()
        days = [reached[each] for each in STAGES if each in reached and each != SAVED]
        assert days == sorted(days)
