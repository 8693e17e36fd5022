"""The credit budget: what a month has cost so far, and whether the next page still fits."""

from datetime import UTC, datetime

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from career_navigator.connection import database


class BudgetSpentError(RuntimeError):
    """The next page could cost more than the month's budget has left."""

    reason = "budget_spent"


def spent_this_month(*, now: datetime) -> int:
    """Credits spent in the month of `now`."""
    month = database().credit_months.find_one({"_id": _month(now)})
    return int(month["spent"]) if month else 0


def reserve_credits(*, credits: int, budget: int | None, now: datetime) -> None:
    """Take a page's cost out of the budget before it is fetched. Raises `BudgetSpentError`.

    A reservation that is never settled stays spent: the page was most likely charged.
    """
    months, month = database().credit_months, _month(now)
    if budget is None:
        months.update_one({"_id": month}, {"$inc": {"spent": credits}}, upsert=True)
        return
    refusal = BudgetSpentError(
        f"the budget of {budget} credits for {month} has no room for a page of {credits}; "
        "raise THEIR_STACK_CREDIT_BUDGET or wait for the next month"
    )
    if credits > budget:
        raise refusal
    try:
        # The condition is part of the write, so two workers cannot both take the last credits. Where the month has
        # too little left nothing matches, and the upsert stumbles over the month that is there.
        months.find_one_and_update(
            {"_id": month, "spent": {"$lte": budget - credits}},
            {"$inc": {"spent": credits}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError as error:
        raise refusal from error


def settle_credits(*, reserved: int, used: int, now: datetime) -> None:
    """Give back what a page was reserved but did not cost."""
    database().credit_months.update_one({"_id": _month(now)}, {"$inc": {"spent": used - reserved}}, upsert=True)


def credits_left(*, budget: int | None, now: datetime) -> int | None:
    """What the month's budget has left; None when there is no budget."""
    return None if budget is None else max(0, budget - spent_this_month(now=now))


def _month(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m")
