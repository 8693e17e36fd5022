"""Find the skills that postings often require together."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from career_navigator.db.connection import database
from market.trends import compute_percentage

# Related skills are counted in this many of the newest postings that require the skill. That takes about 5 ms using the
# index on (skills, day, id), while all postings of a frequent skill in a month would take a second.
_SAMPLE_SIZE = 500
_MIN_TOGETHER = 3
_MAX_RELATED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedSkill:
    """A skill that often occurs together with another skill.

    `percentage` is the share of the sampled postings with the other skill that also list this one.
    `market_percentage` is its share of all postings.
    """

    name: str
    percentage: float
    market_percentage: float


def find_related(*, skill: str, counts: Mapping[str, int], jobs: int) -> tuple[RelatedSkill, ...]:
    """Return the skills that are more frequent with this skill than in the market, by difference.

    Args:
        skill: A canonical skill name.
        counts: The market's distinct postings in the window by skill.
        jobs: The market's distinct postings in the window.
    """
    newest = (
        database()
        .job_postings.find({"skills": skill, "hidden": {"$ne": True}, "copy_of": None}, {"_id": 0, "skills": 1})
        .sort([("day", -1), ("_id", -1)])
        .limit(_SAMPLE_SIZE)
    )
    sample_size, joint_counts = 0, Counter[str]()
    for posting in newest:
        sample_size += 1
        joint_counts.update(set(posting["skills"]))
    del joint_counts[skill]
    related = [
        RelatedSkill(
            name=name,
            percentage=compute_percentage(count, sample_size),
            market_percentage=compute_percentage(counts.get(name, 0), jobs),
        )
        for name, count in joint_counts.items()
        if count >= _MIN_TOGETHER and count * jobs > counts.get(name, 0) * sample_size
    ]
    related.sort(key=lambda skill: (skill.market_percentage - skill.percentage, skill.name))
    return tuple(related[:_MAX_RELATED])
