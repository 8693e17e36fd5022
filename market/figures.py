"""A day's figures from its postings. Pure: the caller reads the postings and stores the result."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from market.packed_postings import SkillsAndPay

# A salary outside these bounds (USD a year) is an hourly rate, a typing error or a lure.
LOWEST_SALARY_USD = 5_000
HIGHEST_SALARY_USD = 2_000_000

# What `Figures.add` reads of a posting.
FIGURE_FIELDS = (
    "skills",
    "skills_source",
    "place",
    "remote",
    "roles",
    "min_annual_salary_usd",
    "max_annual_salary_usd",
)


@dataclass(slots=True)
class Figures:
    """Counts over some postings: a posting counts once, whatever it repeats.

    `salaries` has one (place, minimum, maximum) a posting with a usable salary, USD a year. `skill_sets` has each
    posting by itself; it is kept for roles only, since nobody walks over the postings of the whole market.
    """

    postings: int = 0
    remote: int = 0
    on_site: int = 0
    skills: Counter[str] = field(default_factory=Counter)
    technologies: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    salaries: list[tuple[str, int, int]] = field(default_factory=list)
    skill_sets: list[SkillsAndPay] = field(default_factory=list)

    def add(self, posting: Mapping[str, Any]) -> None:
        """Count one posting, given as its stored document.

        Its skills are technologies of the trend only when the source named them itself, by slugs.
        """
        self.postings += 1
        remote = posting.get("remote")
        if remote is True:
            self.remote += 1
        elif remote is False:
            self.on_site += 1
        skills = set(posting.get("skills", ()))
        self.skills.update(skills)
        if posting.get("skills_source") == "slugs":
            self.technologies.update(skills)
        place = posting["place"]
        self.places[place] += 1
        salary = usable_salary(posting)
        if salary:
            self.salaries.append((place, *salary))

    def add_of_role(self, posting: Mapping[str, Any]) -> None:
        """Count one posting of a role, and keep its skills and pay by themselves."""
        self.add(posting)
        self.skill_sets.append((tuple(set(posting.get("skills", ()))), sum(usable_salary(posting) or ())))


def usable_salary(posting: Mapping[str, Any]) -> tuple[int, int] | None:
    """Both ends of the posting's pay in USD a year, or None where they are missing, absurd or crossed."""
    low, high = posting.get("min_annual_salary_usd"), posting.get("max_annual_salary_usd")
    if low is None or high is None or not LOWEST_SALARY_USD <= low <= high <= HIGHEST_SALARY_USD:
        return None
    return low, high


def count_by_scope(postings: Iterable[Mapping[str, Any]], *, market: str) -> dict[str, Figures]:
    """Figures of all the postings under the scope `market`, and of each role's under the role's name."""
    scopes: defaultdict[str, Figures] = defaultdict(Figures)
    for posting in postings:
        scopes[market].add(posting)
        for role in posting.get("roles", ()):
            if role != market:  # a role of that name would be counted into the market a second time
                scopes[role].add_of_role(posting)
    return dict(scopes)
