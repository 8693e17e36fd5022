"""Learning resources as the API returns them, and an immutable catalogue of resources by skill."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from career_navigator.plain_text import WordList

TYPES = ("Documentation", "Course", "Video", "Book")
LEVELS = ("Beginner", "Intermediate", "Advanced")
CATALOGUE = "learning_resources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource for learning one skill. `skill` is canonical."""

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
    def sort_key(self) -> tuple[int, bool, int, str, str]:
        """The sort key among the resources of a skill: by level, free resources first, then by type."""
        return LEVELS.index(self.level), not self.free, TYPES.index(self.type), self.title, self.url


class ResourceCatalogue:
    """All resources by skill, sorted by `Resource.sort_key`. Instances are immutable."""

    def __init__(self, resources: Iterable[Resource], *, canonical: Mapping[str, str]) -> None:
        """Index the resources. `canonical` maps stored spellings of skills to canonical names."""
        by_skill: dict[str, list[Resource]] = {}
        for resource in resources:
            skill = canonical.get(resource.skill, resource.skill)
            is_renamed = skill != resource.skill
            by_skill.setdefault(skill, []).append(replace(resource, skill=skill) if is_renamed else resource)
        self._by_skill = {
            skill: tuple(sorted(group, key=lambda resource: resource.sort_key)) for skill, group in by_skill.items()
        }
        self.words = WordList(
            text for group in self._by_skill.values() for resource in group for text in (resource.title, resource.skill)
        )

    def list_for_skill(self, skill: str) -> tuple[Resource, ...]:
        """Return the resources of a skill. The name must be canonical."""
        return self._by_skill.get(skill, ())
