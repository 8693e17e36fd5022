"""The monthly credit budget."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from ingestion.source import (
    BudgetSpentError,
    count_spent_credits,
    get_credits_left,
    reserve_credits,
    settle_credits,
)

pytestmark = pytest.mark.usefixtures("mongo")

NOW = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
NEXT_MONTH = datetime(2026, 12, 1, tzinfo=UTC)


def test_a_month_begins_with_nothing_spent():
    assert count_spent_credits(now=NOW) == 0
    assert get_credits_left(budget=100, now=NOW) == 100
    assert get_credits_left(budget=None, now=NOW) is None


def test_counts_spent_credits_without_a_budget():
    reserve_credits(credits=40, budget=None, now=NOW)
    reserve_credits(credits=2, budget=None, now=NOW)

    assert count_spent_credits(now=NOW) == 42


def test_never_reserves_more_than_the_budget():
    reserve_credits(credits=60, budget=100, now=NOW)
    reserve_credits(credits=40, budget=100, now=NOW)

    with pytest.raises(BudgetSpentError) as error:
        reserve_credits(credits=1, budget=100, now=NOW)

    assert count_spent_credits(now=NOW) == 100
    assert get_credits_left(budget=100, now=NOW) == 0
    assert error.value.reason == "budget_spent"
    assert "budget of 100 credits for 2026-11" in str(error.value)


@pytest.mark.parametrize("budget", [0, 5])
def test_rejects_a_page_larger_than_the_whole_budget(budget):
    with pytest.raises(BudgetSpentError):
        reserve_credits(credits=6, budget=budget, now=NOW)

    assert count_spent_credits(now=NOW) == 0


def test_releases_the_credits_that_a_page_did_not_cost():
    reservation = reserve_credits(credits=100, budget=100, now=NOW)
    settle_credits(reservation=reservation, used=30)

    reserve_credits(credits=70, budget=100, now=NOW)

    assert count_spent_credits(now=NOW) == 100


def test_settling_repeatedly_releases_credits_only_once():
    reservation = reserve_credits(credits=100, budget=None, now=NOW)
    reserve_credits(credits=100, budget=None, now=NOW)

    for _ in range(3):
        settle_credits(reservation=reservation, used=30)

    assert count_spent_credits(now=NOW) == 130


def test_settles_in_the_month_of_the_reservation(mongo):
    reservation = reserve_credits(credits=100, budget=None, now=NOW)
    reserve_credits(credits=5, budget=None, now=NEXT_MONTH)

    settle_credits(reservation=reservation, used=30)

    assert (count_spent_credits(now=NOW), count_spent_credits(now=NEXT_MONTH)) == (30, 5)
    assert mongo.credit_months.find_one({"_id": reservation.month})["reservations"] == {}


def test_a_reservation_that_is_never_settled_stays_spent_and_visible(mongo):
    reservation = reserve_credits(credits=25, budget=100, now=NOW)

    assert mongo.credit_months.find_one()["reservations"] == {reservation.id: 25}
    assert count_spent_credits(now=NOW) == 25


def test_each_month_has_its_own_budget():
    reserve_credits(credits=100, budget=100, now=NOW)

    reserve_credits(credits=100, budget=100, now=NEXT_MONTH)

    assert count_spent_credits(now=NOW) == count_spent_credits(now=NEXT_MONTH) == 100


def test_credits_left_are_never_negative():
    reserve_credits(credits=80, budget=100, now=NOW)

    assert get_credits_left(budget=50, now=NOW) == 0


def test_concurrent_reservations_never_exceed_the_budget():
    def reserve(_):
        try:
            reserve_credits(credits=7, budget=100, now=NOW)
        except BudgetSpentError:
            return 0
        return 7

    with ThreadPoolExecutor(16) as pool:
        reserved = sum(pool.map(reserve, range(60)))

    assert reserved == count_spent_credits(now=NOW) == 98
