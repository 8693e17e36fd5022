"""The profiles that a match score compares: the candidate's, and the posting's. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from market.role_table import RoleTable, load_default_table
from skills.vocabulary import SOFT_SKILL, SPOKEN_LANGUAGE, TECHNOLOGY

REMOTE, HYBRID, ONSITE, ANY = "remote", "hybrid", "onsite", "any"
# Kinds of skills that postings list by habit.
UNCOUNTED_KINDS = frozenset({SOFT_SKILL, SPOKEN_LANGUAGE})
# A skill is typical of a role if at least this many thousandths of the role's postings require it.
_MIN_TYPICAL_SHARE = 100
# Projection of the posting fields that `build_job_profile` reads. It excludes the description.
JOB_PROFILE_FIELDS: Mapping[str, int] = dict.fromkeys(
    (
        "title",
        "skills",
        "nice_to_have",
        "years_asked",
        "seniority",
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


def to_thousandths(share: float) -> int:
    """Convert a share to whole thousandths from 0 to 1000. Sums of integers do not depend on their order."""
    # max(0.0, share) turns NaN into 0; max(share, 0.0) would not.
    return round(1000 * min(1.0, max(0.0, share)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateProfile:
    """A job seeker's skills and preferences. Unknown values are empty or None.

    `skills` are canonical names, including implied skills. `held_through` maps each implied skill to the one that
    implies it. `preferred_locations` are place labels ("Austin, TX", "London, United Kingdom"),
    alpha-2 country codes ("DE") or ISO 3166-2 codes of US states ("US-TX"). `remote_preference` is `remote`, `hybrid`,
    `onsite` or `any`. The salary is per year. `role_table` compares the desired roles with titles. `skill_kinds` maps
    canonical names to their kinds. A skill that `skill_kinds` lacks is a technology.
    """

    skills: frozenset[str] = frozenset()
    held_through: Mapping[str, str] = field(default_factory=dict, compare=False)
    desired_roles: tuple[str, ...] = ()
    experience_years: float | None = None
    preferred_locations: tuple[str, ...] = ()
    remote_preference: str | None = None
    expected_salary_usd: float | None = None
    role_table: RoleTable = field(default_factory=load_default_table, compare=False, repr=False)
    skill_kinds: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    # The results for the demand mappings of earlier postings, by identity. A result holds its mapping, so that no other
    # mapping gets the same id.
    _comparisons: dict[int, "DemandComparison"] = field(default_factory=dict, init=False, compare=False, repr=False)

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

    def get_kind(self, skill: str) -> str:
        """Return the kind of a canonical skill."""
        return self.skill_kinds.get(skill, TECHNOLOGY)

    def is_counted(self, skill: str) -> bool:
        """Return whether a skill counts in the score. Soft skills and spoken languages do not."""
        return self.get_kind(skill) not in UNCOUNTED_KINDS

    def compare_demand(self, demand: Mapping[str, float]) -> "DemandComparison":
        """Compare the candidate's skills with the demand for a role's skills.

        Many postings share a demand mapping, so the result is cached for the life of the candidate.
        """
        compared = self._comparisons.get(id(demand))
        if compared is None:
            shares = {skill: to_thousandths(share) for skill, share in demand.items()}
            typical = {
                skill: share
                for skill, share in shares.items()
                if share >= _MIN_TYPICAL_SHARE and self.is_counted(skill)
            }
            covered = sum(share for skill, share in typical.items() if skill in self.skills)
            coverage = 1000 * covered // sum(typical.values()) if typical else None
            compared = self._comparisons[id(demand)] = DemandComparison(demand=demand, shares=shares, coverage=coverage)
        return compared


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandComparison:
    """A role's demand for skills, and how much of it a candidate covers.

    `shares` are the shares of `demand` in thousandths. `coverage` is the part of the demand for the role's typical
    skills that the candidate covers, in thousandths, or None if the role has no typical skills.
    """

    demand: Mapping[str, float]
    shares: Mapping[str, int]
    coverage: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProfile:
    """The comparable facts of a posting. Unknown values are empty or None.

    `skills` are canonical names and include `nice_to_have`; the other skills are required. `seniority` is the level
    that the source states, such as `junior`. `place` is a label from `market.geo.places`, `country_code` is its alpha-2
    code, and `country_codes` covers all places the posting names. Salaries are per year.
    """

    title: str = ""
    skills: tuple[str, ...] = ()
    nice_to_have: frozenset[str] = frozenset()
    years_asked: float | None = None
    seniority: str | None = None
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
        seniority=row.get("seniority"),
        place=row.get("place") or "",
        country_code=row.get("country_code"),
        country_codes=frozenset(row.get("country_codes") or ()),
        remote=row.get("remote"),
        hybrid=row.get("hybrid"),
        min_salary_usd=low,
        max_salary_usd=high,
    )
