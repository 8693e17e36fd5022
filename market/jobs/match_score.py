"""How well a posting suits somebody: 0 to 100, from parts that can be compared. Pure, and the same for the same input.

Each part is 0 to 100, rounded down, and says what it saw. A part without data is left out, and the rest weigh
accordingly more. Everything is computed in whole numbers and rounded down: no order of the input can change it, 100
means that nothing is wanting, and one more skill that the posting asks for never lowers it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from market.roles import find_nearest_role

REMOTE, HYBRID, ONSITE, ANY = "remote", "hybrid", "onsite", "any"
SKILLS, TITLE, YEARS, PLACE, SALARY = "skills", "title", "years", "place", "salary"
WEIGHTS: Mapping[str, int] = {SKILLS: 50, TITLE: 20, YEARS: 10, PLACE: 10, SALARY: 10}
CRITERIA = tuple(WEIGHTS)

# A skill weighs a quarter, plus the share of the role's postings that ask for it; in thousandths, so that sums are
# exact. One that is nice to have weighs three tenths of what it would as a must.
_MIN_SKILL_WEIGHT = 250
_MUST_HAVE, _NICE_TO_HAVE = 10, 3
# How far the way of working that a posting offers suits the one that is wished for.
_SUITS = {
    REMOTE: {REMOTE: 100, HYBRID: 40, ONSITE: 0},
    HYBRID: {REMOTE: 60, HYBRID: 100, ONSITE: 40},
    ONSITE: {REMOTE: 20, HYBRID: 80, ONSITE: 100},
}
_MODES = {REMOTE: "remote", HYBRID: "hybrid", ONSITE: "on site"}
_NOWHERE = frozenset({"", "Unknown", "Remote"})
# Beyond these a year's pay is a mistake or another period's.
_MIN_PAY, _MAX_PAY = 5_000, 2_000_000
# Every percent that the pay falls short of what is expected costs two points.
_POINTS_PER_PERCENT = 2
_MAX_NAMED = 5
# What a query has to read of a posting for `build_job_profile`: no text.
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
    """Somebody who looks for work, as far as they say; what they do not say is empty or None.

    `skills` are canonical. `preferred_locations` are place labels ("Austin, TX", "London, United Kingdom"), alpha-2
    codes of countries ("DE") or ISO 3166-2 codes of American states ("US-TX"). `remote_preference` is `remote`,
    `hybrid`, `onsite` or `any`; the salary is a year's.
    """

    skills: frozenset[str] = frozenset()
    desired_roles: tuple[str, ...] = ()
    experience_years: float | None = None
    preferred_locations: tuple[str, ...] = ()
    remote_preference: str | None = None
    expected_salary_usd: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compare by: that everything suits compares with nothing."""
        said = (self.skills, self.desired_roles, self.preferred_locations)
        numbers = (self.experience_years, self.expected_salary_usd)
        return (
            not any(said)
            and all(number is None for number in numbers)
            and self.remote_preference not in (REMOTE, HYBRID, ONSITE)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProfile:
    """A posting, as far as it says; what it does not say is empty or None.

    `skills` are canonical; those in `nice_to_have` are wished for, the rest are asked for. `place` is a label of
    `market.geo.places`, `country_code` its country's, `country_codes` those of all that the posting names, alpha-2;
    salaries are a year's.
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
    """The posting of a stored row with (at least) `JOB_PROFILE_FIELDS`."""
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
    """One part of a score: what it weighs, 0 to 100, and a sentence that says what was compared."""

    name: str
    weight: int
    score: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillComparison:
    """The skills of a posting, each list by demand and then by name."""

    matched: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    missing_nice_to_have: tuple[str, ...] = ()


def compare_skills(
    *, candidate: CandidateProfile, job_profile: JobProfile, demand: Mapping[str, float]
) -> tuple[SkillComparison, MatchPart | None]:
    """The posting's skills that are held and missing, and the part they make.

    Somebody who names no skill holds none of them: were the part left out for them, the first skill that they learn
    would lower their score. A posting without skills has no such part.
    """
    # What no posting of the role asks for needs no computing.
    ranked = sorted(
        [(-_thousandths(demand[skill]) if skill in demand else 0, skill) for skill in set(job_profile.skills)]
    )
    matched: list[str] = []
    missing: list[str] = []
    missing_nice: list[str] = []
    held, whole, musts, nices = 0, 0, 0, 0
    for minus_share, skill in ranked:
        nice = skill in job_profile.nice_to_have
        nices, musts = nices + nice, musts + (not nice)
        weight = (_NICE_TO_HAVE if nice else _MUST_HAVE) * (_MIN_SKILL_WEIGHT - minus_share)
        whole += weight
        if skill in candidate.skills:
            held += weight
            matched.append(skill)
        else:
            (missing_nice if nice else missing).append(skill)
    compared = SkillComparison(matched=tuple(matched), missing=tuple(missing), missing_nice_to_have=tuple(missing_nice))
    if not whole:
        return compared, None
    if not candidate.skills:
        sentence = f"Your profile names no skills; the posting asks for {_join_names(name for _, name in ranked)}."
    else:
        sentence = _skills_sentence(compared, musts=musts, nices=nices)
    return compared, MatchPart(name=SKILLS, weight=WEIGHTS[SKILLS], score=100 * held // whole, sentence=sentence)


def score_title(*, candidate: CandidateProfile, job_profile: JobProfile) -> MatchPart | None:
    """The posting's title against the nearest of the roles that are wanted."""
    nearest = find_nearest_role(title=job_profile.title, roles=candidate.desired_roles)
    if nearest is None:
        return None
    score, role = nearest
    how = "is" if score == 100 else "is near" if score >= 60 else "has little of" if score else "has nothing of"
    sentence = f'The title "{job_profile.title.strip()}" {how} the role you want, {role.strip()}.'
    return MatchPart(name=TITLE, weight=WEIGHTS[TITLE], score=score, sentence=sentence)


def score_years(*, candidate: CandidateProfile, job_profile: JobProfile) -> MatchPart | None:
    """The years of experience that are had, of those that are asked for; more of them are no better."""
    had, asked = candidate.experience_years, job_profile.years_asked
    if had is None or asked is None:
        return None
    score = 100 if had >= asked else int(100 * had / asked)
    sentence = f"The posting asks for {_years(asked)} of experience; you have {_years(had)}."
    return MatchPart(name=YEARS, weight=WEIGHTS[YEARS], score=score, sentence=sentence)


def score_place(*, candidate: CandidateProfile, job_profile: JobProfile) -> MatchPart | None:
    """The way of working against the one that is wished for, and the place against the places preferred: the mean of
    those two that can be compared. The place of a remote job does not matter."""
    mode, scores, said = _get_mode(job_profile), [], []
    preference = _SUITS.get(candidate.remote_preference or "")
    if preference and mode:
        scores.append(preference[mode])
        said.append(f"the job is {_MODES[mode]} and you prefer {_MODES[candidate.remote_preference or '']} work")
    where = job_profile.place if job_profile.place not in _NOWHERE else job_profile.country_code
    if candidate.preferred_locations and mode == REMOTE:
        if not scores:
            scores.append(100)
            said.append("the job is remote and so can be done from where you prefer to be")
    elif candidate.preferred_locations and where:
        fits = any(_is_in_place(job_profile, place) for place in candidate.preferred_locations)
        if not fits and (others := job_profile.country_codes.intersection(candidate.preferred_locations)):
            where, fits = min(others), True
        scores.append(100 if fits else 0)
        said.append(f"{where} is {'' if fits else 'not '}among the places you prefer")
    if not scores:
        return None
    sentence = _sentence("; ".join(said))
    return MatchPart(name=PLACE, weight=WEIGHTS[PLACE], score=sum(scores) // len(scores), sentence=sentence)


def score_salary(*, candidate: CandidateProfile, job_profile: JobProfile) -> MatchPart | None:
    """The most that the posting offers against the pay that is expected, both USD a year."""
    expected = candidate.expected_salary_usd
    ends = [end for end in (job_profile.min_salary_usd, job_profile.max_salary_usd) if end is not None]
    ends = [end for end in ends if _MIN_PAY <= end <= _MAX_PAY]
    if expected is None or not ends or not _MIN_PAY <= expected <= _MAX_PAY:
        return None
    low, most = min(ends), max(ends)
    score = 100 if most >= expected else max(0, int(100 - _POINTS_PER_PERCENT * 100 * (expected - most) / expected))
    offer = f"{most:,.0f}" if low == most else f"{low:,.0f} to {most:,.0f}"
    sentence = f"The posting offers {offer} USD a year; you expect {expected:,.0f}."
    return MatchPart(name=SALARY, weight=WEIGHTS[SALARY], score=score, sentence=sentence)


def _thousandths(share: float) -> int:
    # The order of the arguments lets what is not a number be 0.
    return round(1000 * min(1.0, max(0.0, share)))


def _skills_sentence(compared: SkillComparison, *, musts: int, nices: int) -> str:
    missing = compared.missing + compared.missing_nice_to_have
    counts = []
    if musts:
        counts.append(f"{musts - len(compared.missing)} of {musts} {_plural('skill', musts)} it requires")
    if nices:
        has = nices - len(compared.missing_nice_to_have)
        counts.append(f"{has} of {nices} {_plural('skill', nices)} that {'is' if nices == 1 else 'are'} nice to have")
    lacking = f"; you lack {_join_names(missing)}" if missing else ""
    return f"You have {' and '.join(counts)}{lacking}."


def _join_names(skills: Iterable[str]) -> str:
    names = list(skills)
    others = len(names) - _MAX_NAMED
    if others > 1:
        return f"{', '.join(names[:_MAX_NAMED])} and {others} others"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _get_mode(job_profile: JobProfile) -> str | None:
    """How the work is done, as far as the posting says: a hybrid job is often marked as remote as well."""
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


def _years(number: float) -> str:
    return f"{number:g} {_plural('year', number)}"


def _plural(noun: str, count: float) -> str:
    return noun if count == 1 else f"{noun}s"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchScore:
    """`missing_skills` are required, those in `missing_nice_to_have` are not; each list by demand, then by name."""

    score: int
    parts: tuple[MatchPart, ...]
    matched_skills: tuple[str, ...]
    missing_skills: tuple[str, ...]
    missing_nice_to_have: tuple[str, ...]

    @property
    def explanation(self) -> str:
        """The sentences of all parts, and one where the heaviest is missing: the posting names no skills."""
        sentences = [part.sentence for part in self.parts]
        if self.parts[0].name != SKILLS:
            sentences.append("The posting names no skills, so none were compared.")
        return " ".join(sentences)


def score_match(
    *, candidate: CandidateProfile, job_profile: JobProfile, demand: Mapping[str, float]
) -> MatchScore | None:
    """The score with its parts, the heaviest first. None for an empty profile, and where nothing is comparable.

    `demand` is the share (0 to 1) of the role's postings that ask for each skill; one that is not there counts as
    asked for by none.
    """
    if candidate.is_empty:
        return None
    compared, of_skills = compare_skills(candidate=candidate, job_profile=job_profile, demand=demand)
    others = (
        part(candidate=candidate, job_profile=job_profile)
        for part in (score_title, score_years, score_place, score_salary)
    )
    parts = tuple(part for part in (of_skills, *others) if part is not None)
    if not parts:
        return None
    return MatchScore(
        score=sum(part.weight * part.score for part in parts) // sum(part.weight for part in parts),
        parts=parts,
        matched_skills=compared.matched,
        missing_skills=compared.missing,
        missing_nice_to_have=compared.missing_nice_to_have,
    )


# Raised whenever the same input comes to have another score.
_RULES = 2


def build_fingerprint(*, candidate: CandidateProfile, job_profile: JobProfile, demand: Mapping[str, float]) -> str:
    """Of the profile, the posting, and what the market asks of the posting's skills: no order of theirs matters."""
    said = {
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
    return hashlib.blake2b(orjson.dumps(said), digest_size=16).hexdigest()
