"""The skills part of a match score. Pure.

All arithmetic is in integers, so the score does not depend on the order of the skills.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from market.jobs.match_parts import SKILLS, WEIGHTS, MatchPart
from market.jobs.match_profiles import UNCOUNTED_KINDS, CandidateProfile, JobProfile
from skills.vocabulary import SPOKEN_LANGUAGE, TECHNOLOGY

# A skill's weight is 0.25 plus the share of the role's postings that require it, in thousandths. A nice-to-have skill
# has 30% of the weight it would have as a required skill.
_MIN_SKILL_WEIGHT = 250
_REQUIRED, _NICE_TO_HAVE = 10, 3
# The role's typical skills weigh as much as two required skills that a quarter of the role's postings ask for.
_MARKET_WEIGHT = _REQUIRED * 1_000
# Percentage of the typical skills that a person is assumed to have who has all listed skills and wants this role.
# Together with the weights of skills and title, 85% guarantees that person a score above 90.
_ASSUMED_PERCENTAGE = 85
# A list is short if the typical skills have more than a quarter of the weight of listed and typical skills together.
_SHORT_LIST_FACTOR = 3
_MAX_NAMED = 5


class SkillComparison(NamedTuple):
    """A posting's skills by whether the candidate has them. Each list is sorted by demand, then by name.

    Soft skills and spoken languages do not count and are only in their own lists.
    """

    matched: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    missing_nice_to_have: tuple[str, ...] = ()
    soft_skills: tuple[str, ...] = ()
    spoken_languages: tuple[str, ...] = ()


def _compute_held(*, technologies: int, held_technologies: int, others: int, held_others: int, title: int) -> int:
    """Compute the weight of the skills that count as held.

    Postings list fields and methods that people of the trade rarely name. A missing one therefore counts as far as the
    person has the technologies and the title names the person's role, which `title` states in percent.
    """
    if not technologies:
        return held_others
    return held_technologies + held_others + (others - held_others) * held_technologies * title // (100 * technologies)


def compare_skills(
    *,
    candidate: CandidateProfile,
    job_profile: JobProfile,
    demand: Mapping[str, float],
    is_role_demand: bool,
    title_percentage: int | None,
) -> tuple[SkillComparison, MatchPart | None]:
    """Return the posting's skills by whether the candidate has them, and the skills part of the score.

    The listed skills and the role's typical skills are compared. The typical skills weigh little in a long list and
    much in a short one. The part is None if the posting lists no skills and its role's typical skills are unknown. A
    candidate without skills has a part too. Otherwise the first skill they acquire could lower their score.

    Args:
        candidate: The candidate.
        job_profile: The posting.
        demand: The share of the role's postings that require each skill.
        is_role_demand: False if the posting's role is unknown and `demand` refers to the whole market.
        title_percentage: 100 if the title names a desired role, less if it names a near one, 0 for other titles, and
            None if there is nothing to compare.
    """
    compared_demand = candidate.compare_demand(demand)
    shares, coverage = compared_demand.shares, compared_demand.coverage
    kinds, held_skills, nice_to_have = candidate.skill_kinds, candidate.skills, job_profile.nice_to_have
    matched: list[str] = []
    missing: list[str] = []
    missing_nice: list[str] = []
    soft_skills: list[str] = []
    spoken_languages: list[str] = []
    technologies = held_technologies = others = held_others = required_count = nice_count = 0
    for negative_share, skill in sorted([(-shares.get(skill, 0), skill) for skill in set(job_profile.skills)]):
        kind = kinds.get(skill, TECHNOLOGY)
        if kind in UNCOUNTED_KINDS:
            (spoken_languages if kind == SPOKEN_LANGUAGE else soft_skills).append(skill)
            continue
        is_held = skill in held_skills
        if skill in nice_to_have:
            nice_count += 1
            weight = _NICE_TO_HAVE * (_MIN_SKILL_WEIGHT - negative_share)
        else:
            required_count += 1
            weight = _REQUIRED * (_MIN_SKILL_WEIGHT - negative_share)
        if kind == TECHNOLOGY:
            technologies += weight
            held_technologies += weight * is_held
        else:
            others += weight
            held_others += weight * is_held
        (matched if is_held else missing_nice if skill in nice_to_have else missing).append(skill)
    compared = SkillComparison(
        matched=tuple(matched),
        missing=tuple(missing),
        missing_nice_to_have=tuple(missing_nice),
        soft_skills=tuple(soft_skills),
        spoken_languages=tuple(spoken_languages),
    )
    total = technologies + others
    if not total and coverage is None:
        return compared, None
    held = _compute_held(
        technologies=technologies,
        held_technologies=held_technologies,
        others=others,
        held_others=held_others,
        title=title_percentage or 0,
    )
    score = _compute_score(total, held, coverage, title_percentage, is_role_demand=is_role_demand)
    if held_skills or not total:
        sentence = _build_sentence(compared, required_count=required_count, nice_count=nice_count)
    else:
        sentence = f"Your profile lists no skills; the posting asks for {_join_names(missing + missing_nice)}."
    if held > held_technologies + held_others:
        sentence += " Fields and methods that you lack count in part, because you have technologies of this role."
    if coverage is not None and total < _SHORT_LIST_FACTOR * _MARKET_WEIGHT:
        sentence += f" You cover {coverage // 10}% of the demand for the role's typical skills."
    return compared, MatchPart(name=SKILLS, weight=WEIGHTS[SKILLS], score=score, sentence=sentence)


def _compute_score(
    total: int, held: int, coverage: int | None, title_percentage: int | None, *, is_role_demand: bool
) -> int:
    """Compute the percentage of the listed and typical skills that the candidate has.

    If the title names a desired role, the typical skills count as held as far as the coverage or the listed skills
    show, whichever is more. If it names none, the coverage counts only as far as the listed skills agree, and not at
    all if the posting's role is unknown. Shares are in thousandths until the last division.
    """
    if coverage is None:
        return 100 * held // total
    named = title_percentage or 0
    # Without a list, the title is the only evidence of the trade. Without a title too, the coverage is.
    unlisted = 1000 if title_percentage is None else 10 * named
    listed = 1000 * held // total if total else unlisted
    in_role = max(coverage, _ASSUMED_PERCENTAGE * listed // 100)
    elsewhere = coverage * listed // 1000 if is_role_demand or title_percentage is None else 0
    typical = (named * in_role + (100 - named) * elsewhere) // 100
    return (1000 * held + typical * _MARKET_WEIGHT) // (10 * (total + _MARKET_WEIGHT))


def _build_sentence(compared: SkillComparison, *, required_count: int, nice_count: int) -> str:
    missing = compared.missing + compared.missing_nice_to_have
    counts = []
    if required_count:
        matched = required_count - len(compared.missing)
        counts.append(f"{matched} of {required_count} required {_pluralize(required_count)}")
    if nice_count:
        matched = nice_count - len(compared.missing_nice_to_have)
        counts.append(f"{matched} of {nice_count} nice-to-have {_pluralize(nice_count)}")
    if not counts:
        return "The posting lists no skills that count."
    lacking = f"; you lack {_join_names(missing)}" if missing else ""
    return f"You have {' and '.join(counts)}{lacking}."


def _join_names(skills: Iterable[str]) -> str:
    names = list(skills)
    others = len(names) - _MAX_NAMED
    if others > 1:
        return f"{', '.join(names[:_MAX_NAMED])} and {others} others"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _pluralize(count: int) -> str:
    return "skill" if count == 1 else "skills"
