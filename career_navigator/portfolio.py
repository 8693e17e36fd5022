"""The projects that a person has finished, as the apps that know them declare."""

from career_navigator.declarations import get_declared
from career_navigator.finished_projects import FinishedProject


def finished_projects(user_id: str) -> list[FinishedProject]:
    """The user's finished projects, the newest first."""
    found = [project for source in get_declared("completed_projects").values() for project in source(user_id)]
    return sorted(found, key=lambda project: (-project.finished_date.toordinal(), project.title))
