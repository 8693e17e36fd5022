"""Match score of a posting and a candidate: a number from 0 to 100, combined from weighted parts. Pure.

Each part scores 0 to 100 and explains its score in a sentence. A part without data is left out. Skills and title
determine the fit, in which the remaining one of the two weighs fully if the other is left out. Years, place and salary
are conditions, each of which can only take a percentage of the score away. All arithmetic is in integers, rounded down.
The score therefore does not depend on the order of the input, and acquiring a skill never lowers it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from market.jobs.match_parts import (
    SKILLS,
    MatchPart,
    find_title_match,
    score_place,
    score_salary,
    score_title,
    score_years,
)
from market.jobs.match_profiles import CandidateProfile, JobProfile
from market.jobs.match_skills import compare_skills

# A posting of another trade keeps up to this many points, so that postings with the right place and level come first.
_POINTS_WITHOUT_FIT = 5
# Scale of the product of the conditions.
_WHOLE = 1_000_000


class MatchScore(NamedTuple):
    """The score of one posting for one candidate.

    `fit` (0 to 100) is the weighted mean of skills and title, or None if neither was compared. `conditions` is the
    percentage that years, place and salary leave. `missing_skills` are required, `missing_nice_to_have` are optional.
    `soft_skills` and `spoken_languages` of the posting do not count. Each list is sorted by demand, then by name.
    """

    score: int
    fit: int | None
    conditions: int
    parts: tuple[MatchPart, ...]
    matched_skills: tuple[str, ...]
    missing_skills: tuple[str, ...]
    missing_nice_to_have: tuple[str, ...]
    soft_skills: tuple[str, ...]
    spoken_languages: tuple[str, ...]

    @property
    def explanation(self) -> str:
        """The sentences of all parts, plus a note if the posting has no skills."""
        sentences = [part.sentence for part in self.parts]
        if self.parts[0].name != SKILLS:
            sentences.append("The posting lists no skills, so none were compared.")
        return " ".join(sentences)


def score_match(
    *, candidate: CandidateProfile, job_profile: JobProfile, demand: Mapping[str, float], is_role_demand: bool = True
) -> MatchScore | None:
    """Compute the match score and its parts: skills, title, years, place and salary.

    `demand` maps each skill to the share (0 to 1) of the role's postings that require it. A missing skill has a share
    of 0. Returns None if the profile is empty or nothing is comparable.
    """
    if candidate.is_empty:
        return None
    title_match = find_title_match(candidate=candidate, job_profile=job_profile)
    compared, skills_part = compare_skills(
        candidate=candidate,
        job_profile=job_profile,
        demand=demand,
        is_role_demand=is_role_demand,
        title_percentage=None if title_match is None else 0 if title_match.is_partial else title_match.similarity,
    )
    title_part = None
    if title_match is not None:
        skills_score = skills_part.score if skills_part is not None else None
        title_part = score_title(match=title_match, job_profile=job_profile, skills_score=skills_score)
    fit_parts = [part for part in (skills_part, title_part) if part is not None]
    conditions = [
        part
        for score_part in (score_years, score_place, score_salary)
        if (part := score_part(candidate=candidate, job_profile=job_profile)) is not None
    ]
    if not fit_parts and not conditions:
        return None
    fit = _compute_mean(fit_parts) if fit_parts else None
    remaining = _multiply_conditions(conditions)
    if fit is None:
        score = _compute_mean(conditions)
    else:
        points = 100 * _POINTS_WITHOUT_FIT + (100 - _POINTS_WITHOUT_FIT) * fit
        score = points * remaining // (100 * _WHOLE)
    return MatchScore(
        score=score,
        fit=fit,
        conditions=100 * remaining // _WHOLE,
        parts=(*fit_parts, *conditions),
        matched_skills=compared.matched,
        missing_skills=compared.missing,
        missing_nice_to_have=compared.missing_nice_to_have,
        soft_skills=compared.soft_skills,
        spoken_languages=compared.spoken_languages,
    )


def _compute_mean(parts: Sequence[MatchPart]) -> int:
    return sum([part.weight * part.score for part in parts]) // sum([part.weight for part in parts])


def _multiply_conditions(parts: Iterable[MatchPart]) -> int:
    """Return the share of the score that the conditions leave, in units of 1 / `_WHOLE`."""
    remaining = _WHOLE
    for part in parts:
        remaining = remaining * (10_000 - part.weight * (100 - part.score)) // 10_000
    return remaining


# Increment whenever a change of the formula gives the same input a different score. Stored scores of other versions are
# computed again when they are requested.
FORMULA_VERSION = 3


def build_fingerprint(
    *, candidate: CandidateProfile, job_profile: JobProfile, demand: Mapping[str, float], is_role_demand: bool = True
) -> str:
    """Return a hash of everything that a score is computed from, independent of the order of lists.

    A stored score is valid as long as its fingerprint is unchanged.
    """
    title_match = find_title_match(candidate=candidate, job_profile=job_profile)
    inputs = {
        "rules": FORMULA_VERSION,
        "skills": sorted(candidate.skills),
        "roles": sorted(candidate.desired_roles),
        "years": candidate.experience_years,
        "places": sorted(candidate.preferred_locations),
        "remote": candidate.remote_preference,
        "salary": candidate.expected_salary_usd,
        "title": job_profile.title,
        "title_match": None if title_match is None else [title_match.role, title_match.similarity],
        "seniority": job_profile.seniority,
        "listed": sorted(
            (skill, candidate.get_kind(skill), skill in job_profile.nice_to_have) for skill in set(job_profile.skills)
        ),
        "coverage": [candidate.compare_demand(demand).coverage, is_role_demand],
        "demand": sorted((skill, demand[skill]) for skill in set(job_profile.skills) & demand.keys()),
        "years_asked": job_profile.years_asked,
        "where": [
            job_profile.place,
            job_profile.country_code,
            sorted(job_profile.country_codes),
            job_profile.remote,
            job_profile.hybrid,
        ],
        "pay": [job_profile.min_salary_usd, job_profile.max_salary_usd],
    }
    return hashlib.blake2b(orjson.dumps(inputs), digest_size=16).hexdigest()
