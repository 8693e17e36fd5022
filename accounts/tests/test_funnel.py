"""The application funnel, computed from stage dates."""

from datetime import date, timedelta

import pytest

from accounts.applications.stages import STAGES, ApplicationHistory, Step, measure_funnel

TODAY = date(2026, 11, 21)


def _history(stage, **days_ago):
    return ApplicationHistory(
        stage=stage, reached={each: TODAY - timedelta(days=ago) for each, ago in days_ago.items()}
    )


def _step(histories, from_stage, to_stage, days=90) -> Step:
    funnel = measure_funnel(histories=histories, days=days, today=TODAY)
    return next(step for step in funnel.steps if (step.from_stage, step.to_stage) == (from_stage, to_stage))


def _list_values(step):
    return (step.entered, step.advanced, step.rate, step.median_days)


def test_has_no_rates_without_applications():
    funnel = measure_funnel(histories=[], days=1, today=TODAY)

    assert (funnel.first_day, funnel.last_day) == (TODAY, TODAY)
    assert [(each.stage, each.reached, each.standing) for each in funnel.stages] == [(stage, 0, 0) for stage in STAGES]
    assert {_list_values(step) for step in funnel.steps} == {(0, 0, None, None)}


APPLIED = _history("applied", saved=9, applied=8)
INVITED = _history("interview", applied=20, interview=14)
OFFERED = _history("offer", saved=40, applied=30, interview=20, offer=5)
REFUSED = _history("rejected", applied=30, interview=25, rejected=1)


@pytest.mark.parametrize(
    ("histories", "step", "stats"),
    [
        ([APPLIED], ("saved", "applied"), (1, 1, 100.0, 1)),
        ([APPLIED], ("applied", "interview"), (1, 0, 0.0, None)),
        ([APPLIED, INVITED, OFFERED], ("applied", "interview"), (3, 2, 66.7, 8.0)),
        ([APPLIED, INVITED, OFFERED, REFUSED], ("applied", "interview"), (4, 3, 75.0, 6)),
        ([INVITED, OFFERED, REFUSED], ("interview", "offer"), (3, 1, 33.3, 15)),
        ([APPLIED, INVITED, OFFERED, REFUSED], ("applied", "offer"), (4, 1, 25.0, 25)),
        ([APPLIED, INVITED, OFFERED, REFUSED], ("applied", "rejected"), (4, 1, 25.0, 29)),
    ],
)
def test_counts_how_many_advance_and_in_how_many_days(histories, step, stats):
    assert _list_values(_step(histories, *step)) == stats


@pytest.mark.parametrize(
    ("history", "applied"),
    [
        # An interview, offer or rejection implies an application, even if it was not recorded.
        (_history("interview", saved=5, interview=2), 1),
        (_history("offer", offer=2), 1),
        (_history("rejected", saved=5, rejected=2), 1),
        # A withdrawal does not, because users can lose interest before applying.
        (_history("withdrawn", saved=5, withdrawn=2), 0),
        (_history("saved", saved=5), 0),
    ],
)
def test_a_response_implies_an_application(history, applied):
    funnel = measure_funnel(histories=[history], days=90, today=TODAY)

    assert next(each.reached for each in funnel.stages if each.stage == "applied") == applied
    # Without a recorded date of application, the time to the response is unknown.
    assert all(step.median_days is None for step in funnel.steps if step.from_stage == "applied")


def test_ignores_the_duration_for_a_job_saved_after_applying():
    assert _list_values(_step([_history("applied", saved=1, applied=4)], "saved", "applied")) == (1, 1, 100.0, None)


@pytest.mark.parametrize(("ago", "is_in"), [(0, True), (-1, True), (29, True), (30, False)])
def test_uses_the_date_on_which_a_stage_was_reached(ago, is_in):
    step = _step([_history("applied", applied=ago)], "applied", "interview", days=30)

    assert step.entered == is_in


def test_counts_advances_at_any_later_time():
    old, recent = _history("interview", applied=40, interview=3), _history("interview", applied=10, interview=3)

    assert _step([old, recent], "applied", "interview", days=30).entered == 1
    assert _step([old, recent], "interview", "offer", days=30).entered == 2


def test_counts_the_current_stage_of_all_applications():
    funnel = measure_funnel(histories=[OFFERED, _history("offer", offer=300)], days=30, today=TODAY)

    offer = next(each for each in funnel.stages if each.stage == "offer")
    assert (offer.reached, offer.standing) == (1, 2)
