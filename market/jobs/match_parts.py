"""Parts of a match score that compare one fact of the posting with one of the candidate. Pure."""

import re
from functools import lru_cache
from typing import NamedTuple

from market.geo.labels import parse_place_label
from market.jobs.match_profiles import HYBRID, ONSITE, REMOTE, CandidateProfile, JobProfile
from market.role_table import TitleMatch

SKILLS, TITLE, YEARS, PLACE, SALARY = CRITERIA = ("skills", "title", "years", "place", "salary")
# The fit is the weighted mean of these parts.
FIT_WEIGHTS = {SKILLS: 55, TITLE: 45}
# Percentage of the score that a part of 0 takes away.
CONDITION_WEIGHTS = {YEARS: 40, PLACE: 60, SALARY: 20}
WEIGHTS = FIT_WEIGHTS | CONDITION_WEIGHTS

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
# An alpha-2 country code or an ISO 3166-2 code of a US state.
_CODE = re.compile(r"[A-Z]{2}(?:-[A-Z]{2})?")
# A remote job in another country loses two thirds. Employers usually hire for it in the countries that they name.
_PERCENT_OF_REMOTE_ELSEWHERE = 33
# An on-site or hybrid job in another place of a preferred country.
_SAME_COUNTRY_SCORE = 25
# A title that only shares words with a role counts fully if the skills part is at least 50.
_CONFIRMATION_FACTOR = 2
_ENTRY_LEVEL_TITLE = re.compile(
    r"\b(?:intern|internship|trainee|apprentice|apprenticeship|working student|werkstudent(?:in)?|praktikant(?:in)?"
    r"|junior|jr|new[- ]?grad|early[- ]career|entry[- ]level|graduate(?! (?:recruit|program|school|studies)))\b",
    re.IGNORECASE,
)
# Minimum years of experience that a title suggests if the posting states none. A quarter of the real postings with such
# titles that state years ask for at most this many.
_SENIOR_TITLE, _SENIOR_YEARS = re.compile(r"\b(?:senior|sr|lead(?! generation))\b", re.IGNORECASE), 4
_STAFF_TITLE, _STAFF_YEARS = (
    re.compile(
        r"\b(?:(?<!technical )(?<!chief of )staff(?! accountant)|principal|distinguished|head of|director"
        r"|vice president|vp)\b",
        re.IGNORECASE,
    ),
    6,
)
# Years of experience with which a job for beginners still fits, and points deducted for each further year.
_MAX_ENTRY_YEARS, _POINTS_PER_EXTRA_YEAR = 3, 20


# Named tuples are created in half of the time of frozen data classes. A ranking creates thousands.
class MatchPart(NamedTuple):
    """One part of a match score: its weight, its score (0 to 100), and a sentence that explains it."""

    name: str
    weight: int
    score: int
    sentence: str


def find_title_match(*, candidate: CandidateProfile, job_profile: JobProfile) -> TitleMatch | None:
    """Compare the posting's title with the most similar of the candidate's desired roles."""
    return candidate.role_table.find_nearest(title=job_profile.title, roles=candidate.desired_roles)


def score_title(*, match: TitleMatch, job_profile: JobProfile, skills_score: int | None) -> MatchPart:
    """Score the similarity of the title and a desired role.

    Titles of other trades share words with a role, such as "Embedded Product Manager" and "Embedded Engineer". A title
    that neither names the role nor a near one therefore counts only as far as the skills agree. `skills_score` is None
    if no skills were compared.
    """
    score = match.similarity
    if match.is_partial and skills_score is not None:
        score = score * min(100, _CONFIRMATION_FACTOR * skills_score) // 100
    title, role = job_profile.title.strip(), match.role.strip()
    if match.similarity == 0:
        sentence = f'The title "{title}" has nothing in common with the role you want, {role}.'
    elif match.is_partial:
        sentence = f'The title "{title}" shares words with the role you want, {role}.'
        if score < match.similarity:
            sentence = f"{sentence[:-1]}, but you have few of the skills."
    else:
        relation = "is close to" if match.similarity < 100 else "matches"
        sentence = f'The title "{title}" {relation} the role you want, {role}.'
    return MatchPart(name=TITLE, weight=WEIGHTS[TITLE], score=score, sentence=sentence)


def score_years(*, candidate: CandidateProfile, job_profile: JobProfile) -> MatchPart | None:
    """Compare the candidate's years of experience with the required years, or with those that the title suggests.

    Extra years do not count, except in jobs for beginners, which suit experienced people less.
    """
    years, required = candidate.experience_years, job_profile.years_asked
    if years is None:
        return None
    extra_years = years - max(required or 0, _MAX_ENTRY_YEARS)
    is_entry_level, suggested = False, None
    if required is None or extra_years > 0:
        is_entry_level, suggested = _read_level(job_profile.title)
        is_entry_level = is_entry_level or job_profile.seniority == "junior"
    if is_entry_level and (required is None or extra_years > 0):
        score = 100 if extra_years <= 0 else max(0, int(100 - _POINTS_PER_EXTRA_YEAR * extra_years))
        subject = "The job is for beginners"
    elif (minimum := suggested if required is None else required) is not None:
        score = 100 if years >= minimum else int(100 * years / minimum)
        subject = f"The posting asks for {_format_years(minimum)} of experience"
        if required is None:
            subject = f"The title suggests at least {_format_years(minimum)} of experience"
    else:
        return None
    sentence = f"{subject}; you have {_format_years(years)}."
    return MatchPart(name=YEARS, weight=WEIGHTS[YEARS], score=score, sentence=sentence)


@lru_cache(maxsize=65_536)
def _read_level(title: str) -> tuple[bool, int | None]:
    """Return whether a title names a job for beginners, and the minimum years of experience that it suggests."""
    if _ENTRY_LEVEL_TITLE.search(title):
        return True, None
    if _STAFF_TITLE.search(title):
        return False, _STAFF_YEARS
    return False, _SENIOR_YEARS if _SENIOR_TITLE.search(title) else None


def score_place(*, candidate: CandidateProfile, job_profile: JobProfile) -> MatchPart | None:
    """Compare the work mode with the preferred mode, and the place with the preferred places.

    The score is the mean of the two, or the one that can be compared. A job in another place scores less, whatever its
    work mode. The place of a remote job matters only if it is in a country that the candidate does not prefer.
    """
    mode, scores, clauses = _get_mode(job_profile), [], []
    mode_scores = _MODE_SCORES.get(candidate.remote_preference or "")
    if mode_scores and mode:
        scores.append(mode_scores[mode])
        clauses.append(f"the job is {_MODES[mode]} and you prefer {_MODES[candidate.remote_preference or '']} work")
    country = job_profile.country_code or parse_place_label(job_profile.place).country_code
    place = job_profile.place if job_profile.place not in _NOT_PLACES else country
    if candidate.preferred_locations and mode == REMOTE:
        if not scores:
            scores.append(100)
            clauses.append("the job is remote")
        if country and _is_elsewhere(candidate, job_profile, country):
            scores[0] = scores[0] * _PERCENT_OF_REMOTE_ELSEWHERE // 100
            clauses.append(f"{place} is not in a country that you prefer")
    elif candidate.preferred_locations and place:
        is_preferred = _is_in_preferred_place(candidate, job_profile, country)
        if not is_preferred and (others := job_profile.country_codes.intersection(candidate.preferred_locations)):
            place, is_preferred = min(others), True
        if is_preferred:
            scores.append(100)
        else:
            # A preferred work mode does not make up for the wrong place.
            in_country = country is not None and not _is_elsewhere(candidate, job_profile, country)
            scores = [_SAME_COUNTRY_SCORE if in_country else 0]
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


def _get_mode(job_profile: JobProfile) -> str | None:
    """Return the work mode, or None if the posting does not say."""
    # Hybrid first: sources often mark hybrid jobs as remote too.
    if job_profile.hybrid:
        return HYBRID
    if job_profile.remote:
        return REMOTE
    return ONSITE if job_profile.remote is False else None


class _PreferredPlaces(NamedTuple):
    """Preferred places by their form: labels, countries as a whole, and the endings of labels in US states.

    `all_countries` are the countries of all places, and None if the country of a place is unknown.
    """

    labels: frozenset[str]
    countries: frozenset[str]
    state_endings: tuple[str, ...]
    all_countries: frozenset[str | None]


@lru_cache(maxsize=4_096)
def _parse_preferred(places: tuple[str, ...]) -> _PreferredPlaces:
    codes = [place for place in places if _CODE.fullmatch(place)]
    labels = frozenset(places).difference(codes)
    return _PreferredPlaces(
        labels=labels,
        countries=frozenset(code for code in codes if "-" not in code),
        state_endings=tuple(f", {code[3:]}" for code in codes if "-" in code),
        all_countries=frozenset(
            {code[:2] for code in codes} | {parse_place_label(label).country_code for label in labels}
        ),
    )


def _is_in_preferred_place(candidate: CandidateProfile, job_profile: JobProfile, country_code: str | None) -> bool:
    preferred = _parse_preferred(candidate.preferred_locations)
    return (
        country_code in preferred.countries
        or job_profile.place in preferred.labels
        or (country_code == "US" and job_profile.place.endswith(preferred.state_endings))
    )


def _is_elsewhere(candidate: CandidateProfile, job_profile: JobProfile, country_code: str) -> bool:
    """Return whether the posting names only countries in which no preferred place is. World regions name none."""
    countries = _parse_preferred(candidate.preferred_locations).all_countries
    if country_code in countries or None in countries or not countries.isdisjoint(job_profile.country_codes):
        return False
    return not parse_place_label(job_profile.place).area


def _format_years(number: float) -> str:
    return f"{number:g} {_pluralize('year', number)}"


def _pluralize(noun: str, count: float) -> str:
    return noun if count == 1 else f"{noun}s"


def _build_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
