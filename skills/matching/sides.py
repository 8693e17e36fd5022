"""What is compared: somebody who looks for work, and a posting. Pure."""

from dataclasses import dataclass

REMOTE, HYBRID, ONSITE, ANY = "remote", "hybrid", "onsite", "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeker:
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
class Opening:
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
