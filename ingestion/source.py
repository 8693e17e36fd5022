"""State of TheirStack as a source: reachability, the plan's page size, halts of collection, and the credit budget."""

import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from career_navigator.db.connection import database
from ingestion.documents import SourceState
from ingestion.sources.theirstack.client import CreditBalance, TheirStackClient
from ingestion.sources.theirstack.errors import TheirStackClientError

logger = logging.getLogger(__name__)

THEIRSTACK = "theirstack"
# Maximum page size of the paid plan.
MAX_PLAN_PAGE_SIZE = 500


class CollectionHaltedError(RuntimeError):
    """Collection is halted until an operator acts. The message gives the reason and the remedy."""

    reason = "halted"


def halt_collection(*, reason: str, now: datetime) -> None:
    """Halt collection: every run stops before its next page until `check_theirstack` finds credits again."""
    logger.error("collection is halted: %s", reason)
    SourceState.objects(source=THEIRSTACK).update_one(set__halted_at=now, set__halt_reason=reason, upsert=True)


def is_theirstack_on() -> bool:
    """Return whether TheirStack, or its fake in a demonstration, is searched."""
    return settings.DEMONSTRATION or THEIRSTACK in settings.SOURCES


def require_running_source() -> None:
    """Raise `CollectionHaltedError` while collection is halted, or if TheirStack is not in the setting SOURCES."""
    if not is_theirstack_on():
        raise CollectionHaltedError("TheirStack is not searched, because it is not in SOURCES")
    state = SourceState.objects(source=THEIRSTACK).first()
    if state and state.halted_at:
        raise CollectionHaltedError(
            f"collection has been halted since {state.halted_at:%Y-%m-%d %H:%M} UTC ({state.halt_reason}); "
            "add credits, then run `manage.py check_theirstack`"
        )


def get_max_page_size() -> int:
    """Return the maximum rows per page that the plan is known to allow."""
    state = SourceState.objects(source=THEIRSTACK).first()
    return (state and state.largest_page) or MAX_PLAN_PAGE_SIZE


def store_max_page_size(*, size: int) -> None:
    """Store that the plan allows at most `size` rows per page."""
    SourceState.objects(source=THEIRSTACK).update_one(set__largest_page=size, upsert=True)


def check_source(*, client: TheirStackClient, now: datetime) -> CreditBalance:
    """Fetch the credit balance, which is free, and record the result. Lift a halt if there are credits again.

    The stored page size is discarded, because the plan may have changed. Errors of the client are recorded and raised.
    """
    state = SourceState.objects(source=THEIRSTACK)
    try:
        balance = client.get_credit_balance()
    except TheirStackClientError as error:
        problem = f"{error.reason}: {error}"
        state.update_one(set__checked_at=now, set__reachable=False, set__problem=problem, upsert=True)
        raise
    change = {
        "set__checked_at": now,
        "set__reachable": True,
        "unset__problem": 1,
        "set__credits_left": balance.remaining,
        "unset__largest_page": 1,
    }
    if balance.remaining > 0:
        change |= {"unset__halted_at": 1, "unset__halt_reason": 1}
    state.update_one(upsert=True, **change)
    return balance


class BudgetSpentError(RuntimeError):
    """The next page could cost more than the month's remaining budget."""

    reason = "budget_spent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Credits reserved from a month's budget for one request to the source."""

    id: str
    month: str
    credits: int


def count_spent_credits(*, now: datetime) -> int:
    """Return the credits spent in the month of `now`, including reservations."""
    month = database().credit_months.find_one({"_id": _format_month(now)})
    return int(month["spent"]) if month else 0


def reserve_credits(*, credits: int, budget: int | None, now: datetime) -> Reservation:
    """Reserve the cost of a page before it is requested. Raises `BudgetSpentError`.

    A reservation that is never settled counts as spent, because the page may have been charged.
    """
    reservation = Reservation(id=uuid.uuid4().hex, month=_format_month(now), credits=credits)
    months = database().credit_months
    change = {"$inc": {"spent": credits}, "$set": {f"reservations.{reservation.id}": credits}}
    if budget is None:
        months.update_one({"_id": reservation.month}, change, upsert=True)
        return reservation
    budget_error = BudgetSpentError(
        f"the next page may cost {credits} credits, more than is left of the budget of {budget} credits for "
        f"{reservation.month}; raise THEIR_STACK_CREDIT_BUDGET or wait for the next month"
    )
    if credits > budget:
        raise budget_error
    try:
        # The condition is part of the write, so two workers cannot both reserve the last credits. If too few are
        # left, nothing matches and the upsert fails because the month already exists.
        months.find_one_and_update(
            {"_id": reservation.month, "spent": {"$lte": budget - credits}},
            change,
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError as error:
        raise budget_error from error
    return reservation


def settle_credits(*, reservation: Reservation, used: int) -> None:
    """Replace a reservation with the credits that the request actually used. Idempotent."""
    reserved = f"reservations.{reservation.id}"
    database().credit_months.update_one(
        {"_id": reservation.month, reserved: {"$exists": True}},
        {"$inc": {"spent": used - reservation.credits}, "$unset": {reserved: ""}},
    )


def get_credits_left(*, budget: int | None, now: datetime) -> int | None:
    """Return the credits left of the month's budget, or None if there is no budget."""
    return None if budget is None else max(0, budget - count_spent_credits(now=now))


def _format_month(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m")
