"""Match score of a posting and a candidate: a number from 0 to 100, combined from weighted parts. Pure.

Each part scores 0 to 100 and explains its score in a sentence. A part without data is left out, and the remaining
parts weigh proportionally more. All arithmetic is in integers, rounded down. The score therefore does not depend on
the order of the input, 100 means that the candidate meets every compared requirement, and acquiring a skill that the
posting requires never lowers the score.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from market.role_table import RoleTable, load_default_table

REMOTE, HYBRID, ONSITE, ANY = "remote", "hybrid", "onsite", "any"
SKILLS, TITLE, YEARS, PLACE, SALARY = "skills", "title", "years", "place", "salary"
WEIGHTS: Mapping[str, int] = {SKILLS: 50, TITLE: 20, YEARS: 10, PLACE: 10, SALARY: 10}
CRITERIA = tuple(WEIGHTS)

# A skill's weight is 0.25 plus the share of the role's postings that require it, in thousandths so that sums are exact.
# A nice-to-have skill has 30% of the weight it would have as a required skill.
_MIN_SKILL_WEIGHT = 250
_MUST_HAVE, _NICE_TO_HAVE = 10, 3
# Score of a posting's work mode (inner key) for a candidate's preferred work mode (outer key).
_MODE_SCORES = {
    REMOTE: {REMOTE: 100, HYBRID: 40, ONSITE: 0},
    HYBRID: {REMOTE: 60, HYBRID: 100, ONSITE: 40},
    ONSITE: {REMOTE: 20, HYBRID: 80, ONSITE: 100},
}
_MODES = {REMOTE: "remote", HYBRID: "hybrid", ONSITE: "on site"}
_NOT_PLACES = frozenset({"", "Unknown", "Remote"})
# Annual pay outside these bounds (USD) is a mistake or refers to another period.
_MIN_PAY, _MAX_PAY = 5_000, 2_000_000
# Points deducted for every percent by which the pay falls short of the expected salary.
_POINTS_PER_PERCENT = 2
_MAX_NAMED = 5
# Projection of the posting fields that `build_job_profile` reads. It excludes the description.
JOB_PROFILE_FIELDS: Mapping[str, int] = dict.fromkeys(
    (
        "title",
        "skills",
        "nice_to_have",
        "years_asked",
        "place",
        "country_code",
        "country_codes",
        "remote",
        "hybrid",
        "salary_currency",
        "min_annual_salary",
        "max_annual_salary",
        "min_annual_salary_usd",
        "max_annual_salary_usd",
    ),
    1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateProfile:
    """A job seeker's skills and preferences. Unknown values are empty or None.

    `skills` are canonical names, including implied skills. `held_through` maps each implied skill to the one that
    implies it. `preferred_locations` are place labels ("Austin, TX", "London, United Kingdom"),
    alpha-2 country codes ("DE") or ISO 3166-2 codes of US states ("US-TX"). `remote_preference` is `remote`, `hybrid`,
    `onsite` or `any`. The salary is per year. `role_table` compares the desired roles with titles.
    """

    skills: frozenset[str] = frozenset()
    held_through: Mapping[str, str] = field(default_factory=dict, compare=False)
    desired_roles: tuple[str, ...] = ()
    experience_years: float | None = None
    preferred_locations: tuple[str, ...] = ()
    remote_preference: str | None = None
    expected_salary_usd: float | None = None
    role_table: RoleTable = field(default_factory=load_default_table, compare=False, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether the profile has nothing to compare. The preference `any` is not comparable."""
        lists = (self.skills, self.desired_roles, self.preferred_locations)
        numbers = (self.experience_years, self.expected_salary_usd)
        return (
            not any(lists)
            and all(number is None for number in numbers)
            and self.remote_preference not in (REMOTE, HYBRID, ONSITE)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProfile:
    """The comparable facts of a posting. Unknown values are empty or None.

    `skills` are canonical names and include `nice_to_have`; the other skills are required. `place` is a label from
    `market.geo.places`, `country_code` is its alpha-2 code, and `country_codes` covers all places the posting names.
    Salaries are per year.
    """

    title: str = ""
    skills: tuple[str, ...] = ()
    nice_to_have: frozenset[str] = frozenset()
    years_asked: float | None = None
    place: str = ""
    country_code: str | None = None
    country_codes: frozenset[str] = frozenset()
    remote: bool | None = None
    hybrid: bool | None = None
    min_salary_usd: float | None = None
    max_salary_usd: float | None = None


def build_job_profile(row: Mapping[str, Any]) -> JobProfile:
    """Build the profile of a stored posting that has at least `JOB_PROFILE_FIELDS`."""
    low, high = row.get("min_annual_salary_usd"), row.get("max_annual_salary_usd")
    if low is None and high is None and row.get("salary_currency") == "USD":
        low, high = row.get("min_annual_salary"), row.get("max_annual_salary")
    return JobProfile(
        title=row.get("title") or "",
        skills=tuple(row.get("skills") or ()),
        nice_to_have=frozenset(row.get("nice_to_have") or ()),
        years_asked=row.get("years_asked"),
        place=row.get("place") or "",
        country_code=row.get("country_code"),
        country_codes=frozenset(row.get("country_codes") or ()),
        remote=row.get("remote"),
        hybrid=row.get("hybrid"),
        min_salary_usd=low,
        max_salary_usd=high,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPart:
    """One part of a match score: its weight, its score (0 to 100), and a sentence that explains it."""

    name: str
    weight: int
    score: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillComparison:
    """A posting's skills by whether the candidate has them. Each list is sorted by demand, then by name."""

    matched: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    missing_nice_to_have: tuple[str, ...] = ()


def compare_skills(
    *, candidate: CandidateProfile, job_profile: JobProfile, demand: Mapping[str, float]
) -> tuple[SkillComparison, MatchPart | None]:
    """Return the candidate's matched and missing skills, and the skills part of the score.

    A candidate without skills gets a score of 0 rather than no part. Otherwise the first skill they acquire could lower
    their score. The part is None if the posting has no skills.
    """
    ranked = sorted(
        [(-_to_thousandths(demand[skill]) if skill in demand else 0, skill) for skill in set(job_profile.skills)]
    )
    matched: list[str] = []
    missing: list[str] = []
    missing_nice: list[str] = []
    matched_weight, total_weight, required_count, nice_count = 0, 0, 0, 0
    for negative_share, skill in ranked:
        is_nice = skill in job_profile.nice_to_have
        nice_count, required_count = nice_count + is_nice, required_count + (not is_nice)
        weight = (_NICE_TO_HAVE if is_nice else _MUST_HAVE) * (_MIN_SKILL_WEIGHT - negative_share)
        total_weight += weight
        if skill in candidate.skills:
            matched_weight += weight
            matched.append(skill)
        else:
            (missing_nice if is_nice else missing).append(skill)
    compared = SkillComparison(matched=tuple(matched), missing=tuple(missing), missing_nice_to_have=tuple(missing_nice))
    if not total_weight:
        return compared, None
    if not candidate.skills:
        sentence = f"Your profile lists no skills; the posting asks for {_join_names(name for _, name in ranked)}."
    else:
        sentence = _build_skills_sentence(compared, required_count=required_count, nice_count=nice_count)
    score = 100 * matched_weight // total_weight
    return compared, MatchPart(name=SKILLS, weight=WEIGHTS[SKILLS], score=score, sentence=sentence)


def score_title(*, candidate: CandidateProfile, job_profile: JobProfile) -> MatchPart | None:
    """Compare the posting's title with the most similar of the candidate's desired roles."""
    nearest = candidate.role_table.find_nearest(title=job_profile.title, roles=candidate.desired_roles)
    if nearest is None:
        return None
    score, role = nearest
    if score == 100:
        relation = "matches"
    elif score >= 60:
        relation = "is close to"
    else:
        relation = "has little in common with" if score else "has nothing in common with"
    sentence = f'The title "{job_profile.title.strip()}" {relation} the role you want, {role.strip()}.'
    return MatchPart(name=TITLE, weight=WEIGHTS[TITLE], score=score, sentence=sentence)


def score_years(*, candidate: CandidateProfile, job_profile: JobProfile) -> MatchPart | None:
    """Compare the candidate's years of experience with the required years. Extra years do not count."""
    years, required = candidate.experience_years, job_profile.years_asked
    if years is None or required is None:
        return None
    score = 100 if years >= required else int(100 * years / required)
    sentence = f"The posting asks for {_format_years(required)} of experience; you have {_format_years(years)}."
    return MatchPart(name=YEARS, weight=WEIGHTS[YEARS], score=score, sentence=sentence)


def score_place(*, candidate: CandidateProfile, job_profile: JobProfile) -> MatchPart | None:
    """Compare the work mode with the preferred mode, and the place with the preferred places.

    The score is the mean of the two, or the one that can be compared. A remote job's place is ignored.
    """
    mode, scores, clauses = _get_mode(job_profile), [], []
    mode_scores = _MODE_SCORES.get(candidate.remote_preference or "")
    if mode_scores and mode:
        scores.append(mode_scores[mode])
        clauses.append(f"the job is {_MODES[mode]} and you prefer {_MODES[candidate.remote_preference or '']} work")
    place = job_profile.place if job_profile.place not in _NOT_PLACES else job_profile.country_code
    if candidate.preferred_locations and mode == REMOTE:
        if not scores:
            scores.append(100)
            clauses.append("the job is remote, so you can work from a place you prefer")
    elif candidate.preferred_locations and place:
        is_preferred = any(_is_in_place(job_profile, each) for each in candidate.preferred_locations)
        if not is_preferred and (others := job_profile.country_codes.intersection(candidate.preferred_locations)):
            place, is_preferred = min(others), True
        scores.append(100 if is_preferred else 0)
        clauses.append(f"{place} is {'' if is_preferred else 'not '}among the places you prefer")
    if not scores:
        return None
    sentence = _build_sentence("; ".join(clauses))
    return MatchPart(name=PLACE, weight=WEIGHTS[PLACE], score=sum(scores) // len(scores), sentence=sentence)


def score_salary(*, candidate: CandidateProfile, job_profile: JobProfile) -> MatchPart | None:
    """Compare the posting's maximum pay with the expected salary, both in USD per year."""
    expected = candidate.expected_salary_usd
    ends = [end for end in (job_profile.min_salary_usd, job_profile.max_salary_usd) if end is not None]
    ends = [end for end in ends if _MIN_PAY <= end <= _MAX_PAY]
    if expected is None or not ends or not _MIN_PAY <= expected <= _MAX_PAY:
        return None
    low, high = min(ends), max(ends)
    score = 100 if high >= expected else max(0, int(100 - _POINTS_PER_PERCENT * 100 * (expected - high) / expected))
    offer = f"{high:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"
    sentence = f"The posting offers {offer} USD per year; you expect {expected:,.0f}."
    return MatchPart(name=SALARY, weight=WEIGHTS[SALARY], score=score, sentence=sentence)


def _to_thousandths(share: float) -> int:
    # max(0.0, share) turns NaN into 0; max(share, 0.0) would not.
    return round(1000 * min(1.0, max(0.0, share)))


def _build_skills_sentence(compared: SkillComparison, *, required_count: int, nice_count: int) -> str:
    missing = compared.missing + compared.missing_nice_to_have
    counts = []
    if required_count:
        matched = required_count - len(compared.missing)
        counts.append(f"{matched} of {required_count} required {_pluralize('skill', required_count)}")
    if nice_count:
        matched = nice_count - len(compared.missing_nice_to_have)
        counts.append(f"{matched} of {nice_count} nice-to-have {_pluralize('skill', nice_count)}")
    lacking = f"; you lack {_join_names(missing)}" if missing else ""
    return f"You have {' and '.join(counts)}{lacking}."


def _join_names(skills: Iterable[str]) -> str:
    names = list(skills)
    others = len(names) - _MAX_NAMED
    if others > 1:
        return f"{', '.join(names[:_MAX_NAMED])} and {others} others"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _get_mode(job_profile: JobProfile) -> str | None:
    """Return the work mode, or None if the posting does not say."""
    # Hybrid first: sources often mark hybrid jobs as remote too.
    if job_profile.hybrid:
        return HYBRID
    if job_profile.remote:
        return REMOTE
    return ONSITE if job_profile.remote is False else None


def _is_in_place(job_profile: JobProfile, place: str) -> bool:
    country, _, state = place.partition("-")
    if len(country) == 2 and country.isupper():
        in_state = job_profile.place.endswith(f", {state}") if state else True
        return country == job_profile.country_code and in_state
    return place == job_profile.place


def _format_years(number: float) -> str:
    return f"{number:g} {_pluralize('year', number)}"


def _pluralize(noun: str, count: float) -> str:
    return noun if count == 1 else f"{noun}s"


def _build_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchScore:
    """The score of one posting for one candidate.

    `missing_skills` are required, `missing_nice_to_have` are optional. Each list is sorted by demand, then by name.
    """

    score: int
    parts: tuple[MatchPart, ...]
    matched_skills: tuple[str, ...]
    missing_skills: tuple[str, ...]
    missing_nice_to_have: tuple[str, ...]

    @property
    def explanation(self) -> str:
        """The sentences of all parts, plus a note if the posting has no skills."""
        sentences = [part.sentence for part in self.parts]
        if self.parts[0].name != SKILLS:
            sentences.append("The posting lists no skills, so none were compared.")
        return " ".join(sentences)


def score_match(
    *, candidate: CandidateProfile, job_profile: JobProfile, demand: Mapping[str, float]
) -> MatchScore | None:
    """Compute the match score and its parts, the part with the highest weight first.

    `demand` maps each skill to the share (0 to 1) of the role's postings that require it. A missing skill has a share
    of 0. Returns None if the profile is empty or nothing is comparable.
    """
    if candidate.is_empty:
        return None
    compared, skills_part = compare_skills(candidate=candidate, job_profile=job_profile, demand=demand)
    other_parts = (
        score_part(candidate=candidate, job_profile=job_profile)
        for score_part in (score_title, score_years, score_place, score_salary)
    )
    parts = tuple(part for part in (skills_part, *other_parts) if part is not None)
    if not parts:
        return None
    return MatchScore(
        score=sum(part.weight * part.score for part in parts) // sum(part.weight for part in parts),
        parts=parts,
        matched_skills=compared.matched,
        missing_skills=compared.missing,
        missing_nice_to_have=compared.missing_nice_to_have,
    )


# Increment whenever a change of the rules gives the same input a different score.
_RULES = 2


def build_fingerprint(*, candidate: CandidateProfile, job_profile: JobProfile, demand: Mapping[str, float]) -> str:
    """Return a hash of everything that a score is computed from, independent of the order of lists.

    A stored score is valid as long as its fingerprint is unchanged.
    """
    inputs = {
        "rules": _RULES,
        "skills": sorted(candidate.skills),
        "roles": sorted(candidate.desired_roles),
        "years": candidate.experience_years,
        "places": sorted(candidate.preferred_locations),
        "remote": candidate.remote_preference,
        "salary": candidate.expected_salary_usd,
        "title": job_profile.title,
        "asked": sorted((skill, skill in job_profile.nice_to_have) for skill in set(job_profile.skills)),
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
