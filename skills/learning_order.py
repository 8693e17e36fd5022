"""In which order missing skills bring the most postings of a role within reach. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skills.posting_sets import PostingSets
from skills.shares import percentage

# A posting is within reach of who holds at least so many tenths of its skills.
TENTHS_IN_REACH = 7
MOST_NEXT_SKILLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSkill:
    """`reachable_percentage` is of the postings that name a skill, once this skill and those before it are held."""

    name: str
    reachable_percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningOrder:
    """What is within reach today, and the next skills to learn."""

    reachable_percentage: float
    next_skills: tuple[NextSkill, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CandidateBits:
    """For each of the names the postings that name it, one bit a posting."""

    names: tuple[str, ...]
    bits: NDArray[np.uint8]

    @classmethod
    def of(cls, names: tuple[str, ...], present: NDArray[np.bool_]) -> "CandidateBits":
        return cls(names=names, bits=np.packbits(present, axis=1))


def order_learning(
    *, sets: PostingSets, candidates: CandidateBits, allowed: Collection[str], held: Collection[str]
) -> LearningOrder:
    """Walk greedily over the postings: each step takes the skill that brings the most of them within reach.

    Only `allowed` names that are not held are taken; between equals the one that more postings out of reach ask for,
    then the one that comes first among the candidates. A skill that no posting out of reach asks for is never taken.
    """
    sizes = sets.sizes
    named = int(np.count_nonzero(sizes))
    # Rounded up: of 5 skills 4 have to be held, of 10 seven.
    lacking = (TENTHS_IN_REACH * sizes + 9) // 10 - sets.counts_among(held)
    reachable = int(np.count_nonzero(lacking <= 0)) - int(np.count_nonzero(sizes == 0))
    today = percentage(reachable, named)
    open_rows = [row for row, name in enumerate(candidates.names) if name in allowed and name not in held]
    steps: list[NextSkill] = []
    while open_rows and len(steps) < MOST_NEXT_SKILLS:
        bits = candidates.bits[open_rows]
        asked = _count_bits(bits & np.packbits(lacking > 0))
        gained = _count_bits(bits & np.packbits(lacking == 1))
        best = max(range(len(open_rows)), key=lambda index: (gained[index], asked[index], -index))
        if not asked[best]:
            break
        row = open_rows.pop(best)
        lacking -= np.unpackbits(candidates.bits[row], count=len(lacking))
        reachable += int(gained[best])
        steps.append(NextSkill(name=candidates.names[row], reachable_percentage=percentage(reachable, named)))
    return LearningOrder(reachable_percentage=today, next_skills=tuple(steps))


def _count_bits(rows: NDArray[np.uint8]) -> list[int]:
    counts: list[int] = np.bitwise_count(rows).sum(axis=1, dtype=np.int64).tolist()
    return counts
