"""Which postings a board's listing shows to be closed. Pure.

A listing that is shorter than usual can be a fault of the source. The rules follow the experience of projects that
collect the same sources (see docs/credits.md).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

# An empty listing closes postings only if a second one, at least this much later, is empty too.
EMPTY_CONFIRMATION = timedelta(hours=6)
# A listing with fewer postings than this share of the recent median may be incomplete.
MIN_SHARE_OF_MEDIAN = 0.7
# A listing that would close more than this share of the open postings needs a person.
MAX_CLOSED_SHARE = 0.5
# Small boards lose half of their postings by normal hiring.
MIN_HELD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingDecision:
    """The ids of postings to close now, and of those that a person must check first, with the reason."""

    closed: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    reason: str = ""


def decide_closings(
    *,
    open_ids: Collection[str],
    listed_ids: Collection[str],
    unidentified: int,
    recent_counts: Sequence[int],
    empty_since: datetime | None,
    answers_404: bool,
    now: datetime,
) -> ClosingDecision:
    """Return the postings that were in the board's last complete listing and are missing from this one.

    Args:
        open_ids: The ids of the last complete listing.
        listed_ids: The ids of this listing, which includes items that could not be converted to postings.
        unidentified: The number of items without a readable id. Any of them may be a missing posting.
        recent_counts: The numbers of items in the last complete listings.
        empty_since: Since when the listings of the board have been empty.
        answers_404: Whether the source answers 404 for unknown boards. Otherwise an empty listing proves nothing.
        now: The time of this listing.
    """
    missing = frozenset(open_ids) - frozenset(listed_ids)
    if not missing:
        return ClosingDecision()
    if unidentified:
        return ClosingDecision(held=missing, reason=f"{unidentified} items of the listing have no readable id")
    if not listed_ids:
        if not answers_404:
            return ClosingDecision(held=missing, reason="the listing is empty, which can mean that the board is gone")
        if empty_since is None or now - empty_since < EMPTY_CONFIRMATION:
            return ClosingDecision(held=missing, reason="the listing is empty, which a later listing must confirm")
        return ClosingDecision(closed=missing)
    if len(missing) < MIN_HELD:
        return ClosingDecision(closed=missing)
    usual = median(recent_counts) if recent_counts else 0
    if len(listed_ids) < MIN_SHARE_OF_MEDIAN * usual:
        reason = f"the listing has {len(listed_ids)} postings, usually {usual:.0f}"
        return ClosingDecision(held=missing, reason=reason)
    if len(missing) > MAX_CLOSED_SHARE * len(open_ids):
        reason = f"{len(missing)} of {len(open_ids)} open postings would be closed at once"
        return ClosingDecision(held=missing, reason=reason)
    return ClosingDecision(closed=missing)
