"""The projects that a person has finished, for whoever tells of them; the app that knows them registers here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedProject:
    """What somebody has built. `skills` are the canonical names of all it exercises, whether they are held or not."""

    title: str
    description: str
    skills: tuple[str, ...]
    url: str | None
    finished_date: date


Source = Callable[[str], Sequence[FinishedProject]]

_sources: dict[str, Source] = {}


def register_finished_projects(*, name: str, source: Source) -> None:
    """Add where finished projects are known; called in `AppConfig.ready`. `source` takes the user's id."""
    _sources[name] = source


def finished_projects(user_id: str) -> list[FinishedProject]:
    """The user's finished projects, the newest first."""
    found = [project for source in _sources.values() for project in source(user_id)]
    return sorted(found, key=lambda project: (-project.finished_date.toordinal(), project.title))
