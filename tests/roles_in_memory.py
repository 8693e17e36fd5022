"""Windows of a role built from plain sets instead of stored daily stats."""

from collections import Counter
from collections.abc import Collection, Sequence

from market.daily_stats import PostingSets
from market.gaps import RoleDemand, RoleWindow

Posting = tuple[Collection[str], int]


def build_window(postings: Sequence[Posting], before: Sequence[Posting] = ()) -> RoleWindow:
    """Return the window of `postings`, preceded by a window of the postings `before`.

    A posting is a pair of its skills and twice the midpoint of its salary.
    """
    return RoleWindow(
        demand=RoleDemand.from_counts(
            postings=len(postings),
            counts=Counter(name for skills, _ in postings for name in set(skills)),
            postings_before=len(before),
            before=Counter(name for skills, _ in before for name in set(skills)),
        ),
        sets=PostingSets.from_postings(postings),
    )


def build_unpaid_postings(*skill_sets: str) -> list[Posting]:
    """Return postings without a salary. Each argument names the skills of one posting, such as "go sql"."""
    return [(set(text.split()), 0) for text in skill_sets]
