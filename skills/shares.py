"""Shares of a count, how sure they are, and when they can be compared. Pure."""

from math import sqrt
from typing import NamedTuple

# Below this many postings in a window, a change against another window is noise.
MIN_POSTINGS_TO_COMPARE = 20
# Standard deviations that hold 95 % of a normal distribution.
_Z = 1.959963984540054


class Interval(NamedTuple):
    """A confidence interval, in percent."""

    low: float
    high: float


def percentage(part: int, whole: int) -> float:
    """`part` of `whole` in percent, one decimal; 0.0 of nothing."""
    return round(100 * part / whole, 1) if whole else 0.0


def wilson_interval(*, count: int, of: int) -> Interval:
    """Wilson's score interval of a share at 95 %, in percent with one decimal; the whole range of nothing."""
    if not of:
        return Interval(0.0, 100.0)
    share = count / of
    centre = share + _Z * _Z / (2 * of)
    spread = _Z * sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    shrink = 1 + _Z * _Z / of
    # The ends are exact where all or none count; floats would leave them beside it.
    low = 0.0 if count == 0 else (centre - spread) / shrink
    high = 1.0 if count == of else (centre + spread) / shrink
    return Interval(round(100 * low, 1), round(100 * high, 1))
