"""What is known of TheirStack as a source: reachable or not, what its plan allows, and whether collection is halted."""

import logging
from datetime import datetime

from ingestion.documents import SourceState
from ingestion.theirstack import CreditBalance, TheirStackClient
from ingestion.theirstack_errors import TheirStackClientError

logger = logging.getLogger(__name__)

THEIRSTACK = "theirstack"
# The paid plan's maximum.
LARGEST_PLAN_PAGE = 500


class CollectionHaltedError(RuntimeError):
    """Collection is halted until a person acts; the message says why and what to do."""

    reason = "halted"


def halt_collection(*, reason: str, now: datetime) -> None:
    """Stop every run before its next page, until `check_theirstack` finds credit again."""
    logger.error("collection is halted: %s", reason)
    SourceState.objects(source=THEIRSTACK).update_one(set__halted_at=now, set__halt_reason=reason, upsert=True)


def refuse_when_halted() -> None:
    """Raise `CollectionHaltedError` while collection is halted."""
    state = SourceState.objects(source=THEIRSTACK).first()
    if state and state.halted_at:
        raise CollectionHaltedError(
            f"collection is halted since {state.halted_at:%Y-%m-%d %H:%M} UTC ({state.halt_reason}); "
            "add credits, then run `manage.py check_theirstack`"
        )


def largest_page() -> int:
    """Rows a page that the plan is known to allow."""
    state = SourceState.objects(source=THEIRSTACK).first()
    return (state and state.largest_page) or LARGEST_PLAN_PAGE


def learn_largest_page(*, size: int) -> None:
    """Remember that the plan allows no more than `size` rows a page."""
    SourceState.objects(source=THEIRSTACK).update_one(set__largest_page=size, upsert=True)


def check_source(*, client: TheirStackClient, now: datetime) -> CreditBalance:
    """Ask for the credit balance, which costs nothing, and record it; lifts a halt when there is credit again.

    What the plan allows is learnt anew afterwards, since plans change. Raises what the client raises, recorded too.
    """
    state = SourceState.objects(source=THEIRSTACK)
    try:
        balance = client.credit_balance()
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
