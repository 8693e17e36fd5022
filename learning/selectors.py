"""Selectors for learning resources and roadmaps."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.catalogues import SearchResults, search_text
from career_navigator.db.connection import database
from learning import blueprints
from learning.blueprints import BlueprintCatalogue, FoundBlueprint
from learning.documents import LearningResourceDocument, build_blueprint, build_resource
from learning.ordering import ProjectOption
from learning.plans import LEARNED_KINDS, has_enough_jobs
from learning.resources import CATALOGUE, Resource, ResourceCatalogue
from learning.roadmaps import WINDOW_DAYS, Learner, Roadmap, RoadmapSource, build_roadmap
from market.employer_skills import get_employer_specific_skills
from market.gaps import MIN_THRESHOLD
from market.junior_postings import JuniorSkills, get_junior_skills
from market.role_selectors import canonicalize_role, get_role_table
from market.role_table import RoleTable
from market.samples import EMPTY_SAMPLE
from market.selectors import RoleStats, read_stats_version
from market.trends import compute_percentage
from skills.selectors import get_vocabulary
from skills.vocabulary import TECHNOLOGY, Vocabulary

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
    table = get_role_table()
    return _blueprints.get(load=lambda: _load_blueprints(table), depends_on=table)


def _load_blueprints(table: RoleTable) -> BlueprintCatalogue:
    rows = database().blueprints.find({"hidden": {"$ne": True}}).sort([("role", 1), ("_id", 1)])
    return BlueprintCatalogue((build_blueprint(row) for row in rows), table=table)


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
        completions=get_resource_catalogue().words,
        get_canonical_name=get_vocabulary().get_canonical_name,
        name_field="skill",
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
    days: int = WINDOW_DAYS,
    now: datetime,
) -> Roadmap:
    """Build the roadmap for a role.

    If there are at least 20 distinct postings from at least five employers, the roadmap is based on the role's
    blueprint and on the skills that at least a tenth of the postings require. Otherwise it is based on the blueprint of
    the role or of the nearest role. If there are neither enough postings nor a blueprint, it is built from the
    learner's own skills and those of the role's projects. Without a role or a gap analysis, it is built from the
    learner's own skills only.

    Args:
        role: The target role, if any.
        with_gap_analysis: Whether to build the roadmap from the skills that the role's postings require.
        learner: The user's skills and progress.
        project_options: Project ideas by canonical skill name.
        stats: Stats of the role for the last `days` days, or None if the role has no postings.
        days: Number of days of the window.
        now: The time at which the window ends.
    """
    vocabulary, catalogue = get_vocabulary(), get_blueprints()
    role_key = canonicalize_role(role) if role else ""
    sample, found_blueprint = EMPTY_SAMPLE, None
    junior_skills: JuniorSkills = ()
    employer_specific: frozenset[str] = frozenset()
    if not with_gap_analysis:
        source = RoadmapSource.OWN_SKILLS
    elif not role or not role_key:
        source = RoadmapSource.NO_ROLE
    else:
        found_blueprint = catalogue.find(role)
        if stats:
            sample = stats.window.demand.sample
        if not stats:
            source = RoadmapSource.NO_POSTINGS
        elif has_enough_jobs(sample):
            source = RoadmapSource.POSTINGS
            found_blueprint = found_blueprint if found_blueprint and found_blueprint.is_exact else None
            employer_specific = get_employer_specific_skills(role=role_key, days=days, now=now)
        else:
            source = RoadmapSource.FEW_POSTINGS
        if found_blueprint and source is RoadmapSource.POSTINGS:
            junior_skills = get_junior_skills(role=role_key, days=days, now=now)
    if stats and source is RoadmapSource.POSTINGS:
        priorities = _get_shares(role_key=role_key, stats=stats, found_blueprint=found_blueprint, days=days, now=now)
        if not found_blueprint:
            priorities = {
                name: share
                for name, share in priorities.items()
                if name not in employer_specific and vocabulary.kinds.get(name, TECHNOLOGY) in LEARNED_KINDS
            }
    elif found_blueprint:
        priorities = {}
    else:
        has_role = source in (RoadmapSource.NO_POSTINGS, RoadmapSource.FEW_POSTINGS)
        project_skills = _list_project_skills(role_key, project_options) if has_role else ()
        priorities = dict.fromkeys((*learner.named_skills, *learner.statuses, *project_skills), 0.0)
    return build_roadmap(
        target_role=role,
        role_key=role_key,
        source=source,
        postings=stats.window.demand.postings if stats and with_gap_analysis else 0,
        priorities=priorities,
        learner=learner,
        vocabulary=vocabulary,
        prerequisites=vocabulary.prerequisites,
        resources=get_resource_catalogue(),
        project_options=project_options,
        days=days,
        sample=sample,
        junior_skills=junior_skills,
        employer_specific=employer_specific,
        blueprint=found_blueprint,
        typical_hours=catalogue.typical_hours,
    )


def _list_project_skills(role_key: str, project_options: Mapping[str, Sequence[ProjectOption]]) -> list[str]:
    """Return the skills of the projects for a role."""
    return [
        name for name, projects in project_options.items() if any(role_key in project.role_keys for project in projects)
    ]


_MAX_CACHED_ROLES = 200
_shares: VersionedCache[Mapping[str, float]] = VersionedCache(
    read_version=read_stats_version, max_weight=_MAX_CACHED_ROLES
)


def _get_shares(
    *, role_key: str, stats: RoleStats, found_blueprint: FoundBlueprint | None, days: int, now: datetime
) -> Mapping[str, float]:
    """Return the percentage of postings for each skill that `_load_shares` selects. Cached."""
    return _shares.get(
        key=(role_key, days, found_blueprint.blueprint.role if found_blueprint else None),
        depends_on=(stats.computed_at, now.date(), found_blueprint),
        load=lambda: _load_shares(stats, found_blueprint),
    )


def _load_shares(stats: RoleStats, found_blueprint: FoundBlueprint | None) -> Mapping[str, float]:
    """Return the percentage of postings for the blueprint's skills and for each skill in at least a tenth of them."""
    demand, sets = stats.window.demand, stats.window.sets
    counts = {skill.name: skill.count for skill in demand.list_required(threshold=MIN_THRESHOLD)}
    rare = sorted(found_blueprint.blueprint.skills - counts.keys()) if found_blueprint else []
    if rare:
        counts |= dict(zip(rare, sets.build_presence(rare).sum(axis=1).tolist(), strict=True))
    return {name: compute_percentage(count, demand.jobs) for name, count in counts.items()}
