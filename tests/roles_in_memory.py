"""A role's window made of plain sets, as the figures would give it."""

from collections import Counter
from collections.abc import Collection, Sequence

from market.daily_stats import PostingSets
from market.gaps import RoleDemand, RoleWindow

Posting = tuple[Collection[str], int]


def window_of(postings: Sequence[Posting], before: Sequence[Posting] = ()) -> RoleWindow:
    """`before` are the postings of the window before; each posting is its skills and twice the middle of its pay."""
    return RoleWindow(
        demand=RoleDemand.of(
            postings=len(postings),
            counts=Counter(name for skills, _ in postings for name in set(skills)),
            postings_before=len(before),
            before=Counter(name for skills, _ in before for name in set(skills)),
        ),
        sets=PostingSets.of(postings),
    )


def unpaid(*skill_sets: str) -> list[Posting]:
    """Postings without pay, each given as its skills in one text: "go sql"."""
    return [(set(text.split()), 0) for text in skill_sets]
