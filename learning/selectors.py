"""Selectors for learning resources and roadmaps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.catalogues import SearchResults, search_text
from career_navigator.db.connection import database
from learning import blueprints
from learning.blueprints import BlueprintCatalogue
from learning.documents import LearningResourceDocument, build_blueprint, build_resource
from learning.ordering import ProjectOption
from learning.resources import CATALOGUE, Resource, ResourceCatalogue
from learning.roadmaps import Learner, Roadmap, RoadmapSource, build_roadmap
from market.gaps import MIN_THRESHOLD
from market.role_selectors import canonicalize_role
from market.selectors import RoleStats
from market.trends import compute_percentage
from skills.selectors import get_vocabulary
from skills.vocabulary import Vocabulary

_VISIBLE = {"broken_since": None, "hidden": {"$ne": True}}


def _load_catalogue(vocabulary: Vocabulary) -> ResourceCatalogue:
    rows = list(database().learning_resources.find(_VISIBLE))
    canonical = {row["skill"]: vocabulary.get_canonical_name(row["skill"]) or row["skill"] for row in rows}
    return ResourceCatalogue((build_resource(row) for row in rows), canonical=canonical)


_cache: VersionedCache[ResourceCatalogue] = VersionedCache.of_catalogue(CATALOGUE)


def get_resource_catalogue() -> ResourceCatalogue:
    """Return the resources that are neither broken nor hidden. The catalogue is at most one second stale."""
    vocabulary = get_vocabulary()
    return _cache.get(load=lambda: _load_catalogue(vocabulary), depends_on=vocabulary)


_blueprints: VersionedCache[BlueprintCatalogue] = VersionedCache.of_catalogue(blueprints.CATALOGUE)


def get_blueprints() -> BlueprintCatalogue:
    """Return the blueprints that are not hidden. The catalogue is at most one second stale."""
    return _blueprints.get(load=_load_blueprints)


def _load_blueprints() -> BlueprintCatalogue:
    rows = database().blueprints.find({"hidden": {"$ne": True}}).sort([("role", 1), ("_id", 1)])
    return BlueprintCatalogue(build_blueprint(row) for row in rows)


def search_resources(
    *,
    query: str,
    resource_type: str | None = None,
    skills: Sequence[str] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> SearchResults[Resource]:
    """Search resources by words in the title, skill and description.

    Resources for a skill named in the query come first. `skills` limits the results to skills with these canonical
    names.
    """
    filters: dict[str, Any] = dict(_VISIBLE)
    if resource_type is not None:
        filters["type"] = resource_type
    if skills is not None:
        filters["skill"] = {"$in": list(skills)}
    return search_text(
        collection=LearningResourceDocument._get_collection(),
        query=query,
        known=get_resource_catalogue().words,
        canonical=get_vocabulary().get_canonical_name,
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
    learner: Learner,
    project_options: Mapping[str, Sequence[ProjectOption]],
    stats: RoleStats | None,
) -> Roadmap:
    """Build the roadmap for a role.

    Without a role, without stats or without gap analysis, the roadmap is built from the learner's own skills. If only
    the stats are missing, the skills of the role's projects are added.

    Args:
        role: The target role, if any.
        with_gap_analysis: Whether to build the roadmap from the skills that the role's postings require.
        learner: The user's skills and progress.
        project_options: Project ideas by canonical skill name.
        stats: Stats of the role for the last `WINDOW_DAYS` days, or None if the role has no postings.
    """
    vocabulary = get_vocabulary()
    role_key = canonicalize_role(role) if role else ""
    if not with_gap_analysis:
        stats = None
        source = RoadmapSource.OWN_SKILLS
    elif not role_key:
        stats = None
        source = RoadmapSource.NO_ROLE
    else:
        source = RoadmapSource.POSTINGS if stats else RoadmapSource.NO_POSTINGS
    if stats:
        demand = stats.window.demand
        priorities = {
            skill.name: compute_percentage(skill.count, demand.jobs)
            for skill in demand.list_required(threshold=MIN_THRESHOLD)
        }
    else:
        names = [*learner.acquired_skills, *learner.statuses]
        if source is RoadmapSource.NO_POSTINGS:
            names += [
                name
                for name, projects in project_options.items()
                if any(role_key in project.role_keys for project in projects)
            ]
        priorities = dict.fromkeys(names, 0.0)
    roadmap = build_roadmap(
        target_role=role,
        role_key=role_key,
        source=source,
        postings=stats.window.demand.postings if stats else 0,
        priorities=priorities,
        learner=learner,
        vocabulary=vocabulary,
        prerequisites=vocabulary.prerequisites,
        resources=get_resource_catalogue(),
        project_options=project_options,
    )
    return replace(roadmap, sample=stats.window.demand.sample) if stats else roadmap
