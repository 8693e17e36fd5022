"""What unordered bulk writes leave when several processes insert the same."""

from pymongo.errors import BulkWriteError

_DUPLICATE_KEY = 11000


def positions_taken(error: BulkWriteError) -> set[int]:
    """The positions of the writes that another writer's insert stood in the way of; all others were made.

    Raises `error` itself where anything else went wrong.
    """
    problems = error.details["writeErrors"]
    if error.details.get("writeConcernErrors") or any(problem["code"] != _DUPLICATE_KEY for problem in problems):
        raise error
    return {problem["index"] for problem in problems}
