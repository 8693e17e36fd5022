"""The credit budget: what a month has cost so far, and whether the next page still fits."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from career_navigator.db.connection import database


class BudgetSpentError(RuntimeError):
    """The next page could cost more than the month's budget has left."""

    reason = "budget_spent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Credits taken out of a month's budget for one request to the source."""

    id: str
    month: str
    credits: int


def spent_this_month(*, now: datetime) -> int:
    """Credits spent in the month of `now`."""
    month = database().credit_months.find_one({"_id": _month(now)})
    return int(month["spent"]) if month else 0


def reserve_credits(*, credits: int, budget: int | None, now: datetime) -> Reservation:
    """Take a page's cost out of the budget before it is asked for. Raises `BudgetSpentError`.

    A reservation that is never settled stays spent: the page may have been charged.
    """
    reservation = Reservation(id=uuid.uuid4().hex, month=_month(now), credits=credits)
    months = database().credit_months
    change = {"$inc": {"spent": credits}, "$set": {f"reservations.{reservation.id}": credits}}
    if budget is None:
        months.update_one({"_id": reservation.month}, change, upsert=True)
        return reservation
    refusal = BudgetSpentError(
        f"the next page may cost {credits} credits, more than the budget of {budget} credits for {reservation.month} "
        "has left; "
        "raise THEIR_STACK_CREDIT_BUDGET or wait for the next month"
    )
    if credits > budget:
        raise refusal
    try:
        # The condition is part of the write, so two workers cannot both take the last credits. Where the month has
        # too little left nothing matches, and the upsert stumbles over the month that is there.
        months.find_one_and_update(
            {"_id": reservation.month, "spent": {"$lte": budget - credits}},
            change,
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError as error:
        raise refusal from error
    return reservation


def settle_credits(*, reservation: Reservation, used: int) -> None:
    """Give back what an answered request was reserved but did not cost. Harmless when repeated."""
    reserved = f"reservations.{reservation.id}"
    database().credit_months.update_one(
        {"_id": reservation.month, reserved: {"$exists": True}},
        {"$inc": {"spent": used - reservation.credits}, "$unset": {reserved: ""}},
    )


def credits_left(*, budget: int | None, now: datetime) -> int | None:
    """What the month's budget has left; None when there is no budget."""
    return None if budget is None else max(0, budget - spent_this_month(now=now))


def _month(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m")
