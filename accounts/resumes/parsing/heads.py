"""Describe what a line of an entry's head names. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache

from accounts.resumes.parsing.occupations import score_title
from accounts.resumes.parsing.organizations import is_department
from accounts.resumes.parsing.pieces import is_noise, is_note, remove_place, split_commas, split_strong

_FIELD_LABEL = re.compile(
    r"\A(?:company(?: name)?|employer|organi[sz]ation|client|position(?: held)?|role|title|job title|occupation|firma"
    r"|arbeitgeber|unternehmen|entreprise|poste(?: occupé)?|empresa|puesto|cargo|função|function|funktion"
    r"|stelle|société"
    r"|employeur|compañía|entidad|instituição|empregador|razón social|razão social)(?:\s*:\s*|\t)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\A[^:\t|,]{2,40}:\s+\S")


@dataclass(frozen=True, slots=True)
class HeadLine:
    """What a line names: the highest score of a title in it, its number of names, and whether it is only a note.

    A note is a place, a duration, a form of employment or a link.
    """

    title: float
    names: int
    is_note: bool
    is_department: bool


@lru_cache(maxsize=4_000)
def describe_head_line(text: str) -> HeadLine:
    """Describe a line without its dates."""
    text = remove_field_label(text)
    parts = [part for part in (remove_place(part) for part in split_strong(text)) if part and not is_noise(part)]
    segments = [segment for part in parts for segment in split_commas(part) if not is_noise(segment)]
    names = [segment for segment in segments if not (is_department(segment) or segment[0].islower())]
    return HeadLine(
        title=max((score_title(segment) for segment in [*parts, *segments]), default=0.0),
        names=min(len(names), 2) if parts else 0,
        is_note=bool(text.strip()) and is_note(text),
        is_department=bool(segments) and all(is_department(segment) for segment in segments),
    )


def remove_field_label(text: str) -> str:
    """Return a line without a label such as "Company:"."""
    return _FIELD_LABEL.sub("", text, count=1)


def has_field_label(text: str) -> bool:
    """Return whether a line begins with the label of a position's title or employer, such as "Company:"."""
    return _FIELD_LABEL.match(text) is not None


def is_label(text: str) -> bool:
    """Return whether a line labels a list of details, such as "Technologies: Python"."""
    return _LABEL.match(text) is not None and not has_field_label(text)
