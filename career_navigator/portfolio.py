"""The projects that a person has finished, for whoever tells of them; the app that knows them registers here."""

from collections.abc import Callable, Sequence

from career_navigator.finished_projects import FinishedProject
from career_navigator.registrations import Registry

Source = Callable[[str], Sequence[FinishedProject]]

_sources: Registry[Source] = Registry()


def register_finished_projects(*, name: str, source: Source) -> None:
    """Add where finished projects are known; called in an app's `registrations.py`. `source` takes the user's id."""
    _sources[name] = source


def finished_projects(user_id: str) -> list[FinishedProject]:
    """The user's finished projects, the newest first."""
    found = [project for source in _sources.values() for project in source(user_id)]
    return sorted(found, key=lambda project: (-project.finished_date.toordinal(), project.title))
