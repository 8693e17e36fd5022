"""A project that a person has finished. Pure."""

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
