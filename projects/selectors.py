"""Selectors for project ideas, role demand and completed projects."""

import math
from datetime import datetime
from typing import Any

from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.connection import database
from market.role_selectors import get_role_table
from market.role_table import RoleTable
from market.selectors import get_role_stats
from market.trends import compute_percentage
from projects.documents import PROJECT_PROGRESS
from projects.ideas import CATALOGUE, CompletedProject, Idea, IdeaCatalogue
from projects.search import IdeaIndex
from skills.selectors import get_vocabulary
from skills.vocabulary import Vocabulary

WINDOW_DAYS = 30
_VISIBLE = {"hidden": {"$ne": True}}


def _load_catalogue(vocabulary: Vocabulary, table: RoleTable) -> IdeaCatalogue:
    return IdeaCatalogue(_build_idea(row, vocabulary, table) for row in database().project_ideas.find(_VISIBLE))


_cache: VersionedCache[IdeaCatalogue] = VersionedCache.of_catalogue(CATALOGUE)
# The index changes only with the vocabulary and the catalogue that it is built from.
_index_cache: VersionedCache[IdeaIndex] = VersionedCache(read_version=lambda: 0, max_staleness=math.inf)


def get_idea_catalogue() -> IdeaCatalogue:
    """Return the ideas that are not hidden. The catalogue is at most one second stale."""
    vocabulary, table = get_vocabulary(), get_role_table()
    return _cache.get(load=lambda: _load_catalogue(vocabulary, table), depends_on=(vocabulary, table))


def get_idea_index() -> IdeaIndex:
    """Return the index of the ideas that are not hidden."""
    vocabulary, catalogue = get_vocabulary(), get_idea_catalogue()
    return _index_cache.get(
        load=lambda: IdeaIndex(ideas=catalogue.ideas, vocabulary=vocabulary), depends_on=(vocabulary, catalogue)
    )


def get_role_demand(*, role_key: str, now: datetime) -> dict[str, float]:
    """Return the percentage of the role's postings that require each skill, by skill.

    `role_key` is a canonical role. The result is empty if the role has no postings.
    """
    stats = get_role_stats(role=role_key, days=WINDOW_DAYS, now=now) if role_key else None
    if stats is None:
        return {}
    demand = stats.window.demand
    return {skill.name: compute_percentage(skill.count, demand.jobs) for skill in demand.skills}


def list_completed_projects(user_id: str) -> list[CompletedProject]:
    """Return the projects that a user has finished, newest first, for use in a resume.

    Projects that are hidden or deleted are left out.
    """
    catalogue = get_idea_catalogue()
    completed = [
        CompletedProject(
            title=idea.title,
            description=idea.description,
            skills=idea.skills,
            url=row.get(PROJECT_PROGRESS.link),
            finished_date=row[PROJECT_PROGRESS.done_at].date(),
        )
        for row in PROJECT_PROGRESS.list_rows(user_id)
        if row["status"] == PROJECT_PROGRESS.done and (idea := catalogue.by_id.get(row[PROJECT_PROGRESS.subject]))
    ]
    return sorted(completed, key=lambda project: (-project.finished_date.toordinal(), project.title))


def _build_idea(row: dict[str, Any], vocabulary: Vocabulary, table: RoleTable) -> Idea:
    return Idea(
        id=row["_id"],
        title=row["title"],
        description=row["description"],
        difficulty=row["difficulty"],
        estimated_time=row["estimated_time"],
        skills=tuple(dict.fromkeys(vocabulary.get_canonical_name(name) or name for name in row.get("skills", ()))),
        features=tuple(row.get("features", ())),
        roles=tuple(row.get("roles", ())),
        outcome=row.get("outcome", ""),
        stretch=tuple(row.get("stretch", ())),
        role_table=table,
    )
