"""Reading the catalogue of resources, a user's progress, and the roadmap that follows from all there is."""

from collections.abc import Mapping, Sequence
from typing import Any

from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.catalogues import SearchResults, search_text
from career_navigator.db.connection import database
from learning.documents import LearningResourceDocument, build_resource
from learning.ordering import ProjectOption
from learning.resources import CATALOGUE, Resource, ResourceCatalogue
from learning.roadmaps import Learner, Roadmap, RoadmapSource, build_roadmap
from market.gaps import MIN_THRESHOLD
from market.roles import normalize_role
from market.selectors import RoleStats
from market.trends import percentage
from skills.selectors import get_vocabulary
from skills.vocabulary import Vocabulary

_SHOWN = {"broken_since": None, "hidden": {"$ne": True}}


def _load_catalogue(words: Vocabulary) -> ResourceCatalogue:
    rows = list(database().learning_resources.find(_SHOWN))
    canonical = {row["skill"]: words.canonical(row["skill"]) or row["skill"] for row in rows}
    return ResourceCatalogue((build_resource(row) for row in rows), canonical=canonical)


_cache: VersionedCache[ResourceCatalogue] = VersionedCache.of_catalogue(CATALOGUE)


def get_resource_catalogue() -> ResourceCatalogue:
    """The resources whose addresses answer and that nobody hid, at most a second behind the stored ones."""
    words = get_vocabulary()
    return _cache.get(load=lambda: _load_catalogue(words), depends_on=words)


def search_resources(
    *,
    query: str,
    resource_type: str | None = None,
    skills: Sequence[str] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> SearchResults[Resource]:
    """Find resources by words of title, skill and description; those of a skill that the query names come first.

    `skills` are canonical names to keep to.
    """
    filters: dict[str, Any] = dict(_SHOWN)
    if resource_type is not None:
        filters["type"] = resource_type
    if skills is not None:
        filters["skill"] = {"$in": list(skills)}
    return search_text(
        collection=LearningResourceDocument._get_collection(),
        query=query,
        known=get_resource_catalogue().words,
        canonical=get_vocabulary().canonical,
        named_in="skill",
        fields=("title", "skill", "description"),
        filters=filters,
        build=build_resource,
        limit=limit,
        offset=offset,
    )


def plan_roadmap(
    *,
    role: str | None,
    with_gap_analysis: bool,
    person: Learner,
    project_options: Mapping[str, Sequence[ProjectOption]],
    stats: RoleStats | None,
) -> Roadmap:
    """The roadmap of a role, as it is to be shown; of the person's own skills where there is no role or no data.

    Without data the skills of the role's projects are in it too.

    `figures` are those of the role's last `WINDOW_DAYS`.
    """
    words = get_vocabulary()
    role_key = normalize_role(role) if role else ""
    if not with_gap_analysis:
        stats = None
        basis = RoadmapSource.OWN_SKILLS
    elif not role_key:
        stats = None
        basis = RoadmapSource.NO_ROLE
    else:
        basis = RoadmapSource.POSTINGS if stats else RoadmapSource.NO_POSTINGS
    if stats:
        demand = stats.window.demand
        priorities = {
            skill.name: percentage(skill.count, demand.postings) for skill in demand.required(threshold=MIN_THRESHOLD)
        }
    else:
        names = [*person.held, *person.statuses]
        if basis is RoadmapSource.NO_POSTINGS:
            names += [
                name for name, known in project_options.items() if any(role_key in each.role_keys for each in known)
            ]
        priorities = dict.fromkeys(names, 0.0)
    return build_roadmap(
        target_role=role,
        role_key=role_key,
        basis=basis,
        postings=stats.window.demand.postings if stats else 0,
        priorities=priorities,
        person=person,
        words=words,
        prerequisites=words.prerequisites,
        resources=get_resource_catalogue(),
        project_options=project_options,
    )
