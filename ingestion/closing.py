"""Rules that decide which postings a new listing of a board closes. Pure.

A listing may be short because of a fault in the source. The rules follow the experience of projects that collect from
the same sources (see docs/credits.md).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

# An empty listing closes postings only if a second one, at least this much later, is empty too.
EMPTY_CONFIRMATION = timedelta(hours=6)
# A listing with fewer postings than this share of the recent median may be incomplete.
MIN_SHARE_OF_MEDIAN = 0.7
# Staff must review a listing that would close more than this share of the open postings.
MAX_CLOSED_SHARE = 0.5
# Fewer missing postings are closed without a check, because small boards can lose half of their postings through
# normal hiring.
MIN_MISSING_TO_REVIEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingDecision:
    """The ids of postings to close now, and the ids of postings that staff must review first, with the reason."""

    closed: frozenset[str] = frozenset()
    held_for_review: frozenset[str] = frozenset()
    reason: str = ""


def decide_closings(
    *,
    open_ids: Collection[str],
    listed_ids: Collection[str],
    unidentified_count: int,
    recent_counts: Sequence[int],
    empty_since: datetime | None,
    returns_404: bool,
    now: datetime,
) -> ClosingDecision:
    """Decide whether to close or review the postings that are missing from a new listing.

    A posting is missing if the last complete listing of the board contained it and the new one does not.

    Args:
        open_ids: The ids of the last complete listing.
        listed_ids: The ids of this listing, which includes items that could not be converted to postings.
        unidentified_count: The number of items without a readable id. Any of them may be a missing posting.
        recent_counts: The number of items in each of the last complete listings.
        empty_since: The time of the first empty listing, or None if the previous listing was not empty.
        returns_404: Whether the source returns 404 for unknown boards. Otherwise an empty listing proves nothing.
        now: The time of this listing.
    """
    missing = frozenset(open_ids) - frozenset(listed_ids)
    if not missing:
        return ClosingDecision()
    if unidentified_count:
        return ClosingDecision(
            held_for_review=missing, reason=f"{unidentified_count} items of the listing have no readable id"
        )
    if not listed_ids:
        if not returns_404:
            return ClosingDecision(
                held_for_review=missing, reason="the listing is empty, so the board may no longer exist"
            )
        if empty_since is None or now - empty_since < EMPTY_CONFIRMATION:
            return ClosingDecision(
                held_for_review=missing, reason="the listing is empty, which a later listing must confirm"
            )
        return ClosingDecision(closed=missing)
    if len(missing) < MIN_MISSING_TO_REVIEW:
        return ClosingDecision(closed=missing)
    usual_count = median(recent_counts) if recent_counts else 0
    if len(listed_ids) < MIN_SHARE_OF_MEDIAN * usual_count:
        reason = f"the listing has {len(listed_ids)} postings, usually {usual_count:.0f}"
        return ClosingDecision(held_for_review=missing, reason=reason)
    if len(missing) > MAX_CLOSED_SHARE * len(open_ids):
        reason = f"{len(missing)} of {len(open_ids)} open postings would be closed at once"
        return ClosingDecision(held_for_review=missing, reason=reason)
    return ClosingDecision(closed=missing)
