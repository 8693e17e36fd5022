"""Learning resources as they are answered, and the catalogue of them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from career_navigator.plain_text import WordList

TYPES = ("Documentation", "Course", "Video", "Book")
LEVELS = ("Beginner", "Intermediate", "Advanced")
CATALOGUE = "learning_resources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Where a skill can be learnt; answered as it is. `skill` is canonical."""

    type: str
    title: str
    url: str
    description: str
    skill: str
    level: str
    free: bool
    language: str
    provider: str

    @property
    def place(self) -> tuple[int, bool, int, str, str]:
        """Where it stands among the resources of its skill: easy ones first, then free ones, then documentation."""
        return LEVELS.index(self.level), not self.free, TYPES.index(self.type), self.title, self.url


class ResourceCatalogue:
    """All resources by skill, in their order. Built once, never changed."""

    def __init__(self, resources: Iterable[Resource], *, canonical: Mapping[str, str]) -> None:
        """`canonical` gives the names of skills that are stored in another spelling."""
        by_skill: dict[str, list[Resource]] = {}
        for resource in resources:
            skill = canonical.get(resource.skill, resource.skill)
            if skill != resource.skill:
                resource = replace(resource, skill=skill)
            by_skill.setdefault(skill, []).append(resource)
        self._by_skill = {
            skill: tuple(sorted(of_skill, key=lambda resource: resource.place)) for skill, of_skill in by_skill.items()
        }
        self.words = WordList(
            text for of_skill in self._by_skill.values() for each in of_skill for text in (each.title, each.skill)
        )

    def of(self, skill: str) -> tuple[Resource, ...]:
        """The resources of a canonical skill; none of a skill that only resembles it."""
        return self._by_skill.get(skill, ())
