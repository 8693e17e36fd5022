"""Taking postings out of figures and answers, and putting them back, without deleting them."""

from collections.abc import Collection
from datetime import datetime

from bson import ObjectId

from career_navigator.connection import database
from market.dirty_days import marked_dirty


def hide_postings(*, ids: Collection[ObjectId], hidden: bool, now: datetime) -> int:
    """Hide or show postings; how many it changed. Their days' figures follow with the next refresh.

    Collection leaves the mark as it is: a hidden posting that is collected again stays hidden.
    """
    # What nobody ever hid has no mark at all.
    wanted = {"_id": {"$in": list(ids)}, "hidden": {"$ne": True} if hidden else True}
    days = database().job_postings.distinct("day", wanted)
    with marked_dirty(days=days, now=now):
        changed = database().job_postings.update_many(wanted, {"$set": {"hidden": hidden, "updated_at": now}})
    return int(changed.modified_count)
